from __future__ import annotations

import os
import stat

import pytest

from napari_colorquant.formats.file_io import remove_temporary, replacing


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    with replacing(path) as stream:
        stream.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, OSError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as stream:
            stream.write(b"ne")
            raise error("half written")

    with pytest.raises(error, match="half written"):
        fail()
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("name", ["missing/a.txt", "folder"])
def test_the_error_names_the_file_and_not_the_temporary_one(tmp_path, name):
    (tmp_path / "folder").mkdir()
    path = tmp_path / name
    with pytest.raises(OSError) as info, replacing(path) as stream:  # noqa: PT011, the file's name is checked
        stream.write(b"new")
    assert info.value.filename == str(path)
    assert names(tmp_path) == ["folder"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    with replacing(tmp_path / "new"):
        pass
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o600, 0o664, 0o444])
def test_a_file_that_is_replaced_keeps_its_mode(tmp_path, mode):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(mode)
    with replacing(path) as stream:
        (temporary,) = (other for other in tmp_path.iterdir() if other != path)
        assert stat.S_IMODE(temporary.stat().st_mode) == mode  # from its first byte on
        stream.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_temporary_files_are_known_until_they_have_their_name(tmp_path):
    with replacing(tmp_path / "a.txt"):
        pass

    def removed():
        with replacing(tmp_path / "b.txt"):
            assert len(names(tmp_path)) == 2
            remove_temporary()
            assert names(tmp_path) == ["a.txt"]

    with pytest.raises(FileNotFoundError):
        removed()
