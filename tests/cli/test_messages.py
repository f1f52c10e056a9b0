from __future__ import annotations

import io
import os
import socket
import subprocess
import sys

import pytest

from napari_colorquant.cli import main
from napari_colorquant.cli.messages import escaped, say
from shell import names, noise, save

COMMAND = [sys.executable, "-m", "napari_colorquant.cli"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("plain, ΔE 2.0 → 64 · é 漢", "plain, ΔE 2.0 → 64 · é 漢"),
        ("\x1b[2J\x07\r\n\t\x7f", r"\x1b[2J\x07\r\n\t\x7f"),
        ("\x9b31m a\u2028b \u202etxt.gnp", r"\x9b31m a\u2028b \u202etxt.gnp"),
    ],
)
def test_control_characters_are_written_out(text, seen):
    assert escaped(text) == seen
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="")
    say(text, stream)
    stream.seek(0)
    assert stream.read() == f"{seen}\n"


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no such names")
def test_names_cannot_command_the_terminal(folder, capfd):
    name = "a\x1b[31m\n.png"
    save(name, noise((9, 9, 3)))
    (folder / "b\x07.png").write_bytes(b"no picture")
    assert main([name, "b\x07.png", "gone\x1b.png", "--colors", "4"]) == 1
    out, err = capfd.readouterr()
    assert out.startswith(r"a\x1b[31m\n.png: ")
    assert len(out.splitlines()) == 1
    assert [line.split(":")[0] for line in err.splitlines()] == [
        r"b\x07.png",
        r"gone\x1b.png",
    ]
    with pytest.raises(SystemExit):
        main(["a.png", "--fixed", "c\x1b.csv"])
    with pytest.raises(SystemExit):
        main(["a.png", "--wrong\x1b"])
    assert "\x1b" not in "".join(capfd.readouterr())


@pytest.fixture
def special(folder):
    """A pipe, a socket and a device, of names that pictures may have."""
    if os.name == "nt":
        pytest.skip("Windows has no such files")
    os.mkfifo("pipe.png")
    with socket.socket(socket.AF_UNIX) as own:
        own.bind("socket.png")
        os.symlink("/dev/null", "device.png")
        yield ["pipe", "socket", "device"]


@pytest.mark.timeout(60)  # a pipe that is opened waits for ever
@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_what_is_no_file_is_refused_and_not_opened(folder, special, output, capfd):
    for kind in special:
        assert main([f"{kind}.png", "--output", output]) == 1
        sentence = f"{kind}.png: is a {kind}: pass a file, or save it as one.\n"
        assert capfd.readouterr() == ("", sentence)


def test_palettes_and_records_are_files_too(folder, special):
    from napari_colorquant import Palette
    from napari_colorquant.files.record import is_ours, load_record

    for suffix, read in ((".csv", Palette.load), (".json", load_record)):
        os.mkfifo(f"a{suffix}")
        with pytest.raises(ValueError, match=f"^a{suffix}: is a pipe: pass a file"):
            read(f"a{suffix}")
    with pytest.raises(ValueError, match=r"^a\.json: is a pipe"):
        is_ours("a.json")


def test_a_mistake_of_ours_says_where_and_the_next_picture_is_done(
    folder, capsys, monkeypatch
):
    from napari_colorquant.files.images import read

    open_picture = read.open_picture

    def broken(path, *options):
        return open_picture(path, *options) if path.name == "b.png" else {}["image"]

    monkeypatch.setattr(read, "open_picture", broken)
    save("a.png", noise((9, 9, 3)))
    save("b.png", noise((9, 9, 3)))
    assert main(["a.png", "b.png", "--colors", "4"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("b.png: ")
    (line,) = err.splitlines()
    assert line.startswith(
        "a.png: this is a mistake of napari-colorquant, please report it: KeyError in "
        "napari_colorquant.files.batch.inputs, line "
    )
    assert "b-4-colors.png" in names(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
def test_where_nobody_reads_there_is_no_traceback(folder):
    for name in ("a.png", "b.png"):
        save(name, noise((9, 9, 3)))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "a.png", "b.png", "--colors", "4"],
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert "b-4-colors.png" in names(folder)
