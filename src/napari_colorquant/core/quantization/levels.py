"""The run of an image in one or more levels, in memory or lazy.

The palette is learned from the largest level: all of it, or what is read of it where it
is lazy. Labels and pictures of lazy levels are lazy.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.assign.labels import check_palette
from napari_colorquant.core.assign.lazy import lazy_labels, lazy_picture
from napari_colorquant.core.color.stains import Stains, as_rows, check_given
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.sampling import (
    NothingValidError,
    Subset,
    most_pixels,
    read_first,
)
from napari_colorquant.core.learn.fit import FitResult, fit, what_to_learn
from napari_colorquant.core.learn.parameters import AUTO, check_distance
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.core.quantization.result import Quantization
from napari_colorquant.core.quantization.run import (
    GivenStains,
    apply_to_pixels,
    quantize_pixels,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.report import Report

_EMPTY = "no pixel can be quantized."
_NOT_SEEN = "no pixel that was read can be quantized."
_NOT_LEARNED = "no pixel to learn from was found: it has the palette of a slice nearby."
NOTES = (_EMPTY, _NOT_SEEN, _NOT_LEARNED)
"""What the reports of `in_palette_of` say: each goes on after the number of a slice."""


def quantize_levels(
    levels: Sequence[Image], parameters: Parameters, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Quantize all levels in one palette, learned from the largest, which is the first.

    Of lazy levels only the first is read; all have its report, and the others lack
    counts. Raise ValueError as quantize_pixels, or if no pixel that is read is valid.
    """
    first = levels[0]
    what_to_learn(first.outline, parameters)  # or an error, before blocks are read
    subset, monitor = read_first(first, parameters.random_state, monitor)
    running, rest = _parts(levels, monitor)
    result = quantize_pixels(subset.pixels, parameters, running)
    return _all_levels(levels, subset, result, parameters.fixed, rest)


def apply_to_levels(
    levels: Sequence[Image],
    palette: Palette,
    monitor: Monitor,
    max_distance: float | None = None,
    given: GivenStains = (None, None),
) -> tuple[Quantization, ...]:
    """Redraw all levels in a palette that there is; of lazy ones, the first is read.

    Raise ValueError if the palette or max_distance does not fit, or no pixel of the
    first is valid.
    """
    check_palette(levels[0].outline, palette)
    max_distance = check_distance(max_distance)
    subset, monitor = read_first(levels[0], 0, monitor)
    running, rest = _parts(levels, monitor)
    result = apply_to_pixels(subset.pixels, palette, running, max_distance, given)
    return _all_levels(levels, subset, result, palette, rest)


def fit_image(image: Image, parameters: Parameters, monitor: Monitor) -> FitResult:
    """Learn a palette of a given number of colours, of a lazy image from a subset."""
    what_to_learn(image.outline, parameters)
    subset, monitor = read_first(image, parameters.random_state, monitor)
    return fit(subset.pixels, parameters, monitor)


def fit_palette_of(
    image: Image, parameters: Parameters, monitor: Monitor
) -> tuple[Palette, tuple[str, ...]]:
    """Learn a palette of any number of colours, without counts; return notes too."""
    if parameters.n_colors == AUTO:
        (result,) = quantize_levels([image], parameters, monitor)
        return result.palette.uncounted(), result.report.notes
    learned = fit_image(image, parameters, monitor)
    return learned.palette, learned.notes


