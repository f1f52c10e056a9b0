"""What is chosen of the stains of slides, and what is said of those that were used."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from napari.layers import Layer

from napari_colorquant.core.color.stains import (
    Rows,
    Stains,
    check_scales,
    degrees_between,
)
from napari_colorquant.formats.palette_data import read_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.viewer.session.results.result import Result

ESTIMATED = "Estimated"
"""The words of stains that are estimated of each image."""
EACH_OWN = "each slide's own"
"""The words of a scale that is measured of each image."""


@dataclass(frozen=True, slots=True)
class PaletteStains:
    """Hold the stains of a palette, at full staining, and the name of its result."""

    name: str
    full: Rows


class UsedStain(NamedTuple):
    """Hold a stain that a result was compared in.

    color: at full staining, 0 to 255; scale: the optical density of that; vector: of
    red, green and blue, of length 1.
    """

    color: tuple[int, int, int]
    scale: float
    vector: tuple[float, ...]


class UsedStains(NamedTuple):
    """Hold the stains that a result was compared in, and the least angle of two."""

    name: str
    stains: tuple[UsedStain, ...]
    degrees: float


def scales_in_text(text: str) -> tuple[float, ...] | None:
    """Return densities as they are typed, None for none; ValueError if one is wrong."""
    scales = read_weights(text, "densities of full staining")
    return check_scales(scales, max(2, min(len(scales), 3))) if scales else None


def written_scales(scales: Sequence[float]) -> str:
    """Return densities to four digits, as `scales_in_text` reads them."""
    return ", ".join(f"{one:.4g}" for one in scales)


def stain_choices(
    chosen: object, shown: Result | None, regions: Sequence[Layer]
) -> list[tuple[str, Any]]:
    """Return where stains may be from, with the words of each.

    They are estimated, or those of the palette that is shown or chosen, or painted.
    """
    palettes: dict[str, PaletteStains] = {}
    if isinstance(chosen, PaletteStains):
        palettes[f"Palette: {chosen.name}"] = chosen
    if shown is not None and shown.palette.stains is not None:
        now = PaletteStains(shown.name, shown.palette.stains)
        if now != chosen:  # a result of that name may have been made anew since
            words = f"Palette: {now.name}"
            palettes[words + ", as it is now" * (words in palettes)] = now
    return [
        (ESTIMATED, None),
        *palettes.items(),
        *((f"Regions: {layer.name}", layer) for layer in regions),
    ]


def used_stains(result: Result | None) -> UsedStains | None:
    """Return the stains that the pixels of a result were compared in; None for none.

    They are the image's own where a palette was applied.
    """
    if result is None or result.palette.stains is None:
        return None
    full = result.recorded.stains or result.palette.stains
    stains = Stains(full)
    vectors, scales = stains.vectors, stains.scales
    amounts = np.zeros((len(full), 3))
    amounts[range(len(full)), range(len(full))] = 1
    colors = np.rint(255 * stains.light(amounts)).astype(int)
    return UsedStains(
        result.name,
        tuple(map(UsedStain, map(tuple, colors.tolist()), scales, map(tuple, vectors))),
        min(degrees_between(*two) for two in combinations(vectors, 2)),
    )
