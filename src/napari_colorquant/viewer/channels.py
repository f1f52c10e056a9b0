"""Channels in layers of their own: how each one is scaled and shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette import Palette

if TYPE_CHECKING:
    from napari.utils.colormaps import Colormap
    from numpy.typing import NDArray

SCALINGS = ("contrast_limits", "none", "zscore")
"""How channels are made comparable before they are stacked."""


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One channel: how it was scaled, and how the viewer shows it.

    Parameters
    ----------
    name : str
        Its layer's name, made unique among the columns of the palette table.
    layer : str
        Its layer's name.
    dtype : str
        Name of its dtype.
    scaling : str
        One of ``SCALINGS``.
    offset : float
        What became 0: the lower contrast limit, the mean, or 0 itself.
    unit : float
        What became 1, counted from there: the range of the contrast limits, the
        standard deviation, or 1 itself.
    contrast_limits : tuple of float
        What is shown in the first and the last colour.
    gamma : float
        Exponent of what lies between them.
    opacity : float
        0 to 1.
    colormap : napari.utils.colormaps.Colormap
        The colours.
    origin : dict
        Where the layer came from; see
        :func:`~napari_colorquant.viewer.layer_parts.origin_of`.
    """

    name: str
    layer: str
    dtype: str
    scaling: str
    offset: float
    unit: float
    contrast_limits: tuple[float, float]
    gamma: float
    opacity: float
    colormap: Colormap
    origin: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return the channel as plain data.

        Returns
        -------
        dict
            What :meth:`from_dict` takes. Scaling by contrast limits is told as ``low``
            and ``high``, and by z-scores as ``mean`` and ``std``.
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
    def from_dict(plain: Mapping[str, Any]) -> Channel:
        """Return the channel that :meth:`as_dict` made plain data of.

        Parameters
        ----------
        plain : mapping
            Plain data.

        Returns
        -------
        Channel
            The channel.
        """
        from napari.utils.colormaps import Colormap

        offset, unit = 0.0, 1.0
        if plain["scaling"] == "contrast_limits":
            offset, unit = plain["low"], plain["high"] - plain["low"]
        elif plain["scaling"] == "zscore":
            offset, unit = plain["mean"], plain["std"]
        return Channel(
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
    colors: NDArray[Any], channels: Sequence[Channel]
) -> NDArray[np.float64]:
    """Return colours of several channels as the viewer shows them together.

    Each channel goes through its contrast limits, gamma and colormap and is added in
    its opacity, as napari's additive blending does; the sum is cut off at white.

    Parameters
    ----------
    colors : ndarray, shape (n, C)
        In the channels' own units; NaN is shown in a colormap's own colour for it,
        which is none by default.
    channels : sequence of Channel
        The C channels.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        RGB, 0 to 1.
    """
    total = np.zeros((len(colors), 3))
    for values, channel in zip(colors.T, channels, strict=True):
        low, high = channel.contrast_limits
        level = np.clip((values.astype(np.float64) - low) / (high - low), 0.0, 1.0)
        rgba = np.asarray(channel.colormap.map(level**channel.gamma), np.float64)
        total += rgba[:, :3] * (rgba[:, 3:] * channel.opacity)
    return np.clip(total, 0.0, 1.0)


def composite_palette(palette: Palette, channels: Sequence[Channel]) -> Palette:
    """Return the palette that a composite picture is drawn in.

    Parameters
    ----------
    palette : Palette
        In the channels' own units.
    channels : sequence of Channel
        The channels.

    Returns
    -------
    Palette
        The same entries in RGB, from 0 to 255.
    """
    colors = 255.0 * composite_colors(palette.colors, channels)
    return replace(palette, colors=colors, color_space="rgb", units="uint8")


def composite_table(palette: Palette, channels: Sequence[Channel]) -> NDArray[np.uint8]:
    """Return the colour that each label is drawn in.

    Parameters
    ----------
    palette : Palette
        In the channels' own units.
    channels : sequence of Channel
        The channels.

    Returns
    -------
    ndarray of uint8, shape (K + 1, 3)
        RGB; black for label 0.
    """
    drawn = composite_palette(palette, channels).drawn(np.uint8)
    return np.concatenate([np.zeros_like(drawn[:1]), drawn])


def draw_composite(
    labels: NDArray[Any],
    values: Sequence[NDArray[Any]],
    table: NDArray[np.uint8],
    channels: Sequence[Channel],
) -> NDArray[np.uint8]:
    """Draw labels; pixels without one are drawn as they are.

    Parameters
    ----------
    labels : ndarray of unsigned int
        Palette index + 1, or 0.
    values : sequence of ndarray
        The channels' values, each of that shape.
    table : ndarray of uint8, shape (K + 1, 3)
        See :func:`composite_table`.
    channels : sequence of Channel
        The channels.

    Returns
    -------
    ndarray of uint8, shape (*shape, 3)
        RGB.
    """
    picture = np.take(table, labels, axis=0, mode="clip")
    left_out = labels == 0
    if left_out.any():
        colors = np.stack([one[left_out] for one in values], axis=1)
        picture[left_out] = np.rint(255.0 * composite_colors(colors, channels))
    return picture


def channels_of(record: Mapping[str, Any]) -> tuple[Channel, ...]:
    """Return the channels that the record of a result tells of.

    Parameters
    ----------
    record : mapping
        What the layers of a result keep in their metadata.

    Returns
    -------
    tuple of Channel
        None for a result of one layer.
    """
    return tuple(Channel.from_dict(plain) for plain in record.get("channels", ()))


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
