from __future__ import annotations

import json
import re
from math import inf, nan
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.formats.json_palette import dumps, loads

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**64, 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
    max_leaves=20,
)


def nested(depth):
    """An object that holds an object, and so on."""
    return {} if depth == 1 else {"a": nested(depth - 1)}


@given(st.dictionaries(st.text(), PLAIN))
def test_plain_data_come_back(record):
    text = dumps(record)
    assert text.isascii()
    assert loads(text.encode()) == record


def test_the_text():
    record = {
        "a": [1, 2.5, None, True, "ü"],
        "b": {"c": MappingProxyType({"d": 1e300})},
        "e": (),
    }
    assert dumps(record) == (
        '{\n"a": [1, 2.5, null, true, "\\u00fc"],\n'
        '"b": {"c": {"d": 1e+300}},\n'
        '"e": []\n}\n'
    )


def test_any_reader_of_json_reads_it():
    plain = {"a": np.float64(0.1), "b": "\ud800"}
    assert json.loads(dumps(plain)) == plain


def test_a_hundred_levels_come_back():
    assert loads(dumps(nested(100)).encode()) == nested(100)
    text = b"[" * 100 + b"]" * 100
    assert str(loads(text)).encode() == text


ROUND = []
ROUND.append(ROUND)
TOO_DEEP = "it is nested too deeply."


@pytest.mark.parametrize(
    ("record", "error", "sentence"),
    [
        (
            {"a": np.arange(3)},
            TypeError,
            "it has a ndarray: pass numbers, text, None, and lists and mappings of "
            "these.",
        ),
        (
            {"a": [b"bytes"]},
            TypeError,
            "it has a bytes: pass numbers, text, None, and lists and mappings of "
            "these.",
        ),
        (
            {"a": ROUND},
            ValueError,
            "it cannot be written as JSON: circular reference detected.",
        ),
    ],
)
def test_what_cannot_be_written(record, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        dumps(record)


@pytest.mark.parametrize("value", [inf, -inf, nan, [[np.float64(inf)]], {"b": nan}])
def test_a_number_that_is_not_finite_is_not_written(value):
    sentence = "it cannot be written as JSON: out of range float values are not JSON"
    with pytest.raises(ValueError, match=f"^{sentence} compliant[^.]*[.]$"):
        dumps({"a": value})


def test_what_is_nested_too_deeply_is_not_written():
    plain = {}
    for _ in range(100_000):
        plain = {"a": plain}
    with pytest.raises(ValueError, match=f"^{TOO_DEEP}$"):
        dumps(plain)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "line 1 is no JSON: expecting value, column 1."),
        (
            b'{"a": 1,\n "b" 2}',
            "line 2 is no JSON: expecting ':' delimiter, column 6.",
        ),
        (b"[1] 2", "line 1 is no JSON: extra data, column 5."),
        (
            b'"\n"',
            "line 1 is no JSON: invalid control character at, column 2.",
        ),
        (b'{"a": 1,\n"\xff": 2}', "line 2 is no UTF-8 text: save it as UTF-8."),
        (b"[NaN]", "NaN is no number of JSON."),
        (b"[Infinity]", "Infinity is no number of JSON."),
        (b'{"a": -Infinity}', "-Infinity is no number of JSON."),
        (b"[1e999]", "'1e999' is no finite number."),
        (b"[-1e999]", "'-1e999' is no finite number."),
        (
            b"[18446744073709551616]",
            "'18446744073709551616' is a whole number beyond 64 bits.",
        ),
        (
            b"-" + b"9" * 100_000,
            "'-99999999999...9999999999999' is a whole number beyond 64 bits.",
        ),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' is there twice."),
        (b'[{"": {"b": 1, "b": 1}}]', "the key 'b' is there twice."),
        (b"[" * 1_000_000 + b"]" * 1_000_000, TOO_DEEP),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, TOO_DEEP),
    ],
)
def test_what_is_refused(data, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        loads(data)


def test_many_keys_that_are_there_twice_are_found_soon():
    keys = [f'"{i}": 0' for i in range(200_000)]
    data = ("{" + ", ".join([*keys, '"199999": 1']) + "}").encode()
    with pytest.raises(ValueError, match=r"^the key '199999' is there twice\.$"):
        loads(data)


@given(
    st.binary() | st.text(alphabet='[]{}":,\\ -0123456789eE.floatinu').map(str.encode)
)
def test_any_bytes_are_data_or_an_error(data):
    try:
        loads(data)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017, both may happen
        assert len(str(error)) < 200  # noqa: PT017, as above
