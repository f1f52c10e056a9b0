"""Quantized images cleaned of noise in their labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from napari_colorquant.core.assign.clean import clean_levels
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.edits import Clean
from napari_colorquant.core.quantization.edit import (
    IndexedImage,
    counted,
    edit,
    redraw_picture,
)
from napari_colorquant.core.quantization.result import (
    Quantization,
    channel_axis_of,
    check_quantization,
)

_NOT_MEASURED = (
    "The errors are those before the labels were cleaned: pass the image to measure "
    "them again."
)


def clean_labels(
    q: Quantization,
    image: ArrayLike | None = None,
    *,
    majority: int = 0,
    min_region: int = 0,
    ndim: int = 2,
) -> Quantization:
    """Clean the labels of noise: by a majority filter, of small regions, or both.

    The majority filter comes first, and is applied once: each pixel gets the label that
    most pixels around it have, itself among them, as far as `majority` pixels from it
    by Euclidean distance. If its own label is one of several that have most, it stays;
    else the lowest wins.

    Then regions of fewer than `min_region` pixels are given away. A region is what
    hangs together by pixels of one label that share a side. It gets the label with
    which it shares most sides of pixels, at a tie the lowest, and so becomes a part of
    the regions of that label that it touches. The smallest region is given away first,
    at a tie that whose first pixel comes first. A region that touches no other label
    stays, however small.

    Pixels with label 0, and labels that are painted beyond the palette, stay as they
    are, and take no part: they are not counted around a pixel, and nobody gets them.

    Parameters
    ----------
    q : Quantization
        What :func:`napari_colorquant.quantize` or ``apply_palette`` returned; left as
        it is. Its labels have two axes or more.
    image : array_like, optional
        The image that was quantized, to measure the errors again. Without it, they are
        those before, and a note in the report says so.
    majority : int
        Radius in pixels, from 0, for none, to 100.
    min_region : int
        Size in pixels; 0 and 1 for none.
    ndim : {2, 3}
        2 cleans each plane of the last two axes by itself, as the images of a stack; 3
        each volume of the last three, in which voxels have six sides.

    Returns
    -------
    Quantization
        With the same palette, new counts, and the picture redrawn. Of a lazy image,
        labels and picture are lazy, in the same blocks and with the values that they
        would have in memory; the counts of one larger than memory are estimates.

    Raises
    ------
    TypeError
        If it is no quantization, a number is no whole number, or as :func:`edit`.
    ValueError
        If a number is out of range, the labels have too few axes, or as :func:`edit`;
        and where small regions are to be found in a lazy plane, or volume, of more than
        2**24 pixels.

    See Also
    --------
    Clean : The same as one of several edits.

    Examples
    --------
    >>> q = clean_labels(quantize(image, 4), image, majority=1, min_region=20)
    """
    check_quantization(q)
    clean = Clean(majority, min_region, ndim)
    if image is not None:
        return edit(q, image, clean, channel_axis=channel_axis_of(q))
    (cleaned,) = clean_results([q], clean, Monitor())
    if cleaned.labels is q.labels:
        return q
    now = counted(IndexedImage.of(cleaned))
    assert now.palette.counts is not None
    report = replace(
        q.report,
        n_colors_after=int(np.count_nonzero(now.palette.counts)),
        counts_are_estimates=now.counts_are_estimates,
        notes=(*q.report.notes, _NOT_MEASURED),
    )
    return replace(cleaned, palette=now.palette, report=report)


def clean_results(
    results: Sequence[Quantization], clean: Clean, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Return the result of each level, the largest first, with labels cleaned.

    Pictures are drawn anew; palettes and reports stay. Raise as clean_levels.
    """
    palette = results[0].palette
    before = [one.labels for one in results]
    cleaned = []
    levels = clean_levels(before, len(palette), clean, monitor)
    for one, labels in zip(results, levels, strict=True):
        if labels is not one.labels:
            axis = channel_axis_of(one)
            picture = see_image(one.image, axis, lazily=is_lazy(labels))
            drawn = redraw_picture(picture, labels, palette)
            one = replace(one, labels=labels, image=drawn)
        cleaned.append(one)
    return tuple(cleaned)
