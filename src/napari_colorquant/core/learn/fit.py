"""Look at an image once, and learn palettes of any size from it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.background import OTSU, limits_for
from napari_colorquant.core.color.distance import nearest_of
from napari_colorquant.core.color.distinct import distinct_colors
from napari_colorquant.core.color.sample import Sample, draw_sample
from napari_colorquant.core.color.spaces import ColorSpace, dark_to_light, space_of
from napari_colorquant.core.color.stains import Rows, Stains, are_alike
from napari_colorquant.core.color.statistics import Statistics, statistics_of
from napari_colorquant.core.color.votes import Votes, votes_of
from napari_colorquant.core.color.weighted_colors import (
    WeightedColors,
    common_scale,
    weigh_colors,
    weigh_sample,
)
from napari_colorquant.core.compute.executor import n_cores
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.found.background import otsu_limits
from napari_colorquant.core.found.tissue import stains_in
from napari_colorquant.core.image.pixels import set_background
from napari_colorquant.core.image.sampling import error_of_learning
from napari_colorquant.core.learn.lloyd import (
    FINE_OVERSHOOT,
    LARGE_OVERSHOOT,
    MOMENTUM,
    Clusters,
    lloyd,
)
from napari_colorquant.core.learn.methods import METHODS, FitTask, Start, with_fixed
from napari_colorquant.core.learn.refine import refine
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.white import find_white, in_units_of
from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.tree import PointTree
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters

_MANY_POINTS = 2**18
"""Above, a Lloyd iteration takes long, and those over small cells do nearly as well."""
_RARE_TOO = 2**17
"""Pixels to start from at least where rare colours count: one in a thousand is there a
hundred times."""
_NEARLY_ALL = 2**16
"""Cells that stand for so many points: those of 6 bits a channel, of most pictures."""


class FitResult(NamedTuple):
    """Hold a palette, and how it was learned.

    n_sampled: pixels that it was learned from; notes: what the user should know;
    n_steps: Lloyd's iterations after the start, over distinct colours or a sample.
    """

    palette: Palette
    n_sampled: int
    seconds: float
    notes: tuple[str, ...]
    n_steps: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Hold an image whose statistics are known, ready to learn from.

    pixels: masked to what is learned from; points: all colours, if they are counted and
    refined over; votes: what pixels count, None for 1; is_whole: True where there is no
    learn mask.
    """

    pixels: Pixels
    parameters: Parameters
    statistics: Statistics
    space: ColorSpace
    points: WeightedColors | None
    votes: Votes | None
    fixed: NDArray[np.float64]
    seconds: float
    is_whole: bool

    def learn(self, n_colors: int, monitor: Monitor) -> FitResult:
        """Learn a palette of K colours, or of all where the image has no more."""
        start = perf_counter()
        few = self._few_colors(n_colors)
        notes: tuple[str, ...] = ()
        n_steps = 0
        if few is not None:
            colors, n_sampled = few, self.statistics.n_pixels
            if len(colors) < n_colors:
                noun = "color" if self.statistics.n_colors == 1 else "colors"
                what = "sample" if self.pixels.is_subset else "image"
                where = "The" if self.is_whole else "Where it learns, the"
                notes = (
                    f"{where} {what} has only {self.statistics.n_colors} {noun}: all "
                    f"are kept, instead of the {n_colors} that were asked for.",
                )
        else:
            task = FitTask(n_colors, self.fixed, self.parameters.random_state)
            method = METHODS[self.parameters.method]
            if self.parameters.refine and method.start is not None:
                n_sampled = self.statistics.n_pixels
                colors, n_steps = self._refined(method.start, task, monitor)
            else:
                sample = self._sample(n_colors)
                n_sampled = sample.n_pixels
                colors = method.learn(sample.voted(self.votes), self.space, task)
        palette = self._palette(colors)
        monitor("learn", 1.0)
        seconds = perf_counter() - start
        found = (len(palette), n_sampled, seconds)
        LOGGER.info("learned %d colors from %d pixels in %.2f s", *found)
        return FitResult(palette, n_sampled, seconds, notes, n_steps)

    def remembered(self, palette: Palette) -> Palette:
        """Return a palette that was learned here with how far pixels are from it."""
        known = (self.pixels, self.statistics, self.space, palette.colors)
        return as_learned(palette, *nearest_of(*known))

    def _few_colors(self, n_colors: int) -> NDArray[np.float64] | None:
        """Return all colours and the fixed ones if they are at most K, else None."""
        statistics = self.statistics
        if not statistics.n_colors_is_exact or statistics.n_colors > n_colors:
            return None
        if statistics.distinct is not None:
            colors = statistics.distinct.colors()
        else:
            colors, _ = distinct_colors(self.pixels)
        if len(self.fixed):
            known = (colors[:, np.newaxis] == self.fixed).all(axis=2).any(axis=1)
            colors = np.concatenate([self.fixed, colors[~known]])
        return colors if len(colors) <= n_colors else None

    def _sample(self, n_colors: int) -> Sample:
        n_free = min(n_colors, self.statistics.n_colors)
        n_samples = self.parameters.n_samples
        if n_samples is not None and self.votes is not None and self.parameters.refine:
            n_samples = max(n_samples, _RARE_TOO)
        return draw_sample(
            self.pixels,
            self.statistics,
            n_samples,
            n_free,
            self.parameters.random_state,
        )

    def _refined(
        self, start: Start, task: FitTask, monitor: Monitor
    ) -> tuple[NDArray[np.float64], int]:
        """Return colours learned from all pixels, and the steps after the start."""
        monitor("learn", 0.0)
        points = self.points
        everywhere = points is not None
        if points is None:
            sample = self._sample(task.n_colors)
            everywhere = sample.weights is not None
            scale = common_scale(self.space, self.statistics.magnitude, self.fixed)
            points = weigh_sample(sample.voted(self.votes), self.space, scale)
        centroids = start(points, task, monitor)
        clusters = _polish(points.tree, centroids, task, monitor)
        if everywhere:
            scaled = points.scaled(clusters.centroids)
            return self._colors(scaled, points.scale, task), clusters.n_steps
        refined = refine(
            self.pixels,
            self.space,
            points.scale,
            self.statistics,
            points.scaled(clusters.centroids),
            monitor,
            n_fixed=len(task.fixed),
            error=clusters.error / float(clusters.sizes.sum()) / points.zoom**2,
            tolerance=1e-3,
            votes=self.votes,
        )
        return self._colors(refined, points.scale, task), clusters.n_steps

    def _colors(
        self, scaled: NDArray[np.float64], scale: float, task: FitTask
    ) -> NDArray[np.float64]:
        colors = self.space.backward(scaled / scale)
        # Rounding may carry a mean beyond its colours by a last bit: at the end of
        # float64's range, to infinity.
        within = np.clip(colors, self.statistics.lows, self.statistics.highs)
        return with_fixed(within, task)

    def _palette(self, colors: NDArray[np.float64]) -> Palette:
        """Return a palette with what fixed entries have; sorted unless all are."""
        fixed, names, classes = self.parameters.fixed, None, None
        if fixed is not None:
            new = [""] * (len(colors) - len(fixed))
            names = fixed.names and [*fixed.names, *new]
            classes = fixed.classes and [*fixed.classes, *new]
        palette = Palette(
            colors,
            names=names,
            color_space=self.parameters.color_space,
            weights=self.parameters.weights,
            stains=full_stains(self.parameters),
            background=self.pixels.background,
            units=self.pixels.dtype.name,
            locked=() if fixed is None else fixed.locked,
            white=self.pixels.white,
            classes=classes,
        )
        if fixed is not None and len(colors) == len(fixed):
            return palette  # nothing was learned: a legend keeps its numbers
        return palette.select(dark_to_light(colors).tolist())


