"""Palettes of neighbouring slices matched, so that an entry means the same in all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.scale import power_of_two_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.spaces import ColorSpace


def matched_places(
    known: NDArray[np.float64],
    colors: NDArray[np.float64],
    fixed: NDArray[np.float64],
    space: ColorSpace,
) -> NDArray[np.int64]:
    """Match the entries of a palette with those that are known.

    Parameters
    ----------
    known : ndarray of float64, shape (K, C)
        The latest colour of each known entry; K may be 0.
    colors : ndarray of float64, shape (L, C)
        The palette's colours.
    fixed : ndarray of float64, shape (F, C)
        Colours that are in both, and stay what they are.
    space : ColorSpace
        Where colours are compared.

    Returns
    -------
    ndarray of int64, shape (L,)
        Which known entry each colour goes on; those from K on are new. The sum of the
        squared differences is the least: the assignment problem, solved by
        :func:`scipy.optimize.linear_sum_assignment`.
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
    """Put the entries of each palette in their places, and fill the others.

    Parameters
    ----------
    palettes : sequence of Palette
        One a slice, with counts.
    places : sequence of ndarray of int64
        What :func:`matched_places` returned of each.
    n_colors : int
        Entries of all together.

    Returns
    -------
    tuple of Palette
        One a slice, of `n_colors` entries: one that a slice has no use for has the
        colour of a slice nearby, and the count 0.
    """
    n_channels = palettes[0].n_channels
    colors = np.full((len(palettes), n_colors, n_channels), np.nan)
    counts = np.zeros((len(palettes), n_colors), np.int64)
    names, locked = [""] * n_colors, set()
    for i, (palette, place) in enumerate(zip(palettes, places, strict=True)):
        colors[i, place] = palette.colors
        counts[i, place] = np.asarray(palette.counts)
        for entry, name in zip(place, palette.names or (), strict=False):
            names[entry] = names[entry] or name
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
        )
        for of_slice, of_entries in zip(colors, counts, strict=True)
    )
