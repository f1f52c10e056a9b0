"""The three steps in a row: learn a palette, assign every pixel, redraw."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from math import inf, log2, log10
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign import Assigned, assign_steps
from napari_colorquant.core.auto import MAX_TRIALS, fewest_steps
from napari_colorquant.core.learner import Learned, prepare_steps
from napari_colorquant.core.palette import Palette, as_palette
from napari_colorquant.core.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.quality import check_delta_e, mean_delta_e
from napari_colorquant.core.report import Report, warn_of
from napari_colorquant.core.spaces import color_space
from napari_colorquant.core.steps import Progress, Steps, part_of, run
from napari_colorquant.core.survey import Survey, survey_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Quantization:
    """A quantized image.

    Parameters
    ----------
    palette : Palette
        The colours, with their pixel counts.
    labels : ndarray of uint8 or uint16
        Shape of the image without its channel axis. Palette index + 1; 0 where
        not quantized: outside the mask, transparent, NaN or infinite.
    image : ndarray
        The redrawn picture, shape and dtype of the input. Alpha is kept, and
        pixels that were not quantized are as they were.
    report : Report
        What the run did.
    """

    palette: Palette
    labels: NDArray[Any]
    image: NDArray[Any]
    report: Report

    @property
    def indices(self) -> NDArray[Any]:
        """Palette indices, uint8 up to 256 colours and uint16 above.

        Pixels that were not quantized have the index 0; only `labels` tells
        them from those of entry 0.
        """
        dtype = np.uint8 if len(self.palette) <= 256 else np.uint16
        indices = np.empty(self.labels.shape, dtype)
        np.subtract(self.labels, 1, out=indices, casting="unsafe")
        indices[self.labels == 0] = 0
        return indices


def quantize(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Learn a palette from an image and redraw the image in it.

    Parameters
    ----------
    image : array_like
        Integers or floats of up to 64 bits, of any range and any number of axes.
    n_colors : int or "auto"
        Number K of palette entries, 2 to 65,535. An image that has no more
        colours than that keeps them all, without loss. "auto": the fewest, up to
        1,024, that reach the target, found by a few trials.
    method : {"kmeans", "wu", "random"}
        k-means, the means of Wu's boxes, or a codebook of distinct colours picked at
        random.
    refine : bool
        Polish the palette by Lloyd's iterations over every pixel. False learns from
        the sample alone, as scikit-learn's example does. A random codebook stays as
        it was picked.
    n_samples : int or None
        Number of pixels to learn from; None learns from every pixel. With `refine`
        only the start is learned from them, and not even that for 8-bit images of up
        to three channels and 16-bit ones of one: there every colour is counted.
    color_space : {"rgb", "lab", "hed"}
        Space in which colours are compared and averaged: the channels as they are,
        CIELAB under D65, or the stains haematoxylin, eosin and DAB (Ruifrok and
        Johnston, 2001), both as scikit-image defines them. The last two take RGB:
        integers that span their dtype's range, floats from 0 to 1.
    fixed : Palette or array_like, shape (F, C), optional
        Colours, in the image's own units, that must be in the palette unchanged; the
        other K - F are learned around them.
    target_psnr : float, optional
        For "auto": peak signal-to-noise ratio to reach, in dB, as the report has it.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach, of three channels.
    channel_axis : int or None
        -1: the last axis holds RGB or RGBA, as pictures do. Any other axis
        (also the last one, by its number from 0): its entries are channels of
        data. None: a single-channel image.
    mask : array_like of bool, optional
        Pixels to quantize, shape of the image without its channel axis.
    random_state : int
        Seed. The same input, parameters and machine give the same result to the
        last byte, however many threads there are.
    progress : callable, optional
        Called with a :class:`Progress` after every piece of work. What it raises
        stops the run and is passed on.

    Returns
    -------
    Quantization
        The palette (sorted dark to light), labels, redrawn image and report.

    Raises
    ------
    TypeError
        If the image's dtype or a parameter's type cannot be used.
    ValueError
        If a shape is ambiguous or wrong, no pixel is valid, or a parameter is
        out of range.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, or "auto" does not reach
        the target.

    See Also
    --------
    fit_palette : Learn the palette only.
    apply_palette : Assign and redraw with a palette that is there already.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[0, 0, 0], [9, 9, 9], [250, 0, 0]]], dtype=np.uint8)
    >>> q = quantize(image, n_colors=3)
    >>> q.labels
    array([[1, 2, 3]], dtype=uint8)
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask)
    result = run(quantize_steps(pixels, parameters), progress)
    warn_of(result.report.notes)
    return result


def fit_palette(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Palette:
    """Learn a palette from an image.

    Parameters
    ----------
    image : array_like
        See :func:`quantize`.
    n_colors : int or "auto"
        See :func:`quantize`.
    method : {"kmeans", "wu", "random"}
        See :func:`quantize`.
    refine : bool
        See :func:`quantize`.
    n_samples : int or None
        See :func:`quantize`.
    color_space : {"rgb", "lab", "hed"}
        See :func:`quantize`.
    fixed : Palette or array_like, shape (F, C), optional
        See :func:`quantize`.
    target_psnr : float, optional
        See :func:`quantize`.
    target_delta_e : float, optional
        See :func:`quantize`.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        See :func:`quantize`.
    random_state : int
        See :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Palette
        Sorted dark to light, without counts: it has not been applied yet.

    Raises
    ------
    TypeError
        As :func:`quantize`.
    ValueError
        As :func:`quantize`.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, or "auto" does not reach
        the target.
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask)
    if parameters.n_colors == AUTO:
        result = run(quantize_steps(pixels, parameters), progress)
        notes, palette = result.report.notes, result.palette.uncounted()
    else:
        learned = run(_fit_steps(pixels, parameters), progress)
        notes, palette = learned.notes, learned.palette
    warn_of(notes)
    return palette


