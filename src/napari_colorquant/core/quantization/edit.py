"""An image's labels with their palette, edited together.

Lazy labels are renumbered and redrawn block by block, when they are computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import (
    ColorMap,
    draw_block,
    label_block,
)
from napari_colorquant.core.assign.labels import count_labels, relabel
from napari_colorquant.core.assign.lazy import count_lazily
from napari_colorquant.core.assign.redraw import draw_tile, drawn_labels
from napari_colorquant.core.compute.arguments import sequence, shown
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import (
    Blocks,
    as_blocks,
    as_dask,
    from_blocks,
    see_blocks,
)
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.image.sampling import Parts, most_pixels
from napari_colorquant.core.image.slicing import axis_of_labels, outline_of, see_slices
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.apply_edit import edit_palette
from napari_colorquant.core.palette.edits import Edit, Remove
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.core.quality.quality import measure_quality
from napari_colorquant.core.quantization.result import Quantization, check_quantization
from napari_colorquant.core.quantization.run import apply_to_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.palette.palette import Palette


@dataclass(frozen=True, slots=True, eq=False)
class IndexedImage:
    """Hold the labels of an image and the palette that they number.

    labels: one array a level, never written to, of dask for a lazy image, none for a
    palette alone. 0, and what is beyond the palette, belongs to no entry.
    """

    palette: Palette
    labels: tuple[NDArray[Any], ...] = ()
    counts_are_estimates: bool = False


def edit(
    quantization: Quantization,
    image: ArrayLike,
    edits: Edit | Sequence[Edit],
    *,
    channel_axis: int | None = -1,
) -> Quantization:
    """Edit the palette of a quantized image, and with it the image and its labels.

    Parameters
    ----------
    quantization : Quantization
        What :func:`napari_colorquant.quantize` or ``apply_palette`` returned; left as
        it is.
    image : array_like
        The image that was quantized. Where an entry is removed, each of its pixels goes
        to the nearest one that remains; the errors are measured again, those of an
        image larger than memory on the pixels that are read to learn from.
    edits : Edit or sequence of Edit
        :class:`Recolor`, :class:`Merge`, :class:`Remove`, :class:`Rename`,
        :class:`Lock` and :class:`Sort`, done one after another: each one counts the
        entries as the one before has left them.
    channel_axis : int or None
        As for :func:`napari_colorquant.quantize`.

    Returns
    -------
    Quantization
        With the edited palette. Of a lazy image, labels and picture are lazy, and where
        an entry was removed from one larger than memory, the counts are estimates.

    Raises
    ------
    TypeError
        If it is no quantization, something is no edit, or as
        :func:`napari_colorquant.quantize`.
    ValueError
        If an edit cannot be done, or the image has another shape.

    Examples
    --------
    >>> q = quantize(image, 8)
    >>> q = edit(q, image, [Merge([2, 3]), Rename(0, "nuclei"), Lock([0])])
    """
    check_quantization(quantization)
    levels: tuple[Pixels, ...] | tuple[Blocks, ...]
    lazy = is_lazy(quantization.labels)
    if lazy:
        levels = (known_white(see_blocks(image, channel_axis), quantization.palette),)
    else:
        levels = (known_white(see_pixels(image, channel_axis), quantization.palette),)
    if levels[0].shape != quantization.labels.shape:
        raise ValueError(
            f"the image has the shape {levels[0].image.shape} and the labels "
            f"{quantization.labels.shape}: pass the image that was quantized."
        )
    if isinstance(edits, Edit):
        edits = [edits]
    edits = sequence(edits, "edits", "edits, such as Merge([2, 3])")
    for one in edits:
        if not isinstance(one, Edit):
            raise TypeError(f"an edit is {shown(one)}: pass one such as Merge([2, 3]).")
    labelling = IndexedImage(
        quantization.palette,
        (quantization.labels,),
        quantization.report.counts_are_estimates,
    )
    for one in edits:
        labelling = edit_labelling(labelling, one, levels, Monitor())
    (labels,), palette = labelling.labels, labelling.palette
    if lazy:
        picture = see_blocks(quantization.image, channel_axis)
        redrawn: NDArray[Any] = redraw_blocks(picture, labels, palette)
        counts = palette.counts
    else:
        redrawn = quantization.image.copy()
        redraw_picture(see_pixels(redrawn, channel_axis), labels, palette)
        counts = count_labels(labels, len(palette))
    outline = levels[0].outline if isinstance(levels[0], Blocks) else levels[0]
    quality = measure_quality(
        image,
        redrawn,
        channel_axis=channel_axis,
        mask=labels > 0,
        data_range=outline.white,
    )
    report = replace(
        quantization.report,
        mse=quality.mse,
        psnr=quality.psnr,
        delta_e=None,
        n_colors_after=0 if counts is None else int(np.count_nonzero(counts)),
        counts_are_estimates=labelling.counts_are_estimates,
    )
    return Quantization(palette, labels, redrawn, report)


def edit_labelling(
    labelling: IndexedImage,
    edit: Edit,
    levels: Sequence[Pixels | Blocks],
    monitor: Monitor,
) -> IndexedImage:
    """Return a labelling after an edit; labels that do not change are the same arrays.

    levels: the image, one a level of the labels, needed to remove entries; else it may
    be empty. Only the pixels of removed entries take a while.
    """
    palette, places = edit_palette(labelling.palette, edit)
    if not labelling.labels or np.array_equal(places, np.arange(len(places))):
        return replace(labelling, palette=palette)
    if isinstance(edit, Remove) and len(levels) != len(labelling.labels):
        raise ValueError(
            "removing needs the image, as each pixel goes to its own nearest entry, "
            "and the image is gone: merge the entry with another one."
        )
    if any(map(is_lazy, labelling.labels)) or any(
        isinstance(one, Blocks) for one in levels
    ):
        blocks = [one if isinstance(one, Blocks) else as_blocks(one) for one in levels]
        return _relabelled(labelling, edit, palette, places, blocks, monitor)
    if isinstance(edit, Remove):
        relabelled, n_levels = [], len(levels)
        for i, (labels, pixels) in enumerate(
            zip(labelling.labels, levels, strict=True)
        ):
            assert isinstance(pixels, Pixels)  # as the labels are in memory
            new = relabel(labels, places, len(palette))
            part = monitor.part(i / n_levels, (i + 1) / n_levels)
            found = _assign_anew(pixels, labels, edit.entries, palette, part)
            if found is not None:
                np.copyto(new, found, where=found > 0)
            relabelled.append(new)
        return counted(IndexedImage(palette, tuple(relabelled)))
    moved = (relabel(labels, places, len(palette)) for labels in labelling.labels)
    return replace(labelling, palette=palette, labels=tuple(moved))


def redraw_picture(picture: Pixels, labels: NDArray[Any], palette: Palette) -> None:
    """Write palette colours to a picture, where the label is one of the palette's.

    Opacities and all other pixels stay.
    """
    drawn = drawn_labels(palette, picture)

    def draw(tile: Tile) -> None:
        tile_labels = labels[tile].reshape(-1)
        tile_labels = tile_labels * (tile_labels <= len(palette))  # what is painted: 0
        draw_tile(picture, tile, tile_labels, drawn)

    for _ in map_in_order(draw, picture.tiles()):
        pass


def redrawn_in_palettes(
    image: Pixels | Blocks,
    labels: Any,
    palettes: Sequence[Palette],
    slice_axis: int | None = None,
) -> Pixels | Blocks:
    """Return a copy of an image, without its masks and white, with labels drawn in it.

    palettes: one, or one a slice. Pixels whose label is 0 or beyond the palette stay.
    """
    if isinstance(image, Pixels):
        axis = -1 if image.alpha is not None else image.channel_axis
        copy = see_pixels(image.image.copy(), axis)
        for part, own, palette in _in_slices(copy, labels, palettes, slice_axis):
            redraw_picture(part, own, palette)
        return copy
    drawn = [
        redraw_blocks(part, as_dask(own, "labels"), palette)
        for part, own, palette in _in_slices(image, labels, palettes, slice_axis)
    ]
    stacked = drawn[0]
    if slice_axis is not None:
        import dask.array as da

        stacked = da.stack(drawn, axis=slice_axis)
    return see_blocks(stacked, image.channel_axis)


def _in_slices(
    image: Any, labels: Any, palettes: Sequence[Palette], slice_axis: int | None
) -> Iterator[tuple[Any, Any, Palette]]:
    if slice_axis is None:
        yield image, labels, palettes[0]
        return
    axis = axis_of_labels(outline_of(image), slice_axis)
    parts = see_slices(image, slice_axis)
    for number, (part, palette) in enumerate(zip(parts, palettes, strict=True)):
        yield part, labels[(slice(None),) * axis + (number,)], palette


def counted(labelling: IndexedImage) -> IndexedImage:
    """Return a labelling with new counts, those of the largest level."""
    counts = count_labels(labelling.labels[0], len(labelling.palette))
    return IndexedImage(replace(labelling.palette, counts=counts), labelling.labels)


def _assign_anew(
    pixels: Pixels,
    labels: NDArray[Any],
    entries: Sequence[int],
    palette: Palette,
    monitor: Monitor,
) -> NDArray[Any] | None:
    """Return labels for the pixels of removed entries; None where there are none."""
    table = np.zeros(max(max(entries) + 1, int(labels.max())) + 1, bool)
    table[np.array(entries) + 1] = True
    removed = replace(pixels, mask=np.take(table, labels, mode="clip"))
    if not removed.any_valid():
        return None  # none, or painted where there is no color
    return apply_to_pixels(removed, palette, monitor).labels


def _relabelled(
    labelling: IndexedImage,
    edit: Edit,
    palette: Palette,
    places: NDArray[np.int64],
    levels: Sequence[Blocks],
    monitor: Monitor,
) -> IndexedImage:
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
    given = (levels[0], relabelled[0], len(palette))
    counts, is_exact = estimate_counts(*given, monitor)
    return IndexedImage(
        replace(palette, counts=counts), relabelled, counts_are_estimates=not is_exact
    )


def redraw_blocks(picture: Blocks, labels: Any, palette: Palette) -> Any:
    """Return a lazy picture with lazy labels drawn in it.

    Pixels whose label is 0 or beyond the palette stay as they were.
    """
    draw = partial(_redraw, ColorMap.of(palette, picture))
    return from_blocks(draw, picture, labels, dtype=picture.dtype, with_channels=True)


def estimate_counts(
    blocks: Blocks, labels: Any, n_colors: int, monitor: Monitor
) -> tuple[NDArray[np.int64], bool]:
    """Return the pixels of each of K entries, and whether all were counted.

    Of an image with more pixels than a subset, parts from all over it are counted,
    and the counts are scaled to the whole.
    """
    most = most_pixels(blocks)
    if blocks.n_pixels <= most:
        return count_lazily(labels, n_colors, monitor), True
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
    for found, n in monitor.over("count", map_in_order(count, jobs), len(jobs)):
        counts += found
        n_seen += n
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
    assign = partial(_assign_block_anew, ColorMap.of(palette, blocks), table, gone)
    return from_blocks(assign, blocks, labels, dtype=table.dtype)


def _assign_block_anew(
    color_map: ColorMap,
    table: NDArray[Any],
    gone: NDArray[np.bool_],
    image: Any,
    labels: NDArray[Any],
) -> NDArray[Any]:
    """Return a block's new labels, with pixels of removed entries searched anew."""
    new = np.take(table, labels)
    removed = np.take(gone, labels)
    if removed.any():
        found = label_block(color_map, image, removed)
        np.copyto(new, found, where=found > 0)
    return new


def _redraw(color_map: ColorMap, image: Any, labels: NDArray[Any]) -> NDArray[Any]:
    n_colors = len(color_map.palette)
    painted = labels > n_colors
    known = np.where(painted, 0, labels) if painted.any() else labels
    return draw_block(color_map, image, known)