def in_palette_of(
    near: Quantization,
    levels: Sequence[Image],
    error: NothingValidError,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    """Quantize a slice that no palette could be learned from, with near's palette.

    levels: the largest first. error: why none could be learned. Counts are 0 if the
    largest has no valid pixel. Raise other errors as apply_to_levels.
    """
    first, *others = levels
    palette = near.palette.uncounted()
    results = None
    # Of a lazy one without it, no pixel is known to be valid: it is not read again.
    if first.learn_mask is not None or not isinstance(first, Blocks):
        first = replace(first, learn_mask=None)
        if isinstance(first, Blocks):
            first = replace(first, learn_reach=None)
        try:
            limit, given = near.report.max_distance, stains_given(near)
            given_levels = ([first, *others], palette, monitor, limit)
            results = apply_to_levels(*given_levels, given)
        except NothingValidError as nothing:
            error = nothing
    if results is None:
        results = _without_pixels([first, *others], near, error, monitor)
    largest, *smaller = results
    return replace(largest, report=_as_learned(largest.report, near.report)), *smaller


def label_levels(
    levels: Sequence[Blocks],
    palette: Palette,
    report: Report,
    known: Pixels | None = None,
) -> tuple[Quantization, ...]:
    """Return a lazy quantization a level, the largest first; no pixel is read.

    The counts and the report are the largest level's; the report says max_distance.
    known: some of its pixels, in memory.
    """
    results = []
    first = ColorMap.of(palette, levels[0], known, report.max_distance, report.stains)
    for i, blocks in enumerate(levels):
        # With the range of the largest level: nothing is read for that of the others.
        color_map = replace(first, dtype=blocks.dtype.str)
        labels = lazy_labels(blocks, color_map)
        picture = lazy_picture(blocks, labels, color_map)
        own = palette.uncounted() if i else palette
        results.append(Quantization(own, labels, picture, report))
    return tuple(results)


def given_for(palette: Palette, stains: object, scales: object) -> GivenStains:
    """Return the stains of an image that are given for a palette; raise if wrong.

    A palette of three stains has their vectors.
    """
    own = palette.stains
    if stains is None and own is not None and scales is not None and len(own) == 3:
        stains = own
    given = check_given(stains, scales, palette.color_space)
    if own is not None and given[0] is not None and len(given[0]) != len(own):
        raise ValueError(
            Sentence(
                "{stains} are {n}, and the palette is of {own}: pass as many.",
                n=len(given[0]),
                own=len(own),
            )
        )
    return given


def stains_given(near: Quantization) -> GivenStains:
    """Return the stains that the pixels of a result were compared in."""
    full = near.report.stains or near.palette.stains
    if full is None:
        return None, None
    stains = Stains(full)
    return as_rows(stains.vectors), tuple(stains.scales.tolist())


def _parts(levels: Sequence[Image], monitor: Monitor) -> tuple[Monitor, Monitor]:
    """Return monitors for the largest level, and for smaller ones in memory."""
    smaller = len(levels) > 1 and not isinstance(levels[0], Blocks)
    end = 0.8 if smaller else 1.0
    return monitor.part(0.0, end), monitor.part(end, 1.0)


def _all_levels(
    levels: Sequence[Image],
    subset: Subset,
    result: Quantization,
    known: Palette | None,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    """Return the result of each level, from that of the pixels in memory of the first.

    known: the palette that may say what white is.
    """
    lazy = [known_white(one, known) for one in levels if isinstance(one, Blocks)]
    if lazy:
        palette, report = _scaled_up(subset, result, lazy[0].n_blocks)
        return label_levels(lazy, palette, report, subset.pixels)
    return result, *_applied(levels[1:], result, monitor)


def _scaled_up(
    subset: Subset, result: Quantization, n_blocks: int
) -> tuple[Palette, Report]:
    """Return palette and report with the counts of a subset scaled to its image."""
    palette, report = result.palette, result.report
    counts = palette.counts
    if counts is not None and not subset.is_whole:
        counts = np.rint(counts / subset.share).astype(np.int64)
        report = replace(
            report,
            n_pixels=int(counts.sum()),
            n_unassigned=round(report.n_unassigned / subset.share),
            n_unassigned_is_estimate=report.max_distance is not None,
            n_colors_before_is_exact=False,
            counts_are_estimates=True,
        )
    report = replace(
        report,
        seconds={"read": subset.seconds, **report.seconds},
        n_blocks_read=subset.n_blocks_read,
        n_blocks=n_blocks,
    )
    return replace(palette, counts=counts), report


def _applied(
    levels: Sequence[Any], near: Quantization, monitor: Monitor
) -> list[Quantization]:
    """Apply near's palette to levels in memory, which may have no valid pixel."""
    palette, results = near.palette.uncounted(), []
    limit, given = near.report.max_distance, stains_given(near)
    for i, level in enumerate(levels):
        part = monitor.part(i / len(levels), (i + 1) / len(levels))
        try:
            result = apply_to_pixels(level, palette, part, limit, given)
        except NothingValidError:
            labels = np.zeros(level.shape, label_dtype(len(palette)))
            result = _empty(near, labels, level.image)
        results.append(result)
    return results


def _without_pixels(
    levels: Sequence[Image],
    near: Quantization,
    error: NothingValidError,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    """Return the results of levels of which no pixel is valid, in near's palette."""
    lazy = [one for one in levels if isinstance(one, Blocks)]
    if not lazy:
        return tuple(_applied(levels, near, monitor))
    first, empty = lazy[0], _empty(near, None, None)
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
    return label_levels(lazy, empty.palette, report)


def _empty(near: Quantization, labels: Any, image: Any) -> Quantization:
    """Return a result without a pixel, of the palette of another one."""
    palette = near.palette
    report = replace(
        near.report,
        n_pixels=0,
        n_unassigned=0,
        n_unassigned_is_estimate=False,
        n_sampled=0,
        n_colors_before=0,
        n_colors_before_is_exact=True,
        n_colors_after=0,
        mse=0.0,
        psnr=inf,
        distance=None,
        most_distance=None,
        unfit="",
        delta_e=None,
        seconds=dict.fromkeys(near.report.seconds, 0.0),
        tried=(),
    )
    counts = np.zeros(len(palette), np.int64)
    return Quantization(replace(palette, counts=counts), labels, image, report)


def _as_learned(report: Report, near: Report) -> Report:
    """Return the report of a palette of near with all that one of learning has."""
    if report.n_pixels:
        note = _NOT_LEARNED
    else:
        note = _NOT_SEEN if report.counts_are_estimates else _EMPTY
    return replace(
        report,
        parameters=near.parameters,
        most_distance=None,  # it is no palette that the user applied
        unfit="",
        seconds={step: report.seconds.get(step, 0.0) for step in near.seconds},
        notes=(note,),
    )
