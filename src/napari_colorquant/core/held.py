"""An excerpt that the workers of a cluster read, and that they hold as tiles.

The tiles are those that the excerpt has here, so that what is summed over them is the
same to the last bit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from napari_colorquant.core.codes import has_codes
from napari_colorquant.core.pixels import Pixels, see_pixels, valid_colors

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.blocks import Blocks
    from napari_colorquant.core.pixels import Tile
    from napari_colorquant.core.tiled import Work
    from napari_colorquant.core.workers import Cluster

R = TypeVar("R")

_BRANCHES = 8
"""Results that are merged at once."""


class HeldTile(NamedTuple):
    """A tile, as it was passed: plain arrays that travel without copies.

    Parameters
    ----------
    image : ndarray
        The tile of the image, with its channels.
    mask, learn_mask : ndarray of bool, or None
        Those of the tile.
    """

    image: NDArray[Any]
    mask: NDArray[np.bool_] | None
    learn_mask: NDArray[np.bool_] | None


@dataclass(frozen=True, slots=True, eq=False)
class HeldTiles:
    """The tiles of an excerpt, on the workers of a cluster.

    Parameters
    ----------
    cluster : Cluster
        The cluster.
    futures : tuple of distributed.Future
        A :class:`HeldTile` each.
    channel_axis : int or None
        As for :func:`~napari_colorquant.core.pixels.see_pixels`.
    is_learned : bool
        True for the pixels inside the `learn_mask` alone.
    """

    cluster: Cluster
    futures: tuple[Any, ...]
    channel_axis: int | None
    is_learned: bool = False

    @property
    def learned(self) -> HeldTiles:
        """The tiles as they are learned from."""
        return replace(self, is_learned=True)

    def tiles(self) -> Iterator[HeldTile | None]:
        """Bring copies of the tiles here.

        Returns
        -------
        iterator of HeldTile or None
            Each tile, in order; None whenever there is none after a moment.
        """
        return self.cluster.results(self.futures, keep=True)

    def beside(self, pixels: Pixels) -> Pixels:
        """Go on being held beside the image, if something is done with tiles there.

        Parameters
        ----------
        pixels : Pixels
            The image that has these tiles, in memory.

        Returns
        -------
        Pixels
            With the tiles. The same object where colours have codes: a histogram is
            made here, and the workers forget the tiles.
        """
        if has_codes(pixels.work_dtype, pixels.n_channels):
            self.cluster.release(list(self.futures))
            return pixels
        return replace(pixels, held=self)

    def fold_steps(self, work: Work[R]) -> Generator[int, None, R]:
        """Look at every tile where it is, and merge in a tree what comes of it.

        Parameters
        ----------
        work : Work
            What is done; sent once, and prepared where the tiles are.

        Yields
        ------
        int
            Tiles done, also when there is nothing new after a moment.

        Returns
        -------
        object
            The result of all tiles.
        """
        cluster = self.cluster
        shared = cluster.share(work)
        parts = cluster.submit_all(
            _look,
            self.futures,
            work=shared,
            channel_axis=self.channel_axis,
            is_learned=self.is_learned,
        )
        level = parts
        while len(level) > 1:
            groups = [level[i : i + _BRANCHES] for i in range(0, len(level), _BRANCHES)]
            level = [cluster.submit(_merge, shared, group) for group in groups]
        n_done = 0
        for is_done in cluster.done(parts):
            n_done += is_done
            yield n_done
        cluster.release([shared, *(part for part in parts if part is not level[0])])
        for merged in cluster.results(level):
            if merged is None:
                yield n_done
        result: R = merged
        return result


def hold_all(blocks: Blocks, cluster: Cluster) -> HeldTiles:
    """Let a whole image be read, every block once, and held as tiles.

    Parameters
    ----------
    blocks : Blocks
        The image.
    cluster : Cluster
        Where.

    Returns
    -------
    HeldTiles
        The tiles of the image, in the order of its tiles.
    """
    lazies = [blocks.image, blocks.mask, blocks.learn_mask]
    held = iter(cluster.persist([lazy for lazy in lazies if lazy is not None]))
    image, mask, learn_mask = (None if lazy is None else next(held) for lazy in lazies)
    there = replace(blocks, image=image, mask=mask, learn_mask=learn_mask)
    futures = tuple(
        cluster.compute(HeldTile, *there.part(tile)) for tile in blocks.outline.tiles()
    )
    cluster.release([image, mask, learn_mask])
    return HeldTiles(cluster, futures, blocks.channel_axis)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Valid pixels of a part of a block, on a worker.

    Parameters
    ----------
    future : distributed.Future
        A list of the colours of some parts of the block.
    place : int
        That of the part in the list.
    n_valid : int
        How many pixels.
    """

    future: Any
    place: int
    n_valid: int

    def __len__(self) -> int:
        return self.n_valid


