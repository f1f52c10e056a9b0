"""Labels of entries: checked, counted and renumbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.compute.executor import map_chunks
from napari_colorquant.core.palette.palette import label_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.palette.palette import Palette


def relabel(
    labels: NDArray[Any], places: NDArray[np.int64], n_colors: int
) -> NDArray[Any]:
    """Return labels renumbered by the new index of each entry; GONE becomes label 0.

    Labels beyond the palette stay. n_colors: entries of the new palette.
    """
    largest = int(labels.max())
    table = np.arange(max(len(places), largest) + 1)
    table[1 : len(places) + 1] = places + 1
    beyond = largest if largest > len(places) else 0
    renumbered = table.astype(label_dtype(max(n_colors, beyond)))
    flat, new = labels.reshape(-1), np.empty(labels.size, renumbered.dtype)

    def renumber(first: int, last: int) -> None:
        # Not table[...]: it would hold all other threads up meanwhile. No label is
        # beyond the table, and nothing is clipped.
        np.take(renumbered, flat[first:last], out=new[first:last], mode="clip")

    map_chunks(renumber, labels.size)
    return new.reshape(labels.shape)


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
