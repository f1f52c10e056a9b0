"""Slides that are drawn, so that the areas in their regions are known; and others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import zarr
from PIL import Image

from napari_colorquant import Palette

GROUND, BLUE, BROWN, LIGHT = (
    *((240, 240, 245), (90, 80, 160)),
    *((110, 60, 30), (180, 130, 80)),
)
# Of each slide: its regions and squares as left, upper, right and lower end.
DRAWN = {
    "one": (
        [(10, 10, 70, 60), (80, 60, 150, 110)],
        [
            ((15, 15, 35, 45), BROWN),  # 600 pixels
            ((40, 15, 50, 30), LIGHT),  # 150
            ((40, 35, 55, 55), BLUE),  # 300
            ((90, 70, 125, 90), BLUE),  # 700
        ],
    ),
    "two": (
        [(20, 20, 120, 100)],
        [
            ((30, 30, 70, 70), BROWN),  # 1,600
            ((75, 30, 115, 50), BLUE),  # 800
            ((130, 30, 150, 50), BROWN),  # outside of the region
        ],
    ),
}
# Pixels of ground, haematoxylin and DAB in each region.
TRUTH = {
    "one": [[1950, 300, 750], [2800, 700, 0]],
    "two": [[5600, 800, 1600]],
}


def draw_slides():
    """Write slides, regions of QuPath and as labels, and a palette with classes."""
    for folder in ("slides", "glands"):
        Path(folder).mkdir()
    for name, (regions, squares) in DRAWN.items():
        image = np.full((120, 160, 3), GROUND, np.uint8)
        for (left, top, right, bottom), color in squares:
            image[top:bottom, left:right] = color
        Image.fromarray(image).save(f"slides/{name}.png")
        corners = [
            [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
            for x0, y0, x1, y1 in regions
        ]
        features = [
            {
                "type": "Feature",
                "geometry": {"type": "Polygon", "coordinates": [ring]},
                "properties": {"objectType": "annotation"},
            }
            for ring in corners
        ]
        if name == "one":
            plain = {"type": "FeatureCollection", "features": features}
            Path("glands/one.geojson").write_text(json.dumps(plain))
            continue
        labels = np.zeros(image.shape[:2], np.uint8)
        for number, (left, top, right, bottom) in enumerate(regions, 1):
            labels[top:bottom, left:right] = number
        Image.fromarray(labels).save(f"glands/{name}.png")
    Palette(
        [GROUND, BLUE, BROWN, LIGHT],
        names=["ground", "haematoxylin", "dark", "light"],
        classes=["", "", "DAB", "DAB"],
        units="uint8",
    ).save("stains.json")


TAKEN_AS_RGB = (
    "The file shows its 3 channels in red, green and blue: they are taken as RGB. With "
    "rgb=False they are channels of data."
)


def save_channels(path, shown):
    """Write an OME-Zarr of channels of noise, shown in some way, or none; return them.

    By default three of uint8 are shown as RGB is.
    """
    how = {
        "n": 3,
        "dtype": "uint8",
        "colors": ("FF0000", "00FF00", "0000FF", "FFFFFF"),
        "windows": ((0, 255),) * 4,
        "names": ("a", "b", "c", "d"),
        "active": True,
    } | (shown or {})
    image = np.random.default_rng(0).integers(0, 256, (how["n"], 40, 50))
    image = image.astype(how["dtype"])
    group = zarr.create_group(path, zarr_format=2)
    array = group.create_array("0", shape=image.shape, dtype=image.dtype)
    array[:] = image
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "axes": [
                {"name": "c", "type": "channel"},
                {"name": "y", "type": "space"},
                {"name": "x", "type": "space"},
            ],
            "datasets": [{"path": "0"}],
        }
    ]
    if shown is not None:
        each = zip(how["names"], how["colors"], how["windows"], strict=False)
        channels = [
            {
                "label": name,
                "color": color,
                "active": how["active"],
                "window": {"start": start, "end": end, "min": 0, "max": 255},
            }
            for name, color, (start, end) in each
        ]
        group.attrs["omero"] = {"channels": channels[: how["n"]]}
    return image
