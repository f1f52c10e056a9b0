"""Slices and levels without a pixel to learn from: in the palette of one nearby."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.sampling import NothingValidError, most_pixels
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.quantization.larger import apply_to_levels, label_levels
from napari_colorquant.core.quantization.result import Quantization
from napari_colorquant.core.quantization.run import apply_to_pixels

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.quantization.report import Report

_EMPTY = "no pixel can be quantized."
_NOT_SEEN = "no pixel that was read can be quantized."
_NOT_LEARNED = "no pixel to learn from was found: it has the palette of a slice nearby."
NOTES = (_EMPTY, _NOT_SEEN, _NOT_LEARNED)
"""What the reports of such slices say: each goes on after the number of the slice."""


def nearest(number: int, numbers: Iterable[int]) -> int:
    """Return the nearest of one or more numbers, at a tie the smaller one."""
    return min(numbers, key=lambda other: (abs(other - number), other))


def borrowed(
    levels: Sequence[Pixels | Blocks],
    near: Quantization,
    error: NothingValidError,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    """Quantize a slice that no palette could be learned from, with near's palette.

    levels: largest first, all in memory or all lazy. error: why none could be learned.
    Counts are 0 if the largest has no valid pixel. Other errors are of apply_to_pixels.
    """
    lazy = [level for level in levels if isinstance(level, Blocks)]
    if lazy:
        first, *others = _borrowed_lazily(lazy, near, error, monitor)
    else:
        in_memory = [level for level in levels if isinstance(level, Pixels)]
        first, *others = applied_levels(in_memory, near, monitor)
    return replace(first, report=_alike(first.report, near.report)), *others


def applied_levels(
    levels: Sequence[Pixels], near: Quantization, monitor: Monitor
) -> list[Quantization]:
    """Apply near's palette to levels in memory.

    Any level may have no valid pixel: all its labels are 0 then.
    """
    palette, results = near.palette.uncounted(), []
    for i, level in enumerate(levels):
        part = monitor.part(i / len(levels), (i + 1) / len(levels))
        try:
            result = apply_to_pixels(level, palette, part)
        except NothingValidError:
            labels = np.zeros(level.shape, label_dtype(len(palette)))
            result = _empty(near, labels, level.image)
        results.append(result)
    return results


def _borrowed_lazily(
    levels: Sequence[Blocks],
    near: Quantization,
    error: NothingValidError,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    first, *others = levels
    # Else it is known already that no pixel is valid: nothing need be read once more.
    if first.learn_mask is not None:
        first = replace(first, learn_mask=None, learn_reach=None)
        palette = near.palette.uncounted()
        try:
            return apply_to_levels([first, *others], palette, monitor)
        except NothingValidError as nothing:
            error = nothing
    empty = _empty(near, None, None)
    is_whole = first.n_pixels <= most_pixels(first)
    n_read = first.n_blocks if is_whole else error.n_blocks_read
    report = replace(
        empty.report,
        n_blocks_read=n_read,
        n_blocks=first.n_blocks,
        # Where no block was read, the mask is known to reach none.
        counts_are_estimates=0 < n_read < first.n_blocks,
    )
    # Pixels in blocks that were not read are assigned all the same.
    return label_levels([first, *others], empty.palette, report)


def _empty(near: Quantization, labels: Any, image: Any) -> Quantization:
    """Return a result without a pixel, of the palette of another one."""
    palette = near.palette
    report = replace(
        near.report,
        n_pixels=0,
        n_sampled=0,
        n_colors_before=0,
        n_colors_before_is_exact=True,
        n_colors_after=0,
        mse=0.0,
        psnr=inf,
        delta_e=None,
        seconds=dict.fromkeys(near.report.seconds, 0.0),
        tried=(),
    )
    counts = np.zeros(len(palette), np.int64)
    return Quantization(replace(palette, counts=counts), labels, image, report)


def _alike(report: Report, near: Report) -> Report:
    """Return the report of a borrowed palette with all that one of learning has."""
    if report.n_pixels:
        note = _NOT_LEARNED
    else:
        note = _NOT_SEEN if report.counts_are_estimates else _EMPTY
    return replace(
        report,
        parameters=near.parameters,
        seconds={step: report.seconds.get(step, 0.0) for step in near.seconds},
        notes=(note,),
    )
