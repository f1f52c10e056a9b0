"""What is shown, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.quantization.report import Report

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_colorquant.viewer.session.result import Result

NO_IMAGE = "Choose an image layer and press Quantize."
_HARMLESS = ("Rename", "Lock")
"""Edits after which the figures of the run are still right."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The result whose palette is shown.

    name: of the image, or of a palette alone. run: what it did; empty if unknown or
    edited since. is_of_the_chosen: whether Quantize works on this image.
    """

    name: str
    n_colors: int
    within: str = ""
    run: str = ""
    is_edited: bool = False
    is_of_an_image: bool = True
    is_of_the_chosen: bool = True
    is_live: bool = False


def status_line(chosen: str, shown: Shown | None) -> str:
    """Return words on what is shown: the image, the region and the number of colours.

    chosen: what Quantize works on, empty for nothing. Another image than what is shown
    is named first.
    """
    if shown is None:
        return f"{chosen}: not quantized yet." if chosen else NO_IMAGE
    number = f"{shown.n_colors:,} color{'s' if shown.n_colors != 1 else ''}"
    if not shown.is_of_an_image:
        return f"Palette {shown.name}: {number}."
    where = named(shown.name, shown.within)
    if chosen and not shown.is_of_the_chosen:
        return f"{chosen} is chosen. Shown is {where}: {number}."
    what = _unbroken(shown.run) or (f"{number}, edited" if shown.is_edited else number)
    return f"{'Live: ' if shown.is_live else ''}{where}: {what}"


def named(name: str, within: str) -> str:
    """Return the name of an image and its region, such as "china within tissue"."""
    return f"{name} within {within}" if within else name


def shown_of(result: Result, chosen: Sequence[Image], *, is_live: bool) -> Shown:
    """Return what the line says of a result; chosen is what Quantize works on."""
    record, source = result.record, result.source
    layers = result.layer_names
    if layers is not None:
        is_of_the_chosen = layers == [layer.name for layer in chosen]
    elif source is not None:
        is_of_the_chosen = [source] == list(chosen)
    else:
        is_of_the_chosen = [record["source"]] == [layer.name for layer in chosen]
    is_edited = record.get("painted", False) or any(
        edit["edit"] not in _HARMLESS for edit in record.get("edits", ())
    )
    return Shown(
        name=str(record["source"]) if source is None else source.name,
        n_colors=len(result.palette),
        within=record.get("within", ""),
        run="" if is_edited else _run_of(record),
        is_edited=is_edited,
        is_of_an_image=result.is_of_an_image,
        is_of_the_chosen=is_of_the_chosen,
        is_live=is_live,
    )


def _run_of(record: dict[str, Any]) -> str:
    try:
        return Report.from_dict(record["report"]).summary()
    except (KeyError, TypeError, ValueError):  # a palette alone, or damaged
        return ""


def _unbroken(line: str) -> str:
    """Let a line wrap between its parts only."""
    return line.replace(" ", "\u00a0").replace("\u00a0·\u00a0", " · ")
