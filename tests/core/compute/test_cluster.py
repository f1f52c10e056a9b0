"""A cluster gives what threads give, and nothing of it is left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import replace

import dask.array
import numpy as np
import pytest

from clusters import is_free, noted, until
from napari_colorquant import (
    apply_palette,
    error_curve,
    fit_palette,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.compute import connection as connection_module
from napari_colorquant.core.compute.cluster import active_cluster
from napari_colorquant.core.compute.connection import connected, connected_when_used
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.quantization.counts import count_all, count_lazily

distributed = pytest.importorskip("distributed")
zarr = pytest.importorskip("zarr")

RANDOM = np.random.default_rng(5)
KINDS = {
    "uint8 RGB": ((120, 130, 3), "u1", (50, 60, 3), -1),
    "uint16 RGB": ((120, 130, 3), "u2", (50, 60, 2), -1),
    "uint16 big-endian": ((120, 130, 3), ">u2", (50, 60, 3), -1),
    "float32, 4 channels": ((4, 120, 130), "f4", (3, 50, 60), 0),
    "uint8 z-stack": ((4, 40, 60), "u1", (1, 30, 40), None),
    "float64 z-stack": ((7, 40, 60), "f8", (2, 30, 30), None),
    "uint8 RGBA": ((120, 130, 4), "u1", (50, 60, 4), -1),
}


@pytest.fixture
def small(monkeypatch):
    """Bounds that a small image is beyond, and tiles that it has many of."""
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 6000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 300)


def on_disk(folder, name):
    """Write an image; return the zarr array, and which axis the channels are on."""
    shape, dtype, chunks, axis = KINDS[name]
    values = RANDOM.random(shape)
    if "f" in dtype:
        values[values < 0.01] = np.nan
    else:
        values *= np.iinfo(dtype).max
    array = zarr.create_array(
        folder / "image", shape=shape, chunks=chunks, dtype=np.dtype(dtype)
    )
    array[:] = values.astype(dtype)
    return array, axis


def all_of(q):
    """Return a result as bytes, and what its report says but for the times."""
    arrays = (q.palette.colors, q.palette.counts, q.labels, q.indices, q.image)
    arrays = dask.compute(*arrays, scheduler="synchronous")  # labels once for all
    report = replace(q.report, seconds={})
    return report, [(a.dtype, np.ascontiguousarray(a).tobytes()) for a in arrays]


@contextmanager
def found():
    """The cluster that a run of this thread would use."""
    with active_cluster(Monitor(), "read") as cluster:
        yield cluster


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("beyond", [False, True], ids=["whole", "excerpt"])
@pytest.mark.parametrize("masked", [False, True], ids=["all", "masked"])
def test_a_cluster_gives_the_bytes_of_threads(
    tmp_path, request, monkeypatch, cluster, name, beyond, masked
):
    if beyond:
        request.getfixturevalue("small")
    else:  # a few blocks are read at once
        monkeypatch.setattr(excerpt_module, "TILE_PIXELS", 7000)
    image, axis = on_disk(tmp_path, name)
    how = {"channel_axis": axis, "random_state": 3}
    if masked:
        shape = see_blocks(image, axis).shape
        learn_mask = dask.array.from_array(RANDOM.random(shape) < 0.4, chunks=33)
        how |= {"mask": RANDOM.random(shape) < 0.9, "learn_mask": learn_mask}
    expected = quantize(image, 9, **how)
    assert expected.report.counts_are_estimates == beyond
    in_threads = all_of(expected)
    _, (*_, labels_there, _, picture_there) = in_threads
    with distributed.Client(cluster):
        q = quantize(image, 9, **how)
        counted = count_all(q)
        # By the workers, which are sent plain data and make what it takes themselves.
        labels, picture = dask.compute(q.labels, q.image)
    assert all_of(q) == in_threads
    assert all_of(counted) == all_of(count_all(expected))
    assert (labels.dtype, labels.tobytes()) == labels_there
    assert (picture.dtype, picture.tobytes()) == picture_there
    until(lambda: is_free(cluster))


def test_palettes_are_learned_and_applied_with_the_same_bytes(tmp_path, small, cluster):
    image, _ = on_disk(tmp_path, "uint16 RGB")
    how = {"color_space": "ab", "weights": (1.0, 2.0), "balance": 0.5}
    palette = fit_palette(image, 5, **how)
    applied = all_of(apply_palette(image, palette))
    curve = error_curve(image, max_colors=6)
    limited = all_of(quantize(image, 5, background="otsu"))
    auto = all_of(quantize(image, "auto", target_psnr=12))
    with distributed.Client(cluster):
        assert fit_palette(image, 5, **how).as_dict() == palette.as_dict()
        assert all_of(apply_palette(image, palette)) == applied
        assert error_curve(image, max_colors=6) == curve
        assert all_of(quantize(image, 5, background="otsu")) == limited
        assert all_of(quantize(image, "auto", target_psnr=12)) == auto


@pytest.mark.parametrize("beyond", [False, True], ids=["whole", "excerpt"])
def test_a_palette_a_slice_is_learned_with_the_same_bytes(
    tmp_path, request, cluster, beyond
):
    if beyond:
        request.getfixturevalue("small")
    stack = zarr.create_array(
        tmp_path / "movie", shape=(3, 90, 80, 3), chunks=(1, 20, 20, 3), dtype="uint8"
    )
    stack[:] = RANDOM.integers(0, 255, stack.shape, np.uint8)
    here = quantize_slices(stack, 7)
    with distributed.Client(cluster):
        there = quantize_slices(stack, 7)
        labels = there.labels.compute()  # by the workers
    assert here.report.counts_are_estimates == beyond
    assert all_of(there.whole) == all_of(here.whole)
    assert labels.tobytes() == here.labels.compute().tobytes()
    for one, other in zip(there.palettes, here.palettes, strict=True):
        assert one.as_dict() == other.as_dict()
    until(lambda: is_free(cluster))


@pytest.mark.parametrize("beyond", [False, True], ids=["whole", "excerpt"])
def test_painted_classes_are_learned_with_the_same_bytes(
    tmp_path, request, cluster, beyond
):
    if beyond:
        request.getfixturevalue("small")
    image, _ = on_disk(tmp_path, "uint16 RGB")
    seeds = np.zeros(image.shape[:2], int)
    seeds[10:100, :70], seeds[60:, 80:] = 2, 1
    here = quantize(image, 7, seeds=seeds)
    lazily = dask.array.from_array(seeds, chunks=40)
    with distributed.Client(cluster):
        there = quantize(image, 7, seeds=lazily)
    assert here.report.counts_are_estimates == beyond
    fixed, expected = (q.report.parameters.fixed for q in (there, here))
    assert fixed.as_dict() == expected.as_dict()
    np.testing.assert_array_equal(there.palette.colors, here.palette.colors)
    assert there.labels.compute().tobytes() == here.labels.compute().tobytes()
    until(lambda: is_free(cluster))


def test_no_picture_goes_through_the_scheduler(client, cluster, monkeypatch):
    """Graphs that are sent are small, and what comes here comes from the workers."""

    def refuse(*args, **kwargs):
        raise AssertionError("it goes through the scheduler")

    random = dask.array.random.default_rng(0)
    image = random.integers(0, 2**16, (20_000, 20_000, 3), "u2", chunks=(500, 500, 3))
    monkeypatch.setitem(cluster.scheduler.handlers, "gather", refuse)
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 2**20)
    # A client warns of larger graphs, and warnings are errors.
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "100 kB"}):
        q = quantize(image, 8)
    assert q.report.n_blocks_read > 2
    assert q.report.n_sampled > 2**19


def test_what_arrays_share_is_computed_once_by_a_cluster(tmp_path, client):
    image = dask.array.zeros((40, 50, 3), chunks=(20, 25, 3), dtype="u1")
    read = image.map_blocks(noted, tmp_path, dtype="u1", meta=np.empty((0, 0, 0), "u1"))
    mask = read[..., 0] == 0
    with pytest.warns(UserWarning, match="1 color"):
        quantize(read, 2, mask=mask)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("step", ["read", "learn", "count"])
def test_a_worker_that_is_killed_changes_nothing(tmp_path, small, cluster, step):
    image, axis = on_disk(tmp_path, "float32, 4 channels")
    expected = all_of(count_all(quantize(image, 9, channel_axis=axis)))
    killed = []

    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=60)
        pids = client.run(os.getpid)

        def kill(piece):
            if piece.step == step and piece.done > 1 and not killed:
                killed.append(min(pids.values()))
                os.kill(killed[0], signal.SIGKILL)

        q = quantize(image, 9, channel_axis=axis, progress=kill)
        q = count_all(q, progress=kill)
        assert killed
        assert all_of(q) == expected
        client.wait_for_workers(2, timeout=60)
        until(lambda: set(client.run(os.getpid).values()).isdisjoint(killed))


def test_blocks_that_kill_every_worker_are_told_of_in_one_sentence(monkeypatch):
    def die(block):
        os._exit(1)

    image = dask.array.zeros((20, 20), chunks=10, dtype="u1").map_blocks(
        die, dtype="u1", meta=np.empty((0, 0), "u1")
    )
    with distributed.LocalCluster(n_workers=1, dashboard_address=":0") as doomed:
        monkeypatch.setattr(doomed.scheduler, "allowed_failures", 0)
        sentence = (
            rf"^the dask cluster at {doomed.scheduler_address} lost 1 worker over"
        )
        with (
            distributed.Client(doomed),
            pytest.raises(ConnectionError, match=sentence),
        ):
            quantize(image, 4, channel_axis=None)


@pytest.mark.parametrize("step", ["read", "learn", "count"])
def test_a_cancelled_run_frees_the_cluster(tmp_path, small, client, cluster, step):
    image, axis = on_disk(tmp_path, "float32, 4 channels")

    def stop(piece):
        if piece.step == step and piece.done:
            if step == "learn":  # here, of what was brought here
                until(lambda: is_free(cluster))
            else:
                assert not is_free(cluster)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        count_all(quantize(image, 9, channel_axis=axis, progress=stop), progress=stop)
    until(lambda: is_free(cluster))
    assert client.submit(sum, [1, 2]).result() == 3


def told_until(image, axis, n):
    """Return what a run tells until it is stopped, when it is told of n times."""
    told = []

    def stop(piece):
        told.append(piece)
        if len(told) == n:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        quantize(image, 9, channel_axis=axis, progress=stop)
    return told


def test_a_run_without_workers_can_be_cancelled(tmp_path, monkeypatch):
    image, axis = on_disk(tmp_path, "uint8 z-stack")
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=":0"
        ) as nobody,
        distributed.Client(nobody),
    ):
        assert told_until(image, axis, 3) == [("read", 0, 1000)] * 3
        until(lambda: is_free(nobody))


def test_an_error_of_a_block_is_passed_on_as_it_is(client):
    def fail(block):
        raise FileNotFoundError("no such slide")

    image = dask.array.zeros((20, 20), chunks=10, dtype="u1").map_blocks(
        fail, dtype="u1", meta=np.empty((0, 0), "u1")
    )
    with pytest.raises(FileNotFoundError, match=r"^no such slide$"):
        quantize(image, 4, channel_axis=None)


def test_a_cluster_that_lacks_a_module_is_told_of(tmp_path, outside):
    """Of these tests' own, which is not installed."""
    file, _ = outside
    until(file.exists)
    image = dask.array.zeros((20, 20), chunks=10, dtype="u1")
    read = image.map_blocks(noted, tmp_path, dtype="u1", meta=np.empty((0, 0), "u1"))
    with distributed.Client(scheduler_file=str(file)) as client:
        client.wait_for_workers(1, timeout=60)
        address = client.scheduler.address
        lacks = rf"^the dask cluster at {address} (lacks|has dropped a job) .*module"
        with pytest.raises((ModuleNotFoundError, ConnectionError), match=lacks):
            quantize(read, 4, channel_axis=None)
        with pytest.raises(ModuleNotFoundError, match=lacks):
            count_lazily(read, 4, Monitor())


