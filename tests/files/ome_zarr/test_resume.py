from __future__ import annotations

import subprocess
import sys

import pytest

from napari_colorquant.files.ome_zarr.resume import Unfinished
from napari_colorquant.formats.file_io import marked

RECORD = {"palette": {"colors": [[1.0, 2.0]]}, "version": "1"}
JOB = {"shape": (2, 3), "colors": [0.1]}


def begun(folder, asked=None):
    unfinished = Unfinished(folder / "a.zarr")
    with unfinished.claimed():
        unfinished.begin(JOB, RECORD, asked)
        (unfinished.content / "data").write_bytes(b"new")
    return unfinished


def finished(unfinished):
    with unfinished.claimed():
        unfinished.give_name()


def test_what_is_finished_is_known_to_the_same_job_alone(tmp_path):
    unfinished = begun(tmp_path)
    assert unfinished.done(JOB) == set()
    with unfinished.noting() as note:
        note("0/1")
        note("0/0")
    assert Unfinished(tmp_path / "a.zarr").done(JOB) == {"0/0", "0/1"}
    assert unfinished.done({**JOB, "colors": [0.2]}) is None
    assert Unfinished(tmp_path / "b.zarr").done(JOB) is None


def test_a_line_that_was_not_finished_does_not_count(tmp_path):
    unfinished = begun(tmp_path)
    done = unfinished.folder / "done"
    done.write_bytes(b"0/1\n0/1")
    assert unfinished.done(JOB) == {"0/1"}
    with unfinished.noting() as note:
        note("0/12")
    assert done.read_bytes() == b"0/1\n0/12\n"


def test_what_was_asked_for_finds_the_record(tmp_path):
    asked = {"image": {"path": "a", "changed": [1, 2]}}
    unfinished = begun(tmp_path, asked)
    assert unfinished.asked(asked) == RECORD
    assert unfinished.asked({"image": {"path": "b", "changed": [1, 2]}}) is None
    assert begun(tmp_path).asked(asked) is None


@pytest.mark.parametrize("lost", ["ledger.json", "done", "content/data", "content"])
def test_what_is_damaged_is_begun_anew(tmp_path, lost):
    unfinished = begun(tmp_path)
    path = unfinished.folder / lost
    if lost == "content":
        (path / "data").unlink()
        path.rmdir()
    else:
        path.unlink()
    expected = set() if lost == "content/data" else None
    assert unfinished.done(JOB) == expected


def test_the_content_is_given_its_name_at_the_end(tmp_path):
    unfinished = begun(tmp_path)
    finished(unfinished)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert (tmp_path / "a.zarr" / "data").read_bytes() == b"new"


def test_what_had_the_name_goes_when_the_new_one_is_there(tmp_path):
    unfinished = begun(tmp_path)
    unfinished.path.mkdir()
    (unfinished.path / "data").write_bytes(b"old")
    finished(unfinished)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert (tmp_path / "a.zarr" / "data").read_bytes() == b"new"


def test_what_had_the_name_keeps_it_if_the_new_one_cannot_have_it(tmp_path):
    unfinished = begun(tmp_path)
    unfinished.path.mkdir()
    (unfinished.path / "data").write_bytes(b"old")
    (unfinished.content / "data").unlink()
    unfinished.content.rmdir()
    with pytest.raises(FileNotFoundError):
        finished(unfinished)
    assert (unfinished.path / "data").read_bytes() == b"old"


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


TAKEN = r"a\.zarr: is being saved at this moment"


@pytest.mark.parametrize("work", ["begin", "give_name"])
def test_who_comes_second_touches_nothing(tmp_path, work):
    unfinished = begun(tmp_path)
    with unfinished.claimed(), unfinished.noting() as note:
        note("0/1")
        before = contents(tmp_path)
        again = Unfinished(tmp_path / "a.zarr")
        with pytest.raises(FileExistsError, match=TAKEN):
            again.check_free()
        with pytest.raises(FileExistsError, match=TAKEN), again.claimed():
            raise AssertionError("claimed twice")
        assert contents(tmp_path) == before
        if work == "begin":
            unfinished.begin({"other": 1}, RECORD)
            with pytest.raises(FileExistsError, match=TAKEN), again.claimed():
                raise AssertionError("claimed twice")
        else:
            unfinished.give_name()
    again.check_free()
    left = [".a.zarr.partial"] if work == "begin" else ["a.zarr"]
    assert [path.name for path in tmp_path.iterdir()] == left


def test_another_process_is_refused_until_the_first_one_ends(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from napari_colorquant.files.ome_zarr.resume import Unfinished\n"
        "with Unfinished(Path('a.zarr')).claimed():\n"
        "    print('claimed', flush=True)\n"
        "    input()\n"
    )
    begun(tmp_path)
    before = contents(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout.readline().strip() == b"claimed"
        unfinished = Unfinished(tmp_path / "a.zarr")
        with pytest.raises(FileExistsError, match=TAKEN), unfinished.claimed():
            raise AssertionError("claimed twice")
        assert contents(tmp_path) == before
        child.kill()
    with unfinished.claimed():
        assert unfinished.done(JOB) == set()


def test_what_a_killed_run_left_is_put_in_order(tmp_path):
    unfinished = begun(tmp_path)
    with unfinished.claimed(), marked(unfinished.folder) as mark:
        pass
    mark.touch()  # as if it had been killed: workers look whether it is there
    (unfinished.folder / "old").mkdir()
    (unfinished.folder / "old" / "data").write_bytes(b"old")
    with unfinished.claimed():
        assert not mark.exists()
        assert (unfinished.path / "data").read_bytes() == b"old"
        assert unfinished.done(JOB) == set()


def test_nothing_is_left_where_nothing_was_begun(tmp_path):
    unfinished = Unfinished(tmp_path / "a.zarr")
    unfinished.check_free()
    with unfinished.claimed():
        assert unfinished.folder.is_dir()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", ["mine", "lock"])
def test_only_what_is_ours_is_removed(tmp_path, other):
    unfinished = Unfinished(tmp_path / "a.zarr")
    unfinished.folder.mkdir()
    with unfinished.claimed():  # an empty folder can be of a run that was killed
        unfinished.begin(JOB, RECORD)
        unfinished.give_name()
    unfinished.folder.mkdir()
    for name in {other, "mine"}:
        (unfinished.folder / name).write_text("mine")
    before = contents(tmp_path)
    with pytest.raises(FileExistsError, match="is in the way"), unfinished.claimed():
        raise AssertionError("claimed what is not ours")
    assert contents(tmp_path) == before
    for name in before:
        if name.startswith(".a.zarr.partial"):
            (tmp_path / name).unlink()
    unfinished.folder.rmdir()
    unfinished.folder.write_text("mine")
    with pytest.raises(FileExistsError, match="is in the way"), unfinished.claimed():
        raise AssertionError("claimed what is not ours")
    assert unfinished.folder.read_text() == "mine"
