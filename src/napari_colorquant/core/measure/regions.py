"""Regions in which areas are measured: one array of numbers, or masks that may overlap.

An array may have fewer axes than the labels: it is the same along the first ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import as_dask, occupied
from napari_colorquant.core.image.validate import is_lazy, see_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_LARGEST = 2**63 - 1
"""The largest number of a region, as tables hold it."""


def see_regions(regions: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Return the arrays of regions, checked, lazy ones as dask's; none for None.

    One of integers numbers them itself; else arrays are masks, of region 1, 2 and so
    on. Nested lists are one array if they have integers or the labels' shape.
    shape: of the labels. Raise TypeError or ValueError in one sentence.
    """
    if regions is None:
        return ()
    if not isinstance(regions, list | tuple):
        return (_seen(regions, "regions", shape, "biu"),)
    if not regions:
        raise ValueError("regions is an empty list: pass one mask for each region.")
    if all(isinstance(one, list | tuple) for one in regions):
        nested = see_array(regions, "regions")
        if nested.dtype.kind in "iu" or nested.shape == shape:
            return (_seen(nested, "regions", shape, "biu"),)
    return tuple(
        _seen(one, f"mask of region {number}", shape, "b")
        for number, one in enumerate(regions, 1)
    )


def _seen(array: Any, what: str, shape: tuple[int, ...], kinds: str) -> Any:
    seen = as_dask(array, what) if is_lazy(array) else see_array(array, what)
    if seen.dtype.kind not in kinds:
        others = ", or whole numbers, 0 outside" if "i" in kinds else ""
        raise TypeError(
            f"{_having(what)} the dtype {seen.dtype}: pass booleans, True "
            f"inside{others}."
        )
    if seen.shape[1:] == shape and what == "regions":
        raise ValueError(
            f"the regions have the shape {seen.shape}, one axis more than the labels: "
            "pass a list of masks, one for each region."
        )
    if seen.ndim == 0 or seen.shape != shape[-seen.ndim :]:
        raise ValueError(
            f"{_having(what)} the shape {seen.shape}: pass the shape of the labels, "
            f"{shape}, or that of their last axes."
        )
    if not is_lazy(seen):
        check_numbers(seen, what, "outside")
    return seen


def check_numbers(array: NDArray[Any], what: str, nothing: str) -> None:
    """Raise ValueError if an array, or a block of one, has a number below 0, or huge.

    what: its name, such as ``"regions"``; nothing: what 0 is.
    """
    kind, size = array.dtype.kind, array.dtype.itemsize
    if not array.size or kind == "b" or (kind == "u" and size < 8):
        return
    least, most = int(array.min()), int(array.max())
    if least < 0 or most > _LARGEST:
        value, end = (least, "from 0") if least < 0 else (most, "up to 2**63 - 1")
        raise ValueError(
            f"{_having(what)} the value {value}: pass numbers {end}, where 0 is "
            f"{nothing}."
        )


def _having(what: str) -> str:
    """Return words such as ``"the regions have"``."""
    return f"the {what} {'have' if what.endswith('s') else 'has'}"


def numbered(regions: Sequence[Any]) -> bool:
    """Return whether regions are numbered by an array, and not masks in order."""
    return len(regions) == 1 and regions[0].dtype.kind != "b"


def reached(
    regions: Sequence[Any], chunks: Sequence[Sequence[int]]
) -> NDArray[np.bool_]:
    """Return, for each block of the labels, whether a region may have a pixel in it.

    chunks: the sizes of blocks along each axis. Of lazy regions, it is not known.
    """
    grid = tuple(map(len, chunks))
    if any(map(is_lazy, regions)) or not regions:
        return np.ones(grid, bool)
    found = np.zeros(grid, bool)
    for array in regions:
        found |= occupied(array, chunks[-array.ndim :])
    return found


def part_of(array: Any, tile: tuple[slice, ...]) -> Any:
    """Return the part of regions that lies in a tile of the labels."""
    return array[tile[-array.ndim :]]
