"""How many colours? The error of the palettes of an image, from 2 colours on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import log10
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.assign.code_table import tally_colors
from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.assign.redraw import drawn_labels
from napari_colorquant.core.assign.search import box_in, coordinates_in, search_for
from napari_colorquant.core.color.sample import draw_sample
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.weighted_colors import (
    common_scale,
    scaled_entries,
    weigh_sample,
)
from napari_colorquant.core.compute.arguments import sequence, shown, whole_number
from napari_colorquant.core.compute.executor import map_chunks
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.image import Image, see_image
from napari_colorquant.core.image.sampling import read_first
from napari_colorquant.core.learn.fit import (
    Fit,
    fitted,
    prepare,
    what_to_learn,
)
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import label_dtype
from napari_colorquant.core.palette.white import with_white
from napari_colorquant.core.quality.curve import Curve, CurvePoint
from napari_colorquant.core.quality.quality import psnr
from napari_colorquant.core.quantization.classes import (
    MOST_CLASSES,
    silhouette_over,
    suggest_classes,
)
from napari_colorquant.formats.palette_data import MAX_COLORS

if TYPE_CHECKING:
    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.palette.palette import Palette

MOST_COLORS = 64
"""Where a curve ends by default: more are seldom chosen by looking at it."""
SAMPLE_PIXELS = 2**18
"""Pixels that are looked at where colours are not counted."""
_EVERY_NUMBER = 16
"""Up to here every number of colours is tried; between that and twice that every second
one, up to twice that every fourth: 31 up to 64, which takes a second or two."""
_CLEAR_BEND = 0.2
"""Of the gain in dB: photographs are less than 0.13 beyond the chord, images of up to a
dozen noisy colours 0.25 to 0.6."""
_ROUNDING_PSNR = 20 * log10(255) + 10 * log10(12)
"""PSNR in dB, 58.9, of what rounding to 8 bits leaves (one twelfth of a squared level):
what no error counts as."""


Found = Callable[[CurvePoint], object]
"""What is given each point as soon as it is found."""
_Measure = Callable[["Palette"], tuple[float, float]]


def error_curve(
    image: ArrayLike,
    *,
    max_colors: int = MOST_COLORS,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    weights: Sequence[float] | None = DEFAULTS.weights,
    stains: ArrayLike | None = DEFAULTS.stains,
    stain_scale: Sequence[float] | None = DEFAULTS.stain_scale,
    background: str | float | Sequence[float] | None = DEFAULTS.background,
    balance: float = DEFAULTS.balance,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Curve:
    """Measure the error of the palettes of an image, to choose the number of colours.

    Parameters
    ----------
    image : array_like
        See :func:`~napari_colorquant.quantize`. Of an image larger than memory, the
        errors are those of the pixels that are read to learn from.
    max_colors : int
        Largest palette, 2 to 65,535. Not every number between is tried: all to 16,
        every second one to 32, every fourth to 64, and so on. An image with fewer
        colours ends the curve at their number.
    method : {"kmeans", "wu", "random"}
        See :func:`~napari_colorquant.quantize`.
    refine : bool
        See :func:`~napari_colorquant.quantize`.
    n_samples : int or None
        See :func:`~napari_colorquant.quantize`.
    color_space : {"rgb", "lab", "ab", "oklab", "hed", "stains"}
        See :func:`~napari_colorquant.quantize`. The error is one of the channels as
        they are all the same.
    weights : sequence of float, optional
        See :func:`~napari_colorquant.quantize`.
    stains : array_like, shape (2, 3) or (3, 3), optional
        See :func:`~napari_colorquant.quantize`.
    stain_scale : sequence of float, optional
        See :func:`~napari_colorquant.quantize`.
    background : "otsu", float or sequence of float, optional
        See :func:`~napari_colorquant.quantize`, except for a region.
    balance : float
        See :func:`~napari_colorquant.quantize`.
    channel_axis : int or None
        See :func:`~napari_colorquant.quantize`.
    mask : array_like of bool, optional
        See :func:`~napari_colorquant.quantize`.
    data_range : float, optional
        See :func:`~napari_colorquant.quantize`.
    random_state : int
        See :func:`~napari_colorquant.quantize`.
    progress : callable, optional
        See :func:`~napari_colorquant.quantize`.

    Returns
    -------
    Curve
        The points and the suggested numbers of colours. For 8-bit images of up to three
        channels and 16-bit ones of one, the errors are those of
        :func:`~napari_colorquant.quantize`; for others, palettes are refined and
        measured over 262,144 pixels drawn at random.

    Raises
    ------
    TypeError
        As :func:`~napari_colorquant.quantize`.
    ValueError
        As :func:`~napari_colorquant.quantize`.

    Examples
    --------
    >>> curve = error_curve(image)
    >>> q = quantize(image, curve.elbow)
    """
    monitor = Monitor(progress)
    max_colors = whole_number(max_colors, "max_colors")
    if not 2 <= max_colors <= MAX_COLORS:
        raise ValueError(
            f"max_colors is {max_colors}: pass a number from 2 to {MAX_COLORS:,}."
        )
    parameters = Parameters(
        n_colors=max_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        stains=stains,
        stain_scale=stain_scale,
        background=background,
        balance=balance,
        random_state=random_state,
    )
    with monitor:
        seen = with_white(see_image(image, channel_axis, mask), data_range)
        return curve_of(seen, parameters, _ignore, monitor, max_colors=max_colors)


def _ignore(_point: CurvePoint) -> None:
    pass


def curve_of(
    image: Image,
    parameters: Parameters,
    found: Found,
    monitor: Monitor,
    *,
    max_colors: int = MOST_COLORS,
) -> Curve:
    """Give found each point when it is found; return the curve, sorted.

    Where colours are counted, errors are those of runs; else palettes are refined and
    measured over SAMPLE_PIXELS, or all distinct colours if those have too few. Raise
    ValueError for unusable parameters before any block of a lazy image is read.
    """
    what_to_learn(image.outline, parameters)
    subset, monitor = read_first(image, parameters.random_state, monitor)
    pixels = subset.pixels
    n_tiles = len(pixels.tiles())
    n_numbers = len(numbers_to_try(2, max_colors))
    share = n_tiles / (n_tiles + n_numbers)  # of the survey
    n_fixed = 0 if parameters.fixed is None else len(parameters.fixed)
    if n_fixed > max_colors:
        raise ValueError(
            f"there are {n_fixed:,} fixed colors and the curve ends at {max_colors:,}: "
            "pass at least as many colors as fixed ones."
        )
    pixels, parameters, _ = fitted(pixels, parameters)
    learner = prepare(pixels, parameters, monitor.part(0.0, share))
    most = max_colors
    if learner.statistics.n_colors_is_exact:
        most = min(most, learner.statistics.n_colors + n_fixed)
    numbers = numbers_to_try(min(max(2, n_fixed), most), most)
    if learner.statistics.distinct is not None:
        measure = _over_all_colors(learner, learner.statistics.distinct)
    else:
        learner, measure = _over_a_sample(learner, most)

    silhouette, silhouettes = silhouette_over(learner), dict[int, float]()
    points: dict[int, CurvePoint] = {}
    for i, n_colors in enumerate(numbers):
        if n_colors > most:
            continue
        before = share + (1 - share) * i / len(numbers)
        learning = monitor.part(before, before)
        palette = learner.learn(n_colors, learning).palette
        if len(palette) < n_colors:  # it is without error: more would be the same
            most = len(palette)
        if len(palette) not in points:
            point = CurvePoint(len(palette), *measure(palette))
            points[point.n_colors] = point
            if point.n_colors <= max(MOST_CLASSES, numbers[0]):
                silhouettes[point.n_colors] = silhouette(palette)
            found(point)
    monitor("learn", 1.0)
    in_order = tuple(points[n] for n in sorted(points))
    return Curve(in_order, suggest_elbow(in_order), suggest_classes(silhouettes))


def suggest_elbow(points: Sequence[CurvePoint]) -> int:
    """Suggest a number of colours: the one beyond which more gain little.

    That of Kneedle (Satopää, Albrecht, Irwin and Raghavan, 2011,
    doi:10.1109/ICDCSW.2011.20), without its smoothing: both axes are normalised to 0
    to 1, and the elbow is where the curve is farthest beyond the chord between its
    ends. The error is taken in dB, as there each colour counts by what part of the
    error it removes; the squared error itself falls so steeply with the first few that
    its elbow is at about 10 whatever the image.

    Against the logarithm of the number of colours, the curve of an image with colours
    everywhere is a straight line, nearly (Gersho and Gray, 1991, "Vector quantization
    and signal compression"). Where it bends clearly, by a fifth of the gain and more,
    the image has colours that are well apart, three stains, say, and the bend is at
    their number. Else, as in a photograph, no number is the true one, and the elbow is
    that against the number itself, as it is seen on a plot: 12 to 20 of 64, mostly.

    Parameters
    ----------
    points : sequence of CurvePoint
        In ascending order of their number of colours; one or more. PSNR counts from
        0 dB to that of rounding to 8 bits, 58.9 dB, or as far as finite ones go.

    Returns
    -------
    int
        The number of colours of one of the points; the last one where the gain does
        not slacken before it, the first one where there is no gain.

    Raises
    ------
    TypeError
        If these are no points of a curve.
    ValueError
        If there are no points.
    """
    for point in sequence(points, "points", "the points of a curve"):
        if not isinstance(point, CurvePoint):
            raise TypeError(f"a point is {shown(point)}: pass the points of a curve.")
    if len(points) == 0:
        raise ValueError("a curve without points has no elbow: pass at least one.")
    numbers = np.array([point.n_colors for point in points], np.float64)
    decibels = np.array([point.psnr for point in points])
    finite = decibels[np.isfinite(decibels)]
    decibels = np.clip(
        decibels, finite.min(initial=0.0), finite.max(initial=_ROUNDING_PSNR)
    )
    if decibels[-1] <= decibels[0]:
        return points[0].n_colors
    beyond = _beyond_chord(np.log(numbers), decibels)
    if beyond.max() < _CLEAR_BEND:
        beyond = _beyond_chord(numbers, decibels)
    farthest = int(beyond.argmax())
    return points[farthest if beyond[farthest] > 0 else -1].n_colors


def _beyond_chord(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far a curve is above the chord between its ends, both from 0 to 1."""
    x, y = ((axis - axis[0]) / (axis[-1] - axis[0]) for axis in (x, y))
    return y - x


def numbers_to_try(first: int, last: int) -> list[int]:
    """Return numbers of colours, coarse to fine; first is at least 1.

    The ends and the powers of two between come first, ascending; then the others: those
    that halve the gaps before those that quarter them.
    """

    def step(n: int) -> int:
        octaves = (n - 1).bit_length() - (_EVERY_NUMBER - 1).bit_length()
        return 1 << max(0, octaves)

    numbers = {n for n in range(first, last + 1) if n % step(n) == 0} | {first, last}
    at_first = {n for n in numbers if n & (n - 1) == 0} | {first, last}
    return sorted(at_first) + sorted(numbers - at_first, key=lambda n: (-(n & -n), n))


def _over_all_colors(learner: Fit, distinct: DistinctColors) -> _Measure:
    """Return a function that measures a palette over the colours of an image."""
    pixels, statistics = learner.pixels, learner.statistics

    def measure(palette: Palette) -> tuple[float, float]:
        color_map = ColorMap.of(palette, pixels, statistics)
        labels = color_map.label_colors(distinct, learner.points)
        _, error = tally_colors(distinct, labels, drawn_labels(palette, pixels))
        mse = error / statistics.n_pixels
        return mse, psnr(mse / pixels.n_channels, statistics.scaled_range(1.0))

    return measure


def _over_a_sample(learner: Fit, most: int) -> tuple[Fit, _Measure]:
    """Return a learner that refines over a sample, if at all, and a measure over it."""
    pixels, parameters = learner.pixels, learner.parameters
    statistics, space = learner.statistics, learner.space
    n_colors = min(most, statistics.n_colors)
    sample = draw_sample(
        pixels, statistics, SAMPLE_PIXELS, n_colors, parameters.random_state
    )
    scale = common_scale(space, statistics.magnitude, learner.fixed)
    if parameters.refine and METHODS[parameters.method].start is not None:
        voted = sample.voted(learner.votes)
        learner = replace(learner, points=weigh_sample(voted, space, scale))
    coordinates = coordinates_in(space, sample.colors, None)
    box = box_in(space, statistics.lows, statistics.highs)
    unit = power_of_two_scale(statistics.magnitude)
    weights = np.ones(len(coordinates)) if sample.weights is None else sample.weights

    def measure(palette: Palette) -> tuple[float, float]:
        scale = common_scale(space, statistics.magnitude, palette.colors)
        entries = scaled_entries(space, palette.colors, scale)
        search = search_for(entries, scale, box, statistics.n_pixels)
        drawn = drawn_labels(palette, pixels).astype(np.float64) * unit

        def part(start: int, end: int) -> float:
            rows = slice(start, end)
            labels = np.empty(end - start, label_dtype(len(palette)))
            search(coordinates[rows], None, labels)
            steps = sample.colors[rows] * unit - drawn[labels]
            return float(np.einsum("ij,ij,i", steps, steps, weights[rows]))

        scaled_mse = sum(map_chunks(part, len(coordinates), 2**16)) / sample.n_pixels
        return (
            scaled_mse / unit / unit,
            psnr(scaled_mse / pixels.n_channels, statistics.scaled_range(unit)),
        )

    return learner, measure
