"""Which layers are results and which are copies, and the names of a result's layers.

Copies belong to the user and have the same metadata, so the layers that this process
makes are remembered. Of others, the first picture and labels with a run's metadata are
results, no more. A picture and its labels share a name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from napari_colorquant.viewer.layers.metadata import METADATA_KEY

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Labels, Layer

LIVE = " (live)"


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


def pair_names(source: str, n_colors: int) -> tuple[str, str]:
    """Return names such as "china (16 colors)" and "china (16 colors) labels"."""
    name = f"{source} ({n_colors} colors)"
    return name, f"{name} labels"


def numbered(names: Sequence[str], taken: Collection[str]) -> list[str]:
    """Return names with one shared number, such as " [1]", if any of them is taken."""
    for number in count():
        end = f" [{number}]" if number else ""
        tried = [name + end for name in names]
        if not any(name in taken for name in tried):
            break
    return tried


def add_pair(viewer: Viewer, layers: Sequence[Layer]) -> None:
    """Add new layers that belong together to a viewer, under numbered names."""
    taken = {layer.name for layer in viewer.layers}
    names = numbered([layer.name for layer in layers], taken)
    for layer, name in zip(layers, names, strict=True):
        layer.name = name
        viewer.add_layer(layer)


def rename_pair(
    picture: Image | Labels | None,
    labels: Labels | None,
    source: str,
    before: int,
    after: int,
) -> None:
    """Put the new number of colours into the names of a result's layers.

    A layer that the user has renamed keeps its name.
    """
    if before == after:
        return
    layers, names, numbers = [], [], [0]
    for layer, old, new in zip(
        (picture, labels),
        pair_names(source, before),
        pair_names(source, after),
        strict=True,
    ):
        given = rf"{re.escape(old)}({re.escape(LIVE)})?(?: \[(\d+)\])?"
        if layer is not None and (found := re.fullmatch(given, layer.name)):
            layers.append(layer)
            names.append(new + (found[1] or ""))
            numbers.append(int(found[2] or 0))
    call_together(layers, names, max(numbers))


def call_together(
    layers: Sequence[Layer], names: Sequence[str], number: int = 0
) -> None:
    """Rename layers that belong together, with one shared number where a name is taken.

    The number is tried first, then 0, 1, 2 and so on.
    """
    for tried in chain([number], count()):
        wanted = [f"{name} [{tried}]" if tried else name for name in names]
        for layer, name in zip(layers, wanted, strict=True):
            layer.name = name  # which napari changes where another layer has it
        if all(a.name == b for a, b in zip(layers, wanted, strict=True)):
            break
