"""Files that are read whole, unless they are too large, and appear whole or not."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from stat import S_ISBLK, S_ISCHR, S_ISFIFO, S_ISREG, S_ISSOCK
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from os import PathLike


MAX_BYTES = 2**23
"""A larger file is not read: 65,535 colors of RGB with their names take half of it."""
MOST_BYTES = 2**25
"""Likewise, of formats that hold any channels, masks and edits."""

MARK = ".mark"
"""What the name of a file of `marked` ends in."""

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
    LOGGER.info("read %s", path)
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


_temporary: set[Path] = set()
"""Files that are being written, and marks."""


@contextmanager
def marked(folder: Path) -> Iterator[Path]:
    """Yield a new file that is there while work goes on; OSErrors name the folder."""
    mark = folder / f".{token_hex(8)}{MARK}"
    _temporary.add(mark)
    try:
        try:
            mark.touch()
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(folder)) from error
        yield mark
    finally:
        mark.unlink(missing_ok=True)
        _temporary.discard(mark)


def remove_temporary() -> None:
    """Remove what is temporary, as the process ends."""
    for path in list(_temporary):
        path.unlink(missing_ok=True)


def _copy_mode(path: Path, temporary: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError:  # there is none: the umask decides
        return
    if S_ISREG(mode):
        temporary.chmod(mode & 0o777)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Yield a temporary file to write, in path's folder; rename it to path at the end.

    The rename is atomic: if the writing stops, a file that was there stays as it was. A
    replaced file's permissions are kept. An OSError names path.
    """
    path = Path(path)
    temporary = path.with_name(f".{token_hex(8)}.part")
    _temporary.add(temporary)
    try:
        try:
            # Not `tempfile`: its files are private to the user, whatever the umask.
            with open(temporary, "xb") as stream:
                _copy_mode(path, temporary)
                yield stream
            os.replace(temporary, path)
            LOGGER.info("wrote %s", path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            _temporary.discard(temporary)
    except OSError as error:
        if error.errno is None:  # a codec's own complaint, not the system's
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
