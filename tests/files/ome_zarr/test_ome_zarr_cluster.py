"""The workers of a cluster write a result, and nothing is left behind."""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager

import dask
import dask.array as da
import numpy as np
import pytest
import tifffile
import zarr

from clusters import is_free, is_idle, noted, until
from folders import contents
from napari_colorquant import Palette, apply_palette, quantize, save_ome_zarr
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.ome_zarr import write
from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of
from napari_colorquant.files.ome_zarr.write import save_pyramid
from napari_colorquant.files.record import record_of
from napari_colorquant.files.slides.open import open_slide
from saved import noise, small_parts

distributed = pytest.importorskip("distributed")

PALETTE = Palette([[20, 30, 40], [99, 90, 80], [200, 190, 220]])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    small_parts(monkeypatch)


def lazy_result(folder):
    """A lazy result of twelve blocks, which note in a folder who has read them."""
    image = noise((48, 64, 3))
    lazy = da.from_array(image, chunks=(16, 16, 3), name="image")
    folder.mkdir()
    read = lazy.map_blocks(noted, folder, dtype="u1", meta=np.empty((0, 0, 0), "u1"))
    q = apply_palette(read, PALETTE)
    for file in folder.iterdir():
        file.unlink()
    return q


def after(n):
    """What is told after n of 17 parts."""
    return ("write", round(1000 * n / 17), 1000)


def readers(folder):
    return [int(file.name.split("-")[0]) for file in folder.iterdir()]


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_workers_write_what_threads_write(tmp_path, cluster, version):
    q = lazy_result(tmp_path / "reads")
    steps = []
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        save_ome_zarr(tmp_path / "a.zarr", q, version=version, progress=steps.append)
        pids = set(client.run(os.getpid).values())
        until(lambda: is_free(cluster))
    assert len(readers(tmp_path / "reads")) == 12  # each block once, by the workers
    assert set(readers(tmp_path / "reads")) <= pids
    assert {*steps} - {after(0)} == {after(n + 1) for n in range(17)}
    assert sorted(os.listdir(tmp_path)) == ["a.zarr", "reads"]
    expected = apply_palette(noise((48, 64, 3)), PALETTE)
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert np.array_equal(group["labels/palette/0"][:], expected.labels)
    assert np.array_equal(group["0"][:].transpose(1, 2, 0), expected.image)
    save_ome_zarr(tmp_path / "b.zarr", q, version=version, name="a")
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "b.zarr")


def test_what_is_in_memory_is_written_here(tmp_path, cluster, monkeypatch):
    image = noise((48, 64, 3))
    q = apply_palette(image, PALETTE)
    with distributed.Client(cluster) as client:

        def refuse(*args, **kwargs):
            raise AssertionError("it is sent to the cluster")

        monkeypatch.setattr(client, "submit", refuse)
        monkeypatch.setattr(client, "compute", refuse)
        save_ome_zarr(tmp_path / "a.zarr", q)
    assert zarr.open_array(tmp_path / "a.zarr/0").shape == (3, 48, 64)


