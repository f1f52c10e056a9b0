"""Run all steps, piece by piece: survey, learn, assign and redraw."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version
from math import inf, log2, log10
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_colorquant.core.assign.assign import Assigned, assign_steps
from napari_colorquant.core.assign.labels import check_palette
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.statistics import Survey, survey_steps
from napari_colorquant.core.compute.progress import Progress, Steps, part_of
from napari_colorquant.core.learn.auto import MAX_TRIALS, fewest_steps
from napari_colorquant.core.learn.fit import (
    Learned,
    Learner,
    fitted,
    prepare_steps,
    what_to_learn,
)
from napari_colorquant.core.learn.parameters import AUTO, Parameters
from napari_colorquant.core.palette.white import find_white, in_units_of
from napari_colorquant.core.quality.delta_e import check_delta_e, mean_delta_e
from napari_colorquant.core.quantization.report import Report
from napari_colorquant.core.quantization.result import Quantization
from napari_colorquant.core.quantization.seeds import seeds_steps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.color.weighted_colors import ColorPoints
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.palette.palette import Palette


def quantize_steps(pixels: Pixels, parameters: Parameters) -> Steps[Quantization]:
    """Learn, assign and redraw, piece by piece; closing the generator stops the run.

    Raise ValueError if no pixel is valid, or the parameters do not fit the image.
    """
    what_to_learn(pixels, parameters)  # or an error, before any pixel is looked at
    pixels, parameters, notes = fitted(pixels, parameters)
    if parameters.n_colors == AUTO:
        result = yield from _auto_steps(pixels, parameters)
        return with_notes(result, notes)
    total = quantize_pieces(pixels, parameters)
    before, learner, surveyed = yield from _prepared(pixels, parameters, total)
    learned = yield from part_of(
        learner.learn_steps(int(parameters.n_colors)), before, total
    )
    assigned = yield from part_of(
        assign_steps(pixels, learned.palette, surveyed.survey, surveyed.points),
        before + len(pixels.tiles()),
        total,
    )
    learned = learned._replace(notes=(*notes, *learned.notes))
    return _result(surveyed.survey, surveyed.seconds, learned, assigned, parameters)


def with_notes(result: Quantization, notes: tuple[str, ...]) -> Quantization:
    """Return a result with notes put before its own."""
    report = replace(result.report, notes=(*notes, *result.report.notes))
    return replace(result, report=report) if notes else result


def seeded_steps(
    pixels: Pixels, parameters: Parameters, seeds: ArrayLike, per_class: int = 1
) -> Steps[Quantization]:
    """Learn painted classes, then quantize with their entries as fixed ones.

    The parameters in the report give the same result without seeds. The run has one
    piece a tile more than quantize_pieces.
    """
    n_tiles = len(pixels.tiles())
    total = n_tiles + quantize_pieces(pixels, parameters)
    learning = seeds_steps(pixels, seeds, parameters, per_class)
    parameters = yield from part_of(learning, 0, total)
    return (yield from part_of(quantize_steps(pixels, parameters), n_tiles, total))


class _Surveyed(NamedTuple):
    """Hold what is known of the pixels that are quantized."""

    survey: Survey
    points: ColorPoints | None
    seconds: float


def _prepared(
    pixels: Pixels, parameters: Parameters, total: int
) -> Steps[tuple[int, Learner, _Surveyed]]:
    """Return the pieces of work done, a learner, and a survey of what is quantized.

    There are two surveys if a learn mask leaves pixels out.
    """
    n_tiles = len(pixels.tiles())
    learner = yield from part_of(prepare_steps(pixels, parameters), 0, total)
    if learner.is_whole:
        surveyed = _Surveyed(learner.survey, learner.points, learner.seconds)
        return n_tiles, learner, surveyed
    start = perf_counter()
    survey = yield from part_of(survey_steps(pixels), n_tiles, total)
    seconds = learner.seconds + perf_counter() - start
    return 2 * n_tiles, learner, _Surveyed(survey, None, seconds)


def quantize_pieces(pixels: Pixels, parameters: Parameters) -> int:
    """Return how many pieces of work quantize_steps has at most.

    One survey, or two with a learn mask, then learning and assigning, once or for as
    many trials as "auto" may need.
    """
    surveys = 1 if pixels.learn_mask is None else 2
    trials = MAX_TRIALS if parameters.n_colors == AUTO else 1
    return len(pixels.tiles()) * (surveys + 2 * trials)


def apply_steps(pixels: Pixels, palette: Palette) -> Steps[Quantization]:
    """Assign and redraw, in two pieces of work a tile.

    The palette is converted to the image's units where both are known. Raise ValueError
    if it does not fit the image, or no pixel is valid.
    """
    check_palette(pixels, palette)
    pixels, notes = find_white(pixels, palette)
    palette = in_units_of(palette, pixels)
    n_tiles = len(pixels.tiles())
    total = 2 * n_tiles
    start = perf_counter()
    survey = yield from part_of(survey_steps(pixels), 0, total)
    seconds = perf_counter() - start
    learned = Learned(palette, 0, 0.0, notes)
    assigned = yield from part_of(assign_steps(pixels, palette, survey), n_tiles, total)
    return _result(survey, seconds, learned, assigned, None)


def _auto_steps(pixels: Pixels, parameters: Parameters) -> Steps[Quantization]:
    n_tiles = len(pixels.tiles())
    total = quantize_pieces(pixels, parameters)
    if parameters.target_delta_e is not None:
        check_delta_e(pixels)
    first, learner, surveyed = yield from _prepared(pixels, parameters, total)
    if parameters.target_delta_e is not None:
        # ΔE2000 is of colours of light, whatever space they are compared in.
        light = color_space("lab", pixels.dtype, pixels.n_channels, pixels.white)
        light.check(surveyed.survey.lows, surveyed.survey.highs)
    psnr, delta_e = parameters.target_psnr, parameters.target_delta_e
    goal = log2(delta_e) if delta_e is not None else -(psnr or 0.0) / (20 * log10(2))
    tried: dict[int, float] = {}
    seconds = {"learn": 0.0, "assign": 0.0}
    best: list[tuple[int, Learned, Assigned]] = []  # one: pictures take memory
    reached: list[int] = []

    def trial(n_colors: int) -> Steps[float]:
        before = first + n_tiles * 2 * len(tried)
        learned = yield from part_of(learner.learn_steps(n_colors), before, total)
        assigned = yield from part_of(
            assign_steps(pixels, learned.palette, surveyed.survey, surveyed.points),
            before + n_tiles,
            total,
        )
        if psnr is not None:
            error = assigned.psnr
            level = -error / (20 * log10(2))
        else:
            drawn = None
            if assigned.color_labels is not None:
                colors = learned.palette.drawn(pixels.dtype)
                drawn = colors[assigned.color_labels - 1]
            distinct = surveyed.survey.distinct
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

    yield from fewest_steps(trial, goal, max(2, len(learner.fixed)))
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
    learned = learned._replace(notes=notes, seconds=seconds["learn"])
    assigned = assigned._replace(seconds=seconds["assign"])
    yield Progress("assign", total, total)
    return _result(
        surveyed.survey,
        surveyed.seconds,
        learned,
        assigned,
        parameters,
        tuple(tried.items()),
        tried[n_colors] if delta_e is not None else None,
    )


def _result(
    survey: Survey,
    survey_seconds: float,
    learned: Learned,
    assigned: Assigned,
    parameters: Parameters | None,
    tried: tuple[tuple[int, float], ...] = (),
    delta_e: float | None = None,
) -> Quantization:
    seconds = {"survey": survey_seconds, "learn": learned.seconds}
    if parameters is None:
        del seconds["learn"]
    report = Report(
        parameters=parameters,
        n_pixels=survey.n_pixels,
        n_sampled=learned.n_sampled,
        n_colors_before=survey.n_colors,
        n_colors_before_is_exact=survey.n_colors_is_exact,
        n_colors_after=int(np.count_nonzero(assigned.counts)),
        mse=assigned.mse,
        psnr=assigned.psnr,
        data_range=survey.scaled_range(1.0),
        delta_e=delta_e,
        seconds={**seconds, "assign": assigned.seconds},
        tried=tried,
        notes=learned.notes,
        version=version("napari-colorquant"),
    )
    counted = replace(learned.palette, counts=assigned.counts)
    return Quantization(counted, assigned.labels, assigned.image, report)
