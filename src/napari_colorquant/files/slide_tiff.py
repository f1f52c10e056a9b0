"""TIFF that is read part by part, with the levels of its first series."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.identity import file_identity
from napari_colorquant.files.pictures import LostPages, check_colors
from napari_colorquant.files.pyramid import AXES
from napari_colorquant.files.slide import Readable, plain_slide

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from os import PathLike

    from napari_colorquant.files.slide import Slide

_UNITS = {
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "µm": "micrometer",
    "nm": "nanometer",
    "pm": "picometer",
    "Å": "angstrom",
}


@dataclass(frozen=True, slots=True)
class TiffPlace:
    """Where a level of a TIFF is.

    Parameters
    ----------
    path : str
        The full path of the file.
    level : int
        Its number, 0 for the largest.
    changed : str
        What its files are known by.
    """

    path: str
    level: int
    changed: str

    def open(self) -> Any:
        """Open the level, for as long as it is used.

        Returns
        -------
        zarr.Array
            To be read.

        Raises
        ------
        OSError, ValueError
            If it cannot be read.
        """
        import tifffile

        return _levels(tifffile.TiffFile(self.path).series[0])[self.level]


@contextmanager
def tiff_slide(
    source: str | PathLike[str], channel_axis: int | str | None
) -> Iterator[Slide]:
    """Open a TIFF to be read part by part.

    Parameters
    ----------
    source : str or path-like
        The file.
    channel_axis : int or "auto" or None
        See :func:`~napari_colorquant.files.slides.open_slide`.

    Yields
    ------
    Slide
        The image, which can be read as long as the context lasts.

    Raises
    ------
    ValueError
        If it is no image, or a damaged one.
    OSError
        If it cannot be read.
    """
    import tifffile

    with ExitStack() as stack:
        try:
            with LostPages() as pages:
                tiff = stack.enter_context(tifffile.TiffFile(source))
                series = tiff.series[0]
                levels = _levels(series)
                measures = _measures(tiff)
                if pages.are_lost:
                    raise EOFError("the chain of pages leads out of the file")
        except OSError:
            raise
        except Exception as error:  # damage makes a decoder stumble anywhere
            raise ValueError("cannot be read as a TIFF: it is damaged.") from error
        check_colors(series)
        # A series of OME-TIFF may be in several files.
        files = [one.filehandle.path for one in getattr(tiff, "_files", {}).values()]
        identity = file_identity(sorted({os.path.realpath(source), *files}))
        path, changed = os.path.realpath(source), str(identity)
        slide = _slide(
            tuple(
                Readable(level, TiffPlace(path, number, changed))
                for number, level in enumerate(levels)
            ),
            series.axes,
            channel_axis,
            identity,
        )
        yield _measured(slide, measures)


def _levels(series: Any) -> list[Any]:
    import zarr

    node = zarr.open(series.aszarr(), mode="r")
    if isinstance(node, zarr.Array):
        return [node]
    return [node[str(number)] for number in range(len(series.levels))]


def _measures(tiff: Any) -> dict[str, Any]:
    """Return what OME-TIFF says of the first image's pixels; of other TIFF nothing."""
    import tifffile

    if not tiff.is_ome:
        return {}
    image = tifffile.xml2dict(tiff.ome_metadata).get("OME", {}).get("Image", {})
    image = image[0] if isinstance(image, list) else image
    pixels: dict[str, Any] = image.get("Pixels", {})
    return pixels


def _slide(
    levels: tuple[Readable, ...],
    names: str,
    channel_axis: int | str | None,
    identity: list[Any],
) -> Slide:
    if channel_axis == "auto":
        found = [names.index(name) for name in "CS" if name in names]
        if len(found) > 1:
            raise ValueError(
                f"its axes are {names}, with channels in both C and S: save one of the "
                "channels C alone first."
            )
        channel_axis = found[0] if found else None
    last = len(names) - 1
    if channel_axis == last and names[last] == "S" and levels[0].shape[last] in (3, 4):
        channel_axis = -1  # red, green, blue, and perhaps opacity
    axis = _number(channel_axis, len(names))
    others = "".join(name for i, name in enumerate(names) if i != axis).lower()
    known = others if set(others) <= set(AXES) else None
    return plain_slide(levels, channel_axis, known, identity)


def _measured(slide: Slide, pixels: Mapping[str, Any]) -> Slide:
    """Add the size of a pixel that OME-TIFF says."""
    sizes, units = [], []
    for axis in slide.axes:
        name = "TimeIncrement" if axis == "t" else f"PhysicalSize{axis.upper()}"
        size: Any = pixels.get(name)
        is_known = isinstance(size, (int, float)) and size > 0
        usual = "s" if axis == "t" else "µm"
        unit = str(pixels.get(f"{name}Unit", usual))
        sizes.append(float(size) if is_known else 1.0)
        spelled = {"s": "second", "ms": "millisecond", "min": "minute"}
        known = spelled if axis == "t" else _UNITS
        units.append(known.get(unit) if is_known else None)
    if not any(units):
        return slide
    return replace(slide, scales=(tuple(sizes),), units=tuple(units))


def _number(axis: int | str | None, n_axes: int) -> int | None:
    return axis % n_axes if isinstance(axis, int) else None
