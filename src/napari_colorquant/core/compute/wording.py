"""What an error says, in the words of the place where it appears.

A script, a shell and a window call an argument n_colors, --colors and "Colors". An
error has one `Sentence`; a place says it by `sentence_of`, with its own `Words`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from opcode import opmap
from typing import Any

_PACKAGE = __name__.partition(".")[0]


class Words:
    """What a place calls arguments and their values: these are a script's."""

    def name(self, argument: str) -> str:
        """Return what an argument such as n_colors is called, say --colors."""
        return argument

    def value(self, argument: str, value: str) -> str:
        """Return what a value, written as in Python, is called, say none for None."""
        return value

    def setting(self, argument: str, value: str) -> str:
        """Return how an argument is given a value, such as --colors auto."""
        return f"{self.name(argument)}={self.value(argument, value)}"


SCRIPT = Words()


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument in a sentence, where it is not known before which one it is."""

    name: str


class Sentence(str):
    """A sentence in a script's words, which can be said in those of another place.

    {n_colors} names an argument, {n_colors:='auto'} it with a value, {n_samples:None}
    that value. Fields with values are as in str.format; a value may be a sentence.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> Sentence:
        """Write the sentence in a script's words."""
        self = super().__new__(cls, _said(template, values, SCRIPT))
        self.template, self.values = template, values
        return self

    def __reduce__(self) -> tuple[Any, ...]:  # errors come from other processes, too
        return partial(type(self), self.template, **self.values), ()

    def in_words(self, words: Words) -> str:
        """Return the sentence in the words of a place."""
        return _said(self.template, self.values, words)


def sentence_of(error: BaseException, words: Words = SCRIPT) -> str:
    """Return what an error says in the words of a place.

    Of the system's errors it is the file's name and the reason. Other libraries' errors
    say what they say.
    """
    if isinstance(error, MemoryError):
        return "there is not enough memory for it."
    if isinstance(error, OSError) and error.strerror:
        name = "" if error.filename is None else f"{error.filename}: "
        return f"{name}{error.strerror}."
    said = error.args[0] if error.args else ""
    return said.in_words(words) if isinstance(said, Sentence) else str(error)


def is_expected(error: BaseException) -> bool:
    """Return whether a user can cause an error, so that its sentence is all to say.

    Such are those that a raise of this project raised, a file that the system refuses,
    and lack of memory. All others are mistakes of ours, to be reported.
    """
    if isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.strerror
    ):
        return True
    trace = error.__traceback__
    if trace is None or not isinstance(error, Exception):
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "")
    code = trace.tb_frame.f_code.co_code
    return (
        str(module).partition(".")[0] == _PACKAGE
        and code[trace.tb_lasti] == opmap["RAISE_VARARGS"]
        and not isinstance(error, AssertionError)
    )


class _Field:
    """An argument in a sentence, as `format` writes it."""

    def __init__(self, name: str, words: Words) -> None:
        self._name, self._words = name, words

    def __format__(self, value: str) -> str:
        if not value:
            return self._words.name(self._name)
        if value.startswith("="):
            return self._words.setting(self._name, value[1:])
        return self._words.value(self._name, value)


class _Fields(Mapping[str, object]):
    """The fields of a sentence: what has no value is an argument."""

    def __init__(self, values: Mapping[str, object], words: Words) -> None:
        self._values, self._words = values, words

    def __getitem__(self, name: str) -> object:
        value = self._values.get(name, Argument(name))
        if isinstance(value, Argument):
            return _Field(value.name, self._words)
        return value.in_words(self._words) if isinstance(value, Sentence) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _said(template: str, values: Mapping[str, object], words: Words) -> str:
    return template.format_map(_Fields(values, words))
