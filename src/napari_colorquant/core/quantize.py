"""The three steps in a row: learn a palette, assign every pixel, redraw."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.assign import Assigned, assign_steps
from napari_colorquant.core.distinct import distinct_colors
from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.palette import Palette, sort_dark_to_light
from napari_colorquant.core.parameters import DEFAULTS, Parameters
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.report import Report, warn_of
from napari_colorquant.core.sample import draw_sample
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
    n_colors: int = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
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
    n_colors : int
        Number K of palette entries, 2 to 65,535. An image that has no more
        colours than that keeps them all, without loss.
    method : {"kmeans", "random"}
        k-means on a sample, or a codebook of distinct colours picked at random.
    n_samples : int or None
        Number of pixels to learn from; None learns from every pixel.
    color_space : {"rgb"}
        Space in which colours are compared: the channels as they are.
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
        If the image has fewer colours than were asked for.

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
        n_samples=n_samples,
        color_space=color_space,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask)
    result = run(quantize_steps(pixels, parameters), progress)
    warn_of(result.report.notes)
    return result


def fit_palette(
    image: ArrayLike,
    n_colors: int = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
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
    n_colors : int
        See :func:`quantize`.
    method : {"kmeans", "random"}
        See :func:`quantize`.
    n_samples : int or None
        See :func:`quantize`.
    color_space : {"rgb"}
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
        If the image has fewer colours than were asked for.
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        n_samples=n_samples,
        color_space=color_space,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask)
    learned = run(_learn_steps(pixels, parameters), progress)
    warn_of(learned.notes)
    return learned.palette


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
        Colours in the image's units, one column a channel.
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
        After each piece of work, ``2 * len(pixels.tiles()) + 1`` times.

    Returns
    -------
    Quantization
        The result.

    Raises
    ------
    ValueError
        If no pixel is valid.
    """
    n_tiles = len(pixels.tiles())
    total = 2 * n_tiles + 1
    learned = yield from part_of(_learn_steps(pixels, parameters), 0, total)
    assigned = yield from part_of(
        assign_steps(pixels, learned.palette, learned.survey), n_tiles + 1, total
    )
    return _result(pixels, learned, assigned, parameters)


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
    n_tiles = len(pixels.tiles())
    total = 2 * n_tiles
    start = perf_counter()
    survey = yield from part_of(survey_steps(pixels), 0, total)
    seconds = {"survey": perf_counter() - start}
    learned = _Learned(palette, survey, 0, seconds, ())
    assigned = yield from part_of(assign_steps(pixels, palette, survey), n_tiles, total)
    return _result(pixels, learned, assigned, None)


class _Learned(NamedTuple):
    palette: Palette
    survey: Survey
    n_sampled: int
    seconds: dict[str, float]
    notes: tuple[str, ...]


def _learn_steps(pixels: Pixels, parameters: Parameters) -> Steps[_Learned]:
    n_tiles = len(pixels.tiles())
    start = perf_counter()
    survey = yield from part_of(survey_steps(pixels), 0, n_tiles + 1)
    surveyed = perf_counter()
    notes: tuple[str, ...] = ()
    if survey.n_colors_is_exact and survey.n_colors <= parameters.n_colors:
        colors, _ = distinct_colors(pixels)
        n_sampled = survey.n_pixels
        if len(colors) < parameters.n_colors:
            noun = "color" if len(colors) == 1 else "colors"
            notes = (
                f"The image has only {len(colors)} {noun}: all are kept, instead of "
                f"the {parameters.n_colors} that were asked for.",
            )
    else:
        sample = draw_sample(
            pixels,
            survey.valid_counts,
            parameters.n_samples,
            parameters.n_colors,
            survey.magnitude,
            parameters.random_state,
        )
        n_sampled = sample.n_pixels
        learn = METHODS[parameters.method]
        colors = learn(sample, parameters.n_colors, parameters.random_state)
    seconds = {"survey": surveyed - start, "learn": perf_counter() - surveyed}
    palette = Palette(sort_dark_to_light(colors))
    yield Progress("learn", n_tiles + 1, n_tiles + 1)
    return _Learned(palette, survey, n_sampled, seconds, notes)


def _result(
    pixels: Pixels,
    learned: _Learned,
    assigned: Assigned,
    parameters: Parameters | None,
) -> Quantization:
    survey = learned.survey
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
        seconds={**learned.seconds, "assign": assigned.seconds},
        notes=learned.notes,
        version=version("napari-colorquant"),
    )
    palette = Palette(learned.palette.colors, assigned.counts, learned.palette.names)
    return Quantization(palette, assigned.labels, assigned.image, report)
