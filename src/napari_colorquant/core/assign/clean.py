"""Labels cleaned of noise: by the majority around a pixel, and of small regions.

No library has these rules: skimage.filters.rank.majority gives ties to the lower label,
even where a pixel's own label is among the winners, and lets label 0 vote.
"""

from __future__ import annotations

from functools import partial
from math import isqrt, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.blocks import as_dask
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.edits import Clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_LAZY = 2**24
"""Pixels of a plane, or volume, of lazy labels up to which small regions are found."""
_BAND = 2**18
"""Pixels that a thread filters at once."""


def clean_levels(
    levels: Sequence[Any], n_colors: int, clean: Clean, monitor: Monitor
) -> tuple[Any, ...]:
    """Return the labels of each level cleaned, the largest first; lazy ones lazily.

    Labels that belong to none of K entries stay, and nobody gets them. Radius and size
    are in pixels of the largest level, and become fewer of a smaller one. Raise
    ValueError if the labels have too few axes, or lazy ones too large planes.
    """
    found = []
    for i, labels in enumerate(levels):
        if labels.ndim < clean.ndim:
            raise ValueError(
                Sentence("{ndim:=3} cleans volumes, and this is a plane: leave it out.")
                if labels.ndim == 2
                else "the labels have one axis, and are cleaned in two or three."
            )
        part = monitor.part(i / len(levels), (i + 1) / len(levels))
        shapes = (one.shape[-clean.ndim :] for one in (labels, levels[0]))
        own, largest = map(prod, shapes)
        level = Clean(
            round(clean.majority * (own / largest) ** (1 / clean.ndim)),
            -(-min(clean.min_region, largest + 1) * own // largest),  # rounded up
            clean.ndim,
        )
        if level.is_off:
            found.append(labels)
        elif is_lazy(labels):
            found.append(_clean_lazily(labels, n_colors, level))
        else:
            found.append(_clean(labels, n_colors, level, part))
    return tuple(found)


def _clean_lazily(labels: Any, n_colors: int, clean: Clean) -> Any:
    """Return lazy labels cleaned, in the same blocks, or raise ValueError."""
    import dask.array as da

    labels = as_dask(labels, "labels")
    axes, blocks = range(labels.ndim - clean.ndim, labels.ndim), labels
    shape = labels.shape[axes[0] :]
    depth = dict.fromkeys(range(labels.ndim), 0)
    if clean.min_region > 1:
        if prod(shape) > MOST_LAZY:
            raise ValueError(
                "small regions are found in memory, in up to "
                f"{MOST_LAZY:,} pixels, and there are {' x '.join(map(str, shape))} in "
                "one piece: use the majority filter alone, or quantize a part."
            )
        blocks = labels.rechunk(dict.fromkeys(axes, -1))
    else:  # which needs no more of its neighbours than the radius
        depth |= {axis: min(clean.majority, labels.shape[axis]) for axis in axes}
    cleaned = da.map_overlap(
        partial(_clean, n_colors=n_colors, clean=clean),
        blocks,
        depth=depth,
        boundary="none",
        dtype=labels.dtype,
        meta=np.empty((0,) * labels.ndim, labels.dtype),
    )
    return cleaned.rechunk(labels.chunks)


def _clean(
    labels: NDArray[Any],
    n_colors: int,
    clean: Clean,
    monitor: Monitor | None = None,
) -> NDArray[Any]:
    """Return labels in memory cleaned; without a monitor in this thread alone."""
    depth = labels.shape[-3] if clean.ndim == 3 else 1
    planes = np.ascontiguousarray(labels).reshape(-1, depth, *labels.shape[-2:])
    half = 0.5 if clean.majority and clean.min_region > 1 else 1.0
    if clean.majority:
        first = None if monitor is None else monitor.part(0.0, half)
        planes = _in_majority(planes, n_colors, clean.majority, first)
    if clean.min_region > 1:
        planes, n = planes.copy(), len(planes)
        second = (monitor or Monitor()).part(1 - half, 1.0)
        for i, plane in enumerate(planes):
            own = second.part(i / n, (i + 1) / n)
            _give_away_small(plane, n_colors, clean.min_region, own)
    return planes.reshape(labels.shape)


# ---------------------------------------------------------------- majority


def _in_majority(
    planes: NDArray[Any], n_colors: int, radius: int, monitor: Monitor | None
) -> NDArray[Any]:
    """Return planes, (N, Z, Y, X), with the label that most pixels of a disc have."""
    _, depth, height, width = planes.shape
    spans = _spans(radius, depth, height)
    filtered = np.empty_like(planes)
    n_rows, size = prod(planes.shape[:3]), max(1, _BAND // max(width, 1))

    def fill(first: int) -> None:
        last = min(first + size, n_rows)
        _majority(planes, n_colors, spans, first, last, filtered)

    firsts = range(0, n_rows, size)
    if monitor is None:
        for first in firsts:
            fill(first)
        return filtered
    for _ in monitor.over("clean", map_in_order(fill, firsts), len(firsts)):
        pass
    return filtered


def _spans(radius: int, depth: int, height: int) -> NDArray[np.int64]:
    """Return the rows of a disc, or ball: their place in z and y, and half width."""
    steps_z, steps_y = (min(radius, size - 1) for size in (depth, height))
    return np.array(
        [
            (z, y, isqrt(left))
            for z in range(-steps_z, steps_z + 1)
            for y in range(-steps_y, steps_y + 1)
            if (left := radius**2 - z**2 - y**2) >= 0
        ],
        np.int64,
    )


@kernel
def _entry(label: Any, n_colors: int) -> Any:
    """Return the label of an entry, and 0 for any other."""
    return label if 0 < label <= n_colors else 0


@kernel
def _majority(
    planes: NDArray[Any],
    n_colors: int,
    spans: NDArray[np.int64],
    first: int,
    last: int,
    filtered: NDArray[Any],
) -> None:
    """Write the winner around each pixel of some rows; the window slides along x."""
    _, depth, height, width = planes.shape
    area = np.int64(0)
    for s in range(len(spans)):
        area += 2 * spans[s, 2] + 1
    counts = np.zeros(n_colors + 1, np.int64)
    for row in range(first, last):
        plane, z, y = row // (depth * height), row // height % depth, row % height
        counts[:] = 0
        for x in range(width):
            for s in range(len(spans)):
                zz, yy, half = z + spans[s, 0], y + spans[s, 1], spans[s, 2]
                if not (0 <= zz < depth and 0 <= yy < height):
                    continue
                line = planes[plane, zz, yy]
                enters = x + half if x else 0
                for xx in range(enters, min(x + half + 1, width)):
                    counts[_entry(np.int64(line[xx]), n_colors)] += 1
                if x > half:
                    leaves = np.int64(line[x - half - 1])
                    counts[_entry(leaves, n_colors)] -= 1
            counts[0] = 0
            own = _entry(np.int64(planes[plane, z, y, x]), n_colors)
            filtered[plane, z, y, x] = planes[plane, z, y, x]
            if own == 0 or 2 * counts[own] >= area:
                continue
            winner = own
            most = counts[own]
            for label in range(1, n_colors + 1):
                if counts[label] > most:
                    winner, most = label, counts[label]
            filtered[plane, z, y, x] = winner


# ---------------------------------------------------------------- small regions


def _give_away_small(
    plane: NDArray[Any], n_colors: int, least: int, monitor: Monitor
) -> None:
    """Give the regions of fewer pixels in (Z, Y, X) to neighbours, in place.

    Smallest first, at a tie the one whose first pixel comes first.
    """
    from skimage.measure import label

    known = np.where((plane > 0) & (plane <= n_colors), plane, 0)
    if len(known) == 1:
        known = known[0]  # which is faster
    regions = label(known, background=0, connectivity=1).reshape(-1)
    sizes = np.bincount(regions)
    sizes[0] = least  # which is no region
    following = np.empty(regions.size, np.int32 if regions.size < 2**31 else np.int64)
    starts = np.full(len(sizes), -1, np.int64)
    _link(regions, sizes, least, starts, following)
    parents = np.arange(len(sizes))
    small = np.flatnonzero(sizes < least)
    n_small = len(small)
    while len(small):
        size = sizes[small].min()
        now = small[sizes[small] == size]
        _give_away(plane, n_colors, regions, sizes, parents, starts, following, now)
        left = (parents[small] == small) & (sizes[small] > size)
        small = small[left & (sizes[small] < least)]
        monitor("clean", 1 - len(small) / n_small)


@kernel
def _link(
    regions: NDArray[Any],
    sizes: NDArray[np.int64],
    least: int,
    starts: NDArray[np.int64],
    following: NDArray[Any],
) -> None:
    """Link the pixels of each small region in a circle, from starts on."""
    lasts = np.full(len(sizes), -1, np.int64)
    for i in range(len(regions)):
        region = regions[i]
        if sizes[region] >= least:
            continue
        if starts[region] < 0:
            starts[region] = i
        else:
            following[lasts[region]] = i
        lasts[region] = i
        following[i] = starts[region]


@kernel
def _root(parents: NDArray[np.int64], region: Any) -> Any:
    """Return the region that a region is part of by now."""
    while parents[region] != region:
        parents[region] = parents[parents[region]]
        region = parents[region]
    return region


@kernel
def _neighbour(i: Any, way: int, depth: int, height: int, width: int) -> Any:
    """Return the pixel on one of six sides of a pixel, or -1."""
    x, y, z = i % width, i // width % height, i // (width * height)
    if way == 0:
        return i - 1 if x > 0 else -1
    if way == 1:
        return i + 1 if x < width - 1 else -1
    if way == 2:
        return i - width if y > 0 else -1
    if way == 3:
        return i + width if y < height - 1 else -1
    if way == 4:
        return i - width * height if z > 0 else -1
    return i + width * height if z < depth - 1 else -1


@kernel
def _give_away(
    plane: NDArray[Any],
    n_colors: int,
    regions: NDArray[Any],
    sizes: NDArray[np.int64],
    parents: NDArray[np.int64],
    starts: NDArray[np.int64],
    following: NDArray[Any],
    now: NDArray[np.int64],
) -> None:
    """Give regions of one size, one by one, to the label that they border on most."""
    depth, height, width = plane.shape
    labels = plane.reshape(-1)
    sides = 6 if depth > 1 else 4
    borders = np.zeros(n_colors + 1, np.int64)
    size = sizes[now[0]]
    for region in now:
        if parents[region] != region or sizes[region] != size:
            continue  # it has become a part of another one, or grown
        own, start = np.int64(labels[starts[region]]), starts[region]
        best, i = 0, start
        while True:
            for way in range(sides):
                j = _neighbour(i, way, depth, height, width)
                near = 0 if j < 0 else _entry(np.int64(labels[j]), n_colors)
                if near in (0, own):
                    continue
                borders[near] += 1
                more = borders[near] - borders[best]
                if more > 0 or (more == 0 and near < best):
                    best = near
            i = np.int64(following[i])
            if i == start:
                break
        borders[:] = 0
        if best == 0:
            continue  # it borders on no other label
        root = region
        while True:
            labels[i] = best
            after = np.int64(following[i])
            for way in range(sides):
                j = _neighbour(i, way, depth, height, width)
                if j < 0 or labels[j] != best:
                    continue
                other = _root(parents, regions[j])
                if other == root:
                    continue
                if starts[other] >= 0:  # a small one, whose circle is put into this
                    k = starts[other]
                    following[i], following[k] = following[k], following[i]
                total = sizes[root] + sizes[other]
                root, other = min(root, other), max(root, other)
                parents[other] = root
                sizes[root] = total
            i = after
            if i == start:
                break
