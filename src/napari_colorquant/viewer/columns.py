"""The columns that palette tables show, chosen for as long as napari runs."""

from __future__ import annotations

from napari_colorquant.viewer.palette_model import CHANNEL, COLUMNS

OPTIONAL = {
    "Name": "Names",
    "Lock": "Locks",
    "%": "Percent of the pixels",
    "Pixels": "Numbers of pixels",
    "Hex": "Hex colors",
    CHANNEL: "Values of the channels",
}
"""The kinds of columns that can be hidden, and what the menu calls them."""
_AT_FIRST = frozenset({"Name", "Lock", "%"})  # what fits a dock of 300 pixels
_chosen = set(_AT_FIRST)


def kind_of(column: int) -> str:
    """Return the title of a column, or CHANNEL for the values of any channel."""
    return COLUMNS[column] if column < len(COLUMNS) else CHANNEL


def is_chosen(kind: str) -> bool:
    """Return whether a kind of column is shown; True for labels, always shown."""
    return kind not in OPTIONAL or kind in _chosen


def choose(kind: str, on: bool) -> None:
    """Show or hide a kind of column, one of OPTIONAL, at the next `show_columns`."""
    (_chosen.add if on else _chosen.discard)(kind)


def choose_first() -> None:
    """Show the columns that are shown at first."""
    _chosen.clear()
    _chosen.update(_AT_FIRST)
