"""An image's labels with their palette, edited together.

Lazy labels are renumbered and redrawn block by block, when they are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.assign.clean import clean_levels
from napari_colorquant.core.assign.color_map import (
    ColorMap,
    draw_block,
    label_block,
)
from napari_colorquant.core.assign.labels import count_labels, new_labels, relabel
from napari_colorquant.core.compute.arguments import sequence, shown
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import (
    Image,
    as_blocks,
    axis_of_labels,
    channels_of,
    mapped,
    see_image,
    see_slices,
)
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.apply_edit import edit_palette
from napari_colorquant.core.palette.edits import (
    Classify,
    Clean,
    Edit,
    Lock,
    Remove,
    Rename,
    Sort,
)
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.core.quality.comparison import check_alike
from napari_colorquant.core.quality.quality import measure_quality
from napari_colorquant.core.quantization.counts import estimate_counts
from napari_colorquant.core.quantization.limits import as_it_counts
from napari_colorquant.core.quantization.report import with_fit
from napari_colorquant.core.quantization.result import Quantization, check_quantization

if TYPE_CHECKING:
    from napari_colorquant.core.color.stains import Rows
    from napari_colorquant.core.palette.palette import Palette

_KEEP_COLORS = (Rename, Classify, Lock, Sort)
"""Edits after which each pixel has the colour that it had."""


@dataclass(frozen=True, slots=True, eq=False)
class IndexedImage:
    """Hold the labels of an image and the palette that they number.

    labels: one array a level, never written to, of dask for a lazy image, none for a
    palette alone. 0, and what is beyond the palette, belongs to no entry.
    max_distance, stains: of the run, also for pixels that are assigned anew.
    """

    palette: Palette
    labels: tuple[NDArray[Any], ...] = ()
    counts_are_estimates: bool = False
    max_distance: float | None = None
    stains: Rows | None = None

    @staticmethod
    def of(first: Quantization, *others: Quantization) -> IndexedImage:
        """Return the labels of a quantization's levels, and the palette of the first.

        The first is the largest.
        """
        report, labels = first.report, tuple(one.labels for one in (first, *others))
        estimated = report.counts_are_estimates
        known = (estimated, report.max_distance, report.stains)
        return IndexedImage(first.palette, labels, *known)


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
        to the nearest one that remains, if that is within the `max_distance` of the
        run; the errors are measured again, those of an image larger than memory on the
        pixels that are read to learn from.
    edits : Edit or sequence of Edit
        :class:`Recolor`, :class:`Merge`, :class:`Remove`, :class:`Rename`,
        :class:`Classify`, :class:`Lock`, :class:`Sort` and :class:`Clean`, done one
        after another: each one counts the entries as the one before has left them.
    channel_axis : int or None
        As for :func:`napari_colorquant.quantize`.

    Returns
    -------
    Quantization
        With the edited palette. Of a lazy image, labels and picture are lazy, and where
        an entry was removed from one larger than memory, or it was cleaned, the counts
        are estimates.

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
    lazily = is_lazy(quantization.labels)
    seen = see_image(image, channel_axis, lazily=lazily)
    if seen.shape != quantization.labels.shape:
        raise ValueError(
            f"the image has the shape {seen.image.shape} and the labels "
            f"{quantization.labels.shape}: pass the image that was quantized."
        )
    picture = see_image(quantization.image, channel_axis, lazily=lazily)
    check_alike(seen.outline, picture.outline)
    if isinstance(edits, Edit):
        edits = [edits]
    edits = sequence(edits, "edits", "edits, such as Merge([2, 3])")
    for one in edits:
        if not isinstance(one, Edit):
            raise TypeError(f"an edit is {shown(one)}: pass one such as Merge([2, 3]).")
    return edit_seen(quantization, seen, edits, Monitor())


def edit_seen(
    quantization: Quantization, image: Image, edits: Sequence[Edit], monitor: Monitor
) -> Quantization:
    """Edit a quantization of an image that was seen, as `edit` does.

    image: as lazy as the labels. Raise ValueError if an edit cannot be done.
    """
    image = known_white(image, quantization.palette)
    labelling = IndexedImage.of(quantization)
    for n, one in enumerate(edits):
        part = monitor.part(n / len(edits), (n + 1) / len(edits))
        labelling = edit_labelling(labelling, one, (image,), part)
    if not is_lazy(quantization.labels):
        labelling = counted(labelling)
    (labels,), palette = labelling.labels, labelling.palette
    redrawn: NDArray[Any] = redraw_picture(image, labels, palette)
    counts, report = palette.counts, quantization.report
    if report.max_distance is not None and counts is not None:
        n_all, n_pixels = report.n_pixels + report.n_unassigned, int(counts.sum())
        n_unassigned = max(0, n_all - n_pixels)
        report = replace(report, n_pixels=n_pixels, n_unassigned=n_unassigned)
    mse, psnr = 0.0, inf  # as a run has it that leaves all pixels out
    if counts is None or counts.any():
        quality = measure_quality(
            as_it_counts(image, palette.background),
            redrawn,
            channel_axis=image.outline.own_axis,
            mask=labels > 0,
            data_range=image.outline.white,
        )
        mse, psnr = quality.mse, quality.psnr
    is_as_far = all(isinstance(one, _KEEP_COLORS) for one in edits)
    report = replace(
        report,
        mse=mse,
        psnr=psnr,
        delta_e=None,
        distance=report.distance if is_as_far else None,
        most_distance=report.most_distance if is_as_far else None,
        n_colors_after=0 if counts is None else int(np.count_nonzero(counts)),
        counts_are_estimates=labelling.counts_are_estimates,
    )
    if report.parameters is None and not any(isinstance(one, Clean) for one in edits):
        # Edited colours are not those that were learned, and labels are sorted anew.
        report = with_fit(report, palette, report.counts_are_estimates)
    return Quantization(palette, labels, redrawn, report)


def edit_labelling(
    labelling: IndexedImage,
    edit: Edit,
    levels: Sequence[Image],
    monitor: Monitor,
) -> IndexedImage:
    """Return a labelling after an edit; labels that do not change are the same arrays.

    levels: the image, one a level of the labels, needed to remove entries; else it may
    be empty. Only cleaning, and the pixels of removed entries, take a while. After
    that, the counts of a lazy image are estimates unless all its blocks are counted.
    """
    if isinstance(edit, Clean) and labelling.labels:
        n_colors = len(labelling.palette)
        cleaned = clean_levels(labelling.labels, n_colors, edit, monitor)
        return counted(replace(labelling, labels=cleaned), monitor=monitor)
    palette, places = edit_palette(labelling.palette, edit)
    if not labelling.labels or np.array_equal(places, np.arange(len(places))):
        return replace(labelling, palette=palette)
    if not isinstance(edit, Remove):
        moved = (relabel(one, places, len(palette)) for one in labelling.labels)
        return replace(labelling, palette=palette, labels=tuple(moved))
    if len(levels) != len(labelling.labels):
        raise ValueError(
            "removing needs the image, as each pixel goes to its own nearest entry, "
            "and the image is gone: merge the entry with another one."
        )
    if any(map(is_lazy, labelling.labels)):
        levels = [as_blocks(one) for one in levels]
    relabelled: list[Any] = []
    n_levels = len(levels)
    for i, (labels, image) in enumerate(zip(labelling.labels, levels, strict=True)):
        table = new_labels(labels, places, len(palette))
        part = monitor.part(i / n_levels, (i + 1) / n_levels)
        known = (labelling.max_distance, labelling.stains)
        color_map = ColorMap.of(palette, image, None, *known)
        searched = (labels, table, edit.entries, color_map, image, part)
        relabelled.append(_assigned_anew(*searched))
    labelling = replace(labelling, palette=palette, labels=tuple(relabelled))
    return counted(labelling, levels[0], monitor)


def redraw_picture(
    picture: Image,
    labels: Any,
    palette: Palette,
    out: NDArray[Any] | None = None,
) -> Any:
    """Return a picture with its labels drawn in a palette; lazy if the picture is.

    Opacities, and pixels whose label is 0 or beyond the palette, stay. out: where to
    write it if it is in memory, which may be the picture itself.
    """
    draw = partial(_redraw, ColorMap.of(palette, picture))
    kind, channels = picture.dtype, channels_of(picture)
    return mapped(draw, picture, labels, dtype=kind, channels=channels, out=out)


def redrawn_in_palettes(
    image: Image,
    labels: Any,
    palettes: Sequence[Palette],
    slice_axis: int | None = None,
) -> Image:
    """Return a copy of an image, without its masks and white, with labels drawn in it.

    palettes: one, or one a slice. Pixels whose label is 0 or beyond the palette stay.
    """
    axis = image.outline.own_axis
    if slice_axis is None:
        return see_image(redraw_picture(image, labels, palettes[0]), axis)
    own = axis_of_labels(image.outline, slice_axis)
    parts = zip(see_slices(image, slice_axis), palettes, strict=True)
    whole = None if isinstance(image, Blocks) else np.empty_like(image.image)
    drawn = []
    for number, (part, palette) in enumerate(parts):
        of_slice = labels[(slice(None),) * own + (number,)]
        out = None if whole is None else whole[(slice(None),) * slice_axis + (number,)]
        drawn.append(redraw_picture(part, of_slice, palette, out))
    if whole is None:
        import dask.array as da

        return see_image(da.stack(drawn, axis=slice_axis), axis)
    return see_image(whole, axis)


def counted(
    labelling: IndexedImage,
    image: Image | None = None,
    monitor: Monitor | None = None,
) -> IndexedImage:
    """Return a labelling with new counts, those of the largest level.

    image: tells where pixels of lazy labels can be; of more than a subset, the counts
    are estimates.
    """
    labels, palette = labelling.labels[0], labelling.palette
    if is_lazy(labels):
        seen = see_image(labels, None) if image is None else image
        of_labels = (seen, labels, len(palette), monitor or Monitor())
        counts, is_exact = estimate_counts(*of_labels)
    else:
        counts, is_exact = count_labels(labels, len(palette)), True
    palette = replace(palette, counts=counts)
    return replace(labelling, palette=palette, counts_are_estimates=not is_exact)


def _assigned_anew(
    labels: Any,
    table: NDArray[Any],
    entries: Sequence[int],
    color_map: ColorMap,
    image: Image,
    monitor: Monitor,
) -> Any:
    """Return labels renumbered, with the pixels of removed entries searched anew."""
    gone = np.zeros(max(entries) + 3, bool)  # the last is for what is beyond
    gone[np.array(entries) + 1] = True
    assign = partial(_assign_block_anew, color_map, table, gone)
    return mapped(assign, image, labels, dtype=table.dtype, monitor=monitor)


def _assign_block_anew(
    color_map: ColorMap,
    table: NDArray[Any],
    gone: NDArray[np.bool_],
    image: Any,
    labels: NDArray[Any],
) -> NDArray[Any]:
    """Return a block's new labels, with pixels of removed entries searched anew."""
    new = np.take(table, labels)
    removed = np.take(gone, labels, mode="clip")
    if removed.any():
        found = label_block(color_map, image, removed)
        np.copyto(new, found, where=found > 0)
    return new


def _redraw(color_map: ColorMap, image: Any, labels: NDArray[Any]) -> NDArray[Any]:
    n_colors = len(color_map.palette)
    painted = labels > n_colors
    known = np.where(painted, 0, labels) if painted.any() else labels
    return draw_block(color_map, image, known)
