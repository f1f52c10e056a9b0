"""Tissue: which pixels of a slide it is, and the stains that are in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.sample import draw_ranks
from napari_colorquant.core.color.stains import (
    Rows,
    Stains,
    as_rows,
    degrees_between,
    density_of,
)
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.pixels import valid_colors
from napari_colorquant.core.image.sampling import refuse_nothing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels

LEAST_DENSITY = 0.15
"""Of a channel in the mean, where there is tissue (beta of Macenko et al., 2009); the
amount of a stain that is less is not stretched to full staining."""
_GLASS = 0.15
"""Sum of the three densities, up to which all is glass."""
_GREY = 0.6
"""Least to largest density, from which on a pale colour is glass: H&E reach 0.5."""
_PALE = 25
"""Percent of what is no glass that may be left out where a slide is pale."""
_MOST_PIXELS = 2**18
"""Pixels that stains are estimated from: percentiles of more are the same."""
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


class Slide(NamedTuple):
    """Hold what refusals call a slide, and what they say to pass.

    white: where its values are no light; both: where it has one stain alone.
    """

    name: str
    white: str
    both: str


_WHITE = Sentence("the value of white as {data_range}")
QUANTIZED = Slide(
    "image",
    _WHITE,
    Sentence(
        "{stains} of a slide that has both, or compare in {color_space:='lab'}",
    ),
)
ESTIMATED = Slide(
    "image",
    _WHITE,
    Sentence("an image that has both, or {regions} that are painted over each"),
)
MEASURED = Slide("image", _WHITE, Sentence("{stains} of a slide that has both"))
MATCHED = Slide(
    "slide to match",
    "the vectors and scales of its stains",
    "the vectors and scales of two stains",
)


def is_stained(density: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which densities, (n, 3), are of no glass: dark, or pale with a hue."""
    total, least, most = density.sum(axis=1), density.min(axis=1), density.max(axis=1)
    has_hue = (total > _GLASS) & (least < _GREY * most)
    stained: NDArray[np.bool_] = (total > 3 * LEAST_DENSITY) | has_hue
    return stained


