"""Stains: the light that each takes away, and how much of each a colour has.

Optical density is -log10 of the light that is left: densities of stains add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import number, sequence
from napari_colorquant.core.compute.wording import Argument, Sentence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

DARKEST = 1 / 512
"""Less than half a level of 8 bits: what is taken for no light at all."""
Rows = tuple[tuple[float, ...], ...]
"""Optical densities of red, green and blue, a row for each stain."""
_ROUNDING = 1e-4
"""Optical density up to which stains are the same: text has four decimals or more."""
_LEAST_SCALE, _MOST_SCALE = 0.01, 100.0
"""Densities that are full staining: others are a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Stains:
    """Hold two or three stains: their optical densities at full staining, (n, 3)."""

    full: Rows

    @staticmethod
    def of(vectors: ArrayLike, scales: ArrayLike) -> Stains:
        """Return stains of vectors of length 1, and the density where each is full."""
        full = np.asarray(vectors) * np.asarray(scales)[:, np.newaxis]
        return Stains(as_rows(full))

    @property
    def scales(self) -> NDArray[np.float64]:
        """The density along its vector at which each stain is full, (n,)."""
        return np.asarray(np.linalg.norm(self.full, axis=1), np.float64)

    @property
    def vectors(self) -> NDArray[np.float64]:
        """The directions of the stains, of length 1, (n, 3)."""
        return np.asarray(np.array(self.full) / self.scales[:, np.newaxis])

    def amounts(self, light: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the amounts of stains, (n, 3), in colours of 0 to 1, (n, 3).

        1 is full staining. The third of two stains is the density that neither has.
        """
        return self.amounts_of(density_of(light))

    def amounts_of(self, density: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the amounts in densities."""
        return np.asarray(density @ np.linalg.inv(self._basis()), np.float64)

    def light(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the colours of amounts, no lighter than 1."""
        light: NDArray[np.float64] = 10.0 ** -np.maximum(amounts @ self._basis(), 0)
        return light

    def _basis(self) -> NDArray[np.float64]:
        """Return the density of each amount of 1, a row of red, green and blue each."""
        basis: NDArray[np.float64] = np.array(self.full)
        if len(basis) == 3:
            return basis
        other = np.cross(basis[0], basis[1])
        return np.asarray([*basis, other / np.linalg.norm(other)], np.float64)


def density_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return optical densities of light of 0 to 1."""
    return np.asarray(-np.log10(np.maximum(light, DARKEST)), np.float64)


def as_rows(array: NDArray[np.float64]) -> Rows:
    """Return an array of rows as plain tuples."""
    return tuple(map(tuple, array.tolist()))


def are_alike(own: Rows | None, others: Rows | None) -> bool:
    """Return whether stains at full staining are the same, or own are not known.

    What was written as text and read again may differ a little.
    """
    if own is None:
        return True
    if others is None or len(own) != len(others):
        return False
    return bool(np.abs(np.array(own) - others).max() <= _ROUNDING)


def degrees_between(a: ArrayLike, b: ArrayLike) -> float:
    """Return the angle of two vectors of length 1."""
    return float(np.rad2deg(np.arccos(np.clip(np.dot(a, b), -1, 1))))


def check_vectors(value: object, what: str = "stains") -> Rows:
    """Return the directions of two or three stains, of length 1; raise as check_stains.

    Densities at any amount of a stain have its direction.
    """
    array = np.array(check_stains(value, what))
    length = np.linalg.norm(array, axis=1)[:, np.newaxis]
    # What is of length 1 to the last digit stays, so that a run can be repeated.
    return as_rows(np.where(np.abs(length - 1) < 1e-12, array, array / length))


def check_stains(value: object, what: str = "stains") -> Rows:
    """Return the densities of two or three stains, (n, 3), as plain rows, or raise.

    TypeError if they hold no numbers; ValueError for other numbers of them, below 0 or
    too much alike. what: the argument.
    """
    said = Argument(what)
    rows = [
        [number(one, said) for one in sequence(row, said, "numbers")]
        for row in sequence(value, said, "stains, each of three optical densities")
    ]
    if len(rows) not in (2, 3) or any(len(row) != 3 for row in rows):
        raise ValueError(
            Sentence(
                "{stains} hold {rows}: pass two or three stains, each with the optical "
                "densities of red, green and blue.",
                stains=said,
                rows=_told(rows),
            )
        )
    densities = np.array(rows)
    length = np.linalg.norm(densities, axis=1, keepdims=True)
    if densities.min() < 0 or not length.min() > 0 or not np.isfinite(length.max()):
        raise ValueError(
            Sentence(
                "{stains} hold {least:g}: pass optical densities of 0 or more, and not "
                "0 alone.",
                stains=said,
                least=densities.min(),
            )
        )
    vectors = densities / length
    closest = min(degrees_between(*two) for two in combinations(vectors, 2))
    if closest < 1 or (len(rows) == 3 and abs(np.linalg.det(vectors)) < 0.01):
        raise ValueError(
            Sentence(
                "{stains} are so much alike that their amounts cannot be told apart: "
                "pass stains of different colors.",
                stains=said,
            )
        )
    return as_rows(densities)


def check_given(
    stains: object, scales: object, color_space: str
) -> tuple[Rows | None, tuple[float, ...] | None]:
    """Return vectors and scales of a run; raise if they are wrong, or for nothing.

    Scales are of as many stains as there are vectors, of two without.
    """
    for name, value in (("stains", stains), ("stain_scale", scales)):
        if value is not None and color_space != "stains":
            raise ValueError(
                Sentence(
                    "{what} is for {color_space:='stains'}, and {color_space} is "
                    "{space!r}: pass one or the other.",
                    what=Argument(name),
                    space=color_space,
                )
            )
    vectors = None if stains is None else check_vectors(stains)
    n_stains = 2 if vectors is None else len(vectors)
    return vectors, None if scales is None else check_scales(scales, n_stains)


def stand_in(scales: object, weights: object = None) -> Rows:
    """Return stains to check a run with, as many as scales or weights, or two.

    They are in place of those that are learned later, from painted regions.
    """
    is_three = any(
        isinstance(one, Sequence | np.ndarray) and len(one) == 3
        for one in (scales, weights)
    )
    return as_rows(np.eye(3)[: 3 if is_three else 2])


def check_full(value: object, color_space: str) -> Rows | None:
    """Return the stains of a palette at full staining; None in other spaces; or raise.

    ValueError if they are missing, or there in another space.
    """
    if (value is not None) != (color_space == "stains"):
        raise ValueError(
            Sentence(
                "{color_space} is {space!r}, and stains are {said}: pass stains where "
                "{color_space:='stains'}, and only there.",
                space=color_space,
                said="missing" if value is None else "passed",
            )
        )
    if value is None:
        return None
    full = check_stains(value)
    check_scales(Stains(full).scales.tolist(), len(full), "stains")
    return full


def check_scales(
    value: object, n_stains: int, what: str = "stain_scale"
) -> tuple[float, ...]:
    """Return one density above 0 for each stain, or raise TypeError or ValueError."""
    said = Argument(what)
    scales = tuple(
        number(one, said, above=0) for one in sequence(value, said, "numbers")
    )
    wrong = [one for one in scales if not _LEAST_SCALE <= one <= _MOST_SCALE]
    if wrong:
        raise ValueError(
            Sentence(
                "{what} holds {wrong:g}: pass optical densities from {least:g} to "
                "{most:g}.",
                what=said,
                wrong=wrong[0],
                least=_LEAST_SCALE,
                most=_MOST_SCALE,
            )
        )
    if len(scales) != n_stains:
        raise ValueError(
            Sentence(
                "{what} holds {n}: pass {wanted} numbers, one for each stain.",
                what=said,
                n=len(scales),
                wanted=n_stains,
            )
        )
    return scales


def _told(rows: list[list[Any]]) -> str:
    noun = "row" if len(rows) == 1 else "rows"
    sizes = ", ".join(map(str, sorted({len(row) for row in rows})))
    return f"{len(rows)} {noun}" + (f" of {sizes} numbers" if rows else "")
