"""Masks and label images: pictures whose values are numbers of regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.images.read import open_picture

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_values(path: Path) -> NDArray[Any]:
    """Return the values of a picture: of one with a palette, the indices.

    Raise ValueError, beginning with the path, for what cannot be read.
    """
    array, _ = open_picture(path, None)
    if path.suffix.lower() in {".png", ".gif", ".bmp"}:
        from PIL import Image

        with Image.open(path) as file:
            if file.mode == "P" and getattr(file, "n_frames", 1) == 1:
                return np.asarray(file)
    return array


def numbers_of(array: NDArray[Any]) -> NDArray[Any]:
    """Return regions as a mask or as whole numbers; raise RefusedError for others.

    A picture of 0 and the largest value that its integers hold, such as 255, is a mask.
    """
    if array.ndim > 2 and array.shape[-1] in {3, 4} and array.dtype.kind in "ui":
        grey = array[..., :3]
        if not (grey == grey[..., :1]).all():
            raise RefusedError(
                "it has colors: save a mask, or a label image of one channel."
            )
        array = array[..., 0]
    if array.dtype.kind == "f":
        whole = np.isfinite(array).all() and (array == np.rint(array)).all()
        if not whole or np.abs(array).max(initial=0) >= 2**53:
            raise RefusedError("its values are no whole numbers: save labels from 0.")
        return array.astype(np.int64)
    if array.dtype.kind == "u" and array.size:
        top = np.iinfo(array.dtype).max
        if array.max() == top and ((array == 0) | (array == top)).all():
            return array > 0
    return array
