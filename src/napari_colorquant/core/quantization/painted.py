"""What was painted: classes, checked and counted, and the pixels that are read of them.

Of a lazy image labels are searched block by block, and only blocks with painted pixels
are read.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.arguments import whole_number
from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.image.blocks import Blocks, as_dask, block_tiles, occupied
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.image.sampling import FEWEST_PARTS, most_pixels
from napari_colorquant.core.image.validate import is_lazy, see_array
from napari_colorquant.core.palette.white import look_for_white

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.compute.cluster import Cluster
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.learn.parameters import Parameters


class Kind(NamedTuple):
    """Hold what painted labels are called in refusals, and what each number is of."""

    labels: str
    one: str
    many: str


CLASSES = Kind("seeds", "class", "classes")
STAINS = Kind("regions of stains", "stain", "stains")


@dataclass(frozen=True, slots=True, eq=False)
class LazySeeds:
    """Hold the painted classes of an image that may be larger than memory.

    labels: dask array, 0 where not painted; reached: takes the block sizes of each
    axis, returns one bool a block, False if nothing is painted there for certain.
    """

    labels: Any
    reached: Callable[[Sequence[Sequence[int]]], NDArray[np.bool_]]


def read_painted(
    image: Image,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
    kind: Kind = CLASSES,
) -> tuple[Pixels, NDArray[Any]]:
    """Return pixels in memory with the number of the class of each, 0 for none.

    They are all of an image in memory, and those that are painted of a lazy one; of one
    larger than a subset, each class has a share of a subset's pixels. Raise if the
    seeds or per_class do not fit the image.
    """
    if not isinstance(image, Blocks):
        array = see_array(_computed(seeds, kind), kind.labels)
        check_seeds(array, image.shape, per_class, kind)
        refuse_negative(array.min(), kind)
        return image, array
    # That of the image, and not only of what is painted.
    looking, random_state = monitor.part(0.0, 0.0), parameters.random_state
    blocks, _ = look_for_white(image, parameters.fixed, random_state, looking)
    lazy = _lazy(seeds, kind)
    check_seeds(lazy.labels, blocks.shape, per_class, kind)
    labels = lazy.labels.rechunk(blocks.chunks)
    reached = lazy.reached(blocks.chunks).reshape(-1)
    tiles = list(compress(block_tiles(blocks.chunks), reached))
    counting, gathering = monitor.part(0.0, 0.5), monitor.part(0.5, 1.0)
    with active_cluster(monitor, "read") as cluster:
        counts = _counts(blocks, labels, tiles, cluster, counting, kind)
        wanted = _wanted(blocks, tiles, counts, random_state)
        return _gather(blocks, labels, wanted, cluster, gathering)


def check_seeds(
    seeds: Any, shape: tuple[int, ...], per_class: int, kind: Kind = CLASSES
) -> None:
    """Raise if seeds or per_class do not fit; lazy seeds are not computed."""
    if seeds.dtype.kind not in "iu":
        raise TypeError(
            f"the {kind.labels} have the dtype {seeds.dtype}: pass the whole numbers "
            f"of {kind.many}, 0 where nothing was painted."
        )
    if seeds.shape != shape:
        raise ValueError(
            f"the {kind.labels} have the shape {seeds.shape}: pass the shape of the "
            f"image without its channels, {shape}."
        )
    check_per_class(per_class)


def check_per_class(per_class: int) -> None:
    """Raise unless per_class is a whole number from 1."""
    if whole_number(per_class, "per_class") < 1:
        raise ValueError(f"per_class is {per_class}: pass 1 or more.")


def refuse_negative(least: int, kind: Kind = CLASSES) -> None:
    """Raise ValueError if the lowest number of the seeds is below 0."""
    if least < 0:
        raise ValueError(
            f"the {kind.labels} are {least} somewhere: pass {kind.many} from 1, and 0 "
            "where nothing was painted."
        )


def refuse_unpainted(counts: Mapping[int, int], kind: Kind = CLASSES) -> None:
    """Raise ValueError if there is no class, or one has no pixel to learn from."""
    if not counts:
        raise ValueError(
            f"the {kind.labels} are 0 everywhere: paint some pixels of each {kind.one}."
        )
    for number, count in sorted(counts.items()):
        if count == 0:
            raise ValueError(
                f"{kind.one} {number} of the {kind.labels} has no pixel to learn from: "
                "paint it where the image is quantized, inside the mask, opaque and "
                "finite."
            )


def _computed(seeds: Any, kind: Kind) -> Any:
    if isinstance(seeds, LazySeeds):
        seeds = seeds.labels
    return as_dask(seeds, kind.labels).compute() if is_lazy(seeds) else seeds


def _lazy(seeds: ArrayLike | LazySeeds, kind: Kind) -> LazySeeds:
    """Return seeds as lazy ones; nothing of them is computed."""
    import dask.array as da

    if isinstance(seeds, LazySeeds):
        return seeds
    if is_lazy(seeds):
        return LazySeeds(as_dask(seeds, kind.labels), _everywhere)
    known = see_array(seeds, kind.labels)
    # Not by a name that takes all of it to be computed.
    return LazySeeds(
        da.from_array(known, chunks=-1, name=False), partial(occupied, known)
    )


def _everywhere(chunks: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    return np.ones([len(sizes) for sizes in chunks], bool)


# ---------------------------------------------------------------- what is painted
class _Counted(NamedTuple):
    """Hold a block's least label, and the pixels of each class inside the mask."""

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


