"""The arrays of an OME-Zarr: made, and written part by part, here or by a worker.

Not by dask.array.store, which takes as long: a stop would lose a band of chunk rows in
place of a part, and a part returns its counts, from a cluster, too. A target is plain
data, so that a worker opens the arrays itself.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_colorquant.core.assign.labels import count_labels
from napari_colorquant.core.image.pixels import with_channels
from napari_colorquant.files.ome_zarr.metadata import LABELS

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.cluster import Job
    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.files.ome_zarr.block_plan import LevelPlan
    from napari_colorquant.files.ome_zarr.pyramid import Level, Pyramid


def make_arrays(
    folder: Path,
    pyramid: Pyramid,
    plans: Sequence[LevelPlan],
    version: str,
) -> Any:
    """Make the arrays of a result, without pixels; return the image's group.

    A chunk of a picture holds one channel. Arrays that are there already stay.
    """
    import zarr

    zarr_format: Literal[2, 3] = 2 if version == "0.4" else 3
    group = zarr.open_group(folder, mode="a", zarr_format=zarr_format)
    labels = group.require_group("labels").require_group(LABELS)
    first, axes = pyramid.levels[0], pyramid.picture_axes
    for number, plan in enumerate(plans):
        own = pictured = plan.shape, plan.chunks
        if "c" in axes:
            place, n = axes.index("c"), first.n_channels or 1
            shape = with_channels(plan.shape, place, n)
            pictured = shape, with_channels(plan.chunks, place, 1)
        for target, names, dtype, sizes in (
            (labels, pyramid.axes, first.labels.dtype, own),
            (group, axes, first.picture.dtype.newbyteorder("="), pictured),
        ):
            if str(number) not in target:  # else an interrupted run made it
                target.create_array(
                    str(number),
                    shape=sizes[0],
                    chunks=sizes[1],
                    dtype=dtype,
                    **_storage(version, dtype, names),
                )
    return group


def _storage(version: str, dtype: np.dtype[Any], axes: str) -> dict[str, Any]:
    """Return how an array is packed: by what every reader knows, at its fastest."""
    shuffled = dtype.itemsize > 1
    if version == "0.4":
        from numcodecs import Blosc

        shuffle = Blosc.SHUFFLE if shuffled else Blosc.NOSHUFFLE
        return {
            "compressors": Blosc(cname="zstd", clevel=1, shuffle=shuffle),
            "chunk_key_encoding": {"name": "v2", "separator": "/"},
        }
    from zarr.codecs import BloscCodec

    return {
        "compressors": BloscCodec(
            cname="zstd", clevel=1, shuffle="shuffle" if shuffled else "noshuffle"
        ),
        "dimension_names": list(axes),
    }


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


def jobs_of(
    target: Target,
    level: Level | None,
    parts: Mapping[str, Tile],
    done: Container[str],
) -> Iterator[Job]:
    """Yield the job of each part, which returns int64 (K,): the pixels of each entry.

    A part of a level is computed and written; without a level it is made from the files
    of the one before, and not counted. One that is done is only counted.
    """
    for name, tile in parts.items():
        if name in done:
            yield _count, target, tile
        elif level is None:
            yield _derive, target, tile
        else:
            write = partial(_write, target, tile, level.channel_axis)
            yield write, *level.part(tile)


def _write(
    target: Target,
    tile: Tile,
    channel_axis: int | None,
    labels: NDArray[Any],
    picture: NDArray[Any],
) -> NDArray[np.int64]:
    labels, picture = np.asarray(labels), np.asarray(picture)
    if channel_axis is not None and target.channel_axis is not None:
        picture = np.moveaxis(picture, channel_axis, target.channel_axis)
    own_labels, own_picture = target.arrays()
    own_labels[tile] = labels
    own_picture[with_channels(tile, target.channel_axis)] = picture
    return count_labels(labels, target.n_colors)


def _derive(target: Target, tile: Tile) -> NDArray[np.int64]:
    """Write every second pixel in y and x of the level before; its counts are known."""
    *others, y, x = tile
    larger = *others, *(slice(2 * one.start, 2 * one.stop - 1) for one in (y, x))
    sources = replace(target, number=target.number - 1).arrays()
    axes = None, target.channel_axis
    for own, source, axis in zip(target.arrays(), sources, axes, strict=True):
        halved = source[with_channels(larger, axis)][..., ::2, ::2]
        own[with_channels(tile, axis)] = halved
    return np.zeros(target.n_colors, np.int64)


def _count(target: Target, tile: Tile) -> NDArray[np.int64]:
    labels, _ = target.arrays()
    return count_labels(labels[tile], target.n_colors)
