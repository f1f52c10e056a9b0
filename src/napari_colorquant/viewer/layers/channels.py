"""Channels in layers of their own or in one layer: how each is scaled and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.channels.channel import Channel
from napari_colorquant.core.palette.palette import Palette

if TYPE_CHECKING:
    from napari.utils.colormaps import Colormap
    from numpy.typing import NDArray


SCALINGS = ("contrast_limits", "none", "zscore")
"""How channels are made comparable before they are stacked."""
_NAMED = {
    2: ("magenta", "green"),
    3: ("red", "green", "blue"),
    4: ("cyan", "yellow", "magenta", "red"),
    5: ("cyan", "yellow", "magenta", "red", "green"),
    6: ("cyan", "yellow", "magenta", "red", "green", "blue"),
}
_MOST_NAMED = max(_NAMED)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LayerChannel(Channel):
    """One channel as the viewer shows it.

    name: unique among the columns of the table; opacity: 0 to 1; origin: see
    `origin_of`.
    """

    layer: str
    contrast_limits: tuple[float, float]
    gamma: float
    opacity: float
    colormap: Colormap
    origin: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the channel as plain data, for `from_dict`.

        Scaling by contrast limits is kept as low and high, by z-scores as mean and std.
        """
        scaled: dict[str, float] = {}
        if self.scaling == "contrast_limits":
            scaled = {"low": self.contrast_limits[0], "high": self.contrast_limits[1]}
        elif self.scaling == "zscore":
            scaled = {"mean": self.offset, "std": self.unit}
        return {
            "name": self.name,
            "layer": self.layer,
            "dtype": self.dtype,
            "scaling": self.scaling,
            **scaled,
            "contrast_limits": list(self.contrast_limits),
            "gamma": self.gamma,
            "opacity": self.opacity,
            "colormap": _plain_colormap(self.colormap),
            "origin": self.origin,
        }

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> LayerChannel:
        """Return the channel that `as_dict` made plain data of."""
        from napari.utils.colormaps import Colormap

        offset, unit = 0.0, 1.0
        if plain["scaling"] == "contrast_limits":
            offset, unit = plain["low"], plain["high"] - plain["low"]
        elif plain["scaling"] == "zscore":
            offset, unit = plain["mean"], plain["std"]
        return LayerChannel(
            name=plain["name"],
            layer=plain["layer"],
            dtype=plain["dtype"],
            scaling=plain["scaling"],
            offset=offset,
            unit=unit,
            contrast_limits=(plain["contrast_limits"][0], plain["contrast_limits"][1]),
            gamma=plain["gamma"],
            opacity=plain["opacity"],
            colormap=Colormap(**plain["colormap"]),
            origin=dict(plain["origin"]),
        )


def composite_colors(
    colors: NDArray[Any], channels: Sequence[LayerChannel]
) -> NDArray[np.float64]:
    """Return colours, shape (n, C), as RGB, shape (n, 3), 0 to 1, as shown together.

    Each channel is added in its limits, gamma, colormap and opacity, as napari blends
    additively, and cut off at 1. NaN has the colormap's colour for it, by default none.
    """
    total = np.zeros((len(colors), 3))
    for values, channel in zip(colors.T, channels, strict=True):
        low, high = channel.contrast_limits
        level = np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0)
        rgba = np.asarray(channel.colormap.map(level**channel.gamma), np.float64)
        total += rgba[:, :3] * (rgba[:, 3:] * channel.opacity)
    return np.clip(total, 0.0, 1.0)


def composite_palette(palette: Palette, channels: Sequence[LayerChannel]) -> Palette:
    """Return the same entries in RGB, 0 to 255, as a composite picture shows them."""
    return in_rgb(palette, composite_colors(palette.colors, channels))


def in_rgb(palette: Palette, colors: NDArray[np.float64]) -> Palette:
    """Return the same entries in other colours, (K, 3): RGB from 0 to 1, as 8 bits."""
    return replace(
        palette,
        colors=255.0 * colors,
        color_space="rgb",
        weights=None,
        stains=None,
        background=None,
        units="uint8",
        white=None,
    )


def inner_channels(
    layer: str,
    dtype: str,
    n_channels: int,
    display: Mapping[str, Any],
    origin: Mapping[str, Any],
) -> tuple[LayerChannel, ...]:
    """Return the channels along an axis of one layer, unscaled, with a colormap each.

    One channel has the layer's colormap, two to six have named colours, more are bands
    from blue over green to red, white together. Limits and gamma are the layer's.
    """
    low, high = (float(limit) for limit in display["contrast_limits"])
    colormaps = _inner_colormaps(n_channels, display["colormap"])
    return tuple(
        LayerChannel(
            name=f"channel {number}",
            layer=layer,
            dtype=dtype,
            scaling="none",
            contrast_limits=(low, high),
            gamma=float(display["gamma"]),
            opacity=1.0,
            colormap=colormap,
            origin=dict(origin),
        )
        for number, colormap in enumerate(colormaps)
    )


def _inner_colormaps(n_channels: int, of_the_layer: Colormap) -> list[Colormap]:
    from napari.utils.colormaps import Colormap, ensure_colormap

    if n_channels == 1:
        return [of_the_layer]
    if n_channels <= _MOST_NAMED:
        return [ensure_colormap(name) for name in _NAMED[n_channels]]
    place = np.linspace(0.0, 2.0, n_channels)
    # As far from red, green and blue as the band is from the end or the middle.
    weights = np.clip([place - 1, 1 - np.abs(place - 1), 1 - place], 0.0, 1.0)
    weights /= weights.sum(axis=1, keepdims=True)
    return [
        Colormap([[0.0, 0.0, 0.0], color.tolist()], name=f"band {number}")
        for number, color in enumerate(weights.T)
    ]


def channels_of(record: Mapping[str, Any]) -> tuple[LayerChannel, ...]:
    """Return the channels in the record of a result; raise ValueError if damaged.

    The tuple is empty where the result is of one layer without an axis of channels.
    """
    try:
        return tuple(
            LayerChannel.from_dict(plain) for plain in record.get("channels", ())
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("the channels in its record are damaged.") from error


def _plain_colormap(colormap: Colormap) -> dict[str, Any]:
    plain = {
        "name": str(colormap.name),
        "colors": colormap.colors.tolist(),
        "controls": colormap.controls.tolist(),
        "interpolation": str(colormap.interpolation.value),
    }
    for key in ("nan_color", "low_color", "high_color"):
        color = getattr(colormap, key)
        plain[key] = None if color is None else np.asarray(color).tolist()
    return plain
