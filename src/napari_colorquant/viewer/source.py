"""From an image layer to the engine: what a run needs, taken when it starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.blocks import Blocks, reach_of_both, see_blocks
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.slicing import outline_of
from napari_colorquant.core.white import with_white
from napari_colorquant.viewer.channels import Channel, inner_channels
from napari_colorquant.viewer.layer_parts import (
    check_channel_axis,
    display_of,
    has_lazy,
    levels_of,
    origin_of,
    spatial_of,
    what_is,
    without_axis,
)
from napari_colorquant.viewer.regions import Limit, Region

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a run needs of an image layer, taken when it starts.

    The run goes on safely when the layer is changed or removed meanwhile.

    Parameters
    ----------
    name : str
        The layer's name.
    levels : tuple of Pixels or of Blocks
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
    within : str, optional
        The region that it is limited to; empty for none.
    """

    name: str
    levels: tuple[Pixels | Blocks, ...]
    rgb: bool
    multiscale: bool
    spatial: dict[str, Any]
    display: dict[str, Any]
    origin: dict[str, Any]
    channel_axis: int | None = None
    position: tuple[int | None, ...] | None = None
    within: str = ""

    @property
    def labels_spatial(self) -> dict[str, Any]:
        """What places the labels, and a composite: an axis of channels is dropped."""
        return without_axis(self.spatial, self.channel_axis)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """How the channels of an axis are shown; none where there is no such axis."""
        if self.channel_axis is None:
            return ()
        first = self.levels[0]
        outline = first.outline if isinstance(first, Blocks) else first
        return inner_channels(
            self.name,
            first.dtype.name,
            outline.n_channels,
            self.display,
            self.origin,
        )

    @property
    def white(self) -> float | None:
        """The value of white, where it was passed; it is that of all levels."""
        return outline_of(self.levels[0]).white

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
    channel_axis: int | None = None,
    data_range: float | None = None,
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
    channel_axis : int, optional
        Axis of a layer that is not RGB whose entries are channels.
    data_range : float, optional
        The value of white, for all levels.

    Returns
    -------
    Source
        Views of the layer's data, and copies of what places and shows it. Nothing of
        lazy data is computed.

    Raises
    ------
    TypeError
        If the layer is no image layer, or its data cannot be quantized.
    ValueError
        If the data are empty, there is no such axis, a mask does not fit, or there is
        one and the layer is multiscale; or if white cannot have that value.
    """
    from napari.layers import Image

    if not isinstance(layer, Image):
        raise TypeError(f"{what_is(layer)}: choose an image layer.")
    check_masks(layer, mask, learn_mask)
    if channel_axis is not None:
        check_channel_axis(layer, channel_axis)
        channel_axis = int(channel_axis) % layer.ndim  # plain data in a record
    axis = -1 if layer.rgb else channel_axis
    see: Any = see_blocks if has_lazy(layer) else see_pixels
    seen = tuple(see(level, axis, mask, learn_mask) for level in levels_of(layer))
    return Source(
        name=layer.name,
        levels=tuple(with_white(level, data_range) for level in seen),
        rgb=layer.rgb,
        multiscale=layer.multiscale,
        spatial=spatial_of(layer, layer.ndim),
        display=display_of(layer),
        origin=origin_of(layer),
        channel_axis=channel_axis,
    )


def check_masks(layer: Image, *masks: object) -> None:
    """Refuse masks for several levels.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    *masks : array_like or None
        Its masks.

    Raises
    ------
    ValueError
        If there are some and the layer is multiscale.
    """
    if layer.multiscale and any(mask is not None for mask in masks):
        raise ValueError(
            f"the layer {layer.name!r} is multiscale and takes no mask: leave it out."
        )


def with_regions(
    source: Source, within: Region | None, learn_within: Region | None
) -> Source:
    """Limit a source to regions, which are computed for it.

    Parameters
    ----------
    source : Source
        What was taken.
    within : Region or None
        Where to quantize, besides the source's own mask; see
        :func:`~napari_colorquant.viewer.regions.take_region`.
    learn_within : Region or None
        Where to learn, likewise.

    Returns
    -------
    Source
        The same with masks.
    """
    if within is None and learn_within is None:
        return source
    axis = -1 if source.rgb else source.channel_axis
    limits = limits_of(within, learn_within, len(source.levels))
    levels = zip(source.levels, limits, strict=True)
    return replace(
        source,
        levels=tuple(limited(level, axis, *limit) for level, limit in levels),
        within=source.within if within is None else within.name,
    )


def limits_of(
    within: Region | None, learn_within: Region | None, n_levels: int
) -> list[tuple[Limit, Limit]]:
    """Return where levels are quantized, and where they are learned from.

    Parameters
    ----------
    within, learn_within : Region or None
        Regions.
    n_levels : int
        How many levels there are.

    Returns
    -------
    list of (Limit, Limit)
        One pair a level; without a mask where there is no region.
    """
    nowhere = [Limit()] * n_levels
    pairs = [
        nowhere if region is None else region.limits()
        for region in (within, learn_within)
    ]
    return list(zip(*pairs, strict=True))


L = TypeVar("L", bound=Pixels | Blocks)


def limited(level: L, channel_axis: int | None, limit: Limit, learn_limit: Limit) -> L:
    """Limit a level to masks, besides its own.

    Parameters
    ----------
    level : Pixels or Blocks
        The level.
    channel_axis : int or None
        As it was passed to be seen: -1 for RGB or RGBA.
    limit : Limit
        Where it is quantized.
    learn_limit : Limit
        Where it is learned from.

    Returns
    -------
    Pixels or Blocks
        The same with masks.
    """
    see: Any = see_blocks if isinstance(level, Blocks) else see_pixels
    seen: Any = see(
        level.image,
        channel_axis,
        _both(level.mask, limit.mask),
        _both(level.learn_mask, learn_limit.mask),
    )
    seen = with_white(seen, outline_of(level).white)
    if isinstance(level, Blocks):
        reach = reach_of_both(level.reach, limit.reach)
        learn_reach = reach_of_both(level.learn_reach, learn_limit.reach)
        seen = replace(seen, reach=reach, learn_reach=reach_of_both(learn_reach, reach))
    limited: L = seen
    return limited


def _both(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one & other
