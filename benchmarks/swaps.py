"""Leave local optima of k-means: one centroid is taken away and put somewhere else.

Random swaps (Fränti, 2018, doi:10.1186/s40537-018-0122-y), the likeliest ones first.
What a swap costs is known where cells have their second nearest centroid, and what it
gains where clusters have their variance. Few cells stand for all points.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cells import Cells
    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor

OVERSHOOT = 0.5
"""Part of the way that centroids go past the means: measured to be best."""
TOLERANCE = 1e-3
"""Iterations end where the error falls by at most this part of itself."""
_FEW_COLORS = 32
"""Up to here, all centroids move after a swap: otherwise, those around it do."""
_LIKELIEST = 16
"""Centroids to take away, and clusters to split, that are looked at."""
_USES = 2
"""Most trials in a row that one of them takes part in."""
_TRIAL_STEPS = 10
"""Most iterations after a swap."""
_HOPE = 8.0
"""A trial ends where the error is above the goal by so many times its last fall."""
_LEAST_GAIN = 1e-5
"""Part of the error that a swap must gain, or rounding could go on for ever."""
_POWERS = 2
"""Powers of a covariance, which turn a vector to the longest axis."""
_REFRESH = 8
"""Local repairs after which all cells look for their centroids again."""


class State(NamedTuple):
    """Hold where cells are: nearest, second: (n,), the centroids closest to each.

    gaps: (n,), how much larger the squared distance to the second one is.
    """

    nearest: NDArray[np.int32]
    second: NDArray[np.int32]
    gaps: NDArray[np.float32]


def state_of(n_cells: int) -> State:
    """Return a state that is not known yet."""
    nearest, second = np.zeros((2, n_cells), np.int32)
    return State(nearest, second, np.zeros(n_cells, np.float32))


def iterate(
    cells: Cells,
    centroids: NDArray[np.float64],
    state: State,
    *,
    n_fixed: int,
    max_steps: int,
) -> float:
    """Move centroids by Lloyd's iterations over cells; return the error.

    They end as those of `lloyd.lloyd`. Empty clusters and the first n_fixed stay. The
    state is written.
    """
    return _iterate(*cells, n_fixed, centroids, max_steps, np.inf, *state)


def swap(
    cells: Cells,
    centroids: NDArray[np.float64],
    monitor: Monitor,
    *,
    n_fixed: int,
    n_trials: int,
    n_failures: int,
) -> NDArray[np.float64]:
    """Return centroids, (K, C), of an error that few swaps of one of them still lower.

    It ends after so many trials, or failures in a row.
    """
    n_colors = len(centroids)
    best, state = centroids.copy(), state_of(len(cells.weights))
    error = iterate(cells, best, state, n_fixed=n_fixed, max_steps=20)
    trial, moved = state_of(len(cells.weights)), best.copy()
    rows = np.empty(len(cells.weights), np.int32)
    costs, gains, halves = np.empty(n_colors), np.empty(n_colors), np.empty(best.shape)
    n_tried = n_failed = n_local = 0
    is_new = True
    while is_new:
        is_new = False
        _worth(
            *cells,
            best,
            state.nearest,
            state.gaps,
            costs,
            gains,
            halves,
        )
        for taken, split in _likeliest(costs, gains, n_fixed):
            if n_tried == n_trials or n_failed == n_failures:
                break
            monitor.check()
            n_tried += 1
            moved[:] = best
            fall, n_rows = _try(
                *cells,
                *state,
                *trial,
                moved,
                taken,
                split,
                halves[split],
                n_fixed,
                n_colors <= _FEW_COLORS,
                error,
                rows,
            )
            if n_rows:
                at = rows[:n_rows]
                for new, old in zip(trial, state, strict=True):
                    old[at] = new[:n_rows]
                best[:] = moved
                error -= fall
                n_failed, is_new = 0, True
                n_local += 1
                if n_colors > _FEW_COLORS and n_local % _REFRESH == 0:
                    error = iterate(cells, best, state, n_fixed=n_fixed, max_steps=2)
                break
            n_failed += 1
    return best


def _likeliest(
    costs: NDArray[np.float64], gains: NDArray[np.float64], n_fixed: int
) -> Iterator[tuple[int, int]]:
    """Return a centroid to take away and one whose cluster is split, the best first."""
    taken = np.argsort(costs[n_fixed:], kind="stable")[:_LIKELIEST] + n_fixed
    split = np.argsort(-gains, kind="stable")[:_LIKELIEST]
    worth = gains[split] - costs[taken][:, np.newaxis]
    rows, columns = np.divmod(np.argsort(-worth, axis=None, kind="stable"), len(split))
    return _spread(taken[rows].tolist(), split[columns].tolist())


def _spread(taken: list[int], split: list[int]) -> Iterator[tuple[int, int]]:
    """Give pairs in order, but each centroid only a few times in either place."""
    n_taken, n_split = Counter[int](), Counter[int]()
    for k, j in zip(taken, split, strict=True):
        if k != j and n_taken[k] < _USES and n_split[j] < _USES:
            n_taken[k] += 1
            n_split[j] += 1
            yield k, j


@kernel
def _worth(
    columns: Any,
    weights: Any,
    centroids: Any,
    nearest: Any,
    gaps: Any,
    costs: Any,
    gains: Any,
    halves: Any,
) -> None:
    """Write what it costs to take each centroid away, what its split gains, and how.

    Clusters are taken as Gaussians, cut in the middle along about their longest axis.
    """
    n_colors, n_channels = centroids.shape
    n = len(weights)
    sizes = np.zeros(n_colors)
    squares = np.zeros((n_colors, n_channels))
    for k in range(n_colors):
        costs[k] = 0.0
    for i in range(n):
        k, w = nearest[i], weights[i]
        costs[k] += w * gaps[i]
        sizes[k] += w
        for c in range(n_channels):
            x = columns[c, i] - centroids[k, c]
            squares[k, c] += w * x * x
    for k in range(n_colors):
        widest = 0
        for c in range(n_channels):
            if squares[k, c] > squares[k, widest]:
                widest = c
        for c in range(n_channels):
            halves[k, c] = 1.0 if c == widest else 0.0
    for turn in range(_POWERS + 1):
        for k in range(n_colors):
            gains[k] = 0.0
            for c in range(n_channels):
                squares[k, c] = 0.0
        for i in range(n):
            k = nearest[i]
            along = 0.0
            for c in range(n_channels):
                along += (columns[c, i] - centroids[k, c]) * halves[k, c]
            w = weights[i] * along
            gains[k] += w * along
            for c in range(n_channels):
                squares[k, c] += w * (columns[c, i] - centroids[k, c])
        if turn < _POWERS:
            for k in range(n_colors):
                length = 0.0
                for c in range(n_channels):
                    length += squares[k, c] * squares[k, c]
                if length > 0:
                    length = np.sqrt(length)
                    for c in range(n_channels):
                        halves[k, c] = squares[k, c] / length
    # The halves' means are at 0.8 deviations, and 0.64 of the spread is between them.
    for k in range(n_colors):
        half = 0.8 * np.sqrt(gains[k] / sizes[k]) if sizes[k] > 0 else 0.0
        gains[k] *= 0.64
        for c in range(n_channels):
            halves[k, c] *= half


@kernel
def _try(
    columns: Any,
    weights: Any,
    nearest: Any,
    second: Any,
    gaps: Any,
    new_nearest: Any,
    new_second: Any,
    new_gaps: Any,
    centroids: Any,
    taken: int,
    split: int,
    half: Any,
    n_fixed: int,
    is_whole: bool,
    error: float,
    rows: Any,
) -> tuple[float, int]:
    """Swap, and move the centroids around the two places; return the fall and the rows.

    The number of rows is 0 where the error does not fall: then the centroids are not
    to be used. Unless it is whole, centroids beside those that move stay.
    """
    n, (n_colors, n_channels) = len(weights), centroids.shape
    role = np.zeros(n_colors, np.int8)  # 2: moves, 1: beside those that move
    for k in range(n_colors):
        role[k] = 2 if is_whole or k in (taken, split) else 0
    for i in range(n):
        if nearest[i] == taken or nearest[i] == split:
            role[second[i]] = 2
    n_rows, before = 0, 0.0
    for i in range(n):
        k = nearest[i]
        if role[k] == 2:
            rows[n_rows] = i
            n_rows += 1
            for c in range(n_channels):
                x = columns[c, i] - centroids[k, c]
                before += weights[i] * x * x
            if role[second[i]] == 0:
                role[second[i]] = 1
    order = np.empty(n_colors, np.int32)
    n_still = 0
    for k in range(n_colors):
        if role[k] == 1 or (role[k] == 2 and k < n_fixed):
            order[n_still] = k
            n_still += 1
    m = n_still
    for k in range(n_fixed, n_colors):
        if role[k] == 2:
            order[m] = k
            m += 1
    for c in range(n_channels):
        centroids[taken, c] = centroids[split, c] + half[c]
        if split >= n_fixed:
            centroids[split, c] -= half[c]
    goal = before - _LEAST_GAIN * error
    some, heavy = np.empty((n_channels, n_rows), np.float32), np.empty(n_rows)
    for r in range(n_rows):
        heavy[r] = weights[rows[r]]
        for c in range(n_channels):
            some[c, r] = columns[c, rows[r]]
    near = np.empty((m, n_channels))
    for j in range(m):
        for c in range(n_channels):
            near[j, c] = centroids[order[j], c]
    after = _iterate(
        some,
        heavy,
        n_still,
        near,
        _TRIAL_STEPS,
        goal,
        new_nearest,
        new_second,
        new_gaps,
    )
    if after >= goal:
        return 0.0, 0
    for j in range(m):
        for c in range(n_channels):
            centroids[order[j], c] = near[j, c]
    for r in range(n_rows):
        new_nearest[r], new_second[r] = order[new_nearest[r]], order[new_second[r]]
    return before - after, n_rows


_RUN = 256
"""Cells that are compared at a time: their distances stay in the fastest memory."""


@kernel
def _iterate(
    columns: Any,
    weights: Any,
    n_still: int,
    centroids: Any,
    max_steps: int,
    goal: float,
    nearest: Any,
    second: Any,
    gaps: Any,
) -> float:
    """Move centroids to the means of their cells; return the error.

    The first n_still centroids stay. The loops over cells have no branch and use arrays
    made here: so they become vector instructions.
    """
    n_channels, n, n_colors = len(columns), len(weights), len(centroids)
    at = np.empty((n_colors, n_channels))
    squares = 0.0
    for c in range(n_channels):
        for j in range(n_colors):
            at[j, c] = centroids[j, c]
        for i in range(n):
            x = np.float64(columns[c, i])
            squares += weights[i] * x * x
    # Two rows a centroid take turns: a sum need not wait for the one before.
    moments = np.empty((n_colors, 2, 1 + n_channels))
    part = np.empty((n_channels, _RUN), np.float32)
    d, least = np.empty(_RUN, np.float32), np.empty(_RUN, np.float32)
    less = np.empty(_RUN, np.float32)
    first, other = np.empty(_RUN, np.int32), np.empty(_RUN, np.int32)
    last = error = np.inf
    for step in range(max_steps):
        for j in range(n_colors):
            for c in range(1 + n_channels):
                moments[j, 0, c] = moments[j, 1, c] = 0.0
        for start in range(0, n, _RUN):
            size = min(_RUN, n - start)
            for c in range(n_channels):
                for i in range(size):
                    part[c, i] = columns[c, start + i]
            for i in range(size):
                least[i] = less[i] = np.inf
                first[i] = other[i] = 0
            for j in range(n_colors):
                entry = np.int32(j)
                if n_channels == 3:
                    x, y = np.float32(at[j, 0]), np.float32(at[j, 1])
                    z = np.float32(at[j, 2])
                    for i in range(size):
                        u, v, w = part[0, i] - x, part[1, i] - y, part[2, i] - z
                        d[i] = u * u + v * v + w * w
                else:
                    for i in range(size):
                        d[i] = 0.0
                    for c in range(n_channels):
                        x = np.float32(at[j, c])
                        for i in range(size):
                            d[i] += (part[c, i] - x) * (part[c, i] - x)
                for i in range(size):
                    new, one, two = d[i], least[i], less[i]
                    was, then = first[i], other[i]
                    closer = entry if new < two else then
                    farther = new if new < two else two
                    less[i] = one if new < one else farther
                    other[i] = was if new < one else closer
                    least[i] = new if new < one else one
                    first[i] = entry if new < one else was
            for i in range(size):
                nearest[start + i] = first[i]
            for i in range(size):
                second[start + i] = other[i]
            for i in range(size):
                gaps[start + i] = less[i] - least[i]
            for i in range(size):
                row, w = moments[first[i], i & 1], weights[start + i]
                row[0] += w
                for c in range(n_channels):
                    row[1 + c] += w * part[c, i]
        error = squares
        for j in range(n_colors):
            w = moments[j, 0, 0] + moments[j, 1, 0]
            for c in range(n_channels):
                total = moments[j, 0, 1 + c] + moments[j, 1, 1 + c]
                error += at[j, c] * (w * at[j, c] - 2 * total)
                if j >= n_still and w > 0:
                    mean = total / w
                    centroids[j, c] = mean
                    error -= w * (mean - at[j, c]) * (mean - at[j, c])
                    beyond = OVERSHOOT if step > 0 else 0.0
                    at[j, c] = mean + beyond * (mean - at[j, c])
        fall = last - error
        if step > 0 and fall <= TOLERANCE * error:
            break
        if step > 1 and error - goal > _HOPE * fall:
            break
        last = error
    return error
