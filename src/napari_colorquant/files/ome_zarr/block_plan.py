"""How a large array is cut into chunks of a file, and into parts written at once.

No two parts share a chunk of the target, so that threads may write them side by side.
Where possible, no two share a chunk of the source, so that each is read once.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import ceil, lcm, prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.files.ome_zarr.pyramid import Level, Pyramid

SIDE = 1024
"""Height and width of a chunk where the source gives none that is sane."""
FEWEST, MOST = 2**18, 2**22
"""Pixels of a chunk: smaller ones make very many files, larger ones are slow to see."""
LONGEST = 4
"""Times that a sane chunk may be longer than wide: strips are slow to look at."""
PART_PIXELS = 2**22
"""Pixels that are read, assigned and written at once ..."""
PART_BYTES = 2**25
"""... and the memory of their labels and colours."""


SMALL = 1024
"""Levels are added until height and width are no more than this."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelPlan:
    """How a level is written; without a `source` it is derived from the one before."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    parts: list[Tile]
    source: Level | None
    scale: tuple[float, ...]
    translation: tuple[float, ...]


def plans_of(pyramid: Pyramid) -> list[LevelPlan]:
    """Return how the levels are written, and smaller ones until they are small."""
    pixel = pyramid.levels[0].pixel_bytes
    plans = []
    for level, scale, place in zip(
        pyramid.levels, pyramid.scales, pyramid.translations, strict=True
    ):
        shape = level.labels.shape
        chunks = chunks_of(shape, level.chunks)
        parts = parts_of(shape, chunks, level.chunks, pixel)
        plans.append(LevelPlan(shape, chunks, parts, level, scale, place))
    while max(plans[-1].shape[-2:]) > SMALL:
        last = plans[-1]
        *others, y, x = last.shape
        shape = (*others, -(-y // 2), -(-x // 2))
        *rest, height, width = last.scale
        scale = (*rest, 2 * height, 2 * width)
        chunks = _within(shape, last.chunks)
        # Four pixels are read for each.
        parts = parts_of(shape, chunks, None, 4 * pixel)
        # The first pixel stays: so does its centre.
        plans.append(LevelPlan(shape, chunks, parts, None, scale, last.translation))
    return plans


def chunks_of(shape: Sequence[int], source: Sequence[int] | None) -> tuple[int, ...]:
    """Return the chunks to write an array in; its last two axes are y and x.

    The source's chunks are kept if they are not small, large or long. Else multiples or
    parts of them are taken where possible. Without a source: planes of 1024 x 1024.
    """
    if source is None:
        return _within(shape, [*[1] * (len(shape) - 2), SIDE, SIDE])
    *others, y, x = _within(shape, source)
    if max(y, x) > LONGEST * min(y, x):
        y, x = _side(y, shape[-2]), _side(x, shape[-1])
    while prod(others) * y * x < FEWEST and (y < shape[-2] or x < shape[-1]):
        y, x = 2 * y, 2 * x
    for axis, length in enumerate(others):
        rest = prod(others) // length * y * x
        others[axis] = _part(length, max(1, MOST // rest))
    if prod(others) * y * x > MOST:
        y, x = _side(y, shape[-2]), _side(x, shape[-1])
    return _within(shape, [*others, y, x])


def _within(shape: Sequence[int], chunks: Sequence[int]) -> tuple[int, ...]:
    return tuple(min(a, b) for a, b in zip(chunks, shape, strict=True))


def _side(source: int, size: int) -> int:
    if source < SIDE:
        return source * round(SIDE / source)
    if source >= size:  # one chunk for the whole axis
        return SIDE
    part = _part(source, 2 * SIDE)
    return part if part >= SIDE // 4 else SIDE


def _part(length: int, most: int) -> int:
    """Return the longest whole part of a length that is not above a limit."""
    return next(n for n in range(min(length, most), 0, -1) if length % n == 0)


def parts_of(
    shape: Sequence[int],
    chunks: Sequence[int],
    source: Sequence[int] | None,
    pixel_bytes: int,
) -> list[Tile]:
    """Return the parts of an array that are written at once, in reading order.

    Borders are multiples of chunks; also of source, unless the two have no small common
    multiple. pixel_bytes: memory of a pixel.
    """
    size = [
        _common(chunk, chunk if source is None else source[axis], shape[axis])
        for axis, chunk in enumerate(chunks)
    ]
    most = min(PART_PIXELS, PART_BYTES // pixel_bytes)
    # Towards squares: what a border cuts of the source is read for two parts.
    while 2 * prod(size) <= most:
        short = [axis for axis in range(len(shape)) if size[axis] < shape[axis]]
        if not short:
            break
        size[max(short, key=lambda axis: (axis >= len(shape) - 2, -size[axis]))] *= 2
    runs = [
        [slice(start, min(start + step, n)) for start in range(0, n, step)]
        for n, step in zip(shape, size, strict=True)
    ]
    return list(product(*runs))


def _common(chunk: int, source: int, size: int) -> int:
    """Return the length of parts along an axis, before they are joined."""
    if source >= size:
        return ceil(size / chunk) * chunk
    common = lcm(chunk, source)
    return common if common <= 4 * max(chunk, source) else chunk
