"""Checks that blocks of lazy arrays are what the arrays declare.

Dask does not check them: when files of several bit depths are opened as one stack, it
declares the dtype of the first file. Compiled code would then read outside its tables.
"""

from __future__ import annotations

from functools import partial
from math import ceil, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.memory import in_gigabytes, memory_of_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MOST_PIXELS = 2**44
"""Values of a lazy array that anybody has: about 17 terabytes of 8 bits."""
MOST_BLOCKS = 2**24
"""Blocks that can be gone through: their sizes are in memory."""

_NAME = "checked"
"""What the names of arrays begin with whose blocks are checked."""


def refuse_too_large(
    shape: Sequence[int], blocks: Sequence[Any], dtype: np.dtype[Any], what: str
) -> None:
    """Raise ValueError if an array is too large to go through; list nothing of it.

    It may have too many values or blocks, or blocks that do not fit into memory twice.
    blocks: along each axis, the size of one, or a tuple of all sizes.
    """
    has = f"the {what} {'have' if what.endswith('s') else 'has'}"
    # An axis of no entries makes the others no smaller: their blocks are listed, too.
    if prod(max(1, size) for size in shape) > MOST_PIXELS:
        raise ValueError(
            f"{has} the shape {tuple(shape)}, more than the {MOST_PIXELS:,} values "
            "that can be gone through: pass a part, or a smaller level."
        )
    n_blocks = n_bytes = 1
    for size, along in zip(shape, blocks, strict=True):
        if isinstance(along, tuple):
            n, largest = len(along), max(along, default=0)
        else:
            n, largest = ceil(size / max(1, along)), min(size, along)
        n_blocks, n_bytes = n_blocks * max(1, n), n_bytes * max(1, largest)
    if n_blocks > MOST_BLOCKS:
        raise ValueError(
            f"{has} {n_blocks:,} blocks, more than the {MOST_BLOCKS:,} that can be "
            "gone through: store larger blocks, or pass a part or a smaller level."
        )
    n_bytes *= dtype.itemsize
    if n_bytes > memory_of_machine() // 2:  # a block that is read is there twice
        raise ValueError(
            f"{has} blocks of {in_gigabytes(n_bytes)}, and this machine has "
            f"{in_gigabytes(memory_of_machine())} of memory: store smaller blocks."
        )


def as_declared(
    block: Any, shape: Sequence[int], dtype: np.dtype[Any], name: str
) -> NDArray[Any]:
    """Return a block in the declared dtype: a copy only if it has another one.

    Raise TypeError if it is no array or has values that dtype has not, ValueError if
    its shape differs. name: such as ``"block (0, 1) of the image"``.
    """
    if isinstance(block, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array: fill it, and pass a mask beside it."
        )
    try:
        array = np.asarray(block)
    except (TypeError, ValueError, RuntimeError):  # ragged, or on a graphics card
        raise TypeError(
            f"{name} is a {type(block).__name__}: make blocks that are arrays of numpy."
        ) from None
    if array.shape != tuple(shape):
        raise ValueError(
            f"{name} has the shape {array.shape}, and {tuple(shape)} was declared: "
            "bring the files, or what makes the blocks, to the declared shape."
        )
    if array.dtype == dtype:
        return array
    if array.dtype.newbyteorder("=") == dtype.newbyteorder("="):
        return array.astype(dtype)
    same = _converted(array, dtype)
    if same is None:
        raise TypeError(
            f"{name} has the dtype {array.dtype}, and {dtype} was declared: convert "
            "the files, or what makes the blocks, to one dtype."
        )
    return same


def _converted(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any] | None:
    """Return an array in another dtype, or None if that changes a value."""
    if array.dtype.kind not in "biuf" or dtype.kind not in "biuf":
        return None
    with np.errstate(invalid="ignore", over="ignore"):
        there = array.astype(dtype)
        back = there.astype(array.dtype)
    # Both: integers wrap on the way and back, and large ones are rounded to compare.
    equal = (there == array) & (back == array)
    if array.dtype.kind == dtype.kind == "f":
        equal |= np.isnan(array) & np.isnan(there)
    return there if equal.all() else None


def checked(array: Any, what: str) -> Any:
    """Return a dask array whose blocks are checked when they are computed.

    The sizes of the blocks must be known. what: what it is called, such as ``"image"``.
    """
    if array.name.startswith(f"{_NAME}-"):
        return array
    import dask.array as da
    from dask.base import tokenize
    from dask.layers import ArrayBlockIdDep, ArrayChunkShapeDep

    axes = tuple(range(array.ndim))
    # Not da.map_blocks, which would list all blocks to number them.
    return da.blockwise(
        partial(_checked, array.dtype, what),
        axes,
        array,
        axes,
        ArrayBlockIdDep(array.chunks),
        axes,
        ArrayChunkShapeDep(array.chunks),
        axes,
        align_arrays=False,
        dtype=array.dtype,
        meta=np.empty((0,) * array.ndim, array.dtype),
        name=f"{_NAME}-{tokenize(array.name, array.dtype, array.chunks, what)}",
    )


def _checked(
    dtype: np.dtype[Any], what: str, block: Any, index: Any, shape: Any
) -> NDArray[Any]:
    return as_declared(block, shape, dtype, f"block {index} of the {what}")
