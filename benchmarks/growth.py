"""Time and peak memory from small pictures to large ones, and FASTOCTREE beside them.

python benchmarks/growth.py [--megapixels 0.25 1 4 16 24 64 100] [--threads 1 2]
                            [--repeats 3] [--race 24]

Each row is measured in a fresh process, on as many cores as the row says: `quantize`
starts a thread for each core that it may use. A time is the median over the repeats;
the peak is that of the first of them, above the process with the picture loaded. The
results are in it: a redrawn picture of the picture's size, and a label a pixel.

Then `quantize` and Pillow's FASTOCTREE, the fastest peer, run in turn on one picture.
Pillow's time is from array to array, as everywhere here, and in another column that of
its `quantize` call alone: palette and labels, no redrawn picture.
"""

from __future__ import annotations

import argparse
import os
import time
from statistics import median
from typing import TYPE_CHECKING

import machine
import numpy as np
import peers
import pictures
import report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = {"china.jpg, tiled": pictures.tiled, "with noise": pictures.noisy}
N_COLORS = 64
RACE_COLORS = (64, 256)
REST = 0.02
MEMORY_MEGAPIXELS, MEMORY_LIMIT = 100, 1.5
"""At so many megapixels, so many GB above the picture are the limit."""


def growth_of(path: Path, repeats: int) -> tuple[float, int | None]:
    """Return time and peak of `quantize`; to be called in a fresh process."""
    from napari_colorquant import quantize

    image = np.load(path)
    quantize(pictures.thumbnail(image), N_COLORS)  # loads and compiles

    def run() -> float:
        return _seconds(lambda: quantize(image, N_COLORS))

    first, peak = machine.peak_memory(run)
    return median([first, *(run() for _ in range(repeats - 1))]), peak


def _seconds(run: Callable[[], object]) -> float:
    time.sleep(REST)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def race_of(path: Path, n_colors: int, repeats: int) -> tuple[float, float, float]:
    """Return the times of ours, FASTOCTREE and its `quantize` call alone."""
    from PIL import Image

    image = np.load(path)
    method, no_dither = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    ours, theirs, alone = [], [], []
    peers.OURS.run(pictures.thumbnail(image), n_colors)  # loads and compiles
    picture = Image.fromarray(image)
    for _ in range(repeats):
        ours.append(_seconds(lambda: peers.OURS.run(image, n_colors)))
        theirs.append(_seconds(lambda: peers.pillow(image, n_colors, "FASTOCTREE")))
        alone.append(
            _seconds(lambda: picture.quantize(n_colors, method, dither=no_dither))
        )
    return median(ours), median(theirs), median(alone)


def print_growth(options: argparse.Namespace) -> list[str]:
    """Print the table of growth; return the targets."""
    print("### quantize(image, 64)\n")
    names = ("picture", "megapixels", "threads", "s", "ns a pixel", "peak, GB")
    print(report.header(*names))
    targets = []
    for kind, make in KINDS.items():
        for megapixels in options.megapixels:
            with pictures.in_file(make(megapixels)) as path:
                for threads in options.threads:
                    seconds, peak = machine.in_fresh_process(
                        growth_of, path, options.repeats, cores=threads
                    )
                    print(
                        report.row(
                            kind,
                            f"{megapixels:g}",
                            threads,
                            report.figure(seconds, ".3f"),
                            report.figure(seconds, ".1f", 1e3 / megapixels),
                            report.figure(peak, ".3f", 1e-9),
                        ),
                        flush=True,
                    )
                    if megapixels == MEMORY_MEGAPIXELS and peak is not None:
                        what = f"peak, {kind}, {threads} threads"
                        targets.append(
                            report.below(what, peak / 1e9, MEMORY_LIMIT, " GB")
                        )
    return targets


def print_race(options: argparse.Namespace) -> list[str]:
    """Print the table of the race; return the targets."""
    print(f"\n### quantize and FASTOCTREE, {options.race:g} megapixels, seconds\n")
    names = ("picture", "K", "threads", "ours", "FASTOCTREE", "its call alone")
    print(report.header(*names))
    targets = []
    for kind, make in KINDS.items():
        with pictures.in_file(make(options.race)) as path:
            for n_colors in RACE_COLORS:
                for threads in options.threads:
                    times = machine.in_fresh_process(
                        race_of, path, n_colors, options.repeats, cores=threads
                    )
                    figures = (f"{seconds:.3f}" for seconds in times)
                    print(report.row(kind, n_colors, threads, *figures), flush=True)
                    if threads == max(options.threads):
                        what = f"time / FASTOCTREE, {kind}, K={n_colors}"
                        targets.append(report.below(what, times[0] / times[1], 1.0))
    return targets


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [0.25, 1, 4, 16, 24, 64, 100]
    cores = machine.n_cores()
    can_choose = hasattr(os, "sched_setaffinity")
    threads = sorted({1, min(2, cores)}) if can_choose else [cores]
    add = parser.add_argument
    add("--megapixels", type=float, nargs="*", default=sizes, metavar="M")
    add("--threads", type=int, nargs="+", default=threads, metavar="N")
    add("--repeats", type=int, default=3)
    add("--race", type=float, default=24, metavar="M", help="megapixels; 0 for none")
    options = parser.parse_args()
    if options.threads != [cores] and not can_choose:
        parser.error("this system does not let a process choose its cores")
    if max(options.threads) > cores:
        parser.error(f"this process may use {cores} cores")
    return options


def main() -> None:
    """Measure, and print tables and targets."""
    options = _options()
    quiet = machine.Quiet()
    print(machine.describe(("pillow",)))
    targets = print_growth(options)
    if options.race:
        targets += print_race(options)
    print("\n### Targets\n")
    print("\n".join(targets))
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
