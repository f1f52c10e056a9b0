from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import dask.array
import numpy as np
import pytest
import tifffile
import zarr

from clusters import dying_once, is_free, until
from folders import contents
from napari_colorquant import Palette, cli, quantize
from napari_colorquant.cli import command, run, side_by_side
from napari_colorquant.cli.outputs import Job
from napari_colorquant.core.compute import connection as connection_module
from napari_colorquant.core.compute.cluster import active_cluster
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.ome_zarr.arrays import Target
from shell import RESULTS_OF_RGB, names, noise, save, without_ids

distributed = pytest.importorskip("distributed")


def test_a_scheduler_is_connected_to_while_pictures_are_quantized(
    folder, cluster, monkeypatch
):
    found = []
    image = dask.array.from_array(noise((30, 40, 3)), chunks=(20, 20, 3))
    expected = quantize(image, 4)

    def run(arguments, parameters):
        found.append(quantize(image, parameters.n_colors))
        with active_cluster(Monitor(), "read") as ours:
            found.append(ours)
        return 7

    monkeypatch.setattr(command, "run", run)
    argv = ["a.png", "--colors", "4", "--scheduler", cluster.scheduler_address]
    assert cli.main(argv) == 7
    with active_cluster(Monitor(), "read") as nobody:
        assert nobody is None
    result, ours = found
    assert ours is not None
    np.testing.assert_array_equal(result.palette.colors, expected.palette.colors)


def test_pictures_that_are_in_memory_stay_on_this_machine(folder, capsys):
    save("a.png", noise((30, 40, 3)))
    with distributed.LocalCluster(
        n_workers=0, processes=False, dashboard_address=":0", protocol="tcp"
    ) as nobody:
        argv = ["a.png", "--colors", "4", "--scheduler", nobody.scheduler_address]
        assert cli.main(argv) == 0
    assert names(folder) == sorted(["a.png", *(f"a-4-{x}" for x in RESULTS_OF_RGB)])


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("tcp://127.0.0.1:9", "no dask scheduler answers at tcp://127.0.0.1:9: start"),
        (
            "tls://127.0.0.1:9",
            "dask has no certificate that fits tls://127.0.0.1:9: set",
        ),
        ("here", "'here' is no address of a dask scheduler: pass one such as tcp://"),
    ],
)
def test_an_address_where_nobody_answers_is_told_of(
    folder, capsys, monkeypatch, address, sentence
):
    monkeypatch.setattr(connection_module, "_TIMEOUT", 0.2)
    save("a.png", noise((3, 4, 3)))
    with pytest.raises(SystemExit) as exited:
        cli.main(["a.png", "--scheduler", address])
    assert exited.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith(
        f"napari-colorquant: error: argument --scheduler: {sentence}"
    )
    assert names(folder) == ["a.png"]


@pytest.mark.parametrize("kind", ["zarr", "TIFF"])
def test_slides_are_read_and_their_results_written_by_the_workers(
    folder, cluster, monkeypatch, kind
):
    """The workers run in another folder than the command."""
    image = noise((3, 300, 400), "uint16")
    if kind == "zarr":
        array = zarr.create_array(
            "slide.zarr", shape=image.shape, chunks=(3, 100, 100), dtype="uint16"
        )
        array[:] = image
        source = "slide.zarr"
    else:
        source = "slide.ome.tif"
        axes = {"axes": "CYX"}
        tifffile.imwrite(source, image, tile=(64, 64), metadata=axes)
    argv = [source, "--channel-axis", "0", "--colors", "5", "--output"]
    assert cli.main([*argv, "here/out.zarr"]) == 0
    there = ["there/out.zarr", "--scheduler", cluster.scheduler_address]
    monkeypatch.setattr(Target, "arrays", None)  # in this process
    assert cli.main([*argv, *there]) == 0
    of_here, of_there = (contents(folder / name) for name in ("here", "there"))
    assert of_here.keys() == of_there.keys()
    different = {name for name in of_here if of_here[name] != of_there[name]}
    assert {name.rpartition("/")[2] for name in different} <= {"zarr.json"}  # seconds
    until(lambda: is_free(cluster))


