"""Colour spaces: where colours are compared, and where their means are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.stains import DARKEST
from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.formats.palette_data import COLOR_SPACES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.image.pixels import Pixels

    Convert = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def power_of_two_scale(largest: float) -> float:
    """Return the power of two that brings a magnitude near 1; 0 gives 1.

    Multiplication by it is exact: distances keep their order to the last bit and never
    overflow, whatever the units.
    """
    if largest == 0:
        return 1.0
    exponent = int(np.frexp(largest)[1])
    return float(np.ldexp(1.0, int(np.clip(-exponent, -1000, 1000))))


_UNIT_DENSITY = 1e-6
"""The light that is left behind an optical density of 1, in scikit-image's units."""
_CHUNK = 2**18
"""Colours that are converted at once: scikit-image makes several copies of them."""


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """A space to compare colours in.

    white: full light in the image's units; largest: largest magnitude of a coordinate,
    0 where it is that of the image's values.
    """

    name: str
    white: float
    largest: float

    def forward(self, colors: NDArray[Any]) -> NDArray[np.float64]:
        """Return colours of the image, (n, C) in its own units, in this space.

        Raises ValueError, except in rgb, if one is below 0 or above white.
        """
        convert = _CONVERSIONS[self.name]
        if convert is None:
            return np.asarray(colors, np.float64)
        if len(colors):
            self.check(colors.min(), colors.max())
        converted = np.empty(colors.shape)
        for start in range(0, len(colors), _CHUNK):
            rows = slice(start, start + _CHUNK)
            # In float32, scikit-image would compute in float32, too.
            converted[rows] = convert[0](colors[rows].astype(np.float64) / self.white)
        return converted

    def check(self, lows: ArrayLike, highs: ArrayLike) -> None:
        """Raise ValueError if values are below 0, above white or NaN."""
        low, high = float(np.min(lows)), float(np.max(highs))
        if not (low >= 0 and high <= self.white):
            raise ValueError(
                Sentence(
                    "colors as an eye or a stain has them need values from 0 to "
                    "{white:g}, and there are some from {low:g} to {high:g}: divide by "
                    "their range first, or compare in {color_space:='rgb'}.",
                    white=self.white,
                    low=low,
                    high=high,
                )
            )

    def backward(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates (n, C) as colours in the image's own units.

        Except in rgb, channels are clipped to what light can show, 0 to white.
        """
        convert = _CONVERSIONS[self.name]
        if convert is None:
            return coordinates
        return np.clip(convert[1](coordinates), 0, 1) * self.white


def check_space(name: object) -> None:
    """Raise ValueError if a name is none of COLOR_SPACES."""
    if not is_word(name, COLOR_SPACES):
        raise ValueError(
            Sentence(
                "{color_space} {name} is unknown: pass one of {known}.",
                name=shown(name),
                known=", ".join(map(repr, COLOR_SPACES)),
            )
        )


def color_space(
    name: str, dtype: np.dtype[Any], n_channels: int, white: float | None = None
) -> ColorSpace:
    """Return a colour space for images of a dtype.

    white: by default the dtype's largest integer, 1 for floats. Raises ValueError if
    the space needs red, green and blue, and n_channels is not 3.
    """
    if _CONVERSIONS[name] is not None and n_channels != 3:
        noun = "channel" if n_channels == 1 else "channels"
        raise ValueError(
            Sentence(
                "{color_space} {name!r} needs red, green and blue, and the image has "
                "{channels}: pass {color_space:='rgb'}, which takes any channels.",
                name=name,
                channels=f"{n_channels} {noun}",
            )
        )
    if white is None:
        white = float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
    return ColorSpace(name, white, _LARGEST[name])


def space_of(name: str, pixels: Pixels) -> ColorSpace:
    """Return a colour space for an image, which must be RGB unless the space is rgb."""
    space = color_space(name, pixels.dtype, pixels.n_channels, pixels.white)
    if _CONVERSIONS[name] is not None and not pixels.is_light:
        raise ValueError(
            Sentence(
                "{color_space} {name!r} is of red, green and blue, and channels of "
                "data have no such colors: pass {color_space:='rgb'}, which compares "
                "the channels as they are, or an image with red, green and blue on its "
                "last axis.",
                name=name,
            )
        )
    return space


def _to_lab(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import rgb2lab

    converted: NDArray[np.float64] = rgb2lab(colors)
    return converted


def _from_lab(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import lab2xyz, xyz2rgb

    # A mean may lie outside of what light can show: its negative Z is 0, without the
    # warning that lab2rgb gives; a little less, as rounding may carry it beyond.
    lab = coordinates.copy()
    lab[:, 2] = np.minimum(lab[:, 2], 200 * ((lab[:, 0] + 16) / 116) - 1e-9)
    converted: NDArray[np.float64] = xyz2rgb(lab2xyz(lab))
    return converted


def _to_hed(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import hed_from_rgb

    # scikit-image's rgb2hed sets negative amounts of a stain to 0, and there is no way
    # back from there: here they stay. Its floor of 1e-6 would carry a channel that is 0
    # far away from one that is 1. The separation is that of Ruifrok and Johnston, 2001.
    density = np.log(np.maximum(colors, DARKEST)) / np.log(_UNIT_DENSITY)
    converted: NDArray[np.float64] = density @ hed_from_rgb
    return converted


def _from_hed(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    from skimage.color import rgb_from_hed

    density = coordinates @ rgb_from_hed
    # More light than white is no amount of stain: a power beyond it is cut off anyway.
    converted: NDArray[np.float64] = _UNIT_DENSITY ** np.maximum(density, 0)
    return converted


_CONVERSIONS: Mapping[str, tuple[Convert, Convert] | None] = {
    "rgb": None,
    "lab": (_to_lab, _from_lab),
    "hed": (_to_hed, _from_hed),
}
_LARGEST = {"rgb": 0.0, "lab": 128.0, "hed": 2.0}
