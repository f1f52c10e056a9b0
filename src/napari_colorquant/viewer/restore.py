"""From a saved picture or saved labels, and their record, to the result's layers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.viewer.channels import composite_palette
from napari_colorquant.viewer.layer_parts import (
    display_of,
    levels_of,
    refuse_too_large,
    spatial_of,
    with_axis,
)
from napari_colorquant.viewer.layers import layers_of
from napari_colorquant.viewer.recognized import drawn, numbered, recognized
from napari_colorquant.viewer.record import METADATA_KEY
from napari_colorquant.viewer.saved import Saved, misfit, read_saved
from napari_colorquant.viewer.source import Source, take_source

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray


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
        as `layer` is; labels do not say where an axis of channels lies, which begins at
        0 then, in steps of 1. Drawn from labels it is transparent where a pixel was not
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
    saved = read_saved(record)
    if record.get("counts_are_estimates"):
        raise misfit(
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
        labels = numbered(data, saved, labels_first=isinstance(layer, Labels))
    metadata = {METADATA_KEY: deepcopy(dict(record))}
    if saved.channels:
        return _channel_layers(layer, labels, saved, metadata)
    if not _may_be(data.shape, saved):
        raise misfit(
            layer, saved, f"its shape is {data.shape}, and the result's {saved.shape}"
        )
    display: dict[str, Any] = {}
    if labels is not None:
        picture = drawn(labels, saved)
    else:
        found, labels = recognized(layer, data, saved)
        if found is data and isinstance(layer, Image):
            display = display_of(layer)
        picture = found.copy()
    axis = saved.channel_axis
    view = Image(picture, rgb=saved.rgb, **display, **_placed(layer, saved))
    source = take_source(view, channel_axis=axis)
    source = replace(source, name=saved.name, origin=saved.origin)
    return layers_of(source, saved.palette, [picture], [labels], metadata)


def _may_be(shape: tuple[int, ...], saved: Saved) -> bool:
    """Tell whether labels or pictures of a result may have this shape."""
    if shape in (saved.shape, saved.picture_shape):
        return True
    # So is an indexed PNG opened, wherever the axis of channels is.
    in_color = shape[:-1] == saved.shape and shape[-1] in (3, 4)
    return in_color and saved.palette.n_channels in (1, 3)


def _placed(layer: Image | Labels, saved: Saved) -> dict[str, Any]:
    """Return what places the picture: as the layer lies, if that has its axes."""
    ndim, axis = len(saved.shape), saved.channel_axis
    if layer.ndim < ndim:
        return {}
    if axis is None:
        # A stack of three or four columns may have been opened as a picture in color.
        return spatial_of(layer, ndim)
    if layer.ndim > ndim:
        return spatial_of(layer, ndim + 1)
    return with_axis(spatial_of(layer, ndim), axis)


def _channel_layers(
    layer: Image | Labels,
    labels: NDArray[Any] | None,
    saved: Saved,
    metadata: dict[str, Any],
) -> tuple[Image, Labels]:
    """Make the layers of a result of several layers from its labels."""
    if labels is None:
        raise misfit(
            layer,
            saved,
            "a result of several layers is restored from its labels or palette "
            "indices, and it holds none of the same shape and numbers",
        )
    colors = composite_palette(saved.palette, saved.channels).drawn(saved.dtype)
    table = np.concatenate([np.zeros_like(colors[:1]), colors])
    picture = table[np.where(labels <= len(colors), labels, 0)]
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
