"""Files that appear whole or not at all."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file under a temporary name, and give it its own name at the end.

    The temporary file is in the same folder, so that the last step is one atomic
    rename. Whatever stops the writing, a full disk or Ctrl+C, the temporary file
    is removed and a file that was there before stays as it was.

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
    try:
        try:
            # Not `tempfile`: its files are private to the user, whatever the umask.
            with open(temporary, "xb") as stream:
                yield stream
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno is None:  # a codec's own complaint, not the system's
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