def test_no_picture_goes_through_the_scheduler(tmp_path, client, cluster, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("it goes through the scheduler")

    monkeypatch.setitem(cluster.scheduler.handlers, "gather", refuse)
    plan = "napari_colorquant.files.ome_zarr.block_plan"
    monkeypatch.setattr(f"{plan}.FEWEST", 2**12)  # sixteen blocks a file: few files
    monkeypatch.setattr(f"{plan}.PART_PIXELS", 2**13)
    reading = "napari_colorquant.core.image.sampling"
    monkeypatch.setattr(f"{reading}.TILE_PIXELS", 2**14)  # some blocks a job, not all
    random = da.random.default_rng(0)
    image = random.integers(0, 256, (400, 400, 3), "u1", chunks=(25, 25, 3))
    # A client warns of larger graphs, and warnings are errors: all of it is larger.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "100 kB"}):
        q = apply_palette(image, PALETTE)
        save_ome_zarr(tmp_path / "a.zarr", q)
    labels = zarr.open_array(tmp_path / "a.zarr/labels/palette/0")
    assert np.array_equal(
        labels[70:90, 130:150],
        q.labels[70:90, 130:150].compute(scheduler="synchronous"),
    )


def slide(folder, kind):
    image = noise((3, 48, 64), "uint16", highest=999)
    if kind == "zarr":
        array = zarr.create_array(
            folder / "slide", shape=image.shape, chunks=(3, 16, 16), dtype="uint16"
        )
        array[:] = image
        return image, folder / "slide"
    path = folder / "slide.tif"
    tifffile.imwrite(
        path, image, tile=(16, 16), photometric="minisblack", metadata={"axes": "CYX"}
    )
    return image, path


@pytest.mark.parametrize("kind", ["zarr", "TIFF"])
def test_slides_are_opened_by_the_workers(tmp_path, client, cluster, monkeypatch, kind):
    """By their full path: the workers run in another folder."""
    image, path = slide(tmp_path, kind)
    monkeypatch.chdir(tmp_path)
    with open_slide(path.name, 0) as opened:
        q = quantize(opened.levels[0], 5, channel_axis=0)
        level = Level(q.labels, q.image, 0)
        pyramid = pyramid_of([level], q.palette, record_of(q), "a")
        save_pyramid("a.zarr", pyramid, Monitor())
    expected = quantize(image, 5, channel_axis=0)
    assert q.palette.colors.tobytes() == expected.palette.colors.tobytes()
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    assert np.array_equal(group["labels/palette/0"][:], expected.labels)
    assert np.array_equal(group["0"][:], expected.image)
    until(lambda: is_free(cluster))


def test_a_zarr_opened_by_a_relative_path_is_read_by_the_workers(
    tmp_path, client, monkeypatch
):
    """Else they would find nothing there, and read zeros."""
    image, path = slide(tmp_path, "zarr")
    monkeypatch.chdir(tmp_path)
    q = quantize(zarr.open_array(path.name, mode="r"), 5, channel_axis=0)
    expected = quantize(image, 5, channel_axis=0)
    assert q.palette.colors.tobytes() == expected.palette.colors.tobytes()
    assert np.array_equal(q.labels.compute(), expected.labels)


def test_a_slide_that_workers_do_not_find_is_told_of(tmp_path, client):
    _, path = slide(tmp_path, "zarr")
    array = zarr.open_array(path, mode="r")
    path.rename(tmp_path / "elsewhere")
    sentence = f"^{re.escape(str(path))}: cannot be opened by a worker of the cluster: "
    with pytest.raises(FileNotFoundError, match=sentence):
        quantize(array, 5, channel_axis=0)


def test_workers_that_do_not_see_the_folder_are_told_of(tmp_path, client, monkeypatch):
    q = lazy_result(tmp_path / "reads")

    @contextmanager
    def elsewhere(folder):
        yield folder / "a mark that the workers have not"

    monkeypatch.setattr(write, "marked", elsewhere)
    sentence = f"^the workers of the cluster do not see the folder {tmp_path}: save"
    with pytest.raises(FileNotFoundError, match=sentence):
        save_ome_zarr(tmp_path / "a.zarr", q)
    assert not (tmp_path / "a.zarr").exists()


def test_a_worker_that_is_killed_changes_nothing(tmp_path, cluster):
    q = lazy_result(tmp_path / "reads")
    killed = []
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        pids = client.run(os.getpid)

        def kill(piece):
            if piece >= after(3) and not killed:
                killed.append(min(pids.values()))
                os.kill(killed[0], signal.SIGKILL)
                content = tmp_path / ".a.zarr.partial" / "content"
                (content / "0" / "abc.partial").write_bytes(b"half")  # as it leaves it

        save_ome_zarr(tmp_path / "a.zarr", q, progress=kill)
        assert killed
        client.wait_for_workers(2, timeout=60)
    save_ome_zarr(tmp_path / "b.zarr", q, name="a")
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "b.zarr")


def test_a_cancelled_save_frees_the_cluster_and_is_taken_up_here(tmp_path, cluster):
    q = lazy_result(tmp_path / "reads")
    level = Level(q.labels, q.image)
    pyramid = pyramid_of([level], q.palette, record_of(q), "a")

    def stop(piece):
        if piece == after(5):
            raise KeyboardInterrupt

    with distributed.Client(cluster) as client:
        with pytest.raises(KeyboardInterrupt), Monitor(stop) as monitor:
            save_pyramid(tmp_path / "a.zarr", pyramid, monitor)
        until(lambda: is_free(cluster))
        until(lambda: is_idle(client))  # or it would read what is counted below
    partial = tmp_path / ".a.zarr.partial"
    found = sorted(os.listdir(partial))
    assert found == ["content", "done", "ledger.json", "lock"]
    assert len((partial / "done").read_text().split()) == 5
    n_before = len(readers(tmp_path / "reads"))
    save_ome_zarr(tmp_path / "a.zarr", q)
    read_here = readers(tmp_path / "reads").count(os.getpid())
    assert (read_here, len(readers(tmp_path / "reads")) - n_before) == (7, 7)
    save_ome_zarr(tmp_path / "b.zarr", q, name="a")
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "b.zarr")


def test_a_scheduler_that_is_gone_costs_nothing_that_is_done(tmp_path, outside):
    file, scheduler = outside
    _, path = slide(tmp_path, "zarr")
    q = apply_palette(zarr.open_array(path), PALETTE, channel_axis=0)
    until(file.exists)
    client = distributed.Client(scheduler_file=str(file))
    client.wait_for_workers(1, timeout=60)

    def kill(piece):
        if piece == after(3):
            scheduler.kill()
            scheduler.wait()

    with pytest.raises(ConnectionError, match=r"^the dask scheduler at \S+ is gone: "):
        save_ome_zarr(tmp_path / "a.zarr", q, progress=kill)
    client.close(timeout=1)
    assert not (tmp_path / "a.zarr").exists()
    done = (tmp_path / ".a.zarr.partial" / "done").read_text().split()
    assert len(done) >= 3
    steps = []
    save_ome_zarr(tmp_path / "a.zarr", q, progress=steps.append)  # on this machine
    assert steps[-1] == after(17)
    save_ome_zarr(tmp_path / "b.zarr", q, name="a")
    assert contents(tmp_path / "a.zarr") == contents(tmp_path / "b.zarr")
