"""A program: what becomes of blocks that are not what was declared, in every place.

In a process of its own, as compiled code that is misled may end it. It prints a line of
JSON for each pair of dtypes and each place: what was raised, or null.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import dask
import dask.array as da
import numpy as np

from napari_colorquant import (
    Palette,
    Recolor,
    apply_palette,
    edit,
    error_curve,
    error_map,
    fit_palette,
    measure_quality,
    quantize,
    quantize_slices,
    save_ome_zarr,
)

SHAPE = (2, 6, 5, 3)


lying = False
"""Whether the second frame is another one than was declared."""


def stack_of(real: str, said: str, shape: tuple[int, ...] = SHAPE) -> da.Array:
    """Make a stack of two frames; the second may lie, each time that it is read."""

    def frame(number: int) -> np.ndarray:
        values = np.random.default_rng(number).integers(2, 200, shape[1:])
        if number == 0 or not lying:
            return values.astype(said)
        return (values * 500 + (0.3 if np.dtype(real).kind in "fc" else 0)).astype(real)

    return da.stack(
        [
            da.from_delayed(dask.delayed(frame)(n), shape[1:], dtype=np.dtype(said))
            for n in range(2)
        ]
    )


def places(real: str, said: str) -> dict[str, object]:
    """Return all ways in which the stack's pixels are asked for."""
    image = stack_of(real, said)
    grey = stack_of(real, said, SHAPE[:-1])
    right = stack_of(said, said)
    palette = Palette([[0, 0, 0], [90, 90, 90], [200, 90, 0]])
    q = apply_palette(image, palette)
    made = apply_palette(right, palette)

    def save() -> None:
        with TemporaryDirectory() as folder:
            save_ome_zarr(Path(folder, "a.zarr"), q)

    found = {
        "quantize": lambda: quantize(image, 3),
        "from a sample": lambda: quantize(image, 3, refine=False, method="wu"),
        "lab": lambda: quantize(image, 3, color_space="lab"),
        "one channel": lambda: quantize(grey, 3, channel_axis=None),
        "channels first": lambda: quantize(
            np.moveaxis(image, -1, 0), 3, channel_axis=0
        ),
        "fit": lambda: fit_palette(image, 3),
        "labels": lambda: q.labels.compute(),
        "picture": lambda: q.image.compute(),
        "part": lambda: q.labels[1, 2:4, 2:4].compute(),
        "slices": lambda: quantize_slices(image, 2),
        "curve": lambda: error_curve(image, max_colors=4),
        "quality": lambda: measure_quality(right, image, delta_e=None),
        "map": lambda: error_map(image, right).compute(),
        "edit": lambda: edit(made, image, [Recolor(0, [9, 9, 9])]).labels.compute(),
        "edited picture": lambda: edit(
            made, image, [Recolor(0, [9, 9, 9])]
        ).image.compute(),
        "save": save,
    }
    if np.dtype(said).kind != "f":
        found["seeds"] = lambda: quantize(right, 4, seeds=grey)
        found["seeds in memory"] = lambda: quantize(right.compute(), 4, seeds=grey)
    return found


def main() -> None:
    """Try everything."""
    global lying
    warnings.simplefilter("ignore")
    for said, reals in json.loads(sys.argv[1]).items():
        for real in reals:
            for place, ask in places(real, said).items():
                error, lying = None, True
                print(json.dumps([said, real, place]), end="\t", flush=True)
                try:
                    ask()
                except Exception as raised:  # noqa: BLE001, it is what is asked for
                    error = [type(raised).__name__, str(raised)]
                lying = False
                print(json.dumps(error), flush=True)


if __name__ == "__main__":
    main()