def test_a_palette_is_applied_by_the_workers(folder, cluster, monkeypatch):
    image = noise((150, 200, 3), "uint16") * 16
    tifffile.imwrite("slide.tif", image, tile=(64, 64), photometric="rgb")
    Palette([[0, 0, 255], [255, 255, 0]], units="uint8").save("legend.csv")
    argv = ["slide.tif", "--palette", "legend.csv", "--data-range", "4095"]
    assert cli.main([*argv, "--output", "here/out.zarr"]) == 0
    there = ["--output", "there/out.zarr", "--scheduler", cluster.scheduler_address]
    monkeypatch.setattr(Target, "arrays", None)  # in this process
    assert cli.main([*argv, *there]) == 0
    of_here, of_there = (contents(folder / name) for name in ("here", "there"))
    different = {name for name in of_here if of_here[name] != of_there[name]}
    assert of_here.keys() == of_there.keys()
    assert {name.rpartition("/")[2] for name in different} <= {"zarr.json"}  # seconds
    until(lambda: is_free(cluster))


# ---------------------------------------------------------------- files


def pictures(folder, ends="abc"):
    """Save some pictures into the folder "in"; return what their palettes are of."""
    (folder / "in").mkdir()
    for seed, end in enumerate(ends):
        save(f"in/{end}.png", noise((30, 40, 3), seed=seed))


def test_files_are_shared_among_workers_with_the_same_results(
    folder, cluster, capsys, monkeypatch
):
    """The workers run in another folder than the command."""
    pictures(folder)
    (folder / "in" / "bad.png").write_bytes(b"hello")
    save("in/no,regions.png", noise((9, 8, 3)))
    save("in/w.tif", noise((30, 40, 3), "uint16") * 16)
    (folder / "marks").mkdir()
    for end in ("a", "b", "c", "bad", "w"):
        save(f"marks/{end}.png", np.eye(30, 40, dtype=np.uint8))
    argv = ["in", "gone.png", str(folder / "in" / "c.png"), "--colors", "4", "--json"]
    argv += ["--regions", "marks", "--summary", "table.csv", "-o"]
    assert cli.main([*argv, "here"]) == 1
    table, alone = (folder / "table.csv").read_bytes(), capsys.readouterr()
    monkeypatch.setattr(run, "attempted", None)  # in this process
    there = ["there", "--force", "--scheduler", cluster.scheduler_address]
    assert cli.main([*argv, *there]) == 1
    shared = capsys.readouterr()
    assert (folder / "table.csv").read_bytes() == table
    assert without_ids(folder / "there") == without_ids(folder / "here")
    assert shared.err == alone.err
    assert len(alone.err.splitlines()) == 4

    def lines(text):
        plain = [json.loads(line) for line in text.splitlines()]
        for line in plain:
            if line["report"]:
                line["report"]["seconds"] = {}
        return plain

    text = shared.out.replace("there/", "here/")
    assert lines(text) == lines(alone.out)
    assert len(lines(text)) == 8


def test_what_is_there_is_skipped_and_measured_by_workers(folder, cluster, capsys):
    pictures(folder)
    argv = ["in", "--colors", "4", "--shared", "--summary", "table.csv", "-o", "out"]
    assert cli.main(argv) == 0
    before, table = contents(folder / "out"), (folder / "table.csv").read_bytes()
    for end in RESULTS_OF_RGB:
        (folder / "out" / f"b-4-{end}").unlink()
    there = ["--skip-existing", "--scheduler", cluster.scheduler_address]
    capsys.readouterr()
    assert cli.main([*argv, *there]) == 0
    assert contents(folder / "out") == before
    assert (folder / "table.csv").read_bytes() == table
    skipped = [line.split(": ")[1][:7] for line in capsys.readouterr().out.splitlines()]
    assert skipped == ["skipped", "1,200 →", "skipped"]


