from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette
from napari_colorquant.files.level import ArrayLevel
from napari_colorquant.files.ome_zarr import pyramid_of
from napari_colorquant.files.pyramid import (
    ShownChannel,
    blended,
    usual_axes,
    usual_channels,
)

PALETTE = Palette([[0, 0, 0], [255, 128, 1]])


def levels(*shapes):
    return [
        ArrayLevel(np.ones(shape, np.uint8), np.ones((*shape, 3), np.uint8), -1)
        for shape in shapes
    ]


@pytest.mark.parametrize(
    ("shapes", "factors"),
    [
        ([(40, 60), (20, 30), (10, 15)], [(1, 1), (2, 2), (4, 4)]),
        ([(41, 61), (21, 31), (11, 16)], [(1, 1), (2, 2), (4, 4)]),  # rounded up
        ([(43, 61), (21, 30)], [(1, 1), (2, 2)]),  # rounded down
        ([(5, 40, 60), (5, 10, 20)], [(1, 1, 1), (1, 4, 3)]),
        ([(40, 60), (25, 60)], [(1, 1), (1.6, 1)]),  # no whole number
    ],
)
def test_the_scales_of_levels_follow_from_their_shapes(shapes, factors):
    scale = [3.0, 2.0, 0.5][-len(shapes[0]) :]
    pyramid = pyramid_of(levels(*shapes), PALETTE, {}, "a", scale=scale)
    expected = [tuple(s * f for s, f in zip(scale, fs, strict=True)) for fs in factors]
    assert list(pyramid.scales) == expected


def test_scales_and_places_of_each_level_are_taken():
    each, places = [(1, 1), (2.5, 2)], [(0, 0), (0.75, 0.5)]
    pyramid = pyramid_of(
        levels((9, 9), (4, 5)), PALETTE, {}, "a", scale=each, translate=places
    )
    assert pyramid.scales == ((1, 1), (2.5, 2))
    assert pyramid.translations == ((0, 0), (0.75, 0.5))


def test_levels_that_differ_are_refused():
    first, second = levels((9, 9), (4, 4))
    other = ArrayLevel(second.labels, second.picture.astype(np.uint16), -1)
    with pytest.raises(ValueError, match="the levels differ in their dtypes or chan"):
        pyramid_of([first, other], PALETTE, {}, "a")
    with pytest.raises(ValueError, match="the levels have 1 axes and the labels 2"):
        pyramid_of([first, *levels((4,))], PALETTE, {}, "a")


def test_labels_are_unsigned_integers():
    with pytest.raises(TypeError, match="the labels have the dtype int64"):
        ArrayLevel(np.ones((2, 3), np.int64), np.ones((2, 3)))


def test_usual_axes_are_the_last():
    assert [usual_axes(n) for n in (2, 3, 4)] == ["yx", "zyx", "tzyx"]
    with pytest.raises(ValueError, match="the labels have 1 axes"):
        usual_axes(1)


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
