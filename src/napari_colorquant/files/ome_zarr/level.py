"""One level of a result that is written block by block: its labels and its picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap, draw_block, label_block
from napari_colorquant.core.image.blocks import as_dask
from napari_colorquant.core.image.pixels import number_of_axis
from napari_colorquant.core.image.validate import is_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.core.palette.palette import Palette


@dataclass(frozen=True)
class ArrayLevel:
    """Labels and a picture that are there already, in memory or lazy.

    labels: uint8 or uint16. picture: the labels' shape, with a channel axis or none.
    channel_axis: by default seen from the shapes.
    """

    labels: Any
    picture: Any
    channel_axis: int | None = None

    def __post_init__(self) -> None:
        for what in ("labels", "picture"):
            if is_lazy(array := getattr(self, what)):
                object.__setattr__(self, what, as_dask(array, what))
        if self.labels.dtype not in (np.uint8, np.uint16):
            raise TypeError(
                f"the labels have the dtype {self.labels.dtype}: pass those of a "
                "quantization, uint8 or uint16."
            )
        axis = _channel_axis(self.labels.shape, self.picture.shape, self.channel_axis)
        object.__setattr__(self, "channel_axis", axis)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        return tuple(self.labels.shape)

    @property
    def label_dtype(self) -> np.dtype[Any]:
        """The labels' dtype."""
        dtype: np.dtype[Any] = np.dtype(self.labels.dtype)
        return dtype

    @property
    def picture_dtype(self) -> np.dtype[Any]:
        """The picture's dtype."""
        dtype: np.dtype[Any] = np.dtype(self.picture.dtype)
        return dtype

    @property
    def n_channels(self) -> int | None:
        """Entries of the picture's channel axis; None if it has none."""
        axis = self.channel_axis
        return None if axis is None else int(self.picture.shape[axis])

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Largest block of lazy labels; None in memory."""
        if not is_lazy(self.labels):
            return None
        return tuple(getattr(self.labels, "chunksize", self.labels.chunks))

    @cached_property
    def identity(self) -> Mapping[str, Any] | None:
        """The names of the arrays in dask, and what their sources are known by.

        None where nobody can tell whether the pixels have changed.
        """
        from dask.base import tokenize

        from napari_colorquant.files.ome_zarr.identity import array_identity

        sources = ""
        if self.is_lazy:  # else dask's name is of the content
            known = array_identity(self.labels, self.picture)
            if known is None:
                return None
            sources = known
        arrays = tokenize(self.labels, self.picture, self.channel_axis)
        return {"arrays": arrays, "sources": sources}

    @property
    def is_lazy(self) -> bool:
        """Whether any of it is not in memory."""
        return is_lazy(self.labels) or is_lazy(self.picture)

    def part(self, tile: Tile) -> tuple[Any, Any]:
        """Return labels and picture of a tile, lazy where the arrays are."""
        return self.labels[tile], self.picture[with_channels(tile, self.channel_axis)]


@dataclass(frozen=True, slots=True, eq=False)
class ImageLevel:
    """An image that is assigned and redrawn as it is read.

    source: plain data that change when the image changes; None where nobody can tell.
    """

    image: Any
    color_map: ColorMap
    channel_axis: int | None
    source: Mapping[str, Any] | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the labels."""
        return _without(self.image.shape, self.channel_axis)

    @property
    def label_dtype(self) -> np.dtype[Any]:
        """The labels' dtype."""
        return self.color_map.label_dtype

    @property
    def picture_dtype(self) -> np.dtype[Any]:
        """The image's dtype."""
        dtype: np.dtype[Any] = np.dtype(self.image.dtype)
        return dtype

    @property
    def n_channels(self) -> int | None:
        """Entries of the image's channel axis; None if it has none."""
        axis = self.channel_axis
        return None if axis is None else int(self.image.shape[axis])

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """The image's own; None in memory."""
        if not is_lazy(self.image):
            return None
        return _without(self.image.chunks, self.channel_axis)

    @property
    def is_lazy(self) -> bool:
        """Whether the image is not in memory."""
        return is_lazy(self.image)

    @property
    def identity(self) -> Mapping[str, Any] | None:
        """The source, and with what it is assigned; None where that is not known."""
        if self.source is None:
            return None
        return {
            "source": dict(self.source),
            "shape": list(self.image.shape),
            "dtype": self.color_map.dtype,
            "colors": self.color_map.palette.colors.tolist(),
            "color_space": self.color_map.color_space,
            "channel_axis": self.color_map.channel_axis,
        }

    def read(self, tile: Tile) -> tuple[NDArray[Any], NDArray[Any]]:
        """Read a tile once; return its labels and its redrawn picture."""
        block = np.asarray(self.image[with_channels(tile, self.channel_axis)])
        labels = label_block(self.color_map, block)
        return labels, draw_block(self.color_map, block, labels)


Level = ArrayLevel | ImageLevel
"""What can be read part by part: labels and picture in one pass."""


def image_level(
    image: Any,
    palette: Palette,
    channel_axis: int | None,
    source: Mapping[str, Any] | None,
) -> ImageLevel:
    """Return a level that assigns and redraws an image as it is read."""
    from napari_colorquant.core.assign.color_map import ColorMap
    from napari_colorquant.core.assign.labels import check_palette
    from napari_colorquant.core.image.blocks import see_blocks

    blocks = see_blocks(image, channel_axis)
    check_palette(blocks.outline, palette)
    color_map = ColorMap.of(palette, blocks)
    return ImageLevel(image, color_map, blocks.outline.channel_axis, source)


def _channel_axis(
    labels: Sequence[int], picture: Sequence[int], asked: int | None
) -> int | None:
    labels, picture = tuple(labels), tuple(picture)
    if picture == labels:
        return None
    fitting = [a for a in range(len(picture)) if _without(picture, a) == labels]
    if asked is not None:
        number = number_of_axis(asked, len(picture))
        if number is not None and number % len(picture) in fitting:
            return number % len(picture)
    if asked is None and len(fitting) == 1:
        return fitting[0]
    if asked is None and fitting:
        raise ValueError(
            f"in a picture of shape {picture} more than one axis may hold the "
            f"channels: pass its number, such as channel_axis={fitting[-1]}."
        )
    raise ValueError(
        f"the picture has the shape {picture} and its labels {labels}: pass those of "
        "one quantization, and as channel_axis the axis that only the picture has."
    )


def _without(values: Sequence[int], axis: int | None) -> tuple[int, ...]:
    return tuple(int(value) for i, value in enumerate(values) if i != axis)


def with_channels(tile: Tile, axis: int | None) -> Tile:
    """Return the tile of the picture, with every channel, for a tile of the labels."""
    return tile if axis is None else (*tile[:axis], slice(None), *tile[axis:])


def n_bytes(level: Level) -> int:
    """Return the bytes of a pixel: of its label and its colour in the picture."""
    colors = (level.n_channels or 1) * level.picture_dtype.itemsize
    return level.label_dtype.itemsize + colors


def n_pixels(level: Level) -> int:
    """Return the number of pixels of the labels."""
    return prod(level.shape)
