"""One part of a result: written, derived or counted, here or by a worker of a cluster.

A target is plain data, so that the worker opens the arrays itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.labels import count_labels
from napari_colorquant.files.ome_zarr.level import ArrayLevel, with_channels
from napari_colorquant.files.ome_zarr.metadata import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.compute.cluster import Job
    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.files.ome_zarr.level import ImageLevel, Level


@dataclass(frozen=True, slots=True)
class Target:
    """A level of a result that is being written.

    folder: full path of the zarr group. channel_axis: of the written picture. mark:
    full path of a file that exists as long as the result is being written.
    """

    folder: str
    number: int
    channel_axis: int | None
    n_colors: int
    mark: str

    def arrays(self) -> tuple[Any, Any]:
        """Open the labels and the picture of the level, to be written.

        Raise FileNotFoundError if this process does not see the folder.
        """
        import zarr

        if not os.path.exists(self.mark):
            raise FileNotFoundError(
                "the workers of the cluster do not see the folder "
                f"{os.path.dirname(os.path.dirname(self.mark))}: save where all of "
                "them can write, or without the cluster."
            )
        group = zarr.open_group(self.folder, mode="r+")
        return group[f"labels/{LABELS}/{self.number}"], group[str(self.number)]


def writing(target: Target, tile: Tile, level: Level, held: Any) -> Job:
    """Return the job that writes a tile and returns the pixels of each entry.

    held: the ImageLevel, or the future by which a cluster has it; not used for an
    ArrayLevel. The counts are int64 of shape (K,).
    """
    if isinstance(level, ArrayLevel):
        write = partial(_write, target, tile, level.channel_axis)
        return write, *level.part(tile)
    return partial(_read_and_write, target, tile), held


def deriving(target: Target, tile: Tile, larger: Target) -> Job:
    """Return a job like writing's, of every second pixel in y and x of larger."""
    return _derive, target, tile, larger


def counting(target: Target, tile: Tile) -> Job:
    """Return a job like writing's, which only counts a tile that has been written."""
    return _count, target, tile


def _write(
    target: Target,
    tile: Tile,
    channel_axis: int | None,
    labels: NDArray[Any],
    picture: NDArray[Any],
) -> NDArray[np.int64]:
    own_labels, own_picture = target.arrays()
    labels, picture = np.asarray(labels), np.asarray(picture)
    if channel_axis is not None and target.channel_axis is not None:
        picture = np.moveaxis(picture, channel_axis, target.channel_axis)
    own_labels[tile] = labels
    own_picture[with_channels(tile, target.channel_axis)] = picture
    return count_labels(labels, target.n_colors)


def _read_and_write(target: Target, tile: Tile, level: ImageLevel) -> Any:
    return _write(target, tile, level.channel_axis, *level.read(tile))


def _derive(target: Target, tile: Tile, larger: Target) -> NDArray[np.int64]:
    *others, y, x = tile
    source = (
        *others,
        slice(2 * y.start, 2 * y.stop - 1),
        slice(2 * x.start, 2 * x.stop - 1),
    )
    axis = target.channel_axis
    labels, picture = larger.arrays()
    halved = labels[source][..., ::2, ::2]
    drawn = picture[with_channels(source, axis)][..., ::2, ::2]
    return _write(target, tile, axis, halved, drawn)


def _count(target: Target, tile: Tile) -> NDArray[np.int64]:
    labels, _ = target.arrays()
    return count_labels(labels[tile], target.n_colors)
