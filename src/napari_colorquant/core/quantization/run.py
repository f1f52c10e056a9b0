"""Run all steps: survey, learn, assign and redraw."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from math import inf, isfinite, log2, log10, sqrt
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_colorquant.core.assign.assign import Assigned, assign
from napari_colorquant.core.assign.labels import check_palette
from napari_colorquant.core.color.distance import nearest_of, spacing_of
from napari_colorquant.core.color.distinct import FEWER_COUNTED
from napari_colorquant.core.color.marks import is_noise
from napari_colorquant.core.color.spaces import color_space, space_of
from napari_colorquant.core.color.stains import Rows, Stains
from napari_colorquant.core.color.statistics import Statistics, statistics_of
from napari_colorquant.core.found.tissue import stains_in
from napari_colorquant.core.image.pixels import set_background
from napari_colorquant.core.learn.auto import MAX_TRIALS, find_fewest
from napari_colorquant.core.learn.fit import (
    Fit,
    FitResult,
    as_learned,
    fitted,
    prepare,
    what_to_learn,
)
from napari_colorquant.core.learn.parameters import AUTO, Parameters
from napari_colorquant.core.palette.fit import most_distance
from napari_colorquant.core.palette.white import find_white, in_units_of
from napari_colorquant.core.quality.delta_e import check_delta_e, mean_delta_e
from napari_colorquant.core.quantization.report import Report, with_fit
from napari_colorquant.core.quantization.result import Quantization

if TYPE_CHECKING:
    from napari_colorquant.core.color.weighted_colors import WeightedColors
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.palette.palette import Palette


GivenStains = tuple[Rows | None, tuple[float, ...] | None]
"""Vectors and scales of the stains of an image that a palette is applied to."""


def quantize_pixels(
    pixels: Pixels, parameters: Parameters, monitor: Monitor
) -> Quantization:
    """Learn, assign and redraw.

    Raise ValueError if no pixel is valid, or the parameters do not fit the image.
    """
    what_to_learn(pixels, parameters)  # or an error, before any pixel is looked at
    pixels, parameters, notes = fitted(pixels, parameters)
    if parameters.n_colors == AUTO:
        return with_notes(_quantize_auto(pixels, parameters, monitor), notes)
    share = 1 / (_n_surveys(pixels) + 2)
    learner, surveyed = _prepared(pixels, parameters, monitor.part(0.0, 1 - 2 * share))
    learning = monitor.part(1 - 2 * share, 1 - share)
    learned = learner.learn(int(parameters.n_colors), learning)
    known = (surveyed.statistics, surveyed.points)
    assigning = monitor.part(1 - share, 1.0)
    given = (pixels, learned.palette, *known, assigning)
    assigned = assign(*given, parameters.max_distance)
    learned = learned._replace(notes=(*notes, *learned.notes))
    result = _result(
        surveyed.statistics,
        surveyed.seconds,
        learned,
        assigned,
        parameters,
        parameters.max_distance,
    )
    return _remembered(result, pixels, learner, surveyed.statistics)


def with_notes(result: Quantization, notes: tuple[str, ...]) -> Quantization:
    """Return a result with notes put before its own."""
    report = replace(result.report, notes=(*notes, *result.report.notes))
    return replace(result, report=report) if notes else result


class _Surveyed(NamedTuple):
    """Hold what is known of the pixels that are quantized."""

    statistics: Statistics
    points: WeightedColors | None
    seconds: float


def _n_surveys(pixels: Pixels) -> int:
    return 1 if pixels.learn_mask is None else 2


def _prepared(
    pixels: Pixels, parameters: Parameters, monitor: Monitor
) -> tuple[Fit, _Surveyed]:
    """Return a learner, and a survey of what is quantized.

    There are two surveys if a learn mask leaves pixels out.
    """
    share = 1 / _n_surveys(pixels)
    learner = prepare(pixels, parameters, monitor.part(0.0, share))
    if learner.is_whole:
        return learner, _Surveyed(learner.statistics, learner.points, learner.seconds)
    start = perf_counter()
    statistics = statistics_of(pixels, monitor.part(share, 1.0))
    seconds = learner.seconds + perf_counter() - start
    return learner, _Surveyed(statistics, None, seconds)


def apply_to_pixels(
    pixels: Pixels,
    palette: Palette,
    monitor: Monitor,
    max_distance: float | None = None,
    given: GivenStains = (None, None),
) -> Quantization:
    """Assign and redraw.

    given: vectors and scales of the image's own stains, None for those to estimate. The
    palette is converted to the image's units where both are known. Raise ValueError
    if it does not fit the image, or no pixel is valid.
    """
    check_palette(pixels, palette)
    pixels, notes = find_white(pixels, palette)
    palette = in_units_of(palette, pixels)
    pixels = set_background(pixels, palette.background)
    start = perf_counter()
    marks = palette.color_space == "rgb" and is_noise(pixels)
    surveying = monitor.part(0.0, 0.5)
    statistics = statistics_of(pixels, surveying, FEWER_COUNTED, marks=marks)
    stains = None
    if palette.stains is not None:
        own, more = stains_in(pixels, *given, Stains(palette.stains))
        stains, notes = own.full, (*notes, *more)
    seconds = perf_counter() - start
    learned = FitResult(palette, 0, 0.0, notes)
    known = (pixels, palette, statistics, None, monitor.part(0.5, 1.0))
    assigned = assign(*known, max_distance, stains)
    result = _result(statistics, seconds, learned, assigned, None, max_distance)
    distance = _distance(pixels, result, statistics, stains)
    most = _most_distance(pixels, palette)
    report = replace(result.report, stains=stains)
    report = replace(report, distance=distance, most_distance=most)
    return replace(result, report=with_fit(report, result.palette, pixels.is_subset))


def _quantize_auto(
    pixels: Pixels, parameters: Parameters, monitor: Monitor
) -> Quantization:
    n_surveys = _n_surveys(pixels)
    share = 1 / (n_surveys + 2 * MAX_TRIALS)  # of each survey, learning or assigning
    if parameters.target_delta_e is not None:
        check_delta_e(pixels)
    surveying = monitor.part(0.0, n_surveys * share)
    learner, surveyed = _prepared(pixels, parameters, surveying)
    known = (surveyed.statistics, surveyed.points)
    if parameters.target_delta_e is not None:
        # ΔE2000 is of colours of light, whatever space they are compared in.
        light = color_space("lab", pixels.dtype, pixels.n_channels, pixels.white)
        light.check(surveyed.statistics.lows, surveyed.statistics.highs)
    psnr, delta_e = parameters.target_psnr, parameters.target_delta_e
    goal = log2(delta_e) if delta_e is not None else -(psnr or 0.0) / (20 * log10(2))
    tried: dict[int, float] = {}
    seconds = {"learn": 0.0, "assign": 0.0}
    best: list[tuple[int, FitResult, Assigned]] = []  # one: pictures take memory
    reached: list[int] = []

    def trial(n_colors: int) -> float:
        before = (n_surveys + 2 * len(tried)) * share
        learning = monitor.part(before, before + share)
        learned = learner.learn(n_colors, learning)
        assigning = monitor.part(before + share, before + 2 * share)
        assigned = assign(pixels, learned.palette, *known, assigning)
        if psnr is not None:
            error = assigned.psnr
            level = -error / (20 * log10(2))
        else:
            drawn = None
            if assigned.color_labels is not None:
                colors = learned.palette.drawn(pixels.dtype)
                drawn = colors[assigned.color_labels - 1]
            distinct = surveyed.statistics.distinct
            error = mean_delta_e(pixels, assigned.image, distinct, drawn)
            level = log2(error) if error > 0 else -inf
        tried[n_colors] = error
        seconds["learn"] += learned.seconds
        seconds["assign"] += assigned.seconds
        if level <= goal:
            reached.append(n_colors)
        if n_colors == min(reached, default=max(tried)):
            best[:] = [(n_colors, learned, assigned)]
        return level

    find_fewest(trial, goal, max(2, len(learner.fixed)))
    n_colors, learned, assigned = best[0]
    notes: tuple[str, ...] = ()
    if not reached:
        wanted = f"PSNR {psnr:g} dB" if psnr is not None else f"ΔE2000 {delta_e:g}"
        error = tried[n_colors]
        got = f"{error:.1f} dB" if psnr is not None else f"{error:.2f}"
        notes = (
            f"The target, {wanted}, is not reached: {n_colors:,} colors, the most that "
            f"are tried, give {got}.",
        )
    limit = parameters.max_distance
    found = tried[n_colors] if delta_e is not None else None
    if limit is not None:  # the number of colors does not depend on it
        del assigned
        best.clear()
        given = (pixels, learned.palette, *known, monitor.part(1.0, 1.0, "assign"))
        assigned = assign(*given, limit)
        seconds["assign"] += assigned.seconds
        if found is not None and assigned.counts.any():
            kept = replace(pixels, mask=assigned.labels > 0, learn_mask=None)
            found = mean_delta_e(kept, assigned.image)
    learned = learned._replace(notes=notes, seconds=seconds["learn"])
    assigned = assigned._replace(seconds=seconds["assign"])
    monitor("assign", 1.0)
    result = _result(
        surveyed.statistics,
        surveyed.seconds,
        learned,
        assigned,
        parameters,
        limit,
        tuple(tried.items()),
        found,
    )
    return _remembered(result, pixels, learner, surveyed.statistics)


def _remembered(
    result: Quantization, pixels: Pixels, learner: Fit, statistics: Statistics
) -> Quantization:
    """Return a result whose palette knows how far pixels are where it was learned."""
    distance = _distance(pixels, result, statistics, result.palette.stains)
    report = replace(result.report, distance=distance)
    if learner.is_whole and report.max_distance is None:
        counts = result.palette.counts
        assert counts is not None  # as it was just assigned
        palette = as_learned(result.palette, distance, counts / counts.sum())
    else:
        palette = learner.remembered(result.palette)
    return replace(result, palette=palette, report=report)


def _most_distance(pixels: Pixels, palette: Palette) -> float | None:
    """Return up to which distance a palette fits; None where nobody knows."""
    known = palette.learned_distance
    if known is None:
        return None
    given = (palette.color_space, pixels, palette.weights, palette.stains)
    return most_distance(known, spacing_of(space_of(*given), palette.colors))


def _distance(
    pixels: Pixels, result: Quantization, statistics: Statistics, stains: Rows | None
) -> float | None:
    """Return the root of the mean squared distance of pixels from their entries.

    stains: of the image. None where nothing is quantized, or it is beyond all numbers.
    """
    palette, report = result.palette, result.report
    if not report.n_pixels:
        return None
    given = (palette.color_space, pixels, palette.weights)
    space = space_of(*given, stains)
    if space.is_plain:
        return sqrt(report.mse) if isfinite(report.mse) else None
    of_colors = space_of(*given, palette.stains)
    known = (pixels, statistics, space, palette.colors, of_colors)
    return nearest_of(*known, report.max_distance).distance


def _result(
    statistics: Statistics,
    survey_seconds: float,
    learned: FitResult,
    assigned: Assigned,
    parameters: Parameters | None,
    max_distance: float | None,
    tried: tuple[tuple[int, float], ...] = (),
    delta_e: float | None = None,
) -> Quantization:
    seconds = {"survey": survey_seconds, "learn": learned.seconds}
    if parameters is None:
        del seconds["learn"]
    n_pixels, notes = int(assigned.counts.sum()), learned.notes
    if n_pixels == 0:  # but there are some: they are too far
        notes = (
            *notes,
            f"Every pixel is farther than {max_distance:g} from every color, and left "
            "out: nothing is quantized.",
        )
    report = Report(
        parameters=parameters,
        n_pixels=n_pixels,
        max_distance=max_distance,
        n_unassigned=statistics.n_pixels - n_pixels,
        n_sampled=learned.n_sampled,
        n_colors_before=statistics.n_colors,
        n_colors_before_is_exact=statistics.n_colors_is_exact,
        n_colors_after=int(np.count_nonzero(assigned.counts)),
        mse=assigned.mse,
        psnr=assigned.psnr,
        data_range=statistics.scaled_range(1.0),
        delta_e=delta_e,
        seconds={**seconds, "assign": assigned.seconds},
        tried=tried,
        notes=notes,
        version=version("napari-colorquant"),
    )
    counted = replace(learned.palette, counts=assigned.counts)
    return Quantization(counted, assigned.labels, assigned.image, report)
