"""Regions of a file of ImageJ or QuPath, or of a label image, as a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.regions.read import (
    holds_shapes,
    read_regions,
    read_shapes,
)
from napari_colorquant.files.regions.shapes import Shape, outline_of
from napari_colorquant.viewer.layers.layer_properties import (
    levels_of,
    spatial_of,
    without_axis,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari.layers import Labels, Shapes
    from numpy.typing import NDArray

_FIRST = -0.5 - np.array([1e-10, 1e-7])
"""Where the corner of the first pixel is put, in rows and columns of its centre.

A file's shape holds the centres on its upper and left edges, so that shapes that touch
share no pixel; a layer's shape those on all its edges. So it is put a little up and
left: by the place of the layer, as the corners of its shapes are rounded to float32.
"""


@dataclass(frozen=True, slots=True, eq=False)
class FileRegions:
    """What a file holds: the outlines of shapes, as rows and columns, or numbers."""

    name: str
    outlines: tuple[NDArray[np.float64], ...] = ()
    shapes: tuple[Shape, ...] = ()
    numbers: Any = None


def read_file_regions(path: Path, shape: tuple[int, ...]) -> FileRegions:
    """Return the regions of a file for labels of a shape; raise as read_regions."""
    if not holds_shapes(path):
        numbers: Any = read_regions(path, shape)
        if numbers.dtype.kind == "b":
            numbers = numbers.view(np.uint8)
        return FileRegions(path.stem, numbers=numbers)
    shapes, outlines = read_shapes(path, shape), []
    for number, one in enumerate(shapes, 1):
        try:
            corners = outline_of(one, (shape[-2], shape[-1]))
        except ValueError as error:
            raise ValueError(f"{path}: region {number}: {error}") from None
        outlines.append(np.resize(corners[:, ::-1], (max(3, len(corners)), 2)))
    return FileRegions(path.stem, tuple(outlines), tuple(shapes))


def regions_layer(regions: FileRegions, labels: Labels) -> Labels | Shapes:
    """Return the layer of a file's regions, in the place of the labels.

    ValueError if the viewer cannot draw a shape.
    """
    import pandas as pd
    from napari.layers import Labels, Shapes
    from napari.utils.transforms import CompositeAffine

    n_axes = 2 if regions.numbers is None else regions.numbers.ndim
    spatial = spatial_of(labels, labels.ndim)
    for _ in range(labels.ndim - n_axes):
        spatial = without_axis(spatial, 0)
    if regions.numbers is not None:
        return Labels(regions.numbers, name=regions.name, **spatial)
    own = {key: one for key, one in spatial.items() if key != "affine"}
    corner = CompositeAffine(**own, ndim=2)(_FIRST)
    names = {
        "name": [one.name for one in regions.shapes],
        "class": [one.kind for one in regions.shapes],
    }
    try:
        return Shapes(
            list(regions.outlines),
            shape_type="polygon",
            name=regions.name,
            features=pd.DataFrame(names),
            face_color="transparent",
            edge_color="yellow",
            edge_width=max(1, max(levels_of(labels)[0].shape[-2:]) // 250),
            **spatial | {"translate": corner},
        )
    except RuntimeError as error:  # of its triangulation
        raise ValueError(
            f"{regions.name}: the viewer cannot draw a shape of it, such as one whose "
            "outline crosses itself: draw it anew, or save a label image."
        ) from error
