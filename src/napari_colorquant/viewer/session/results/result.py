"""A result in the viewer: the layers that show it, and the edits of its palette."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.edits import (
    Classify,
    Edit,
    Lock,
    Remove,
    Rename,
    edit_as_dict,
)
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channels import composite_palette
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.layer_arrays import (
    is_same,
    own_levels,
    put_labels,
    redraw,
)
from napari_colorquant.viewer.layers.layer_properties import (
    display_of,
    has_lazy,
    levels_of,
)
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.ownership import rename_pair
from napari_colorquant.viewer.layers.palette_display import (
    Highlight,
    palette_table,
    shown_colors,
    shown_composite,
)
from napari_colorquant.viewer.layers.preview import coarse
from napari_colorquant.viewer.layers.target import layer_at
from napari_colorquant.viewer.session.results.actions import RELABELS, Action, Painted
from napari_colorquant.viewer.session.results.history import History
from napari_colorquant.viewer.session.results.recorded import Recorded

if TYPE_CHECKING:
    import pandas as pd

    # Where it is called it is imported: it loads a compiler, which stalls a viewer.
    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.edit import IndexedImage

_LARGE = 2**20
"""Labels above which drawing them and the picture is felt as a delay."""


class Result:
    """A palette with the layers that it was applied to, edited together.

    record: what the layers' metadata keep; recorded: what no edit changes of it. labels
    is None for a palette alone; source is what was quantized. changed is emitted after
    the palette has changed. later calls a function once the window has drawn: at once
    where there is none.
    """

    changed = Signal()
    later: Callable[[Callable[[], object]], object] = staticmethod(lambda do: do())

    def __init__(
        self,
        record: dict[str, Any],
        picture: Image | None = None,
        labels: Labels | None = None,
        source: Image | None = None,
    ) -> None:
        from napari_colorquant.core.quantization.edit import IndexedImage

        palette = Palette.from_dict(record["palette"])
        self.recorded = Recorded(dict(record), palette.n_channels)
        self.picture, self.labels, self.source = picture, labels, source
        first = IndexedImage(
            palette,
            () if labels is None else own_levels(labels),
            bool(record.get("counts_are_estimates", False)),
            self.recorded.max_distance,
            self.recorded.stains,
        )
        # As it was first drawn, what is not quantized with it; where it is lazy.
        self._drawn: tuple[Any, ...] = ()
        if picture is not None and has_lazy(picture):
            self._drawn = own_levels(picture)
        self._history: History[IndexedImage, Action] = History(first, _size)
        self._shown = first
        self._edited = self.recorded.edits  # or an error, before there is a script
        self._highlight = Highlight()

    @property
    def record(self) -> dict[str, Any]:
        """What repeats or restores the result as it is now, as plain data."""
        recorded, actions = self.recorded.plain, self._history.actions
        is_painted = any(isinstance(one, Painted) for one in actions)
        return {
            **recorded,
            "palette": self.palette.as_dict(),
            "counts_are_estimates": self.counts_are_estimates,
            "edits": [edit_as_dict(one) for one in self.edits],
            "painted": recorded.get("painted", False) or is_painted,
        }

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All edits that made it what it is, one after another."""
        done = self._history.actions
        return *self._edited, *(one for one in done if not isinstance(one, Painted))

    @property
    def name(self) -> str:
        """What the user knows it by."""
        layer = self.picture or self.labels
        return self.recorded.source if layer is None else str(layer.name)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers that show it."""
        return tuple(one for one in (self.picture, self.labels) if one is not None)

    @property
    def palette(self) -> Palette:
        """The palette as it is now."""
        return self._history.current.palette

    @property
    def next_undo(self) -> Action | None:
        """What would be undone."""
        return self._history.next_undo

    @property
    def next_redo(self) -> Action | None:
        """What would be done again."""
        return self._history.next_redo

    @property
    def counts_are_estimates(self) -> bool:
        """Whether the palette's counts were reckoned from some blocks of the image."""
        return self._history.current.counts_are_estimates

    @property
    def labels_arrays(self) -> tuple[NDArray[Any], ...]:
        """The labels as the palette has made them, one array a level."""
        return self._history.current.labels

    @property
    def n_labels(self) -> int:
        """Labels in memory that an edit may change."""
        labels = self._history.current.labels
        return sum(one.size for one in labels if not is_lazy(one))

    @property
    def display(self) -> dict[str, Any] | None:
        """How the picture is shown; None where there is none."""
        return None if self.picture is None else display_of(self.picture)

    def shown(self, palette: Palette | None = None) -> NDArray[np.float64]:
        """Return a palette, by default its own, as it is shown: RGBA, 0-1, (K, 4)."""
        palette = self.palette if palette is None else palette
        if channels := self.recorded.layer_channels:
            return shown_composite(palette, channels)
        return shown_colors(palette, rgb=self.recorded.rgb, display=self.display)

    def features(self, palette: Palette | None = None) -> pd.DataFrame:
        """Return a palette, by default its own, as the features table of labels."""
        palette = self.palette if palette is None else palette
        display = self.display
        return palette_table(
            palette,
            self.shown(palette),
            rgb=self.recorded.rgb,
            names=self.recorded.columns,
            gamma=1.0 if display is None else display["gamma"],
        )

    def levels(self) -> tuple[Pixels | Blocks, ...]:
        """Return the image that was quantized, as coarse as the labels are.

        Empty if its layer is gone, or has other shapes. TypeError or ValueError if the
        layer's data have been replaced by some that cannot be quantized.
        """
        if self.source is None:
            return ()
        recorded = self.recorded.plain
        seen = layer_at(self.source, recorded.get("position"))
        axis, white = map(recorded.get, ("channel_axis", "data_range"))
        whole = take_source(seen, channel_axis=axis, data_range=white)
        shapes = [one.shape for one in self._history.current.labels]
        for source in (whole, coarse(whole)):
            if [level.shape for level in source.pictures] == shapes:
                return source.pictures
        return ()

    def painted(self) -> bool:
        """Return whether the layer's labels are not those of the palette.

        Lazy ones are not looked at: painting them gives them another name.
        """
        return self.labels is not None and any(
            not is_same(shown, own)
            for shown, own in zip(
                levels_of(self.labels), self._history.current.labels, strict=True
            )
        )

    def keep_strokes(self) -> None:
        """Make labels that were painted by hand the result's own."""
        from napari_colorquant.core.quantization.edit import counted

        if self.labels is None:
            return
        now = replace(
            self._history.current,
            labels=own_levels(self.labels),
            counts_are_estimates=True,
        )
        if not any(map(is_lazy, now.labels)):
            now = counted(now)
        self._history.push(now, Painted())
        self._show(Painted())

    def edited(self, edit: Edit) -> Callable[[Monitor], IndexedImage]:
        """Return the function that does an edit; adopt shows what it returns.

        Raises at once: ValueError if the edit cannot be done, or as levels.
        """
        from napari_colorquant.core.quantization.edit import edit_labelling

        if why_not := self.refusal(type(edit)):
            raise ValueError(why_not)
        return partial(edit_labelling, self._history.current, edit, self.levels())

    def refusal(self, kind: type[Edit]) -> str:
        """Return why a kind of edit cannot be done, whatever the entries, or ''."""
        if kind in (Rename, Classify, Lock):
            return ""
        if self.layers and not self._history.current.labels:
            return (
                f"{self.name!r} has no labels layer, which an edit has to change too: "
                "quantize the image again."
            )
        if not self.recorded.shares_one_palette:
            return (
                f"Each slice of {self.name!r} has a palette of its own, and what is "
                "shown is their mean: entries can be renamed, classified and locked "
                "only."
            )
        if kind is Remove and self.recorded.layer_names is not None:
            return (
                "Removing is not possible where the channels are in several layers: "
                "merge the entry with another one."
            )
        limit = self.recorded.max_distance
        if kind is Remove and self.recorded.layer_channels and limit:
            return (
                "Removing is not possible where channels are shown together and pixels "
                "are left out: merge the entry with another one."
            )
        if kind is Remove and self.labels is not None and self.source is None:
            return (
                "Removing needs the image, as each pixel goes to its own nearest "
                "entry, and the image is gone: merge the entry with another one."
            )
        return ""

    def adopt(
        self, labelling: IndexedImage, edit: Edit, entries: Sequence[int] | None = None
    ) -> None:
        """Show what edited has made, and highlight entries.

        entries: indices in the new palette, by default those that are highlighted.
        """
        self._history.push(labelling, edit)
        self._show(edit, entries)

    def adopt_counts(self, counts: NDArray[np.int64]) -> None:
        """Show counts, shape (K,), in place of estimates."""
        now = self._history.current
        palette = replace(now.palette, counts=counts)
        self._history.amend(replace(now, palette=palette, counts_are_estimates=False))
        self._show(None)

    def undo(self) -> None:
        """Show the state before the last edit, and highlight nothing."""
        undone = self.next_undo
        self._history.undo()
        self._show(undone, ())

    def redo(self) -> None:
        """Show the state after the edit undone last, and highlight nothing."""
        redone = self.next_redo
        self._history.redo()
        self._show(redone, ())

    def highlight(self, entries: Sequence[int]) -> None:
        """Dim all pixels in the canvas but those of these entries; none ends it."""
        if self.labels is None or tuple(entries) == self._highlight.entries:
            return
        self._highlight.begin(self.labels, entries)
        self.labels.colormap = self._colormap()

    def on_layer_removed(self, layer: Layer) -> None:
        """Let go of a layer that was removed."""
        if layer is self.picture:
            self.picture = None
        if layer is self.labels:
            self.highlight(())
            self.labels = None
        if layer is self.source:
            self.source = None

    def _show(
        self, action: Action | None, entries: Sequence[int] | None = None
    ) -> None:
        """Show what an action has led to, or its undoing, where that differs."""
        now, before = self._history.current, self._shown
        self._shown = now
        if entries is None:
            entries = [i for i in self._highlight.entries if i < len(now.palette)]
        relabelled = isinstance(action, RELABELS)
        redrawn = relabelled or not np.array_equal(
            now.palette.colors, before.palette.colors
        )
        if self.labels is not None:
            self._highlight.begin(self.labels, entries)
            if relabelled:
                put_labels(self.labels, now.labels)
            if redrawn:
                self.labels.colormap = self._colormap()  # also has it drawn anew
            self.labels.features = self.features()
        sizes = len(before.palette), len(now.palette)
        rename_pair(self.picture, self.labels, self.recorded.source, *sizes)
        record = self.record
        for layer in self.layers:
            layer.metadata = {**layer.metadata, METADATA_KEY: record}
        self.changed.emit()
        if redrawn and self.n_labels > _LARGE:
            # After the labels are drawn: two short waits are better than a long one.
            self.later(self._redraw)
        elif redrawn:
            self._redraw()

    def _redraw(self) -> None:
        if self.picture is None:
            return
        palette = self._shown.palette
        if channels := self.recorded.layer_channels:
            palette = composite_palette(palette, channels)
        axis = -1 if self.picture.rgb else self.recorded.pixel_axis
        first = self._drawn
        if self.recorded.max_distance is not None and not channels:
            # An edit may leave pixels out, which then show the image.
            first = tuple(one.image for one in self.levels()) or first
        redraw(self.picture, self._shown.labels, palette, axis, first)

    def _colormap(self) -> Any:
        below = [one for one in (self.picture, self.source) if one is not None]
        return self._highlight.colormap(self.shown(), below)


def palette_alone(
    palette: Palette, name: str, record: Mapping[str, Any] | None = None
) -> Result:
    """Return a result without layers, for a palette alone, say from a file.

    name: what the user knows it by. record: of the result that it was saved of, if any;
    it tells what the channels are.
    """
    record = record or {}
    keys = ("rgb", "channels", "channel_axis")
    known = {key: record[key] for key in keys if key in record}
    return Result({**known, "source": name, "palette": palette.as_dict()})


def _size(states: list[IndexedImage]) -> int:
    arrays = {
        id(one): one.nbytes
        for state in states
        for one in state.labels
        if not is_lazy(one)
    }
    return sum(arrays.values())
