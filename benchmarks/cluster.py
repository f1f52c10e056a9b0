"""A cluster of dask on this machine: one worker, two, and threads beside them.

python benchmarks/cluster.py [--megapixels 64] [--channels 3] [--colors 64]
                             [--workers 1 2] [--block 1024]

An image of uint16 that is generated block by block is quantized; all its blocks are
then assigned and counted, and once more, to be saved as OME-Zarr with their picture.
Each worker is a process of one thread. What is compiled is there before it is timed.
A ratio is the time of the first row of workers over that of the row. The last column
compares palettes, counts and what is saved with those of threads, byte by byte.
"""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from math import isqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import machine
import numpy as np
import report

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_LUMPS = 12
NOISE = 900


def block_of(n_channels: int, block_info: Any = None) -> NDArray[np.uint16]:
    """Make a block of lumps of colour with noise, its own and always the same."""
    place = block_info[None]["chunk-location"]
    height, width, _ = block_info[None]["chunk-shape"]
    random = np.random.default_rng(place)
    lumps = np.random.default_rng(0).integers(8192, 57_344, (N_LUMPS, n_channels))
    which = random.integers(0, N_LUMPS, (height // 8 + 1, width // 8 + 1))
    which = which.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    noise = random.standard_normal((height, width, n_channels), np.float32) * NOISE
    return (lumps[which] + noise).astype(np.uint16)


def image_of(megapixels: float, n_channels: int, size: int) -> Any:
    """Return a lazy image of about so many megapixels."""
    import dask.array as da

    n_blocks = max(1, round(isqrt(int(megapixels * 1e6)) / size))
    return da.map_blocks(
        partial(block_of, n_channels),
        chunks=((size,) * n_blocks, (size,) * n_blocks, (n_channels,)),
        dtype="u2",
        meta=np.empty((0, 0, 0), "u2"),
    )


def time_of(
    options: argparse.Namespace, n_workers: int
) -> tuple[float, float, float, str]:
    """Return the times of quantizing, counting and saving, and what came of it.

    To be called in a fresh process; 0 workers are threads of that process.
    """
    from napari_colorquant import count_all, quantize, save_ome_zarr

    image = image_of(options.megapixels, options.channels, options.block)
    small = image_of(0, options.channels, 300)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()), "a.zarr")
        if n_workers:
            from distributed import Client, LocalCluster

            cluster = LocalCluster(
                n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"
            )
            client = stack.enter_context(Client(stack.enter_context(cluster)))
            assert len(client.nthreads()) == n_workers
            for worker in client.nthreads():  # loads and compiles there
                client.submit(warm_up, small, options.colors, workers=[worker]).result()
        warm_up(small, options.colors)
        start = time.perf_counter()
        q = quantize(image, options.colors, channel_axis=2)
        learned = time.perf_counter()
        q = count_all(q)
        counted = time.perf_counter()
        save_ome_zarr(folder, q, channel_axis=2)
        saved = time.perf_counter()
        digest = sha256(q.palette.colors.tobytes() + q.palette.counts.tobytes())
        for path in sorted(folder.rglob("c/**/*")):  # the chunks
            if path.is_file():
                digest.update(path.read_bytes())
    if (
        not q.palette.counts.sum()
        == q.report.n_pixels
        == image.size // options.channels
    ):
        raise AssertionError("it did not count every pixel")
    return learned - start, counted - learned, saved - counted, digest.hexdigest()


def warm_up(image: Any, n_colors: int) -> None:
    """Quantize a small image, and save it."""
    from dask import config

    from napari_colorquant import count_all, quantize, save_ome_zarr

    with TemporaryDirectory() as folder, config.set(scheduler="synchronous"):
        q = count_all(quantize(image, n_colors, channel_axis=2))
        save_ome_zarr(Path(folder, "a.zarr"), q, channel_axis=2)


def print_times(options: argparse.Namespace) -> None:
    """Print the table."""
    shape = image_of(options.megapixels, options.channels, options.block).shape
    size = " x ".join(f"{n:,}" for n in shape)
    print(f"### uint16, {size}, in blocks of {options.block}, K = {options.colors}\n")
    steps = ("quantize, s", "count_all, s", "save, s")
    print(report.header("", *steps, "s", "ratio", "bytes"))
    first: float | None = None
    expected = ""
    for n_workers in (0, *options.workers):
        *times, found = machine.in_fresh_process(time_of, options, n_workers)
        total = sum(times)
        if n_workers:
            noun = "worker" if n_workers == 1 else "workers"
            name = f"{n_workers} {noun}"
            first = first or total
        else:
            name, expected = f"threads, {machine.n_cores()} cores", found
        print(
            report.row(
                name,
                *(f"{seconds:.2f}" for seconds in (*times, total)),
                report.figure(first and first / total, ".2f"),
                "the same" if found == expected else "OTHERS",
            ),
            flush=True,
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--megapixels", type=float, default=64, metavar="M")
    add("--channels", type=int, default=3, metavar="C")
    add("--colors", type=int, default=64, metavar="K")
    add("--block", type=int, default=1024, metavar="N", help="pixels of its sides")
    add("--workers", type=int, nargs="+", default=[1, 2], metavar="N")
    return parser.parse_args()


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    quiet = machine.Quiet()
    print(machine.describe(("dask", "distributed")))
    print_times(options)
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
