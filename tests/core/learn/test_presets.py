"""Presets in a script: arguments of quantize for an image."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_colorquant import Palette, Parameters, preset, quantize
from napari_colorquant.core.learn.presets import PRESET_SETS, PRESETS

LEGEND = ((10, 10, 200), (0, 160, 0), (250, 240, 30), (255, 255, 255))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_what_its_row_of_the_table_says(name):
    values = preset(name, np.zeros((2, 3, 3), np.uint8))
    assert list(values) == list(PRESET_SETS)
    assert Parameters(**values) == PRESETS[name].parameters


def test_a_preset_is_passed_to_quantize():
    image = np.repeat(np.array(LEGEND, np.uint8), 20, axis=0).reshape(8, 10, 3)
    image[0, 0] = (255, 0, 255)  # farther than 40 from all
    legend = Palette(LEGEND, units="uint8")
    wanted = preset("map", image) | {"n_colors": 4}
    q = quantize(image, **wanted, fixed=legend)
    expected = np.repeat([1, 2, 3, 4], 20).reshape(8, 10)
    expected[0, 0] = 0
    assert np.array_equal(q.labels, expected)


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_limit_of_8_bits_is_left_out_with_a_warning(dtype):
    image = da.zeros((2, 3, 3), dtype=dtype)
    said = "what is over 40 of 255 in images of 8 bits alone: set max_distance yourself"
    with pytest.warns(UserWarning, match=said):
        values = preset("map", image)
    assert Parameters(**values) == Parameters(n_colors=12)
    assert preset("ihc", image)["color_space"] == "lab"  # and nothing is said


def test_what_is_no_preset_is_refused():
    with pytest.raises(ValueError, match=r"preset 'dab' is unknown: pass one of 'ph"):
        preset("dab", np.zeros((2, 3, 3), np.uint8))
    with pytest.raises(TypeError, match=r"image is 3: pass an array, which has a dty"):
        preset("ihc", 3)
