"""From an image layer to the engine: what a run needs, taken when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.blocks import Blocks, see_blocks
from napari_colorquant.core.palette import UNITS, Palette
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.viewer.layer_parts import (
    display_of,
    has_lazy,
    levels_of,
    one_channel,
    origin_of,
    spatial_of,
    what_is,
    without_axis,
)

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Shapes
    from numpy.typing import ArrayLike


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
        Where the layer came from, as plain data; see
        :func:`~napari_colorquant.viewer.layer_parts.origin_of`.
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
        return without_axis(self.spatial, self.channel_axis)

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
