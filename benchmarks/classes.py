"""How many classes? Rules compared on pictures whose number of classes is known.

python benchmarks/classes.py [--seeds 11 12 13] [--color-space rgb]

See docs/classes.md. Of each kind of picture, a cell holds how many of the answers are
right, and in brackets how many are off by one at most. The tolerance of the package's
own rule was chosen with the seeds 1 and 2.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from io import BytesIO

import machine
import numpy as np
import pictures
import report
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter
from sklearn.cluster import KMeans
from sklearn.metrics import (
    calinski_harabasz_score,
    davies_bouldin_score,
    silhouette_score,
)

from napari_colorquant import error_curve, fit_palette
from napari_colorquant.core.color.spaces import color_space

MOST = 16
N_PIXELS = 2048
N_REFERENCES = 5
"""Uniform samples of the gap statistic, in the box of the principal axes."""
MAP_COLORS = np.array(
    [
        [166, 206, 227],
        [178, 223, 138],
        [251, 154, 153],
        [253, 191, 111],
        [202, 178, 214],
        [255, 255, 153],
        [31, 120, 180],
        [51, 160, 44],
        [227, 26, 28],
    ],
    np.uint8,
)


def noisy(colors, classes, noise, random):
    """Draw classes in colours, with mixed pixels between them and noise."""
    picture = gaussian_filter(colors[classes], (0.6, 0.6, 0))
    picture += random.normal(0, noise, picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8)


def blobs(n, noise, random):
    """Draw colours at least 70 levels apart."""
    colors = []
    while len(colors) < n:
        color = random.uniform(20, 235, 3)
        if all(np.linalg.norm(color - other) >= 70 for other in colors):
            colors.append(color)
    return noisy(np.array(colors), pictures.areas(n, random, 6), noise, random)


def grey(n, random):
    """Draw greys that are nearly evenly apart."""
    colors = np.linspace(30, 220, n) + random.normal(0, 6, n)
    classes = pictures.areas(n, random, 6)
    return noisy(colors[:, np.newaxis], classes, 6, random)


def chart(n, quality, random):
    """Draw n - 2 flat colours in a white margin, under black text and lines."""
    colors = random.permutation(MAP_COLORS)[: n - 2][pictures.areas(n - 2, random, 10)]
    flat = np.full((pictures.SIDE, pictures.SIDE, 3), 255, np.uint8)
    flat[20:-20, 20:-20] = colors[20:-20, 20:-20]
    large = Image.fromarray(flat).resize(
        (4 * pictures.SIDE, 4 * pictures.SIDE), Image.Resampling.NEAREST
    )
    draw = ImageDraw.Draw(large)
    for x, y in random.integers(0, 4 * pictures.SIDE - 80, (14, 2)).tolist():
        draw.text((x, y), "Till 12", fill=(20, 20, 20), font_size=56)
    for line in random.integers(0, 4 * pictures.SIDE, (6, 8)).tolist():
        draw.line(line, fill=(20, 20, 20), width=8)
    small = large.resize((pictures.SIDE, pictures.SIDE), Image.Resampling.BOX)
    if quality is not None:
        stream = BytesIO()
        small.save(stream, "JPEG", quality=quality)
        small = Image.open(stream)
    return np.array(small)


def drawn(seed):
    """Yield the kind of each picture, its number of classes, and the picture."""
    random = np.random.default_rng(seed)
    for n in (2, 3, 4, 5, 6, 8, 10):
        for noise in (4, 12):
            yield "blobs", n, blobs(n, noise, random)
    for n in (2, 3, 4, 5):
        yield "grey", n, grey(n, random)
    for kind, n in pictures.AMOUNTS:
        yield kind, n, pictures.section(kind, n, random)[0]
    for n in (4, 5, 6, 8, 10):
        yield "maps", n, chart(n, None, random)
        yield "maps, JPEG", n, chart(n, 85, random)


def gap(points, labels_of):
    """Return the number of the gap statistic (Tibshirani, Walther and Hastie, 2001)."""
    axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)[2]
    turned = points @ axes.T
    random = np.random.default_rng(0)
    numbers, logs = [1, *labels_of], []
    for _ in range(N_REFERENCES):
        box = random.uniform(turned.min(axis=0), turned.max(axis=0), turned.shape)
        fits = [KMeans(n, random_state=0).fit(box) for n in numbers]
        logs.append([np.log(fit.inertia_) for fit in fits])

    def inertia(labels):
        parts = (points[labels == one] for one in np.unique(labels))
        return sum(((part - part.mean(axis=0)) ** 2).sum() for part in parts)

    all_of_one = np.zeros(len(points), int)
    own = np.log([inertia(one) for one in (all_of_one, *labels_of.values())])
    gaps, spread = np.mean(logs, axis=0) - own, np.std(logs, axis=0)
    least = gaps - spread * np.sqrt(1 + 1 / N_REFERENCES)
    enough = (numbers[i] for i in range(len(gaps) - 1) if gaps[i] >= least[i + 1])
    return next(enough, numbers[-1])


def answers(picture, space_name):
    """Return the number that each rule suggests."""
    is_color = picture.shape[2] == 3
    space_name = space_name if is_color else "rgb"
    options = {"color_space": space_name, "channel_axis": -1 if is_color else 2}
    curve = error_curve(picture, **options)
    colors = picture.reshape(-1, picture.shape[2])
    rows = np.random.default_rng(0).choice(len(colors), N_PIXELS, replace=False)
    space = color_space(space_name, picture.dtype, picture.shape[2])
    points, labels_of = space.forward(colors[rows]), {}
    for n in range(2, MOST + 1):
        entries = space.forward(fit_palette(picture, n, **options).colors)
        labels = ((points[:, np.newaxis] - entries) ** 2).sum(axis=2).argmin(axis=1)
        if len(entries) == n and len(set(labels.tolist())) > 1:
            labels_of[n] = labels

    def best(score):
        return max(labels_of, key=lambda n: score(points, labels_of[n]))

    return {
        "**for classes**": curve.classes,
        "Silhouette": best(silhouette_score),
        "Davies-Bouldin": best(lambda *known: -davies_bouldin_score(*known)),
        "Calinski-Harabasz": best(calinski_harabasz_score),
        "gap statistic": gap(points, labels_of),
        "for the picture": curve.elbow,
    }


def main() -> None:
    """Compare the rules and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--color-space", default="rgb")
    arguments = parser.parse_args()
    off = defaultdict(lambda: defaultdict(list))
    for seed in arguments.seeds:
        for kind, n, picture in drawn(seed):
            for rule, answer in answers(picture, arguments.color_space).items():
                off[rule][kind].append(abs(answer - n))
                off[rule]["all"].append(abs(answer - n))

    def cell(errors):
        return f"{errors.count(0)} ({sum(one <= 1 for one in errors)})"

    kinds = {kind: len(errors) for kind, errors in off["Silhouette"].items()}
    kinds["all"] = kinds.pop("all")
    names = ["", *(f"{kind}, of {n}" for kind, n in kinds.items())]
    rows = [[rule, *(cell(by[kind]) for kind in kinds)] for rule, by in off.items()]
    print(report.table(names, rows))
    print(machine.describe())


if __name__ == "__main__":
    main()
