"""The wait for the first result: importing, compiling, and running warm.

python benchmarks/cold_start.py [--repeats 3] [--colors 64]

Each repeat starts two processes, one after the other, with an empty folder for what
numba compiles. "first use ever" is in the first of them, and compiles; "first use in a
process" is in the second, and finds it all compiled. Both are the time of importing
`quantize` and calling it once on china.jpg, which is in memory, as is numpy. "warm" is
the second call in a process. A time is the median over the repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import machine
import pictures
import report

if TYPE_CHECKING:
    from pathlib import Path

USE = """
import json, sys
from time import perf_counter
import numpy as np

image, n_colors = np.load(sys.argv[1]), int(sys.argv[2])
times = [perf_counter()]
import napari_colorquant
times.append(perf_counter())
napari_colorquant.quantize(image, n_colors)
times.append(perf_counter())
napari_colorquant.quantize(image, n_colors)
times.append(perf_counter())
print(json.dumps(times))
"""


def use(path: Path, n_colors: int, cache: str) -> dict[str, float]:
    """Use the package in a new process; return the seconds of each step."""
    done = subprocess.run(
        [sys.executable, "-c", USE, str(path), str(n_colors)],
        env={**os.environ, "NUMBA_CACHE_DIR": cache},
        check=True,
        capture_output=True,
        text=True,
    )
    start, imported, first, warm = json.loads(done.stdout)
    return {"import": imported - start, "first": first - start, "warm": warm - first}


def measure(path: Path, n_colors: int) -> dict[str, float]:
    """Use the package twice, at first with nothing compiled."""
    with TemporaryDirectory() as cache:
        ever = use(path, n_colors, cache)
        again = use(path, n_colors, cache)
    return {
        "import napari_colorquant": again["import"],
        "first use ever": ever["first"],
        "first use in a process": again["first"],
        "warm": again["warm"],
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--colors", type=int, default=64, metavar="K")
    options = parser.parse_args()
    quiet = machine.Quiet()
    print(machine.describe())
    with pictures.in_file(pictures.china()) as path:
        runs = [measure(path, options.colors) for _ in range(options.repeats)]
    rows = [
        (name, f"{median(run[name] for run in runs) * 1e3:,.1f}") for name in runs[0]
    ]
    print(report.table((f"quantize(china, {options.colors})", "ms"), rows))
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
