"""What a pixel measures: sizes and units, for all axes of space or for each."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pint
import pytest

from napari_colorquant.core.measure.units import LENGTHS, PixelSize, size_of_pixel

T, UM = "second", "micrometer"


@pytest.mark.parametrize(
    ("scale", "units", "n_axes", "slice_axis", "expected", "symbol"),
    [
        (None, None, 2, None, PixelSize((0, 1), (1.0, 1.0), None), "pixel²"),
        (None, None, 3, None, PixelSize((0, 1, 2), (1.0,) * 3, None), "pixel³"),
        (None, None, 2, 0, PixelSize((1,), (1.0,), None), "pixel"),
        (0.5, None, 2, None, PixelSize((0, 1), (0.5, 0.5), None), "pixel²"),
        (0.5, "um", 2, None, PixelSize((0, 1), (0.5, 0.5), UM), "µm²"),
        (0.5, "µm", 3, None, PixelSize((0, 1, 2), (0.5,) * 3, UM), "µm³"),
        (0.5, "um", 3, 0, PixelSize((1, 2), (0.5, 0.5), UM), "µm²"),
        ([2, 0.5], "nm", 3, 0, PixelSize((1, 2), (2.0, 0.5), "nanometer"), "nm²"),
        ([9, 2, 0.5], "nm", 3, 0, PixelSize((1, 2), (2.0, 0.5), "nanometer"), "nm²"),
        (
            [9, 2, 5],
            ["s", "um", "um"],
            3,
            None,
            PixelSize((1, 2), (2.0, 5.0), UM),
            "µm²",
        ),
        ([2, 5], ["s", "um", "um"], 3, None, PixelSize((1, 2), (2.0, 5.0), UM), "µm²"),
        ([2, 5], ["um", "um"], 3, 0, PixelSize((1, 2), (2.0, 5.0), UM), "µm²"),
        ([3, 2, 5], ["mm", "um", "um"], 3, 0, PixelSize((1, 2), (2.0, 5.0), UM), "µm²"),
        (2, ["mm", "um"], 2, None, PixelSize((0, 1), (2000.0, 2.0), UM), "µm²"),
        (
            2,
            ["um", "mm"],
            2,
            None,
            PixelSize((0, 1), (0.002, 2.0), "millimeter"),
            "mm²",
        ),
        (None, ["s", "px"], 2, None, PixelSize((1,), (1.0,), None), "pixel"),
        (2, "pixel", 4, None, PixelSize((0, 1, 2, 3), (2.0,) * 4, None), "pixel⁴"),
        (np.float32(0.5), np.str_("Å"), 2, 1, PixelSize((0,), (0.5,), "angstrom"), "Å"),
    ],
)
def test_the_axes_of_space_have_sizes(
    scale, units, n_axes, slice_axis, expected, symbol
):
    size = size_of_pixel(scale, units, n_axes, slice_axis)
    assert size == expected
    assert size.symbol() == symbol


def test_a_pixel_has_the_area_of_its_sides():
    assert size_of_pixel([3, 0.5], "um", 2).area == 1.5
    assert size_of_pixel(0.5, "um", 3).area == 0.125
    assert size_of_pixel(0.5, "um", 3).symbol(1) == "µm"


@pytest.mark.parametrize("name", sorted(LENGTHS))
def test_lengths_convert_as_pint_does(name):
    expected = pint.get_application_registry().Quantity(1.0, name).to("meter").magnitude
    size = size_of_pixel(1, [name, "meter"], 2)
    assert size.sizes == (pytest.approx(expected, rel=1e-10), 1.0)
    short = pint.get_application_registry().Unit(name)
    assert size_of_pixel(1, name, 1).symbol() == f"{short:~}"


@pytest.mark.parametrize(
    ("scale", "units", "error", "sentence"),
    [
        (
            [1, 2, 3, 4],
            None,
            ValueError,
            "scale has 4 values, and there are 3 axes: pass one value for all axes of "
            "space, or one for each axis.",
        ),
        (
            1,
            ["um"],
            ValueError,
            "units has 1 value, and there are 3 axes: pass one value for all axes of "
            "space, or one for each axis.",
        ),
        (0, None, ValueError, "a value of scale is 0: pass sizes above 0."),
        ([1, -2], None, ValueError, "a value of scale is -2: pass sizes above 0."),
        (
            np.nan,
            None,
            ValueError,
            "scale is nan: pass a finite number, or one for each axis.",
        ),
        (
            "1",
            None,
            TypeError,
            "scale is '1': pass a number, or one for each axis.",
        ),
        (
            1,
            "kg",
            ValueError,
            "units is 'kg': pass one of length or time, such as 'um' or 'micrometer'.",
        ),
        (
            1,
            "s",
            ValueError,
            "units is 's', which is one of time: pass one of length for all axes of "
            "space, or one for each axis.",
        ),
        (
            1,
            ["um", "px"],
            ValueError,
            "units is ['um', 'px'], and a length does not convert to pixels: pass one "
            "of length for each axis of space.",
        ),
        (
            1,
            ["px", "um"],
            ValueError,
            "units is ['px', 'um'], and a length does not convert to pixels: pass one "
            "of length for each axis of space.",
        ),
        (
            1,
            ["s", "s"],
            ValueError,
            "units has no unit of length: no axis is left to measure along.",
        ),
        (
            None,
            "um",
            ValueError,
            "units is given without the size of a pixel: pass scale too.",
        ),
    ],
)
def test_what_is_no_size_is_said_in_a_sentence(scale, units, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        size_of_pixel(scale, units, 3, 0)


def test_pint_is_loaded_for_abbreviations_alone():
    code = (
        "import sys; from napari_colorquant.core.measure.units import size_of_pixel;"
        "size_of_pixel(1, 'micrometer', 2); assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
