"""Pictures in the working folder, and what is in it afterwards."""

from __future__ import annotations

import re

import numpy as np
import tifffile
from PIL import Image

RESULTS_OF_RGB = ["colors.csv", "colors.gpl", "colors.png", "indices.png"]


def noise(shape, dtype="uint8", seed=0):
    values = np.random.default_rng(seed).integers(0, 256, shape)
    return values.astype(dtype)


def save(name, image):
    if name.endswith(".tif"):
        is_color = image.ndim > 2 and image.shape[-1] in (3, 4)
        kind = "rgb" if is_color else "minisblack"
        tifffile.imwrite(name, image, photometric=kind)
    else:
        Image.fromarray(image).save(name)
    return name


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def without_ids(folder):
    """Contents without the UUID that tifffile gives each OME-TIFF as it writes it."""
    known = rb"urn:uuid:[0-9a-f-]{36}"
    return {name: re.sub(known, b"", data) for name, data in contents(folder).items()}
