"""What each colour space and balance finds, and what it costs, on drawn pictures.

python benchmarks/spaces.py [--seeds 11 12 13] [--repeats 5]

See docs/spaces.md. The pictures are those of pictures.py, whose classes are known: a
section with DAB and one with eosin, in 8 colours; three hues, each from dark to light,
in 3; specks of green ink on 0.2% of the section with DAB, in 8. Each entry of a palette
goes to the class that most of its pixels have. A Dice coefficient is the mean over the
classes, for the ink its own. Errors are means over the pictures. A time is the sum over
the pictures of the shortest of the repeats, as a ratio to that of rgb without balance.
All ways run in turn, for every picture and repeat.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import machine
import numpy as np
import pictures
import report

from napari_colorquant import Quantization, measure_quality, quantize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SPACES: dict[str, dict[str, Any]] = {
    "rgb": {"color_space": "rgb"},
    "lab": {"color_space": "lab"},
    "lab, weights 0.5, 1, 1": {"color_space": "lab", "weights": (0.5, 1, 1)},
    "ab": {"color_space": "ab"},
    "oklab": {"color_space": "oklab"},
    "hed": {"color_space": "hed"},
    "stains": {"color_space": "stains"},
}
BALANCES = (0, 0.25, 0.5, 1)
WAYS = [(space, balance) for space in SPACES for balance in BALANCES]
FOUND = ("IHC", "H&E", "hues", "ink")
ERRORS = {"MSE": ".0f", "PSNR": ".1f", "ΔE2000": ".2f", "SSIM": ".3f"}


@dataclass(frozen=True)
class Drawn:
    """A picture, its classes, those that a Dice coefficient is of, and its colours."""

    kind: str
    picture: NDArray[np.uint8]
    classes: NDArray[np.intp]
    judged: tuple[int, ...]
    n_colors: int


def drawn(seeds: list[int]) -> Iterator[Drawn]:
    """Draw all pictures."""
    for seed in seeds:
        random = np.random.default_rng(seed)
        section, classes = pictures.section("IHC", 4, random)
        yield Drawn("IHC", section, classes, (0, 1, 2, 3), 8)
        inked, specks = pictures.with_specks(section, random)
        yield Drawn("ink", inked, np.where(specks, 4, classes), (4,), 8)
        yield Drawn("H&E", *pictures.section("H&E", 4, random), (0, 1, 2, 3), 8)
    yield Drawn("hues", *pictures.shaded_hues(), (0, 1, 2), 3)


def dice(q: Quantization, one: Drawn) -> float:
    """Return the mean Dice coefficient of the judged classes."""
    n_classes, n_labels = one.classes.max() + 1, len(q.palette) + 1
    numbers = one.classes * n_labels + q.labels
    pixels = np.bincount(numbers.ravel(), minlength=n_classes * n_labels)
    pixels = pixels.reshape(n_classes, n_labels)
    class_of = pixels.argmax(axis=0)
    found = []
    for number in one.judged:
        entries = class_of == number
        both = pixels[number, entries].sum()
        found.append(2 * both / (pixels[number].sum() + pixels[:, entries].sum()))
    return fmean(found)


def main() -> None:
    """Quantize every picture in every way, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    quiet = machine.Quiet()
    figures = defaultdict(lambda: defaultdict(list))
    seconds = dict.fromkeys(WAYS, 0.0)
    for one in drawn(arguments.seeds):
        results, shortest = {}, dict.fromkeys(WAYS, np.inf)
        for _ in range(arguments.repeats + 1):  # the first one loads and compiles
            for way in WAYS:
                space, balance = way
                start = time.perf_counter()
                q = quantize(
                    one.picture, one.n_colors, balance=balance, **SPACES[space]
                )
                shortest[way] = min(shortest[way], time.perf_counter() - start)
                results[way] = q
        for way, q in results.items():
            quality = measure_quality(one.picture, q.image, ssim=True, delta_e=True)
            seconds[way] += shortest[way]
            figures[way][one.kind].append(dice(q, one))
            figures[way]["MSE"].append(quality.mse)
            figures[way]["PSNR"].append(quality.psnr)
            figures[way]["ΔE2000"].append(quality.delta_e)
            figures[way]["SSIM"].append(quality.ssim)

    def row(way: tuple[str, float]) -> list[str]:
        space, balance = way
        forms = dict.fromkeys(FOUND, ".3f") | ERRORS
        cells = [
            report.figure(fmean(figures[way][name]), form)
            for name, form in forms.items()
        ]
        ratio = report.figure(seconds[way] / seconds["rgb", 0], ".2f")
        return [space, f"{balance:g}", *cells, ratio]

    print(machine.describe())
    names = ["space", "balance", *FOUND, *ERRORS, "time"]
    print(report.table(names, map(row, WAYS)))
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
