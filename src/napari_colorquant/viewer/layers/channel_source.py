"""What a run needs of several image layers, of which each is one channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import see_image
from napari_colorquant.formats.csv_table import is_reserved
from napari_colorquant.viewer.layers.channels import SCALINGS, LayerChannel
from napari_colorquant.viewer.layers.layer_properties import (
    has_lazy,
    levels_of,
    origin_of,
    spatial_of,
    what_is,
)
from napari_colorquant.viewer.layers.source import check_masks, limited, limits_of

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.viewer.layers.region_masks import Region

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, eq=False)
class ChannelSource:
    """What a run takes from several image layers; z-scores are not yet measured.

    levels: one picture a channel, the largest level first, all Blocks if any is lazy;
    position: the slice, None for all; within: name of the region, empty for none.
    """

    name: str
    channels: tuple[LayerChannel, ...]
    levels: tuple[Level, ...]
    scaling: str
    multiscale: bool
    spatial: dict[str, Any]
    position: tuple[int | None, ...] | None = None
    within: str = ""

    @property
    def is_lazy(self) -> bool:
        """Whether the pictures are lazy; else they are in memory."""
        return isinstance(self.levels[0][0], Blocks)


def take_channels(
    layers: Sequence[Image],
    scaling: str = SCALINGS[0],
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
) -> ChannelSource:
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
    check_masks(first, mask, learn_mask)
    lazily = any(map(has_lazy, layers))
    by_layer = [
        [
            see_image(level, None, mask, learn_mask, lazily=lazily)
            for level in levels_of(layer)
        ]
        for layer in layers
    ]
    names = _unique([layer.name for layer in layers])
    return ChannelSource(
        name=joined([layer.name for layer in layers]),
        channels=tuple(
            _channel(layer, name, levels[0].dtype.name, scaling)
            for layer, name, levels in zip(layers, names, by_layer, strict=True)
        ),
        levels=tuple(zip(*by_layer, strict=True)),
        scaling=scaling,
        multiscale=first.multiscale,
        spatial=spatial_of(first, first.ndim),
    )


def channels_within(
    source: ChannelSource, within: Region | None, learn_within: Region | None
) -> ChannelSource:
    """Return a source that is limited to regions, see `with_regions` in source.py."""
    limits = limits_of(within, learn_within, len(source.levels))
    pairs: Any = zip(source.levels, limits, strict=True)
    levels: Any = tuple(
        tuple(limited(pixels, None, *limit) for pixels in level)
        for level, limit in pairs
    )
    name = source.within if within is None else within.name
    return replace(source, levels=levels, within=name)


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
            raise TypeError(f"{what_is(layer)}: choose image layers.")
        if layer.rgb:
            raise ValueError(
                f"the layer {layer.name!r} is RGB, which is three channels in one: "
                "choose layers of one channel each, or quantize it alone."
            )
        if any(layer is other for other in layers[:position]):
            raise ValueError(
                f"the layer {layer.name!r} is there twice: choose each layer once."
            )
    return list(layers)


def _check_fit(layers: Sequence[Image]) -> None:
    """Raise ValueError if the layers do not lie pixel on pixel."""
    first = layers[0]
    for other in layers[1:]:
        for what, value_of in _PLACED.items():
            one, two = value_of(first), value_of(other)
            if not _same(one, two, first.scale):
                raise ValueError(
                    f"the layers {first.name!r} and {other.name!r} do not fit: their "
                    f"{what} {_said(one)} and {_said(two)}. Choose layers that lie "
                    "pixel on pixel."
                )


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
