"""Images that are read part by part: OME-Zarr, arrays of zarr, and TIFF."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.address import is_address
from napari_colorquant.files.ome_zarr_write import need_packages
from napari_colorquant.files.pictures import NO_CODECS, TIFF_MAGIC, check_colors
from napari_colorquant.files.pyramid import AXES, ShownChannel, is_hex, usual_axes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

_UNITS = {
    "m": "meter",
    "cm": "centimeter",
    "mm": "millimeter",
    "µm": "micrometer",
    "nm": "nanometer",
    "pm": "picometer",
    "Å": "angstrom",
}


class Readable:
    """An array of zarr that says in one sentence what cannot be read of it.

    Parameters
    ----------
    array : zarr.Array
        The array.

    Attributes
    ----------
    shape, chunks : tuple of int
        Its own.
    dtype : dtype
        Likewise.
    ndim : int
        Number of axes.
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.chunks: tuple[int, ...] = tuple(array.chunks)
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim = len(self.shape)

    def __getitem__(self, place: tuple[slice, ...]) -> NDArray[Any]:
        try:
            return np.asarray(self._array[place])
        except Exception as error:  # damage makes a codec stumble anywhere
            if "imagecodecs" in str(error):
                raise ValueError(NO_CODECS) from error
            parts = [part for part in place if part != slice(None)]
            where = ", ".join(f"{part.start}:{part.stop}" for part in parts)
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise ValueError(
                f"its pixels [{where}] cannot be read: {reason.rstrip('.')}."
            ) from error


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An image of one or several levels, of which nothing has been read.

    Parameters
    ----------
    levels : tuple of Readable
        The largest first.
    channel_axis : int or None
        As for :func:`~napari_colorquant.core.pixels.see_pixels`.
    axes : str
        Names of the other axes, of ``"tzyx"``.
    scales, translations : tuple of tuple of float, or None
        Along these, one a level; None where the file does not say.
    units : tuple of str or None, or None
        Likewise, one an axis.
    channels : tuple of ShownChannel
        How the channels are shown; empty where the file does not say.
    identity : mapping
        Plain data that are others where the file has been changed.
    """

    levels: tuple[Readable, ...]
    channel_axis: int | None
    axes: str
    scales: tuple[tuple[float, ...], ...] | None
    translations: tuple[tuple[float, ...], ...] | None
    units: tuple[str | None, ...] | None
    channels: tuple[ShownChannel, ...]
    identity: Mapping[str, Any]


def is_slide(source: str | os.PathLike[str]) -> bool:
    """Tell whether an image can be read part by part.

    Parameters
    ----------
    source : str or path-like
        A file, a folder or an address.

    Returns
    -------
    bool
        True for addresses and folders, which can only be zarr, and for TIFF.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be read.
    """
    if is_address(source) or Path(source).is_dir():
        return True
    with open(source, "rb") as stream:
        return stream.read(4) in TIFF_MAGIC


@contextmanager
def open_slide(
    source: str | os.PathLike[str], channel_axis: int | str | None = "auto"
) -> Iterator[Slide]:
    """Open an image to be read part by part.

    Of OME-Zarr all levels are opened; of a zarr that holds several images, as
    bioformats2raw makes them, those of the first. Of TIFF, the levels of the first
    series.

    Parameters
    ----------
    source : str or path-like
        A folder or an address of OME-Zarr (0.4 or 0.5) or of a zarr array, or a TIFF.
    channel_axis : int or "auto" or None
        Which axis holds the channels; by default what the file says. A zarr array says
        nothing: then there are none in two axes, and RGB or RGBA last in more.

    Yields
    ------
    Slide
        The image, which can be read as long as the context lasts.

    Raises
    ------
    ImportError
        If the packages that it takes are not installed.
    ValueError
        If it is no such image, or a damaged one.
    OSError
        If there is no such file.
    """
    need_packages()
    if is_address(source) or Path(source).is_dir():
        yield _open_zarr(source, channel_axis)
        return
    import tifffile

    try:
        tiff = tifffile.TiffFile(source)
    except OSError:
        raise
    except Exception as error:  # damage makes a decoder stumble anywhere
        raise ValueError("cannot be read as a TIFF: it is damaged.") from error
    with tiff:
        check_colors(tiff.series[0])
        yield _open_tiff(tiff, source, channel_axis)


# ---------------------------------------------------------------- zarr


def _open_zarr(source: str | os.PathLike[str], channel_axis: int | str | None) -> Slide:
    import zarr

    try:
        node = zarr.open(source, mode="r")
    except FileNotFoundError as error:
        raise ValueError("there is no zarr: neither a group nor an array.") from error
    except OSError:
        raise
    except Exception as error:  # damage, or what a web service refuses
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ValueError(f"cannot be read as a zarr: {reason.rstrip('.')}.") from error
    identity = {"path": _absolute(source), "changed": _changed(source)}
    if isinstance(node, zarr.Array):
        if channel_axis == "auto":
            channel_axis = None if node.ndim == 2 else -1
        return _plain_slide((Readable(node),), channel_axis, None, identity)
    attributes = _ome(node)
    if "multiscales" not in attributes and "bioformats2raw.layout" in attributes:
        node = node["0"]
        attributes = _ome(node)
    if "plate" in attributes:
        raise ValueError(
            "is a plate of many images: pass one of them, such as plate.zarr/A/1/0."
        )
    if "multiscales" not in attributes:
        raise ValueError(
            "is a group of zarr without an image of OME-Zarr: pass one of its arrays."
        )
    try:
        return _ome_slide(node, attributes, channel_axis, identity)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError("its metadata of OME-Zarr are damaged.") from error


def _ome(group: Any) -> dict[str, Any]:
    attributes = group.attrs.asdict()
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, dict) else {}


def _ome_slide(
    group: Any,
    attributes: dict[str, Any],
    channel_axis: int | str | None,
    identity: Mapping[str, Any],
) -> Slide:
    first = attributes["multiscales"][0]
    if not isinstance(first.get("axes"), list) or not all(
        isinstance(axis, dict) for axis in first["axes"]
    ):
        raise ValueError(
            "its OME-Zarr is older than 0.4, which first named the axes: convert it."
        )
    datasets = first["datasets"]
    levels = tuple(Readable(group[dataset["path"]]) for dataset in datasets)
    axes = _names(first["axes"])
    if len(axes) != levels[0].ndim:
        raise ValueError("its metadata of OME-Zarr are damaged.")
    found = axes.index("c") if "c" in axes else None
    if channel_axis not in ("auto", found):
        raise ValueError(
            f"its channels are in the axis {found}, not {channel_axis}: leave out "
            "channel_axis."
        )
    others = [i for i in range(len(axes)) if i != found]
    common = first.get("coordinateTransformations", [])
    places = [
        _place([*d.get("coordinateTransformations", []), *common], len(axes))
        for d in datasets
    ]
    units = tuple(first["axes"][i].get("unit") for i in others)
    return Slide(
        levels,
        found,
        "".join(axes[i] for i in others),
        tuple(tuple(scale[i] for i in others) for scale, _ in places),
        tuple(tuple(place[i] for i in others) for _, place in places),
        units if any(units) else None,
        _shown(attributes, 1 if found is None else levels[0].shape[found]),
        {**identity, "metadata": first},
    )


def _names(axes: Sequence[Mapping[str, str]]) -> str:
    """Return the axes' letters, whatever names they have."""
    kinds = [
        axis.get("type") or {"t": "time", "c": "channel"}.get(axis["name"], "space")
        for axis in axes
    ]
    letters = iter("zyx"[-kinds.count("space") :])
    others = {"time": "t", "channel": "c"}
    names = [others.get(kind) or next(letters, "?") for kind in kinds]
    return "".join(names)


