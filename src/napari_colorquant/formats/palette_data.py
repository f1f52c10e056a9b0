"""A palette as plain data, and the words of it that are on disk: perhaps damaged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLORS = 65_535
"""Largest palette: labels are index + 1 and must fit into 16 bits."""
UNITS = (
    "bool",
    *(f"uint{bits}" for bits in (8, 16, 32, 64)),
    *(f"int{bits}" for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
)
"""dtypes of images, whose values a palette's colours may be."""
COLOR_SPACES = ("rgb", "lab", "ab", "oklab", "hed", "stains")
"""The names: the channels as they are, CIELAB, its hue and chroma alone, Oklab,
haematoxylin-eosin-DAB, and stains that the palette knows."""
PLAIN_SPACE = "rgb"
"""What a file says by saying nothing, as those of other programs do."""


def white_of(units: str) -> float:
    """Return white of a dtype: its largest integer, or 1 for floats and bool."""
    dtype = np.dtype(units)
    return 1.0 if dtype.kind in "bf" else float(np.iinfo(dtype).max)


@dataclass(frozen=True, slots=True, eq=False)
class PaletteData:
    """What a palette holds, as a file says it: only Palette has checked it.

    See Palette for the fields. colors: float64, shape (K, C); counts: int64.
    """

    colors: NDArray[np.float64]
    counts: NDArray[np.int64] | None = None
    names: tuple[str, ...] | None = None
    color_space: str = PLAIN_SPACE
    units: str | None = None
    locked: tuple[int, ...] = ()
    white: float | None = None
    classes: tuple[str, ...] | None = None
    weights: tuple[float, ...] | None = None
    stains: tuple[tuple[float, ...], ...] | None = None
    background: tuple[float, ...] | None = None
    learned_distance: float | None = None
    learned_shares: tuple[float, ...] | None = None

    def __len__(self) -> int:
        return len(self.colors)

    @property
    def n_channels(self) -> int:
        """Number of channels C of every entry."""
        return int(self.colors.shape[1])

    @property
    def white_value(self) -> float | None:
        """The value of white in the palette's units; None where they are not known."""
        if self.white is not None or self.units is None:
            return self.white
        return white_of(self.units)

    def as_dict(self) -> dict[str, Any]:
        """Return the palette as plain data.

        Returns
        -------
        dict
            Numbers, strings, None and lists of these: what ``Palette.from_dict`` takes.
        """
        distance, shares = self.learned_distance, self.learned_shares
        return {
            "colors": self.colors.tolist(),
            "counts": None if self.counts is None else self.counts.tolist(),
            "names": None if self.names is None else list(self.names),
            "color_space": self.color_space,
            "units": self.units,
            "locked": list(self.locked),
            **({} if self.white is None else {"white": self.white}),
            **({} if self.classes is None else {"classes": list(self.classes)}),
            **({} if self.weights is None else {"weights": list(self.weights)}),
            **({} if self.stains is None else {"stains": [*map(list, self.stains)]}),
            **({} if self.background is None else {"background": [*self.background]}),
            **({} if distance is None else {"learned_distance": distance}),
            **({} if shares is None else {"learned_shares": list(shares)}),
        }


def known_space(word: object, line: int | None = None) -> str:
    """Return word if it is a colour space; else raise ValueError with the line."""
    return _known(word, COLOR_SPACES, "the color space {} is", line)


def read_weights(text: str, what: str = "weights") -> tuple[float, ...]:
    """Return the numbers of a text, with commas or spaces between them.

    An empty text has none. Raise ValueError if one is no number; what: they are.
    """
    try:
        return tuple(map(float, text.replace(",", " ").split()))
    except ValueError:
        raise ValueError(
            f"the {what} {shortened(text)} are no numbers with commas between them."
        ) from None


read_limits = partial(read_weights, what="limits of the background")
"""Returns the numbers of a text, as read_weights."""


def written_weights(weights: Sequence[float] | None) -> str:
    """Return what read_weights reads; empty for None."""
    return ", ".join(repr(one).removesuffix(".0") for one in weights or ())


def read_stains(text: str) -> tuple[tuple[float, ...], ...]:
    """Return the rows of numbers of a text, with semicolons between rows.

    Raise ValueError if one is no number.
    """
    try:
        return tuple(map(read_weights, text.split(";")))
    except ValueError:
        raise ValueError(
            f"the stains {shortened(text)} are no numbers with commas between them, "
            "and semicolons between stains."
        ) from None


def written_stains(stains: Sequence[Sequence[float]]) -> str:
    """Return what read_stains reads."""
    return "; ".join(map(written_weights, stains))


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
