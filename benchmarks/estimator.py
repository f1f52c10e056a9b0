"""ColorQuantizer beside scikit-learn's KMeans: time and error on its example.

python benchmarks/estimator.py [--colors 64] [--repeats 9]

The picture is that of the example, china.jpg, as a table of floats from 0 to 1. Both
estimators learn from the 1,000 rows of the example, and from all rows; then they label
all rows. They take turns, and the time is the least of all repeats: of the processor,
summed over its cores, as other work on the machine hardly changes it. MSE is the mean
over pixels of the squared error, summed over red, green and blue, in 8 bits.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import machine
import report
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image
from sklearn.utils import shuffle

from napari_colorquant import ColorQuantizer

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

ESTIMATORS = {"KMeans": KMeans, "ColorQuantizer": ColorQuantizer}


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what work returns, and its seconds of processor time."""
    start = time.process_time()
    return work(), time.process_time() - start


def measure(
    rows: np.ndarray, sample: np.ndarray, n_colors: int, repeats: int
) -> dict[str, tuple[float, float, float]]:
    """Return the least seconds of fit and predict, and the MSE, of each estimator."""
    times, errors = defaultdict(list), {}
    for _ in range(repeats):
        for name, estimator in ESTIMATORS.items():
            model = estimator(n_clusters=n_colors, random_state=0)
            _, of_fit = timed(lambda model=model: model.fit(sample))
            labels, of_predict = timed(lambda model=model: model.predict(rows))
            times[name].append((of_fit, of_predict))
            apart = 255 * (rows - model.cluster_centers_[labels])
            errors[name] = float((apart**2).sum(axis=1).mean())
    return {
        name: (*map(min, zip(*times[name], strict=True)), errors[name])
        for name in ESTIMATORS
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--colors", type=int, default=64, metavar="K")
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()

    rows = load_sample_image("china.jpg").reshape(-1, 3) / 255
    sample = shuffle(rows, random_state=0, n_samples=1_000)
    measure(sample, sample, 4, 1)  # compiles
    measure(rows, rows[::20], 4, 1)
    table = []
    for learned, what in (("1,000 pixels, as the example", sample), ("all", rows)):
        figures = measure(rows, what, options.colors, options.repeats)
        of_fit, of_predict, error = figures["KMeans"]
        for name, (fit, predict, mse) in figures.items():
            numbers = [f"{seconds * 1e3:.1f}" for seconds in (fit, predict)]
            time_ratio = (fit + predict) / (of_fit + of_predict)
            ratios = [f"{time_ratio:.3f}", f"{mse / error:.3f}"]
            table.append([learned, name, *numbers, f"{mse:.2f}", *ratios])
    print(machine.describe())
    print(f"{options.colors} colors, {options.repeats} repeats\n")
    heads = ["Learned from", "Estimator", "fit, ms", "predict, ms", "MSE"]
    print(report.table([*heads, "time", "error"], table))


if __name__ == "__main__":
    main()
