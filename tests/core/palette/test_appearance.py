"""What entries look like: one rule for tables, files and the viewer."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given

from any_palette import palettes
from napari_colorquant import Palette
from napari_colorquant.core.palette.appearance import (
    ShownChannel,
    appearance,
    blended,
    hex_of,
    reach_of,
    usual_channels,
)

PALETTE = Palette([[0, 0, 0], [255, 128, 1]])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", ">u2", "float32"])
def test_rgb_is_shown_from_black_to_white(dtype):
    white = {"uint8": 255.0, "float32": 1.0}.get(dtype, 65535.0)
    channels = usual_channels(PALETTE, dtype, 3)
    assert [(one.color, one.start, one.end) for one in channels] == [
        ("FF0000", 0, white),
        ("00FF00", 0, white),
        ("0000FF", 0, white),
    ]


def test_a_palette_of_8_bits_looks_as_its_picture():
    colors = np.random.default_rng(0).uniform(0, 255, (999, 3))
    palette = Palette([*colors, [0.5, 1.5, 254.5], [0, 127.5, 255]])
    shown = blended(palette, usual_channels(palette, np.uint8, 3))
    assert np.array_equal(shown[:, :3], palette.drawn(np.uint8))
    assert (shown[:, 3] == 255).all()


def test_channels_blend_in_their_colors():
    channels = [
        ShownChannel("a", "FF00FF", 10, 20),
        ShownChannel("b", "00FF00", 0, 4),
        ShownChannel("c", "FFFFFF", 0, 1, active=False),
    ]
    palette = Palette([[0, 0, 1], [20, 1, 1], [15, 99, 1]])
    assert blended(palette, channels).tolist() == [
        [0, 0, 0, 255],
        [255, 64, 255, 255],
        [128, 255, 128, 255],
    ]


def test_one_channel_is_grey_over_the_range_of_the_palette():
    (channel,) = usual_channels(Palette([[3], [7]]), np.float32, None)
    assert channel == ShownChannel("value", "FFFFFF", 3, 7)
    (channel,) = usual_channels(Palette([[3]]), np.float32, 1)
    assert (channel.start, channel.end) == (3, 4)
    (channel,) = usual_channels(Palette([[3], [7]]), np.uint8, None)
    assert (channel.start, channel.end) == (0, 255)


@given(palettes(locks=False))
def test_any_palette_looks_like_something(palette):
    shown = appearance(palette)
    assert (shown.shape, shown.dtype) == ((len(palette), 4), np.uint8)
    assert (shown[:, 3] == 255).all()
    if palette.n_channels == 3 and palette.units == "uint8":
        assert np.array_equal(shown[:, :3], palette.drawn(np.uint8))


@pytest.mark.parametrize("units", ["uint8", "uint16", "int16", "float32"])
def test_rgb_of_any_units_looks_alike(units):
    palette = Palette([[0, 51, 255], [1, 127, 128]], units="uint8")
    shown = appearance(palette.in_units(units))
    assert [hex_of(color) for color in shown] == ["#0033ff", "#017f80"]


def test_channels_that_are_no_colors_are_not_taken_for_rgb():
    palette = Palette([[0, 0, 0], [100, 0, 0], [0, 0, 7]], units="uint16")
    told = [hex_of(color) for color in appearance(palette, rgb=False)]
    assert told == ["#000000", "#ff00ff", "#00ffff"]


@pytest.mark.parametrize(
    ("low", "high"), [(-1e308, 1e308), (1e300, 1e308), (0, 5e-324), (-1e-310, 1e-310)]
)
def test_any_range_reaches_from_black_to_white(low, high):
    values = np.array([low, high, -1.1e308, 1.1e308])
    assert np.rint(reach_of(values, low, high)).tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize(
    ("values", "limits", "shown"),
    [
        ([0.5, 1.5, 254.5, -3, 300], (0, 255), [0, 2, 254, 0, 255]),
        ([0, 32767.5, 65535, 70000], (0, 65535), [0, 128, 255, 255]),
        ([0.0, 0.5, 1.0], (0, 1), [0, 128, 255]),
        ([-1000, 0, 3000], (-1000, 3000), [0, 64, 255]),
        ([-1e308, 0, 1e308], (-1e308, 1e308), [0, 128, 255]),
        ([1e300, -1e300], (0, 1e-300), [255, 0]),
    ],
)
def test_values_are_scaled_between_black_and_white(values, limits, shown):
    with warnings.catch_warnings(action="error"):
        reached = reach_of(np.array(values, float), *limits)
    assert np.rint(reached).tolist() == shown


def test_no_range_is_black():
    assert reach_of(np.array([0.0, 9.0]), 3, 3).tolist() == [0, 0]
