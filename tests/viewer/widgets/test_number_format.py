"""Numbers of pixels in words."""

from __future__ import annotations

import pytest

from napari_colorquant import Palette
from napari_colorquant.viewer.widgets.number_format import (
    area_in_words,
    percent_in_words,
    pixels_in_words,
    total_in_words,
)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "≈\u00a00"),
        (12_146, "≈\u00a012,146"),
        (999_999, "≈\u00a0999,999"),
        (1_000_000, "≈\u00a01.00\u00a0M"),
        (12_146_337, "≈\u00a012.1\u00a0M"),
        (999_499_999, "≈\u00a0999\u00a0M"),
        (999_500_000, "≈\u00a01.00\u00a0G"),
        (1_234_567_890_123, "≈\u00a01,235\u00a0G"),
    ],
)
def test_an_estimate_has_no_more_digits_than_it_is_worth(number, expected):
    assert pixels_in_words(number, estimated=True) == expected
    assert pixels_in_words(number, estimated=False) == f"{number:,}"


def test_per_cent_of_the_pixels_that_there_are():
    assert percent_in_words(1, 8, estimated=False) == "12.50"
    assert percent_in_words(1, 8, estimated=True) == "≈\u00a012.50"
    assert percent_in_words(0, 0, estimated=False) == "0.00"


def test_the_total_tells_what_is_known():
    palette = Palette([[0, 0, 0], [9, 9, 9], [99, 99, 99]], counts=[1, 2, 5])
    assert total_in_words(palette, [], estimated=False) == "3 colors · 8 pixels"
    assert total_in_words(palette, [0, 1], estimated=False) == (
        "3 colors · 8 pixels\n2 selected · 3 pixels · 37.50 %"
    )
    assert total_in_words(palette, [2], estimated=True) == (
        "3 colors · ≈\u00a08 pixels\n1 selected · ≈\u00a05 pixels · ≈\u00a062.50 %"
    )
    uncounted = palette.uncounted()
    assert total_in_words(uncounted, [2], estimated=False) == "3 colors\n1 selected"


@pytest.mark.parametrize(
    ("area", "text"),
    [
        (0.0, "0"),
        (0.25, "0.25"),
        (1234.5678, "1,234.57"),
        (123456.7, "123,457"),
        (12345678.9, "12,345,679"),
        (2e20, "2e+20"),
    ],
)
def test_no_digit_before_the_point_is_lost(area, text):
    assert area_in_words(area) == text
