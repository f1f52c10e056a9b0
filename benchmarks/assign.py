"""Assignment of a palette to a picture: this project, its peers and a plain copy.

python benchmarks/assign.py [--megapixels 16] [--repeats 5]

All run in one process, one after the other in turn, so that a change of the machine's
speed meets them alike. A figure is the median over the repeats; what counts is the
ratio. `apply_palette` does more than its peer in its time: it also counts the
picture's colours, redraws it and measures the error.
"""

from __future__ import annotations

import argparse
import platform
from collections import defaultdict
from statistics import median
from time import perf_counter

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_image

from napari_colorquant import Palette, apply_palette, fit_palette
from napari_colorquant.core.parallel import n_cores


def picture(megapixels: float) -> np.ndarray:
    """Enlarge china.jpg by whole pixels and give each one a little noise."""
    china = load_sample_image("china.jpg")
    times = int(np.ceil(np.sqrt(megapixels * 1e6 / china[..., 0].size)))
    large = np.repeat(np.repeat(china, times, axis=0), times, axis=1).astype(np.int16)
    large += np.random.default_rng(0).integers(-2, 3, large.shape, dtype=np.int16)
    height = int(megapixels * 1e6 // large.shape[1])
    return large[:height].clip(0, 255).astype(np.uint8)


def predictor(palette: Palette) -> KMeans:
    """Make scikit-learn's model with the palette as its centres."""
    model = KMeans(len(palette), init=palette.colors / 255, n_init=1, max_iter=1)
    model.fit(palette.colors / 255)
    model.cluster_centers_ = palette.colors / 255
    return model


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megapixels", type=float, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    image = picture(options.megapixels)
    n_pixels = image[..., 0].size
    floats = image.reshape(-1, 3) / 255  # as the example has it, not timed
    print(
        f"{n_pixels / 1e6:.1f} megapixels of RGB uint8, {n_cores()} cores, "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"numpy {np.__version__}\n"
    )
    print(
        "| K | assign | apply_palette, all | KMeans.predict | copy | predict / assign |"
    )
    print("|---|---|---|---|---|---|")
    for n_colors in (16, 64, 256):
        palette = fit_palette(image, n_colors)
        model = predictor(palette)
        apply_palette(image[:64], palette)  # compiles
        times = defaultdict(list)
        for _ in range(options.repeats):
            start = perf_counter()
            result = apply_palette(image, palette)
            times["all"].append(perf_counter() - start)
            times["assign"].append(result.report.seconds["assign"])
            start = perf_counter()
            predicted = model.predict(floats)
            times["predict"].append(perf_counter() - start)
            start = perf_counter()
            image.copy()
            times["copy"].append(perf_counter() - start)
        differing = np.count_nonzero(predicted != result.indices.ravel())
        ratio = median(
            theirs / ours
            for ours, theirs in zip(times["assign"], times["predict"], strict=True)
        )
        row = (
            f"{median(times[key]) / n_pixels * 1e9:.1f} ns"
            for key in ("assign", "all", "predict", "copy")
        )
        print(f"| {n_colors} | {' | '.join(row)} | {ratio:.1f} |")
        print(
            f"{differing} of {n_pixels} labels differ", flush=True
        ) if differing else None


if __name__ == "__main__":
    main()
