"""Binary files that may be damaged: big-endian numbers and UTF-16 names."""

from __future__ import annotations

from struct import calcsize, unpack
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.rgb import one_line

if TYPE_CHECKING:
    from io import BytesIO


def take(stream: BytesIO, size: int, what: str) -> bytes:
    """Read size bytes; raise ValueError if the stream ends before."""
    data = stream.read(size)
    if len(data) < size:
        raise ValueError(f"it ends within {what}: it was cut off, or a size is wrong.")
    return data


def take_numbers(stream: BytesIO, form: str, what: str) -> tuple[Any, ...]:
    """Read big-endian numbers; form is of struct, without the byte order."""
    return unpack(f">{form}", take(stream, calcsize(f">{form}"), what))


def take_name(stream: BytesIO, n_units: int, what: str) -> str:
    """Read n_units units of UTF-16; return the text up to its zero, in one line.

    n_units counts the closing zero, too. What is no text becomes U+FFFD.
    """
    text = take(stream, 2 * n_units, what).decode("utf-16-be", "replace")
    return one_line(text.partition("\0")[0])


def packed_name(name: str) -> bytes:
    """Return a name in big-endian UTF-16, with a closing zero."""
    return f"{name}\0".encode("utf-16-be")
