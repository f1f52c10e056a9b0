"""The values of options, as they are typed in a shell."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_colorquant.cli.messages import EVERY_PIXEL
from napari_colorquant.core.color.background import OTSU, read_background
from napari_colorquant.core.color.stains import Stains
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.learn.parameters import AUTO
from napari_colorquant.files.ome_zarr.identity import is_address
from napari_colorquant.formats.palette_data import read_stains, read_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ChannelAxis = int | Literal["auto"] | None
_NO_NUMBERS = "is neither a number nor numbers with commas between them"


def image(text: str) -> Path | str:
    """Return a path, or an address as it is."""
    return text if is_address(text) else path(text)


def path(text: str) -> Path:
    """Return a path; an empty one, as of a variable that is not set, is refused."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no name of a file or folder")
    return Path(text)


def colors(text: str) -> int | str:
    """Return a number of colours, or AUTO."""
    return AUTO if text == AUTO else whole_number(text, AUTO)


def samples(text: str) -> int | None:
    """Return a number of samples, or None for every pixel."""
    return None if text == EVERY_PIXEL else whole_number(text, EVERY_PIXEL)


def number(text: str) -> float:
    """Return a number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number") from None


def numbers(text: str) -> tuple[float, ...]:
    """Return one or more numbers with commas between them."""
    try:
        found = read_weights(text)
    except ValueError:
        found = ()
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} {_NO_NUMBERS}")
    return found


def background(text: str) -> str | float | Sequence[float]:
    """Return OTSU, one limit, or one for each channel."""
    try:
        found = read_background(text)
    except ValueError:
        found = None
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither {OTSU!r} nor numbers with commas between them"
        )
    return found


def stains(text: str) -> tuple[tuple[float, ...], ...]:
    """Return optical densities, a row for each stain: as typed, or of a palette."""
    if "," not in text and ";" not in text:
        return _stains_of(text)
    try:
        return read_stains(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error).rstrip(".")) from None


def stain_scale(text: str) -> tuple[float, ...]:
    """Return the densities of full staining: as typed, or of a palette's stains."""
    if "," in text:
        return numbers(text)
    return tuple(Stains(_stains_of(text)).scales.tolist())


def _stains_of(name: str) -> tuple[tuple[float, ...], ...]:
    """Return the stains of a palette in a file."""
    from napari_colorquant.core.palette.palette import Palette

    try:
        stains = Palette.load(path(name)).stains
    except (ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(sentence_of(error).rstrip(".")) from None
    if stains is None:
        raise argparse.ArgumentTypeError(f"{name} is no palette of stains")
    return stains


def channel_axis(text: str) -> ChannelAxis:
    """Return the number of an axis, "auto", or None for none."""
    if text == "none":
        return None
    return "auto" if text == "auto" else whole_number(text, "none")


def whole_number(text: str, word: str = "") -> int:
    """Return a number; word: what may be said instead, for the complaint."""
    try:
        return int(text)
    except ValueError:
        what = f"neither a whole number nor {word!r}" if word else "no whole number"
        raise argparse.ArgumentTypeError(f"{text!r} is {what}") from None


def whole_from(least: int) -> Callable[[str], int]:
    """Return what reads whole numbers from a least one."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number from {least}"
            )
        return number

    return read


def scale(text: str) -> float | tuple[float, ...]:
    """Return one size of a pixel, or one for each axis."""
    sizes = numbers(text)
    return sizes[0] if len(sizes) == 1 else sizes


def units(text: str) -> str | tuple[str, ...]:
    """Return one unit, or one for each axis."""
    units = tuple(text.split(","))
    return units[0] if len(units) == 1 else units
