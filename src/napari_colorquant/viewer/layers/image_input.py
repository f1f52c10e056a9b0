"""From image layers to the engine: what a run needs, taken when it starts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.image.blocks import Blocks, reach_of_both
from napari_colorquant.core.image.image import Image as EngineImage
from napari_colorquant.core.image.image import see_image, set_white
from napari_colorquant.core.palette.white import with_white
from napari_colorquant.formats.csv_table import is_reserved
from napari_colorquant.viewer.layers.channels import (
    SCALINGS,
    LayerChannel,
    inner_channels,
)
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
    from numpy.typing import ArrayLike, NDArray

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, eq=False)
class ImageInput:
    """What a run takes from an image layer, or from several of which each is a channel.

    The layers may be changed or removed meanwhile. levels: the largest first, each one
    picture, or one a channel; all lazy if any is. channels: how they are shown, none of
    RGB and grey. scaling: of several layers, whose z-scores are not yet measured, '' of
    one. channel_axis: of one layer that is not RGB; labels lack it. position: the
    slice, None for all. within: name of the region, or ''.
    """

    name: str
    levels: tuple[Level, ...]
    rgb: bool
    multiscale: bool
    spatial: dict[str, Any]
    display: dict[str, Any]
    origin: dict[str, Any]
    channel_axis: int | None = None
    channels: tuple[LayerChannel, ...] = ()
    scaling: str = ""
    position: tuple[int | None, ...] | None = None
    within: str = ""

    @property
    def is_together(self) -> bool:
        """Whether it is of several layers, each one a channel."""
        return self.scaling != ""

    @property
    def labels_spatial(self) -> dict[str, Any]:
        """What places the labels, and a composite: an axis of channels is dropped."""
        return without_axis(self.spatial, self.channel_axis)

    @property
    def largest(self) -> EngineImage:
        """The largest level; of several layers, the first one's."""
        return self.levels[0][0]

    @property
    def pictures(self) -> tuple[EngineImage, ...]:
        """The only picture of each level, of one layer."""
        return tuple(picture for (picture,) in self.levels)

    @property
    def is_lazy(self) -> bool:
        """Whether the pictures are lazy; else they are in memory."""
        return isinstance(self.largest, Blocks)


def take_source(
    layer: object,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    channel_axis: int | None = None,
    data_range: float | None = None,
) -> ImageInput:
    """Take views of a layer's data, and copies of what places and shows it.

    Lazy data are not computed. TypeError if it is no image layer or its data cannot be
    quantized; ValueError if they are empty, or an axis, a mask or white does not fit.
    """
    from napari.layers import Image

    if not isinstance(layer, Image):
        raise TypeError(f"{what_is(layer)}: pass an image layer.")
    _check_masks(layer, mask, learn_mask)
    if channel_axis is not None:
        check_channel_axis(layer, channel_axis)
        channel_axis = int(channel_axis) % layer.ndim  # plain data in a record
    axis = -1 if layer.rgb else channel_axis
    lazily = has_lazy(layer)
    seen = [
        see_image(level, axis, mask, learn_mask, lazily=lazily)
        for level in levels_of(layer)
    ]
    display, origin = display_of(layer), origin_of(layer)
    channels: tuple[LayerChannel, ...] = ()
    if channel_axis is not None:
        outline = seen[0].outline
        kind = (outline.dtype.name, outline.n_channels)
        channels = inner_channels(layer.name, *kind, display, origin)
    return ImageInput(
        name=layer.name,
        levels=tuple((with_white(level, data_range),) for level in seen),
        rgb=layer.rgb,
        multiscale=layer.multiscale,
        spatial=spatial_of(layer, layer.ndim),
        display=display,
        origin=origin,
        channel_axis=channel_axis,
        channels=channels,
    )


def take_channels(
    layers: Sequence[Image],
    scaling: str = SCALINGS[0],
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
) -> ImageInput:
    """Return what a run needs of image layers, whose dtypes may differ.

    Data are views; what places and shows the layers is copied. Layers that do not lie
    pixel on pixel, and masks for multiscale layers, raise ValueError.
    """
    if scaling not in SCALINGS:
        raise ValueError(
            f"scaling {scaling!r} is unknown: pass one of "
            f"{', '.join(map(repr, SCALINGS))}."
        )
    layers = _image_layers(layers)
    _check_fit(layers)
    first = layers[0]
    _check_masks(first, mask, learn_mask)
    lazily = any(map(has_lazy, layers))
    by_layer = [
        [
            see_image(level, None, mask, learn_mask, lazily=lazily)
            for level in levels_of(layer)
        ]
        for layer in layers
    ]
    names = _unique([layer.name for layer in layers])
    return ImageInput(
        name=joined([layer.name for layer in layers]),
        channels=tuple(
            _channel(layer, name, levels[0].dtype.name, scaling)
            for layer, name, levels in zip(layers, names, by_layer, strict=True)
        ),
        levels=tuple(zip(*by_layer, strict=True)),
        scaling=scaling,
        rgb=False,
        multiscale=first.multiscale,
        spatial=spatial_of(first, first.ndim),
        display={},
        origin={"path": None, "reader": None, "sample": None},
    )


def _check_masks(layer: Image, *masks: object) -> None:
    """Raise ValueError if there are masks and the layer is multiscale."""
    if layer.multiscale and any(mask is not None for mask in masks):
        raise ValueError(
            f"the layer {layer.name!r} is multiscale and takes no mask: leave it out."
        )


