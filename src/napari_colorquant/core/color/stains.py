"""Stains: the light that each takes away, and how much of each a colour has.

Optical density is -log10 of the light that is left: densities of stains add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import number, sequence
from napari_colorquant.core.compute.wording import Argument, Sentence

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

LEAST_DENSITY = 0.15
"""Of a channel in the mean, where there is tissue (beta of Macenko et al., 2009); the
amount of a stain that is less is not stretched to full staining."""
_GLASS = 0.15
"""Sum of the three densities, up to which all is glass."""
_GREY = 0.6
"""Least to largest density, from which on a pale colour is glass: H&E reach 0.5."""
_PALE = 25
"""Percent of what is no glass that may be left out where a slide is pale."""
DARKEST = 1 / 512
"""Less than half a level of 8 bits: what is taken for no light at all."""
_ENDS = (1, 99)
"""Percentiles of the angles at which the two stains lie: alpha of Macenko et al."""
_FULL = 99
"""Percentile of an amount that is full staining."""
_FEWEST_PIXELS = 100
"""With fewer pixels of tissue, a percentile would be that of one pixel."""
_INK_OF_BLACK = 0.85
"""Least to largest density, from which on a colour is grey: the nuclei of two stains
reach 0.77."""
_DARK = 0.5
"""Density of every channel, above which what is grey is black ink."""
_INK_OF_BLUE = 1.25
"""Density of red to green, from which on a colour is blue or green: that of
haematoxylin is up to 1.1."""
_APART = 10.0
"""Degrees between two stains: the noise of one alone is less."""


@dataclass(frozen=True, slots=True)
class Stains:
    """Hold two or three stains.

    vectors: optical densities of red, green and blue, of length 1; scales: the density
    along its vector at which a stain is full.
    """

    vectors: tuple[tuple[float, ...], ...]
    scales: tuple[float, ...]

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
        basis: NDArray[np.float64] = np.array(self.vectors)
        basis *= np.array(self.scales)[:, np.newaxis]
        if len(basis) == 3:
            return basis
        other = np.cross(self.vectors[0], self.vectors[1])
        return np.asarray([*basis, other / np.linalg.norm(other)], np.float64)


def density_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return optical densities of light of 0 to 1."""
    return np.asarray(-np.log10(np.maximum(light, DARKEST)), np.float64)


