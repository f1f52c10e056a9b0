"""From a saved picture or saved labels, and their record, to the result's layers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette import (
    MAX_COLORS,
    Palette,
    label_dtype,
    white_of,
)
from napari_colorquant.viewer.channels import (
    Channel,
    channels_of,
    composite_palette,
)
from napari_colorquant.viewer.layer_parts import (
    display_of,
    levels_of,
    refuse_too_large,
    spatial_of,
)
from napari_colorquant.viewer.layers import layers_of
from napari_colorquant.viewer.record import METADATA_KEY
from napari_colorquant.viewer.source import Source, take_source

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray


_NO_RECORD = "this is no record of a quantized layer, or a damaged one."


@dataclass(frozen=True, slots=True, eq=False)
class _Saved:
    """What a record says of the result to look for."""

    name: str
    palette: Palette
    shown: Palette  # what the picture is drawn in
    counts: NDArray[np.int64]
    shape: tuple[int, ...]  # without channels
    dtype: str
    rgb: bool
    origin: dict[str, Any]
    channels: tuple[Channel, ...]  # those of a result of several layers


def restore_result(
    layer: Image | Labels, record: Mapping[str, Any]
) -> tuple[Image, Labels]:
    """Make the layers of a result again, from what was saved of it.

    Parameters
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        What napari opened. The redrawn picture, in which each pixel of a palette
        colour has its entry, and any other none. Or labels, or palette indices from 0
        with the number of colours where a pixel was not quantized: which of them, the
        numbers of pixels tell. Of a multiscale layer the largest level. The result of
        several layers is made again from labels or indices only.
    record : mapping
        The record of the result, as plain data: see
        :func:`~napari_colorquant.viewer.record.run_metadata`.

    Returns
    -------
    image_layer : napari.layers.Image
        As :func:`~napari_colorquant.viewer.scripted.quantize_layer` returned it, placed
        as `layer` is. Drawn from labels it is transparent where a pixel was not
        quantized, or where it is not RGB, NaN or 0; of several layers, black.
    labels_layer : napari.layers.Labels
        The labels, likewise.

    Raises
    ------
    ValueError
        If the layer is neither the picture nor the labels of that result, or the
        picture alone does not tell the labels.
    """
    from napari.layers import Image, Labels

    if not isinstance(layer, Image | Labels):
        raise ValueError(
            f"{getattr(layer, 'name', layer)!r} is no image or labels layer: choose "
            "the picture or the labels of a result."
        )
    if record.get("channel_axis") is not None:
        raise ValueError(
            f"{record.get('source')!r} had an axis of channels, and such results are "
            "not restored: repeat it by its script."
        )
    saved = _read(record)
    if record.get("counts_are_estimates"):
        raise _misfit(
            layer,
            saved,
            "its numbers of pixels are estimates, by which nothing is known again: "
            "press Count all before it is saved",
        )
    largest = levels_of(layer)[0]
    refuse_too_large(largest, layer.name)
    data = np.asarray(largest)
    labels: NDArray[Any] | None = None
    if data.shape == saved.shape and data.dtype.kind in "iu":
        labels = _numbered(data, saved, isinstance(layer, Labels))
    metadata = {METADATA_KEY: deepcopy(dict(record))}
    if saved.channels:
        return _channel_layers(layer, labels, saved, metadata)
    is_plain = data.shape == saved.shape
    if not is_plain and (
        data.shape[:-1] != saved.shape or data.shape[-1] not in (3, 4)
    ):
        raise _misfit(
            layer, saved, f"its shape is {data.shape}, and the result's {saved.shape}"
        )
    display: dict[str, Any] = {}
    if labels is not None:
        picture = _drawn(labels, saved)
    else:
        found, labels = _recognized(layer, data, saved)
        if found is data and isinstance(layer, Image):
            display = display_of(layer)
        picture = found.copy()
    ndim = len(saved.shape)
    # A stack of three or four columns may have been opened as a picture in color.
    spatial = spatial_of(layer, ndim) if layer.ndim >= ndim else {}
    view = Image(picture, rgb=saved.rgb, **display, **spatial)
    source = replace(take_source(view), name=saved.name, origin=saved.origin)
    return layers_of(source, saved.palette, [picture], [labels], metadata)


def _read(record: Mapping[str, Any]) -> _Saved:
    try:
        palette = Palette.from_dict(record["palette"])
        shape, channels = tuple(record["shape"]), channels_of(record)
        saved = _Saved(
            name=str(record["source"]),
            palette=palette,
            shown=composite_palette(palette, channels) if channels else palette,
            counts=np.asarray(palette.counts, np.int64),
            shape=shape[:-1] if record["rgb"] else shape,
            dtype=np.dtype(record["dtype"]).name,
            rgb=bool(record["rgb"]),
            origin=dict(record["origin"]),
            channels=channels,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(_NO_RECORD) from error
    if saved.shown.n_channels != (3 if saved.rgb or channels else 1):
        raise ValueError(_NO_RECORD)
    return saved


def _channel_layers(
    layer: Image | Labels,
    labels: NDArray[Any] | None,
    saved: _Saved,
    metadata: dict[str, Any],
) -> tuple[Image, Labels]:
    """Make the layers of a result of several layers from its labels."""
    if labels is None:
        raise _misfit(
            layer,
            saved,
            "a result of several layers is restored from its labels or palette "
            "indices, and it holds none of the same shape and numbers",
        )
    drawn = saved.shown.drawn(saved.dtype)
    table = np.concatenate([np.zeros_like(drawn[:1]), drawn])
    picture = table[np.where(labels <= len(drawn), labels, 0)]
    source = Source(
        name=saved.name,
        levels=(),
        rgb=True,
        multiscale=False,
        spatial=spatial_of(layer, len(saved.shape)),
        display={},
        origin=saved.origin,
    )
    return layers_of(
        source, saved.palette, [picture], [labels], metadata, saved.channels
    )


def _numbered(
    data: NDArray[Any], saved: _Saved, labels_first: bool
) -> NDArray[Any] | None:
    """Take integers for labels or for indices: for those of which there are as many."""
    from napari_colorquant.core.labelling import count_labels

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


def _drawn(labels: NDArray[Any], saved: _Saved) -> NDArray[Any]:
    """Draw a picture from labels alone."""
    colors = saved.palette.drawn(saved.dtype)
    is_drawn = (labels > 0) & (labels <= len(colors))
    if saved.rgb and not is_drawn.all():
        opaque = np.full((len(colors), 1), white_of(saved.dtype)).astype(saved.dtype)
        colors = np.hstack([colors, opaque])
    nothing = np.zeros_like(colors[:1])
    if not saved.rgb and nothing.dtype.kind == "f":
        nothing[:] = np.nan
    table = np.concatenate([nothing, colors])
    picture: NDArray[Any] = table[np.where(is_drawn, labels, 0)]
    return picture if saved.rgb else picture[..., 0]


def _recognized(
    layer: Image | Labels, data: NDArray[Any], saved: _Saved
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the picture and its labels: those of the entries that have its colours."""
    # Here: they load a compiler, which would stall a viewer that opens.
    from napari_colorquant.core.labelling import count_labels
    from napari_colorquant.core.quantize import apply_palette

    picture, mask = data, None
    if data.dtype.name != saved.dtype or (saved.rgb and data.shape == saved.shape):
        if data.shape == saved.shape and data.dtype.kind in "iu":
            why = "there are other numbers of pixels of its labels or palette indices"
        else:
            why = f"it holds {data.dtype}, and the result is a picture of {saved.dtype}"
        raise _misfit(layer, saved, why)
    if data.shape != saved.shape and not saved.rgb:
        # An indexed PNG of greys, as napari opens it.
        if (data[..., :3] != data[..., :1]).any():
            raise _misfit(layer, saved, "it is in color, and the result is grey")
        picture, mask = data[..., 0], data[..., 3:].all(axis=-1)

    used = np.flatnonzero(saved.counts)
    drawn = saved.palette.drawn(saved.dtype)[used]
    _, first, which = np.unique(drawn, axis=0, return_index=True, return_inverse=True)
    twin = first[which.reshape(-1)]  # of each entry, the first one of its colour
    if (alike := np.flatnonzero(twin != np.arange(len(used)))).size:
        one, other = used[twin[alike[0]]], used[alike[0]]
        raise _misfit(
            layer,
            saved,
            f"entries {one} and {other} have one color in a picture, which does not "
            "tell them apart: choose the labels",
        )
    # Without the palette's color space: a colour is its own nearest one in any.
    q = apply_palette(
        picture, Palette(drawn), channel_axis=-1 if saved.rgb else None, mask=mask
    )
    same = q.image == picture
    is_found = (q.labels > 0) & (same.all(axis=-1) if saved.rgb else same)
    numbers = np.where(is_found, used[q.indices] + 1, 0)
    labels = numbers.astype(label_dtype(len(saved.palette)))
    counts = count_labels(labels, len(saved.palette))
    if (wrong := np.flatnonzero(counts != saved.counts)).size:
        entry = wrong[0]
        raise _misfit(
            layer,
            saved,
            f"it has {counts[entry]:,} pixels in the color of entry {entry}, and the "
            f"result {saved.counts[entry]:,}",
        )
    return picture, labels


def _misfit(layer: Image | Labels, saved: _Saved, why: str) -> ValueError:
    return ValueError(
        f"{layer.name!r} does not fit the record of {saved.name!r}: {why}."
    )
