"""Sizes of pixels and their units, as they are passed."""

import subprocess
import sys

import numpy as np
import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.measure.units import LENGTHS, TIMES
from napari_colorquant.files.images.calibration import (
    read_scale,
    read_translate,
    read_units,
)


@pytest.mark.parametrize(
    ("passed", "meant"),
    [
        ("mm", "millimeter"),
        ("um", "micrometer"),
        ("\N{MICRO SIGN}m", "micrometer"),
        ("\N{GREEK SMALL LETTER MU}m", "micrometer"),
        ("micron", "micrometer"),
        ("micrometre", "micrometer"),
        ("micrometers", "micrometer"),
        (" nm ", "nanometer"),
        ("in", "inch"),
        ("\N{LATIN CAPITAL LETTER A WITH RING ABOVE}", "angstrom"),
        (np.str_("cm"), "centimeter"),
        (pint.Unit("um"), "micrometer"),
        (pint.get_application_registry().Unit("mm"), "millimeter"),
    ],
)
def test_a_unit_is_what_pint_reads(passed, meant):
    assert read_units(passed, 2) == (meant, meant)
    assert read_units([None, passed], 2) == (None, meant)


@pytest.mark.parametrize("name", sorted(LENGTHS | TIMES))
def test_every_name_of_ome_ngff_is_read_and_known_to_pint(name):
    assert read_units(["um", name], 2) == ("micrometer", name)
    assert str(pint.get_application_registry().Unit(name)) == name


@pytest.mark.parametrize("none", [None, "pixel", "px", [None, None], ["pixel", None]])
def test_pixels_are_no_unit(none):
    assert read_units(none, 2) is None


def test_one_value_is_for_the_axes_of_space():
    assert read_units("um", 3, "tyx") == (None, "micrometer", "micrometer")
    assert read_units(["s", "um", "um"], 3, "tyx") == (
        "second",
        "micrometer",
        "micrometer",
    )
    assert read_scale(0.5, 3, "tyx") == (1, 0.5, 0.5)
    assert read_scale(np.float32(0.5), 3, "zyx") == (0.5, 0.5, 0.5)
    assert read_scale(np.array([1, 2]), 2) == (1, 2)
    assert read_translate(-3, 3, "tyx") == (0, -3, -3)
    assert read_translate((0, -1.5), 2, "yx") == (0, -1.5)
    assert read_scale(None, 2) is None
    assert read_translate(None, 2) is None


@pytest.mark.parametrize(
    ("passed", "error", "message"),
    [
        ("xyz", ValueError, "units is 'xyz': pass one of length or time, such as"),
        ("2 mm", ValueError, "units is '2 mm': pass one of length"),
        ("mm^2", ValueError, "units is 'mm^2': pass one of length"),
        ("kg", ValueError, "units is 'kg': pass one of length"),
        ("", ValueError, "units is '': pass one of length"),
        ("9**9**9**9", ValueError, "units is '9**9**9**9': pass one of length"),
        ("s", ValueError, "units is 's', which is one of time: pass one of length"),
        (5, TypeError, "units is 5: pass a string, such as 'micrometer'."),
        (b"mm", TypeError, "units is b'mm': pass a string"),
        (["um", 1], TypeError, "a unit is 1: pass a string"),
        (["um"], ValueError, "units has 1 value, and there are 2 axes: pass one value"),
        (["um"] * 3, ValueError, "units has 3 values, and there are 2 axes"),
    ],
)
def test_other_units_are_refused(passed, error, message):
    with pytest.raises(error) as caught:
        read_units(passed, 2)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("passed", "error", "message"),
    [
        ("ab", TypeError, "scale is 'ab': pass a number, or one for each axis."),
        ("12", TypeError, "scale is '12': pass a number, or one for each axis."),
        (["1", "2"], TypeError, "a value of scale is '1': pass a number."),
        (True, TypeError, "scale is True: pass a number, or one for each axis."),
        ({1, 2}, TypeError, "scale is {1, 2}: pass a number, or one for each axis."),
        ([1], ValueError, "scale has 1 value, and there are 2 axes: pass one value"),
        ([1, 0], ValueError, "a value of scale is 0: pass sizes above 0."),
        (-1, ValueError, "a value of scale is -1: pass sizes above 0."),
        ([1, np.nan], ValueError, "a value of scale is nan: pass a finite number."),
        (10**400, ValueError, "scale is 1000000000000000"),
        ([[1, 2]], ValueError, "scale has 1 value"),
    ],
)
def test_other_sizes_are_refused(passed, error, message):
    with pytest.raises(error) as caught:
        read_scale(passed, 2)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=12))
def test_any_text_is_a_unit_or_refused_in_a_sentence(text):
    try:
        units = read_units(text, 2)
    except ValueError as error:
        assert str(error).startswith("units is ")  # noqa: PT017
    else:
        assert units is None or {*units} <= LENGTHS


def test_pint_is_loaded_for_abbreviations_alone():
    code = (
        "import sys; from napari_colorquant.files.images.calibration import read_units;"
        "read_units('micrometer', 2); assert 'pint' not in sys.modules;"
        "read_units('um', 2); assert 'pint' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
