from __future__ import annotations

import dask.array
import numpy as np
import pytest
import tifffile
import zarr

from clusters import is_free, until
from folders import contents
from napari_colorquant import Palette, cli, quantize
from napari_colorquant.cli import command
from napari_colorquant.core.compute import connection as connection_module
from napari_colorquant.core.compute.cluster import active_cluster
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.ome_zarr.arrays import Target
from shell import RESULTS_OF_RGB, names, noise, save

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
