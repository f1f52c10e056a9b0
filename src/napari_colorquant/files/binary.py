"""Binary files that may be damaged: big-endian numbers and UTF-16 names."""

from __future__ import annotations

from struct import calcsize, unpack
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.rgb import one_line

if TYPE_CHECKING:
    from io import BytesIO


def take(stream: BytesIO, size: int, what: str) -> bytes:
    """Read some bytes.

    Parameters
    ----------
    stream : BytesIO
        Where to read on.
    size : int
        How many bytes; a damaged file may claim any number.
    what : str
        What they are, in words.

    Returns
    -------
    bytes
        That many.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    data = stream.read(size)
    if len(data) < size:
        raise ValueError(f"it ends within {what}: it was cut off, or a size is wrong.")
    return data


def take_numbers(stream: BytesIO, form: str, what: str) -> tuple[Any, ...]:
    """Read some numbers.

    Parameters
    ----------
    stream : BytesIO
        Where to read on.
    form : str
        Format of :mod:`struct`, without the byte order, which is big-endian.
    what : str
        What they are, in words.

    Returns
    -------
    tuple
        The numbers.

    Raises
    ------
    ValueError
        If the file ends before.
    """
    return unpack(f">{form}", take(stream, calcsize(f">{form}"), what))


def take_name(stream: BytesIO, n_units: int, what: str) -> str:
    """Read a name in UTF-16.

    Parameters
    ----------
    stream : BytesIO
        Where to read on.
    n_units : int
        Units of two bytes, the closing zero among them.
    what : str
        What it is, in words.

    Returns
    -------
    str
        The name up to its zero, in one line; U+FFFD for what is no text.

    Raises
    ------
    ValueError
        If the file ends before.
    """
    text = take(stream, 2 * n_units, what).decode("utf-16-be", "replace")
    return one_line(text.partition("\0")[0])


def packed_name(name: str) -> bytes:
    """Write a name in UTF-16.

    Parameters
    ----------
    name : str
        Unicode text.

    Returns
    -------
    bytes
        With a closing zero.
    """
    return f"{name}\0".encode("utf-16-be")
