"""Which layers are results: those that were made as such, and no copies of them.

A copy that the user makes of a result carries the result's metadata, and is the user's.
So the metadata never decide alone. The pictures and labels that this process makes are
remembered themselves. Of layers that come from elsewhere with the metadata of a run,
the first picture and the first labels are that run's, and all others are copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from napari_colorquant.viewer.record import METADATA_KEY

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer


class _Pair:
    """The picture and the labels of one result; a place that was taken stays taken."""

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
    """Know layers that have just been made for those of a result.

    Parameters
    ----------
    picture : napari.layers.Image
        The redrawn picture.
    labels : napari.layers.Labels, optional
        Its labels, where there are some.
    """
    pair = _Pair()
    for layer in (picture, labels):
        if layer is not None:
            pair.take(layer)
    pair.is_complete = True
    run = _run(picture)
    if run is not None:
        _of_runs.setdefault(run, pair)


def is_result(layer: Layer, layers: Sequence[Layer]) -> bool:
    """Return whether a layer is one of a result, and no copy of one.

    Parameters
    ----------
    layer : napari.layers.Layer
        Any layer; itself, no proxy of it.
    layers : sequence of napari.layers.Layer
        All layers of the viewer that a result may have, from the bottom up.

    Returns
    -------
    bool
        False for all that is the user's.
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
    """Return the labels that belong to a picture, or the picture to labels.

    Parameters
    ----------
    layer : napari.layers.Layer
        A layer for which :func:`is_result` is true.
    layers : sequence of napari.layers.Layer
        Likewise.

    Returns
    -------
    napari.layers.Layer or None
        None where it is not among them.
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
