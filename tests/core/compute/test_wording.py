from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from napari_colorquant import Palette, Parameters
from napari_colorquant.core.compute import wording
from napari_colorquant.core.compute.wording import (
    Argument,
    Sentence,
    Words,
    is_expected,
    sentence_of,
)


class Window(Words):
    def name(self, argument):
        return {"n_colors": "Colors"}.get(argument, argument.title())

    def value(self, argument, value):
        return "none" if value == "None" else value.strip("'").upper()

    def setting(self, argument, value):
        return f"{self.name(argument)} at {self.value(argument, value)}"


SENTENCE = Sentence(
    "{n_colors} is {n:,} {text!r}: pass {n_colors:='auto'}, {other}, {other:={axis}} "
    "or {samples:None}; {reason}",
    n=1234,
    text="{n_colors}",
    axis=-1,
    other=Argument("axis"),
    reason=Sentence("{refine} is {{on}}."),
)
IN_A_SCRIPT = (
    "n_colors is 1,234 '{n_colors}': pass n_colors='auto', axis, axis=-1 or None; "
    "refine is {on}."
)
IN_A_WINDOW = (
    "Colors is 1,234 '{n_colors}': pass Colors at AUTO, Axis, Axis at -1 or none; "
    "Refine is {on}."
)


@pytest.mark.parametrize(
    "again", [lambda it: it, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_a_sentence_is_a_string_that_other_places_say_in_their_words(again):
    error = again(ValueError(SENTENCE))
    assert str(error) == sentence_of(error) == IN_A_SCRIPT
    assert sentence_of(error, Window()) == IN_A_WINDOW


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("n_colors is wrong."), "n_colors is wrong."),
        (MemoryError(2**40), "there is not enough memory for it."),
        (OSError(28, "No space left", "a.tif"), "a.tif: No space left."),
        (OSError(28, "No space left"), "No space left."),
        (FileExistsError("a.tif: exists already."), "a.tif: exists already."),
        (RuntimeError(), ""),
    ],
)
def test_other_errors_say_what_they_say(error, sentence):
    assert sentence_of(error, Window()) == sentence


def caught(function, *arguments, **named):
    with pytest.raises(Exception) as info:  # noqa: PT011, of any kind
        function(*arguments, **named)
    return info.value


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (Palette, [[]]),
        (Palette.load, ["gone.csv"]),
        (Palette.load, ["a.docx"]),
        (open, ["gone.csv"]),
        (np.empty, [2**56]),
    ],
)
def test_what_a_user_can_cause_is_expected(function, arguments):
    assert is_expected(caught(function, *arguments))


def test_what_a_statement_met_is_a_mistake():
    def check():
        raise ValueError("of somebody else.")

    assert not is_expected(caught(check))
    assert not is_expected(caught(Parameters, colors=3))
    assert not is_expected(caught(Palette([[1]]).in_units))
    assert not is_expected(ValueError("never raised."))
    assert not is_expected(KeyboardInterrupt())


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("raise ValueError('a check.')", True),
        ("raise LookupError('a check.')", True),
        ("assert False, 'an assumption'", False),
        ("int('x')", False),
        ("[][0]", False),
        ("np.zeros(3).reshape(2)", False),
        ("np.broadcast_shapes(2, 3)", False),
    ],
)
def test_only_a_raise_of_ours_is_a_check(statement, expected):
    ours = {"__name__": wording.__name__, "np": np}
    assert is_expected(caught(exec, statement, ours)) is expected
    theirs = {"__name__": "napari_colorquant_of_somebody_else", "np": np}
    assert not is_expected(caught(exec, statement, theirs))


def test_an_error_that_is_said_again_is_expected():
    ours = {"__name__": wording.__name__}
    again = "try:\n    int('x')\nexcept ValueError as e:\n    raise ValueError('no.') "
    for ending in ("from e", "from None"):
        assert is_expected(caught(exec, again + ending, ours))
    assert not is_expected(caught(exec, again.replace("ValueError('no.') ", ""), ours))
