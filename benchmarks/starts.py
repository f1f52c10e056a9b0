"""Ways to learn a palette: error against time, each with the same engine.

python benchmarks/starts.py [--images FOLDER] [--colors 4 16 64 256] [--repeats 5]
    [--enlarge N]

What the defaults were chosen from, see docs/learning.md. A start is where the final
Lloyd iterations over every colour begin. Each is run as a method of the package, in
turn for every picture, number of colours and repeat. A cell holds the mean MSE, the
geometric mean of its ratio to the default with the largest in brackets, and the time
to learn: the median over the repeats, then over the pictures. MSE is the mean over
pixels of the squared error, summed over red, green and blue, of the picture in 8 bits.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path
from statistics import fmean, geometric_mean, median
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import machine
import numpy as np
import pictures
import report
import swaps
from cells import cells_of

from napari_colorquant import quantize
from napari_colorquant.core.color.sample import Sample
from napari_colorquant.core.color.tree import cluster
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn import methods as learn
from napari_colorquant.core.learn.fit import prepare
from napari_colorquant.core.learn.init import divide, kmeans_plus_plus
from napari_colorquant.core.learn.lloyd import COARSE_OVERSHOOT, FINE_OVERSHOOT, lloyd
from napari_colorquant.core.learn.methods import METHODS, Method
from napari_colorquant.core.learn.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

N_CELLS = 2**13
"""Most cells that stand for the colours of a picture in a start."""
REST = 0.02
"""Seconds between two runs: the threads of the one before have gone to sleep."""


class Figures(NamedTuple):
    """What one way to learn gave on one picture."""

    mse: float
    seconds: float


def from_sample(n_samples):
    """Start from scikit-learn's k-means of a few pixels."""

    def start(points, task, monitor):
        colors, pixels = points.tree.points, points.tree.weights
        random = np.random.RandomState(task.random_state)
        drawn = random.choice(len(colors), n_samples, p=pixels / pixels.sum())
        sample = Sample(points.backward(colors[drawn]), None, 255.0)
        return points.forward(learn.kmeans(sample, points.space, task))

    return start


def from_kmeans_plus_plus(n_starts):
    """Start from k-means++ among the cells of colour space.

    Of several, after a few iterations, the one with the least error.
    """

    def start(points, task, monitor):
        tree, n_colors = points.tree, task.n_colors
        depth = tree.level_for(n_colors, N_CELLS)
        level, none = tree.level(depth), points.forward(task.fixed)
        random = np.random.RandomState(task.random_state)
        starts = (
            kmeans_plus_plus(*level, none, n_colors, random) for _ in range(n_starts)
        )
        if n_starts == 1:
            return next(starts)
        ends = []
        for centroids in starts:
            clusters = lloyd(
                tree,
                depth,
                centroids,
                monitor,
                n_fixed=0,
                tolerance=1e-3,
                max_steps=10,
                overshoot=COARSE_OVERSHOOT,
            )
            ends.append(clusters)
        return min(ends, key=lambda clusters: clusters.error).centroids

    return start


def breathing(n_few):
    """Start as the default does, which takes up to `n_few` colours for few."""

    def start(points, task, monitor):
        with patch.object(learn, "_FEW_COLORS", n_few):
            return learn.best_start(points, task, monitor)

    return start


def from_all_colors(n_starts):
    """Start where the best of several k-means++ on all colours ends: the reference."""

    def start(points, task, monitor):
        tree, none = points.tree, points.forward(task.fixed)
        ends = []
        for seed in range(n_starts):
            random = np.random.RandomState(task.random_state + seed)
            begin = kmeans_plus_plus(
                tree.points, tree.weights, none, task.n_colors, random
            )
            ends.append(
                lloyd(
                    tree,
                    tree.n_levels,
                    begin,
                    monitor,
                    n_fixed=0,
                    tolerance=1e-6,
                    max_steps=400,
                    overshoot=FINE_OVERSHOOT,
                )
            )
        return min(ends, key=lambda clusters: clusters.error).centroids

    return start


