"""What a layer is made of: its levels, its place, its look and where it came from."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.core.blocks import as_dask
from napari_colorquant.core.pixels import number_of_axis

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer

_SPATIAL = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
"""What places a layer in the world, besides its affine transform. A new layer inherits
none of it, and mixed units make napari give up on units altogether."""

MOST_LOADED = 2**28
"""Values of a lazy array that is loaded into memory: more are left where they are."""


def levels_of(layer: Image | Labels) -> list[Any]:
    """Return the data of a layer's levels.

    Parameters
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        The layer.

    Returns
    -------
    list of array
        The largest first; one where the layer is not multiscale.
    """
    return list(layer.data) if layer.multiscale else [layer.data]


def unread(level: Any) -> Any:
    """Return an array that can be sliced without reading it.

    Parameters
    ----------
    level : array
        Data of a layer: an array of zarr reads what it is sliced for.

    Returns
    -------
    array
        Itself where it is in memory; else an array of dask.
    """
    return as_dask(level, "layer") if is_lazy(level) else level


def has_lazy(layer: Image | Labels) -> bool:
    """Tell whether a layer's data are not in memory.

    Parameters
    ----------
    layer : napari.layers.Image or napari.layers.Labels
        The layer.

    Returns
    -------
    bool
        True where a level is lazy.
    """
    return any(map(is_lazy, levels_of(layer)))


def refuse_too_large(array: Any, name: str) -> None:
    """Refuse a lazy array that is about to be loaded, and may not fit into memory.

    Parameters
    ----------
    array : array_like
        The data of a layer.
    name : str
        The layer's name.

    Raises
    ------
    ValueError
        If it is lazy and has more than ``MOST_LOADED`` values.
    """
    n_values = prod(array.shape)
    if is_lazy(array) and n_values > MOST_LOADED:
        raise ValueError(
            f"{name!r} has {n_values:,} values, which may not fit into memory: crop "
            "the image and quantize that, or save the lazy labels of a script as "
            "OME-Zarr."
        )


def named_axis(layer: object, axis: int | str | None, what: str) -> int | None:
    """Return the number of an axis that may be called by its label.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer; anything else has no labels, and is refused elsewhere.
    axis : int or str, optional
        The axis; a number is not looked at.
    what : str
        What it is, such as ``"channel_axis"``.

    Returns
    -------
    int or None
        Its number.

    Raises
    ------
    ValueError
        If no axis of the layer has this label, or several have.
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
    """Refuse an axis that can hold no channels.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    channel_axis : int
        The axis.

    Raises
    ------
    ValueError
        If the layer is RGB, or has no such axis to drop.
    """
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
    """See the first channel of a layer as a layer: the grid that the labels have.

    Parameters
    ----------
    layer : napari.layers.Image
        Not RGB, of three or more axes.
    channel_axis : int
        The axis that is dropped.

    Returns
    -------
    napari.layers.Image
        Views of its data in a new layer.

    Raises
    ------
    ValueError
        If the layer is RGB, or has no such axis to drop.
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
    """Return what places a layer in the world.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.
    ndim : int
        How many of its axes to keep, the first ones: the last one may hold channels.

    Returns
    -------
    dict
        Arguments of a new layer: scale, translate, rotate, shear, affine, units and
        axis_labels.
    """
    from napari.utils.transforms import CompositeAffine

    axes = range(ndim)
    own = {key: getattr(layer, key) for key in _SPATIAL}
    kept = CompositeAffine(**own, ndim=layer.ndim).set_slice(axes)
    spatial = {key: getattr(kept, key) for key in _SPATIAL}
    return {**spatial, "affine": layer.affine.set_slice(axes)}


def without_axis(spatial: dict[str, Any], dropped: int | None) -> dict[str, Any]:
    """Drop an axis from what places a layer in the world.

    Parameters
    ----------
    spatial : dict
        What :func:`spatial_of` returns.
    dropped : int or None
        The axis; None for none.

    Returns
    -------
    dict
        The same of the other axes.
    """
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
    """Return how an image layer is shown.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.

    Returns
    -------
    dict
        Arguments of a new layer: contrast limits and gamma, which napari applies to RGB
        as well; and the colormap of a layer that is not RGB.
    """
    shown = {"contrast_limits": tuple(layer.contrast_limits), "gamma": layer.gamma}
    return shown if layer.rgb else {**shown, "colormap": layer.colormap}


def origin_of(layer: Layer) -> dict[str, Any]:
    """Return where a layer came from, to open it again on another day.

    Parameters
    ----------
    layer : napari.layers.Layer
        The layer.

    Returns
    -------
    dict
        Plain data: ``path``, absolute or a URL, and ``reader``, the name of the plugin
        that read it, or ``sample``, a list of the plugin and the key. All are None
        where the layer was made in a session.
    """
    from napari.utils.misc import abspath_or_url

    said = layer.source
    return {
        "path": None if said.path is None else abspath_or_url(said.path),
        "reader": said.reader_plugin,
        "sample": None if said.sample is None else list(said.sample),
    }


def what_is(layer: object) -> str:
    """Say that something is no image layer.

    Parameters
    ----------
    layer : object
        What was passed as one.

    Returns
    -------
    str
        The beginning of a sentence.
    """
    if layer is None:
        return "There is no layer"
    name, kind = getattr(layer, "name", None), type(layer).__name__
    return f"{kind if name is None else repr(name)} is no image layer"
