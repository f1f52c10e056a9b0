"""Edits of lazy labels: each block is renumbered and redrawn when it is computed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.blocks import Blocks, as_dask, from_blocks
from napari_colorquant.core.edits import Edit, Remove
from napari_colorquant.core.excerpt import Parts, most_pixels
from napari_colorquant.core.labeller import (
    Labeller,
    draw_block,
    label_block,
    make_labeller,
)
from napari_colorquant.core.labelling import Labelling, count_labels
from napari_colorquant.core.lazy import count_steps
from napari_colorquant.core.palette import label_dtype
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette


def relabelled_steps(
    labelling: Labelling,
    edit: Edit,
    palette: Palette,
    places: NDArray[np.int64],
    levels: Sequence[Blocks],
) -> Steps[Labelling]:
    """Return a labelling with lazy labels that are renumbered to an edited palette.

    The dtype never gets smaller, as labels that were painted are not known. After
    entries were removed, the counts are estimates unless all blocks were counted.
    """
    lazy = [as_dask(labels, "labels") for labels in labelling.labels]
    tables = [_renumbered(labels.dtype, places, len(palette)) for labels in lazy]
    if not isinstance(edit, Remove):
        relabelled = tuple(
            _mapped(labels, partial(_renumber, table), table.dtype)
            for labels, table in zip(lazy, tables, strict=True)
        )
        return replace(labelling, palette=palette, labels=relabelled)
    relabelled = tuple(
        _assigned_anew(labels, table, edit.entries, palette, blocks)
        for labels, table, blocks in zip(lazy, tables, levels, strict=True)
    )
    counts, is_exact = yield from estimate_steps(levels[0], relabelled[0], len(palette))
    return Labelling(
        replace(palette, counts=counts), relabelled, counts_are_estimates=not is_exact
    )


def redrawn(picture: Blocks, labels: Any, palette: Palette) -> Any:
    """Return a lazy picture with lazy labels drawn in it.

    Pixels whose label is 0 or beyond the palette stay as they were.
    """
    draw = partial(_redraw, make_labeller(palette, picture))
    return from_blocks(draw, picture, labels, dtype=picture.dtype, with_channels=True)


def estimate_steps(
    blocks: Blocks, labels: Any, n_colors: int
) -> Steps[tuple[NDArray[np.int64], bool]]:
    """Return the pixels of each of K entries, and whether all were counted.

    Of an image with more pixels than an excerpt, parts from all over it are counted,
    and the counts are scaled to the whole.
    """
    most = most_pixels(blocks)
    if blocks.n_pixels <= most:
        return (yield from count_steps(labels, n_colors)), True
    parts = Parts(blocks, most)

    def count(job: tuple[int, list[int]]) -> tuple[NDArray[np.int64], int]:
        tiles = parts.tiles(job[0])
        counts, n_seen = np.zeros(n_colors, np.int64), 0
        for part in job[1]:
            # In this thread: there are several that count.
            found = labels[tiles[part]].compute(scheduler="synchronous")
            counts += count_labels(found, n_colors)
            n_seen += found.size
        return counts, n_seen

    jobs = parts.draw(np.random.RandomState(0), ())
    counts, n_seen = np.zeros(n_colors, np.int64), 0
    for done, (found, n) in enumerate(map_in_order(count, jobs), 1):
        counts += found
        n_seen += n
        yield Progress("count", done, len(jobs))
    return np.rint(counts * (parts.n_pixels / n_seen)).astype(np.int64), False


def _renumbered(
    dtype: np.dtype[Any], places: NDArray[np.int64], n_colors: int
) -> NDArray[Any]:
    """Return a table of the new number of every label that the dtype can hold."""
    table = np.arange(np.iinfo(dtype).max + 1)
    table[1 : len(places) + 1] = places + 1
    return table.astype(np.promote_types(dtype, label_dtype(n_colors)))


def _mapped(labels: Any, function: Any, dtype: np.dtype[Any]) -> Any:
    meta = np.empty((0,) * labels.ndim, dtype)
    return labels.map_blocks(function, dtype=dtype, meta=meta)


def _renumber(table: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    return np.take(table, labels)


def _assigned_anew(
    labels: Any,
    table: NDArray[Any],
    entries: Sequence[int],
    palette: Palette,
    blocks: Blocks,
) -> Any:
    gone = np.zeros(len(table), bool)
    gone[np.array(entries) + 1] = True
    assign = partial(_assign_anew, make_labeller(palette, blocks), table, gone)
    return from_blocks(assign, blocks, labels, dtype=table.dtype)


def _assign_anew(
    labeller: Labeller,
    table: NDArray[Any],
    gone: NDArray[np.bool_],
    image: Any,
    labels: NDArray[Any],
) -> NDArray[Any]:
    """Return a block's new labels, with pixels of removed entries searched anew."""
    new = np.take(table, labels)
    removed = np.take(gone, labels)
    if removed.any():
        found = label_block(labeller, image, removed)
        np.copyto(new, found, where=found > 0)
    return new


def _redraw(labeller: Labeller, image: Any, labels: NDArray[Any]) -> NDArray[Any]:
    n_colors = len(labeller.palette)
    painted = labels > n_colors
    known = np.where(painted, 0, labels) if painted.any() else labels
    return draw_block(labeller, image, known)