def tissue_of(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the densities of tissue, (m, 3), in colours of 0 to 1, (n, 3).

    Left out are glass, and the ink of blue, green and black pens. Raise ValueError if
    too little is left.
    """
    density = density_of(light)
    total, least, most = density.sum(axis=1), density.min(axis=1), density.max(axis=1)
    is_ink = (total > _GLASS) & (density[:, 0] > _INK_OF_BLUE * density[:, 1])
    is_ink |= (least > _DARK) & (least > _INK_OF_BLACK * most)
    enough = 3 * LEAST_DENSITY
    is_tissue = (total > enough) | ((total > _GLASS) & (least < _GREY * most))
    is_tissue &= ~is_ink
    if is_tissue.any():  # where a slide is pale, so is its tissue
        enough = min(enough, float(np.percentile(total[is_tissue], _PALE)))
    tissue: NDArray[np.float64] = density[is_tissue & (total >= enough)]
    n_ink = np.count_nonzero(is_ink)
    if n_ink > max(_FEWEST_PIXELS, len(tissue)):
        raise ValueError(
            Sentence(
                "{n_ink:,} pixels have the color of blue, green or black ink, and only "
                "{n:,} that of other stains: pass a {mask} of tissue, without ink.",
                n_ink=n_ink,
                n=len(tissue),
            )
        )
    if len(tissue) < _FEWEST_PIXELS:
        raise ValueError(
            Sentence(
                "only {n:,} of {of:,} pixels are tissue, and stains are estimated from "
                "{least:,} or more: pass an image of stained tissue in front of bright "
                "glass, or the value of its white as {data_range}.",
                n=len(tissue),
                of=len(light),
                least=_FEWEST_PIXELS,
            )
        )
    return tissue


def vectors_in(tissue: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the vectors of two stains, (2, 3), the one with more red density first.

    They are the outermost directions of the tissue's densities, (n, 3), in the plane
    that fits these best: Macenko et al., 2009.
    """
    # einsum adds up in one order, however many threads there are.
    _, axes = np.linalg.eigh(np.einsum("ni,nj->ij", tissue, tissue))
    plane = axes[:, :0:-1] * np.where(axes[:, :0:-1].sum(axis=0) < 0, -1, 1)
    at = tissue @ plane
    ends = np.deg2rad(np.percentile(np.rad2deg(np.arctan2(at[:, 1], at[:, 0])), _ENDS))
    found = np.maximum(np.stack([np.cos(ends), np.sin(ends)], axis=1) @ plane.T, 0)
    found /= np.linalg.norm(found, axis=1)[:, np.newaxis]
    vectors: NDArray[np.float64] = found[np.argsort(-found[:, 0])]
    return vectors


def degrees_between(a: ArrayLike, b: ArrayLike) -> float:
    """Return the angle of two vectors of length 1."""
    return float(np.rad2deg(np.arccos(np.clip(np.dot(a, b), -1, 1))))


def check_apart(vectors: NDArray[np.float64]) -> None:
    """Raise ValueError if two estimated vectors are those of one stain alone."""
    angle = degrees_between(*vectors)
    if angle < _APART:
        raise ValueError(
            Sentence(
                "the tissue has one stain alone: its colors lie within {angle:.1f} "
                "degrees, and two stains are {apart:g} or more apart. Pass the vectors "
                "of a slide that has both as {stains}.",
                angle=angle,
                apart=_APART,
            )
        )


def scales_in(
    tissue: NDArray[np.float64], vectors: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the density at which each stain is full, and notes for the user.

    A stain that hardly is there is not stretched: it has the scale of the strongest.
    """
    unscaled = Stains(as_vectors(vectors), (1.0,) * len(vectors))
    amounts = unscaled.amounts_of(tissue)
    scales = np.percentile(amounts[:, : len(vectors)], _FULL, axis=0)
    is_pale = scales < LEAST_DENSITY
    notes = tuple(
        f"Stain {number + 1} has an optical density of {scales[number]:.2f} in the "
        f"tissue, less than {LEAST_DENSITY:g}: it is not stretched to full staining."
        for number in np.flatnonzero(is_pale)
    )
    scales[is_pale] = max(LEAST_DENSITY, scales.max())
    return scales, notes


def as_vectors(vectors: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    """Return an array of rows as plain tuples."""
    return tuple(map(tuple, vectors.tolist()))


def check_vectors(value: object, what: str = "stains") -> tuple[tuple[float, ...], ...]:
    """Return the vectors of two or three stains with the length 1, or raise.

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
    vectors = np.array(rows)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if vectors.min() < 0 or not length.min() > 0 or not np.isfinite(length.max()):
        raise ValueError(
            Sentence(
                "{stains} hold {least:g}: pass optical densities of 0 or more, and not "
                "0 alone.",
                stains=said,
                least=vectors.min(),
            )
        )
    vectors /= length
    closest = min(degrees_between(*two) for two in combinations(vectors, 2))
    if closest < 1 or (len(rows) == 3 and abs(np.linalg.det(vectors)) < 0.01):
        raise ValueError(
            Sentence(
                "{stains} are so much alike that their amounts cannot be told apart: "
                "pass stains of different colors.",
                stains=said,
            )
        )
    return as_vectors(vectors)


def check_scales(
    value: object, n_stains: int, what: str = "stain_scale"
) -> tuple[float, ...]:
    """Return one density above 0 for each stain, or raise TypeError or ValueError."""
    said = Argument(what)
    scales = tuple(
        number(one, said, above=0) for one in sequence(value, said, "numbers")
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
