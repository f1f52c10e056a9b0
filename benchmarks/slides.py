"""A slide larger than memory, quantized in a shell: time, memory and how they grow.

    python benchmarks/slides.py --gigapixels 0.25 1 4

The slide is an OME-Zarr of RGB with its pyramid, china.jpg side by side with noise. It
is made part by part, in the codec that zarr chooses, in --folder, which is emptied
after each size: a gigapixel takes 6 GB there. Beside the command are measured, in
seconds of all cores together,

codec
    reading every part of the slide, and writing every part of the result, alone;
engine
    a palette applied to 64 megapixels in memory, for as many pixels.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import redirect_stdout
from math import sqrt
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

import machine
import numpy as np
import pictures
import report

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 1024
"""Height and width of a chunk of the slide."""
N_COLORS = 32
ENGINE_MEGAPIXELS = 64
DISK = 6e9
"""Bytes of disk that a gigapixel takes."""
MEMORY_LIMIT = 1.5
SLOWEST = 2.0
"""Times that the command may take as long as engine and codec."""
GROWTH = 1.25
"""Times that a pixel of the largest slide may take as long as one of the smallest."""


class Scene:
    """china.jpg side by side, as far as wanted, with noise: any part of it."""

    def __init__(self) -> None:
        self._china = np.ascontiguousarray(pictures.china().transpose(2, 0, 1))
        random = np.random.default_rng(0)
        self._noise = random.integers(-2, 3, (3, 2 * SIDE, 2 * SIDE), dtype=np.int16)

    def part(self, y: int, x: int, height: int, width: int, step: int) -> NDArray[Any]:
        """Return every `step`-th pixel from a place on."""
        _, n_rows, n_columns = self._china.shape
        rows = (y + np.arange(height)) * step % n_rows
        columns = (x + np.arange(width)) * step % n_columns
        # Other noise in each part: else a codec would find the repetition.
        random = np.random.default_rng((y, x, step))
        dy, dx = random.integers(0, SIDE, 2)
        noise = self._noise[:, dy : dy + height, dx : dx + width]
        plain = self._china[:, rows[:, np.newaxis], columns]
        return (plain + noise).clip(0, 255).astype(np.uint8)


def make_slide(path: Path, gigapixels: float) -> int:
    """Write an OME-Zarr of so many pixels; return how many they are."""
    import zarr
    from ome_zarr.writer import write_multiscales_metadata

    from napari_colorquant.core.compute.executor import map_in_order

    side = round(sqrt(gigapixels * 1e9) / SIDE) * SIDE
    group = zarr.create_group(path)
    scene, step, datasets = Scene(), 1, []
    while step == 1 or 2 * side // step > SIDE:
        length = -(-side // step)
        level = group.create_array(
            str(len(datasets)),
            shape=(3, length, length),
            chunks=(1, SIDE, SIDE),
            dtype="u1",
            dimension_names=["c", "y", "x"],
        )
        starts = range(0, length, SIDE)

        def write(place: tuple[int, int], level: Any = level, step: int = step) -> None:
            y, x = place
            height, width = (min(SIDE, level.shape[1] - start) for start in place)
            block = scene.part(y, x, height, width, step)
            level[:, y : y + height, x : x + width] = block

        for _ in map_in_order(write, [(y, x) for y in starts for x in starts]):
            pass
        scale = {"type": "scale", "scale": [1, step, step]}
        datasets.append({"path": level.basename, "coordinateTransformations": [scale]})
        step *= 2
    axes = [
        {"name": "c", "type": "channel"},
        {"name": "y", "type": "space", "unit": "micrometer"},
        {"name": "x", "type": "space", "unit": "micrometer"},
    ]
    write_multiscales_metadata(group, datasets, axes=axes, name="slide")
    return side * side


def save(source: Path, target: Path) -> tuple[float, float, int | None]:
    """Run the command; return seconds, those of all cores, and the peak in bytes."""
    from napari_colorquant.cli import main

    start = perf_counter()
    options = ["--colors", str(N_COLORS), "--output", str(target)]
    with redirect_stdout(sys.stderr):  # the table's is the other
        failed = main([str(source), *options])
    if failed:
        raise SystemExit("The command failed.")
    return perf_counter() - start, process_time(), machine.whole_peak()


def codec(source: Path, target: Path, scratch: Path) -> tuple[float, float]:
    """Return the seconds of reading every part of a slide, and of writing a result."""
    import zarr

    from napari_colorquant.core.compute.executor import map_in_order
    from napari_colorquant.files.ome_zarr.block_plan import chunks_of, parts_of

    reading = copying = reading_back = 0.0
    group, result = (zarr.open_group(path, mode="r") for path in (source, target))
    copy = zarr.open_group(scratch, mode="w")
    for number in range(len(list(result.arrays()))):
        name = str(number)
        pairs = []
        for path in (name, f"labels/palette/{name}"):
            old = result[path]
            options = {"compressors": old.compressors, "chunks": old.chunks}
            shape = {"shape": old.shape, "dtype": old.dtype}
            pairs.append((old, copy.create_array(path, **shape, **options)))
        labels = pairs[1][0]
        parts = parts_of(labels.shape, chunks_of(labels.shape, labels.chunks), None, 4)

        def time_of(work: Any, parts: Any = parts) -> float:
            start = process_time()
            for _ in map_in_order(work, parts):
                pass
            return process_time() - start

        def read(part: Any, level: Any = group[name]) -> None:
            level[(slice(None), *part)]

        def read_back(part: Any, pairs: Any = pairs) -> None:
            pairs[0][0][(slice(None), *part)]
            pairs[1][0][part]

        def write(part: Any, pairs: Any = pairs) -> None:
            (picture, new_picture), (old, new) = pairs
            new_picture[(slice(None), *part)] = picture[(slice(None), *part)]
            new[part] = old[part]

        reading += time_of(read)
        reading_back += time_of(read_back)
        copying += time_of(write)
    rmtree(scratch)
    return reading, copying - reading_back


def engine() -> float:
    """Return the seconds a pixel of applying a palette in memory."""
    from napari_colorquant import apply_palette, quantize

    image = pictures.noisy(ENGINE_MEGAPIXELS)
    palette = quantize(pictures.china(), N_COLORS).palette
    apply_palette(pictures.thumbnail(image), palette)
    start = process_time()
    apply_palette(image, palette)
    return (process_time() - start) / (image.shape[0] * image.shape[1])


def print_sizes(folder: Path, sizes: list[float]) -> list[str]:
    """Print the table of all sizes; return the targets."""
    of_engine = machine.in_fresh_process(engine)
    names = ("gigapixels", "s", "of all cores", "ns a pixel", "peak, GB")
    alone = ("codec: read", "write", "engine", "times engine + codec")
    print(report.header(*names, *alone))
    targets, each = [], []
    for size in sizes:
        source, target = folder / "slide.zarr", folder / "result.zarr"
        machine.note(f"making {size:g} gigapixels")
        n = machine.in_fresh_process(make_slide, source, size)
        seconds, busy, peak = machine.in_fresh_process(save, source, target)
        read, write = machine.in_fresh_process(codec, source, target, folder / "copy")
        alone = of_engine * n
        times = busy / (alone + read + write)
        figures = [seconds, busy, busy / n * 1e9]
        cells = [f"{figure:.1f}" for figure in figures]
        cells += [report.figure(peak, ".2f", 1e-9)]
        cells += [f"{figure:.1f}" for figure in (read, write, alone)]
        print(report.row(f"{n / 1e9:.2f}", *cells, f"{times:.2f}"), flush=True)
        what = f"{size:g} gigapixels"
        if peak is not None:
            targets.append(
                report.below(f"peak, {what}", peak / 1e9, MEMORY_LIMIT, " GB")
            )
        targets.append(report.at_most(f"time / engine + codec, {what}", times, SLOWEST))
        each.append(busy / n)
        rmtree(source)
        rmtree(target)
    if len(each) > 1:
        what = f"time a pixel, {sizes[-1]:g} / {sizes[0]:g} gigapixels"
        targets.append(report.at_most(what, each[-1] / each[0], GROWTH))
    return targets


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [0.25, 1, 4]
    parser.add_argument("--gigapixels", type=float, nargs="+", default=sizes)
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for the slides")
    return parser.parse_args()


def main() -> None:
    """Measure, and print a table and targets."""
    options = _options()
    with TemporaryDirectory(dir=options.folder) as folder:
        free = disk_usage(folder).free
        if free < DISK * max(options.gigapixels):
            raise SystemExit(
                f"{folder} has {free / 1e9:.0f} GB left, and a gigapixel takes "
                f"{DISK / 1e9:.0f}: pass another --folder, or fewer --gigapixels."
            )
        quiet = machine.Quiet()
        print(machine.describe(("zarr", "ome-zarr", "dask")))
        targets = print_sizes(Path(folder), sorted(options.gigapixels))
        print("\n#### Targets\n")
        print("\n".join(targets))
        print(f"\n{quiet}")


if __name__ == "__main__":
    main()