def as_learned(
    palette: Palette, distance: float | None, shares: NDArray[np.float64]
) -> Palette:
    """Return a palette with what is known of where it was learned; shares: (K,).

    Shares are rounded to four digits, which is enough to tell whether an entry is rare.
    """
    rounded = tuple(float(f"{share:.4g}") for share in shares.tolist())
    return replace(palette, learned_distance=distance, learned_shares=rounded)


def prepare(pixels: Pixels, parameters: Parameters, monitor: Monitor) -> Fit:
    """Return a Fit of an image, with the statistics of what is inside its learn mask.

    Raise ValueError if no pixel is valid, or the space or the fixed entries do not fit.
    """
    start = perf_counter()
    space, fixed = what_to_learn(pixels, parameters)
    learned = pixels.learned
    looking = monitor.part(0.0, 1.0 if parameters.balance == 0 else 0.5)
    try:
        statistics = statistics_of(learned, looking)
    except ValueError as error:
        if learned is pixels:
            raise
        raise error_of_learning(error) from None
    given = (learned, statistics, parameters.balance)
    votes = votes_of(*given, monitor.part(0.5, 1.0))
    points = None
    if (
        statistics.distinct is not None
        and parameters.refine
        and METHODS[parameters.method].start is not None
    ):
        scale = common_scale(space, statistics.magnitude, fixed)
        points = weigh_colors(statistics.distinct, space, scale, votes)
    seconds = perf_counter() - start
    known = (learned, parameters, statistics, space, points, votes, fixed, seconds)
    return Fit(*known, is_whole=learned is pixels)


