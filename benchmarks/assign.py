"""Assignment of a palette to a picture: this project, its peers and a plain copy.

python benchmarks/assign.py [--megapixels 16] [--repeats 5] [--colors 16 64 256]
                            [--channels 1 2 3 4 8 16] [--dtypes uint8 uint16 float32]

All run in one process, one after the other in turn, so that a change of the machine's
speed meets them alike. A time is the median over the repeats, in nanoseconds a pixel;
a ratio is the median of the repeats' ratios.

"assign" is the step that a report calls so: labels and redrawn picture. `apply_palette`
is the whole call: it also counts the picture's colours and measures the error. The
peers give labels only, and get the floats that they need ready made: `KMeans.predict`
those of the scikit-learn example, float64 in 0 to 1 (a picture of float32 as it is),
faiss float32. "predict, redrawn" is predict and then the picture, as its user would
draw it: `colors[labels]`, colours of the picture's dtype. The copy is of the same
picture. The last column counts labels, of the pixels that were checked, that are not
those of a brute-force search in float64 where the lower entry wins a tie: this
project's, those of predict and those of faiss.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

import machine
import numpy as np
import pictures
import report
from sklearn.cluster import KMeans

from napari_colorquant import Palette, apply_palette

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Labels = NDArray[np.integer]

N_CHECKED = 10_000
REST = 0.02
PREDICT_RATIOS = {64: 15.0, 256: 30.0}
FAISS_RATIOS = {64: 4.0, 256: 4.0}
COPY_RATIO = 10.0
"""What this project is to reach on RGB of uint8, by K where it depends on it."""

COLUMNS = (
    "dtype, channels, K",
    "assign",
    "apply_palette",
    "predict",
    "predict, redrawn",
    "faiss",
    "copy",
    "predict / assign",
    "redrawn / assign",
    "predict / apply",
    "faiss / assign",
    "faiss / apply",
    "assign / copy",
    "apply / copy",
    f"of {N_CHECKED:,} labels differ: ours, predict, faiss",
)
PAIRS = (
    ("predict", "assign"),
    ("redrawn", "assign"),
    ("predict", "apply"),
    ("faiss", "assign"),
    ("faiss", "apply"),
    ("assign", "copy"),
    ("apply", "copy"),
)


def learned(image: NDArray[Any], n_colors: int) -> Palette:
    """Learn a palette from 10,000 pixels, by scikit-learn: no engine's own choice."""
    pixels = image.reshape(-1, image.shape[-1])
    rows = np.random.default_rng(0).integers(0, len(pixels), 10_000)
    sample = pixels[rows].astype(np.float64)
    return Palette(
        KMeans(n_colors, random_state=0, max_iter=20).fit(sample).cluster_centers_
    )


def predict_with(palette: Palette, image: NDArray[Any]) -> Callable[[], Labels]:
    """Return scikit-learn's assignment, its floats and its model ready."""
    floats = image.dtype.kind == "f"
    dtype, largest = (
        (image.dtype, 1) if floats else (np.float64, np.iinfo(image.dtype).max)
    )
    pixels = image.reshape(-1, image.shape[-1]).astype(dtype)
    pixels /= largest
    centers = (palette.colors / largest).astype(dtype)
    model = KMeans(len(palette), init=centers, n_init=1, max_iter=1).fit(centers)
    model.cluster_centers_ = centers
    return lambda: model.predict(pixels)


def faiss_with(palette: Palette, image: NDArray[Any]) -> Callable[[], Labels] | None:
    """Return faiss's assignment, its floats and its index ready."""
    if machine.installed("faiss-cpu") is None:
        return None
    import faiss

    pixels = image.reshape(-1, image.shape[-1]).astype(np.float32)
    index = faiss.IndexFlatL2(pixels.shape[1])
    index.add(palette.colors.astype(np.float32))
    return lambda: index.search(pixels, 1)[1].ravel()


def brute_force(palette: Palette, pixels: NDArray[Any]) -> Labels:
    """Return the nearest entries in float64, the lower one of a tie."""
    distance = np.zeros((len(pixels), len(palette)))
    for c in range(palette.n_channels):
        distance += (
            pixels[:, c, np.newaxis].astype(np.float64) - palette.colors[:, c]
        ) ** 2
    return distance.argmin(axis=1)


