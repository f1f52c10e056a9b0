from __future__ import annotations

from itertools import pairwise
from math import log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.viewer.ticks import binary_ticks, decimal_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (17.04, 32.4, 4, [15, 20, 25, 30, 35]),
        (17.04, 32.4, 3, [10, 20, 30, 40]),
        (17.04, 32.4, 2, [0, 20, 40]),
        (20, 30, 2, [20, 25, 30]),
        (-3, 7, 3, [-5, 0, 5, 10]),
        (5, 5, 4, [5, 5.5, 6]),
        (0, 0, 2, [0, 0.5, 1]),
        (-0.5, 0.5, 2, [-0.5, 0, 0.5]),
        (31.2, 31.24, 5, [31.2, 31.21, 31.22, 31.23, 31.24]),
    ],
)
def test_decimal_ticks(low, high, most, ticks):
    assert decimal_ticks(low, high, most) == pytest.approx(ticks)


@given(st.floats(-99, 99), st.floats(0, 200), st.integers(2, 12))
def test_decimal_ticks_are_round_few_and_enclose_the_range(low, span, most):
    ticks = decimal_ticks(low, low + span, most)
    assert 2 <= len(ticks) <= most + 1
    assert ticks[0] <= low + 1e-9
    assert ticks[-1] >= low + span - 1e-9
    steps = [b - a for a, b in pairwise(ticks)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    digit = steps[0] / 10 ** round(log10(steps[0] / 2))
    assert min(abs(digit - wanted) for wanted in (0.5, 1, 2, 5)) < 1e-6


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (2, 64, 9, [8, 16, 24, 32, 40, 48, 56, 64]),
        (2, 64, 7, [16, 32, 48, 64]),
        (2, 64, 1, [64]),
        (2, 5, 9, [2, 3, 4, 5]),
        (2, 5, 2, [2, 4]),
        (7, 7, 1, [7]),
        (3, 100, 4, [32, 64, 96]),
    ],
)
def test_binary_ticks(low, high, most, ticks):
    assert binary_ticks(low, high, most) == ticks


@given(st.integers(1, 500), st.integers(0, 2000), st.integers(1, 12))
def test_binary_ticks_are_few_and_within_the_range(low, span, most):
    ticks = binary_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert all(low <= tick <= low + span for tick in ticks)


@pytest.mark.parametrize("low", [0.0, 5.0, -30.25])
@pytest.mark.parametrize("digits", [0.0, 1e-15, 1e-11])
def test_values_that_differ_in_their_last_digits_have_ticks_of_one(low, digits):
    ticks = decimal_ticks(low, low * (1 + digits) if low > 0 else low, 6)
    assert ticks[0] <= low < ticks[-1]
    assert len(ticks) <= 7
