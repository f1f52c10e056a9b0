"""Time and peak memory of measuring areas in a slide of gigapixels, beside the truth.

python benchmarks/measure.py [--side 16384 65536] [--folder FOLDER]

The slide is an array of zarr of RGB in uint8, in which each block of 1,024 pixels has
a dark disc of known area on a bright ground. A palette of both colours is applied, and
the areas are measured in the whole slide and in 16 regions, which are lazy, too: all
blocks are read, assigned and counted. The areas have to be those that were drawn, to
the pixel. Each row is measured in a fresh process; the peak is what it needed above
what it had after a small slide.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import machine
import numpy as np

BLOCK = 1024
RADIUS = 300
REGIONS = 4
"""Regions along each side."""
MICROMETERS = 0.25
BRIGHT, DARK = (240, 230, 235), (90, 60, 120)


def disc() -> np.ndarray:
    """Return the block of a disc, of bool."""
    places = np.arange(BLOCK) - BLOCK / 2
    return np.hypot(*np.meshgrid(places, places)) < RADIUS


def draw(path: Path, side: int) -> None:
    """Write a slide, block by block: all are the same."""
    import zarr

    block = np.where(disc()[..., np.newaxis], DARK, BRIGHT).astype(np.uint8)
    shape, chunks = (side, side, 3), (BLOCK, BLOCK, 3)
    array = zarr.create_array(path, shape=shape, chunks=chunks, dtype="u1")
    for row in range(0, side, BLOCK):
        array[row : row + BLOCK] = np.tile(block, (1, side // BLOCK, 1))


def _region_of(block_id: tuple[int, int], n_blocks: int) -> np.ndarray:
    row, column = (place * REGIONS // n_blocks for place in block_id)
    number = 1 + row * REGIONS + column
    return np.full((BLOCK, BLOCK), number, np.uint8)


def areas_of(path: Path) -> tuple[list[float], list[float]]:
    """Return the dark area in the whole slide and in each region, in µm²."""
    import dask.array as da

    from napari_colorquant import Palette, apply_palette, measure_areas

    image = da.from_zarr(path)
    n_blocks = image.shape[0] // BLOCK
    regions = da.map_blocks(
        lambda block_id=None: _region_of(block_id, n_blocks),
        chunks=((BLOCK,) * n_blocks,) * 2,
        dtype=np.uint8,
        meta=np.empty((0, 0), np.uint8),
    )
    q = apply_palette(image, Palette([DARK, BRIGHT], units="uint8"))
    size = {"scale": MICROMETERS, "units": "um"}
    tables = measure_areas(q, **size), measure_areas(q, regions=regions, **size)
    return tuple(one[one["label"] == 1]["area"].tolist() for one in tables)


def timed(
    small: Path, slide: Path
) -> tuple[list[float], list[float], float, int | None]:
    """Return areas, seconds and peak; to be called in a fresh process."""
    areas_of(small)  # loads and compiles
    start = time.perf_counter()
    (whole, by_region), peak = machine.peak_memory(lambda: areas_of(slide))
    return whole, by_region, time.perf_counter() - start, peak


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, nargs="+", default=[16384, 65536])
    parser.add_argument("--folder", help="where the slides are written")
    arguments = parser.parse_args()
    quiet = machine.Quiet()
    print(machine.describe(("dask", "zarr", "pandas")))
    print("| gigapixels | s, twice all blocks | ns a pixel | peak, GB | areas |")
    print("| ---: | ---: | ---: | ---: | --- |")
    with TemporaryDirectory(dir=arguments.folder) as folder:
        small = Path(folder, "small.zarr")
        draw(small, REGIONS * BLOCK)
        for side in arguments.side:
            slide = Path(folder, f"{side}.zarr")
            draw(slide, side)
            found = machine.in_fresh_process(timed, small, slide)
            whole, by_region, seconds, peak = found
            true = disc().sum() * (side // BLOCK) ** 2 * MICROMETERS**2
            exact = whole == [true] and by_region == [true / REGIONS**2] * REGIONS**2
            n_pixels = side**2
            print(
                f"| {n_pixels / 1e9:.2f} | {seconds:.1f} "
                f"| {seconds / 2 / n_pixels * 1e9:.2f} "
                f"| {'' if peak is None else f'{peak / 1e9:.2f}'} "
                f"| {'exact' if exact else f'{whole} in place of {true}'} |"
            )
    print(f"\n{quiet}")


if __name__ == "__main__":
    main()
