"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


_temporary: set[Path] = set()
"""Files that are being written."""


def remove_temporary() -> None:
    """Remove the temporary files that are being written, as the process ends."""
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
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        finally:
            _temporary.discard(temporary)
    except OSError as error:
        if error.errno is None:  # a codec's own complaint, not the system's
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
