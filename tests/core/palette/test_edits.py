from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.palette.edits import (
    EDITS,
    SORT_KEYS,
    Classify,
    Clean,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
    edit_as_dict,
    edit_from_dict,
)


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "sentence"),
    [
        (Recolor, (1.0, [0]), TypeError, "an entry is 1.0: pass a whole number."),
        (Recolor, (0, ["1"]), TypeError, "a value of the color is '1': pass a number."),
        (
            Recolor,
            (0, [float("nan")]),
            ValueError,
            "a value of the color is nan: pass a finite number.",
        ),
        (Merge, ([0, "1"],), TypeError, "an entry is '1': pass a whole number."),
        (Merge, ([0, 1], 1), TypeError, "into_first is 1: pass True or False."),
        (Remove, ([True],), TypeError, "an entry is True: pass a whole number."),
        (Rename, ("0", "a"), TypeError, "an entry is '0': pass a whole number."),
        (Rename, (0, None), TypeError, "the name is None: pass a string."),
        (Classify, (0, "a"), TypeError, "entries is 0: pass a list of whole numbers."),
        (
            Classify,
            ([0], None),
            TypeError,
            "the name of a class is None: pass a string.",
        ),
        (Lock, ([None],), TypeError, "an entry is None: pass a whole number."),
        (Lock, ([0], None), TypeError, "locked is None: pass True or False."),
        (Clean, (1.5,), TypeError, "majority is 1.5: pass a whole number."),
        (
            Clean,
            (101,),
            ValueError,
            "majority is 101: pass a whole number, from 0 to 100.",
        ),
        (
            Clean,
            (0, -1),
            ValueError,
            "min_region is -1: pass a whole number, 0 or more.",
        ),
        (Clean, (0, 0, 4), ValueError, "ndim is 4: pass a whole number, from 2 to 3."),
        (
            Sort,
            ("size",),
            ValueError,
            "a palette cannot be sorted by 'size': pass one of lightness, hue, "
            "population.",
        ),
    ],
)
def test_an_edit_is_checked_when_made(kind, arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        kind(*arguments)


def test_numbers_of_numpy_become_plain_ones():
    edit = Recolor(np.int16(1), np.array([0.5, 2], np.float32))
    assert edit == Recolor(1, (0.5, 2.0))
    assert [type(value) for value in (edit.entry, *edit.color)] == [int, float, float]
    assert Merge(np.array([2, 0, 2], np.uint8)).entries == (2, 0)


def test_edits_cannot_be_changed_and_can_be_kept_in_sets():
    edit = Merge([0, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        edit.entries = (2, 3)
    assert {edit, Merge((0, 1))} == {edit}


@pytest.mark.parametrize(
    ("edit", "plain"),
    [
        (Recolor(1, [9, 8, 7]), {"entry": 1, "color": [9.0, 8.0, 7.0]}),
        (Merge([2, 0]), {"entries": [2, 0], "into_first": False}),
        (Remove([1]), {"entries": [1]}),
        (Rename(0, "a 'b'\n"), {"entry": 0, "name": "a 'b'\n"}),
        (Classify([2, 0, 2], "DAB"), {"entries": [2, 0], "name": "DAB"}),
        (Lock([1, 2], locked=False), {"entries": [1, 2], "locked": False}),
        (Sort("hue"), {"by": "hue"}),
        (Clean(2, np.int64(9)), {"majority": 2, "min_region": 9, "ndim": 2}),
    ],
)
def test_edits_are_told_as_plain_data(edit, plain):
    assert edit_as_dict(edit) == {"edit": type(edit).__name__, **plain}


ENTRIES = st.lists(st.integers(0, 70_000), max_size=4)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
ANY_EDIT = st.one_of(
    st.builds(Recolor, st.integers(0), st.lists(FINITE, max_size=4)),
    st.builds(Merge, ENTRIES, st.booleans()),
    st.builds(Remove, ENTRIES),
    st.builds(Rename, st.integers(0), st.text(max_size=5)),
    st.builds(Classify, ENTRIES, st.text(max_size=5)),
    st.builds(Lock, ENTRIES, st.booleans()),
    st.builds(Sort, st.sampled_from(SORT_KEYS)),
    st.builds(Clean, st.integers(0, 100), st.integers(0), st.integers(2, 3)),
)


@given(ANY_EDIT)
def test_plain_data_make_the_edit_again_also_from_json(edit):
    plain = edit_as_dict(edit)
    assert edit_from_dict(plain) == edit
    read = json.loads(json.dumps(plain))
    assert read == plain
    assert edit_from_dict(read) == edit


def test_what_is_missing_in_plain_data_has_its_default():
    assert edit_from_dict({"edit": "Merge", "entries": [1, 2]}) == Merge([1, 2])
    assert edit_from_dict({"edit": "Sort"}) == Sort()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
JUNK = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_leaves=5,
)


@given(ANY_EDIT.map(edit_as_dict), JUNK, st.data())
def test_damaged_plain_data_give_an_edit_or_one_sentence(plain, junk, data):
    damage = data.draw(st.sampled_from(["all", "key", "kind", "lost", *plain]))
    if damage == "all":
        plain = junk
    elif damage == "kind":
        plain["edit"] = data.draw(st.sampled_from([*EDITS]))
    elif damage == "key":
        plain[data.draw(st.text(max_size=3))] = junk
    elif damage == "lost":
        del plain[data.draw(st.sampled_from([*plain]))]
    else:
        plain[damage] = junk
    made = edit_or_sentence(plain)
    if isinstance(made, str):
        assert made.endswith(" is no edit of a palette.")
        assert len(made) < 300
    else:
        assert type(made) in EDITS.values()


def edit_or_sentence(plain):
    try:
        return edit_from_dict(plain)
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"edit": "Explode", "entries": [1]},
        {"edit": ["Merge"], "entries": [1, 2]},
        {"edit": "Merge"},
        {"edit": "Merge", "entries": 5},
        {"edit": "Merge", "entries": "12"},
        {"edit": "Merge", "entries": [0, 1.5]},
        {"edit": "Merge", "entries": [0, float("inf")]},
        {"edit": "Remove", "entries": [0], "into_first": True},
        {"edit": "Recolor", "entry": 0, "color": [10**400]},
        {"edit": "Rename", "entry": 0, "name": 5},
        {"edit": "Sort", "by": "size"},
        {1: 2},
        None,
        [],
        "Merge",
        7,
    ],
)
def test_damaged_plain_data_are_refused(damaged):
    with pytest.raises(ValueError, match=r" is no edit of a palette\.$"):
        edit_from_dict(damaged)
