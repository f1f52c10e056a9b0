"""The results that are in a viewer, found by the layers that show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_warning
from psygnal import Signal

from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.ownership import is_result, partner_of
from napari_colorquant.viewer.session.results.result import Result

if TYPE_CHECKING:
    from napari.layers import Layer

_MOST_SEEN = 64
_seen: dict[int, tuple[dict[str, Any], bool]] = {}
"""Records of layers that were looked at, and whether they can be used."""


class ResultList:
    """The results that are in a viewer, each known by the layers that show it.

    changed is emitted after a result has come, gone or got another name. later: see
    Result; None for at once.
    """

    changed = Signal()

    def __init__(
        self, later: Callable[[Callable[[], object]], object] | None = None
    ) -> None:
        self._later = later
        self._results: list[Result] = []
        self._of: dict[int, Result] = {}

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def add(self, result: Result) -> None:
        """Add a result, and listen to the names of its layers."""
        if self._later is not None:
            result.later = self._later
        self._results.append(result)
        for layer in result.layers:
            self._of[id(layer)] = result
            layer.events.name.connect(self._on_renamed)
        self.changed.emit()

    def of(self, layer: Layer, layers: Sequence[Layer]) -> Result | None:
        """Return the result that a layer shows; None if it shows none, or a copy.

        layer: itself, no proxy of it. layers: all of the viewer, to find its partner
        and source. A result that is found so is added.
        """
        if id(layer) in self._of:
            return self._of[id(layer)]
        record = _record(layer)
        candidates = [one for one in layers if _record(one) is not None]
        if record is None or not is_result(layer, candidates):
            return None
        alike = [one for one in candidates if _palette(one) == record["palette"]]
        partner = partner_of(layer, alike)
        known = None if partner is None else self._of.get(id(partner))
        try:
            result = _make_result(record, layer, partner, layers)
        except (TypeError, ValueError):  # the metadata are damaged
            return None
        if known is not None:  # until now by one of its layers alone
            self._drop(known)
        self.add(result)
        return result

    def on_layer_removed(self, layer: Layer) -> None:
        """Forget a layer that was removed, and with its last one a result."""
        mine = self._of.pop(id(layer), None)
        for result in self._results:
            result.on_layer_removed(layer)
        if mine is not None:
            layer.events.name.disconnect(self._on_renamed)
            if not mine.layers:
                self._drop(mine)
                self.changed.emit()

    def close(self) -> None:
        """Know no result any more, and listen to no layer."""
        for result in list(self._results):
            self._drop(result)

    def _drop(self, result: Result) -> None:
        result.highlight(())
        self._results.remove(result)
        for layer in result.layers:
            del self._of[id(layer)]
            layer.events.name.disconnect(self._on_renamed)

    def _on_renamed(self) -> None:
        self.changed.emit()


def _record(layer: Layer) -> dict[str, Any] | None:
    """Return the record of the result that a layer shows; None if it shows none."""
    from napari.layers import Image, Labels

    record = layer.metadata.get(METADATA_KEY)
    if not isinstance(record, dict) or "source" not in record:
        return None
    if not _is_sound(record, layer.name):
        return None
    if not isinstance(layer, Image):
        return record if isinstance(layer, Labels) else None
    # The picture, or a part of it, which napari has split off and is no result.
    in_color = bool(record.get("channels")) or record.get("rgb", layer.rgb)
    shape = record.get("shape")
    has_channels = record.get("rgb") or record.get("channel_axis") is not None
    n_axes = layer.ndim + bool(has_channels)  # with that of its colours
    is_part = isinstance(shape, list) and len(shape) != n_axes
    return record if layer.rgb == in_color and not is_part else None


def _is_sound(record: dict[str, Any], name: str) -> bool:
    """Return whether a record can be used; warn once of what is wrong with it."""
    known = _seen.get(id(record))
    if known is not None and known[0] is record:
        return known[1]
    # Here: pydantic is loaded when a record is read, and not before.
    from napari_colorquant.files.record import check_record

    is_sound = True
    try:
        check_record(record)
    except ValueError as error:
        is_sound = False
        show_warning(f"The layer {name!r} is no result: of its record, {error}")
    if len(_seen) >= _MOST_SEEN:
        _seen.pop(next(iter(_seen)))
    _seen[id(record)] = (record, is_sound)
    return is_sound


def _palette(layer: Layer) -> Any:
    return layer.metadata[METADATA_KEY]["palette"]


def _make_result(
    record: dict[str, Any],
    layer: Layer,
    partner: Layer | None,
    layers: Sequence[Layer],
) -> Result:
    """Return a result of one layer or two; its source is found by its name."""
    from napari.layers import Image, Labels

    pair = (layer, partner)
    picture = next((one for one in pair if isinstance(one, Image)), None)
    labels = next((one for one in pair if isinstance(one, Labels)), None)
    run = record.get("run")
    source = next(
        (
            other
            for other in layers
            if isinstance(other, Image)
            and other.name == record["source"]
            and (_record(other) or {}).get("run") != run
        ),
        None,
    )
    return Result(record, picture, labels, source)
