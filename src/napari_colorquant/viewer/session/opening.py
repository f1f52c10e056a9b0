"""What is opened: palettes of files, and results that were saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from napari.layers import Image, Labels

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.ownership import add_pair
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.session.notify import complain, load_or_say
from napari_colorquant.viewer.session.results.result import Result, palette_alone

if TYPE_CHECKING:
    from pathlib import Path

    from napari_colorquant.viewer.session.state import SessionState

_NO_LAYER_OF_RECORD = (
    "to go on with its result, open the picture or labels that were saved, select "
    "their layer, and open this again."
)


class Opening:
    """Opens palettes and saved results in a session, and shows them."""

    def __init__(self, state: SessionState) -> None:
        self._state = state

    def open(self, path: Path) -> None:
        """Show the palette or the result that is saved in a file."""
        loaded = load_or_say(path)
        try:
            if isinstance(loaded, Palette):
                self.offer_palette(loaded, path.stem)
            elif loaded is not None:
                self.offer_record(loaded, path.stem)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)

    def offer_palette(self, palette: Palette, name: str) -> None:
        """Offer a palette to be looked at, edited and applied, under a name."""
        self._offer(palette_alone(palette, name), name)

    def offer_record(self, record: Mapping[str, Any], name: str) -> None:
        """Offer a saved result, under a name, or its palette alone.

        The result where the active layer is the picture or the labels of it; else its
        palette, and why.
        """
        state = self._state
        layer = state.viewer.layers.selection.active
        try:
            if not isinstance(layer, Image | Labels):
                raise ValueError(_NO_LAYER_OF_RECORD)
            layers = restore_result(layer, record)
        except ValueError as error:
            palette = Palette.from_dict(record["palette"])
            self._offer(palette_alone(palette, name, record), name, str(error))
            return
        with state.layers_kept_active():
            add_pair(state.viewer, layers)
        # What was saved of the image that a record names is another one.
        sources = (it for it in state.target.images() if it.name == record["source"])
        state.add_result(layers, next((one for one in sources if one != layer), None))
        state.events.opened.emit()
        state.refresh_message()
        state.add_note(f"Restored from {name}.")

    def _offer(self, result: Result, name: str, why_alone: str = "") -> None:
        state = self._state
        state.results.add(result)
        state.events.opened.emit()
        state.editor.show(result)
        state.say(f"Opened {name}: {len(result.palette):,} colors.")
        if why_alone:
            state.add_note(f"Its palette alone: {why_alone}")
