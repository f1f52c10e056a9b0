"""Tooltips of more than a few words."""

from __future__ import annotations

from html import escape


def wrapped(tip: str) -> str:
    """Return a tooltip that Qt breaks into lines, as it does with rich text only.

    Parameters
    ----------
    tip : str
        Plain text.

    Returns
    -------
    str
        The same as rich text.
    """
    return f"<qt>{escape(tip)}</qt>"
