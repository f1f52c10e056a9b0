"""The regions of a picture, in the file of its name in a folder of regions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.regions.imagej import imagej_shapes
from napari_colorquant.files.regions.images import numbers_of, read_values
from napari_colorquant.files.regions.qupath import qupath_shapes
from napari_colorquant.files.regions.shapes import Shape, mask_of
from napari_colorquant.formats.file_io import check_regular

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_READERS = {
    ".geojson": (qupath_shapes, "GeoJSON of QuPath"),
    ".roi": (imagej_shapes, "selection of ImageJ"),
    ".zip": (imagej_shapes, "selections of ImageJ"),
}
_MOST_BYTES = 2**28


def find_regions(folder: Path, source: Path | str) -> Path:
    """Return the file in a folder that has the regions of a picture, by its stem.

    Raise ValueError if there is none, or there are several.
    """
    stem = Path(source).stem
    found = sorted(
        path
        for path in folder.iterdir()
        if path.stem == stem and path.is_file() and not _is_same(path, source)
    )
    if not found:
        raise ValueError(f"{folder} holds no regions of it, such as {stem}.png.")
    if len(found) > 1:
        listed = ", ".join(path.name for path in found)
        raise ValueError(
            f"{folder} holds several files with regions of it, {listed}: leave one."
        )
    return found[0]


def _is_same(path: Path, source: Path | str) -> bool:
    return isinstance(source, Path) and path.resolve() == source.resolve()


def holds_shapes(path: Path) -> bool:
    """Return whether a file is one of shapes, by its suffix, and no picture."""
    return path.suffix.lower() in _READERS


def read_shapes(path: Path, shape: Sequence[int] | None = None) -> list[Shape]:
    """Return the shapes of a file of ImageJ or QuPath, by its suffix.

    shape: of the picture that they are drawn on, without channels. Raise ValueError,
    beginning with the path, for what cannot be read, has no area or lies outside.
    """
    read, kind = _READERS[path.suffix.lower()]
    check_regular(path)
    try:
        if (n_bytes := path.stat().st_size) > _MOST_BYTES:
            raise RefusedError(
                f"it has {n_bytes / 2**20:,.0f} MB, and at most "
                f"{_MOST_BYTES // 2**20} are read: leave some regions out."
            )
        shapes = read(path.read_bytes())
        if not shapes:
            raise RefusedError("it holds no region.")
        for ring in (ring for shape in shapes for part in shape.parts for ring in part):
            if ring.ndim != 2 or ring.shape[1] != 2 or not np.isfinite(ring).all():
                raise ValueError("corners are no pairs of finite numbers")
        if not all(
            any(len(ring) for part in one.parts for ring in part) for one in shapes
        ):
            raise ValueError("a shape has no corner")
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from None
    except OSError:
        raise
    except Exception as error:  # damage makes a decoder stumble anywhere
        raise ValueError(
            f"{path}: cannot be read as {kind}: it is damaged, or something else."
        ) from error
    if shape is not None:
        _check_place(path, shapes, tuple(shape))
    return shapes


def read_regions(
    path: Path, shape: Sequence[int]
) -> NDArray[Any] | list[NDArray[np.bool_]]:
    """Return numbers of regions, or one mask a shape, as measure_areas takes them.

    shape: of the picture, without channels. Raise ValueError, beginning with the path,
    also for what is on another grid, or a region that lies outside of the picture.
    """
    shape = tuple(shape)
    if holds_shapes(path):
        size = (shape[-2], shape[-1])
        return [mask_of(one, size) for one in read_shapes(path, shape)]
    array = read_values(path)
    try:
        array = numbers_of(array)
        if array.ndim == 0 or array.shape != shape[-array.ndim :]:
            raise RefusedError(
                f"it has {_grid(array.shape)} pixels, and the picture {_grid(shape)}: "
                "regions are drawn on the picture's own pixels."
            )
        if array.size and array.min() < 0:
            raise RefusedError(
                f"it has the value {array.min()}: regions are numbered from 1, and 0 "
                "is outside."
            )
        if not array.any():
            raise RefusedError("it holds no region.")
    except RefusedError as error:
        raise ValueError(f"{path}: {error}") from None
    return array


def read_labels(path: Path, shape: Sequence[int]) -> NDArray[Any]:
    """Return the number of the region of each pixel of a picture, 0 outside.

    Raise ValueError as read_regions, or for regions that share a pixel.
    """
    regions = read_regions(path, shape)
    if not isinstance(regions, list):
        numbers = regions.astype(np.uint8) if regions.dtype.kind == "b" else regions
        return np.broadcast_to(numbers, tuple(shape))
    labels = np.zeros(shape[-2:], np.uint16)
    for number, mask in enumerate(regions, 1):
        if (both := labels[mask]).any():
            raise ValueError(
                f"{path}: regions {both.max()} and {number} share pixels: draw them "
                "apart."
            )
        labels[mask] = number
    return np.broadcast_to(labels, tuple(shape))


def _check_place(path: Path, shapes: Sequence[Shape], shape: tuple[int, ...]) -> None:
    """Raise ValueError if a shape lies outside of a picture, or in one slice of it."""
    for number, one in enumerate(shapes, 1):
        what = f"region {number}" + (f" ({one.name})" if one.name else "")
        if one.position and len(shape) > 2:
            raise ValueError(
                f"{path}: {what} is of {one.position} alone, and shapes are measured "
                "in all slices: remove its position, or save a label image."
            )
        corners = np.concatenate([ring for part in one.parts for ring in part])
        size = shape[-2:]
        is_inside = (corners.max(axis=0) > 0) & (corners.min(axis=0) < size[::-1])
        if not is_inside.all():
            raise ValueError(
                f"{path}: {what} lies outside of the picture, which has "
                f"{_grid(size)} pixels."
            )


def _grid(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))
