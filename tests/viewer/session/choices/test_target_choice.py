"""The locked colours of a result, for the next run."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Image

from napari_colorquant import Palette
from napari_colorquant.viewer.session.choices.target_of_job import locked_for
from napari_colorquant.viewer.session.results.result import palette_alone


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
        ([image(4, 4, 3, dtype="float32", rgb=True)], RGB, None, [[255, 51, 0]]),
        ([image(4, 4)], GREY, None, [[51]]),
        ([image(2, 4, 4)], PAIR, 0, [[51, 102]]),
        ([image(4, 4), image(4, 4)], PAIR, None, [[51, 102]]),
    ],
)
def test_locked_colors_keep_their_units_for_a_run_to_convert(
    layers, result, axis, expected
):
    fixed = locked_for(layers, result, axis)
    assert fixed.colors.tolist() == expected
    assert (fixed.units, fixed.counts) == ("uint8", None)


def test_locked_colors_are_compared_where_the_form_says():
    palette = Palette([[0, 0, 0], [9, 9, 9]], color_space="lab", locked=[0])
    fixed = locked_for([image(4, 4, 3, rgb=True)], palette_alone(palette, "mine"))
    assert fixed.color_space == "rgb"


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