def draw_in_order(
    blocks: Blocks, jobs: Iterable[Sequence[Tile]], cluster: Cluster
) -> Iterator[list[Drawn] | None]:
    """Let parts of blocks be read, and their valid pixels be held.

    Parameters
    ----------
    blocks : Blocks
        The image.
    jobs : iterable of sequence of tuple of slice
        Parts that are read together, as they are of one block.
    cluster : Cluster
        Where.

    Yields
    ------
    list of Drawn, or None
        The pixels of each part; None whenever there is nothing after a moment.
    """
    under_way: deque[Any] = deque()

    def start(tiles: Sequence[Tile]) -> Any:
        parts = chain.from_iterable(blocks.part(tile) for tile in tiles)
        future = cluster.compute(_draw, blocks.channel_axis, *parts)
        under_way.append(future)
        return cluster.submit(_lengths, future)

    for lengths in cluster.map_in_order(start, jobs):
        if lengths is None:
            yield None
        else:
            future = under_way.popleft()
            yield [Drawn(future, place, n) for place, n in enumerate(lengths)]


def hold_drawn(
    drawn: Sequence[Drawn], n_inside: int | None, cluster: Cluster
) -> HeldTiles:
    """Let pixels that were drawn be put together, and held as tiles.

    Parameters
    ----------
    drawn : sequence of Drawn
        The pixels, in their order; they are let go of.
    n_inside : int or None
        The first so many are inside the mask, the others inside the `learn_mask`; None
        for neither of the two.
    cluster : Cluster
        Where they are.

    Returns
    -------
    HeldTiles
        The tiles of the table of all pixels, in their order.
    """
    ends = np.cumsum([len(piece) for piece in drawn]).tolist()
    outline = see_pixels(np.broadcast_to(np.uint8(0), (ends[-1], 1)), channel_axis=1)
    futures = []
    for (rows,) in outline.tiles():
        chosen, sources = [], []
        for i in range(bisect_right(ends, rows.start), len(ends)):
            first = ends[i] - len(drawn[i])
            if first >= rows.stop:
                break
            within = slice(max(rows.start - first, 0), rows.stop - first)
            chosen.append((drawn[i].place, within))
            sources.append(drawn[i].future)
        inside = None if n_inside is None else n_inside - rows.start
        futures.append(cluster.submit(_put_together, sources, chosen, inside))
    cluster.release([piece.future for piece in drawn])
    return HeldTiles(cluster, tuple(futures), channel_axis=1)


def _draw(channel_axis: int | None, *parts: Any) -> list[NDArray[Any]]:
    """Return the valid pixels of parts: of each the image, and two masks or None."""
    threes = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [
        valid_colors(see_pixels(part[0], channel_axis, *part[1:])) for part in threes
    ]


def _lengths(drawn: list[NDArray[Any]]) -> list[int]:
    return [len(colors) for colors in drawn]


def _put_together(
    drawn: list[list[NDArray[Any]]],
    chosen: list[tuple[int, slice]],
    n_inside: int | None,
) -> HeldTile:
    pieces = zip(drawn, chosen, strict=True)
    colors = np.concatenate([parts[place][rows] for parts, (place, rows) in pieces])
    if n_inside is None:
        return HeldTile(colors, None, None)
    mask = np.arange(len(colors)) < n_inside
    return HeldTile(colors, mask, ~mask)


@lru_cache(4)
def _prepared(work: Any) -> Callable[[Pixels, Tile], Any]:
    look: Callable[[Pixels, Tile], Any] = work.prepare()
    return look


def _look(
    held: HeldTile, work: Work[R], channel_axis: int | None, is_learned: bool
) -> R:
    pixels = see_pixels(held.image, channel_axis)
    pixels = replace(pixels, mask=held.mask, learn_mask=held.learn_mask)
    if is_learned:
        pixels = pixels.learned
    (tile,) = pixels.tiles(prod(pixels.shape))
    result: R = _prepared(work)(pixels, tile)
    return result


def _merge(work: Work[R], parts: list[R]) -> R:
    return work.merge(parts)
