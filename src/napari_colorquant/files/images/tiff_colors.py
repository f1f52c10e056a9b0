"""The colours of a TIFF: how the numbers of a series become the pixels that it shows.

Numbers in brackets are tags of TIFF 6.0 (1992). Its sections 6, 18, 20 and 21 say what
they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import AUTO, ChannelAxis, RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_GREY_FROM_WHITE, _GREY, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_OTHER_COLORS = {
    4: "a mask of transparency",
    5: "CMYK",
    8: "Lab",
    9: "Lab",
    10: "Lab",
    32803: "CFA, the raw data of a camera",
    32844: "LogL",
    32845: "LogLuv",
    34892: "linear raw data of a camera",
}
_ASSOCIATED, _UNASSOCIATED = 1, 2  # tag 338
_JPEG = {6, 7, 33007, 34892, 34712}  # tag 259: decoders give RGB


@dataclass(frozen=True, slots=True)
class SeenSeries:
    """A series as pixels: its axes by name, and whether they end in colours."""

    conversion: Conversion
    axes: str
    shape: tuple[int, ...]
    is_color: bool
    notes: tuple[str, ...] = ()


def see_series(series: Any, channel_axis: ChannelAxis) -> SeenSeries:
    """Return a series as pixels, by photometric (262) and extra samples (338)."""
    page, axes, dtype = series.keyframe, series.axes, np.dtype(series.dtype)
    photometric = int(page.photometric)
    if 262 not in page.tags:  # what tifffile takes then
        photometric = _RGB if page.samplesperpixel > 2 else _GREY
    if (colors := _OTHER_COLORS.get(photometric)) is not None:
        raise RefusedError(
            f"its colors are {colors}, not RGB: convert it to RGB first."
        )
    if dtype.kind == "c":
        raise RefusedError("its pixels are complex numbers: save their magnitude.")
    is_shown = channel_axis in (AUTO, -1)  # else the numbers are wanted as they are
    ycbcr = None
    if photometric == _YCBCR:
        if int(page.compression) not in _JPEG:
            ycbcr = _ycbcr(page, dtype)
        photometric = _RGB
    elif photometric not in (_GREY_FROM_WHITE, _GREY, _RGB, _PALETTE):
        raise RefusedError(
            f"its colors are of the kind {photometric}, which is not known: convert it "
            "to RGB first."
        )
    white = _white_is_zero(page, dtype) if photometric == _GREY_FROM_WHITE else None
    color_map = None
    if photometric == _PALETTE and is_shown:
        color_map = _color_map(page, dtype)
    place = axes.index("S") if "S" in axes and (is_shown or ycbcr) else None
    samples, is_associated, notes = _samples(page, photometric, dtype, place)
    if color_map is None and samples is None and ycbcr is None:
        place = None
    conversion = Conversion(
        samples_axis=place,
        is_bits=dtype.kind == "b",
        white_is_zero=white,
        color_map=color_map,
        ycbcr=ycbcr,
        samples=samples,
        is_associated=is_associated,
    )
    if color_map is not None:
        axes += "S"
    elif place is not None:
        axes = axes.replace("S", "") + "S"
    is_color = color_map is not None or samples is not None or ycbcr is not None
    return SeenSeries(conversion, axes, conversion.shape(series.shape), is_color, notes)


def _samples(
    page: Any, photometric: int, dtype: np.dtype[Any], place: int | None
) -> tuple[tuple[int, ...] | None, bool, tuple[str, ...]]:
    """Return the samples of RGB and opacity, whether they are multiplied, and notes."""
    n_colors = 3 if photometric == _RGB else 1
    n = int(page.samplesperpixel)
    if place is None or n < n_colors or (photometric == _PALETTE and n > 1):
        if photometric == _PALETTE and n > 1:
            raise RefusedError(
                "it has a palette and more samples besides: convert it to RGB first."
            )
        return None, False, ()
    extra = [int(one) for one in page.extrasamples]
    opacity = [
        n_colors + i
        for i, one in enumerate(extra)
        if one in (_ASSOCIATED, _UNASSOCIATED) and n_colors + i < n
    ]
    if n_colors == 1 and (n != 2 or not opacity):  # channels of data
        note: tuple[str, ...] = ()
        if opacity:
            note = (
                "The opacity that it has beside channels of data is taken as one of "
                "them.",
            )
        return None, False, note
    is_associated = bool(opacity) and extra[opacity[0] - n_colors] == _ASSOCIATED
    if is_associated and not (
        dtype.kind == "f" or (dtype.kind == "u" and dtype.itemsize < 8)
    ):
        raise RefusedError(
            f"its colors are multiplied by their opacity, in {dtype}: save it with "
            "unassociated alpha."
        )
    colors = (0, 1, 2) if n_colors == 3 else (0, 0, 0)
    n_left = n - n_colors - len(opacity[:1])
    notes: tuple[str, ...] = ()
    if n_left:
        what = "sample that is" if n_left == 1 else "samples that are"
        notes = (
            f"Beside RGB, each pixel has {n_left} {what} not said to be opacity: left "
            "out.",
        )
    return (*colors, *opacity[:1]), is_associated, notes


def _white_is_zero(page: Any, dtype: np.dtype[Any]) -> int | None:
    if dtype.kind not in "bu":
        raise RefusedError(
            f"its grey goes from white to black in {dtype}, where black is not known: "
            "save it from black to white."
        )
    return 255 if dtype.kind == "b" else 2 ** bits_of(page, dtype) - 1


def bits_of(page: Any, dtype: np.dtype[Any]) -> int:
    """Return the bits of a sample (258), or all that its dtype has."""
    bits = page.bitspersample
    bits = max(bits) if isinstance(bits, tuple) else int(bits)
    return bits if 0 < bits <= 8 * dtype.itemsize else 8 * dtype.itemsize


def _color_map(page: Any, dtype: np.dtype[Any]) -> NDArray[np.uint8]:
    table = page.colormap
    if table is None or dtype.kind not in "bu" or len(table) != 3:
        raise RefusedError("it has a palette that is damaged.")
    # 16 bits, where some programs write 255 as 65280, and others as 65535.
    colors = np.zeros((256 ** max(1, dtype.itemsize), 3), np.uint8)
    known = (np.asarray(table) >> 8).T.astype(np.uint8)
    n = min(len(colors), len(known))
    colors[:n] = known[:n]
    return colors


def _ycbcr(page: Any, dtype: np.dtype[Any]) -> tuple[list[float], list[float]]:
    """Return luma coefficients (529) and black and white (532)."""
    subsampling = tag_value(page, 530, (2, 2))
    if tuple(subsampling) != (1, 1) or dtype != np.uint8 or page.samplesperpixel != 3:
        raise RefusedError(
            "its colors are YCbCr of a kind that no decoder converts: convert it to "
            "RGB first."
        )
    luma = _ratios(tag_value(page, 529, ()), [0.299, 0.587, 0.114])
    limits = _ratios(tag_value(page, 532, ()), [0, 255, 128, 255, 128, 255])
    if luma[1] == 0 or any(
        a == b for a, b in zip(limits[::2], limits[1::2], strict=True)
    ):
        raise RefusedError("its colors are YCbCr, with damaged coefficients.")
    return luma, limits


def _ratios(value: Any, usual: list[float]) -> list[float]:
    numbers = list(value)
    if len(numbers) != 2 * len(usual) or not all(numbers[1::2]):
        return usual
    return [a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True)]


def tag_value(page: Any, tag: int, default: Any) -> Any:
    """Return the value of a tag by its number, or the default where it is missing."""
    # All pages of a series but the first may be known by their keyframe alone.
    found = getattr(page, "tags", page.keyframe.tags).get(tag)
    return default if found is None else found.value


# ---------------------------------------------------------------- block by block


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
        # An axis from which a number takes one place is there until the samples moved.
        is_one = [isinstance(one, int | np.integer) for one in whole]
        whole = tuple(
            slice(place := int(one) % n, place + 1) if is_number else one
            for one, n, is_number in zip(whole, self.shape, is_one, strict=True)
        )
        block = np.asarray(self._array[self._conversion.part(whole)])
        shown = self._conversion.apply(block)
        has_new = self._conversion.color_map is not None
        if has_new or self._conversion.samples_axis is not None:
            shown = shown[..., whole[-1]]
        taken: NDArray[Any] = shown[tuple(0 if one else slice(None) for one in is_one)]
        return taken


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
