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
    """Return what a record says of how a result was made, and what it is.

    Parameters
    ----------
    quantization : Quantization or SliceQuantization
        What :func:`napari_colorquant.quantize`, ``apply_palette`` or
        ``quantize_slices`` returned.

    Returns
    -------
    dict
        Plain data: the ``parameters``, or where there are none the palette that was
        ``applied``; the ``palette`` as it is now, whether its counts are estimates
        (``counts_are_estimates``), the ``edits`` that led to it, and whether labels
        were ``painted`` since, none and False; ``report`` and ``version``. Of slices
        with palettes of their own also the ``slice_axis`` and these ``palettes``.
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
    """Write a record of a run, from which its palette can be loaded, too.

    Parameters
    ----------
    record : mapping
        What the layers of a result keep in their metadata: plain data (None, text,
        numbers, also infinite ones, lists and mappings), with at least ``"palette"``.
    path : str or path-like
        Ending in ``.json``; a file of that name is replaced.

    Raises
    ------
    TypeError
        If something in it is no plain data.
    ValueError
        If the suffix is another one, there is no palette in it, or something could not
        be read back.
    OSError
        If the file cannot be written.
    """
    _check_suffix(path)
    try:
        data = encode_record(record)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{path}: {error}") from error
    with replacing(path) as stream:
        stream.write(data)


def load_record(path: str | PathLike[str]) -> dict[str, Any]:
    """Read a record of a run.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`save_record` or :meth:`napari_colorquant.Palette.save` wrote.

    Returns
    -------
    dict
        What was saved, with lists for tuples; only ``"palette"`` where a palette was.

    Raises
    ------
    ValueError
        If the suffix is not ``.json``, or the file is no such file: the sentence begins
        with the file.
    OSError
        If the file cannot be read.
    """
    _check_suffix(path)
    return read_with(path, decode_record, MOST_BYTES)


def load_palette_or_record(path: str | PathLike[str]) -> Palette | dict[str, Any]:
    """Read a file that is to be opened, whatever of ours it holds.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`load_record` or
        :func:`~napari_colorquant.files.palettes.load_palette` reads.

    Returns
    -------
    Palette or dict
        The record of a run, which has a ``"report"``, as :func:`load_record` returns
        it; of any other file its palette.

    Raises
    ------
    ValueError
        If the suffix is unknown, or the file is damaged: the sentence begins with the
        file.
    OSError
        If the file cannot be read.
    """
    if not is_json(path):
        return load_palette(path)
    record = load_record(path)
    return record if "report" in record else palette_of(record)


def is_json(path: str | PathLike[str]) -> bool:
    """Say whether a file is named as records are.

    Parameters
    ----------
    path : str or path-like
        Any file, which need not be there.

    Returns
    -------
    bool
        Whether it ends in ``.json``.
    """
    return Path(path).suffix.lower() == SUFFIX


def is_ours(path: str | PathLike[str]) -> bool:
    """Say whether a JSON file claims to be one of this project's.

    Parameters
    ----------
    path : str or path-like
        Any file. Only its first 64 KB are read, as others may be large.

    Returns
    -------
    bool
        Whether it does; it may be damaged all the same.

    Raises
    ------
    ValueError
        If it is a pipe, a socket or a device.
    OSError
        If the file cannot be read.
    """
    check_regular(path)
    with open(path, "rb") as stream:
        return _MARK.search(stream.read(_HEAD)) is not None


def _check_suffix(path: str | PathLike[str]) -> None:
    if not is_json(path):
        raise ValueError(f"{path}: records are kept as {SUFFIX}: use this suffix.")
