"""What a record says of a result that is looked for in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette import Palette
from napari_colorquant.viewer.channels import Channel, channels_of, composite_palette

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

NO_RECORD = "this is no record of a quantized layer, or a damaged one."


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A result, as its record has it.

    shape and slice_axis are those of the labels, dtype that of the picture;
    channel_axis is the image's, if not RGB. palettes: one a slice, or the only one.
    """

    name: str
    palette: Palette
    shape: tuple[int, ...]
    dtype: str
    rgb: bool
    channel_axis: int | None
    slice_axis: int | None
    palettes: tuple[Palette, ...]
    origin: dict[str, Any]
    channels: tuple[Channel, ...]

    @property
    def counts(self) -> NDArray[np.int64]:
        """The pixels of each entry."""
        return np.asarray(self.palette.counts, np.int64)

    @property
    def picture_shape(self) -> tuple[int, ...] | None:
        """Shape of the picture; None where it is RGB, with or without opacity."""
        return None if self.rgb else self.shape

    @property
    def shown(self) -> Saved:
        """The same as its picture shows it: channels together, in RGB."""
        if not self.channels:
            return self
        return replace(
            self,
            palette=composite_palette(self.palette, self.channels),
            palettes=tuple(
                composite_palette(palette, self.channels) for palette in self.palettes
            ),
            dtype="uint8",
            rgb=True,
        )

    def slices(self, array: Any) -> list[Any]:
        """Return the parts of labels or of a picture that have one palette each.

        One for each of palettes, without the axis of the slices.
        """
        if self.slice_axis is None:
            return [array]
        return list(np.moveaxis(array, self.slice_axis, 0))


def read_saved(record: Mapping[str, Any]) -> Saved:
    """Return what a record says of a result; ValueError if it is none, or damaged."""
    # Here: pydantic is loaded when a record is read, and not before.
    from napari_colorquant.files.record import check_record

    try:
        check_record(record)
        palette = Palette.from_dict(record["palette"])
        shape, channels = tuple(record["shape"]), channels_of(record)
        rgb = bool(record["rgb"])
        axis: int | None = record.get("channel_axis")
        n_channels = 3 if rgb else len(channels) or 1
        labels_shape, slice_axis = shape, record.get("slice_axis")
        channels_fit = True
        if rgb or axis is not None:
            dropped = len(shape) - 1 if axis is None else range(len(shape))[axis]
            n_channels = 3 if rgb else shape[dropped]
            labels_shape = (*shape[:dropped], *shape[dropped + 1 :])
            channels_fit = rgb or len(channels) == n_channels
            if slice_axis is not None:
                slice_axis -= slice_axis > dropped
        own = [record["palette"]] if slice_axis is None else record["palettes"]
        palettes = tuple(map(Palette.from_dict, own))
        is_sound = (
            palette.counts is not None
            and channels_fit
            and palette.n_channels == n_channels
            and (slice_axis is None or len(palettes) == labels_shape[slice_axis])
            and all(one.colors.shape == palette.colors.shape for one in palettes)
        )
        saved = Saved(
            name=str(record["source"]),
            palette=palette,
            shape=labels_shape,
            dtype=np.dtype(record["dtype"]).name,
            rgb=rgb,
            channel_axis=axis,
            slice_axis=slice_axis,
            palettes=palettes,
            origin=dict(record["origin"]),
            channels=channels,
        )
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(NO_RECORD) from error
    if not is_sound:
        raise ValueError(NO_RECORD)
    return saved


def misfit(layer: Image | Labels, saved: Saved, why: str) -> ValueError:
    """Return the error that a layer does not fit a record; why ends its sentence."""
    return ValueError(
        f"{layer.name!r} does not fit the record of {saved.name!r}: {why}."
    )
