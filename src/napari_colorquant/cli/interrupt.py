"""Ctrl+C: one line and the exit status 130, at whatever moment it is pressed.

The process ends where it is: an exception could be lost in an import, a callback or at
the end. Files are whole or not at all; a temporary file is removed first.
"""

# Only what Python has loaded before: until the handler is there, a key is not heard.
import os
import signal
import sys

STATUS = 130
"""Exit status of a command that Ctrl+C has ended, as of a shell."""
USUAL = "napari-colorquant: interrupted."

_line = [USUAL]


class EndsWith:
    """A context in which an interruption is said by a line of its own."""

    def __init__(self, line: str) -> None:
        self._own, self._before = line, USUAL

    def __enter__(self) -> None:
        self._before, _line[0] = _line[0], self._own

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or not issubclass(kind, KeyboardInterrupt):
            _line[0] = self._before


def take_over() -> bool:
    """End this process at Ctrl+C from now on; return whether that is so.

    It is not so where Ctrl+C is ignored, as by a job in the background, or already
    handled, nor outside of the main thread.
    """
    try:
        if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            return False
        signal.signal(signal.SIGINT, _end)
    except ValueError:  # not the main thread
        return False
    return True


def let_end() -> None:
    """Do not hear Ctrl+C any more, as the command has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class unheard_by_children:
    """A context in which processes that begin never hear Ctrl+C: they inherit that.

    They end with this one. The key is heard here at the end of the context.
    """

    def __enter__(self) -> None:
        if os.name != "nt":
            from multiprocessing import resource_tracker

            resource_tracker.ensure_running()  # it would unblock the key when it begins
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        if os.name != "nt":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def end_with_parent() -> None:
    """End this process, and say nothing, where the one that began it has ended."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait
    from threading import Thread

    parent = parent_process()
    assert parent is not None
    if os.name == "nt":
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        wait([parent.sentinel])
        try:
            _remove_temporary()
        finally:
            os._exit(STATUS)

    Thread(target=watch, daemon=True).start()


def line() -> str:
    """Return what is said of an interruption, once; then it is the usual line."""
    said, _line[0] = _line[0], USUAL
    return said


def _remove_temporary() -> None:
    # A module that is being loaded has not all of its names yet.
    files = sys.modules.get("napari_colorquant.formats.file_io")
    if remove := getattr(files, "remove_temporary", None):
        remove()


def _end(*_: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _remove_temporary()
        clear = b"\r\x1b[K" if os.isatty(2) and os.name != "nt" else b""  # of a bar
        messages = sys.modules.get("napari_colorquant.cli.messages")
        said = getattr(messages, "escaped", str)(line())
        encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
        os.write(2, clear + f"{said}\n".encode(encoding, "replace"))
    finally:
        os._exit(STATUS)
