"""From an image layer to the engine: what a run needs, taken when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.core.blocks import Blocks, as_dask, see_blocks
from napari_colorquant.core.palette import UNITS, Palette
from napari_colorquant.core.pixels import Pixels, see_pixels

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Shapes
    from numpy.typing import ArrayLike

_SPATIAL = ("scale", "translate", "rotate", "shear", "units", "axis_labels")
"""What places a layer in the world, besides its affine transform. A new layer inherits
none of it, and mixed units make napari give up on units altogether."""

MOST_LOADED = 2**28
"""Values of a lazy array that is loaded into memory: more are left where they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a run needs of an image layer, taken when it starts.

    The run goes on safely when the layer is changed or removed meanwhile.

    Parameters
    ----------
    name : str
        The layer's name.
    levels : tuple of Pixels, or of Blocks
        The picture; more than one for a multiscale layer, the largest first. Blocks
        where a level is lazy: an array of dask, zarr or their like.
    rgb : bool
        Whether the layer shows RGB or RGBA pixels.
    multiscale : bool
        Whether the layer is multiscale.
    spatial : dict
        Scale, translate, rotate, shear, affine, units and axis_labels.
    display : dict
        Contrast limits, gamma and colormap of a layer that is not RGB.
    origin : dict
        Where the layer came from, as plain data; see :func:`origin_of`.
    channel_axis : int, optional
        Axis of a layer that is not RGB that holds channels; the labels have it not.
    position : tuple of int or None, optional
        Which slice of the layer it is, see
        :func:`~napari_colorquant.viewer.scope.shown_slice`; None for all of it.
    """

    name: str
    levels: tuple[Pixels, ...] | tuple[Blocks, ...]
    rgb: bool
    multiscale: bool
    spatial: dict[str, Any]
    display: dict[str, Any]
    origin: dict[str, Any]
    channel_axis: int | None = None
    position: tuple[int | None, ...] | None = None

    @property
    def labels_spatial(self) -> dict[str, Any]:
        """What places the labels: an axis of channels is dropped."""
        return _without_axis(self.spatial, self.channel_axis)

    @property
    def lazy_levels(self) -> tuple[Blocks, ...]:
        """The picture where it is lazy; none where it is in memory."""
        return tuple(one for one in self.levels if isinstance(one, Blocks))

    @property
    def levels_in_memory(self) -> tuple[Pixels, ...]:
        """The picture where it is in memory; none where it is lazy."""
        return tuple(one for one in self.levels if isinstance(one, Pixels))


def take_source(
    layer: object,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    within: Labels | Shapes | None = None,
    learn_within: Labels | Shapes | None = None,
    channel_axis: int | None = None,
) -> Source:
    """Take from an image layer what a run needs.

    Parameters
    ----------
    layer : napari.layers.Image
        RGB, RGBA or single-channel, of any number of axes; multiscale layers and lazy
        ones, too.
    mask : array_like of bool, optional
        Pixels to quantize; not for multiscale layers.
    learn_mask : array_like of bool, optional
        Pixels to learn from; not for multiscale layers.
    within : napari.layers.Labels or napari.layers.Shapes, optional
        Where to quantize; see :func:`~napari_colorquant.viewer.regions.region_labels`.
    learn_within : napari.layers.Labels or napari.layers.Shapes, optional
        Where to learn.
    channel_axis : int, optional
        Axis of a layer that is not RGB whose entries are channels.

    Returns
    -------
    Source
        Views of the layer's data, and copies of what places and shows it. Nothing of
        lazy data is computed.

    Raises
    ------
    TypeError
        If the layer is no image layer, its data cannot be quantized, or a region is
        none.
    ValueError
        If the data are empty, there is no such axis, or a mask or region does not fit.
    """
    from napari.layers import Image

    if not isinstance(layer, Image):
        raise TypeError(f"{what_is(layer)}: choose an image layer.")
    grid = layer
    if channel_axis is not None:
        grid = one_channel(layer, channel_axis)
        channel_axis %= layer.ndim
    masks = level_masks(grid, mask, within)
    learn_masks = level_masks(grid, learn_mask, learn_within)
    axis = -1 if layer.rgb else channel_axis
    levels = list(zip(levels_of(layer), masks, learn_masks, strict=True))
    seen: tuple[Pixels, ...] | tuple[Blocks, ...]
    if has_lazy(layer):
        seen = tuple(see_blocks(level, axis, *of_level) for level, *of_level in levels)
    else:
        seen = tuple(see_pixels(level, axis, *of_level) for level, *of_level in levels)
    return Source(
        name=layer.name,
        levels=seen,
        rgb=layer.rgb,
        multiscale=layer.multiscale,
        spatial=spatial_of(layer, layer.ndim),
        display=display_of(layer),
        origin=origin_of(layer),
        channel_axis=channel_axis,
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

    if layer.rgb:
        raise ValueError(
            f"the layer {layer.name!r} is RGB, whose channels need no axis: leave "
            "channel_axis out."
        )
    ndim = layer.ndim
    if isinstance(channel_axis, bool) or channel_axis not in range(-ndim, ndim):
        raise ValueError(
            f"channel_axis is {channel_axis!r}, and the layer {layer.name!r} has "
            f"{ndim} axes: pass a number from 0 to {ndim - 1}."
        )
    if ndim < 3:
        raise ValueError(
            f"the layer {layer.name!r} has {ndim} axes, and none of them can hold "
            "channels: leave channel_axis out."
        )
    axis = channel_axis % ndim
    views = [unread(level)[(slice(None),) * axis + (0,)] for level in levels_of(layer)]
    return Image(
        views if layer.multiscale else views[0],
        multiscale=layer.multiscale,
        rgb=False,
        name=layer.name,
        **display_of(layer),
        **_without_axis(spatial_of(layer, ndim), axis),
    )


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


def level_masks(
    layer: Image, mask: ArrayLike | None, region: Labels | Shapes | None
) -> list[ArrayLike | None]:
    """Return the masks of the levels of a layer.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    mask : array_like of bool, or None
        A mask; not for multiscale layers.
    region : napari.layers.Labels or napari.layers.Shapes, or None
        A region; what is outside of either is left out.

    Returns
    -------
    list of array_like of bool, or None
        One a level, the largest first; all None where there is neither.

    Raises
    ------
    TypeError
        If the region is none.
    ValueError
        If the layer is multiscale and there is a mask, or one does not fit.
    """
    from napari_colorquant.viewer.regions import region_masks

    levels = levels_of(layer)
    if layer.multiscale and mask is not None:
        raise ValueError(
            f"the layer {layer.name!r} is multiscale and takes no mask: leave it out."
        )
    if region is None:
        return [mask] * len(levels)
    masks = region_masks(region, layer)
    if mask is not None:
        axis = -1 if layer.rgb else None
        lazy = has_lazy(layer)
        checked = (see_blocks if lazy else see_pixels)(levels[0], axis, mask).mask
        masks = [inside & checked for inside in masks]
    return masks


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


def _without_axis(spatial: dict[str, Any], dropped: int | None) -> dict[str, Any]:
    """Drop an axis from what places a layer in the world."""
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
        Arguments of a new layer: contrast limits, gamma and colormap; none for RGB.
    """
    if layer.rgb:
        return {}
    return {
        "contrast_limits": tuple(layer.contrast_limits),
        "gamma": layer.gamma,
        "colormap": layer.colormap,
    }


def in_units_of(palette: Palette, dtype: Any, *, rgb: bool) -> Palette:
    """Return a palette in the units of an image, as far as both are known.

    Parameters
    ----------
    palette : Palette
        The palette.
    dtype : dtype
        The image's.
    rgb : bool
        Whether both are RGB: values of other channels have no common white.

    Returns
    -------
    Palette
        With converted colours where the units differ.
    """
    units = np.dtype(dtype).name
    convertible = rgb and units in UNITS and palette.units not in (None, units)
    return palette.in_units(units) if convertible else palette


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
