"""Painted classes of images that may be larger than memory.

The labels are looked through block by block, and of the image only those blocks are
read in which something is painted. What is learned from their painted pixels is learned
as in memory.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.arrays import is_lazy, see_array
from napari_colorquant.core.blocks import Blocks, as_dask, block_tiles, occupied
from napari_colorquant.core.cluster import at_hand
from napari_colorquant.core.computed import computed_in_order
from napari_colorquant.core.excerpt import FEWEST_PARTS, most_pixels
from napari_colorquant.core.lazy_white import find_white_steps
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.seeds import (
    check_seeds,
    refuse_negative,
    refuse_unpainted,
    seeds_steps,
)
from napari_colorquant.core.steps import Progress, Steps, half_of, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.workers import Cluster


@dataclass(frozen=True, slots=True, eq=False)
class LazySeeds:
    """Painted classes of an image that may be larger than memory.

    Parameters
    ----------
    labels : dask.array.Array of int
        Shape of the image without its channel axis: the number of a pixel's class, 0
        where nothing was painted.
    reached : callable
        Takes the sizes of blocks along each axis; returns an array of bool, one a
        block: False where nothing is painted for certain. These are not looked through.
    """

    labels: Any
    reached: Callable[[Sequence[Sequence[int]]], NDArray[np.bool_]]


def lazy_seeds_steps(
    blocks: Blocks,
    seeds: ArrayLike | LazySeeds,
    parameters: Parameters,
    per_class: int = 1,
) -> Steps[Parameters]:
    """Learn the entries of painted classes of a lazy image, to be fixed in a palette.

    An image that has no more pixels than an excerpt gives the very entries that it
    gives in memory; see :func:`~napari_colorquant.core.seeds.seeds_steps`. Of a larger
    one, each class is learned from its share of as many pixels: where more is painted,
    the seed of the run chooses blocks and pixels in them.

    Parameters
    ----------
    blocks : Blocks
        The image. Blocks in which nothing is painted are not read.
    seeds : array_like of int, or LazySeeds
        Shape of the image without its channel axis, in memory or lazy: the number of a
        pixel's class, 0 where nothing was painted. Lazy ones are looked through
        wherever they reach.
    parameters : Parameters
        Of the run.
    per_class : int
        Entries of each class; fewer where it has fewer colours.

    Yields
    ------
    Progress
        Of the step ``"read"``: after each block of the seeds, and each of the image
        that is read. Where a cluster is at hand, its workers do both.

    Returns
    -------
    napari_colorquant.Parameters
        With the classes' entries among those that are fixed.

    Raises
    ------
    TypeError
        As :func:`~napari_colorquant.core.seeds.seeds_steps`.
    ValueError
        Likewise.
    """
    # That of the image, and not only of what is painted.
    finding = find_white_steps(blocks, parameters.fixed, parameters.random_state)
    blocks, _ = yield from standing(finding, Progress("read", 0, 1))
    seeds = _lazy(seeds)
    check_seeds(seeds.labels, blocks.shape, per_class)
    labels = seeds.labels.rechunk(blocks.chunks)
    reached = seeds.reached(blocks.chunks).reshape(-1)
    tiles = list(compress(block_tiles(blocks.chunks), reached))
    with at_hand() as find:
        cluster = yield from half_of(find(Progress("read", 0, 1)), 0)
        counting = _count_steps(blocks, labels, tiles, cluster)
        counts = yield from half_of(counting, 0)
        wanted = _wanted(blocks, tiles, counts, parameters.random_state)
        gathering = _gather_steps(blocks, labels, wanted, cluster)
        pixels, painted = yield from half_of(gathering, 1)
    read = Progress("read", 1, 1)
    learning = standing(seeds_steps(pixels, painted, parameters, per_class), read)
    return (yield from half_of(learning, 1))


def _lazy(seeds: ArrayLike | LazySeeds) -> LazySeeds:
    """See seeds as lazy ones; nothing of them is computed."""
    import dask.array as da

    if isinstance(seeds, LazySeeds):
        return seeds
    if is_lazy(seeds):
        return LazySeeds(as_dask(seeds, "seeds"), _everywhere)
    known = see_array(seeds, "seeds")
    # Not by a name that takes all of it to be computed.
    return LazySeeds(
        da.from_array(known, chunks=-1, name=False), partial(occupied, known)
    )


def _everywhere(chunks: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    return np.ones([len(sizes) for sizes in chunks], bool)


# ---------------------------------------------------------------- what is painted
class _Counted(NamedTuple):
    """What is painted in a block: the pixels of each class, those inside the mask."""

    least: int
    n_pixels: dict[int, int]


def _count(labels: NDArray[Any], mask: NDArray[np.bool_] | None) -> _Counted:
    if not labels.any():
        return _Counted(0, {})
    classes, inverse = np.unique(labels, return_inverse=True)
    inside = slice(None) if mask is None else mask.reshape(-1)
    sizes = np.bincount(inverse.reshape(-1)[inside], minlength=len(classes))
    pairs = zip(classes.tolist(), sizes.tolist(), strict=True)
    return _Counted(int(classes[0]), {n: size for n, size in pairs if n > 0})


def _count_steps(
    blocks: Blocks, labels: Any, tiles: Sequence[Tile], cluster: Cluster | None
) -> Steps[list[dict[int, int]]]:
    """Count the pixels of each class in each block, or say what is wrong with them."""
    jobs = (
        (_count, labels[tile], None if blocks.mask is None else blocks.mask[tile])
        for tile in tiles
    )
    counts: list[dict[int, int]] = []
    least = 0
    for counted in computed_in_order(jobs, cluster):
        if counted is not None:
            counts.append(counted.n_pixels)
            least = min(least, counted.least)
        yield Progress("read", len(counts), len(tiles))
    refuse_negative(least)
    sizes: Counter[int] = Counter()
    for of_block in counts:
        sizes.update(of_block)
    refuse_unpainted(sizes)
    return counts


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is to be read of a block.

    Parameters
    ----------
    tile : tuple of slice
        The block.
    n_pixels : dict of int to int
        How many pixels of each class; of the others, none.
    seed : tuple of int
        Chooses them.
    """

    tile: Tile
    n_pixels: dict[int, int]
    seed: tuple[int, ...]


