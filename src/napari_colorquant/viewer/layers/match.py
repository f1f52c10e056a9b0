"""Results found again in files: what their record says, and labels drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette.palette import Palette, label_dtype
from napari_colorquant.formats.palette_data import MAX_COLORS, white_of
from napari_colorquant.viewer.layers.channels import (
    LayerChannel,
    channels_of,
    composite_palette,
)

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
    channels: tuple[LayerChannel, ...]

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


def numbered(
    data: NDArray[Any], saved: Saved, *, labels_first: bool
) -> NDArray[Any] | None:
    """Return the labels in integers that are labels or palette indices, else None.

    Their counts must be the saved ones. labels_first: what they are if both fit.
    """
    from napari_colorquant.core.assign.labels import count_labels

    n_colors = len(saved.palette)
    lowest, largest = int(data.min()), int(data.max())
    if lowest < 0 or largest > MAX_COLORS:
        return None

    as_labels = data.astype(label_dtype(max(n_colors, largest)))
    readings = [as_labels]
    if largest <= n_colors:
        readings.append((as_labels + 1) * (as_labels < n_colors))
    for labels in readings if labels_first else reversed(readings):
        if np.array_equal(count_labels(labels, n_colors), saved.counts):
            return labels
    return None


def drawn(
    labels: NDArray[Any], saved: Saved, *, is_opaque: bool = False
) -> NDArray[Any]:
    """Return the picture of labels alone, each slice in its own palette.

    RGB is transparent where a label is 0 or beyond the palette, or black if is_opaque;
    other pictures have NaN or 0 there.
    """
    is_drawn = (labels > 0) & (labels <= len(saved.palette))
    numbers = np.where(is_drawn, labels, 0)
    is_opaque = is_opaque or not saved.rgb or bool(is_drawn.all())
    pieces = [
        _table(palette, saved, is_opaque=is_opaque)[one]
        for palette, one in zip(saved.palettes, saved.slices(numbers), strict=True)
    ]
    picture: NDArray[Any] = pieces[0]
    if saved.slice_axis is not None:
        picture = np.stack(pieces, axis=saved.slice_axis)
    return picture if saved.rgb else picture[..., 0]


def _table(palette: Palette, saved: Saved, *, is_opaque: bool) -> NDArray[Any]:
    """Return the pixel of each label, from label 0."""
    colors = palette.drawn(saved.dtype)
    if not is_opaque:
        opaque = np.full((len(colors), 1), white_of(saved.dtype)).astype(saved.dtype)
        colors = np.hstack([colors, opaque])
    nothing = np.zeros_like(colors[:1])
    if not saved.rgb and nothing.dtype.kind == "f":
        nothing[:] = np.nan
    return np.concatenate([nothing, colors])


def recognized(
    layer: Image | Labels, data: NDArray[Any], saved: Saved
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a picture, grey where the result is, and its labels.

    A label is that of the entry with the pixel's colour, 0 if there is none. Raise
    ValueError if it is not the result's picture, or entries share a colour.
    """
    # Here: it loads a compiler, which would stall a viewer that opens.
    from napari_colorquant.core.assign.labels import count_labels

    if data.dtype.name != saved.dtype or (saved.rgb and data.shape == saved.shape):
        if data.shape == saved.shape and data.dtype.kind in "iu":
            why = "there are other numbers of pixels of its labels or palette indices"
        elif data.dtype.name != saved.dtype:
            why = f"it holds {data.dtype}, and the result is a picture of {saved.dtype}"
        else:
            why = "it has no channels, and the picture has: choose that, or the labels"
        raise misfit(layer, saved, why)
    picture, mask = _in_its_axes(layer, data, saved)
    axis = -1 if saved.rgb else None
    masks = [None] * len(saved.palettes) if mask is None else saved.slices(mask)
    pieces = zip(saved.palettes, saved.slices(picture), masks, strict=True)
    found = [
        _labels_of(layer, piece, saved, palette, axis, piece_mask)
        for palette, piece, piece_mask in pieces
    ]
    labels = found[0]
    if saved.slice_axis is not None:
        labels = np.stack(found, axis=saved.slice_axis)
    counts = count_labels(labels, len(saved.palette))
    if (wrong := np.flatnonzero(counts != saved.counts)).size:
        entry = wrong[0]
        raise misfit(
            layer,
            saved,
            f"it has {counts[entry]:,} pixels in the color of entry {entry}, and the "
            f"result {saved.counts[entry]:,}",
        )
    return picture, labels


def _in_its_axes(
    layer: Image | Labels, data: NDArray[Any], saved: Saved
) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Return a picture in the axes of the result, and the mask of opaque pixels."""
    if saved.rgb or data.shape == saved.picture_shape:
        return data, None
    # An indexed PNG, as napari opens it.
    picture = data[..., :3]
    mask: NDArray[np.bool_] = np.all(data[..., 3:], axis=-1)
    if (picture != picture[..., :1]).any():
        raise misfit(layer, saved, "it is in color, and the result is grey")
    return picture[..., 0], mask


def _labels_of(
    layer: Image | Labels,
    picture: NDArray[Any],
    saved: Saved,
    palette: Palette,
    axis: int | None,
    mask: NDArray[np.bool_] | None,
) -> NDArray[Any]:
    """Return the labels of what is drawn in one palette."""
    from napari_colorquant.core.quantization.quantize import apply_palette

    used = np.arange(len(palette))
    if palette.counts is not None:
        used = np.flatnonzero(palette.counts)
    if not used.size:  # a slice in which no pixel was quantized
        shape = picture.shape if axis is None else np.delete(picture.shape, axis)
        return np.zeros(shape, label_dtype(len(palette)))
    colors = palette.drawn(saved.dtype)[used]
    _, first, which = np.unique(colors, axis=0, return_index=True, return_inverse=True)
    twin = first[which.reshape(-1)]  # of each entry, the first one of its colour
    if (alike := np.flatnonzero(twin != np.arange(len(used)))).size:
        one, other = used[twin[alike[0]]], used[alike[0]]
        raise misfit(
            layer,
            saved,
            f"entries {one} and {other} have one color in a picture, which does not "
            "tell them apart: choose the labels",
        )
    # Without the palette's color space: a colour is its own nearest one in any.
    q = apply_palette(picture, Palette(colors), channel_axis=axis, mask=mask)
    same = q.image == picture
    is_found = (q.labels > 0) & (same if axis is None else same.all(axis=axis))
    numbers = np.where(is_found, used[q.indices] + 1, 0)
    return numbers.astype(label_dtype(len(palette)))
