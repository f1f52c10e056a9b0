"""Find how much memory there is, and report where it is not enough."""

from __future__ import annotations

from functools import lru_cache
from math import prod


class NotEnoughError(MemoryError):
    """A request for more memory than there is, with a message of one sentence."""


@lru_cache(1)
def memory_of_machine() -> int:
    """Return this machine's memory in bytes, including what is in use."""
    import psutil  # type: ignore[import-untyped] # it has no types

    return int(psutil.virtual_memory().total)


def in_gigabytes(n_bytes: int) -> str:
    """Return bytes as a text such as ``"1.5 GB"``, in units of 10^9 bytes."""
    digits = ".3g" if n_bytes < 1e12 else ",.0f"
    return f"{n_bytes / 1e9:{digits}} GB"


def not_enough(error: MemoryError) -> NotEnoughError:
    """Return a memory error of one sentence, with the missing amount if known."""
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
