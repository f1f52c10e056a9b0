"""Lazy labels and pictures: arrays of dask, made block by block when looked at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.blocks import Blocks, block_tiles, from_blocks
from napari_colorquant.core.cluster import at_hand
from napari_colorquant.core.computed import computed_in_order
from napari_colorquant.core.labeller import Labeller, draw_block, label_block
from napari_colorquant.core.labelling import count_labels
from napari_colorquant.core.palette import indices_of
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lazy_labels(blocks: Blocks, labeller: Labeller) -> Any:
    """Label an image block by block, when its labels are asked for.

    Parameters
    ----------
    blocks : Blocks
        The image.
    labeller : Labeller
        That of its palette.

    Returns
    -------
    dask.array.Array of uint8 or uint16
        Shape of the image without its channel axis; index + 1, or 0.
    """
    label = partial(label_block, labeller)
    return from_blocks(label, blocks, blocks.mask, dtype=labeller.label_dtype)


def lazy_picture(blocks: Blocks, labels: Any, labeller: Labeller) -> Any:
    """Redraw an image block by block, when its picture is asked for.

    Parameters
    ----------
    blocks : Blocks
        The image.
    labels : dask.array.Array
        Those of :func:`lazy_labels`.
    labeller : Labeller
        That of its palette.

    Returns
    -------
    dask.array.Array
        Shape and dtype of the image.
    """
    draw = partial(draw_block, labeller)
    return from_blocks(draw, blocks, labels, dtype=blocks.dtype, with_channels=True)


def lazy_indices(labels: Any, dtype: Any) -> Any:
    """Turn lazy labels into palette indices.

    Parameters
    ----------
    labels : dask.array.Array
        Index + 1, or 0.
    dtype : dtype
        Of the indices.

    Returns
    -------
    dask.array.Array of `dtype`
        Palette indices; 0 where the label is 0.
    """
    meta = np.empty((0,) * labels.ndim, dtype)
    return labels.map_blocks(partial(indices_of, dtype=dtype), dtype=dtype, meta=meta)


def count_steps(labels: Any, n_colors: int) -> Steps[NDArray[np.int64]]:
    """Count the pixels of each palette entry, one block at a time.

    On the workers of a cluster, where there is one at hand.

    Parameters
    ----------
    labels : dask.array.Array of unsigned int
        Palette index + 1.
    n_colors : int
        Number K of entries.

    Yields
    ------
    Progress
        Of the step ``"count"``, after each block.

    Returns
    -------
    ndarray of int64, shape (K,)
        The counts; label 0 and what is beyond the palette are left out.

    Raises
    ------
    ConnectionError
        If there is a cluster, and its scheduler is gone.
    """
    counts = np.zeros(n_colors, np.int64)
    tiles = block_tiles(labels.chunks)
    jobs = ((count_labels, labels[tile], n_colors) for tile in tiles)
    done, total = 0, labels.npartitions
    with at_hand() as find:
        cluster = yield from find(Progress("count", 0, total))
        for part in computed_in_order(jobs, cluster):
            if part is not None:
                counts += part
                done += 1
            yield Progress("count", done, total)
    return counts
