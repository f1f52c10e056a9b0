"""Annotations and detections of QuPath, as it exports them: GeoJSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.regions.shapes import Shape

if TYPE_CHECKING:
    from numpy.typing import NDArray


def qupath_shapes(data: bytes) -> list[Shape]:
    """Return the shapes of a GeoJSON; raise RefusedError for one without an area.

    What is damaged raises ValueError, TypeError or KeyError.
    """
    plain = json.loads(data)
    if isinstance(plain, dict):
        plain = (
            plain["features"] if plain.get("type") == "FeatureCollection" else [plain]
        )
    if not isinstance(plain, list):
        raise TypeError("no list of features")
    return [_shape(one, number) for number, one in enumerate(plain, 1)]


def _shape(feature: dict[str, Any], number: int) -> Shape:
    geometry = feature["geometry"] if feature["type"] == "Feature" else feature
    properties = feature.get("properties") or {}
    kind, name = geometry["type"], str(properties.get("name") or "")
    plane = geometry.get("plane") or {}
    if kind == "Polygon":
        polygons = [geometry["coordinates"]]
    elif kind == "MultiPolygon":
        polygons = geometry["coordinates"]
    else:
        raise RefusedError(
            f"region {number} is a {kind}, which has no area: leave it out."
        )
    at = [f"{axis} {plane[axis]}" for axis in "zt" if plane.get(axis, 0) > 0]
    parts = tuple(tuple(map(_ring, rings)) for rings in polygons)
    return Shape(name, parts, ", ".join(at), _class_of(properties))


def _class_of(properties: dict[str, Any]) -> str:
    """Return the class of an object; of several, all, as QuPath shows them."""
    found = properties.get("classification")
    if not isinstance(found, dict):
        return ""
    names = found.get("names") or [found.get("name") or ""]
    return ": ".join(map(str, names))


def _ring(corners: list[list[float]]) -> NDArray[np.float64]:
    return np.array([corner[:2] for corner in corners], np.float64)