def test_a_worker_that_dies_changes_nothing(folder, cluster, monkeypatch):
    pictures(folder)
    argv = ["in", "--colors", "4", "-o"]
    assert cli.main([*argv, "here"]) == 0
    sent, note = side_by_side._sent, folder / "died"

    def dying(*given):
        return dying_once, note, *sent(*given)

    monkeypatch.setattr(side_by_side, "_sent", dying)
    assert cli.main([*argv, "there", "--scheduler", cluster.scheduler_address]) == 0
    assert note.exists()
    assert contents(folder / "there") == contents(folder / "here")


def test_a_picture_that_no_worker_survives_is_an_error_of_its_own(
    folder, cluster, capsys, monkeypatch
):
    pictures(folder, "ab")
    monkeypatch.setattr(cluster.scheduler, "allowed_failures", 0)
    sent = side_by_side._sent

    def ending(job, *given):
        return (os._exit, 1) if job.name == "a.png" else sent(job, *given)

    monkeypatch.setattr(side_by_side, "_sent", ending)
    argv = ["in", "--colors", "4", "-o", "out", "--summary", "table.csv"]
    with distributed.Client(cluster, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    assert cli.main([*argv, "--scheduler", cluster.scheduler_address]) == 1
    out, err = capsys.readouterr()
    assert err == (
        f"in/a.png: the dask cluster at {cluster.scheduler_address} lost 1 worker over "
        "the same job: look at their logs, and give them more memory if it was for "
        "want of it.\n"
    )
    assert out.startswith("in/b.png: 1,")
    rows = (folder / "table.csv").read_text().splitlines()
    assert rows[1] == "in/a.png,,,,not measured,,,,,,,"
    assert len(rows) == 6
    assert names(folder / "out") == [f"b-4-{end}" for end in RESULTS_OF_RGB]


def test_a_scheduler_that_is_gone_is_said_of_each_picture(
    folder, outside, capsys, monkeypatch
):
    pictures(folder)
    file, scheduler = outside
    until(lambda: file.exists() and file.read_text())
    address = json.loads(file.read_text())["address"]
    sent = side_by_side._sent

    def killing(job, *given):
        if job.name == "b.png":
            scheduler.kill()
            scheduler.wait()
            client = distributed.Client.current()
            until(lambda: client.status != "running")
        return sent(job, *given)

    monkeypatch.setattr(side_by_side, "_sent", killing)
    argv = ["in", "--colors", "4", "-o", "out", "--scheduler", address]
    assert cli.main(argv) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"in/{end}.png: the dask scheduler at {address} is gone: start it again and "
        "connect to it anew, or disconnect to work on this machine."
        for end in "abc"
    ]
    assert [one for one in names(folder / "out") if one.startswith(".")] == []


def test_a_folder_that_cannot_be_written_to_is_said_of_each_picture(
    folder, cluster, capsys, monkeypatch
):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    pictures(folder, "ab")
    monkeypatch.setattr("pathlib.Path.touch", refused)
    argv = ["in", "--colors", "4", "-o", "out", "--scheduler"]
    assert cli.main([*argv, cluster.scheduler_address]) == 1
    assert capsys.readouterr().err == "out: Permission denied.\n" * 2


@pytest.mark.parametrize("unseen", ["out", "in/a.png"])
def test_what_workers_do_not_see_is_named(folder, unseen):
    mark, source = folder / "out" / ".1.mark", folder / "in" / "a.png"
    for path in (mark, source):
        path.parent.mkdir()
        if not path.is_relative_to(folder / unseen):
            path.touch()
    job = Job(source, mark.parent, "4")
    assert side_by_side._on_worker([mark, source], "", job, None, None, 0) == (
        f"{source}: the workers of the cluster do not see {folder / unseen}: put it "
        "where all of them do, or leave out --scheduler."
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_ctrl_c_frees_the_workers(folder, cluster):
    for name in "abcd":
        save(f"{name}.tif", noise((1500, 1500, 3)))
    argv = [".", "--colors", "500", "-o", "out", "--scheduler"]
    with subprocess.Popen(
        [sys.executable, "-m", "napari_colorquant", *argv, cluster.scheduler_address],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: not is_free(cluster))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "napari-colorquant: interrupted.\n")
    assert out == ""
    until(lambda: is_free(cluster))
    assert [one for one in names(folder / "out") if one.startswith(".")] == []
