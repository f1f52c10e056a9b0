from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.parameters import DEFAULTS, Parameters

# What may not be passed, and what is said then, is in tests/test_bad_input.py.


def test_the_defaults():
    assert dataclasses.asdict(DEFAULTS) == {
        "n_colors": 64,
        "method": "kmeans",
        "n_samples": 10_000,
        "color_space": "rgb",
        "random_state": 0,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"n_colors": 2},
        {"n_colors": 65_535, "n_samples": None},
        {"n_colors": 100, "n_samples": 100},
        {"n_samples": None},
        {"random_state": 2**32 - 1},
        *({"method": method} for method in METHODS),
    ],
)
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


def test_parameters_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULTS.n_colors = 3


def test_a_replaced_value_is_checked_too():
    with pytest.raises(ValueError, match="n_colors is 0"):
        dataclasses.replace(DEFAULTS, n_colors=0)
