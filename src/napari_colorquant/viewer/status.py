"""The line of status: what is shown, in words, or what has just happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_colorquant.core.report import Report

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_colorquant.viewer.result import Result

NO_IMAGE = "Choose an image layer and press Quantize."
_HARMLESS = ("Rename", "Lock")
"""Edits after which the figures of the run are still right."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The result whose palette is shown.

    Parameters
    ----------
    name : str
        The image that was quantized; of a palette alone what it is called.
    n_colors : int
        Entries of the palette.
    within : str
        The region that it was quantized in.
    run : str
        What the run did; empty where it is not known, or the result was edited since.
    is_edited : bool
        Whether its colours or labels were edited since.
    is_of_an_image : bool
        Whether it is no palette alone.
    is_of_the_chosen : bool
        Whether the image is the one that **Quantize** works on.
    is_live : bool
        Whether it is a live result.
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
    """Say what is shown.

    Parameters
    ----------
    chosen : str
        What **Quantize** works on; empty for nothing.
    shown : Shown or None
        The result whose palette is shown.

    Returns
    -------
    str
        Names the image, the region and the number of colours of what is shown. Where
        another image is chosen, it says so first.
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
    """Name an image, and the region that it was quantized in.

    Parameters
    ----------
    name : str
        The image.
    within : str
        The region; empty for none.

    Returns
    -------
    str
        Such as ``"china within tissue"``.
    """
    return f"{name} within {within}" if within else name


def shown_of(result: Result, chosen: Sequence[Image], *, is_live: bool) -> Shown:
    """Take from a result what the line says of it.

    Parameters
    ----------
    result : Result
        The result.
    chosen : sequence of napari.layers.Image
        What **Quantize** works on.
    is_live : bool
        Whether it is a live result.

    Returns
    -------
    Shown
        As it is now.
    """
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


class Status:
    """The line: what has just happened, until something else is chosen or shown.

    Parameters
    ----------
    describe : callable
        Says what is shown.

    Attributes
    ----------
    changed : psygnal.Signal
        The new line.
    """

    changed = Signal(str)

    def __init__(self, describe: Callable[[], str]) -> None:
        self._describe = describe
        self._line = ""

    def say(self, text: str) -> None:
        """Say what has happened.

        Parameters
        ----------
        text : str
            What has happened, and to what.
        """
        self._line = text
        self.changed.emit(text)

    def add(self, text: str) -> None:
        """Say more in a line below.

        Parameters
        ----------
        text : str
            A sentence.
        """
        self.say(f"{self._line}\n{text}")

    def refresh(self) -> None:
        """Say what is shown now."""
        self.say(self._describe())


def _run_of(record: dict[str, Any]) -> str:
    try:
        return Report.from_dict(record["report"]).summary()
    except (KeyError, TypeError, ValueError):  # a palette alone, or damaged
        return ""


def _unbroken(line: str) -> str:
    """Let a line wrap between its parts only."""
    return line.replace(" ", "\u00a0").replace("\u00a0·\u00a0", " · ")
