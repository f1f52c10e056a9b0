"""From an image layer to the engine: what a run needs, taken when it starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.image.blocks import Blocks, reach_of_both
from napari_colorquant.core.image.image import Image as EngineImage
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.palette.white import with_white
from napari_colorquant.viewer.layers.channels import LayerChannel, inner_channels
from napari_colorquant.viewer.layers.layer_properties import (
    check_channel_axis,
    display_of,
    has_lazy,
    levels_of,
    origin_of,
    spatial_of,
    what_is,
    without_axis,
)
from napari_colorquant.viewer.layers.region_masks import Limit, Region

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a run needs of an image layer, which may be changed or removed meanwhile.

    levels: the largest first, Blocks where lazy. channel_axis: not of RGB; labels lack
    it. position: the slice, None for all. within: name of the region, or ''.
    """

    name: str
    levels: tuple[EngineImage, ...]
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
    def channels(self) -> tuple[LayerChannel, ...]:
        """How the channels of an axis are shown; none where there is no such axis."""
        if self.channel_axis is None:
            return ()
        first = self.levels[0].outline
        return inner_channels(
            self.name,
            first.dtype.name,
            first.n_channels,
            self.display,
            self.origin,
        )

    @property
    def white(self) -> float | None:
        """The value of white, where it was passed; it is that of all levels."""
        return self.levels[0].outline.white

    @property
    def is_lazy(self) -> bool:
        """Whether the picture is lazy; else it is in memory."""
        return isinstance(self.levels[0], Blocks)


def take_source(
    layer: object,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    channel_axis: int | None = None,
    data_range: float | None = None,
) -> Source:
    """Take views of a layer's data, and copies of what places and shows it.

    Lazy data are not computed. TypeError if it is no image layer or its data cannot be
    quantized; ValueError if they are empty, or an axis, a mask or white does not fit.
    """
    from napari.layers import Image

    if not isinstance(layer, Image):
        raise TypeError(f"{what_is(layer)}: choose an image layer.")
    check_masks(layer, mask, learn_mask)
    if channel_axis is not None:
        check_channel_axis(layer, channel_axis)
        channel_axis = int(channel_axis) % layer.ndim  # plain data in a record
    axis = -1 if layer.rgb else channel_axis
    lazily = has_lazy(layer)
    seen = [
        see_image(level, axis, mask, learn_mask, lazily=lazily)
        for level in levels_of(layer)
    ]
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
    """Raise ValueError if there are masks and the layer is multiscale."""
    if layer.multiscale and any(mask is not None for mask in masks):
        raise ValueError(
            f"the layer {layer.name!r} is multiscale and takes no mask: leave it out."
        )


def with_regions(
    source: Source, within: Region | None, learn_within: Region | None
) -> Source:
    """Return the source limited to regions, besides its masks; compute the regions."""
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
    """Return for each level where it is quantized, and where it is learned from."""
    nowhere = [Limit()] * n_levels
    pairs = [
        nowhere if region is None else region.limits()
        for region in (within, learn_within)
    ]
    return list(zip(*pairs, strict=True))


def limited(
    level: EngineImage, channel_axis: int | None, limit: Limit, learn_limit: Limit
) -> EngineImage:
    """Return the level limited to masks, besides its own.

    channel_axis: as it was passed when the level was seen, -1 for RGB or RGBA.
    """
    seen = see_image(
        level.image,
        channel_axis,
        _both(level.mask, limit.mask),
        _both(level.learn_mask, learn_limit.mask),
    )
    seen = with_white(seen, level.outline.white)
    if isinstance(level, Blocks) and isinstance(seen, Blocks):
        reach = reach_of_both(level.reach, limit.reach)
        learn_reach = reach_of_both(level.learn_reach, learn_limit.reach)
        seen = replace(seen, reach=reach, learn_reach=reach_of_both(learn_reach, reach))
    return seen


def _both(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one & other
