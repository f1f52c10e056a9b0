"""The one model of a record: in a JSON file, an OME-Zarr, and the metadata of layers.

A record says what a result is and how it came about; a palette alone is one, too.
Unknown keys, as of a later version, are let pass.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import inf
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    ValidationError,
    model_validator,
)

from napari_colorquant.core.color.stains import check_full
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.edits import edit_from_dict
from napari_colorquant.core.palette.palette import Palette, palette_of
from napari_colorquant.core.quantization.report import (
    with_infinities,
    without_infinities,
)
from napari_colorquant.core.quantization.result import SliceQuantization
from napari_colorquant.formats.file_io import (
    MOST_BYTES,
    check_regular,
    read_with,
    replacing,
)
from napari_colorquant.formats.json_palette import (
    FORMAT,
    FORMAT_KEY,
    decode_object,
    encode_object,
    palette_in,
)

if TYPE_CHECKING:
    from os import PathLike

    from napari_colorquant.core.quantization.result import Quantization


T = TypeVar("T")


def _are_stains(full: Any) -> Any:
    check_full(full, "stains")  # or its own sentence
    return full


def _is_palette(plain: Any) -> Any:
    palette_of(palette_in({"palette": plain}))  # or its own sentence
    return plain


def _are_parameters(plain: dict[str, Any]) -> dict[str, Any]:
    if plain.get("fixed") is not None:
        _is_palette(plain["fixed"])
    try:
        Parameters.from_dict(plain)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return plain


def _is_edit(plain: dict[str, Any]) -> dict[str, Any]:
    edit_from_dict(plain)
    return plain


def _is_dtype(name: str) -> str:
    try:
        np.dtype(name)
    except (TypeError, ValueError) as error:  # the latter, of a null character
        raise ValueError(f"{shortened(name)} is no dtype.") from error
    return name


def _plain(value: Any) -> Any:
    """Return what a file would hold of a value in memory."""
    if isinstance(value, list | tuple):
        return [_plain(one) if isinstance(one, np.generic) else one for one in value]
    return value.item() if isinstance(value, np.generic) else value


Rows = Annotated[list[T], BeforeValidator(_plain)]
"""A list; in memory also a tuple, or of numbers of numpy."""
Plain = dict[str, Any]
PlainPalette = Annotated[Any, AfterValidator(_is_palette)]
PlainParameters = Annotated[Plain, AfterValidator(_are_parameters)]
PlainEdit = Annotated[Plain, AfterValidator(_is_edit)]
Dtype = Annotated[str, AfterValidator(_is_dtype)]
Distance = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Endless = Annotated[float, Field(ge=-inf, allow_inf_nan=True)]
"""A number that may be infinite, and not NaN."""


class _Model(BaseModel):
    model_config = ConfigDict(
        strict=True, extra="allow", protected_namespaces=(), allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _of_memory(cls, plain: Any) -> Any:
        if not isinstance(plain, dict):
            return plain
        return {
            key: _plain(value) if isinstance(value, np.generic) else value
            for key, value in plain.items()
        }


class Origin(_Model):
    """Where a layer came from."""

    path: str | None = None
    reader: str | None = None
    sample: Any = None


class PackedMask(_Model):
    """See :func:`napari_colorquant.viewer.layers.metadata.packed_mask`."""

    shape: Rows[NonNegativeInt]
    bits: str


class PlainColormap(_Model):
    """A colormap of napari."""

    name: str
    colors: Rows[Rows[float]]
    controls: Rows[float]
    interpolation: str


class PlainChannel(_Model):
    """See :meth:`napari_colorquant.viewer.layers.channels.LayerChannel.as_dict`."""

    name: str
    layer: str
    dtype: Dtype
    scaling: str
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    std: float | None = None
    contrast_limits: Annotated[Rows[float], Field(min_length=2, max_length=2)]
    gamma: float
    opacity: float
    colormap: PlainColormap
    origin: Origin

    @model_validator(mode="after")
    def _check_scaling(self) -> PlainChannel:
        needed = {
            "contrast_limits": (self.low, self.high),
            "zscore": (self.mean, self.std),
        }
        if None in needed.get(self.scaling, ()):
            raise ValueError("it does not say how it was scaled.")
        return self


class PlainReport(_Model):
    """See :meth:`napari_colorquant.Report.as_dict`."""

    parameters: PlainParameters | None = None
    n_pixels: NonNegativeInt = 0
    n_sampled: NonNegativeInt = 0
    n_colors_before: NonNegativeInt = 0
    n_colors_before_is_exact: bool = True
    n_colors_after: NonNegativeInt = 0
    mse: Endless = 0.0
    psnr: Endless = 0.0
    data_range: Endless = 0.0
    delta_e: float | None = None
    seconds: dict[str, float] = {}
    tried: Rows[Rows[Endless]] = []
    notes: Rows[str] = []
    version: str = ""
    n_blocks_read: NonNegativeInt = 0
    n_blocks: NonNegativeInt = 0
    counts_are_estimates: bool = False
    max_distance: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    n_unassigned: NonNegativeInt = 0
    n_unassigned_is_estimate: bool = False
    stains: Annotated[Rows[Rows[float]], AfterValidator(_are_stains)] | None = None
    distance: Distance | None = None
    most_distance: Distance | None = None
    unfit: str = ""


class Record(_Model):
    """What a record may say: all but the palette may be missing."""

    palette: PlainPalette
    palettes: Rows[PlainPalette] | None = None
    slice_axis: NonNegativeInt | None = None
    parameters: PlainParameters | None = None
    applied: PlainPalette | None = None
    counts_are_estimates: bool = False
    edits: Rows[PlainEdit] = []
    painted: bool = False
    report: PlainReport | None = None
    version: str = ""
    # Of layers:
    run: str = ""
    source: str = ""
    origin: Origin | None = None
    shape: Rows[NonNegativeInt] | None = None
    dtype: Dtype | None = None
    rgb: bool = False
    multiscale: bool = False
    lazy: bool = False
    masked: bool = False
    learn_masked: bool = False
    mask: PackedMask | None = None
    learn_mask: PackedMask | None = None
    position: Rows[int | None] | None = None
    channel_axis: int | None = None
    data_range: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    scaling: str | Rows[Any] | None = None
    channels: Rows[PlainChannel] = []


def check_record(record: object) -> None:
    """Raise ValueError, in one sentence, if a record is none, or a damaged one."""
    if not isinstance(record, Mapping) or "palette" not in record:
        raise ValueError("there is no palette in it.")
    try:
        Record.model_validate(dict(record))
    except ValidationError as error:
        raise ValueError(sentence_of(error, "record of napari-colorquant")) from None


def sentence_of(error: ValidationError, what: str) -> str:
    """Return the first thing that is wrong, in one sentence; what: such as "record"."""
    first = error.errors(include_url=False)[0]
    own = first.get("ctx", {}).get("error")
    if own is not None and first["loc"][:1] == ("palette",):
        return str(own)
    where = ".".join(str(part) for part in first["loc"] if part != "function-after")
    if own is not None:
        return f"its {where} cannot be: {own}"
    if first["type"] == "missing":
        return f"its {where} is missing: this is no {what}, or a damaged one."
    value = shortened(first["input"])
    return f"its {where} is {value}: this is no {what}, or a damaged one."


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


def encode_record(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON.

    Raise TypeError or ValueError if it has no palette, or the key "format", or
    something that could not be read back.
    """
    palette = _is_palette(record.get("palette"))
    return encode_object({"palette": palette, **as_json(record)})


def decode_record(data: bytes) -> dict[str, Any]:
    """Return what encode_record was given, with lists for tuples."""
    return from_json(decode_object(data))


def as_json(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record for JSON: an infinite value of its report is None."""
    report = record.get("report")
    if not isinstance(report, Mapping):
        return dict(record)
    return {**record, "report": without_infinities(report)}


def from_json(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record that as_json was given; raise ValueError if it is damaged."""
    record, report = dict(plain), plain.get("report")
    if isinstance(report, Mapping):
        record["report"] = with_infinities(report)
    check_record(record)
    return record


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
        return Palette.load(path)
    record = load_record(path)
    return record if "report" in record else palette_of(palette_in(record))


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
