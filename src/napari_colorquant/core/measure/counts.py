"""Pixels counted by slice, region and label, tile by tile or block by block."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.image.blocks import as_dask, block_tiles
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.image.pixels import tiles_of
from napari_colorquant.core.image.sampling import Parts, most_pixels
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.measure.regions import (
    check_numbers,
    numbered,
    part_of,
    reached,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.image.pixels import Tile

WHOLE = 0
"""The region that stands for the whole image, where none are asked for."""
_FEW = 2**16
"""Numbers up to this are codes themselves: others are sorted to be counted."""


class Found(NamedTuple):
    """Pixels of a part of the labels: one of each column for each kind there is."""

    slices: NDArray[np.int64]
    regions: NDArray[np.int64]
    labels: NDArray[np.int64]
    pixels: NDArray[np.int64]


@dataclass(slots=True)
class Counts:
    """The pixels of each slice, region and label.

    known: of each region, for label 0 and the entries, shape (slices, K + 1); beyond:
    for other labels, by slice, region and label.
    """

    shape: tuple[int, int]
    known: dict[int, NDArray[np.int64]] = field(default_factory=dict)
    beyond: Counter[tuple[int, int, int]] = field(default_factory=Counter)

    def region(self, number: int) -> NDArray[np.int64]:
        """Return the counts of a region, which is there from now on."""
        return self.known.setdefault(number, np.zeros(self.shape, np.int64))

    def add(self, found: Found, first_slice: int) -> None:
        """Add what was found in a part, whose slices count from first_slice."""
        order = np.argsort(found.regions, kind="stable")
        slices, regions, labels, pixels = (column[order] for column in found)
        slices = slices + first_slice
        is_known = labels < self.shape[1]
        numbers, starts = np.unique(regions, return_index=True)
        bounds = [*starts.tolist(), len(regions)]
        for i, number in enumerate(numbers.tolist()):
            own = slice(bounds[i], bounds[i + 1])
            kept = is_known[own]
            places = (slices[own][kept], labels[own][kept])
            np.add.at(self.region(number), places, pixels[own][kept])
        if not is_known.all():
            columns = (slices, regions, labels, pixels)
            for *key, n in zip(*(c[~is_known].tolist() for c in columns), strict=True):
                self.beyond[*key] += n

    def scaled(self, share: float) -> None:
        """Multiply all counts."""
        for number, known in self.known.items():
            self.known[number] = np.rint(known * share).astype(np.int64)
        for key, n in self.beyond.items():
            self.beyond[key] = round(n * share)


def count_pixels(
    labels: Any,
    regions: Sequence[Any],
    slice_axis: int | None,
    n_colors: int,
    monitor: Monitor,
    *,
    estimate: bool = False,
) -> tuple[Counts, bool]:
    """Return the pixels of slices, regions and labels, and whether all were counted.

    labels, regions: in memory or lazy, regions as see_regions returns them, () for the
    whole image. With estimate, parts of a lazy image larger than a subset are counted.
    """
    n_slices = 1 if slice_axis is None else labels.shape[slice_axis]
    counts = Counts((n_slices, n_colors + 1))
    for number in range(1, len(regions) + 1) if not numbered(regions) else ():
        counts.region(number)
    if not regions:
        counts.region(WHOLE)
    if any(map(is_lazy, (labels, *regions))):
        share = _count_blocks(labels, regions, slice_axis, counts, monitor, estimate)
    else:
        share = 1.0
        tiles = tiles_of(labels.shape)

        def of_tile(tile: Tile) -> list[Found]:
            parts = (part_of(one, tile) for one in regions)
            return count_parts(slice_axis, len(regions), labels[tile], *parts)

        found = map_in_order(of_tile, tiles)
        pairs = zip(tiles, monitor.over("count", found, len(tiles)), strict=True)
        for tile, (one,) in pairs:
            counts.add(one, _first(tile, slice_axis))
    if share != 1.0:
        counts.scaled(share)
    if not counts.known:
        raise ValueError(
            "the regions have no number above 0: number the pixels of each region."
        )
    return counts, share == 1.0


def _first(tile: Tile, slice_axis: int | None) -> int:
    return 0 if slice_axis is None else tile[slice_axis].start


def _count_blocks(
    labels: Any,
    regions: Sequence[Any],
    slice_axis: int | None,
    counts: Counts,
    monitor: Monitor,
    estimate: bool,
) -> float:
    """Add what is in the blocks of lazy labels or regions; return what share it is.

    It is 1 if all blocks were counted, else the pixels for each one that was drawn.
    """
    labels, regions = _in_the_same_blocks(labels, regions)
    reach = partial(reached, regions)
    groups, share = _tiles(labels, reach, estimate)
    jobs = (
        (
            partial(count_parts, slice_axis, len(regions)),
            *(
                array
                for tile in tiles
                for array in (labels[tile], *(part_of(one, tile) for one in regions))
            ),
        )
        for tiles in groups
    )
    # Regions that no part was drawn of have rows, too.
    listing = share != 1.0 and numbered(regions)
    counting = monitor.part(0.5 if listing else 0.0, 1.0)
    with active_cluster(monitor, "count") as cluster:
        if listing:
            for number in _numbers_in(regions[0], cluster, monitor.part(0.0, 0.5)):
                counts.region(number)
        computed = computed_in_order(jobs, cluster, counting)
        found = counting.over("count", computed, len(groups))
        for tiles, of_tiles in zip(groups, found, strict=True):
            for tile, one in zip(tiles, of_tiles, strict=True):
                counts.add(one, _first(tile, slice_axis))
    return share


def _in_the_same_blocks(
    labels: Any, regions: Sequence[Any]
) -> tuple[Any, tuple[Any, ...]]:
    """Return lazy labels without empty blocks, and lazy regions in the same blocks."""
    if not is_lazy(labels):  # then they have the blocks of the regions
        lazy = next(one for one in regions if is_lazy(one))
        first = labels.ndim - lazy.ndim
        own = {first + axis: sizes for axis, sizes in enumerate(lazy.chunks)}
        labels = as_dask(labels, "labels").rechunk(own)
    labels = as_dask(labels, "labels")
    sizes = tuple(tuple(n for n in one if n > 0) for one in labels.chunks)
    labels = labels.rechunk(sizes)
    return labels, tuple(
        one.rechunk(sizes[-one.ndim :]) if is_lazy(one) else one for one in regions
    )


def _tiles(
    labels: Any, reach: partial[NDArray[np.bool_]], estimate: bool
) -> tuple[list[list[Tile]], float]:
    """Return the tiles to count, those of a block together, and what share they are."""
    inside = reach(labels.chunks)
    if estimate and labels.ndim > 1 and inside.any():
        blocks: Blocks = see_image(labels, None)  # type: ignore[assignment] # is lazy
        most = most_pixels(blocks)
        if blocks.n_pixels > most:
            return Parts(replace(blocks, reach=reach), most).sample()
    pairs = zip(block_tiles(labels.chunks), inside.reshape(-1), strict=True)
    return [[tile] for tile, is_reached in pairs if is_reached], 1.0


def _numbers_in(array: Any, cluster: Any, monitor: Monitor) -> Iterator[int]:
    """Yield the numbers of all regions of an array, some more than once."""
    lazy = is_lazy(array)
    tiles = list(block_tiles(array.chunks)) if lazy else tiles_of(array.shape)
    jobs = ((_numbers_of, array[tile]) for tile in tiles)
    found = computed_in_order(jobs, cluster if lazy else None, monitor)
    for numbers in monitor.over("count", found, len(tiles)):
        yield from numbers


def _numbers_of(block: NDArray[Any]) -> list[int]:
    check_numbers(block, "regions", "outside")
    numbers: list[int] = np.unique(block[block != 0]).tolist()
    return numbers


def count_parts(
    slice_axis: int | None, n_regions: int, *arrays: NDArray[Any]
) -> list[Found]:
    """Return what is in some parts, each its labels and then n_regions arrays.

    Slices count from the part's first.
    """
    step = 1 + n_regions
    found = []
    for start in range(0, len(arrays), step):
        labels, *regions = arrays[start : start + step]
        check_numbers(labels, "labels", "not quantized")
        pieces = [
            _count_tile(labels, regions, slice_axis, tile)
            for tile in tiles_of(labels.shape)
        ]
        columns = zip(*(one for many in pieces for one in many), strict=True)
        joined = [np.concatenate(column) for column in columns]
        found.append(Found(*joined) if joined else Found(*[np.zeros(0, np.int64)] * 4))
    return found


def _count_tile(
    labels: NDArray[Any],
    regions: Sequence[NDArray[Any]],
    slice_axis: int | None,
    tile: Tile,
) -> list[Found]:
    """Return what is in a tile of a part, one for each region array that reaches it."""
    own = labels[tile]
    slices = None
    if slice_axis is not None:
        start, end = tile[slice_axis].start, tile[slice_axis].stop
        along = [1] * own.ndim
        along[slice_axis] = -1
        slices = np.broadcast_to(np.arange(start, end).reshape(along), own.shape)
    if not regions:
        return [_counted(own, slices, None, WHOLE)]
    found = []
    for number, array in enumerate(regions, 1):
        region = np.broadcast_to(part_of(array, tile), own.shape)
        is_mask = region.dtype.kind == "b"
        if not is_mask:
            check_numbers(region, "regions", "outside")
        inside = region if is_mask else region != 0
        if inside.any():
            part = slice(None) if inside.all() else inside
            of_slices = None if slices is None else slices[part]
            numbers = None if is_mask else region[part]
            found.append(_counted(own[part], of_slices, numbers, number))
    return found


def _counted(
    labels: NDArray[Any],
    slices: NDArray[np.int64] | None,
    regions: NDArray[Any] | None,
    region: int,
) -> Found:
    """Count pixels by three numbers each; region: of all, where there are no regions.

    The numbers are made one, which is counted at once, or sorted where it may be large.
    """
    kinds = [_codes(one) for one in (slices, regions, labels) if one is not None]
    key, first = kinds[0]
    n = len(first)
    for codes, numbers in kinds[1:]:
        key = key * len(numbers) + codes
        n *= len(numbers)
    if n <= max(_FEW, 2 * key.size):
        pixels = np.bincount(key, minlength=n)
        keys = np.flatnonzero(pixels)
        pixels = pixels[keys]
    else:
        keys, pixels = np.unique(key, return_counts=True)
    columns: list[NDArray[np.int64]] = []
    for _, numbers in reversed(kinds):
        keys, codes = np.divmod(keys, len(numbers))
        columns.append(numbers[codes])
    of_labels = columns[0]
    same = np.zeros_like(of_labels)
    return Found(
        same if slices is None else columns[-1],
        same + region if regions is None else columns[1],
        of_labels,
        pixels.astype(np.int64),
    )


def _codes(values: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return a code for each value, in reading order, and the number of each code."""
    flat = values.reshape(-1)
    most = int(flat.max())
    if most <= _FEW:
        return flat.astype(np.int64), np.arange(most + 1)
    numbers, codes = np.unique(flat, return_inverse=True)
    return codes.astype(np.int64), numbers.astype(np.int64)