def measure(
    image: NDArray[Any], n_colors: int, repeats: int
) -> tuple[dict[str, list[float]], dict[str, int]]:
    """Return the times of all, and how many labels differ from a brute-force search."""
    palette = learned(image, n_colors)
    axis = -1 if image.shape[-1] == 3 else 2  # 4 channels are no RGBA
    rivals = {
        "predict": predict_with(palette, image),
        "faiss": faiss_with(palette, image),
    }
    rivals = {name: run for name, run in rivals.items() if run}
    drawn = palette.drawn(image.dtype)
    apply_palette(pictures.thumbnail(image), palette, channel_axis=axis)  # compiles
    times, labels = defaultdict(list), {}
    for _ in range(repeats):
        time.sleep(REST)
        seconds, result = _timed(
            lambda: apply_palette(image, palette, channel_axis=axis)
        )
        times["apply"].append(seconds)
        times["assign"].append(result.report.seconds["assign"])
        labels["ours"] = result.indices.ravel()
        del result
        for name, run in rivals.items():
            time.sleep(REST)
            seconds, labels[name] = _timed(run)
            times[name].append(seconds)
        time.sleep(REST)
        seconds, _ = _timed(lambda: drawn[rivals["predict"]()].reshape(image.shape))
        times["redrawn"].append(seconds)
        seconds, _ = _timed(image.copy)
        times["copy"].append(seconds)
    return times, _differing(image, palette, labels)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def _differing(
    image: NDArray[Any], palette: Palette, labels: dict[str, Labels]
) -> dict[str, int]:
    pixels = image.reshape(-1, image.shape[-1])
    n_checked = min(N_CHECKED, len(pixels))
    rows = np.random.default_rng(1).choice(len(pixels), n_checked, replace=False)
    right = brute_force(palette, pixels[rows])
    return {
        name: int(np.count_nonzero(found[rows] != right))
        for name, found in labels.items()
    }


def ratio(times: dict[str, list[float]], slow: str, fast: str) -> float | None:
    """Return how many times as long one takes as the other, None if not measured."""
    if slow not in times:
        return None
    return median(a / b for a, b in zip(times[slow], times[fast], strict=True))


def print_row(
    name: str, n_pixels: int, times: dict[str, list[float]], differing: dict[str, int]
) -> None:
    """Print what was measured of one picture and palette."""
    cells = [name]
    for key in ("assign", "apply", "predict", "redrawn", "faiss", "copy"):
        seconds = median(times[key]) if key in times else None
        cells.append(report.figure(seconds, ".1f", 1e9 / n_pixels))
    cells += [report.figure(ratio(times, *pair), ".1f") for pair in PAIRS]
    wrong = (
        str(differing.get(key, report.ABSENT)) for key in ("ours", "predict", "faiss")
    )
    print(report.row(*cells, ", ".join(wrong)), flush=True)


def print_targets(measured: dict[int, dict[str, list[float]]]) -> None:
    """Print the ratios that this project is to reach on RGB of uint8, by K."""
    print("\n### RGB of uint8\n")
    for rival, limits in (("predict", PREDICT_RATIOS), ("faiss", FAISS_RATIOS)):
        for n_colors, limit in limits.items():
            if rival in measured.get(n_colors, ()):
                for ours in ("assign", "apply"):
                    value = ratio(measured[n_colors], rival, ours)
                    what = f"{rival} / {ours}, K={n_colors}"
                    print(report.at_least(what, value, limit))
    for n_colors, times in measured.items():
        for ours in ("assign", "apply"):
            value = ratio(times, ours, "copy")
            print(report.at_most(f"{ours} / copy, K={n_colors}", value, COPY_RATIO))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--megapixels", type=float, default=16)
    add("--repeats", type=int, default=5)
    add("--colors", type=int, nargs="+", default=[16, 64, 256], metavar="K")
    add("--channels", type=int, nargs="+", default=[1, 2, 3, 4, 8, 16], metavar="C")
    add("--dtypes", nargs="+", default=["uint8", "uint16", "float32"], metavar="DTYPE")
    return parser.parse_args()


def main() -> None:
    """Measure, and print a table and the targets."""
    options = _options()
    quiet = machine.Quiet()
    print(machine.describe(("faiss-cpu",)))
    print(f"{options.megapixels:g} megapixels; times in ns a pixel\n")
    print(report.header(*COLUMNS))
    rgb = {}
    for dtype in options.dtypes:
        for n_channels in options.channels:
            image = pictures.noisy(options.megapixels, n_channels, dtype)
            for n_colors in options.colors:
                times, differing = measure(image, n_colors, options.repeats)
                name = f"{dtype}, {n_channels}, {n_colors}"
                print_row(name, image[..., 0].size, times, differing)
                if (dtype, n_channels) == ("uint8", 3):
                    rgb[n_colors] = times
    if rgb:
        print_targets(rgb)
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
