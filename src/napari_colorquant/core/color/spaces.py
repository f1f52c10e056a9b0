"""Colour spaces: where colours are compared, and where their means are taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.stains import DARKEST, Rows, Stains
from napari_colorquant.core.compute.arguments import is_word, number, sequence, shown
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.formats.palette_data import (
    COLOR_SPACES,
    PLAIN_SPACE,
    white_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
LIGHTEST, HEAVIEST = 1e-6, 1e6
"""Weights in this range keep the digits of every coordinate."""
_NO_WEIGHT = 2.0**-24
"""That of L* in ab, and of what neither of two stains has: so small that it decides
between exact ties alone, and large enough for a centroid to keep its pixels' mean, in
which it is drawn."""
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
"""Of linear sRGB, for Oklab: https://bottosson.github.io/posts/oklab (2021-01-25)."""
_OPPONENTS = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
"""Of the cube roots of the cones' light, from the same page."""


@dataclass(frozen=True, slots=True)
class ColorSpace:
    """A space to compare colours in.

    white: full light in the image's units; largest: largest magnitude of a coordinate,
    0 where it is that of the image's values, times a weight; weights: what each
    coordinate is multiplied by, None for 1; stains: of "stains", once they are known.
    """

    name: str
    white: float
    largest: float
    weights: tuple[float, ...] | None = None
    stains: Stains | None = None

    @property
    def is_plain(self) -> bool:
        """Whether coordinates are the image's values themselves."""
        return self.name == PLAIN_SPACE and self.weights is None

    def forward(self, colors: NDArray[Any]) -> NDArray[np.float64]:
        """Return colours of the image, (n, C) in its own units, in this space.

        Raises ValueError if one is below 0 or above white; in rgb, if a weight brings
        one beyond the largest float.
        """
        convert = self._convert
        if convert is None and self.weights is None:
            return np.asarray(colors, np.float64)
        if convert is None:
            return self._weighted(np.array(colors, np.float64))
        if len(colors):
            self.check(colors.min(), colors.max())
        converted = np.empty(colors.shape)
        for start in range(0, len(colors), _CHUNK):
            rows = slice(start, start + _CHUNK)
            # In float32, scikit-image would compute in float32, too.
            converted[rows] = convert[0](colors[rows].astype(np.float64) / self.white)
        return converted if self.weights is None else self._weighted(converted)

    @property
    def _convert(self) -> tuple[Convert, Convert] | None:
        if self.stains is not None:
            return self.stains.amounts, self.stains.light
        return _CONVERSIONS[self.name]

    def _weighted(self, coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            coordinates *= np.array(self.weights)
        if not np.isfinite(coordinates).all():
            raise ValueError(
                Sentence(
                    "the image has values that {weights} bring beyond the largest "
                    "number there is: pass smaller ones."
                )
            )
        return coordinates

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
        convert = self._convert
        if self.weights is not None:
            coordinates = coordinates / self.weights
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


def check_weights(
    weights: object, name: str, n_channels: int | None = None
) -> tuple[float, ...] | None:
    """Return one weight for each channel of a space, None if all are 1; or raise.

    TypeError if they are no numbers, ValueError if one is out of LIGHTEST to HEAVIEST
    or they are not as many as channels: n_channels, of rgb, where it is known.
    """
    if weights is None:
        return None
    said = Argument("weights")
    numbers = [number(one, said) for one in sequence(weights, said, "numbers")]
    wrong = [one for one in numbers if not LIGHTEST <= one <= HEAVIEST]
    if wrong:
        raise ValueError(
            Sentence(
                "{weights} hold {wrong:g}: pass numbers from {least:g} to {most:g}.",
                wrong=wrong[0],
                least=LIGHTEST,
                most=HEAVIEST,
            )
        )
    letters = _CHANNELS.get(name)
    wanted = n_channels if letters is None else len(letters)
    if wanted is not None and len(numbers) != wanted:
        which = "" if letters is None else f" of {name}, {', '.join(letters)}"
        raise ValueError(
            Sentence(
                "{weights} hold {n} number{s}: pass {wanted}, one for each "
                "channel{which}.",
                n=len(numbers),
                s="" if len(numbers) == 1 else "s",
                wanted=wanted,
                which=which,
            )
        )
    return None if all(one == 1 for one in numbers) else tuple(numbers)


def color_space(
    name: str,
    dtype: np.dtype[Any],
    n_channels: int,
    white: float | None = None,
    weights: Sequence[float] | None = None,
    stains: Rows | None = None,
) -> ColorSpace:
    """Return a colour space for images of a dtype.

    white: by default the dtype's largest integer, 1 for floats; stains: at full
    staining, None where they are not known yet. Raises ValueError if
    the space needs red, green and blue, and n_channels is not 3; or as check_weights.
    """
    if name != PLAIN_SPACE and n_channels != 3:
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
        white = white_of(dtype.name)
    n_weights = None if stains is None else len(stains)
    own = check_weights(weights, name, n_channels if name != "stains" else n_weights)
    if name == "ab":
        own = (_NO_WEIGHT, *(own or (1.0, 1.0)))
    if n_weights == 2:
        own = (*(own or (1.0, 1.0)), _NO_WEIGHT)
    known = None if stains is None else Stains(stains)
    largest = _LARGEST[name] * max(own or (1.0,))
    return ColorSpace(name, white, largest, own, known)


def space_of(
    name: str,
    pixels: Pixels,
    weights: Sequence[float] | None = None,
    stains: Rows | None = None,
) -> ColorSpace:
    """Return a colour space for an image, which must be RGB unless the space is rgb."""
    given = (pixels.dtype, pixels.n_channels, pixels.white, weights, stains)
    space = color_space(name, *given)
    if name != PLAIN_SPACE and not pixels.is_light:
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


def _to_oklab(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    light = np.where(
        colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4
    )
    converted: NDArray[np.float64] = np.cbrt(light @ _CONES.T) @ _OPPONENTS.T
    return converted


def _from_oklab(coordinates: NDArray[np.float64]) -> NDArray[np.float64]:
    cones = (coordinates @ np.linalg.inv(_OPPONENTS).T) ** 3
    light = np.maximum(cones @ np.linalg.inv(_CONES).T, 0)
    return np.where(
        light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055
    )


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
    "ab": (_to_lab, _from_lab),
    "oklab": (_to_oklab, _from_oklab),
    "hed": (_to_hed, _from_hed),
}
_LARGEST = {
    **{"rgb": 0.0, "lab": 128.0, "ab": 128.0, "oklab": 1.0, "hed": 2.0},
    "stains": 2.0**14,
}
"""Of stains, that of the palest scale of two that are hardly apart."""
_CHANNELS: Mapping[str, tuple[str, ...]] = {
    "lab": ("L*", "a*", "b*"),
    "ab": ("a*", "b*"),
    "oklab": ("L", "a", "b"),
    "hed": ("H", "E", "D"),
}
"""What has a weight in each space; in rgb, the image's channels."""


def dark_to_light(colors: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order, (K,), of colours by their mean over channels, then by channels.

    Sorted palettes make labels mean the same from run to run.
    """
    channels_last_to_first = colors.T[::-1]
    scaled = colors * power_of_two_scale(float(np.abs(colors).max()))
    return np.lexsort((*channels_last_to_first, scaled.mean(axis=1)))
