"""Selections of ImageJ: one as ``.roi``, or those of its ROI Manager as ``.zip``."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.regions.shapes import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BYTES = 2**28  # of all selections of a file, unpacked
_OUTLINES = {"POLYGON", "FREEHAND", "TRACED"}
_SPLINE = 1  # of the options
_N_CORNERS = 720  # of an oval


def imagej_shapes(data: bytes) -> list[Shape]:
    """Return the shapes of a file; raise RefusedError for one without an area.

    What is damaged raises any error.
    """
    try:
        from roifile import ImagejRoi
    except ModuleNotFoundError:
        raise RefusedError(
            "regions of ImageJ need a package that is not installed: run "
            '`pip install "napari-colorquant[imagej]"`.'
        ) from None
    files = _unpacked(data) if data.startswith(b"PK") else [data]
    rois = [ImagejRoi.frombytes(one) for one in files]
    return [_shape(roi, number) for number, roi in enumerate(rois, 1)]


def _unpacked(data: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        known = [one for one in file.infolist() if one.filename.endswith(".roi")]
        if sum(one.file_size for one in known) > _MOST_BYTES:
            raise RefusedError(
                f"it unpacks to more than {_MOST_BYTES // 2**20} MB: leave some "
                "regions out."
            )
        return [file.read(one) for one in known]


def _shape(roi: Any, number: int) -> Shape:
    kind, subtype = roi.roitype.name, roi.subtype.name
    axes = (("z", roi.z_position), ("t", roi.t_position))
    at = [f"{axis} {place}" for axis, place in axes if place > 0]
    if not at and roi.position > 0:
        at = [f"slice {roi.position}"]
    if roi.options & _SPLINE or roi.rounded_rect_arc_size > 0:
        subtype = "CURVED"  # what is between the corners is not in the file
    rings: tuple[NDArray[np.float64], ...]
    if roi.multi_coordinates is not None:  # of several selections, or with holes
        rings = tuple(
            np.asarray(one, np.float64) for one in roi.coordinates(multi=True)
        )
    elif kind in {"RECT", "OVAL"} and subtype == "UNDEFINED":
        rings = (_in_box(kind, *_box(roi)),)
    elif kind in _OUTLINES and subtype == "UNDEFINED":
        rings = (np.asarray(roi.coordinates(), np.float64),)
    else:
        what = kind if subtype == "UNDEFINED" else subtype
        raise RefusedError(
            f"region {number} is a selection of the type {what.lower()}, and only "
            "rectangles, ovals, polygons and freehand ones have an area here: leave "
            "it out, or convert it to a polygon."
        )
    return Shape(roi.name, (rings,), ", ".join(at))


def _box(roi: Any) -> tuple[float, float, float, float]:
    """Return the left, upper, right and lower end of a rectangle or oval."""
    if roi.widthd > 0 and roi.heightd > 0:  # not of whole pixels
        return roi.xd, roi.yd, roi.xd + roi.widthd, roi.yd + roi.heightd
    return roi.left, roi.top, roi.right, roi.bottom


def _in_box(
    kind: str, left: float, top: float, right: float, bottom: float
) -> NDArray[np.float64]:
    if kind == "RECT":
        x, y = [left, right, right, left], [top, top, bottom, bottom]
        return np.array([x, y], np.float64).T
    turn = np.linspace(0, 2 * np.pi, _N_CORNERS, endpoint=False)
    center = np.array([left + right, top + bottom]) / 2
    radii = np.array([right - left, bottom - top]) / 2
    corners: NDArray[np.float64] = center + radii * np.stack(
        [np.cos(turn), np.sin(turn)], axis=-1
    )
    return corners
