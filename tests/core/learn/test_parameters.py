from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

from napari_colorquant.core.learn.auto import MOST_COLORS
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import COLOR_SPACES

# What may not be passed, and what is said then, is in tests/test_bad_input.py.


def test_the_defaults():
    assert dataclasses.asdict(DEFAULTS) == {
        "n_colors": 64,
        "method": "kmeans",
        "refine": True,
        "n_samples": 10_000,
        "color_space": "rgb",
        "weights": None,
        "stains": None,
        "stain_scale": None,
        "background": None,
        "balance": 0.0,
        "fixed": None,
        "target_psnr": None,
        "target_delta_e": None,
        "max_distance": None,
        "random_state": 0,
    }


def test_every_parameter_and_choice_is_described():
    named = {field.name for field in dataclasses.fields(Parameters)}
    assert {*DESCRIPTIONS} == named - {"fixed", "stains", "stain_scale"}
    assert [*DESCRIPTIONS["method"].choices] == [*METHODS]
    assert [*DESCRIPTIONS["color_space"].choices] == [*COLOR_SPACES]


LIMITS = [
    {"n_colors": 2},
    {"n_colors": 65_535, "n_samples": None},
    {"n_colors": 100, "n_samples": 100},
    {"n_samples": None},
    {"random_state": 2**32 - 1},
    *({"method": method} for method in METHODS),
    *({"color_space": space} for space in COLOR_SPACES),
    {"refine": False},
    {"n_colors": "auto", "target_psnr": 0.5},
    {"n_colors": "auto", "target_delta_e": 100.0},
    {"n_colors": "auto", "target_psnr": 30.0, "n_samples": MOST_COLORS},
    {"fixed": Palette(np.eye(3)), "n_colors": 3},
    {"max_distance": 5e-324},
]


@pytest.mark.parametrize("changes", LIMITS)
def test_the_limits_are_allowed(changes):
    parameters = Parameters(**changes)
    assert {name: getattr(parameters, name) for name in changes} == changes


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint64"])
def test_whole_numbers_of_numpy_become_plain_ints(dtype):
    number = np.array(99, dtype)[()]
    parameters = Parameters(n_colors=number, n_samples=number, random_state=number)
    values = (parameters.n_colors, parameters.n_samples, parameters.random_state)
    assert [type(value) for value in values] == [int] * 3
    assert parameters == Parameters(n_colors=99, n_samples=99, random_state=99)


@pytest.mark.parametrize("changes", [{}, *LIMITS])
def test_plain_data_make_the_parameters_again_also_from_json(changes):
    parameters = Parameters(**changes)
    plain = parameters.as_dict()
    read = json.loads(json.dumps(plain))
    assert read == plain
    again = Parameters.from_dict(read)
    assert again.as_dict() == plain
    assert dataclasses.replace(again, fixed=None) == (
        dataclasses.replace(parameters, fixed=None)
    )


def test_what_is_missing_in_plain_data_has_its_default():
    assert Parameters.from_dict({}) == DEFAULTS
    assert Parameters.from_dict({"n_colors": 5, "more": 1}) == Parameters(n_colors=5)


@pytest.mark.parametrize(
    ("plain", "error", "sentence"),
    [
        ({"n_colors": 1}, ValueError, "n_colors is 1: pass a number from 2 to 65,535."),
        ({"refine": "no"}, TypeError, "refine is 'no': pass True or False."),
        ({"fixed": {}}, ValueError, "there are no colors."),
    ],
)
def test_damaged_plain_data_are_refused(plain, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        Parameters.from_dict(plain)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float16", "float64"])
@pytest.mark.parametrize("target", ["target_psnr", "target_delta_e"])
def test_targets_become_plain_floats(target, dtype):
    parameters = Parameters(n_colors="auto", **{target: np.array(30, dtype)[()]})
    assert type(getattr(parameters, target)) is float
    assert parameters == Parameters(n_colors="auto", **{target: 30})


def test_fixed_colors_are_told_as_plain_data():
    fixed = Palette([[1, 2], [4, 5]], names=["a", ""], units="uint8", locked=[1])
    parameters = Parameters(fixed=fixed, color_space="lab", refine=False)
    assert parameters.fixed is fixed
    assert parameters.as_dict()["fixed"] == {
        "colors": [[1, 2], [4, 5]],
        "counts": None,
        "names": ["a", ""],
        "color_space": "rgb",
        "units": "uint8",
        "locked": [1],
    }
    assert DEFAULTS.as_dict()["fixed"] is None


def test_parameters_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULTS.n_colors = 3


def test_a_replaced_value_is_checked_too():
    with pytest.raises(ValueError, match="n_colors is 0"):
        dataclasses.replace(DEFAULTS, n_colors=0)
