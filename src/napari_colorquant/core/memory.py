"""How much memory there is, and what is said where it is not enough."""

from __future__ import annotations

from functools import lru_cache
from math import prod


class NotEnoughError(MemoryError):
    """What takes more memory than there is, said in one sentence."""


@lru_cache(1)
def memory_of_machine() -> int:
    """Return how much memory this machine has.

    Returns
    -------
    int
        Bytes, those in use among them.
    """
    import psutil  # type: ignore[import-untyped] # it has no types

    return int(psutil.virtual_memory().total)


def in_gigabytes(n_bytes: int) -> str:
    """Return an amount of memory as it is read.

    Parameters
    ----------
    n_bytes : int
        The amount.

    Returns
    -------
    str
        Such as ``"1.5 GB"``.
    """
    digits = ".3g" if n_bytes < 1e12 else ",.0f"
    return f"{n_bytes / 1e9:{digits}} GB"


def not_enough(error: MemoryError) -> NotEnoughError:
    """Say that there is not enough memory, and how much was needed if that is known.

    Parameters
    ----------
    error : MemoryError
        What was raised.

    Returns
    -------
    NotEnoughError
        The same in one sentence.
    """
    if isinstance(error, NotEnoughError):
        return error
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    needed = ""
    if shape is not None and dtype is not None:  # numpy says so
        needed = f", {in_gigabytes(prod(shape) * dtype.itemsize)} more are needed"
    return NotEnoughError(
        f"there is not enough memory{needed}: pass a part of the image, or an array of "
        "dask or zarr, which is read block by block."
    )
