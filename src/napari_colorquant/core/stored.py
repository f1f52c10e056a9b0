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

from napari_colorquant.core.arguments import shown
from napari_colorquant.core.bounded import bounded_store
from napari_colorquant.core.declared import as_declared, refuse_too_large

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

        return zarr.open_array(bounded_store(self.path), path=self.name, mode="r")


class Stored:
    """An array in a file, which takes its place along when it is sent elsewhere.

    Parameters
    ----------
    array : zarr.Array
        The array, as it is open here.
    place : object or None
        Where it is: plain data with a ``path`` and ``open()``, others where the file
        has been changed; see :class:`ZarrPlace`. None where it is no file: then the
        array itself is sent.

    Attributes
    ----------
    place : object or None
        Likewise.
    shape, chunks : tuple of int
        Its own.
    dtype : dtype
        Likewise.
    ndim : int
        Number of axes.
    """

    def __init__(self, array: Any, place: _Place | None) -> None:
        self._array = array
        self.place = place
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.chunks: tuple[int, ...] = tuple(array.chunks)
        self.dtype: np.dtype[Any] = array.dtype
        self.ndim = len(self.shape)

    def __getitem__(self, part: Any) -> NDArray[Any]:
        refuse_too_large(self.shape, self.chunks, self.dtype, "stored array")
        if self._array is None:
            self._array = self._opened()
        try:
            block = self._array[part]
        except (FileNotFoundError, MemoryError):
            raise
        except Exception as error:  # damage makes a codec stumble anywhere
            raise self.damaged(_text_of(part), error) from error
        # An array of the same shape that takes no memory.
        shape = np.broadcast_to(np.empty((), bool), self.shape)[part].shape
        name = f"the part [{_text_of(part)}] of the stored array"
        return as_declared(block, shape, self.dtype, name)

    def damaged(self, part: str, error: Exception) -> ValueError:
        """Return the error of a part that cannot be read.

        Parameters
        ----------
        part : str
            Which, such as ``"0:64, 0:64"``; empty for all.
        error : Exception
            What stumbled over it.

        Returns
        -------
        ValueError
            One sentence.
        """
        where = "the array: " if self.place is None else f"{self.place.path}: "
        return ValueError(
            f"{where}its pixels [{part}] cannot be read: {reason_of(error)}."
        )

    def _opened(self) -> Any:
        assert self.place is not None  # or the array was sent along
        array = _opened(self.place)
        if (array.shape, array.dtype.newbyteorder("=")) != (
            self.shape,
            self.dtype.newbyteorder("="),
        ):
            raise ValueError(
                f"{self.place.path}: is another array than the one that was opened "
                "first: keep files as they are while they are worked on."
            )
        return array

    def __getstate__(self) -> dict[str, Any]:
        sent = self._array if self.place is None else None
        return {**self.__dict__, "_array": sent}

    def __dask_tokenize__(self) -> Any:
        what = self._array if self.place is None else self.place
        return type(self).__name__, what, self.shape, self.dtype.str


def _text_of(part: Any) -> str:
    """Say which part of an array it is; what is whole is left out."""
    parts = part if isinstance(part, tuple) else (part,)
    return ", ".join(
        f"{one.start}:{one.stop}" if isinstance(one, slice) else shown(one)
        for one in parts
        if not (isinstance(one, slice) and one == slice(None))
    )


def reason_of(error: Exception) -> str:
    """Return what an error of a library says, to be part of a sentence.

    Parameters
    ----------
    error : Exception
        The error.

    Returns
    -------
    str
        Its first line without the full stop, or its kind if it says nothing.
    """
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line.rstrip(".")


def sendable(array: Any) -> Any:
    """Return an array that can be sent to other processes.

    Parameters
    ----------
    array : array_like
        Any array.

    Returns
    -------
    Stored or array_like
        An array of zarr as one that is stored; others as they are.
    """
    zarr = sys.modules.get("zarr")
    if zarr is None or not isinstance(array, zarr.Array):
        return array
    root = getattr(array.store, "root", None)  # of a folder
    place = zarr_place(root, array.path) if isinstance(root, Path) else None
    return Stored(array, place)


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