def _place(
    transforms: Sequence[Mapping[str, Any]], n: int
) -> tuple[list[float], list[float]]:
    scale, place = [1.0] * n, [0.0] * n
    for one in transforms:
        if one["type"] == "scale":
            factors = [float(value) for value in one["scale"]]
            scale = [a * b for a, b in zip(scale, factors, strict=True)]
            place = [a * b for a, b in zip(place, factors, strict=True)]
        elif one["type"] == "translation":
            shift = [float(value) for value in one["translation"]]
            place = [a + b for a, b in zip(place, shift, strict=True)]
    return scale, place


def _shown(attributes: Mapping[str, Any], n: int) -> tuple[ShownChannel, ...]:
    """Return how the channels are shown, if all that it takes is there."""
    omero = attributes.get("omero")
    channels = omero.get("channels") if isinstance(omero, dict) else None
    if not isinstance(channels, list) or len(channels) != n:
        return ()
    shown = []
    for number, one in enumerate(channels):
        window = one.get("window", {})
        start, end = window.get("start"), window.get("end")
        if not is_hex(one.get("color")) or start is None or end is None or end <= start:
            return ()
        name = str(one.get("label", f"channel {number}"))
        shown.append(
            ShownChannel(
                name, one["color"], float(start), float(end), bool(one.get("active", 1))
            )
        )
    return tuple(shown)


