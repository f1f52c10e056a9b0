"""The colour difference ΔE2000 of pixels, computed once for those that are alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.codes import code_of, decode, spread_bits
from napari_colorquant.core.color.histogram import lay_out
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import map_chunks, map_in_order
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.quality.comparison import compared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.compute.progress import Monitor

Difference = Callable[["NDArray[Any]", "NDArray[Any]"], "NDArray[np.float64]"]
"""Pixels of either picture, shape (n, C), give one number each; safe to call from many
threads."""

_CHUNK = 2**14
"""Colours that are compared at once: scikit-image makes some thirty arrays of them, and
these stay in the cache."""


def check_delta_e(pixels: Pixels) -> None:
    """Raise ValueError unless an image has three channels, as ΔE2000 needs."""
    if pixels.n_channels != 3:
        noun = "channel" if pixels.n_channels == 1 else "channels"
        raise ValueError(
            f"ΔE2000 needs RGB, and the image has {pixels.n_channels} {noun}: ask for "
            "PSNR in its place."
        )


def check_light(pixels: Pixels, statistics: Statistics) -> None:
    """Raise ValueError if values are below 0 or above white: they are no light.

    ΔE2000 would mean nothing there.
    """
    if not is_light(pixels, statistics):
        white = color_space("lab", pixels.dtype, 3, pixels.white).white
        raise ValueError(
            f"ΔE2000 needs values from 0 to {white:g}, and there are some from "
            f"{statistics.lows.min():g} to {statistics.highs.max():g}: divide by their "
            "range first, or pass delta_e=False."
        )


def is_light(pixels: Pixels, statistics: Statistics) -> bool:
    """Return whether an image's values, of three channels, are from 0 to white.

    White is the largest integer of the dtype, or 1, where no other value is known.
    """
    white = color_space("lab", pixels.dtype, 3, pixels.white).white
    return bool(statistics.lows.min() >= 0 and statistics.highs.max() <= white)


def delta_e_2000(
    a: NDArray[Any],
    b: NDArray[Any],
    dtype: np.dtype[Any],
    white: float | None = None,
) -> NDArray[np.float64]:
    """Return ΔE2000 of sRGB colours, (n, 3), under D65: float64, by scikit-image.

    Integers span their dtype's range, floats 0 to 1, unless white is passed.
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    white = color_space("lab", dtype, 3, white).white
    differences = np.empty(len(a))
    for start in range(0, len(a), _CHUNK):
        rows = slice(start, start + _CHUNK)
        lab_a, lab_b = (
            rgb2lab(values[rows].astype(np.float64) / white) for values in (a, b)
        )
        differences[rows] = deltaE_ciede2000(lab_a, lab_b)
    return differences


def difference_of(
    before: Pixels, after: Pixels, statistics: Statistics, monitor: Monitor
) -> Difference:
    """Return a function that measures ΔE2000 of valid pixels, (n, 3), of both pictures.

    Most pixels of a counted colour are redrawn in one colour: their difference is
    computed once.
    """
    if statistics.distinct is None:
        monitor("judge", 1.0)
        return lambda a, b: delta_e_2000(a, b, before.dtype, before.white)
    return _paired(before, after, statistics.distinct, monitor)


def _paired(
    before: Pixels, after: Pixels, distinct: DistinctColors, monitor: Monitor
) -> Difference:
    """Measure ΔE2000 of each colour and one that it is redrawn in."""
    tiles = before.tiles()
    kind = (distinct.n_bits, distinct.n_channels)
    spread, slots = spread_bits(*kind), distinct.slots
    pairs, differences = distinct.table(np.uint32), distinct.table(np.float64)
    # Of several colours the last one is kept: one thread, for it to be the same always.
    for tile in monitor.part(0.0, 0.5).over("judge", tiles, len(tiles)):
        a, b, _ = compared(before, after, tile)
        _pair(a, b, spread, slots, pairs)
    partners = _partners(distinct.codes, slots, pairs)

    def measure(start: int) -> None:
        rows = slice(start, start + _CHUNK)
        a, b = (decode(codes[rows], *kind) for codes in (distinct.codes, partners))
        found = delta_e_2000(a, b, before.dtype, before.white)
        lay_out(distinct.codes[rows], found, slots, differences)

    starts = range(0, len(distinct), _CHUNK)
    measured = map_in_order(measure, starts)
    for _ in monitor.part(0.5, 1.0).over("judge", measured, len(starts)):
        pass

    def look_up(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
        found = np.empty(len(a))
        if _look_up(a, b, spread, slots, pairs, differences, found) > 0:
            others = found < 0
            found[others] = delta_e_2000(
                a[others], b[others], before.dtype, before.white
            )
        return found

    return look_up


def mean_delta_e(
    pixels: Pixels,
    redrawn: NDArray[Any],
    distinct: DistinctColors | None = None,
    drawn: NDArray[Any] | None = None,
) -> float:
    """Return the mean ΔE2000 over valid pixels; raise as check_delta_e.

    distinct: all their colours, and drawn, (n, 3): what each of these is redrawn as. If
    both are passed, each colour is compared once, however many pixels it has.
    """
    check_delta_e(pixels)
    if distinct is not None and drawn is not None:
        colors, weights = distinct.colors(), distinct.counts

        def part(start: int, end: int) -> float:
            rows = slice(start, end)
            difference = delta_e_2000(
                colors[rows], drawn[rows], pixels.dtype, pixels.white
            )
            return float(difference @ weights[rows])

        return sum(map_chunks(part, len(colors), _CHUNK)) / float(weights.sum())
    after = see_pixels(redrawn, pixels.own_axis, pixels.mask)

    def total(tile: Tile) -> tuple[float, int]:
        a, b, _ = compared(pixels, after, tile)
        differences = delta_e_2000(a, b, pixels.dtype, pixels.white)
        return float(differences.sum()), len(a)

    totals, counts = zip(*map_in_order(total, pixels.tiles()), strict=True)
    return float(sum(totals) / sum(counts))


@kernel
def _pair(a: Any, b: Any, spread: Any, slots: Any, pairs: Any) -> None:
    """Write the code of a colour that each colour is redrawn in, plus 1."""
    low, six, one = np.uint32(63), np.uint32(6), np.uint32(1)
    for i in range(a.shape[0]):
        code = code_of(a, i, spread)
        pairs[slots[code >> six], code & low] = code_of(b, i, spread) + one


@kernel
def _partners(codes: Any, slots: Any, pairs: Any) -> Any:
    """Return the code of what each colour is redrawn in."""
    partners = np.empty_like(codes)
    low, six, one = np.uint32(63), np.uint32(6), np.uint32(1)
    for i in range(len(codes)):
        partners[i] = pairs[slots[codes[i] >> six], codes[i] & low] - one
    return partners


@kernel
def _look_up(
    a: Any, b: Any, spread: Any, slots: Any, pairs: Any, differences: Any, found: Any
) -> int:
    """Write differences to found, -1 where a pair has none; return how many."""
    low, six, one = np.uint32(63), np.uint32(6), np.uint32(1)
    n_others = 0
    for i in range(a.shape[0]):
        code = code_of(a, i, spread)
        slot, last = slots[code >> six], code & low
        if pairs[slot, last] == code_of(b, i, spread) + one:
            found[i] = differences[slot, last]
        else:
            found[i] = -1.0
            n_others += 1
    return n_others