def tissue_of(
    light: NDArray[np.float64], slide: Slide = QUANTIZED
) -> NDArray[np.float64]:
    """Return the densities of tissue, (m, 3), in colours of 0 to 1, (n, 3).

    Left out are glass, and the ink of blue, green and black pens. Raise ValueError if
    too little is left.
    """
    density = density_of(light)
    total, least, most = density.sum(axis=1), density.min(axis=1), density.max(axis=1)
    is_ink = (total > _GLASS) & (density[:, 0] > _INK_OF_BLUE * density[:, 1])
    is_ink |= (least > _DARK) & (least > _INK_OF_BLACK * most)
    is_tissue = is_stained(density) & ~is_ink
    enough = 3 * LEAST_DENSITY
    if is_tissue.any():  # where a slide is pale, so is its tissue
        enough = min(enough, float(np.percentile(total[is_tissue], _PALE)))
    tissue: NDArray[np.float64] = density[is_tissue & (total >= enough)]
    n_ink = np.count_nonzero(is_ink)
    if n_ink > max(_FEWEST_PIXELS, len(tissue)):
        raise ValueError(
            Sentence(
                "{n_ink:,} pixels have the color of blue, green or black ink, and only "
                "{n:,} that of other stains: leave the ink out, by a mask of tissue or "
                "by cutting it off.",
                n_ink=n_ink,
                n=len(tissue),
            )
        )
    if len(tissue) < _FEWEST_PIXELS:
        raise ValueError(
            Sentence(
                "only {n:,} of {of:,} pixels are tissue, and stains are estimated from "
                "{least:,} or more: pass {slide} of stained tissue in front of bright "
                "glass, or {white}.",
                slide="an image" if slide.name == "image" else f"a {slide.name}",
                white=slide.white,
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


def check_apart(vectors: NDArray[np.float64], slide: Slide) -> None:
    """Raise ValueError if two estimated vectors are those of one stain alone."""
    angle = degrees_between(*vectors)
    if angle < _APART:
        raise ValueError(
            Sentence(
                "the tissue{where} has one stain alone: its colors lie within "
                "{angle:.1f} degrees, and two stains are {apart:g} or more apart: pass "
                "{both}.",
                where="" if slide.name == "image" else f" of the {slide.name}",
                angle=angle,
                apart=_APART,
                both=slide.both,
            )
        )


def scales_in(
    tissue: NDArray[np.float64], vectors: Rows, known: Stains | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return the density at which each stain is full, and notes for the user.

    A stain that hardly is there is not stretched: it has the scale that is known from
    elsewhere, else that of the strongest stain.
    """
    amounts = Stains(vectors).amounts_of(tissue)[:, : len(vectors)]
    scales = np.percentile(amounts, _FULL, axis=0)
    is_pale = scales < LEAST_DENSITY
    notes = tuple(
        f"Stain {number + 1} has an optical density of {scales[number]:.2f} in the "
        f"tissue, less than {LEAST_DENSITY:g}: it is not stretched to full staining."
        for number in np.flatnonzero(is_pale)
    )
    strongest = max(LEAST_DENSITY, scales.max())
    scales[is_pale] = strongest if known is None else known.scales[is_pale]
    return scales, notes


def stains_in(
    pixels: Pixels,
    vectors: Rows | None = None,
    scales: tuple[float, ...] | None = None,
    known: Stains | None = None,
    slide: Slide = QUANTIZED,
) -> tuple[Stains, tuple[str, ...]]:
    """Return the stains of an image whose white is known, and notes for the user.

    Vectors and scales that are not given are estimated. known: the stains of a slide
    whose palette is applied: stains that are not found here have its vectors, and all
    three where it has three. slide: what refusals say of the image. Raise
    ValueError as tissue_of, or if there is one stain alone and none known.
    """
    if vectors is not None and scales is not None:
        return Stains.of(vectors, scales), ()
    tissue, notes = tissue_in(pixels, slide), tuple[str, ...]()
    if vectors is None and known is not None:
        vectors, notes = _matched(tissue, known)
    elif vectors is None:
        found = vectors_in(tissue)
        check_apart(found, slide)
        vectors = as_rows(found)
    if scales is not None:
        return Stains.of(vectors, scales), notes
    measured, more = scales_in(tissue, vectors, known)
    return Stains.of(vectors, measured), (*notes, *more)


def _matched(
    tissue: NDArray[np.float64], known: Stains
) -> tuple[Rows, tuple[str, ...]]:
    """Return the vectors of tissue in the order of those that are known, and notes.

    One is not found where the two estimates are those of one stain; or less than half
    as far apart as those that are known, and one lies nearer to the other's than half
    of the way. Then the stain that is there has the mean of the tissue, and the other
    one the vector that is known.
    """
    own = known.vectors
    if len(own) == 3:
        return as_rows(own), ()
    found = vectors_in(tissue)
    if own[0, 0] < own[1, 0]:  # given in another order
        found = found[::-1]
    half, apart = degrees_between(*own) / 2, degrees_between(*found)
    is_near = [degrees_between(found[i], own[1 - i]) < half for i in (0, 1)]
    if apart >= _APART and (apart >= half or not any(is_near)):
        return as_rows(found), ()
    mean = tissue.sum(axis=0) / np.linalg.norm(tissue.sum(axis=0))
    there = int(degrees_between(mean, own[1]) < degrees_between(mean, own[0]))
    vectors = own.copy()
    vectors[there] = mean
    note = (
        f"Stain {2 - there} of the palette is not found in the image: it has the color "
        "that it has in the palette."
    )
    return as_rows(vectors), (note,)


def tissue_in(pixels: Pixels, slide: Slide = QUANTIZED) -> NDArray[np.float64]:
    """Return the densities of the tissue of an image whose white is known, (m, 3).

    Raise ValueError as tissue_of, or for values that are no light.
    """
    colors = valid_colors(pixels)
    refuse_nothing([len(colors)])
    check_light(colors, pixels.white_value, slide)  # all, and not those drawn alone
    if len(colors) > _MOST_PIXELS:
        colors = colors[draw_ranks(len(colors), _MOST_PIXELS, 0)]
    return tissue_of(colors.astype(np.float64) / pixels.white_value, slide)


def check_light(values: NDArray[Any], white: float, slide: Slide = QUANTIZED) -> None:
    """Raise ValueError if values, of any shape, are below 0 or above white."""
    if not values.size:
        return
    low, high = values.min(), values.max()
    if low < 0 or high > white:
        raise ValueError(
            Sentence(
                "stains need values from 0 to {white:g}, and the {what} has some from "
                "{low:g} to {high:g}: divide by their range first, or pass {instead}.",
                white=white,
                what=slide.name,
                low=low,
                high=high,
                instead=slide.white,
            )
        )
