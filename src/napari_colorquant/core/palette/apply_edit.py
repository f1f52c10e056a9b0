"""What each edit does to the entries of a palette."""

from __future__ import annotations

from colorsys import rgb_to_hsv
from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_colorquant.core.color.spaces import dark_to_light, power_of_two_scale
from napari_colorquant.core.palette.edits import (
    EDITS,
    Classify,
    Clean,
    Edit,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
)
from napari_colorquant.core.palette.palette import Palette

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

GONE = -1
"""Where an entry goes that is removed."""
_COLORFUL = 0.1
"""HSV saturation below which a colour is taken for a grey, whose hue is an accident."""


class Edited(NamedTuple):
    """An edited palette, and the new index of each former entry: int64, (K,), or GONE.

    Its counts are of the pixels that are assigned without a search: not of those of
    removed entries.
    """

    palette: Palette
    places: NDArray[np.int64]


def edit_palette(palette: Palette, edit: Edit) -> Edited:
    """Return the edited palette, or raise TypeError if edit is none.

    Raise ValueError if an entry is not there or is locked, or the edit cannot be done.
    """
    return _edit(edit, palette)


@singledispatch
def _edit(edit: object, palette: Palette) -> Edited:
    kinds = ", ".join(EDITS)
    raise TypeError(
        f"{type(edit).__name__} is no edit of a palette: pass one of {kinds}."
    )


@_edit.register
def _recolor(edit: Recolor, palette: Palette) -> Edited:
    _check(palette, (edit.entry,), unlocked=True)
    if len(edit.color) != palette.n_channels:
        raise ValueError(
            f"the color has {len(edit.color)} channels and the palette "
            f"{palette.n_channels}: pass one value a channel."
        )
    colors = palette.colors.copy()
    colors[edit.entry] = edit.color
    recolored = replace(palette.unlearned(), colors=colors)
    return Edited(recolored, np.arange(len(palette)))


@_edit.register
def _merge(edit: Merge, palette: Palette) -> Edited:
    if len(edit.entries) < 2:
        raise ValueError("one entry cannot be merged: choose two or more.")
    first, *others = edit.entries
    _check(palette, others if edit.into_first else edit.entries, unlocked=True)
    _check(palette, edit.entries, unlocked=False)
    rows = list(edit.entries)
    colors, counts, names = palette.colors.copy(), palette.counts, palette.names
    if not edit.into_first:
        weights = None if counts is None or not counts[rows].any() else counts[rows]
        scale = power_of_two_scale(float(np.abs(colors[rows]).max()))
        within = colors[rows] * scale
        mean = np.average(within, axis=0, weights=weights)
        # Rounding may carry a mean beyond its colours by a last bit.
        colors[first] = mean.clip(within.min(axis=0), within.max(axis=0)) / scale
    if counts is not None:
        counts = counts.copy()
        counts[first] = counts[rows].sum()
    names = _first_of(names, rows)
    classes = _first_of(palette.classes, rows)
    kept = [i for i in range(len(palette)) if i not in others]
    merged = replace(
        palette, colors=colors, counts=counts, names=names, classes=classes
    ).select(kept)
    places = _places(len(palette), kept)
    places[others] = places[first]
    return Edited(merged, places)


@_edit.register
def _remove(edit: Remove, palette: Palette) -> Edited:
    if not edit.entries:
        raise ValueError("there is no entry to remove: pass one or more.")
    _check(palette, edit.entries, unlocked=True)
    kept = [i for i in range(len(palette)) if i not in edit.entries]
    if not kept:
        raise ValueError("a palette needs an entry: keep one at least.")
    return Edited(palette.select(kept), _places(len(palette), kept))


@_edit.register
def _rename(edit: Rename, palette: Palette) -> Edited:
    _check(palette, (edit.entry,), unlocked=False)
    before = palette.names or ("",) * len(palette)
    names = (*before[: edit.entry], edit.name, *before[edit.entry + 1 :])
    return Edited(
        replace(palette, names=names if any(names) else None), np.arange(len(palette))
    )


@_edit.register
def _classify(edit: Classify, palette: Palette) -> Edited:
    if not edit.entries:
        raise ValueError("there is no entry to classify: pass one or more.")
    _check(palette, edit.entries, unlocked=False)
    classes = list(palette.classes or ("",) * len(palette))
    for entry in edit.entries:
        classes[entry] = edit.name
    return Edited(replace(palette, classes=tuple(classes)), np.arange(len(palette)))


@_edit.register
def _lock(edit: Lock, palette: Palette) -> Edited:
    _check(palette, edit.entries, unlocked=False)
    locked, chosen = set(palette.locked), set(edit.entries)
    now = locked | chosen if edit.locked else locked - chosen
    return Edited(replace(palette, locked=tuple(now)), np.arange(len(palette)))


@_edit.register
def _clean(edit: Clean, palette: Palette) -> Edited:
    raise ValueError(
        "a palette alone has no labels to clean: apply it to an image first."
    )


@_edit.register
def _sort(edit: Sort, palette: Palette) -> Edited:
    if edit.by == "lightness":
        order = dark_to_light(palette.colors)
    elif edit.by == "hue":
        order = _by_hue(palette)
    elif palette.counts is not None:
        order = np.argsort(-palette.counts, kind="stable")
    else:
        raise ValueError(
            "the palette has no counts to be sorted by: apply it to an image first."
        )
    rows = order.tolist()
    return Edited(palette.select(rows), _places(len(palette), rows))


def _first_of(
    words: tuple[str, ...] | None, rows: Sequence[int]
) -> tuple[str, ...] | None:
    """Return words, one an entry, where the first row has the first one of the rows."""
    if words is None:
        return None
    word = next((words[i] for i in rows if words[i]), "")
    return (*words[: rows[0]], word, *words[rows[0] + 1 :])


def _by_hue(palette: Palette) -> NDArray[np.int64]:
    if palette.n_channels != 3:
        noun = "channel" if palette.n_channels == 1 else "channels"
        raise ValueError(
            f"only RGB colors have a hue, and this palette has {palette.n_channels} "
            f"{noun}: sort it by lightness or population."
        )
    colors = palette.colors.clip(0.0)
    lightness = np.argsort(dark_to_light(palette.colors))  # the place of each entry

    def key(entry: int) -> tuple[float, int]:
        hue, saturation, _ = rgb_to_hsv(*colors[entry].tolist())
        return (hue if saturation >= _COLORFUL else -1.0, int(lightness[entry]))

    return np.array(sorted(range(len(palette)), key=key))


def _places(n_entries: int, kept: Sequence[int]) -> NDArray[np.int64]:
    """Return the new index of each entry, where those that are kept follow in order."""
    places = np.full(n_entries, GONE, np.int64)
    places[list(kept)] = np.arange(len(kept))
    return places


def _check(palette: Palette, entries: Sequence[int], *, unlocked: bool) -> None:
    for entry in entries:
        if not 0 <= entry < len(palette):
            raise ValueError(
                f"there is no entry {entry}: the palette has the entries 0 to "
                f"{len(palette) - 1}."
            )
        if unlocked and entry in palette.locked:
            raise ValueError(f"the entry {entry} is locked: unlock it first.")
