from __future__ import annotations

import os
import threading
import time

import dask
import dask.array
import numpy as np
import pytest
import tifffile
import zarr

from napari_colorquant import Palette, apply_palette
from napari_colorquant.files.ome_zarr import identity
from napari_colorquant.files.ome_zarr.identity import (
    array_identity,
    file_identity,
    folder_identity,
)
from napari_colorquant.files.slides.open import open_slide

TWO = Palette([[0], [200]])


def rewrite(path):
    """Write as many bytes again, and pretend that it was then."""
    stat = os.stat(path)
    time.sleep(0.02)  # a file system's clock may be coarse
    path.write_bytes(path.read_bytes())
    if os.name != "nt":  # which keeps no time that programs do not set
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_a_folder_is_known_by_all_its_files(tmp_path):
    (tmp_path / "0" / "c").mkdir(parents=True)
    for name in ("zarr.json", "0/zarr.json", "0/c/0", "0/c/1"):
        (tmp_path / name).write_bytes(b"some")
    known = [folder_identity(tmp_path)]
    assert folder_identity(tmp_path) == known[0]
    assert known[0][:2] == [os.path.realpath(tmp_path), 4]
    for change in (
        lambda: (tmp_path / "0/c/0").write_bytes(b"more than some"),
        lambda: rewrite(tmp_path / "0/c/0"),
        lambda: (tmp_path / "0/c/1").rename(tmp_path / "0/c/2"),
        lambda: (tmp_path / "0/c/3").touch(),
        lambda: (tmp_path / "0/c/2").unlink(),
        lambda: os.utime(tmp_path / "zarr.json", ns=(1, 1)),
    ):
        change()
        known.append(folder_identity(tmp_path))
    assert len({one[2] for one in known}) == len(known)


def test_a_result_that_is_saved_in_it_does_not_count(tmp_path):
    (tmp_path / "zarr.json").touch()
    known = folder_identity(tmp_path)
    (tmp_path / ".a.zarr.partial" / "content").mkdir(parents=True)
    (tmp_path / ".a.zarr.partial" / "content" / "0").touch()
    assert folder_identity(tmp_path) == known


def test_more_files_than_can_be_looked_at_are_not_known(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "MOST_FILES", 2)
    for name in "ab":
        (tmp_path / name).touch()
    assert folder_identity(tmp_path)[1] == 2
    (tmp_path / "c").touch()
    assert folder_identity(tmp_path) is None


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The same image as a zarr and a TIFF in the working folder."""
    monkeypatch.chdir(tmp_path)
    image = np.arange(48, dtype=np.uint8).reshape(6, 8)
    zarr.create_array("a.zarr", data=image, chunks=(3, 4))
    tifffile.imwrite("a.tif", image, tile=(16, 16))
    return tmp_path


class Lazily:
    """An array that is read where it is looked at, with a lock that none can send."""

    def __init__(self, path):
        self.shape, self.dtype, self.ndim = (6, 8), np.dtype("u1"), 2
        self.path, self.lock = path, threading.Lock()

    def __getitem__(self, part):
        with self.lock:
            return tifffile.imread(self.path)[part]


SOURCES = {
    "zarr": (lambda: zarr.open_array("a.zarr"), "a.zarr/c/1/1"),
    "from_zarr": (lambda: dask.array.from_zarr("a.zarr"), "a.zarr/c/1/1"),
    "sum of zarr": (
        lambda: dask.array.from_zarr(zarr.open_array("a.zarr")).sum(axis=0) + 1,
        "a.zarr/c/1/1",
    ),
    "labels of zarr": (
        lambda: apply_palette(zarr.open_array("a.zarr"), TWO, channel_axis=None).labels,
        "a.zarr/c/1/1",
    ),
    "delayed": (
        lambda: dask.array.from_delayed(
            dask.delayed(tifffile.imread)("a.tif"), (6, 8), "u1"
        ),
        "a.tif",
    ),
    "zarr of a TIFF": (
        lambda: dask.array.from_zarr(tifffile.imread("a.tif", aszarr=True)),
        "a.tif",
    ),
    "object": (
        lambda: dask.array.from_array(Lazily("a.tif"), name="it", asarray=False),
        "a.tif",
    ),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_an_array_is_known_by_the_files_that_it_is_read_from(files, kind):
    make, file = SOURCES[kind]
    known = array_identity(make())
    assert known is not None
    assert array_identity(make()) == known
    rewrite(files / file)
    assert array_identity(make()) != known


def test_an_array_in_memory_is_known_by_its_content():
    def lazy(value):
        return dask.array.from_array(np.full((4, 4), value), name="a") + 1

    assert array_identity(lazy(1)) == array_identity(lazy(1))
    assert array_identity(lazy(1)) != array_identity(lazy(2))


def test_what_cannot_be_looked_into_is_not_known():
    memory = zarr.create_array(zarr.storage.MemoryStore(), shape=(4, 4), dtype="u1")
    sources = {
        "memory": dask.array.from_zarr(memory),
        "address": dask.array.map_blocks(
            lambda _: np.zeros((2, 2)), "https://example.org/a.png", chunks=((2,), (2,))
        ),
        "generator": dask.array.from_delayed(
            dask.delayed(next)(iter(one for one in [np.zeros(3)])), (3,), float
        ),
    }
    assert {name: array_identity(one) for name, one in sources.items()} == (
        dict.fromkeys(sources)
    )


def test_a_slide_is_known_by_its_files(files):
    with open_slide("a.zarr") as slide:
        assert slide.identity == folder_identity("a.zarr")
    with open_slide("a.tif") as slide:
        assert slide.identity == [*file_identity(["a.tif"]), 0]  # and its series


def test_a_tiff_in_several_files_is_known_by_all_of_them(files):
    from uuid import uuid4

    names = ["a.ome.tif", "b.ome.tif"]
    ids = [f"urn:uuid:{uuid4()}" for _ in names]
    pages = "".join(
        f'<TiffData FirstZ="{z}" IFD="0"><UUID FileName="{name}">{own}</UUID>'
        "</TiffData>"
        for z, (name, own) in enumerate(zip(names, ids, strict=True))
    )
    for name, own in zip(names, ids, strict=True):
        description = (
            '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME'
            f'/2016-06" UUID="{own}"><Image ID="Image:0"><Pixels ID="Pixels:0" '
            'DimensionOrder="XYZCT" Type="uint8" SizeX="8" SizeY="6" SizeZ="2" '
            'SizeC="1" SizeT="1"><Channel ID="Channel:0" SamplesPerPixel="1"/>'
            f"{pages}</Pixels></Image></OME>"
        )
        image = np.zeros((6, 8), np.uint8)
        tifffile.imwrite(name, image, description=description, metadata=None)
    with open_slide(names[0], None) as slide:
        assert slide.levels[0].shape == (2, 6, 8)
        assert slide.identity == [*file_identity(names), 0]
