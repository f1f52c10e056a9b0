"""What is said in a shell: its words, lines, complaints, and a bar of progress."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO
from unicodedata import category

from napari_colorquant.core.compute.wording import (
    Sentence,
    Words,
    is_expected,
    sentence_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from napari_colorquant.core.compute.progress import Progress

EVERY_PIXEL = "all"
"""What is typed for as many samples as there are pixels."""

# The options that are not called as the engine's arguments.
_OPTIONS = {
    "n_colors": "--colors",
    "n_samples": "--samples",
    "overwrite": "--force",
    "random_state": "--seed",
    "refine": "--no-refine",
}
# Controls, what changes the direction of text, and the ends of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}


class _ShellWords(Words):
    """What the command calls the engine's arguments, and their values."""

    def name(self, argument: str) -> str:
        """Return the option of an argument."""
        return _OPTIONS.get(argument, f"--{argument.replace('_', '-')}")

    def value(self, argument: str, value: str) -> str:
        """Return the value as it is typed; see the same class."""
        if value == "None":
            return EVERY_PIXEL if argument == "n_samples" else "none"
        return value.strip("'[]").replace(", ", ",")

    def setting(self, argument: str, value: str) -> str:
        """Return the option with its value; see the same class."""
        option = self.name(argument)
        if value == "True":
            return option
        if value == "False":
            return option.replace("--", "--no-", 1)
        return f"{option} {self.value(argument, value)}"


SHELL = _ShellWords()


def in_shell(note: str) -> str:
    """Return a note in words of the shell."""
    return note.in_words(SHELL) if isinstance(note, Sentence) else note


def escaped(text: str) -> str:
    """Return text as one line; characters that command the terminal are escaped."""
    return "".join(
        char.encode("unicode_escape").decode() if category(char) in _UNSEEN else char
        for char in text
    )


def say(line: str, stream: TextIO) -> None:
    """Print a line, escaped.

    What the stream's encoding has not becomes a question mark. Where nobody reads any
    more, nothing is written.
    """
    # A redirected stream may have a narrow encoding, and a file name any bytes.
    encoding = stream.encoding or "utf-8"
    text = escaped(line).encode(encoding, "replace").decode(encoding)
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def progress_bar(
    title: str, *, is_quiet: bool = False
) -> Iterator[Callable[[Progress], object]]:
    """Yield a function that shows a bar on stderr, if that is a terminal."""
    from tqdm import tqdm

    looks = "{l_bar}{bar}| {elapsed}"
    with tqdm(
        desc=escaped(title),
        total=1,
        disable=is_quiet or None,
        leave=False,
        miniters=1,  # or it would wait for as much as came at once before
        bar_format=looks,
    ) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total  # not known until the picture has been read
            bar.update(progress.done - bar.n)

        yield show


def complaint_of(source: Path | str, error: Exception) -> str:
    """Return in one sentence what went wrong, with the name of the file."""
    sentence = sentence_of(error, SHELL)
    if not is_expected(error):
        return f"{source}: {_mistake(error)}"
    is_named = sentence.startswith(str(source)) or getattr(error, "filename", None)
    return sentence if is_named else f"{source}: {sentence}"


def _mistake(error: Exception) -> str:
    """Return the sentence of an error that no user can cause, with its place."""
    trace = error.__traceback__
    where = ""
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if name.startswith("napari_colorquant."):
            where = f" in {name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return (
        f"this is a mistake of napari-colorquant, please report it: "
        f"{type(error).__name__}{where}: {error}."
    )
