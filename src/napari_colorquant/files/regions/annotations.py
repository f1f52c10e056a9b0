"""The classes of a quantization as annotations of QuPath."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.labels import relabel
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.measure.rows import Rows, check_by, hexes_of, rows_of
from napari_colorquant.core.quantization.result import Quantization, SliceQuantization
from napari_colorquant.files.images.save import check_saved
from napari_colorquant.files.images.write import check_labels
from napari_colorquant.files.regions.outlines import parts_of
from napari_colorquant.files.regions.qupath import qupath_bytes
from napari_colorquant.files.regions.shapes import Shape
from napari_colorquant.formats.file_io import replacing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette

MOST_PIXELS = 2**28
"""Of lazy labels that are loaded: tracing them takes 13 bytes each."""
MOST_CORNERS = 2**23
"""Of all outlines of a file: they make 100 MB."""


def save_annotations(
    path: str | PathLike[str],
    quantization: Quantization | SliceQuantization,
    *,
    by: str = "class",
) -> None:
    """Save the outlines of each class, or entry, as annotations that QuPath opens.

    The file is GeoJSON (RFC 7946), with one MultiPolygon for each class. Outlines and
    holes go along the edges of pixels, so the area of a class is the number of its
    pixels. Coordinates are x and y in pixels, and 0, 0 is the corner of the first
    pixel. QuPath shows a class under its name and in its colour, which is the mean of
    its pixels. An entry without a name is called by its label, such as ``label 3``.
    What was not quantized, and what has no pixel, has no annotation.

    In napari, **File > Save Selected Layers** writes the same.

    Parameters
    ----------
    path : str or path-like
        Ending in ``.geojson``. A file of that name is replaced.
    quantization : Quantization or SliceQuantization
        What :func:`~napari_colorquant.quantize` or
        :func:`~napari_colorquant.apply_palette` returned. Its labels are one plane,
        (rows, columns), in memory or lazy; lazy labels are computed.
    by : {"class", "entry"}
        What an annotation is of. Entries without a class have their own by class, too.

    Raises
    ------
    TypeError
        If it is no quantization.
    ValueError
        If the suffix is another one, the labels are no plane or have no entry, no pixel
        is quantized, two annotations would have the same name, lazy labels have more
        than 2**28 pixels, or the outlines more than 2**23 corners.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> q = edit(quantize(image, 8), image, [Classify([0, 1], "DAB")])
    >>> save_annotations("section.geojson", q)
    """
    q = check_saved(quantization)
    write_annotations(path, q.labels, q.palette, check_by(by))


def write_annotations(
    path: str | PathLike[str],
    labels: NDArray[Any],
    palette: Palette,
    by: str = "class",
) -> None:
    """Write labels as annotations of entries or classes; ValueErrors name the path."""
    path = Path(path)
    if path.suffix.lower() != ".geojson":
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} is none that annotations are written "
            "in: use .geojson."
        )
    try:
        data = annotations_of(labels, palette, by)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    with replacing(path) as stream:
        stream.write(data)


def annotations_of(labels: NDArray[Any], palette: Palette, by: str = "class") -> bytes:
    """Return labels as a file of annotations, of entries or classes.

    Raise ValueError as save_annotations.
    """
    if labels.ndim != 2:
        raise ValueError(
            f"annotations are of one plane, and the labels have the shape "
            f"{labels.shape}: quantize a plane by itself."
        )
    if is_lazy(labels) and labels.size > MOST_PIXELS:
        raise ValueError(
            f"the labels have {labels.size:,} pixels, and outlines are traced in "
            f"memory, of at most {MOST_PIXELS:,}: apply the palette to a part of the "
            "image, or to a smaller level of it."
        )
    labels, rows = np.asarray(labels), rows_of(palette, by)
    check_labels(labels, palette)
    shapes = _outlined(relabel(labels, rows.row_of, len(rows.labels)), _names(rows))
    if not shapes:
        raise ValueError("no pixel is quantized, and there is nothing to outline.")
    hexes = hexes_of(palette, rows)
    colors = [list(bytes.fromhex(hexes[row][1:])) for row in shapes]
    return qupath_bytes(list(shapes.values()), colors)


def _names(rows: Rows) -> list[str]:
    """Return what the class of each row is called; raise ValueError if two share it.

    QuPath would take both for one class.
    """
    labels: dict[str, int] = {}
    for name, label in zip(rows.names, rows.labels.tolist(), strict=True):
        own = name or f"label {label}"
        if own in labels:
            raise ValueError(
                f"the labels {labels[own]} and {label} are both called {own!r}: rename "
                "one, or put both into one class."
            )
        labels[own] = label
    return list(labels)


def _outlined(numbers: NDArray[Any], names: Sequence[str]) -> dict[int, Shape]:
    """Return the shape of each row, by its place, that has a pixel; numbers from 1."""
    from scipy.ndimage import find_objects

    shapes: dict[int, Shape] = {}
    n_corners = 0
    for row, box in enumerate(find_objects(numbers)):
        if box is None:
            continue
        parts = parts_of(numbers[box] == row + 1, (box[0].start, box[1].start))
        n_corners += sum(len(ring) for part in parts for ring in part)
        if n_corners > MOST_CORNERS:
            raise ValueError(
                f"the outlines have more than {MOST_CORNERS:,} corners: clean the "
                "labels of noise first, or use fewer colors."
            )
        shapes[row] = Shape("", parts, kind=names[row])
    return shapes
