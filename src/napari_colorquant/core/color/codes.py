"""One number a colour, where there are few enough of them to keep a table of all."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.compiled import inlined, kernel
from napari_colorquant.core.compute.executor import map_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BITS = 24
"""Longest code: 8-bit images of up to three channels and 16-bit ones of one have it."""


def has_codes(dtype: np.dtype[Any], n_channels: int) -> bool:
    """Return whether colours have a code: unsigned, of up to MAX_BITS in all."""
    return dtype.kind == "u" and 8 * dtype.itemsize * n_channels <= MAX_BITS


@cache
def spread_bits(n_bits: int, n_channels: int) -> NDArray[np.uint32]:
    """Return what each value of each channel adds to a code: uint32, (C, 2**n_bits).

    Bits of the channels take turns (Morton, 1966, "A computer oriented geodetic data
    base"): first bits name a cell of colour space, the longer the smaller.
    """
    values = np.arange(2**n_bits, dtype=np.uint32)
    spread = np.zeros((n_channels, len(values)), np.uint32)
    for bit in range(n_bits):
        for c in range(n_channels):
            place = bit * n_channels + n_channels - 1 - c
            spread[c] |= ((values >> bit) & 1) << place
    return spread


def decode(
    codes: NDArray[np.uint32], n_bits: int, n_channels: int, scale: float = 1.0
) -> NDArray[np.float64]:
    """Return the colours of codes, times scale: float64, (n, n_channels)."""
    colors = np.empty((len(codes), n_channels))
    gathered = gathered_bits(n_bits, n_channels) * scale
    map_chunks(
        lambda start, end: _decode(codes[start:end], gathered, colors[start:end]),
        len(codes),
    )
    return colors


@cache
def gathered_bits(n_bits: int, n_channels: int) -> NDArray[np.float64]:
    """Return what each byte of a code adds to each value: float64, (3, 256, C).

    A channel's value is the sum of ``gathered[place, byte, channel]`` over the bytes,
    from the lowest on.
    """
    gathered = np.zeros((3, 256, n_channels), np.uint32)
    values = np.arange(256, dtype=np.uint32)
    for bit in range(n_bits):
        for c in range(n_channels):
            byte, place = divmod(bit * n_channels + n_channels - 1 - c, 8)
            gathered[byte, :, c] |= ((values >> place) & 1) << bit
    return gathered.astype(np.float64)


@kernel
def _decode(codes: Any, gathered: Any, colors: Any) -> None:
    for i in range(len(codes)):
        for c in range(colors.shape[1]):
            colors[i, c] = value_of(codes[i], gathered, c)


@inlined  # a call would cost more than it does
def value_of(code: Any, gathered: Any, c: Any) -> Any:
    """Return a channel's value of a code; scaled, if gathered_bits were scaled."""
    byte = np.uint32(255)
    return (
        gathered[0, code & byte, c]
        + gathered[1, (code >> np.uint32(8)) & byte, c]
        + gathered[2, code >> np.uint32(16), c]
    )


@kernel(inline="always")  # a call would cost more than it does
def code_of(values: Any, i: int, spread: Any) -> Any:
    """Return the code of pixel i of values, (n, C); spread: of spread_bits."""
    if values.shape[1] == 3:  # unrolled, as most pictures have three channels
        return (
            spread[0, values[i, 0]] | spread[1, values[i, 1]] | spread[2, values[i, 2]]
        )
    code = spread[0, values[i, 0]]
    for c in range(1, values.shape[1]):
        code |= spread[c, values[i, c]]
    return code
