"""What a file says of itself: how its numbers become pixels, and what these are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.calibration import (
    check_size_of_units,
    read_scale,
    read_units,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ChannelAxis = int | str | None
"""A number, ``"auto"`` for what the file says, or None."""

AUTO = "auto"


class RefusedError(ValueError):
    """A picture that can be decoded but would not be what the file shows."""


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """All that a file says of a picture, for every kind of output.

    axes: without channels, of "tzyx"; scale and units along them. data_range: white,
    where less than the dtype holds. series: in words; chosen: the one that was read.
    """

    channel_axis: int | None
    axes: str | None = None
    scale: tuple[float, ...] | None = None
    units: tuple[str | None, ...] | None = None
    channels: tuple[str, ...] = ()
    data_range: float | None = None
    is_imagej: bool = False
    series: tuple[str, ...] = ()
    chosen: int = 0
    notes: tuple[str, ...] = ()


def with_sizes(info: PictureInfo, n_axes: int, scale: Any, units: Any) -> PictureInfo:
    """Return info with the sizes and units that the user says, if any.

    A note says where the file says something else. n_axes is without channels.
    """
    new = replace(
        info,
        scale=read_scale(scale, n_axes, info.axes) or info.scale,
        units=read_units(units, n_axes, info.axes) or info.units,
    )
    if units is not None:
        check_size_of_units(new.scale, new.units)
    if info.scale is None or (new.scale, new.units) == (info.scale, info.units):
        return new
    note = (
        f"The file says that a pixel is {_size_in_words(info)}: "
        f"{_size_in_words(new)} is taken."
    )
    return replace(new, notes=(*info.notes, note))


def _size_in_words(info: PictureInfo) -> str:
    """Return the size of a pixel in words, such as "0.5 x 0.25 micrometer"."""
    scale = info.scale or ()
    names = [unit or "pixel" for unit in info.units or [None] * len(scale)]
    if len(set(names)) == 1:
        return " x ".join(f"{size:g}" for size in scale) + f" {names[0]}"
    pairs = zip(scale, names, strict=True)
    return " x ".join(f"{size:g} {name}" for size, name in pairs)


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """How the numbers of a file become the pixels that it shows, block by block.

    samples_axis moves to the end. white_is_zero: the number of black. ycbcr: luma
    coefficients, then black and white. color_map: (n, 3). samples: of RGB and opacity.
    """

    samples_axis: int | None = None
    is_bits: bool = False
    white_is_zero: int | None = None
    color_map: NDArray[np.uint8] | None = None
    ycbcr: tuple[Sequence[float], Sequence[float]] | None = None
    samples: tuple[int, ...] | None = None
    is_associated: bool = False

    def apply(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return the pixels of a block of numbers that has all samples of a pixel."""
        if self.samples_axis is not None:
            block = np.moveaxis(block, self.samples_axis, -1)
        if self.is_bits:
            block = block.astype(np.uint8) * np.uint8(255)
        if self.white_is_zero is not None:
            block = block.dtype.type(self.white_is_zero) - block
        if self.color_map is not None:
            block = self.color_map[block]
        if self.ycbcr is not None:
            block = _rgb_of(block, *self.ycbcr)
        if self.samples is not None:
            block = block[..., list(self.samples)]
        return divided_by_alpha(block) if self.is_associated else block

    def shape(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the pixels' shape, or chunks, for that of the numbers."""
        after = [int(n) for n in shape]
        if self.samples_axis is not None:
            after.append(after.pop(self.samples_axis))
        if self.color_map is not None:
            after.append(3)
        if self.samples is not None:
            after[-1] = len(self.samples)
        return tuple(after)

    def part(self, part: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return where the numbers of a part of the pixels are, with all samples."""
        if self.color_map is not None:
            part = part[:-1]
        if self.samples_axis is not None:
            *others, _ = part
            others.insert(self.samples_axis, slice(None))
            part = tuple(others)
        return part


class ConvertedArray:
    """A zarr array of a file's numbers, seen as the pixels that it shows."""

    def __init__(self, array: Any, conversion: Conversion) -> None:
        self._array, self._conversion = array, conversion
        self.shape = conversion.shape(array.shape)
        samples = conversion.samples_axis
        chunks = [
            n if i == samples else chunk
            for i, (n, chunk) in enumerate(zip(array.shape, array.chunks, strict=True))
        ]
        self.chunks = conversion.shape(chunks)
        is_seen = conversion.is_bits or conversion.color_map is not None
        self.dtype = np.dtype(np.uint8) if is_seen else np.dtype(array.dtype)
        self.ndim = len(self.shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        given = part if isinstance(part, tuple) else (part,)
        whole = (*given, *[slice(None)] * (self.ndim - len(given)))
        block = np.asarray(self._array[self._conversion.part(whole)])
        converted = self._conversion.apply(block)
        has_new = self._conversion.color_map is not None
        if not has_new and self._conversion.samples_axis is None:
            return converted
        shown: NDArray[Any] = converted[..., whole[-1]]
        return shown


def divided_by_alpha(image: NDArray[Any]) -> NDArray[Any]:
    """Return RGBA whose colours are no longer multiplied by their opacity.

    image: (..., 4), of floats to 1 or unsigned integers of up to 32 bits, rounded half
    up. Colours are 0 where nothing can be seen.
    """
    alpha, colors = image[..., 3:], image[..., :3]
    straight = np.zeros_like(image)
    straight[..., 3:] = alpha
    if image.dtype.kind == "f":
        np.divide(colors, alpha, out=straight[..., :3], where=alpha > 0)
        return straight
    white = int(np.iinfo(image.dtype).max)
    wide = np.dtype(np.uint32 if image.dtype.itemsize < 4 else np.uint64)
    opacity = np.maximum(alpha, 1).astype(wide)
    rounded = (colors.astype(wide) * wide.type(white) + opacity // 2) // opacity
    straight[..., :3] = np.where(alpha > 0, np.minimum(rounded, white), 0)
    return straight


def _rgb_of(
    block: NDArray[Any], luma: Sequence[float], limits: Sequence[float]
) -> NDArray[Any]:
    """Convert luma and chroma of 8 bits, by TIFF 6.0, sections 20 and 21."""
    red, green, blue = luma
    y_black, y_white, b_black, b_white, r_black, r_white = limits
    y = (block[..., 0] - y_black) * (255 / (y_white - y_black))
    cb = (block[..., 1] - b_black) * (127 / (b_white - b_black))
    cr = (block[..., 2] - r_black) * (127 / (r_white - r_black))
    r = y + cr * (2 - 2 * red)
    b = y + cb * (2 - 2 * blue)
    g = (y - blue * b - red * r) / green
    rgb = np.stack([r, g, b], axis=-1)
    shown: NDArray[Any] = np.clip(np.rint(rgb), 0, 255).astype(np.uint8)
    return shown
