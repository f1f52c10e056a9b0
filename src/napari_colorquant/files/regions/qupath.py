"""Annotations and detections of QuPath, as it exports and imports them: GeoJSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.regions.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def qupath_bytes(shapes: Sequence[Shape], colors: Sequence[Sequence[int]]) -> bytes:
    """Return shapes as annotations of their classes, with a colour, RGB, for each.

    They have no id: QuPath gives each one.
    """
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "MultiPolygon",
                "coordinates": [[*map(_closed, part)] for part in shape.parts],
            },
            "properties": {
                "objectType": "annotation",
                "classification": {"name": shape.kind, "color": list(color)},
            },
        }
        for shape, color in zip(shapes, colors, strict=True)
    ]
    plain = {"type": "FeatureCollection", "features": features}
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()


def _closed(ring: NDArray[Any]) -> list[list[float]]:
    corners: list[list[float]] = ring.tolist()
    return [*corners, corners[0]]
