"""A box to choose a layer from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import ComboBox


def layer_box(label: str, choices: Callable[..., Any], tooltip: str) -> ComboBox:
    """Make a box of layers that keeps the chosen one as long as it is offered.

    Parameters
    ----------
    label : str
        What stands before it.
    choices : callable
        Returns the layers, or pairs of words and layers.
    tooltip : str
        What it is for.

    Returns
    -------
    magicgui.widgets.ComboBox
        The box.
    """
    return _LayerBox(label=label, choices=choices, tooltip=tooltip)


class _LayerBox(ComboBox):
    """Keep a layer that gets another name.

    magicgui keeps what is chosen by its words, and takes the first entry where they are
    gone.
    """

    def reset_choices(self, *_: Any) -> None:
        kept = self.value
        with self.changed.blocked():
            super().reset_choices()
            if kept in self.choices:
                self.value = kept
        if self.value is not kept:
            self.changed.emit(self.value)
