"""From a saved picture or saved labels, and their record, to the result's layers."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.layer_properties import (
    display_of,
    levels_of,
    refuse_too_large,
    spatial_of,
    unread,
)
from napari_colorquant.viewer.layers.match import (
    Saved,
    drawn,
    misfit,
    numbered,
    read_saved,
    recognized,
)
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.result_layers import layers_of

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray


def restore_result(
    layer: Image | Labels, record: Mapping[str, Any]
) -> tuple[Image, Labels]:
    """Return the picture and labels layers of a result, made again from a saved layer.

    layer: the picture, labels, or palette indices; the record's counts tell which.
    ValueError if it is none of these, or the picture does not tell the labels.
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
    data, shown = np.asarray(unread(largest)), saved.shown
    labels: NDArray[Any] | None = None
    if data.shape == saved.shape and data.dtype.kind in "iu":
        labels = numbered(data, saved, labels_first=isinstance(layer, Labels))
    if not _may_be(data.shape, shown):
        raise misfit(
            layer, saved, f"its shape is {data.shape}, and the result's {saved.shape}"
        )
    display: dict[str, Any] = {}
    if labels is not None:
        picture = drawn(labels, shown, is_opaque=bool(saved.channels))
    else:
        found, labels = recognized(layer, data, shown)
        if found is data and isinstance(layer, Image) and not saved.channels:
            display = display_of(layer)
        picture = found.copy()
    view = Image(picture, rgb=shown.rgb, **display, **_placed(layer, saved))
    source = replace(take_source(view), name=saved.name, origin=saved.origin)
    metadata = {METADATA_KEY: deepcopy(dict(record))}
    return layers_of(
        source, saved.palette, [picture], [labels], metadata, saved.channels
    )


def _may_be(shape: tuple[int, ...], saved: Saved) -> bool:
    """Return whether labels or pictures of a result may have this shape."""
    if shape in (saved.shape, saved.picture_shape):
        return True
    # So is an indexed PNG opened, wherever the axis of channels is.
    in_color = shape[:-1] == saved.shape and shape[-1] in (3, 4)
    return in_color and saved.palette.n_channels in (1, 3)


def _placed(layer: Image | Labels, saved: Saved) -> dict[str, Any]:
    """Return what places the picture: as the layer lies, if that has its axes."""
    ndim = len(saved.shape)
    # A stack of three or four columns may have been opened as a picture in color.
    return {} if layer.ndim < ndim else spatial_of(layer, ndim)