# ---------------------------------------------------------------- TIFF


def _open_tiff(
    tiff: Any, source: str | os.PathLike[str], channel_axis: int | str | None
) -> Slide:
    import zarr

    series = tiff.series[0]
    node = zarr.open(series.aszarr(), mode="r")
    if isinstance(node, zarr.Array):
        levels: tuple[Readable, ...] = (Readable(node),)
    else:
        numbers = range(len(series.levels))
        levels = tuple(Readable(node[str(number)]) for number in numbers)
    identity = {"path": _absolute(source), "changed": _changed(source)}
    names = series.axes
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
    slide = _plain_slide(levels, channel_axis, known, identity)
    return slide if not tiff.is_ome else _measured(slide, tiff)


def _measured(slide: Slide, tiff: Any) -> Slide:
    """Add the size of a pixel that OME-TIFF says."""
    from dataclasses import replace

    import tifffile

    about = tifffile.xml2dict(tiff.ome_metadata)
    image = about.get("OME", {}).get("Image", {})
    image = image[0] if isinstance(image, list) else image
    pixels = image.get("Pixels", {})
    sizes, units = [], []
    for axis in slide.axes:
        name = "TimeIncrement" if axis == "t" else f"PhysicalSize{axis.upper()}"
        size = pixels.get(name)
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


# ---------------------------------------------------------------- both


def _plain_slide(
    levels: tuple[Readable, ...],
    channel_axis: int | str | None,
    axes: str | None,
    identity: Mapping[str, Any],
) -> Slide:
    from napari_colorquant.core.blocks import see_blocks

    if isinstance(channel_axis, str):
        raise TypeError(f"channel_axis is {channel_axis!r}: pass a number or None.")
    outline = see_blocks(levels[0], channel_axis).outline  # or an error
    n = len(outline.shape)
    names = usual_axes(n) if axes is None else axes
    return Slide(levels, channel_axis, names, None, None, None, (), identity)


def _number(axis: int | str | None, n_axes: int) -> int | None:
    return axis % n_axes if isinstance(axis, int) else None


def _absolute(source: str | os.PathLike[str]) -> str:
    return str(source) if is_address(source) else os.path.realpath(source)


def _changed(source: str | os.PathLike[str]) -> list[int]:
    """Return when a file was changed, and its size; of a zarr, its metadata."""
    if is_address(source):
        return []
    path = Path(source)
    marks = ("zarr.json", ".zattrs", ".zarray") if path.is_dir() else ("",)
    stats = [(path / mark).stat() for mark in marks if (path / mark).exists()]
    return [number for stat in stats for number in (stat.st_mtime_ns, stat.st_size)]
