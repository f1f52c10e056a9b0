"""How many classes? How well the entries of a palette stand apart from one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_colorquant.core.color.sample import draw_sample
from napari_colorquant.core.color.weighted_colors import common_scale, scaled_entries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_colorquant.core.learn.fit import Fit
    from napari_colorquant.core.palette.palette import Palette

MOST_CLASSES = 16
"""Silhouettes are compared up to here: beyond, each of them is of too few pixels."""
_N_PIXELS = 2048
"""Pixels whose distances to one another are held: 32 MiB."""
_AS_GOOD = 0.03
"""Silhouettes that differ by less are equally good: docs/classes.md compares rules."""


def silhouette_over(learner: Fit) -> Callable[[Palette], float]:
    """Return a function of a palette: the mean over its entries of their silhouettes.

    That of an entry is the mean over its pixels of Rousseeuw's (1987,
    doi:10.1016/0377-0427(87)90125-7), so that a rare class counts as a frequent one. It
    is taken over a sample, in the space where colours are compared.
    """
    from scipy.spatial.distance import cdist

    statistics, space = learner.statistics, learner.space
    seed = learner.parameters.random_state
    sample = draw_sample(learner.pixels, statistics, _N_PIXELS, 1, seed)
    scale = common_scale(space, statistics.magnitude, learner.fixed)
    points = scaled_entries(space, sample.colors, scale)
    distances = cdist(points, points)

    def silhouette(palette: Palette) -> float:
        from sklearn.metrics import silhouette_samples

        entries = scaled_entries(space, palette.colors, scale)
        nearest = cdist(points, entries).argmin(axis=1)
        found = sorted(set(nearest.tolist()))
        if not 1 < len(found) < len(points):
            return 0.0
        each = silhouette_samples(distances, nearest, metric="precomputed")
        return sum(float(each[nearest == one].mean()) for one in found) / len(found)

    return silhouette


def suggest_classes(silhouettes: Mapping[int, float]) -> int:
    """Return the largest number of colours whose silhouette is as good as the best."""
    best = max(silhouettes.values())
    return max(n for n, one in silhouettes.items() if one >= best - _AS_GOOD)
