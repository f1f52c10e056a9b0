from __future__ import annotations

import json
import re
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.formats.strict_json import MAX_DEPTH, dumps, loads

KEYS = st.text().filter(lambda key: key != "$float")
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(1 - 2**64, 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(KEYS, inside),
    max_leaves=20,
)


def nested(depth):
    """An object that holds an object, and so on."""
    return {} if depth == 1 else {"a": nested(depth - 1)}


@given(st.dictionaries(KEYS, PLAIN))
def test_plain_data_come_back(record):
    text = dumps(record)
    assert text.isascii()
    assert loads(text.encode()) == record


def test_the_text():
    record = {
        "a": [1, 2.5, None, True, "ü"],
        "b": {"c": inf, "d": [-inf, nan]},
        "e": (),
    }
    assert dumps(record) == (
        '{\n"a": [1, 2.5, null, true, "\\u00fc"],\n'
        '"b": {"c": {"$float": "inf"}, "d": [{"$float": "-inf"}, {"$float": "nan"}]},\n'
        '"e": []\n}\n'
    )


def test_any_reader_of_json_reads_it():
    def refuse(word):
        raise AssertionError(word)

    text = dumps({"a": nan, "b": [inf], "c": "\ud800"})
    assert json.loads(text, parse_constant=refuse) == {
        "a": {"$float": "nan"},
        "b": [{"$float": "inf"}],
        "c": "\ud800",
    }


def test_numbers_that_are_not_finite_come_back():
    back = loads(dumps({"a": [inf, -inf, np.float64(inf)], "b": nan}).encode())
    assert back["a"] == [inf, -inf, inf]
    assert isnan(back["b"])


def test_as_deep_as_it_may_be():
    assert loads(dumps(nested(MAX_DEPTH)).encode()) == nested(MAX_DEPTH)
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert str(loads(text)).encode() == text


ROUND = []
ROUND.append(ROUND)
TOO_DEEP = "it is nested more than 100 deep."


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
        ({"a": {1: 2}}, TypeError, "it has the key 1: pass keys of text."),
        ({"a": 2**64}, ValueError, "it has a whole number beyond 64 bits."),
        ({"a": -(2**64)}, ValueError, "it has a whole number beyond 64 bits."),
        (
            {"a": {"$float": "inf"}},
            ValueError,
            "it has the key '$float': choose another one.",
        ),
        (nested(MAX_DEPTH + 1), ValueError, TOO_DEEP),
        ({"a": ROUND}, ValueError, TOO_DEEP),
    ],
)
def test_what_cannot_be_written(record, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        dumps(record)


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
        *(
            (
                b'[{"$float": %s}]' % word,
                f"{{'$float': {shown}}} is no number: '$float' is 'inf', '-inf' or "
                "'nan'.",
            )
            for word, shown in (
                (b'"infinity"', "'infinity'"),
                (b"1", "1"),
                (b"[]", "[]"),
            )
        ),
        (
            b'[{"$float": "inf", "a": 1}]',
            "{'$float': 'inf', 'a': 1} is no number: '$float' is 'inf', '-inf' or "
            "'nan'.",
        ),
        (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), TOO_DEEP),
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
    st.binary() | st.text(alphabet='[]{}":,\\ -0123456789eE.$floatinu').map(str.encode)
)
def test_any_bytes_are_data_or_an_error(data):
    try:
        loads(data)
    except ValueError as error:
        assert "\n" not in str(error)  # noqa: PT017, both may happen
        assert len(str(error)) < 200  # noqa: PT017, as above
