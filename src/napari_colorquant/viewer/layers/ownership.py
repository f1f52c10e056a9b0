"""Which layers are results, and which are copies of them that belong to the user.

Copies have the same metadata, so the layers that this process makes are remembered.
Of others, the first picture and labels with a run's metadata are results, no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from napari_colorquant.viewer.layers.metadata import METADATA_KEY

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer


class _Pair:
    """The picture and the labels of one result; a place once taken stays taken."""

    def __init__(self) -> None:
        self.places: dict[str, ref[Layer]] = {}
        self.is_complete = False

    def take(self, layer: Layer) -> None:
        self.places[_kind(layer)] = ref(layer)
        _pairs[layer] = self

    def has_place_for(self, layer: Layer) -> bool:
        return not self.is_complete and _kind(layer) not in self.places


_pairs: WeakKeyDictionary[Layer, _Pair] = WeakKeyDictionary()
_of_runs: dict[str, _Pair] = {}  # kept after the layers: their copies may live longer


def remember(picture: Image, labels: Labels | None = None) -> None:
    """Remember layers that have just been made as those of one result."""
    pair = _Pair()
    for layer in (picture, labels):
        if layer is not None:
            pair.take(layer)
    pair.is_complete = True
    run = _run(picture)
    if run is not None:
        _of_runs.setdefault(run, pair)


def is_result(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Return whether a layer is one of a result, and no copy of it.

    Pass the layer itself, no proxy, and all layers of the viewer, from the bottom up.
    """
    run = _run(layer)
    if run is None:
        return False
    if layer not in _pairs:
        for other in layers:  # or the copy would be the first that is asked about
            if other not in _pairs and _run(other) == run:
                pair = _of_runs.setdefault(run, _Pair())
                if pair.has_place_for(other):
                    pair.take(other)
    return layer in _pairs


def partner_of(layer: Layer, layers: Sequence[Layer]) -> Layer | None:
    """Return the labels that belong to a picture, or the reverse; None if not there.

    `is_result` must be true for the layer.
    """
    places = _pairs[layer].places
    others = [place() for kind, place in places.items() if kind != _kind(layer)]
    return next((one for one in layers if any(one is other for other in others)), None)


def _kind(layer: Layer) -> str:
    return type(layer).__name__


def _run(layer: Layer) -> str | None:
    record = layer.metadata.get(METADATA_KEY)
    run = record.get("run") if isinstance(record, dict) else None
    return run if isinstance(run, str) else None
