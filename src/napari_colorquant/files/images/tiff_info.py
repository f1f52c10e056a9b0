"""What a TIFF says of one of its series: by its tags, OME-XML, ImageJ and Aperio.

Numbers in brackets are tags of TIFF 6.0 (1992).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self, TypeGuard

import numpy as np

from napari_colorquant.files.images.calibration import AXES
from napari_colorquant.files.images.info import (
    AUTO,
    ChannelAxis,
    PictureInfo,
    RefusedError,
    axis_of_colors,
)
from napari_colorquant.files.images.tiff_colors import (
    Conversion,
    SeenSeries,
    bits_of,
    see_series,
    tag_value,
)
from napari_colorquant.files.images.tiff_write import SYMBOLS

if TYPE_CHECKING:
    import tifffile

_CENTIMETER = 3  # tag 296; inches are those of print

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
    tiff: tifffile.TiffFile,
    channel_axis: ChannelAxis,
    number: int | None,
    rgb: bool | None = None,
) -> tuple[tifffile.TiffPageSeries, Conversion, PictureInfo]:
    """Return a series, how its numbers become pixels, and what else the file says.

    Palettes become colours only for channel_axis "auto" and -1. rgb: as of
    axis_of_colors. Raise EOFError if there is no page, RefusedError for no such series
    or colours that would come out wrong.
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
    seen = see_series(series, channel_axis)
    axis, names = _channels_of(seen, channel_axis)
    moved, axis = axis_of_colors(axis, seen.shape, rgb)
    conversion = seen.conversion
    if moved is not None:
        if conversion.samples_axis is not None:
            raise RefusedError("its colors are on the last axis.")
        conversion = replace(conversion, samples_axis=moved)
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
        conversion,
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


def _channels_of(seen: SeenSeries, asked: ChannelAxis) -> tuple[int | None, str]:
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


Sizes = dict[str, tuple[float, str | None]]
"""The size of a pixel with its unit, by the axis' letter."""


@dataclass(frozen=True, slots=True)
class _About:
    """Sizes; names of channels; bits of a sample."""

    sizes: Sizes
    channels: tuple[str, ...] = ()
    bits: int = 0
    notes: tuple[str, ...] = ()


def _about(tiff: tifffile.TiffFile, series: Any, number: int) -> _About:
    if tiff.is_ome:
        return _about_ome(tiff, number)
    if tiff.is_imagej:
        return _about_imagej(tiff, series)
    page = series.keyframe
    sizes: Sizes = {}
    if tiff.is_svs:
        from tifffile.tifffile import svs_description_metadata

        size = svs_description_metadata(tiff.pages.first.description).get("MPP")
        if number == 0 and _is_size(size):
            sizes = dict.fromkeys("YX", (float(size), "micrometer"))
    elif int(tag_value(page, 296, 1)) == _CENTIMETER:
        sizes = _by_resolution(page, "centimeter")
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
    sizes: Sizes = {}
    if unit is not None:
        sizes = _by_resolution(series.keyframe, unit)
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
    names = [tag_value(page, 285, None) for page in series.pages if page is not None]
    return [str(name) for name in names] if all(names) else []


def _is_size(size: Any) -> TypeGuard[float]:
    return isinstance(size, (int, float)) and np.isfinite(size) and size > 0


def _by_resolution(page: Any, unit: str) -> Sizes:
    """Return the sizes by the resolution in pixels a unit along y (283) and x (282)."""
    sizes: Sizes = {}
    for axis, tag in (("Y", 283), ("X", 282)):
        ratio = tag_value(page, tag, None)
        if isinstance(ratio, tuple) and len(ratio) == 2 and all(ratio):
            sizes[axis] = (float(ratio[1] / ratio[0]), unit)
    return sizes


def _white(series: Any, about: _About) -> float | None:
    """Return the value of white, where it is less than the dtype holds.

    The largest value (281) may be a statistic: only 2**n - 1 is taken for white.
    """
    page, dtype = series.keyframe, np.dtype(series.dtype)
    if dtype.kind != "u":
        return None
    full = 8 * dtype.itemsize
    bits = about.bits or bits_of(page, dtype)
    top = tag_value(page, 281, 0)
    top = max(top) if isinstance(top, tuple) else top
    depths = {2**n - 1: n for n in range(9, full)}
    if bits == full and isinstance(top, int):
        bits = depths.get(top, full)
    return float(2**bits - 1) if 0 < bits < full else None
