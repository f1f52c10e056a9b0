"""Records of runs on disk: a palette with all that says how it came about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.slices import SliceQuantization
from napari_colorquant.files.palette_json import (
    FORMAT,
    FORMAT_KEY,
    decode_record,
    encode_record,
    palette_of,
)
from napari_colorquant.files.palettes import load_palette
from napari_colorquant.files.reading import MOST_BYTES, check_regular, read_with
from napari_colorquant.files.replace import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.pipeline import Quantization

SUFFIX = ".json"
_HEAD = 2**16
_MARK = re.compile(rf'"{FORMAT_KEY}"\s*:\s*"{FORMAT}"'.encode())


def record_of(quantization: Quantization | SliceQuantization) -> dict[str, Any]:
    """Return the record of a result: plain data of what it is and how it was made.

    applied: the palette, where it was applied and not learned. edits and painted are
    empty here. A SliceQuantization adds slice_axis and palettes.
    """
    report, palette = quantization.report, quantization.palette
    parameters = report.parameters
    record: dict[str, Any] = {
        "parameters": parameters and parameters.as_dict(),
        "applied": None if parameters else palette.uncounted().as_dict(),
        "palette": palette.as_dict(),
        "counts_are_estimates": report.counts_are_estimates,
        "edits": [],
        "painted": False,
        "report": report.as_dict(),
        "version": report.version,
    }
    if isinstance(quantization, SliceQuantization):
        palettes = [palette.as_dict() for palette in quantization.palettes]
        record |= {"slice_axis": quantization.slice_axis, "palettes": palettes}
    return record


def save_record(record: Mapping[str, Any], path: str | PathLike[str]) -> None:
    """Write a record as .json, from which its palette can be loaded, too.

    Raise TypeError or ValueError, beginning with the path, if it could not be read
    back.
    """
    _check_suffix(path)
    try:
        data = encode_record(record)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{path}: {error}") from error
    with replacing(path) as stream:
        stream.write(data)


def load_record(path: str | PathLike[str]) -> dict[str, Any]:
    """Return a record from a .json file, with lists for tuples.

    Of a palette that was saved alone, it has only the palette. A ValueError begins with
    the path.
    """
    _check_suffix(path)
    return read_with(path, decode_record, MOST_BYTES)


def load_palette_or_record(path: str | PathLike[str]) -> Palette | dict[str, Any]:
    """Return the record of a file if it has a "report", else its palette."""
    if not is_json(path):
        return load_palette(path)
    record = load_record(path)
    return record if "report" in record else palette_of(record)


def is_json(path: str | PathLike[str]) -> bool:
    """Return whether a path, which need not be there, ends in .json."""
    return Path(path).suffix.lower() == SUFFIX


def is_ours(path: str | PathLike[str]) -> bool:
    """Return whether a JSON file claims to be ours; it may be damaged all the same.

    Only the first 64 KB are read, as others may be large. Raise ValueError for a pipe,
    a socket or a device.
    """
    check_regular(path)
    with open(path, "rb") as stream:
        return _MARK.search(stream.read(_HEAD)) is not None


def _check_suffix(path: str | PathLike[str]) -> None:
    if not is_json(path):
        raise ValueError(f"{path}: records are kept as {SUFFIX}: use this suffix.")