@pytest.mark.parametrize("step", ["read", "learn", "count"])
def test_a_scheduler_that_is_gone_is_told_of_in_one_sentence(
    tmp_path, small, outside, step
):
    file, scheduler = outside
    until(file.exists)
    image, axis = on_disk(tmp_path, "float32, 4 channels")
    before = image[:]
    client = distributed.Client(scheduler_file=str(file))
    client.wait_for_workers(1, timeout=60)
    gone = rf"^the dask scheduler at {client.scheduler.address} is gone: start it again"

    def kill(piece):
        if piece.step == step:
            scheduler.kill()
            scheduler.wait()

    with pytest.raises(ConnectionError, match=gone):
        count_all(quantize(image, 9, channel_axis=axis, progress=kill), progress=kill)
    with pytest.raises(ConnectionError, match=gone):  # once more, as long as it is open
        quantize(image, 9, channel_axis=axis)
    client.close(timeout=1)
    np.testing.assert_array_equal(image[:], before)
    assert len(quantize(image, 9, channel_axis=axis).palette) == 9  # on this machine


def test_an_address_connects_for_a_while(tmp_path, small, cluster):
    image, axis = on_disk(tmp_path, "uint16 RGB")
    expected = all_of(quantize(image, 4, channel_axis=axis))
    with connected(cluster.scheduler_address):
        address = distributed.default_client().scheduler.address
        assert address == cluster.scheduler_address
        assert all_of(quantize(image, 4, channel_axis=axis)) == expected
    with connected(""), found() as nothing:
        assert nothing is None
    until(lambda: is_free(cluster))


