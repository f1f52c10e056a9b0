"""The sample: the pixels that a palette is learned from."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.color.distinct import distinct_colors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.color.votes import Votes
    from napari_colorquant.core.image.pixels import Pixels

SHUFFLED_PIXELS = 2**20
"""Up to this many pixels a draw is that of scikit-learn's ``shuffle``, for parity
with its example; above, shuffling every index would take longer than learning."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Pixels to learn from, in the image's own units.

    colors: (n, C), as drawn, or distinct ones, ascending; weights: pixels of each row,
    or what they count, None for 1; scale: largest magnitude of the image: colours are
    near 1 when squared.
    """

    colors: NDArray[np.float64]
    weights: NDArray[np.int64] | NDArray[np.float64] | None
    scale: float

    @property
    def n_pixels(self) -> int:
        """Number of pixels that the sample stands for."""
        return len(self.colors) if self.weights is None else int(self.weights.sum())

    def voted(self, votes: Votes | None) -> Sample:
        """Return distinct colours, weighted by what their pixels count."""
        if votes is None:
            return self
        colors, weights = self.colors, self.weights
        if weights is None:
            colors, weights = np.unique(colors, axis=0, return_counts=True)
        return Sample(colors, weights * votes.of(colors), self.scale)


def draw_sample(
    pixels: Pixels,
    statistics: Statistics,
    n_samples: int | None,
    n_colors: int,
    random_state: int,
) -> Sample:
    """Draw n_samples pixels without replacement; None takes every distinct colour.

    The image has n_colors distinct colours. Where the drawn pixels have fewer (nearly
    all background), every distinct colour is taken, weighted by its pixels.
    """
    n_valid = statistics.n_pixels
    if n_samples is not None:
        ranks = draw_ranks(n_valid, min(n_samples, n_valid), random_state)
        colors = gather(pixels, statistics.valid_counts, ranks)
        if _has_distinct(colors, n_colors):
            return Sample(colors, None, statistics.magnitude)
    if statistics.distinct is not None:
        colors, weights = _in_order(statistics.distinct)
    else:
        colors, weights = distinct_colors(pixels)
    return Sample(colors, weights, statistics.magnitude)


def _has_distinct(colors: NDArray[np.float64], n_colors: int) -> bool:
    """Return whether there are n_colors distinct ones; a few rows are tried first."""
    some = colors[: 16 * n_colors]
    return any(len(np.unique(part, axis=0)) >= n_colors for part in (some, colors))


def _in_order(
    distinct: DistinctColors,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return colours in the ascending order of `distinct_colors`, and counts."""
    colors = distinct.colors()
    order = np.lexsort(colors.T[::-1])
    return colors[order], distinct.counts[order].astype(np.int64)


def draw_ranks(n_pixels: int, n_samples: int, random_state: int) -> NDArray[np.int64]:
    """Return n_samples distinct numbers below n_pixels, in random order.

    Up to SHUFFLED_PIXELS they are those of sklearn.utils.shuffle(range(n_pixels),
    n_samples=n_samples).
    """
    if n_pixels <= SHUFFLED_PIXELS:
        ranks = np.arange(n_pixels)
        np.random.RandomState(random_state).shuffle(ranks)
        return ranks[:n_samples]

    from sklearn.utils.random import sample_without_replacement

    generator = np.random.RandomState(random_state)
    ranks = sample_without_replacement(n_pixels, n_samples, random_state=generator)
    generator.shuffle(ranks)  # it returns them in order where they are many
    return np.asarray(ranks, dtype=np.int64)


def gather(
    pixels: Pixels, valid_counts: NDArray[np.int64], ranks: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the valid pixels of these ranks in reading order."""
    if int(valid_counts.sum()) == prod(pixels.shape):
        where = np.unravel_index(ranks, pixels.shape)
        return pixels.above_background(pixels.colors[where].astype(np.float64))
    colors = np.empty((len(ranks), pixels.n_channels))
    order = np.argsort(ranks)
    ends = np.searchsorted(ranks[order], np.cumsum(valid_counts))
    start = first_rank = 0
    for tile, end, count in zip(pixels.tiles(), ends, valid_counts, strict=True):
        if end > start:
            values, valid = pixels.values(tile), pixels.valid(tile)
            if valid is not None:
                values = values[valid]
            rows = order[start:end]
            colors[rows] = values[ranks[rows] - first_rank]
        start, first_rank = end, first_rank + int(count)
    return colors
