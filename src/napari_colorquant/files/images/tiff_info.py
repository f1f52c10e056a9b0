"""What a TIFF says of one of its series: by its tags, OME-XML, ImageJ and Aperio.

Numbers in brackets are tags of TIFF 6.0 (1992). Its sections 6, 18, 20 and 21 say what
they mean.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeGuard

import numpy as np

from napari_colorquant.files.images.calibration import AXES
from napari_colorquant.files.images.info import (
    AUTO,
    ChannelAxis,
    Conversion,
    PictureInfo,
    RefusedError,
)
from napari_colorquant.files.images.tiff_write import SYMBOLS

if TYPE_CHECKING:
    import tifffile
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
_CENTIMETER = 3  # tag 296; inches are those of print
_JPEG = {6, 7, 33007, 34892, 34712}  # tag 259: decoders give RGB

UNITS = {
    **{symbol: name for name, symbol in SYMBOLS.items()},
    **{name: name for name in SYMBOLS},
    "\u03bcm": "micrometer",  # the Greek letter
    "\\u00B5m": "micrometer",
    "um": "micrometer",
    "micron": "micrometer",
    "microns": "micrometer",
    "sec": "second",
}
"""Units as files spell them, and as pint does."""


class LostPages(logging.Filter):
    """Silence tifffile's log, and learn from it what tifffile does not raise.

    The pages of a TIFF are a chain. Where a file was cut off, the chain leads out of
    it, and tifffile gives the pages before as if they were all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_lost = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for every message, and remember one of lost pages."""
        self.are_lost |= "invalid page offset" in record.getMessage()
        return False

    def __enter__(self) -> Self:
        logging.getLogger("tifffile").addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("tifffile").removeFilter(self)


def tiff_info(
    tiff: tifffile.TiffFile, channel_axis: ChannelAxis, number: int | None
) -> tuple[tifffile.TiffPageSeries, Conversion, PictureInfo]:
    """Return a series, how its numbers become pixels, and what else the file says.

    Palettes become colours only for channel_axis "auto" and -1. Raise EOFError if there
    is no page, RefusedError for no such series or colours that would come out wrong.
    """
    if not tiff.series:
        raise EOFError("no page")
    chosen = number or 0
    if not 0 <= chosen < len(tiff.series):
        raise RefusedError(
            f"it holds {len(tiff.series)} series, and series {chosen} was asked for: "
            f"the last one is {len(tiff.series) - 1}, as they are counted from 0."
        )
    series = tiff.series[chosen]
    seen = _seen(series, channel_axis)
    axis, names = _channels_of(seen, channel_axis)
    about = _about(tiff, series, chosen)
    sizes = [about.sizes.get(name, (1.0, None)) for name in names]
    has_sizes = any(name in about.sizes for name in names)
    has_units = any(unit for _, unit in sizes)
    n = len(names)
    n_channels = 0
    if axis is not None and 0 <= axis < len(seen.shape):
        n_channels = seen.shape[axis]
    return (
        series,
        seen.conversion,
        PictureInfo(
            channel_axis=axis,
            axes=names.lower() if _are_usual(names) else "tzyx"[-n:] if n < 5 else None,
            scale=tuple(size for size, _ in sizes) if has_sizes else None,
            units=tuple(unit for _, unit in sizes) if has_units else None,
            channels=about.channels if len(about.channels) == n_channels else (),
            data_range=_white(series, about),
            is_imagej=tiff.is_imagej,
            series=tuple(_in_words(one) for one in tiff.series),
            chosen=chosen,
            notes=(*seen.notes, *about.notes),
        ),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """A series as pixels: its axes by name, and whether they end in colours."""

    conversion: Conversion
    axes: str
    shape: tuple[int, ...]
    is_color: bool
    notes: tuple[str, ...] = ()


def _seen(series: Any, channel_axis: ChannelAxis) -> _Seen:
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
    return _Seen(conversion, axes, conversion.shape(series.shape), is_color, notes)


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
    return 255 if dtype.kind == "b" else 2 ** _bits(page, dtype) - 1


def _bits(page: Any, dtype: np.dtype[Any]) -> int:
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
    subsampling = _value(page, 530, (2, 2))
    if tuple(subsampling) != (1, 1) or dtype != np.uint8 or page.samplesperpixel != 3:
        raise RefusedError(
            "its colors are YCbCr of a kind that no decoder converts: convert it to "
            "RGB first."
        )
    luma = _ratios(_value(page, 529, ()), [0.299, 0.587, 0.114])
    limits = _ratios(_value(page, 532, ()), [0, 255, 128, 255, 128, 255])
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


def _value(page: Any, tag: int, default: Any) -> Any:
    # All pages of a series but the first may be known by their keyframe alone.
    found = getattr(page, "tags", page.keyframe.tags).get(tag)
    return default if found is None else found.value


def _channels_of(seen: _Seen, asked: ChannelAxis) -> tuple[int | None, str]:
    """Return the channel axis, and the names of the others."""
    axis = asked
    if asked == AUTO:
        found = [seen.axes.index(name) for name in "CS" if name in seen.axes]
        if seen.is_color:
            axis = -1
        elif len(found) > 1:
            raise RefusedError(
                f"its axes are {seen.axes}, with channels in both C and S: save one of "
                "the channels C alone first."
            )
        else:
            axis = found[0] if found else None
    number = axis if isinstance(axis, int) else None
    n = len(seen.axes)
    dropped = None if number is None else number % n
    others = "".join(name for i, name in enumerate(seen.axes) if i != dropped)
    return number, others


def _are_usual(names: str) -> bool:
    return list(names.lower()) == [axis for axis in AXES if axis in names.lower()]


def _in_words(series: Any) -> str:
    shape = " x ".join(str(n) for n in series.shape)
    return f"{series.name}, {shape}" if series.name else shape


# ---------------------------------------------------------------- sizes and names


@dataclass(frozen=True, slots=True)
class _About:
    """Sizes with their units by the axis' letter; names of channels; white."""

    sizes: dict[str, tuple[float, str | None]]
    channels: tuple[str, ...] = ()
    bits: int = 0
    notes: tuple[str, ...] = ()