def test_a_cluster_is_offered_to_the_runs_of_one_thread(tmp_path, small, cluster):
    image, axis = on_disk(tmp_path, "uint16 RGB")
    expected = all_of(quantize(image, 4, channel_axis=axis))
    seen = []

    def look():
        with found() as other:
            seen.append(other)

    with connected_when_used(cluster.scheduler_address):
        n_clients = len(cluster.scheduler.clients)
        quantize(image[:], 4, channel_axis=axis)
        assert len(cluster.scheduler.clients) == n_clients  # it is in memory
        for _ in range(2):
            with found() as ours:
                assert ours is not None
            assert len(cluster.scheduler.clients) == n_clients + 1
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        with pytest.raises(ValueError, match="No clients found"):
            distributed.default_client()
        again = quantize(image, 4, channel_axis=axis)
    assert all_of(again) == expected
    look()
    with connected_when_used(""):
        look()
    assert seen == [None, None, None]
    until(lambda: is_free(cluster))


@pytest.mark.parametrize(
    ("address", "error", "sentence"),
    [
        (
            "tcp://127.0.0.1:9",
            ConnectionError,
            "^no dask scheduler answers at tcp://127",
        ),
        ("127.0.0.1:9", ConnectionError, "^no dask scheduler answers at 127.0.0.1:9: "),
        ("nonsense://x", ValueError, "^'nonsense://x' is no address of a dask schedul"),
        ("tcp://127.0.0.1", ValueError, "^'tcp://127.0.0.1' is no address of a dask"),
    ],
)
def test_an_address_where_nobody_answers_is_told_of(
    address, error, sentence, monkeypatch
):
    monkeypatch.setattr(connection_module, "_TIMEOUT", 0.2)
    with pytest.raises(error, match=sentence), connected(address):
        pass
    with connected_when_used(address):
        assert len(fit_palette(np.arange(100).reshape(10, 10), 4, channel_axis=None))
        lazy = dask.array.arange(100).reshape(10, 10)
        with pytest.raises(error, match=sentence):
            fit_palette(lazy, 4, channel_axis=None)
    with found() as nothing:
        assert nothing is None