def with_regions(
    source: ImageInput, within: Region | None, learn_within: Region | None
) -> ImageInput:
    """Return the source limited to regions, besides its masks; compute the regions."""
    if within is None and learn_within is None:
        return source
    levels = zip(source.levels, _limits(within, learn_within, source), strict=True)
    return replace(
        source,
        levels=tuple(
            tuple(_limited(picture, *limit) for picture in level)
            for level, limit in levels
        ),
        within=source.within if within is None else within.name,
    )


def _limits(
    within: Region | None, learn_within: Region | None, source: ImageInput
) -> list[tuple[Limit, Limit]]:
    """Return for each level where it is quantized, and where it is learned from."""
    nowhere = [Limit()] * len(source.levels)
    pairs = [
        nowhere if region is None else region.limits()
        for region in (within, learn_within)
    ]
    return list(zip(*pairs, strict=True))


def _limited(level: EngineImage, limit: Limit, learn_limit: Limit) -> EngineImage:
    """Return the level limited to masks, besides its own."""
    outline = level.outline
    seen = see_image(
        level.image,
        outline.own_axis,
        _both(level.mask, limit.mask),
        _both(level.learn_mask, learn_limit.mask),
    )
    seen = set_white(seen, outline.white)
    if isinstance(level, Blocks) and isinstance(seen, Blocks):
        reach = reach_of_both(level.reach, limit.reach)
        learn_reach = reach_of_both(level.learn_reach, learn_limit.reach)
        seen = replace(seen, reach=reach, learn_reach=reach_of_both(learn_reach, reach))
    return seen


def _both(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return one if other is None else other
    return one & other


def _image_layers(layers: object) -> list[Image]:
    from napari.layers import Image

    if isinstance(layers, Image) or not isinstance(layers, Sequence):
        raise TypeError(
            f"layers is a {type(layers).__name__}: pass a list of image layers, one a "
            "channel."
        )
    if not layers:
        raise ValueError("there is no layer: pass image layers, one a channel.")
    for position, layer in enumerate(layers):
        if not isinstance(layer, Image):
            raise TypeError(f"{what_is(layer)}: pass image layers.")
        if layer.rgb:
            raise ValueError(
                f"the layer {layer.name!r} is RGB, which is three channels in one: "
                "pass layers of one channel each, or quantize it alone."
            )
        if any(layer is other for other in layers[:position]):
            raise ValueError(
                f"the layer {layer.name!r} is there twice: pass each layer once."
            )
    return list(layers)


def _check_fit(layers: Sequence[Image]) -> None:
    """Raise ValueError if the layers do not lie pixel on pixel."""
    for other in layers[1:]:
        if said := misfit(layers[0], other):
            raise ValueError(said)


def misfit(first: Image, other: Image) -> str:
    """Return why two layers do not lie pixel on pixel, or ''."""
    for what, value_of in _PLACED.items():
        one, two = value_of(first), value_of(other)
        if not _same(one, two, first.scale):
            return (
                f"the layers {first.name!r} and {other.name!r} do not fit: their "
                f"{what} {_said(one)} and {_said(two)}. Choose layers that lie "
                "pixel on pixel."
            )
    return ""


def _shapes(layer: Image) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(level.shape) for level in levels_of(layer))


_PLACED: Mapping[str, Any] = {
    "numbers of levels are": lambda layer: len(_shapes(layer)),
    "shapes are": _shapes,
    "scales are": lambda layer: layer.scale,
    "translations are": lambda layer: layer.translate,
    "rotations are": lambda layer: layer.rotate,
    "shears are": lambda layer: layer.shear,
    "affine transforms are": lambda layer: layer.affine.affine_matrix,
    "units are": lambda layer: tuple(map(str, layer.units)),
    "axis labels are": lambda layer: tuple(layer.axis_labels),
}


def _same(one: Any, two: Any, scale: NDArray[np.float64]) -> bool:
    if isinstance(one, np.ndarray):
        tiny = 1e-9 * max(float(np.abs(one).max()), float(np.abs(scale).max()))
        return one.shape == two.shape and np.allclose(one, two, rtol=0, atol=tiny)
    return bool(one == two)


def _said(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return str(value.tolist())
    if isinstance(value, tuple) and len(value) == 1:  # of the only level
        return str(value[0])
    return str(value)


def _unique(names: Sequence[str]) -> list[str]:
    unique: list[str] = []
    for name in names:
        new, number = name, 0
        while new in unique or is_reserved(new):
            number += 1
            new = f"{name} [{number}]"
        unique.append(new)
    return unique


def joined(names: Sequence[str]) -> str:
    """Return one name for layers that are quantized together, shortened if long."""
    joined = " + ".join(names)
    if len(joined) <= _LONGEST_NAME or len(names) == 1:
        return joined
    return f"{names[0]} + {len(names) - 1} more"


def _channel(layer: Image, name: str, dtype: str, scaling: str) -> LayerChannel:
    low, high = (float(limit) for limit in layer.contrast_limits)
    by_limits = scaling == "contrast_limits"
    return LayerChannel(
        name=name,
        layer=layer.name,
        dtype=dtype,
        scaling=scaling,
        offset=low if by_limits else 0.0,
        unit=high - low if by_limits else 1.0,
        contrast_limits=(low, high),
        gamma=float(layer.gamma),
        opacity=float(layer.opacity),
        colormap=layer.colormap,
        origin=origin_of(layer),
    )