def swapping(points, task, monitor):
    """Start from Wu's quantizer, and swap one centroid after another: see swaps.py."""
    n_colors, fixed = task.n_colors, points.forward(task.fixed)
    n_cells = min(max(2**11, 64 * n_colors), max(2**13, 8 * n_colors))
    cells = cells_of(points.tree, n_cells)
    means = np.ascontiguousarray(cells.columns.T, np.float64)
    if len(fixed):
        random = np.random.RandomState(task.random_state)
        begin = kmeans_plus_plus(means, cells.weights, fixed, n_colors, random)
    else:
        begin = divide(means, cells.weights, n_colors)
    return swaps.swap(
        cells,
        begin,
        monitor,
        n_fixed=len(fixed),
        n_trials=min(64, 2**12 // n_colors),
        n_failures=12,
    )


DEFAULT = "the default"
ALONE = {"refine": False}
WAYS = {
    "k-means of 1,000 pixels alone": {"n_samples": 1_000, **ALONE},
    "k-means of 10,000 pixels alone": ALONE,
    "k-means of 1,000 pixels": from_sample(1_000),
    "k-means of 10,000 pixels": from_sample(10_000),
    "k-means++": from_kmeans_plus_plus(1),
    "k-means++, best of 10": from_kmeans_plus_plus(10),
    "Wu of 10,000 pixels alone": {"method": "wu", **ALONE},
    "Wu alone": {"method": "wu", "n_samples": None, **ALONE},
    "Wu": {"method": "wu"},
    "Wu, breathing": breathing(0),
    "Wu and 4 k-means++, breathing": breathing(2**16),
    DEFAULT: {},
}
"""Keywords of `quantize`, or a start; with "alone", there are no final iterations."""
TRIALS = {
    "k-means++ on all colours, best of 10": from_all_colors(10),
    "Wu, swaps": swapping,
}
"""Ways that take part with --trials: a reference that is slow, and what may replace
breathing once no picture is worse by it."""


def register_starts():
    """Make a method of each start; return the keywords of every way."""
    named = {}
    for name, way in WAYS.items():
        named[name] = way
        if callable(way):
            METHODS[name] = Method(learn.kmeans, way)
            named[name] = {"method": name}
    return named


def measure(
    images: Mapping[str, NDArray[np.uint8]], n_colors: int, repeats: int
) -> dict[str, list[Figures]]:
    """Run all ways in turn; return the figures of each, one a picture."""
    ways = register_starts()
    figures = defaultdict(list)
    for name, image in images.items():
        machine.note(f"K={n_colors}, {name}")
        errors, times = {}, defaultdict(list)
        for _ in range(repeats):
            for way, keywords in ways.items():
                time.sleep(REST)
                told = quantize(image, n_colors, **keywords).report
                errors[way] = told.mse
                times[way].append(told.seconds["survey"] + told.seconds["learn"])
        for way in ways:
            figures[way].append(Figures(errors[way], median(times[way])))
    return figures


def measure_steps(
    images: Mapping[str, NDArray[np.uint8]], n_colors: int, repeats: int
) -> tuple[float, float]:
    """Time the histogram with its tree, and one Lloyd iteration over every colour."""
    survey, iteration = [], []
    for image in images.values():
        centroids = quantize(image, n_colors, method="wu").palette.colors
        for _ in range(repeats):
            time.sleep(REST)
            start = time.perf_counter()
            learner = prepare(see_pixels(image), Parameters(), Monitor())
            survey.append(time.perf_counter() - start)
            points = learner.points
            scaled = points.forward(centroids)
            start = time.perf_counter()
            cluster(points.tree, points.tree.n_levels, scaled)
            iteration.append(time.perf_counter() - start)
    return median(survey), median(iteration)


def print_table(
    figures: Mapping[int, Mapping[str, list[Figures]]],
    steps: Mapping[int, tuple[float, float]],
) -> None:
    """Print a row for each way, a column for each number of colours."""
    names = ["MSE, ratio (worst), time", *(f"K = {n_colors}" for n_colors in figures)]
    rows = []
    for way in WAYS:
        cells = [
            _cell(every[way], every[DEFAULT], bold=way == DEFAULT)
            for every in figures.values()
        ]
        rows.append([f"**{way}**" if way == DEFAULT else way, *cells])
    for i, what in enumerate(("histogram and tree", "one final iteration")):
        times = [f"{one[i] * 1e3:.1f} ms" for one in steps.values()]
        rows.append([f"*{what}*", *times])
    print(report.table(names, rows))


def _cell(figures: list[Figures], default: list[Figures], *, bold: bool) -> str:
    mse = fmean(one.mse for one in figures)
    ratios = [one.mse / base.mse for one, base in zip(figures, default, strict=True)]
    seconds = median(one.seconds for one in figures)
    ratio = f"{geometric_mean(ratios):.3f} ({max(ratios):.2f})"
    text = f"{mse:.1f}, {ratio}, {seconds * 1e3:.0f} ms"
    return f"**{text}**" if bold else text


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--images", type=Path, metavar="FOLDER", help="instead of china and flower")
    add("--colors", type=int, nargs="+", default=[4, 16, 64, 256], metavar="K")
    add("--repeats", type=int, default=5)
    add("--enlarge", type=int, default=1, metavar="N", help="N times as wide and high")
    add("--trials", action="store_true", help="also ways that take long, or are tried")
    options = parser.parse_args()
    if options.trials:
        WAYS.update(TRIALS)

    quiet = machine.Quiet()
    images = (
        pictures.in_folder(options.images) if options.images else pictures.bundled()
    )
    if options.enlarge > 1:
        images = {
            n: pictures.enlarged(one, options.enlarge) for n, one in images.items()
        }
    small = {"first": pictures.thumbnail(next(iter(images.values())))}
    measure(small, 4, 1)  # compiles
    figures = {k: measure(images, k, options.repeats) for k in options.colors}
    steps = {k: measure_steps(images, k, options.repeats) for k in options.colors}

    print(machine.describe())
    print(f"{len(images)} pictures, {options.repeats} repeats\n")
    print_table(figures, steps)
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