def test_a_connection_that_is_not_answered_can_be_left(monkeypatch):
    monkeypatch.setattr(connection_module, "_TIMEOUT", 3600)
    lazy = dask.array.arange(100).reshape(10, 10)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with connected_when_used(f"tcp://127.0.0.1:{port}"):
            assert told_until(lazy, None, 2) == [("read", 0, 1000)] * 2
    assert len(fit_palette(lazy, 4, channel_axis=None)) == 4  # on this machine


def test_a_client_that_is_not_current_is_not_used(tmp_path, cluster):
    image, axis = on_disk(tmp_path, "uint8 z-stack")
    with distributed.Client(cluster, set_as_default=False) as client:
        with found() as nothing:
            assert nothing is None
        with client.as_current(), found() as ours:
            assert ours is not None
        # A run within a task does not wait for the worker that it is on.
        palette = client.submit(fit_palette, image, 4, channel_axis=axis).result()
    assert palette.as_dict() == fit_palette(image, 4, channel_axis=axis).as_dict()


def test_an_asynchronous_client_is_refused(tmp_path, cluster):
    image, axis = on_disk(tmp_path, "uint8 z-stack")

    async def run():
        address = cluster.scheduler_address
        async with distributed.Client(address, asynchronous=True):
            quantize(image, 4, channel_axis=axis)

    with pytest.raises(RuntimeError, match=r"^the dask client is asynchronous"):
        asyncio.run(run())


def test_nothing_is_imported_to_find_that_there_is_no_cluster():
    code = (
        "import sys\n"
        "from napari_colorquant.core.compute.cluster import active_cluster\n"
        "from napari_colorquant.core.compute.progress import Monitor\n"
        "with active_cluster(Monitor(), 'read') as cluster: assert cluster is None\n"
        "import napari_colorquant.core.quantization.levels\n"
        "assert 'distributed' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_missing_is_told_of(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    sentence = r"^a cluster needs dask.distributed: pip install 'napari-colorquant\[clu"
    with pytest.raises(ModuleNotFoundError, match=sentence), connected("tcp://a:1"):
        pass
