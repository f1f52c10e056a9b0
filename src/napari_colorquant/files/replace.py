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
    """Write a file under a temporary name, and give it its own name at the end.

    The temporary file is in the same folder, so that the last step is one atomic
    rename. Whatever stops the writing, a full disk or Ctrl+C, the temporary file
    is removed and a file that was there before stays as it was. Who may read and write
    a file that is replaced stays as it was, too.

    Parameters
    ----------
    path : str or path-like
        File to write; replaced if it exists.

    Yields
    ------
    file object
        Open for writing bytes.

    Raises
    ------
    OSError
        If the file cannot be written; its `filename` is `path`.
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
