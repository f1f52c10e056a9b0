from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette
from napari_colorquant.files.images.calibration import usual_axes
from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of

PALETTE = Palette([[0, 0, 0], [255, 128, 1]])


def levels(*shapes):
    return [
        Level(np.ones(shape, np.uint8), np.ones((*shape, 3), np.uint8), -1)
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
    other = Level(second.labels, second.picture.astype(np.uint16), -1)
    with pytest.raises(ValueError, match="the levels differ in their dtypes or chan"):
        pyramid_of([first, other], PALETTE, {}, "a")
    with pytest.raises(ValueError, match="the levels have 1 axes and the labels 2"):
        pyramid_of([first, *levels((4,))], PALETTE, {}, "a")


def test_labels_are_unsigned_integers():
    with pytest.raises(TypeError, match="the labels have the dtype int64"):
        Level(np.ones((2, 3), np.int64), np.ones((2, 3)))


def test_usual_axes_are_the_last():
    assert [usual_axes(n) for n in (2, 3, 4)] == ["yx", "zyx", "tzyx"]
    with pytest.raises(ValueError, match="the labels have 1 axes"):
        usual_axes(1)