def _counts(
    blocks: Blocks,
    labels: Any,
    tiles: Sequence[Tile],
    cluster: Cluster | None,
    monitor: Monitor,
    kind: Kind,
) -> list[dict[int, int]]:
    """Count the pixels of classes in each block; raise if one is negative or empty."""
    jobs = (
        (_count, labels[tile], None if blocks.mask is None else blocks.mask[tile])
        for tile in tiles
    )
    counts: list[dict[int, int]] = []
    least = 0
    computed = computed_in_order(jobs, cluster, monitor)
    for counted in monitor.over("read", computed, len(tiles)):
        counts.append(counted.n_pixels)
        least = min(least, counted.least)
    refuse_negative(least, kind)
    sizes: Counter[int] = Counter()
    for of_block in counts:
        sizes.update(of_block)
    refuse_unpainted(sizes, kind)
    return counts


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Hold what is to be read of a block.

    n_pixels: how many pixels of each class, none of other classes; seed: chooses them.
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
    """Return what to read: all painted pixels, or of each class as many as fit."""
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
    """Return for each class the blocks that it is in, with its pixels in each."""
    places: dict[int, dict[int, int]] = {}
    for block, of_block in enumerate(counts):
        for number, size in of_block.items():
            if size:
                places.setdefault(number, {})[block] = size
    return places


def _spread(of_class: dict[int, int], quota: int, seed: tuple[int, int]) -> Any:
    """Return how many pixels of a class to read in which blocks, up to its quota."""
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
    """Hold painted pixels of a block, in reading order."""

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


def _gather(
    blocks: Blocks,
    labels: Any,
    wanted: Sequence[_Wanted],
    cluster: Cluster | None,
    monitor: Monitor,
) -> tuple[Pixels, NDArray[Any]]:
    """Read painted pixels, in their places if the image fits, else as a table."""
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
    row = 0
    computed = computed_in_order(jobs, cluster, monitor)
    read = monitor.over("read", computed, len(wanted))
    for asked, found in zip(wanted, read, strict=True):
        n_found = len(found.places)
        part: Any = (slice(row, row + n_found),)
        if in_place:
            sizes = tuple(one.stop - one.start for one in asked.tile)
            within = np.unravel_index(found.places, sizes)
            part = tuple(
                place + one.start for place, one in zip(within, asked.tile, strict=True)
            )
        colors[part], valid[part] = found.colors, found.valid
        classes[part] = found.classes
        row += n_found
    pixels = see_pixels(colors, len(shape), valid)
    outline = blocks.outline
    pixels = replace(pixels, is_light=outline.is_light, white=outline.white)
    return pixels, classes
