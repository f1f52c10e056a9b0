"""Files that are read whole, but not if they are too large to be what they claim."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISFIFO, S_ISSOCK
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

MAX_BYTES = 2**23
"""A larger file is not read: 65,535 colors of RGB with their names take half of it."""
MOST_BYTES = 2**25
"""Likewise, of formats that hold any channels, masks and edits."""

_T = TypeVar("_T")


def read_with(
    path: str | PathLike[str],
    decode: Callable[[bytes], _T],
    most: int | None = None,
) -> _T:
    """Return what decode makes of the bytes of a file.

    Raise ValueError, beginning with the path, if there are more than most bytes (by
    default MAX_BYTES), or decode raises it.
    """
    path = Path(path)
    check_regular(path)
    most = MAX_BYTES if most is None else most
    with open(path, "rb") as stream:
        data = b""
        # Of what is no file, such as a pipe, the size is 0.
        if (n_bytes := os.fstat(stream.fileno()).st_size) <= most:
            data = stream.read(most + 1)
    if max(n_bytes, len(data)) > most:
        raise ValueError(
            f"{path}: larger than {most // 2**20} MB, which is no palette."
        )
    try:
        return decode(data)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def check_regular(path: str | PathLike[str]) -> None:
    """Raise ValueError if path is a pipe, a socket or a device; folders pass.

    Call it before the file is opened: a pipe would be waited for.
    """
    mode = os.stat(path).st_mode
    kinds = (S_ISFIFO, "pipe"), (S_ISSOCK, "socket"), (S_ISCHR, "device")
    for is_one, kind in (*kinds, (S_ISBLK, "device")):
        if is_one(mode):
            raise ValueError(f"{path}: is a {kind}: pass a file, or save it as one.")


def utf8_text(data: bytes) -> str:
    """Return UTF-8 text without a byte order mark; a ValueError names the line."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line} is no UTF-8 text: save it as UTF-8.") from None