def _about(tiff: tifffile.TiffFile, series: Any, number: int) -> _About:
    if tiff.is_ome:
        return _about_ome(tiff, number)
    if tiff.is_imagej:
        return _about_imagej(tiff, series)
    page = series.keyframe
    sizes: dict[str, tuple[float, str | None]] = {}
    if tiff.is_svs:
        from tifffile.tifffile import svs_description_metadata

        size = svs_description_metadata(tiff.pages.first.description).get("MPP")
        if number == 0 and _is_size(size):
            sizes = dict.fromkeys("YX", (float(size), "micrometer"))
    elif int(_value(page, 296, 1)) == _CENTIMETER:
        for axis, tag in (("Y", 283), ("X", 282)):
            if size := _size_of(_value(page, tag, None)):
                sizes[axis] = (size, "centimeter")
    names = tuple(_page_names(series)) if "C" in series.axes else ()
    return _About(sizes, names)


_DAMAGED_XML = (
    "Its OME-XML is damaged: the size of a pixel and the names of channels that it may "
    "say are not known."
)


def _about_ome(tiff: tifffile.TiffFile, number: int) -> _About:
    import tifffile

    try:
        ome = tifffile.xml2dict(tiff.ome_metadata or "")
        images = ome.get("OME", {}).get("Image", {})
        images = images if isinstance(images, list) else [images]
        pixels = images[number].get("Pixels", {}) if number < len(images) else {}
    except (SyntaxError, AttributeError, ValueError):  # its pixels can be read
        return _About({}, notes=(_DAMAGED_XML,))
    sizes = {}
    for axis, name, usual in (
        ("T", "TimeIncrement", "s"),
        *((axis, f"PhysicalSize{axis}", "µm") for axis in "ZYX"),
    ):
        unit = UNITS.get(str(pixels.get(f"{name}Unit", usual)))
        if _is_size(size := pixels.get(name)):
            sizes[axis] = (float(size), unit)
    channels = pixels.get("Channel", [])
    channels = channels if isinstance(channels, list) else [channels]
    names = [str(one["Name"]) for one in channels if one.get("Name")]
    bits = pixels.get("SignificantBits", 0)
    return _About(sizes, tuple(names), bits if isinstance(bits, int) else 0)


def _about_imagej(tiff: tifffile.TiffFile, series: Any) -> _About:
    said = tiff.imagej_metadata or {}
    unit = UNITS.get(str(said.get("unit", "")).strip())
    page = series.keyframe
    sizes: dict[str, tuple[float, str | None]] = {}
    if unit is not None:
        for axis, tag in (("Y", 283), ("X", 282)):
            if size := _size_of(_value(page, tag, None)):
                sizes[axis] = (size, unit)
        if _is_size(size := said.get("spacing")):
            sizes["Z"] = (float(size), unit)
    time = UNITS.get(str(said.get("tunit", "sec")).strip())
    if _is_size(size := said.get("finterval")):
        sizes["T"] = (float(size), time)
    labels = said.get("Labels")
    names = tuple(map(str, labels)) if isinstance(labels, list) else ()
    return _About(sizes, names)


def _page_names(series: Any) -> list[str]:
    """Return the names of the pages (285), where each has one."""
    names = [_value(page, 285, None) for page in series.pages if page is not None]
    return [str(name) for name in names] if all(names) else []


def _is_size(size: Any) -> TypeGuard[float]:
    return isinstance(size, (int, float)) and np.isfinite(size) and size > 0


def _size_of(ratio: Any) -> float | None:
    """Return the size of a pixel, of a resolution in pixels a unit."""
    if not isinstance(ratio, tuple) or len(ratio) != 2 or not all(ratio):
        return None
    return float(ratio[1] / ratio[0])


def _white(series: Any, about: _About) -> float | None:
    """Return the value of white, where it is less than the dtype holds.

    The largest value (281) may be a statistic: only 2**n - 1 is taken for white.
    """
    page, dtype = series.keyframe, np.dtype(series.dtype)
    if dtype.kind != "u":
        return None
    full = 8 * dtype.itemsize
    bits = about.bits or _bits(page, dtype)
    top = _value(page, 281, 0)
    top = max(top) if isinstance(top, tuple) else top
    depths = {2**n - 1: n for n in range(9, full)}
    if bits == full and isinstance(top, int):
        bits = depths.get(top, full)
    return float(2**bits - 1) if 0 < bits < full else None
