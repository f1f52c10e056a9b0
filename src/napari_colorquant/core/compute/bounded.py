"""Zarr whose metadata are read only as far as metadata can be long, and in a time."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

MOST_BYTES = 2**26
"""Longer metadata are not read: all that is said of 65,535 labels takes half of it."""
SECONDS = 30.0
"""What the metadata of an address may take."""

_METADATA = ("zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")


def bounded_store(source: str | os.PathLike[str]) -> Any:
    """Return a store to read any zarr, in a folder or at an address.

    A missing folder raises no error here, but when it is read. Reading raises
    ValueError for metadata that are no file, too long, or do not come.
    """
    from zarr.storage import FsspecStore, LocalStore

    text = os.fspath(source)
    if "://" not in text:
        return _bounded_class()(LocalStore(Path(text), read_only=True))
    return _bounded_class()(FsspecStore.from_url(text, read_only=True))


@lru_cache
def _bounded_class() -> Any:
    """Make the class when zarr is loaded for the first time."""
    from zarr.storage import WrapperStore

    class Bounded(WrapperStore):  # type: ignore[type-arg] # of any store
        async def get(self, key: str, prototype: Any, byte_range: Any = None) -> Any:
            if key.rpartition("/")[2] not in _METADATA:
                return await self._store.get(key, prototype, byte_range)
            if (root := getattr(self._store, "root", None)) is not None:
                _check_file(Path(root) / key, key)
                return await self._store.get(key, prototype, byte_range)
            return await _in_time(_from_web(self._store, key, prototype), key)

        async def exists(self, key: str) -> bool:
            return bool(await _in_time(self._store.exists(key), key))

    return Bounded


def _check_file(path: Path, key: str) -> None:
    if not path.exists():
        return
    if not path.is_file():  # a device or a FIFO never ends
        raise ValueError(f"its metadata {key} are no file")
    if path.stat().st_size > MOST_BYTES:
        raise _too_long(key)


async def _from_web(store: Any, key: str, prototype: Any) -> Any:
    """Read metadata piece by piece, where the protocol has pieces."""
    if not hasattr(store.fs, "set_session"):  # S3 and its like say how long it is
        try:
            info = await store.fs._info(f"{store.path}/{key}")
        except FileNotFoundError:
            return None
        if (info.get("size") or 0) > MOST_BYTES:
            raise _too_long(key)
        return await store.get(key, prototype)
    session = await store.fs.set_session()
    address = store.fs.encode_url(f"{store.path}/{key}")
    pieces: list[bytes] = []
    async with session.get(address, **store.fs.kwargs) as answer:
        if answer.status in (403, 404, 410):
            return None
        answer.raise_for_status()
        n_bytes = 0
        async for piece in answer.content.iter_chunked(2**16):
            n_bytes += len(piece)
            if n_bytes > MOST_BYTES:
                raise _too_long(key)
            pieces.append(piece)
    return prototype.buffer.from_bytes(b"".join(pieces))


async def _in_time(answer: Awaitable[Any], key: str) -> Any:
    import asyncio

    try:
        return await asyncio.wait_for(answer, SECONDS)
    except TimeoutError as error:
        raise ValueError(
            f"its metadata {key} did not come within {SECONDS:g} seconds"
        ) from error


def _too_long(key: str) -> ValueError:
    return ValueError(
        f"its metadata {key} are longer than {MOST_BYTES // 2**20} MB, which no image "
        "has"
    )
