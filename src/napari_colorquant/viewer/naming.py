"""What the layers of results are called: a picture and its labels share a name."""

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
    """Return what a picture and its labels are called.

    Parameters
    ----------
    source : str
        What was quantized.
    n_colors : int
        Entries of the palette.

    Returns
    -------
    tuple of str
        Such as ``"china (16 colors)"`` and ``"china (16 colors) labels"``.
    """
    name = f"{source} ({n_colors} colors)"
    return name, f"{name} labels"


def numbered(names: Sequence[str], taken: Collection[str]) -> list[str]:
    """Give names that belong together one number, where any of them is taken.

    Parameters
    ----------
    names : sequence of str
        The names.
    taken : collection of str
        The names of other layers.

    Returns
    -------
    list of str
        As napari numbers layers: all of them end in ``" [1]"``, ``" [2]"`` and so on.
    """
    for number in count():
        end = f" [{number}]" if number else ""
        tried = [name + end for name in names]
        if not any(name in taken for name in tried):
            break
    return tried


def add_pair(viewer: Viewer, layers: Sequence[Layer]) -> None:
    """Add a picture and its labels under names that belong together.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to add them.
    layers : sequence of napari.layers.Layer
        New layers.
    """
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
    """Let the names of a result's layers tell the number of colours that it has now.

    Parameters
    ----------
    picture, labels : napari.layers.Layer or None
        The layers. One that the user has given a name of their own keeps it.
    source : str
        What was quantized.
    before, after : int
        Colours that it had, and has.
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
    """Rename layers that belong together, with one number where a name is taken.

    Parameters
    ----------
    layers : sequence of napari.layers.Layer
        The layers.
    names : sequence of str
        What they are to be called.
    number : int
        The one to try first.
    """
    for tried in chain([number], count()):
        wanted = [f"{name} [{tried}]" if tried else name for name in names]
        for layer, name in zip(layers, wanted, strict=True):
            layer.name = name  # which napari changes where another layer has it
        if all(a.name == b for a, b in zip(layers, wanted, strict=True)):
            break
