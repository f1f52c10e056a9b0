"""The names of the layers of results: a picture and its labels share one."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Labels, Layer

LIVE = " (live)"


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