def _wanted(
    blocks: Blocks,
    tiles: Sequence[Tile],
    counts: Sequence[dict[int, int]],
    random_state: int,
) -> list[_Wanted]:
    """Choose what is read: all that is painted, or of each class no more than fits."""
    most, places = most_pixels(blocks), _places(counts)
    chosen: dict[int, dict[int, int]] = {}
    if sum(sum(of_class.values()) for of_class in places.values()) > most:
        quota = max(1, most // len(places))
        for number, of_class in places.items():
            places[number] = _spread(of_class, quota, (random_state, number))
    for number, of_class in sorted(places.items()):
        for block, size in of_class.items():
            chosen.setdefault(block, {})[number] = size
    return [
        # By its place in the image: others may look through more blocks, or fewer.
        _Wanted(tile, chosen[block], (random_state, *(part.start for part in tile)))
        for block, tile in enumerate(tiles)
        if block in chosen
    ]


def _places(counts: Sequence[dict[int, int]]) -> dict[int, dict[int, int]]:
    """Return the blocks that each class is in, and its pixels in each."""
    places: dict[int, dict[int, int]] = {}
    for block, of_block in enumerate(counts):
        for number, size in of_block.items():
            if size:
                places.setdefault(number, {})[block] = size
    return places


def _spread(of_class: dict[int, int], quota: int, seed: tuple[int, int]) -> Any:
    """Take a class's pixels from blocks all over the image, up to its quota."""
    if sum(of_class.values()) <= quota:
        return of_class
    share = -(-quota // min(FEWEST_PARTS, len(of_class)))
    taken: dict[int, int] = {}
    for block in np.random.default_rng(seed).permutation([*of_class]).tolist():
        taken[block] = min(of_class[block], share, quota)
        quota -= taken[block]
        if quota == 0:
            break
    return taken


# ---------------------------------------------------------------- reading it
class _Painted(NamedTuple):
    """Painted pixels of a block, in reading order."""

    colors: NDArray[Any]
    valid: NDArray[np.bool_]
    classes: NDArray[Any]
    places: NDArray[np.int64]  # in the block, flat


def _pick(
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    labels: NDArray[Any],
    channel_axis: int | None,
    n_pixels: dict[int, int],
    seed: tuple[int, ...],
) -> _Painted:
    pixels = see_pixels(image, channel_axis, mask)
    (whole,) = pixels.tiles(prod(pixels.shape))
    numbers = labels.reshape(-1)
    inside = np.ones(len(numbers), bool) if mask is None else mask.reshape(-1)
    random = np.random.default_rng(seed)
    chosen = []
    for number, size in n_pixels.items():
        own = np.flatnonzero((numbers == number) & inside)
        if size < len(own):
            own = random.choice(own, size, replace=False)
        chosen.append(own)
    places = np.sort(np.concatenate(chosen))
    valid = pixels.valid(whole)
    return _Painted(
        pixels.colors.reshape(-1, pixels.n_channels)[places],
        np.ones(len(places), bool) if valid is None else valid[places],
        numbers[places],
        places,
    )


def _gather_steps(
    blocks: Blocks, labels: Any, wanted: Sequence[_Wanted], cluster: Cluster | None
) -> Steps[tuple[Pixels, NDArray[Any]]]:
    """Read painted pixels: where they are in the image if it fits, else as a table."""
    jobs = (
        (
            _pick,
            *blocks.part(one.tile)[:2],
            labels[one.tile],
            blocks.channel_axis,
            one.n_pixels,
            one.seed,
        )
        for one in wanted
    )
    # What is summed tile by tile comes in the tiles that it has in memory.
    in_place = blocks.n_pixels <= most_pixels(blocks)
    n_painted = sum(sum(one.n_pixels.values()) for one in wanted)
    shape = blocks.shape if in_place else (n_painted,)
    colors = np.zeros((*shape, blocks.outline.n_channels), blocks.dtype)
    valid, classes = np.zeros(shape, bool), np.zeros(shape, labels.dtype)
    done = row = 0
    for found in computed_in_order(jobs, cluster):
        if found is not None:
            n_found = len(found.places)
            part: Any = (slice(row, row + n_found),)
            if in_place:
                tile = wanted[done].tile
                sizes = tuple(one.stop - one.start for one in tile)
                within = np.unravel_index(found.places, sizes)
                part = tuple(
                    place + one.start for place, one in zip(within, tile, strict=True)
                )
            colors[part], valid[part] = found.colors, found.valid
            classes[part] = found.classes
            done, row = done + 1, row + n_found
        yield Progress("read", done, len(wanted))
    pixels = see_pixels(colors, len(shape), valid)
    outline = blocks.outline
    pixels = replace(pixels, is_light=outline.is_light, white=outline.white)
    return pixels, classes
