"""The words of a palette on disk, its colour space and its units: perhaps damaged."""

from __future__ import annotations

from reprlib import repr as shortened
from typing import TYPE_CHECKING

from napari_colorquant.core.color.spaces import COLOR_SPACES
from napari_colorquant.core.palette.palette import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

PLAIN_SPACE = "rgb"
"""What a file says by saying nothing, as those of other programs do."""


def known_space(word: object, line: int | None = None) -> str:
    """Return word if it is a colour space; else raise ValueError with the line."""
    return _known(word, COLOR_SPACES, "the color space {} is", line)


def known_units(word: object, line: int | None = None) -> str:
    """Return word if it is a palette's unit; else raise ValueError with the line."""
    return _known(word, UNITS, "the units {} are", line)


def _known(word: object, words: Sequence[str], said: str, line: int | None) -> str:
    if isinstance(word, str) and word in words:
        return word
    where = "" if line is None else f"line {line}: "
    raise ValueError(
        f"{where}{said.format(shortened(word))} unknown: it must be one of "
        f"{', '.join(words)}."
    )
