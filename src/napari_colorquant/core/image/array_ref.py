"""Arrays in files, which other processes open again where they are.

An array of zarr is sent with the path by which it was opened. Where a worker finds
nothing at that path, for example because it is relative, zarr gives zeros. Here paths
are full, and a missing array is an error.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.bounded import bounded_store
from napari_colorquant.core.image.declared import as_declared, refuse_too_large

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

    path: full path, or address, of the store; name: path in the store; changed: when
    its metadata changed, in nanoseconds, empty where not known.
    """

    path: str
    name: str
    changed: tuple[int, ...] = ()

    def open(self) -> Any:
        """Return the zarr array, open to be read."""
        import zarr

        return zarr.open_array(bounded_store(self.path), path=self.name, mode="r")


class Stored:
    """An array in a file, which takes its place along when it is sent elsewhere.

    place: plain data with path and open(), hashable, unequal once the file has changed;
    None where there is no file: then the array itself is sent.
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
        """Return the error of a part, such as 0:64, 0:64, that cannot be read."""
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
    """Return the text of an index, such as 0:64, 0:64, without what is whole."""
    parts = part if isinstance(part, tuple) else (part,)
    return ", ".join(
        f"{one.start}:{one.stop}" if isinstance(one, slice) else shown(one)
        for one in parts
        if not (isinstance(one, slice) and one == slice(None))
    )


def reason_of(error: Exception) -> str:
    """Return an error's first line without the full stop, or else its type's name."""
    line = next(iter(str(error).splitlines()), "") or type(error).__name__
    return line.rstrip(".")


def sendable(array: Any) -> Any:
    """Return an array of zarr as `Stored`, which can be sent; others as they are.

    Its place is known if the store is a folder.
    """
    zarr = sys.modules.get("zarr")
    if zarr is None or not isinstance(array, zarr.Array):
        return array
    root = getattr(array.store, "root", None)  # of a folder
    place = zarr_place(root, array.path) if isinstance(root, Path) else None
    return Stored(array, place)


def zarr_place(store: str | os.PathLike[str], name: str) -> ZarrPlace:
    """Return where an array of a folder is, with its full path and time of change."""
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
