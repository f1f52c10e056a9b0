"""The channels of one file: the image layers that were opened together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_colorquant.viewer.layers.image_input import misfit
from napari_colorquant.viewer.layers.ownership import is_result

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from napari.layers import Image, Layer

_NUMBERED = re.compile(r"(.*) \[(\d+)\]")
"""A name that napari has numbered, as another layer had it."""


def siblings_of(layer: Image, layers: Sequence[Layer]) -> list[Image]:
    """Return the channels that were opened with a layer, with itself; none if alone.

    They come from the same file, or sample, by the same reader, and lie pixel on pixel.
    RGB, results and copies are none. Of a file that was opened again, they are those of
    the layer's own time, as far as their names tell. layers: of the viewer, from the
    bottom up.
    """
    from napari.layers import Image

    source = _source(layer)
    if source is None:
        return []
    images = [one for one in layers if isinstance(one, Image) and not one.rgb]
    found = [
        one
        for one in images
        if _source(one) == source
        and not is_result(one, layers)
        and not misfit(layer, one)
    ]
    if layer not in found:
        return []
    found = _of_one_time(layer, found)
    return found if len(found) > 1 else []


def _source(layer: Layer) -> Hashable | None:
    """Return what layers that are opened together share; None for no file, or a copy.

    Files of one folder do not share it: they may show other fields of view.
    """
    said = layer.source
    if said.parent is not None or (said.path is None and said.sample is None):
        return None
    return said.path, said.sample, said.reader_plugin


def _of_one_time(layer: Image, layers: list[Image]) -> list[Image]:
    """Return the layers that were opened at the same time as one of them.

    napari numbers the names of a file's layers anew each time that it is opened. Layers
    that have no names of their own cannot be told apart so, and are all returned.
    """
    by_number: dict[int, dict[str, Image]] = {}
    for one in layers:
        numbered = _NUMBERED.fullmatch(one.name)
        name, number = (numbered[1], int(numbered[2])) if numbered else (one.name, 0)
        by_number.setdefault(number, {})[name] = one
    times = [set(names) for names in by_number.values()]
    if len(times[0]) < 2 or any(names != times[0] for names in times):
        return layers
    return next(
        list(names.values()) for names in by_number.values() if layer in names.values()
    )
