"""Match palettes of neighbouring slices, so that an entry means the same in all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.color.spaces import power_of_two_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.palette.palette import Palette


def matched_places(
    known: NDArray[np.float64],
    colors: NDArray[np.float64],
    fixed: NDArray[np.float64],
    space: ColorSpace,
) -> NDArray[np.int64]:
    """Return which known entry each colour continues; numbers from K on are new ones.

    Fixed colours match themselves; the others have the least sum of squared differences
    in the space (the assignment problem, scipy.optimize.linear_sum_assignment).
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    places = np.full(len(colors), -1)
    if len(known):
        for color in fixed:  # an assignment might exchange them for others
            old = np.flatnonzero((known == color).all(axis=1))
            new = np.flatnonzero((colors == color).all(axis=1) & (places < 0))
            old = old[~np.isin(old, places)]
            if old.size and new.size:
                places[new[0]] = old[0]
        free_old = np.setdiff1d(np.arange(len(known)), places)
        free_new = np.flatnonzero(places < 0)
        if free_old.size and free_new.size:
            both = space.forward(np.concatenate([known[free_old], colors[free_new]]))
            both = both * power_of_two_scale(float(np.abs(both).max()))
            distances = cdist(
                both[len(free_old) :], both[: len(free_old)], "sqeuclidean"
            )
            rows, columns = linear_sum_assignment(distances)
            places[free_new[rows]] = free_old[columns]
    unknown = places < 0
    places[unknown] = len(known) + np.arange(np.count_nonzero(unknown))
    return places.astype(np.int64)


def palettes_of_one_length(
    palettes: Sequence[Palette], places: Sequence[NDArray[np.int64]], n_colors: int
) -> tuple[Palette, ...]:
    """Return the palettes with all known entries, each in its place.

    Where a slice lacks an entry, it has the colour of the nearest slice before, or else
    after, and the count 0.
    """
    n_channels = palettes[0].n_channels
    colors = np.full((len(palettes), n_colors, n_channels), np.nan)
    counts = np.zeros((len(palettes), n_colors), np.int64)
    names, classes, locked = [""] * n_colors, [""] * n_colors, set()
    for i, (palette, place) in enumerate(zip(palettes, places, strict=True)):
        colors[i, place] = palette.colors
        counts[i, place] = np.asarray(palette.counts)
        for entry, name in zip(place, palette.names or (), strict=False):
            names[entry] = names[entry] or name
        for entry, one in zip(place, palette.classes or (), strict=False):
            classes[entry] = classes[entry] or one
        locked |= {int(place[entry]) for entry in palette.locked}
    for order in (range(1, len(colors)), range(len(colors) - 2, -1, -1)):
        step = order.step
        for i in order:  # from the slice before, or where there is none, after
            missing = np.isnan(colors[i, :, 0])
            colors[i, missing] = colors[i - step, missing]
    return tuple(
        replace(
            palettes[0],
            colors=of_slice,
            counts=of_entries,
            names=None if palettes[0].names is None else tuple(names),
            locked=tuple(locked),
            classes=tuple(classes),
            learned_distance=palette.learned_distance,
            learned_shares=_placed(palette.learned_shares, place, n_colors),
        )
        for of_slice, of_entries, palette, place in zip(
            colors, counts, palettes, places, strict=True
        )
    )


def _placed(
    shares: tuple[float, ...] | None, place: NDArray[np.int64], n_colors: int
) -> tuple[float, ...] | None:
    """Return shares at the places of their entries, 0 for the other ones."""
    if shares is None:
        return None
    placed = np.zeros(n_colors)
    placed[place] = shares
    return tuple(placed.tolist())
