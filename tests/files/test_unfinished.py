from __future__ import annotations

import os

import pytest

from napari_colorquant.files.unfinished import Unfinished

RECORD = {"palette": {"colors": [[1.0, 2.0]]}, "version": "1"}
JOB = {"shape": (2, 3), "colors": [0.1]}


def begun(folder, asked=None):
    unfinished = Unfinished(folder / "a.zarr")
    unfinished.begin(JOB, RECORD, asked)
    (unfinished.content / "data").write_bytes(b"new")
    return unfinished


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
    unfinished.give_name()
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert (tmp_path / "a.zarr" / "data").read_bytes() == b"new"


def test_what_had_the_name_goes_when_the_new_one_is_there(tmp_path):
    unfinished = begun(tmp_path)
    unfinished.path.mkdir()
    (unfinished.path / "data").write_bytes(b"old")
    unfinished.give_name()
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    assert (tmp_path / "a.zarr" / "data").read_bytes() == b"new"


def test_what_had_the_name_keeps_it_if_the_new_one_cannot_have_it(tmp_path):
    unfinished = begun(tmp_path)
    unfinished.path.mkdir()
    (unfinished.path / "data").write_bytes(b"old")
    (unfinished.content / "data").unlink()
    unfinished.content.rmdir()
    with pytest.raises(FileNotFoundError):
        unfinished.give_name()
    assert (unfinished.path / "data").read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_no_two_work_on_the_same_job(tmp_path):
    unfinished = begun(tmp_path)
    with unfinished.noting() as note:
        note("0/1")
        again = Unfinished(tmp_path / "a.zarr")
        with pytest.raises(FileExistsError, match=r"a\.zarr: is being saved at this"):
            again.begin({"other": 1}, RECORD)
        with (
            pytest.raises(FileExistsError, match=r"a\.zarr: is being saved at this"),
            again.noting(),
        ):
            pass
        note("0/2")
    assert unfinished.done(JOB) == {"0/1", "0/2"}


def test_only_what_is_ours_is_removed(tmp_path):
    unfinished = begun(tmp_path)
    unfinished.discard()
    assert list(tmp_path.iterdir()) == []
    unfinished.discard()  # nothing is there
    unfinished.folder.mkdir()
    unfinished.discard()
    unfinished.folder.write_text("mine")
    with pytest.raises(FileExistsError, match="is in the way"):
        unfinished.discard()
    assert unfinished.folder.read_text() == "mine"
