"""Stains from painted regions: the vector of each, of the pixels that show it alone."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.sample import draw_ranks
from napari_colorquant.core.color.stains import degrees_between, density_of
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.found.tissue import check_light, is_stained

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FEWEST_PIXELS = 20
"""Of a stain: with fewer, its median would be noise."""
_MOST_PIXELS = 2**18
"""Of a stain: the median of more is the same."""
_APART = 5.0
"""Degrees between two stains, and of one to the mixtures of two others: dark and pale
pixels of one differ by less than 1, and below 5 noise is amplified twelve times."""


def vectors_of_regions(
    colors: NDArray[Any], numbers: NDArray[Any], white: float, wanted: int | None
) -> NDArray[np.float64]:
    """Return the vectors of stains, (n, 3), in the order of their numbers, from 1.

    colors: valid ones, (m, 3); numbers: of their stains, (m,), 0 where not painted;
    wanted: how many stains there must be. Raise ValueError in one sentence if there are
    others, one is not stained, or two are nearly of one colour.
    """
    painted = numbers > 0
    colors, numbers = colors[painted], numbers[painted]
    found = np.unique(numbers).tolist()
    count = len(found) if wanted is None else wanted
    if count not in (2, 3) or found != [*range(1, count + 1)]:
        told = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
        as_many = {2: "1 and 2", 3: "1, 2 and 3"}
        raise ValueError(
            Sentence(
                "the painted stains have the numbers {told}: number them {instead}, "
                "one for each stain.",
                told=told,
                instead=as_many.get(wanted or 0, " or ".join(as_many.values())),
            )
        )
    check_light(colors, white)
    vectors = np.stack([_vector(colors[numbers == n], n, white) for n in found])
    _check_apart(vectors)
    return vectors


def _vector(colors: NDArray[Any], number: int, white: float) -> NDArray[np.float64]:
    """Return the median direction of the densities of what is stained."""
    n_painted = len(colors)
    if n_painted > _MOST_PIXELS:
        colors = colors[draw_ranks(n_painted, _MOST_PIXELS, 0)]
    density = density_of(colors.astype(np.float64) / white)
    stained = density[is_stained(density)]
    if len(stained) < _FEWEST_PIXELS:
        raise ValueError(
            Sentence(
                "only {n:,} of the {of:,} pixels that are painted for stain {number} "
                "are stained, and {least} or more are needed: paint it where the stain "
                "is, and not on glass.",
                n=len(stained),
                of=n_painted,
                number=number,
                least=_FEWEST_PIXELS,
            )
        )
    directions = stained / np.linalg.norm(stained, axis=1, keepdims=True)
    vector = np.median(directions, axis=0)
    return np.asarray(vector / np.linalg.norm(vector))


def _check_apart(vectors: NDArray[np.float64]) -> None:
    """Raise ValueError if two stains are nearly of one colour, or one mixes the others.

    Their amounts could not be told apart.
    """
    for one, other in combinations(range(len(vectors)), 2):
        angle = degrees_between(vectors[one], vectors[other])
        if angle < _APART:
            raise ValueError(
                Sentence(
                    "stains {one} and {other} are painted on nearly the same color: "
                    "their optical densities are {angle:.1f} degrees apart, and "
                    "{apart:g} or more are needed: paint each where it is alone.",
                    one=one + 1,
                    other=other + 1,
                    angle=angle,
                    apart=_APART,
                )
            )
    if len(vectors) == 3:
        _check_mixed(vectors)


def _check_mixed(vectors: NDArray[np.float64]) -> None:
    lengths = [
        float(np.linalg.norm(np.cross(*np.delete(vectors, number, axis=0))))
        for number in range(3)
    ]
    volume = abs(float(np.linalg.det(vectors)))
    angle = float(np.rad2deg(np.arcsin(min(1.0, volume / max(lengths)))))
    if angle < _APART:
        raise ValueError(
            Sentence(
                "the painted stains are nearly mixtures of one another: one is "
                "{angle:.1f} degrees from what the other two mix to, and {apart:g} or "
                "more are needed: paint each where it is alone.",
                angle=angle,
                apart=_APART,
            )
        )
