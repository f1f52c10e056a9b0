"""A box to choose a layer from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import ComboBox


def layer_box(label: str, choices: Callable[..., Any], tooltip: str) -> ComboBox:
    """Return a box that keeps the chosen layer as long as choices offers it.

    choices returns the layers, or pairs of words and layers.
    """
    return _LayerBox(label=label, choices=choices, tooltip=tooltip)


class _LayerBox(ComboBox):
    """Keep the chosen layer when it is renamed.

    magicgui keeps the choice by its words, and takes the first entry if they are gone.
    """

    def reset_choices(self, *_: Any) -> None:
        kept = self.value
        with self.changed.blocked():
            super().reset_choices()
            if kept in self.choices:
                self.value = kept
        if self.value is not kept:
            self.changed.emit(self.value)
