"""Numbers, flags and sequences, as they are passed."""

from collections import OrderedDict

import numpy as np
import pandas as pd
import pytest

from napari_colorquant.core.compute.arguments import (
    flag,
    is_sequence,
    number,
    sequence,
    shown,
    strings,
    whole_number,
    whole_numbers,
)


class Broken:
    def __repr__(self):
        raise RuntimeError


@pytest.mark.parametrize("value", [3, np.uint8(3), np.int64(3), np.array(3)])
def test_whole_numbers(value):
    found = whole_number(value, "n")
    assert (found, type(found)) == (3, int)
    assert whole_numbers([value, value], "these", "one") == (3, 3)


@pytest.mark.parametrize(
    "value", [True, np.True_, 3.0, np.float64(3), "3", None, [3], np.array([3]), 3j]
)
def test_what_is_no_whole_number(value):
    with pytest.raises(TypeError, match=r"^n is .*: pass a whole number, or None\.$"):
        whole_number(value, "n", ", or None")
    with pytest.raises(TypeError, match=r"^one is .*: pass a whole number\.$"):
        whole_numbers([1, value], "these", "one")


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int8(2), np.array(2.0)])
def test_numbers(value):
    found = number(value, "x")
    assert (found, type(found)) == (2.0, float)


@pytest.mark.parametrize("value", [True, np.False_, "2", None, [2.0], 2j])
def test_what_is_no_number(value):
    with pytest.raises(TypeError, match=r"^x is .*: pass a number\.$"):
        number(value, "x")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400, np.float32("nan")])
def test_numbers_are_finite(value):
    with pytest.raises(ValueError, match=r"^x is .*: pass a finite number\.$"):
        number(value, "x")


def test_flags():
    assert flag(True, "it") is True
    assert flag(np.False_, "it") is False
    for value in (1, 0, "True", None, np.array([True]), []):
        with pytest.raises(TypeError, match=r"^it is .*: pass True or False\.$"):
            flag(value, "it")


@pytest.mark.parametrize(
    "value",
    [[1, 2], (1, 2), range(1, 3), np.array([1, 2], np.uint8), pd.Series([1, 2])],
)
def test_sequences(value):
    assert is_sequence(value)
    assert sequence(value, "these", "numbers") == (1, 2)


@pytest.mark.parametrize(
    "value",
    ["12", b"12", {1, 2}, {1: 2}, OrderedDict(), 12, None, np.array(1), iter([1, 2])],
)
def test_what_is_no_sequence(value):
    assert not is_sequence(value)
    with pytest.raises(TypeError, match=r"^these is .*: pass a list of numbers\.$"):
        sequence(value, "these", "numbers")


def test_strings():
    assert strings(["a", np.str_("b")], "names", "a name") == ("a", "b")
    with pytest.raises(TypeError, match=r"^names is 'ab': pass a list of strings\.$"):
        strings("ab", "names", "a name")
    with pytest.raises(TypeError, match=r"^a name is None: pass a string\.$"):
        strings(["a", None], "names", "a name")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((3, 4)), "an array of the shape (3, 4) and the dtype float64"),
        (np.float64(0.5), "0.5"),
        ("a\nb", r"'a\nb'"),
        (Broken(), "a Broken"),
        (pd.Series([1]), "0 1 dtype: int64"),
        (list(range(9)), "[0, 1, 2, 3, ...]"),
    ],
)
def test_what_is_shown_is_one_short_line(value, text):
    assert shown(value) == text
    assert len(shown([value] * 1000)) < 400