def what_to_learn(
    pixels: Pixels, parameters: Parameters
) -> tuple[ColorSpace, NDArray[np.float64]]:
    """Return the colour space and the fixed entries, (F, C), before any pixel is read.

    Raise ValueError if the space needs other channels, or the fixed entries have others
    or are of another space.
    """
    space = space_of(
        parameters.color_space, pixels, parameters.weights, full_stains(parameters)
    )
    limits_for(parameters.background, pixels.n_channels)  # or an error
    if parameters.fixed is None:
        return space, np.empty((0, pixels.n_channels))
    own = parameters.fixed.color_space
    if own not in ("rgb", space.name):  # "rgb" is also what says nothing of a space
        raise ValueError(
            Sentence(
                "the fixed palette is of {own}: pass {setting}.",
                own=own,
                setting=Sentence("{color_space:=" + repr(own) + "}"),
            )
        )
    weights = parameters.fixed.weights
    if weights not in (None, parameters.weights):  # None, too, says nothing
        raise ValueError(
            Sentence(
                "the fixed palette has weights of its channels: pass {setting}.",
                setting=Sentence("{weights:=" + repr([*weights]) + "}"),
            )
        )
    if not are_alike(parameters.fixed.stains, full_stains(parameters)):
        raise ValueError(
            Sentence(
                "the fixed palette is of the stains of a slide: pass these as {stains} "
                "and {stain_scale}, or colors alone."
            )
        )
    n_channels = parameters.fixed.n_channels
    if n_channels != pixels.n_channels:
        noun = "channel" if n_channels == 1 else "channels"
        raise ValueError(
            f"the fixed colors have {n_channels} {noun} and the image "
            f"{pixels.n_channels}: pass colors of the image's channels."
        )
    return space, parameters.fixed.colors


def full_stains(parameters: Parameters) -> Rows | None:
    """Return the stains of a run at full staining; None while they are not known."""
    if parameters.stains is None or parameters.stain_scale is None:
        return None
    vectors: Any = parameters.stains
    return Stains.of(vectors, parameters.stain_scale).full


def _polish(
    tree: PointTree, centroids: NDArray[np.float64], task: FitTask, monitor: Monitor
) -> Clusters:
    """Iterate over all points; if they are many, first over cells of them."""
    tolerance, max_steps = (1e-4 if task.n_colors <= 128 else 3e-4), 40
    n_before = 0
    is_large = len(tree.points) > _MANY_POINTS
    with ThreadPoolExecutor(n_cores()) as pool:
        iterate = partial(
            lloyd,
            tree,
            n_fixed=len(task.fixed),
            overshoot=LARGE_OVERSHOOT if is_large else FINE_OVERSHOOT,
            momentum=MOMENTUM if is_large else 0.0,
            pool=pool,
        )
        if is_large:
            depth = tree.level_for(task.n_colors, _NEARLY_ALL)
            nearly = iterate(
                depth, centroids, monitor, tolerance=tolerance, max_steps=max_steps
            )
            centroids, tolerance, max_steps = nearly.centroids, 1e-4, 5
            n_before = nearly.n_steps
        clusters = iterate(
            tree.n_levels, centroids, monitor, tolerance=tolerance, max_steps=max_steps
        )
    return clusters._replace(n_steps=n_before + clusters.n_steps)


def fitted(
    pixels: Pixels, parameters: Parameters
) -> tuple[Pixels, Parameters, tuple[str, ...]]:
    """Return an image with its white, a run with fixed colours in its units, notes.

    The run has the stains of the image, too, where it compares in them, and the limits
    of its background, which the image has as well. Raises ValueError as `find_white`,
    `in_units_of` and `stains_in`, or if the fixed palette has other limits.
    """
    fixed = parameters.fixed
    pixels, notes = find_white(pixels, fixed)
    if fixed is not None:
        own = in_units_of(fixed, pixels, "fixed palette")
        if own is not fixed:
            parameters = replace(parameters, fixed=own)
    if parameters.color_space == "stains" and full_stains(parameters) is None:
        given: Any = (parameters.stains, parameters.stain_scale)
        found, more = stains_in(pixels, *given)
        vectors, scale = found.vectors.tolist(), found.scales.tolist()
        parameters = replace(parameters, stains=vectors, stain_scale=scale)
        notes += more
    if parameters.background == OTSU:
        parameters = replace(parameters, background=otsu_limits(pixels))
    limits = limits_for(parameters.background, pixels.n_channels)
    pixels = set_background(pixels, limits)
    if limits is not None:
        parameters = replace(parameters, background=pixels.background)
    refuse_other_background(parameters.fixed, pixels.background)
    return pixels, parameters, notes


def refuse_other_background(
    fixed: Palette | None, limits: tuple[float, ...] | None
) -> None:
    """Raise ValueError if a fixed palette has a background with other limits."""
    if fixed is not None and fixed.background not in (None, limits):
        raise ValueError(
            Sentence(
                "the fixed palette has a background: pass {setting}, or colors alone.",
                setting=Sentence("{background:=" + repr([*fixed.background]) + "}"),
            )
        )


def fit(pixels: Pixels, parameters: Parameters, monitor: Monitor) -> FitResult:
    """Learn a palette of a given number of colours."""
    what_to_learn(pixels, parameters)
    pixels, parameters, notes = fitted(pixels, parameters)
    learner = prepare(pixels, parameters, monitor.part(0.0, 0.5))
    learned = learner.learn(int(parameters.n_colors), monitor.part(0.5, 1.0))
    palette = learner.remembered(learned.palette)
    return learned._replace(palette=palette, notes=(*notes, *learned.notes))
