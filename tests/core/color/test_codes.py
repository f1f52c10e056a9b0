from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

from napari_colorquant.core.color.codes import (
    MAX_BITS,
    code_of,
    decode,
    has_codes,
    spread_bits,
)

CODED = [("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint16", 1)]
"""Dtypes and channels of colours that have codes."""


@njit
def encode(values, spread):
    codes = np.empty(len(values), np.uint32)
    for i in range(len(values)):
        codes[i] = code_of(values, i, spread)
    return codes


def n_bits_of(dtype):
    return 8 * np.dtype(dtype).itemsize


@st.composite
def coded_colors(draw):
    dtype, n_channels = draw(st.sampled_from(CODED))
    levels = st.integers(0, np.iinfo(dtype).max)
    rows = st.lists(levels, min_size=n_channels, max_size=n_channels)
    return np.array(draw(st.lists(rows, min_size=1, max_size=50)), dtype)


@pytest.mark.parametrize(
    ("dtype", "n_channels", "expected"),
    [
        *((dtype, n_channels, True) for dtype, n_channels in CODED),
        *(("uint8", 4, False), ("uint16", 2, False), ("uint32", 1, False)),
        *(("int8", 1, False), ("float16", 1, False), ("bool", 1, False)),
    ],
)
def test_short_unsigned_integers_have_codes(dtype, n_channels, expected):
    assert has_codes(np.dtype(dtype), n_channels) == expected


@pytest.mark.parametrize(
    ("color", "code"),
    [
        ([0b1, 0, 0], 0b100),
        ([0, 0b1, 0], 0b010),
        ([0, 0, 0b1], 0b001),
        ([0b10, 0, 0b01], 0b100_001),
        ([0b11, 0b01, 0b10], 0b101_110),
        ([128, 0, 0], 1 << 23),
        ([255, 255, 255], 2**MAX_BITS - 1),
    ],
)
def test_channels_take_turns_bit_by_bit(color, code):
    values = np.array([color], np.uint8)
    assert encode(values, spread_bits(8, 3)).tolist() == [code]


@given(coded_colors())
def test_a_decoded_code_is_the_color(values):
    n_bits, n_channels = n_bits_of(values.dtype), values.shape[1]
    codes = encode(values, spread_bits(n_bits, n_channels))
    assert codes.dtype == np.uint32
    np.testing.assert_array_equal(decode(codes, n_bits, n_channels), values)
    np.testing.assert_array_equal(
        decode(codes, n_bits, n_channels, 2.0**-8), values * 2.0**-8
    )


@pytest.mark.parametrize(("dtype", "n_channels"), CODED[:2] + CODED[3:])
def test_every_code_is_that_of_one_color(dtype, n_channels):
    n_bits = n_bits_of(dtype)
    every = np.arange(2 ** (n_bits * n_channels), dtype=np.uint32)
    colors = decode(every, n_bits, n_channels)
    assert (colors.min(), colors.max()) == (0, 2**n_bits - 1)
    codes = encode(colors.astype(dtype), spread_bits(n_bits, n_channels))
    np.testing.assert_array_equal(codes, every)


def test_more_codes_than_a_thread_takes_are_decoded_in_order():
    codes = np.arange(2**18 + 5, dtype=np.uint32)[::-1]
    colors = decode(codes, 8, 3).astype(np.uint8)
    np.testing.assert_array_equal(encode(colors, spread_bits(8, 3)), codes)


def test_no_codes_give_no_colors():
    assert decode(np.empty(0, np.uint32), 8, 3).shape == (0, 3)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
@given(data=st.data())
def test_a_prefix_names_a_cell_of_the_space(n_channels, data):
    """All codes that begin alike are the colours of one box, and its codes a run."""
    level = data.draw(st.integers(0, 8))  # bits of each value that the prefix has
    low_bits = (8 - level) * n_channels
    prefix = data.draw(st.integers(0, 2 ** (level * n_channels) - 1))
    corners = np.array([prefix << low_bits, ((prefix + 1) << low_bits) - 1], np.uint32)
    low, high = decode(corners, 8, n_channels)
    np.testing.assert_array_equal(high - low, 2 ** (8 - level) - 1)
    random = np.random.default_rng(prefix)
    inside = random.integers(low, high + 1, (20, n_channels)).astype(np.uint8)
    codes = encode(inside, spread_bits(8, n_channels))
    assert (codes >> np.uint32(low_bits) == prefix).all()


@given(coded_colors())
def test_a_larger_value_has_a_larger_code(values):
    """Where one color is nowhere below another, neither is its code."""
    spread = spread_bits(n_bits_of(values.dtype), values.shape[1])
    lower = np.minimum(values, values[0])
    assert (encode(lower, spread) <= encode(values, spread)).all()
