"""Tooltips that are read in a few lines."""

from __future__ import annotations

from html import escape
from textwrap import fill

from qtpy.QtGui import QAction  # type: ignore[attr-defined] # QAction is made by qtpy
from qtpy.QtWidgets import QWidget

LONGEST_LINE = 60
"""Characters of a tooltip's line."""


def wrapped(tip: str) -> str:
    """Return a plain-text tooltip in short lines, as Qt writes all of it in one.

    It is rich text where Qt would take a layer's name for markup. One that is wrapped
    stays as it is.
    """
    if tip.startswith("<qt>"):
        return tip
    # Lines of a list stay lines; those that were broken here are short enough.
    lines = [fill(line, LONGEST_LINE) for line in tip.splitlines()]
    text = "\n".join(lines)
    if "<" not in text:
        return text
    return f'<qt><p style="white-space:pre">{escape(text)}</p></qt>'


def wrap_tips(top: QWidget) -> None:
    """Wrap the tooltips of a widget and of all that is in it.

    Those that change later are wrapped where they are set.
    """
    for widget in (top, *top.findChildren(QWidget)):
        widget.setToolTip(wrapped(widget.toolTip()))
    for action in top.findChildren(QAction):
        if action.toolTip() != action.text():  # Qt's own where none is set
            action.setToolTip(wrapped(action.toolTip()))
