"""What a layer is made of: levels, placement, display and origin."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.image.blocks import as_dask
from napari_colorquant.core.image.pixels import number_of_axis
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.files.images.calibration import AXES
from napari_colorquant.files.images.info import PictureInfo

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

LayerData = tuple[Any, Mapping[str, Any], str]
"""Data, attributes and type of a layer."""

_SPATIAL = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
"""What places a layer in the world, besides its affine transform. A new layer inherits
none of it, and mixed units make napari give up on units altogether."""

MOST_LOADED = 2**28
"""Values of a lazy array that is loaded into memory: more are left where they are."""


def levels_of(layer: Image | Labels) -> list[Any]:
    """Return the data of a layer's levels, the largest first."""
    return list(layer.data) if layer.multiscale else [layer.data]


def unread(level: Any) -> Any:
    """Return an array that can be sliced without reading it.

    An array that is not in memory becomes a dask array, as zarr reads what is sliced.
    """
    return as_dask(level, "layer") if is_lazy(level) else level


def has_lazy(layer: Image | Labels) -> bool:
    """Return whether a level of a layer is not in memory."""
    return any(map(is_lazy, levels_of(layer)))


def refuse_too_large(array: Any, name: str) -> None:
    """Raise ValueError if an array is lazy and has more than MOST_LOADED values."""
    n_values = prod(array.shape)
    if is_lazy(array) and n_values > MOST_LOADED:
        raise ValueError(
            f"{name!r} has {n_values:,} values, which may not fit into memory: crop "
            "the image and quantize that, or save the lazy labels of a script as "
            "OME-Zarr."
        )


def named_axis(layer: object, axis: int | str | None, what: str) -> int | None:
    """Return the number of an axis given by its label; a number is returned unchecked.

    Raise ValueError if the label is not there exactly once. Another object than a layer
    has no labels, and is rejected elsewhere.
    """
    if not isinstance(axis, str):
        return axis
    labels = tuple(getattr(layer, "axis_labels", ()))
    if labels.count(axis) != 1:
        listed = ", ".join(map(repr, labels)) or "none"
        raise ValueError(
            f"{what} is {axis!r}, and the labels of the layer's axes are {listed}: "
            "pass one that is there once, or the number of the axis."
        )
    return labels.index(axis)


def check_channel_axis(layer: Image, channel_axis: int) -> None:
    """Raise ValueError if a layer is RGB, or has no such axis that can be dropped."""
    if layer.rgb:
        raise ValueError(
            f"the layer {layer.name!r} is RGB, whose channels need no axis: leave "
            "channel_axis out."
        )
    ndim = layer.ndim
    if number_of_axis(channel_axis, ndim) is None:
        raise ValueError(
            f"channel_axis is {channel_axis!r}, and the layer {layer.name!r} has "
            f"{ndim} axes: pass a number from 0 to {ndim - 1}."
        )
    if ndim < 3:
        raise ValueError(
            f"the layer {layer.name!r} has {ndim} axes, and none of them can hold "
            "channels: leave channel_axis out."
        )


def one_channel(layer: Image, channel_axis: int) -> Image:
    """Return the first channel of a layer as a new layer of views, the grid of labels.

    Raise ValueError as `check_channel_axis`.
    """
    from napari.layers import Image

    check_channel_axis(layer, channel_axis)
    ndim = layer.ndim
    axis = channel_axis % ndim
    views = [unread(level)[(slice(None),) * axis + (0,)] for level in levels_of(layer)]
    return Image(
        views if layer.multiscale else views[0],
        multiscale=layer.multiscale,
        rgb=False,
        name=layer.name,
        **display_of(layer),
        **without_axis(spatial_of(layer, ndim), axis),
    )


def spatial_of(layer: Layer, ndim: int) -> dict[str, Any]:
    """Return the arguments that place a new layer like the first ndim axes of this one.

    These are scale, translate, rotate, shear, affine, units and axis_labels. The last
    axis may hold channels.
    """
    from napari.utils.transforms import CompositeAffine

    axes = range(ndim)
    own = {key: getattr(layer, key) for key in _SPATIAL}
    kept = CompositeAffine(**own, ndim=layer.ndim).set_slice(axes)
    spatial = {key: getattr(kept, key) for key in _SPATIAL}
    return {**spatial, "affine": layer.affine.set_slice(axes)}


def without_axis(spatial: dict[str, Any], dropped: int | None) -> dict[str, Any]:
    """Return the result of `spatial_of` without an axis; None drops none."""
    from napari.utils.transforms import CompositeAffine

    if dropped is None:
        return spatial
    own = {key: spatial[key] for key in _SPATIAL}
    ndim = len(spatial["scale"])
    axes = [axis for axis in range(ndim) if axis != dropped]
    kept = CompositeAffine(**own, ndim=ndim).set_slice(axes)
    placed = {key: getattr(kept, key) for key in _SPATIAL}
    return {**placed, "affine": spatial["affine"].set_slice(axes)}


def display_of(layer: Image) -> dict[str, Any]:
    """Return the arguments that show a new image layer like this one.

    These are contrast limits and gamma, which napari also applies to RGB, and the
    colormap if it is not RGB.
    """
    shown = {"contrast_limits": tuple(layer.contrast_limits), "gamma": layer.gamma}
    return shown if layer.rgb else {**shown, "colormap": layer.colormap}


def origin_of(layer: Layer) -> dict[str, Any]:
    """Return where a layer came from, as plain data, to open it again later.

    path: absolute or a URL; reader: name of the plugin; sample: list of plugin and key.
    All are None where the layer was made in a session.
    """
    from napari.utils.misc import abspath_or_url

    said = layer.source
    return {
        "path": None if said.path is None else abspath_or_url(said.path),
        "reader": said.reader_plugin,
        "sample": None if said.sample is None else list(said.sample),
    }


def what_is(layer: object) -> str:
    """Return the beginning of a sentence: that something is no image layer."""
    if layer is None:
        return "There is no layer"
    name, kind = getattr(layer, "name", None), type(layer).__name__
    return f"{kind if name is None else repr(name)} is no image layer"


def picture_info(
    layer: LayerData, n_axes: int, channel_axis: int | None = None
) -> PictureInfo:
    """Return what a layer says of its axes, and of the size of a pixel."""
    from napari_colorquant.core.measure.units import LENGTHS, TIMES

    _, meta, _ = layer
    scale = tuple(float(size) for size in meta.get("scale", ()))
    units = [str(unit) for unit in meta.get("units") or ()]
    if len(scale) != n_axes or len(units) != n_axes or not all(s > 0 for s in scale):
        return PictureInfo(channel_axis, AXES[-n_axes:] if n_axes < 5 else None)
    axes = "".join(str(label)[:1].lower() for label in meta.get("axis_labels") or ())
    is_known = axes == "".join(axis for axis in AXES if axis in axes)
    if len(axes) != n_axes or not is_known or not axes.endswith("yx"):
        axes = AXES[-n_axes:]
    known = tuple(unit if unit in LENGTHS | TIMES else None for unit in units)
    return PictureInfo(
        channel_axis,
        axes if n_axes < 5 else None,
        None if set(scale) == {1.0} and not any(known) else scale,
        known if any(known) else None,
    )
