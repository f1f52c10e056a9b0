"""A box to choose a layer from."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import ComboBox


class LayerBox(ComboBox):
    """A box of layers that keeps the chosen one as long as it is offered.

    magicgui keeps what is chosen by its words, and takes the first entry where they are
    gone: a layer that gets another name would lose its place.
    """

    def reset_choices(self, *_: Any) -> None:
        """Offer what there is now.

        Parameters
        ----------
        *_ : object
            What an event tells; not used.
        """
        kept = self.value
        with self.changed.blocked():
            super().reset_choices()
            if kept in self.choices:
                self.value = kept
        if self.value is not kept:
            self.changed.emit(self.value)
