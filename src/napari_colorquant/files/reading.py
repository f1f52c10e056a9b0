"""Files that are read whole, but not if they are too large to be what they claim."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

MAX_BYTES = 2**28
"""A larger file is not read: it cannot be a palette, whatever its suffix says."""

_T = TypeVar("_T")


def read_with(path: str | PathLike[str], decode: Callable[[bytes], _T]) -> _T:
    """Read a file and decode it.

    Parameters
    ----------
    path : str or path-like
        The file.
    decode : callable
        Takes the file's bytes; raises ValueError where they are damaged.

    Returns
    -------
    object
        What `decode` returns.

    Raises
    ------
    ValueError
        If the file is too large, or as `decode`: the sentence begins with the file.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    with open(path, "rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(
            f"{path}: larger than {MAX_BYTES // 2**20} MB, which is no palette."
        )
    try:
        return decode(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def utf8_text(data: bytes) -> str:
    """Return the text of a file, without the mark that spreadsheets put before it.

    Parameters
    ----------
    data : bytes
        The file, however damaged.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    ValueError
        If it is not UTF-8, with the number of the line.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is no UTF-8 text: save it as UTF-8.") from None
