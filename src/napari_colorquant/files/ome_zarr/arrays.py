"""The arrays of an OME-Zarr that is to be written, and how they are packed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from napari_colorquant.files.ome_zarr.metadata import LABELS, picture_axes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

    from napari_colorquant.files.ome_zarr.pyramid import Pyramid


def make_arrays(
    folder: Path,
    pyramid: Pyramid,
    levels: Sequence[tuple[tuple[int, ...], tuple[int, ...]]],
    version: str,
) -> Any:
    """Make the arrays of a result, without pixels; return the image's group.

    levels: shape and chunks of the labels, the largest first. A chunk of a picture
    holds one channel. Arrays that are there already stay.
    """
    import zarr

    zarr_format: Literal[2, 3] = 2 if version == "0.4" else 3
    group = zarr.open_group(folder, mode="a", zarr_format=zarr_format)
    labels = group.require_group("labels").require_group(LABELS)
    first, axes = pyramid.levels[0], picture_axes(pyramid)
    dtype = first.picture_dtype.newbyteorder("=")
    for number, (shape, chunks) in enumerate(levels):
        _make_array(
            labels, number, shape, chunks, first.label_dtype, pyramid.axes, version
        )
        if "c" in axes:
            place, n_channels = axes.index("c"), first.n_channels or 1
            shape = (*shape[:place], n_channels, *shape[place:])
            chunks = (*chunks[:place], 1, *chunks[place:])
        _make_array(group, number, shape, chunks, dtype, axes, version)
    return group


def _make_array(
    group: Any,
    number: int,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: np.dtype[Any],
    axes: str,
    version: str,
) -> None:
    if str(number) not in group:  # else an interrupted run made it
        group.create_array(
            str(number),
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            **_storage(version, dtype, axes),
        )


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
