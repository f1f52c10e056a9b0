"""The locked colours of a result, for the next run."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_colorquant import Palette
from napari_colorquant.viewer.locks import locked_for
from napari_colorquant.viewer.result import palette_alone


def result_of(*colors, locked=(1,)):
    palette = Palette(colors, counts=[1] * len(colors), units="uint8", locked=locked)
    return palette_alone(palette, "mine")


RGB = result_of([0, 0, 0], [255, 51, 0], [9, 9, 9])
GREY = result_of([0], [51])
PAIR = result_of([0, 0], [51, 102])


def image(*shape, dtype="uint8", **changes):
    return Image(np.zeros(shape, dtype), **changes)


@pytest.mark.parametrize(
    ("layers", "result", "axis", "expected"),
    [
        ([image(4, 4, 3, rgb=True)], RGB, None, [[255, 51, 0]]),
        ([image(4, 4, 3, dtype="float32", rgb=True)], RGB, None, [[1, 0.2, 0]]),
        ([image(4, 4)], GREY, None, [[51]]),
        ([image(2, 4, 4)], PAIR, 0, [[51, 102]]),
        ([image(4, 4), image(4, 4)], PAIR, None, [[51, 102]]),
    ],
)
def test_locked_colors_in_the_units_of_the_layers(layers, result, axis, expected):
    fixed = locked_for(layers, result, axis)
    np.testing.assert_allclose(fixed.colors, expected, rtol=1e-6)
    assert fixed.counts is None


@pytest.mark.parametrize(
    ("layers", "result", "axis"),
    [
        ([image(4, 4)], result_of([0], [51], locked=()), None),
        ([image(4, 4)], RGB, None),
        ([image(4, 4, 3, rgb=True)], GREY, None),
        ([image(2, 4, 4)], PAIR, None),
        ([image(2, 4, 4)], PAIR, 1),
        ([image(4, 4), image(4, 4)], GREY, None),
    ],
)
def test_other_channels_or_no_locks_are_none(layers, result, axis):
    assert locked_for(layers, result, axis) is None
