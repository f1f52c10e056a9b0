"""Quantize images that may be larger than memory.

A palette is learned from a subset in memory; labels and pictures are lazy. Workers of
an active dask client may do the work, and the result is the same to the last byte.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.assign.labels import check_palette
from napari_colorquant.core.assign.lazy import count_lazily, lazy_labels, lazy_picture
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.sampling import Subset, timed_subset
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.learn.fit import FitResult, fit, what_to_learn
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.core.quantization.result import Quantization, check_quantization
from napari_colorquant.core.quantization.run import apply_to_pixels, quantize_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.report import Report


def quantize_blocks(
    blocks: Blocks, parameters: Parameters, monitor: Monitor
) -> Quantization:
    """Learn from a subset, and return a quantization with lazy labels and picture.

    Raise ValueError as quantize_pixels, or if the subset has no valid pixel.
    """
    (result,) = quantize_levels([blocks], parameters, monitor)
    return result


def quantize_levels(
    levels: Sequence[Blocks], parameters: Parameters, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Learn from a subset of the largest level, and return a quantization a level.

    levels: the largest first, and only this one is read. All have its report; only its
    palette has counts.
    """
    blocks = levels[0]
    what_to_learn(blocks.outline, parameters)  # or an error, before blocks are read
    reading = monitor.part(0.0, 0.5)
    subset, seconds = timed_subset(blocks, parameters.random_state, reading)
    result = quantize_pixels(subset.pixels, parameters, monitor.part(0.5, 1.0))
    levels = [known_white(level, parameters.fixed) for level in levels]
    return _lazy(levels, subset, result, seconds)


def fit_blocks(blocks: Blocks, parameters: Parameters, monitor: Monitor) -> FitResult:
    """Learn a palette of a given number of colours from a subset."""
    what_to_learn(blocks.outline, parameters)
    reading = monitor.part(0.0, 0.5)
    subset, _ = timed_subset(blocks, parameters.random_state, reading)
    return fit(subset.pixels, parameters, monitor.part(0.5, 1.0))


def apply_to_blocks(blocks: Blocks, palette: Palette, monitor: Monitor) -> Quantization:
    """Return a quantization with lazy labels and picture; a subset is counted.

    Raise ValueError if the palette does not fit, or the subset has no valid pixel.
    """
    (result,) = apply_to_levels([blocks], palette, monitor)
    return result


def apply_to_levels(
    levels: Sequence[Blocks], palette: Palette, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Return a lazy quantization a level; a subset of the largest one is counted.

    levels: the largest first, and only this one is read.
    """
    blocks = levels[0]
    check_palette(blocks.outline, palette)
    subset, seconds = timed_subset(blocks, 0, monitor.part(0.0, 0.5))
    result = apply_to_pixels(subset.pixels, palette, monitor.part(0.5, 1.0))
    levels = [known_white(level, palette) for level in levels]
    return _lazy(levels, subset, result, seconds)


def count_all(
    quantization: Quantization,
    *,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Count the pixels of each palette entry where there are only estimates.

    All blocks of the image are read and assigned for it.

    Parameters
    ----------
    quantization : Quantization
        What :func:`napari_colorquant.quantize` or ``apply_palette`` returned.
    progress : callable, optional
        Called with a :class:`Progress` after every block. What it raises stops the run
        and is passed on.

    Returns
    -------
    Quantization
        With exact counts in its palette. The errors in the report are still those of
        the blocks that were read to learn from.

    Raises
    ------
    TypeError
        If it is no quantization.

    Examples
    --------
    >>> q = quantize(slide, 32)
    >>> q.report.counts_are_estimates
    True
    >>> q = count_all(q)
    """
    check_quantization(quantization)
    if not (quantization.report.counts_are_estimates and is_lazy(quantization.labels)):
        return quantization
    palette = quantization.palette
    with Monitor(progress) as monitor:
        counts = count_lazily(quantization.labels, len(palette), monitor)
    report = replace(
        quantization.report,
        n_pixels=int(counts.sum()),
        n_colors_after=int(np.count_nonzero(counts)),
        counts_are_estimates=False,
    )
    return replace(quantization, palette=replace(palette, counts=counts), report=report)


def _lazy(
    levels: Sequence[Blocks], subset: Subset, result: Quantization, seconds: float
) -> tuple[Quantization, ...]:
    """Return lazy quantizations, with a subset's counts scaled to the whole image."""
    palette, report = result.palette, result.report
    counts = palette.counts
    if counts is not None and not subset.is_whole:
        counts = np.rint(counts / subset.share).astype(np.int64)
        report = replace(
            report,
            n_pixels=int(counts.sum()),
            n_colors_before_is_exact=False,
            counts_are_estimates=True,
        )
    report = replace(
        report,
        seconds={"read": seconds, **report.seconds},
        n_blocks_read=subset.n_blocks_read,
        n_blocks=levels[0].n_blocks,
    )
    counted = replace(palette, counts=counts)
    return label_levels(levels, counted, report, subset.pixels)


def label_levels(
    levels: Sequence[Blocks],
    palette: Palette,
    report: Report,
    known: Pixels | None = None,
) -> tuple[Quantization, ...]:
    """Return a lazy quantization a level, the largest first; no pixel is read.

    The counts and the report are the largest level's. known: some of its pixels, in
    memory.
    """
    results = []
    first = ColorMap.of(palette, levels[0], known)
    for i, blocks in enumerate(levels):
        # With the range of the largest level: nothing is read for that of the others.
        color_map = replace(first, dtype=blocks.dtype.str)
        labels = lazy_labels(blocks, color_map)
        picture = lazy_picture(blocks, labels, color_map)
        own = palette.uncounted() if i else palette
        results.append(Quantization(own, labels, picture, report))
    return tuple(results)
