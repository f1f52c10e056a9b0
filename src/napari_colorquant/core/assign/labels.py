"""Labels of entries: checked, counted and renumbered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.image.image import mapped
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.palette import label_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.palette.palette import Palette


def new_labels(labels: Any, places: NDArray[np.int64], n_colors: int) -> NDArray[Any]:
    """Return the new label of each label, from the new index of each entry or GONE: 0.

    Labels beyond the palette stay. n_colors: entries of the new palette. It has every
    label that the dtype of lazy labels can hold, as what was painted is not known.
    """
    if is_lazy(labels):
        largest = int(np.iinfo(labels.dtype).max)
        dtype = np.promote_types(labels.dtype, label_dtype(n_colors))
    else:
        largest = int(labels.max())
        dtype = label_dtype(max(n_colors, largest if largest > len(places) else 0))
    table = np.arange(max(len(places), largest) + 1)
    table[1 : len(places) + 1] = places + 1
    return table.astype(dtype)


def relabel(labels: Any, places: NDArray[np.int64], n_colors: int) -> Any:
    """Return labels renumbered as by new_labels; lazy ones lazily."""
    table = new_labels(labels, places, n_colors)
    # Not table[...]: it would hold all other threads up meanwhile. No label is beyond
    # the table, and nothing is clipped.
    return mapped(partial(np.take, table, mode="clip"), labels, dtype=table.dtype)


def count_labels(labels: NDArray[Any], n_colors: int) -> NDArray[np.int64]:
    """Return the pixels of each of K entries; other labels are left out."""
    counts = np.zeros(n_colors + 2, np.int64)
    # Chunks, as `bincount` makes eight bytes of each label.
    for chunk in np.array_split(labels.reshape(-1), labels.size // 2**20 + 1):
        within = np.minimum(chunk, np.int64(n_colors + 1))
        counts += np.bincount(within, minlength=n_colors + 2)
    return counts[1:-1]


def check_palette(pixels: Pixels, palette: Palette) -> None:
    """Raise ValueError if a palette's channels or colour space do not fit an image."""
    if palette.n_channels != pixels.n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and the image "
            f"{pixels.n_channels}: pass a palette of the image's channels."
        )
    color_space(palette.color_space, pixels.dtype, pixels.n_channels)  # or an error
    if palette.color_space != "rgb" and not pixels.is_light:
        raise ValueError(
            f"the palette is of {palette.color_space}, a space of red, green and blue, "
            "and the image has channels of data, which have no such colors: take a "
            "palette of such channels."
        )
