"""Ctrl+C in a process of its own, whenever it is pressed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

import napari_colorquant
from napari_colorquant.cli import interrupt
from shell import names, noise, save

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")

MARK = "\1"
USUAL = "napari-colorquant: interrupted.\n"
# It says when it begins to hear the key, which is where it begins.
COMMAND = (
    "import os, sys\n"
    "from napari_colorquant.cli import interrupt, main\n"
    "take_over = interrupt.take_over\n"
    "interrupt.take_over = lambda: take_over() and os.write(1, b'\\1')\n"
    "sys.exit(main())\n"
)


def pressed(folder, delay, *arguments, presses=1, code=COMMAND, cached=False):
    """Return status, stdout and stderr of a command that is interrupted.

    It compiles for seconds, unless what is compiled is in a cache.
    """
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ if cached else {**os.environ, "NUMBA_CACHE_DIR": str(folder)},
    ) as process:
        while process.stdout.read(1) != MARK:
            assert process.poll() is None
        time.sleep(delay)
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("delay", [0, 0.1, 0.3, 0.8, 2])
def test_one_line_says_it_at_any_moment(folder, delay):
    save("a.png", noise((900, 900, 3)))
    arguments = ["a.png", "--output", "out", "--colors", "200", "--quality"]
    assert pressed(folder, delay, *arguments) == (130, "", USUAL)
    assert not (folder / "out").is_dir() or names(folder / "out") == []


def test_pressed_twice_it_is_said_once(folder):
    save("a.png", noise((900, 900, 3)))
    assert pressed(folder, 0.5, "a.png", presses=2) == (130, "", USUAL)


def patched(before):
    """A command that does something first, when all is loaded that it takes."""
    return (
        "import os, sys, threading, time\n"
        "from napari_colorquant.cli import main\n"
        f"{before}\n"
        "sys.exit(main())\n"
    )


def test_no_temporary_file_is_left(folder):
    save("a.png", noise((30, 30, 3)))
    code = patched(
        "import napari_colorquant.formats.file_io as replace\n"
        "replace.os.replace = lambda *_: os.write(1, b'\\1') and time.sleep(30)\n"
    )
    status = pressed(folder, 0.2, "a.png", "--output", "out", code=code)
    assert status == (130, "", USUAL)
    assert names(folder / "out") == []


def test_it_is_heard_at_the_end_of_the_interpreter_and_does_no_harm(folder):
    save("a.png", noise((9, 9, 3)))
    code = patched(
        "def last():\n"
        "    threading.main_thread().join()\n"
        "    os.write(1, b'\\1')\n"
        "    time.sleep(1)\n"
        "threading.Thread(target=last).start()\n"
    )
    status, _, err = pressed(
        folder, 0.1, "a.png", "--colors", "4", code=code, cached=True
    )
    assert (status, err) == (0, "")  # all had been done
    assert "a-4-colors.png" in names(folder)


def test_where_it_is_ignored_it_stays_so(folder):
    save("a.png", noise((9, 9, 3)))
    code = patched(
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "os.write(1, b'\\1')\n"
    )
    status, _, err = pressed(
        folder, 0.3, "a.png", "--colors", "4", code=code, cached=True
    )
    assert (status, err) == (0, "")


def test_importing_the_package_handles_no_signals():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    for name in dir(napari_colorquant):
        getattr(napari_colorquant, name)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_only_the_main_thread_can_take_it_over():
    from threading import Thread

    taken = []
    thread = Thread(target=lambda: taken.append(interrupt.take_over()))
    thread.start()
    thread.join()
    assert taken == [False]
