"""What is said on a terminal: lines, whatever characters are in them."""

from __future__ import annotations

import os
from typing import TextIO
from unicodedata import category

# Controls, what changes the direction of text, and the ends of lines and paragraphs.
_UNSEEN = {"Cc", "Cf", "Zl", "Zp"}


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
