"""Arrays in files, which other processes open again where they are.

An array of zarr that is sent to another process takes its metadata along and the path
that it was opened by. Where there is nothing at that path, say as it is a relative one,
its pixels are zeros, without an error. What is here is opened by its full path, or
there is an error.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OPEN = 16
"""Arrays that a process keeps open."""


class _Place(Protocol):
    @property
    def path(self) -> str: ...

    def open(self) -> Any: ...

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class ZarrPlace:
    """Where an array of zarr is.

    Parameters
    ----------
    path : str
        The full path, or the address, of the store.
    name : str
        The array's path in the store.
    changed : tuple of int
        When its metadata were, in nanoseconds; empty where that is not known.
    """

    path: str
    name: str
    changed: tuple[int, ...] = ()

    def open(self) -> Any:
        """Open the array.

        Returns
        -------
        zarr.Array
            To be read.

        Raises
        ------
        FileNotFoundError
            If there is none.
        """
        import zarr

        return zarr.open_array(self.path, path=self.name, mode="r")


class Stored:
    """An array in a file, which takes its place along when it is sent elsewhere.

    Parameters
    ----------
    array : zarr.Array
        The array, as it is open here.
    place : object
        Where it is: plain data with a ``path`` and ``open()``, others where the file
        has been changed; see :class:`ZarrPlace`.

    Attributes
    ----------
    place : object
        Likewise.
    shape, chunks : tuple of int
        Its own.
    dtype : dtype
        Likewise.
    ndim : int
        Number of axes.
    """

    def __init__(self, array: Any, place: _Place) -> None:
        self._array = array
        self.place = place
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.chunks: tuple[int, ...] = tuple(array.chunks)
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim = len(self.shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        if self._array is None:
            self._array = _opened(self.place)
        # Opened again, the order of its bytes may be another one.
        return np.asarray(self._array[part], self.dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_array": None}

    def __dask_tokenize__(self) -> Any:
        return type(self).__name__, self.place, self.shape, self.dtype.str


def sendable(array: Any) -> Any:
    """Return an array that can be sent to other processes.

    Parameters
    ----------
    array : array_like
        Any array.

    Returns
    -------
    Stored or array_like
        An array of zarr in a folder as one that is stored; others as they are.
    """
    zarr = sys.modules.get("zarr")
    if zarr is None or not isinstance(array, zarr.Array):
        return array
    root = getattr(array.store, "root", None)  # of a folder
    if not isinstance(root, Path):
        return array
    return Stored(array, zarr_place(root, array.path))


def zarr_place(store: str | os.PathLike[str], name: str) -> ZarrPlace:
    """Return where an array of a folder is.

    Parameters
    ----------
    store : str or path-like
        The folder of the store.
    name : str
        The array's path in it.

    Returns
    -------
    ZarrPlace
        With its full path, and when its metadata were changed.
    """
    full = os.path.realpath(store)
    marks = [Path(full, name, mark) for mark in ("zarr.json", ".zarray")]
    changed = tuple(mark.stat().st_mtime_ns for mark in marks if mark.is_file())
    return ZarrPlace(full, name, changed)


@lru_cache(_OPEN)
def _opened(place: _Place) -> Any:
    try:
        return place.open()
    except (OSError, ValueError) as error:
        raise FileNotFoundError(
            f"{place.path}: cannot be opened by a worker of the cluster: keep it where "
            "all workers find it under this name."
        ) from error
