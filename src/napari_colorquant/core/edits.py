"""Edits of a palette: plain data, and what each does to the entries.

An edit is a small frozen object, so that a list of them can be kept, undone, written to
a file and repeated on another day.
"""

from __future__ import annotations

from colorsys import rgb_to_hsv
from dataclasses import asdict, dataclass, replace
from functools import singledispatch
from numbers import Integral, Real
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.palette import Palette, dark_to_light
from napari_colorquant.core.scale import power_of_two_scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

SORT_KEYS = ("lightness", "hue", "population")
"""What a palette can be sorted by."""
GONE = -1
"""Where an entry goes that is removed."""
_COLORFUL = 0.1
"""HSV saturation below which a colour is taken for a grey, whose hue is an accident."""


@dataclass(frozen=True, slots=True)
class Recolor:
    """Give an entry another colour.

    Parameters
    ----------
    entry : int
        Its index.
    color : sequence of float, length C
        The colour, in the palette's units.

    Raises
    ------
    TypeError
        If something is no number.
    """

    entry: int
    color: tuple[float, ...]

    def __init__(self, entry: int, color: Sequence[float]) -> None:
        object.__setattr__(self, "entry", _entry(entry))
        object.__setattr__(self, "color", tuple(_number(value) for value in color))


@dataclass(frozen=True, slots=True)
class Merge:
    """Make one entry of several, at the place of the first.

    Parameters
    ----------
    entries : sequence of int
        Two indices or more. The name is the first one that there is.
    into_first : bool
        Keep the colour of the first. Else it is the mean, weighted by the pixels: the
        centroid of them all.

    Raises
    ------
    TypeError
        If an entry is no whole number, or `into_first` no bool.
    """

    entries: tuple[int, ...]
    into_first: bool = False

    def __init__(self, entries: Sequence[int], into_first: bool = False) -> None:
        object.__setattr__(self, "entries", _distinct(entries))
        object.__setattr__(self, "into_first", _flag("into_first", into_first))


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove entries: each of their pixels goes to its nearest remaining entry.

    Parameters
    ----------
    entries : sequence of int
        Indices.

    Raises
    ------
    TypeError
        If an entry is no whole number.
    """

    entries: tuple[int, ...]

    def __init__(self, entries: Sequence[int]) -> None:
        object.__setattr__(self, "entries", _distinct(entries))


@dataclass(frozen=True, slots=True)
class Rename:
    """Give an entry a name.

    Parameters
    ----------
    entry : int
        Its index.
    name : str
        The name; empty for none.

    Raises
    ------
    TypeError
        If the entry is no whole number, or the name no string.
    """

    entry: int
    name: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "entry", _entry(self.entry))
        if not isinstance(self.name, str):
            raise TypeError(f"the name is {self.name!r}: pass a string.")


@dataclass(frozen=True, slots=True)
class Lock:
    """Lock entries, or unlock them: a locked one stays when colours are learned anew.

    Parameters
    ----------
    entries : sequence of int
        Indices.
    locked : bool
        False unlocks.

    Raises
    ------
    TypeError
        If an entry is no whole number, or `locked` no bool.
    """

    entries: tuple[int, ...]
    locked: bool = True

    def __init__(self, entries: Sequence[int], locked: bool = True) -> None:
        object.__setattr__(self, "entries", _distinct(entries))
        object.__setattr__(self, "locked", _flag("locked", locked))


@dataclass(frozen=True, slots=True)
class Sort:
    """Bring the entries into another order.

    Parameters
    ----------
    by : {"lightness", "hue", "population"}
        Dark to light, as palettes are learned; round the colour circle from red, greys
        first; or by pixels, most first.

    Raises
    ------
    ValueError
        If it is another key.
    """

    by: str = "lightness"

    def __post_init__(self) -> None:
        if self.by not in SORT_KEYS:
            raise ValueError(
                f"a palette cannot be sorted by {self.by!r}: pass one of "
                f"{', '.join(SORT_KEYS)}."
            )


Edit = Recolor | Merge | Remove | Rename | Lock | Sort
EDITS: Mapping[str, type[Edit]] = {
    kind.__name__: kind for kind in (Recolor, Merge, Remove, Rename, Lock, Sort)
}
"""The kinds of edits by their names."""


class Edited(NamedTuple):
    """An edited palette, and where its entries were.

    Parameters
    ----------
    palette : Palette
        The palette. Counts are those of the pixels that are assigned without a search:
        not of those of removed entries.
    places : ndarray of int64, shape (K,)
        New index of each entry that there was; ``GONE`` for one that was removed.
    """

    palette: Palette
    places: NDArray[np.int64]


def edit_palette(palette: Palette, edit: Edit) -> Edited:
    """Edit a palette.

    Parameters
    ----------
    palette : Palette
        The palette; left as it is.
    edit : Edit
        What to do: one of :data:`EDITS`.

    Returns
    -------
    Edited
        The new palette, and where its entries were.

    Raises
    ------
    TypeError
        If it is no edit.
    ValueError
        If an entry does not exist or is locked, or the edit cannot be done.
    """
    return _edit(edit, palette)


def edit_as_dict(edit: Edit) -> dict[str, Any]:
    """Return an edit as plain data.

    Parameters
    ----------
    edit : Edit
        The edit.

    Returns
    -------
    dict
        ``"edit"``, its kind, and its fields: numbers, strings, and lists of these.
    """
    fields = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(edit).items()
    }
    return {"edit": type(edit).__name__, **fields}


def edit_from_dict(plain: Mapping[str, Any]) -> Edit:
    """Return the edit that :func:`edit_as_dict` made plain data of.

    Parameters
    ----------
    plain : mapping
        Plain data, however damaged.

    Returns
    -------
    Edit
        The edit.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        fields = dict(plain)
        return EDITS[str(fields.pop("edit", None))](**fields)
    except (KeyError, OverflowError, TypeError, ValueError):
        raise ValueError(f"{shortened(plain)} is no edit of a palette.") from None


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
    return Edited(replace(palette, colors=colors), np.arange(len(palette)))


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
    if names is not None:
        name = next((names[i] for i in rows if names[i]), "")
        names = (*names[:first], name, *names[first + 1 :])
    kept = [i for i in range(len(palette)) if i not in others]
    merged = replace(palette, colors=colors, counts=counts, names=names).select(kept)
    places = _places(len(palette), kept)
    places[others] = places[first]
    return Edited(merged, places)


@_edit.register
def _remove(edit: Remove, palette: Palette) -> Edited:
    if not edit.entries:
        raise ValueError("there is no entry to remove: choose one or more.")
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
def _lock(edit: Lock, palette: Palette) -> Edited:
    _check(palette, edit.entries, unlocked=False)
    locked, chosen = set(palette.locked), set(edit.entries)
    now = locked | chosen if edit.locked else locked - chosen
    return Edited(replace(palette, locked=tuple(now)), np.arange(len(palette)))


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
            raise ValueError(
                f"the entry {entry} (label {entry + 1}) is locked: unlock it first."
            )


def _distinct(entries: Sequence[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_entry(entry) for entry in entries))


def _entry(value: object) -> int:
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    raise TypeError(f"an entry is {value!r}: pass a whole number.")


def _number(value: object) -> float:
    if isinstance(value, Real) and not isinstance(value, bool):
        return float(value)
    raise TypeError(f"a value of the color is {value!r}: pass a number.")


def _flag(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(f"{name} is {value!r}: pass True or False.")
