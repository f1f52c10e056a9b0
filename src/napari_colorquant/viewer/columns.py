"""Which columns of the palette's table are seen: chosen until napari ends."""

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
    """Return what a column of the table holds.

    Parameters
    ----------
    column : int
        Its number.

    Returns
    -------
    str
        Its title; one word for the values of all channels.
    """
    return COLUMNS[column] if column < len(COLUMNS) else CHANNEL


def is_chosen(kind: str) -> bool:
    """Return whether a kind of column is seen.

    Parameters
    ----------
    kind : str
        What :func:`kind_of` returned.

    Returns
    -------
    bool
        True for the labels, too, which are always seen.
    """
    return kind not in OPTIONAL or kind in _chosen


def choose(kind: str, on: bool) -> None:
    """Show or hide a kind of column, in this table and those that are opened later.

    Parameters
    ----------
    kind : str
        One of :data:`OPTIONAL`.
    on : bool
        Whether it is seen.
    """
    (_chosen.add if on else _chosen.discard)(kind)


def choose_first() -> None:
    """Show the columns that are seen at first."""
    _chosen.clear()
    _chosen.update(_AT_FIRST)
