"""Images to be saved as OME-Zarr, and what is in a folder afterwards."""

from __future__ import annotations

import threading

import dask.array as da
import numpy as np
import zarr

from napari_colorquant.files.ome_zarr.metadata import RECORD_KEY
from napari_colorquant.files.record import from_json


def noise(shape, dtype="uint8", seed=0, highest=256):
    values = np.random.default_rng(seed).integers(0, highest, shape)
    return values.astype(dtype)


def small_parts(monkeypatch, side=16):
    """Let chunks and parts be so small that a small image has many."""
    plan = "napari_colorquant.files.ome_zarr.block_plan"
    monkeypatch.setattr(f"{plan}.SIDE", side)
    monkeypatch.setattr(f"{plan}.FEWEST", 1)
    monkeypatch.setattr(f"{plan}.PART_PIXELS", side * side)
    monkeypatch.setattr("napari_colorquant.files.ome_zarr.block_plan.SMALL", side)


def record_in(path):
    """Return the record in an OME-Zarr, which must be one that can be read back."""
    return from_json(zarr.open_group(path, mode="r").attrs[RECORD_KEY])


class Counted:
    """An array whose blocks are counted as they are read, and may be broken."""

    def __init__(self, image, chunks):
        self.image, self.reads, self.broken = image, [], None
        self._lock = threading.Lock()
        self.shape, self.dtype, self.ndim = image.shape, image.dtype, image.ndim
        self.chunks = chunks

    def __getitem__(self, place):
        starts = tuple(part.start or 0 for part in place)
        if starts == self.broken:
            raise OSError(5, "Input/output error")
        with self._lock:
            self.reads.append(starts)
        return self.image[place]

    def lazy(self):
        return da.from_array(self, chunks=self.chunks, name="counted")