def apply_palette(
    image: ArrayLike,
    palette: Palette,
    *,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Redraw an image in a palette that is there already.

    Parameters
    ----------
    image : array_like
        See :func:`quantize`.
    palette : Palette
        Colours in the image's units, one column a channel; they are compared in its
        colour space.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        See :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Quantization
        Its palette is `palette` with this image's counts, in the same order.

    Raises
    ------
    TypeError
        If `palette` is no Palette or the image's dtype cannot be used.
    ValueError
        If the palette's channels are not the image's, or as :func:`quantize`.
    """
    if not isinstance(palette, Palette):
        raise TypeError(
            f"palette is a {type(palette).__name__}: pass a Palette, such as "
            "Palette(colors)."
        )
    pixels = see_pixels(image, channel_axis, mask)
    return run(apply_steps(pixels, palette), progress)


def quantize_steps(pixels: Pixels, parameters: Parameters) -> Steps[Quantization]:
    """Learn, assign and redraw, one piece of work at a time.

    What :func:`quantize` drives, and what a viewer's worker drives to show
    progress and to be cancelled: closing the generator stops the run.

    Parameters
    ----------
    pixels : Pixels
        The image.
    parameters : Parameters
        What to do.

    Yields
    ------
    Progress
        After each piece of work, and wherever the run may be stopped.

    Returns
    -------
    Quantization
        The result.

    Raises
    ------
    ValueError
        If no pixel is valid, or the parameters do not fit the image.
    """
    if parameters.n_colors == AUTO:
        return (yield from _auto_steps(pixels, parameters))
    n_tiles = len(pixels.tiles())
    total = quantize_pieces(pixels, parameters)
    learner = yield from part_of(prepare_steps(pixels, parameters), 0, total)
    learned = yield from part_of(
        learner.learn_steps(int(parameters.n_colors)), n_tiles, total
    )
    assigned = yield from part_of(
        assign_steps(pixels, learned.palette, learner.survey, learner.points),
        2 * n_tiles,
        total,
    )
    return _result(learner.survey, learner.seconds, learned, assigned, parameters)


def quantize_pieces(pixels: Pixels, parameters: Parameters) -> int:
    """Return the pieces of work of :func:`quantize_steps`.

    Parameters
    ----------
    pixels : Pixels
        The image.
    parameters : Parameters
        What to do.

    Returns
    -------
    int
        The total of its progress: one survey, then learning and assigning, once or
        as often as may be needed to reach a target.
    """
    trials = MAX_TRIALS if parameters.n_colors == AUTO else 1
    return len(pixels.tiles()) * (1 + 2 * trials)


def _fit_steps(pixels: Pixels, parameters: Parameters) -> Steps[Learned]:
    n_tiles = len(pixels.tiles())
    learner = yield from part_of(prepare_steps(pixels, parameters), 0, 2 * n_tiles)
    return (
        yield from part_of(
            learner.learn_steps(int(parameters.n_colors)), n_tiles, 2 * n_tiles
        )
    )


def apply_steps(pixels: Pixels, palette: Palette) -> Steps[Quantization]:
    """Assign and redraw, one piece of work at a time.

    Parameters
    ----------
    pixels : Pixels
        The image.
    palette : Palette
        The colours to assign.

    Yields
    ------
    Progress
        After each piece of work, ``2 * len(pixels.tiles())`` times.

    Returns
    -------
    Quantization
        The result.

    Raises
    ------
    ValueError
        If the palette's channels are not the image's, or no pixel is valid.
    """
    if palette.n_channels != pixels.n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and the image "
            f"{pixels.n_channels}: pass a palette of the image's channels."
        )
    color_space(palette.color_space, pixels.dtype, pixels.n_channels)  # or an error
    n_tiles = len(pixels.tiles())
    total = 2 * n_tiles
    start = perf_counter()
    survey = yield from part_of(survey_steps(pixels), 0, total)
    seconds = perf_counter() - start
    learned = Learned(palette, 0, 0.0, ())
    assigned = yield from part_of(assign_steps(pixels, palette, survey), n_tiles, total)
    return _result(survey, seconds, learned, assigned, None)


def _auto_steps(pixels: Pixels, parameters: Parameters) -> Steps[Quantization]:
    n_tiles = len(pixels.tiles())
    total = quantize_pieces(pixels, parameters)
    if parameters.target_delta_e is not None:
        check_delta_e(pixels)
    learner = yield from part_of(prepare_steps(pixels, parameters), 0, total)
    if parameters.target_delta_e is not None:
        # ΔE2000 is of colours of light, whatever space they are compared in.
        light = color_space("lab", pixels.dtype, pixels.n_channels)
        light.check(learner.survey.lows, learner.survey.highs)
    psnr, delta_e = parameters.target_psnr, parameters.target_delta_e
    goal = log2(delta_e) if delta_e is not None else -(psnr or 0.0) / (20 * log10(2))
    tried: dict[int, float] = {}
    seconds = {"learn": 0.0, "assign": 0.0}
    best: list[tuple[int, Learned, Assigned]] = []  # one: pictures take memory
    reached: list[int] = []

    def trial(n_colors: int) -> Steps[float]:
        before = n_tiles * (1 + 2 * len(tried))
        learned = yield from part_of(learner.learn_steps(n_colors), before, total)
        assigned = yield from part_of(
            assign_steps(pixels, learned.palette, learner.survey, learner.points),
            before + n_tiles,
            total,
        )
        if psnr is not None:
            error = assigned.psnr
            level = -error / (20 * log10(2))
        else:
            drawn = None
            if assigned.answers is not None:
                drawn = learned.palette.drawn(pixels.dtype)[assigned.answers - 1]
            distinct = learner.survey.distinct
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
        learner.survey,
        learner.seconds,
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
    palette = learned.palette
    counted = Palette(
        palette.colors, assigned.counts, palette.names, palette.color_space
    )
    return Quantization(counted, assigned.labels, assigned.image, report)
