"""Sums over the files and arrays of an image, which change where its pixels do."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from hashlib import blake2b
from io import IOBase, RawIOBase
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.array_ref import Stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def is_address(source: object) -> bool:
    """Return whether a source is a web address such as "s3://...", not a path."""
    return isinstance(source, str) and "://" in source


MOST_FILES = 2**22
"""Files of a folder that are looked at, which takes a minute at most."""
_MOST_OBJECTS = 2**24
_LONGEST_NAME = 4096
_FILE, _FOLDER = "file", "folder of zarr"
_ZARR = ("zarr.json", ".zarray", ".zgroup")
_LOCKS = (type(Lock()), type(RLock()))  # which cannot be looked into, and need not
_OWN = ".partial"  # a result that is being saved inside the image's folder


def file_identity(paths: Iterable[str | os.PathLike[str]]) -> list[Any]:
    """Return the full path, both times of change (ns) and the size of each file."""
    return [[os.path.realpath(path), *_times(os.stat(path))] for path in paths]


def folder_identity(path: str | os.PathLike[str]) -> list[Any] | None:
    """Return the path of a folder, its number of files, and a sum over them.

    The sum is of names, times and sizes, without results that are being saved. None
    where there are more than MOST_FILES files.
    """
    total, n = blake2b(digest_size=16), 0
    for name, stat in _files(os.fspath(path), ""):
        n += 1
        if n > MOST_FILES:
            return None
        times = f"{name} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_size}\n"
        total.update(times.encode("utf-8", "surrogateescape"))
    return [os.path.realpath(path), n, total.hexdigest()]


def array_identity(*arrays: Any) -> str | None:
    """Return a sum over the sources of arrays: zarr, files, and content in memory.

    None where one cannot be known: an address, a store that is no folder, data of a
    cluster. What the graph of dask does is not part of it: dask has names for that.
    """
    from cloudpickle import Pickler

    sources = _Sources()

    class Finder(Pickler):  # type: ignore[misc] # it has no types
        """Visits all that an object is made of, as if to send it to another process."""

        def persistent_id(self, item: Any) -> str | None:
            return "known" if sources.know(item) else None

    with suppress(Exception):  # of objects of any kind: pickling may fail anyhow
        Finder(_Nowhere()).dump(arrays)
        return sources.total()
    return None


class _Sources:
    """The sources that were found in a graph."""

    def __init__(self) -> None:
        self._n = 0
        self._kinds: dict[str, str] = {}  # by the name
        self._contents: set[str] = set()

    def know(self, item: Any) -> bool:
        """Note a source; return whether there is nothing more to look for in it."""
        self._n += 1
        if self._n > _MOST_OBJECTS:
            raise ValueError("there are too many objects in the graph.")
        if isinstance(item, str):
            self._named(item)
        elif isinstance(item, Path):
            self._named(str(item))
        elif isinstance(item, np.ndarray) and item.dtype.kind != "O":
            content = blake2b(np.ascontiguousarray(item).tobytes(), digest_size=16)
            self._contents.add(f"{item.dtype.str} {item.shape} {content.hexdigest()}")
            return True
        elif isinstance(item, Stored) and (place := item.place) is not None:
            whole_name = "/".join(
                filter(None, (place.path, getattr(place, "name", "")))
            )
            if not self._named(whole_name):
                raise ValueError("it is not there.")
            return True
        elif _is_of("zarr", "Array", item):
            if not _is_of_zarr(item.store):  # a store of others: it names its files
                return self.know(item.store)
            self._kinds[os.path.join(_root(item.store), item.path)] = _FOLDER
            return True
        elif _is_of("zarr.abc.store", "Store", item) and _is_of_zarr(item):
            self._kinds[str(_root(item))] = _FOLDER
            return True
        elif _is_of("h5py", "HLObject", item):
            self._named(item.file.filename)
            return True
        elif _is_of("fsspec", "AbstractFileSystem", item):
            if "file" not in item.protocol:
                raise ValueError("it is at an address, or in memory.")
            return True
        elif isinstance(item, IOBase):
            return self._named(str(getattr(item, "name", "")))
        elif _is_of("distributed", "Future", item):
            raise ValueError("a cluster keeps it.")
        else:
            return isinstance(item, _LOCKS)
        return False

    def _named(self, name: str) -> bool:
        """Note what has a name; return whether it is a file, or a folder of zarr."""
        if name not in self._kinds:
            self._kinds[name] = _kind_of(name)
        return self._kinds[name] != ""

    def total(self) -> str:
        """Return a sum over what all of them are known by."""
        names = sorted(self._kinds)
        known: list[Any] = sorted(self._contents)
        known += file_identity(name for name in names if self._kinds[name] == _FILE)
        for name in names:
            if self._kinds[name] == _FOLDER:
                identity = folder_identity(name)
                if identity is None:
                    raise ValueError("there are too many files.")
                known.append(identity)
        return blake2b(repr(known).encode(), digest_size=16).hexdigest()


def _kind_of(name: str) -> str:
    """Return which of the kinds has a name, empty for none."""
    if is_address(name):
        raise ValueError("it is at an address.")
    if len(name) > _LONGEST_NAME or "\0" in name:
        return ""
    if os.path.isfile(name):
        return _FILE
    is_zarr = any(os.path.exists(os.path.join(name, mark)) for mark in _ZARR)
    return _FOLDER if is_zarr else ""


def _is_of(module: str, name: str, item: object) -> bool:
    """Return whether an object is of a class, which is loaded if it is."""
    known = getattr(sys.modules.get(module), name, None)
    return known is not None and isinstance(item, known)


def _is_of_zarr(store: object) -> bool:
    """Return whether a store is one of zarr's own."""
    return type(store).__module__.partition(".")[0] == "zarr"


def _root(store: Any) -> Path:
    """Return the folder of a store of zarr."""
    root = getattr(store, "root", None)
    if isinstance(root, Path):
        return root
    protocol = getattr(getattr(store, "fs", None), "protocol", ())  # of fsspec
    if "file" in protocol:
        return Path(store.path)
    raise ValueError("the store is no folder.")


class _Nowhere(RawIOBase):
    """Takes bytes, and keeps none."""

    def write(self, data: Any) -> int:
        return len(data)


def _times(stat: os.stat_result) -> list[int]:
    # The second time is changed also by programs that set the first.
    return [stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size]


def _files(folder: str, name: str) -> Iterator[tuple[str, os.stat_result]]:
    """List the files of a folder, and of those in it, in the order of their names."""
    inside = []
    with os.scandir(os.path.join(folder, name)) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if not entry.is_dir():
                yield f"{name}/{entry.name}", entry.stat()
            elif not (entry.name.startswith(".") and entry.name.endswith(_OWN)):
                inside.append(entry.name)
    for folder_inside in inside:
        yield from _files(folder, os.path.join(name, folder_inside))
