"""Work on every tile of an image, merged into one result, wherever the tiles are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Generic, TypeVar

from napari_colorquant.core.parallel import map_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from napari_colorquant.core.pixels import Pixels, Tile

R = TypeVar("R")


class Work(ABC, Generic[R]):
    """What is done with every tile: plain data that can be hashed, and sent anywhere.

    What is compiled or large is made by :meth:`prepare`, once in a process.
    """

    __slots__ = ()

    @abstractmethod
    def prepare(self) -> Callable[[Pixels, Tile], R]:
        """Make what looks at a tile.

        Returns
        -------
        callable
            Takes an image and one of its tiles; safe to call from many threads.
        """

    @abstractmethod
    def merge(self, parts: Sequence[R]) -> R:
        """Merge results of some tiles.

        Parameters
        ----------
        parts : sequence
            At least one, in the order of the tiles; not written to.

        Returns
        -------
        object
            Theirs together: the same to the last bit, in whatever groups results are
            merged.
        """


def fold_steps(pixels: Pixels, work: Work[R]) -> Generator[int, None, R]:
    """Look at every tile, and merge what comes of it.

    Parameters
    ----------
    pixels : Pixels
        The image: where workers of a cluster hold its tiles, they do it.
    work : Work
        What is done.

    Yields
    ------
    int
        How many tiles are done, wherever the run may be stopped.

    Returns
    -------
    object
        The result of all tiles.
    """
    if pixels.held is not None:
        result: R = yield from pixels.held.fold_steps(work)
        return result
    look = work.prepare()
    merged: list[R] = []
    parts = map_in_order(lambda tile: look(pixels, tile), pixels.tiles())
    for done, part in enumerate(parts, 1):
        merged = [work.merge([*merged, part])]
        yield done
    return merged[0]
