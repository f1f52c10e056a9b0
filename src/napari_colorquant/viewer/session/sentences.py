"""What a session says: what is shown, and why something cannot be done, else empty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.presets import limit_not_set, told_of_preset
from napari_colorquant.core.palette.edits import (
    Clean,
    Edit,
    Merge,
    Recolor,
    Remove,
    Sort,
)
from napari_colorquant.core.quantization.report import Report
from napari_colorquant.viewer.session.notify import WINDOW
from napari_colorquant.viewer.session.results.result_data import layer_gone

if TYPE_CHECKING:
    from napari.layers import Image

    from napari_colorquant.viewer.session.results.result import Result

NO_IMAGE = "There is no image layer to quantize: open or add an image first."
NO_IMAGE_SELECTED = (
    "No image layer is selected: select one or more in the layer list first."
)
NO_PALETTE = "No palette yet: quantize an image, or open a palette file."
NONE_SELECTED = "No entry is selected: click on a row of the palette first."
FEW_RESULTS = (
    "Fewer than two results are selected: select their layers in the layer list first."
)
NO_RUN = "No run is under way."
SAVED = ("save", "zarr", "dither", "copy")
"""What is saved of a result, see why_not_save."""
NO_UNDO, NO_REDO = "Nothing has been edited.", "Nothing was undone."
_ONE_ALONE = "One entry cannot be merged: select two or more."
_ALL = "A palette needs an entry: keep one at least."
_NO_COUNTS = "The palette has no numbers of pixels: apply it to an image first."
_NO_HUE = "Only RGB colors have a hue: sort by lightness or pixels."
_NOT_CLEANED = "Nothing is to be cleaned: choose a radius or a smallest region."
_NO_RESULT = "There is no result to judge: quantize an image first."
_NO_FORMAT = (
    'This takes the package ome-zarr: pip install "napari-colorquant[ome-zarr]".'
)

_NOT_CHOSEN = "Choose an image layer and press Quantize."
_HARMLESS = ("Rename", "Classify", "Lock")
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
        return f"{chosen}: not quantized yet." if chosen else _NOT_CHOSEN
    number = f"{shown.n_colors:,} color{'s' if shown.n_colors != 1 else ''}"
    if not shown.is_of_an_image:
        return f"Palette {shown.name}: {number}."
    where = named(shown.name, shown.within)
    if chosen and not shown.is_of_the_chosen:
        return f"{chosen} is chosen. Shown is {where}: {number}."
    what = unbroken(shown.run) or (f"{number}, edited" if shown.is_edited else number)
    return f"{'Live: ' if shown.is_live else ''}{where}: {what}"


class Distances(NamedTuple):
    """What distances between colours are in: a word, perhaps none, and a sentence.

    step: what makes a difference that is seen. digits: after the point, to type.
    """

    unit: str
    words: str
    step: float
    digits: int = 2


_MOST_LIMITS = 6
"""That the line of a result lists."""
_OF_SPACES = {
    "lab": Distances("ΔE", "It is a ΔE76: 2 is hardly visible.", 1.0, 1),
    "ab": Distances("of a*, b*", "It is in a* and b*: 2 is hardly visible.", 1.0, 1),
    "oklab": Distances("", "It is in Oklab, where white has 1: 0.02 is seen.", 0.01),
    "hed": Distances("", "It is in amounts of stain: 0.1 is much.", 0.01),
    "stains": Distances("", "It is in parts of full staining: 1 is all of it.", 0.01),
}
_OF_SCALED = {
    "contrast_limits": Distances(
        "", "1 is from the lower contrast limit of a channel to the upper one.", 0.01
    ),
    "zscore": Distances("", "It is in standard deviations of the channels.", 0.1),
}
OF_BYTES = Distances("of 255", "It is in channel values, which are 0 to 255.", 1.0, 1)


def distances_in(space: str, dtype: str, scaling: str, weights: str = "") -> Distances:
    """Return what distances are in, of a colour space, an image, and its channels."""
    if weights:
        return Distances("", f"The channels are multiplied by {weights} before.", 0.01)
    if space in _OF_SPACES:
        return _OF_SPACES[space]
    if space != "rgb":
        return Distances("", "It is in the units of that color space.", 0.01)
    if scaling in _OF_SCALED:
        return _OF_SCALED[scaling]
    if dtype in ("", "uint8"):
        return OF_BYTES
    words = f"It is in the image's own units, of {dtype}."
    # Floats may all be small.
    step, digits = (0.01, 3) if dtype.startswith("float") else (1.0, 1)
    return Distances("", words, step, digits)


def told_of_balance(balance: float) -> str:
    """Return how much rare colours are favoured."""
    return f"favored {balance:g}" if balance else "not favored"


def told_of_limits(limits: Sequence[float]) -> str:
    """Return the limits of a background, one for each channel, in a few words."""
    if len(limits) <= _MOST_LIMITS:
        return f"background up to {', '.join(map(_short, limits))}"
    ends = f"{_short(min(limits))} to {_short(max(limits))}"
    return f"background up to {ends}, in {len(limits)} channels"


def _short(number: float) -> str:
    """Return a number with four digits, or all of its integral part."""
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def preset_is_set(preset: str, choices: Mapping[str, Any], *, is_light: bool) -> str:
    """Return what a preset has set, as the controls say it."""
    far = choices["max_distance"]
    space = DESCRIPTIONS["color_space"].choices[choices["color_space"]]
    values = {
        "n_colors": choices["n_colors"],
        **({"color_space": space} if is_light else {}),
        "balance": told_of_balance(choices["balance"]),
        "max_distance": f"over {far:g} {OF_BYTES.unit}" if far else "nothing",
    }
    told = told_of_preset(
        preset, (f"{DESCRIPTIONS[name].label}: {it}" for name, it in values.items())
    )
    note = limit_not_set(preset, choices)
    return told if note is None else f"{told}\n{note.in_words(WINDOW)}"


def named(name: str, within: str) -> str:
    """Return the name of an image and its region, such as "china within tissue"."""
    return f"{name} within {within}" if within else name


def shown_of(result: Result, chosen: Sequence[Image], *, is_live: bool) -> Shown:
    """Return what the line says of a result; chosen is what Quantize works on."""
    record, source = result.record, result.source
    layers = result.recorded.layer_names
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
        is_of_an_image=result.recorded.is_of_an_image,
        is_of_the_chosen=is_of_the_chosen,
        is_live=is_live,
    )


def _run_of(record: dict[str, Any]) -> str:
    try:
        summary = Report.from_dict(record["report"]).summary()
    except (KeyError, TypeError, ValueError):  # a palette alone, or damaged
        return ""
    limits = record["palette"].get("background")
    return f"{summary} · {told_of_limits(limits)}" if limits else summary


def unbroken(line: str) -> str:
    """Let a line wrap between its parts only."""
    whole = line.replace(" ", "\u00a0").replace("\u00a0·\u00a0", " · ")
    return whole.replace(",\u00a0", ", ")  # of a list, which may be long


def why_not_merge(
    result: Result | None, entries: Sequence[int], into_first: bool = True
) -> str:
    """Return why entries, the first selected first, cannot be merged, else empty.

    With into_first, the first one keeps its colour, and may be locked.
    """
    if result is None:
        return NO_PALETTE
    if len(entries) < 2:
        return result.refusal(Merge) or _ONE_ALONE
    others = entries[1:] if into_first else entries
    return result.refusal(Merge) or _locked(result, others)


def why_not_remove(result: Result | None, entries: Sequence[int]) -> str:
    """Return why the selected entries cannot be removed, else empty."""
    if result is None:
        return NO_PALETTE
    if not entries:
        return result.refusal(Remove) or NONE_SELECTED
    if len(entries) == len(result.palette):
        return _ALL
    return result.refusal(Remove) or _locked(result, entries)


def why_not_sort(result: Result | None, by: str = "lightness") -> str:
    """Return why the entries cannot be sorted by one of SORT_KEYS, else empty."""
    if result is None:
        return NO_PALETTE
    if by == "population" and result.palette.counts is None:
        return _NO_COUNTS
    if by == "hue" and result.palette.n_channels != 3:
        return _NO_HUE
    return result.refusal(Sort)


def why_not_clean(result: Result | None) -> str:
    """Return why the labels of a result cannot be cleaned, else empty."""
    if result is None:
        return NO_PALETTE
    if why_not := result.refusal(Clean):
        return why_not
    if not result.labels_arrays:
        return f"{result.name!r} has no labels to clean: apply it to an image first."
    return ""


def cleaned_in_words(cleans: Sequence[Clean]) -> str:
    """Return how labels are cleaned, one after another; '' where they are not."""
    return ", then ".join(map(_clean_in_words, cleans))


def _clean_in_words(clean: Clean) -> str:
    by = []
    if clean.majority:
        pixels = "pixel" if clean.majority == 1 else "pixels"
        by.append(f"by the majority within {clean.majority} {pixels}")
    if clean.min_region > 1:
        by.append(f"of regions below {clean.min_region:,} pixels")
    return " and ".join(by) + (" in 3-D" if clean.ndim == 3 else "")


def why_not_mark(result: Result | None, entries: Sequence[int]) -> str:
    """Return why the selected entries cannot be locked or classified, else empty."""
    if result is None:
        return NO_PALETTE
    return "" if entries else NONE_SELECTED


def why_not_edit(result: Result, edit: Edit) -> str:
    """Return why an edit is not possible, in labels as the window shows, else empty."""
    match edit:
        case Merge():
            return why_not_merge(result, edit.entries, edit.into_first)
        case Remove():
            return why_not_remove(result, edit.entries)
        case Sort():
            return why_not_sort(result, edit.by)
        case Clean():
            return why_not_clean(result) or (_NOT_CLEANED if edit.is_off else "")
        case Recolor():
            return result.refusal(Recolor) or _locked(result, [edit.entry])
    return ""


def why_not_save(result: Result | None, what: str) -> str:
    """Return why a result cannot be saved or copied as a script, else empty.

    what: "save" for the palette, "zarr" for picture and labels, "dither" for the
    picture, dithered, "copy" for the script.
    """
    if result is None:
        return NO_PALETTE
    if what == "save":
        return ""
    if not result.recorded.is_of_an_image:
        do = "repeat" if what == "copy" else "save but the palette"
        return (
            f"{result.name!r} belongs to no image, and there is nothing to {do}: apply "
            "it to an image first."
        )
    if what == "copy":
        return ""
    if what == "dither":
        return _why_not_dither(result)
    return layer_gone(result) or ("" if find_spec("ome_zarr") else _NO_FORMAT)


def _why_not_dither(result: Result) -> str:
    if result.recorded.channels is not None:
        return (
            f"{result.name!r} shows several channels together, and only grey and RGB "
            "pictures are dithered: save it by File > Save Selected Layers."
        )
    return layer_gone(result) or why_not_measure(result)


def why_not_measure(result: Result | None) -> str:
    """Return why a result cannot be compared with its original, else empty."""
    if result is None or result.picture is None:
        return _NO_RESULT
    if result.recorded.layer_names is not None:
        return (
            f"The picture of {result.name!r} is a blend of several layers, and there "
            "is no image to compare it with: its error was told when it was made."
        )
    if result.source is None:
        return (
            f"The image that {result.name!r} was made from is gone: open it, and "
            "quantize it again."
        )
    return ""


def _locked(result: Result, entries: Sequence[int]) -> str:
    locked = sorted(set(result.palette.locked).intersection(entries))
    if not locked:
        return ""
    if len(locked) == 1:
        return f"Label {locked[0] + 1} is locked: unlock it first."
    return f"{len(locked)} of the selected entries are locked: unlock them first."
