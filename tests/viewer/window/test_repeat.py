"""Scripts from the records of results, run in another process without a display."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import npe2
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes

import napari_colorquant
from napari_colorquant import (
    Lock,
    Merge,
    Palette,
    Parameters,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    edit,
    fit_palette,
    quantize,
    quantize_layer,
    quantize_layers,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import edit_as_dict
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.result_layers import RunResult, result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.tasks.quantize import (
    Applied,
    apply_to_work,
    quantize_work,
)
from napari_colorquant.viewer.tasks.work import locate, take_work

EDITS = [
    Merge([2, 0]),
    Recolor(1, [200.5, 1 / 3, 7]),
    Remove([3]),
    Rename(0, 'it\'s "dark"\nblue'),
    Sort("hue"),
    Sort("population"),
    Merge([4, 1, 0], into_first=True),
    Lock([2, 0]),
]

RUN_SCRIPTS = """
import contextlib, io, json, os, runpy, sys, traceback
home = os.getcwd()
for folder in sys.stdin:
    os.chdir(json.loads(folder))
    printed, error = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_path("repeat.py", run_name="__main__")
        except BaseException:
            error = traceback.format_exc()
    os.chdir(home)
    print(json.dumps([printed.getvalue(), error]), flush=True)
"""


@pytest.fixture
def viewer():
    npe2.PluginManager.instance().discover()
    return ViewerModel()


@pytest.fixture(scope="module")
def other_process():
    """A process without a display that runs the scripts of all tests, one by one."""
    home = Path(napari_colorquant.__file__).parents[1]
    env = {key: os.environ[key] for key in os.environ if "DISPLAY" not in key}
    with subprocess.Popen(
        [sys.executable, "-W", "error::UserWarning", "-c", RUN_SCRIPTS],
        env=env | {"PYTHONPATH": str(home), "QT_QPA_PLATFORM": "none"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def repeat(tmp_path, other_process):
    """Run a record's script in the other process; return what it saved."""

    def run(record):
        script = tmp_path / "repeat.py"
        script.write_text(script_of(record), encoding="utf-8")
        other_process.stdin.write(json.dumps(str(tmp_path)) + "\n")
        other_process.stdin.flush()
        printed, error = json.loads(other_process.stdout.readline())
        if error:
            pytest.fail(f"{script.read_text()}\n{error}", pytrace=False)
        (palette,) = tmp_path.glob("*-palette.csv")
        (indices,) = [
            *tmp_path.glob("*-indices.npy"),
            *tmp_path.glob("*-labels.npy"),
        ]
        return printed, Palette.load(palette), np.load(indices)

    return run


@pytest.fixture
def picture():
    """64 x 48 pixels of smooth colours, RGB."""
    y, x = np.mgrid[:48, :64]
    picture = np.stack([4 * x, 5 * y, 255 - x - 2 * y], axis=-1)
    return (
        (picture + np.random.default_rng(0).integers(-9, 9, picture.shape))
        .clip(0, 255)
        .astype(np.uint8)
    )


def assert_repeated(repeated, q):
    printed, palette, indices = repeated
    assert f"PSNR    {q.report.psnr:8.2f} dB" in printed
    assert palette.colors.tobytes() == q.palette.colors.tobytes()
    assert palette.counts.tolist() == q.palette.counts.tolist()
    assert palette.names == q.palette.names
    assert indices.dtype == q.indices.dtype
    np.testing.assert_array_equal(indices, q.indices)


def record_of(layer, edits=()):
    kept = layer.metadata[METADATA_KEY]
    return kept | {"edits": [edit_as_dict(one) for one in edits]}


def test_a_picture_that_napari_opened_with_edits_of_every_kind(
    viewer, repeat, picture, tmp_path
):
    path = tmp_path / 'it\'s ä "picture".png'
    iio.imwrite(path, picture)
    (layer,) = viewer.open(path, plugin="napari")
    layer.name = "renamed\nsince"
    result, _ = quantize_layer(layer, 9, n_samples=500, random_state=3)
    record = record_of(result, EDITS)
    assert record["origin"] == {"path": str(path), "reader": "napari", "sample": None}
    q = quantize(picture, 9, n_samples=500, random_state=3)
    assert_repeated(repeat(record), edit(q, picture, EDITS))


def test_a_sample_of_the_plugin(viewer, repeat):
    (layer,) = viewer.open_sample("napari-colorquant", "ihc")
    result, _ = quantize_layer(layer, 12, method="wu", refine=False, color_space="hed")
    record = record_of(result)
    assert record["origin"] == {
        "path": None,
        "reader": None,
        "sample": ["napari-colorquant", "ihc"],
    }
    q = quantize(layer.data, 12, method="wu", refine=False, color_space="hed")
    assert_repeated(repeat(record), q)


def test_a_palette_that_was_applied(viewer, repeat, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a relative path is one of this session alone
    tifffile.imwrite("wide.tif", picture.astype(np.uint16) * 257, photometric="rgb")
    (layer,) = viewer.open("wide.tif", plugin="napari")
    assert layer.rgb
    random = np.random.default_rng(1).uniform(0, 65_535, (300, 3))
    palette = Palette(random, names=["a", *[""] * 299], units="uint16", locked=[7])
    q = apply_palette(layer.data, palette)
    result, _ = result_layers(take_source(layer), RunResult((), (q,)))
    edits = [Merge([0, 1]), Remove([5])]
    record = record_of(result, edits)
    assert record["parameters"] is None
    assert record["origin"]["path"] == str(tmp_path / "wide.tif")
    assert_repeated(repeat(record), edit(q, layer.data, edits))


def test_white_of_a_palette_that_was_applied(viewer, repeat, picture, tmp_path):
    path = tmp_path / "of 12 bits.tif"
    tifffile.imwrite(path, picture.astype(np.uint16) * 16, photometric="rgb")
    (layer,) = viewer.open(path, plugin="napari")
    palette = fit_palette(picture, 6)
    work = locate(take_work(Target((layer,)), 5000))
    result, _ = result_layers(
        work.image, apply_to_work(work, Applied(palette), Monitor())
    )
    q = apply_palette(layer.data, palette, data_range=5000)
    assert q.palette.white == 5000
    assert_repeated(repeat(record_of(result)), q)


def test_fixed_colors_and_a_target(viewer, repeat, picture, tmp_path):
    grey = picture[..., 0]
    iio.imwrite(tmp_path / "grey.png", grey)
    (layer,) = viewer.open(tmp_path / "grey.png", plugin="napari")
    fixed = Palette([[100 / 3], [250]], names=["a", "b"], units="uint8", locked=[1])
    run = {"n_colors": "auto", "target_psnr": 33.3, "fixed": fixed}
    result, _ = quantize_layer(layer, **run)
    edits = [Remove([0])]
    q = edit(quantize(grey, **run, channel_axis=None), grey, edits, channel_axis=None)
    assert len(q.palette.locked) == 1
    assert_repeated(repeat(record_of(result, edits)), q)


def test_several_layers_that_napari_opened(viewer, repeat, picture, tmp_path):
    for name, channel in zip(("a", "b", "c"), (0, 1, 2), strict=True):
        tifffile.imwrite(tmp_path / f"{name}.tif", picture[..., channel])
    layers = [
        viewer.open(tmp_path / f"{name}.tif", plugin="napari")[0] for name in "abc"
    ]
    layers[0].name = "renamed since"
    layers[1].contrast_limits = (20.5, 100)
    _, labels = quantize_layers(layers, 6, fixed=[[1, 2, 3]], n_samples=None)
    record = labels.metadata[METADATA_KEY]
    printed, palette, repeated = repeat(record)
    np.testing.assert_array_equal(repeated, labels.data)
    assert palette.colors.tolist() == record["palette"]["colors"]
    titles = ["index", "label", "name", "hex", "renamed", "since", "b", "c"]
    assert printed.split()[:8] == titles


def test_a_layer_of_a_session_is_found_in_the_viewer(tmp_path, monkeypatch, picture):
    viewer = ViewerModel()
    levels = [picture, picture[::2, ::2]]
    layer = viewer.add_image(levels, multiscale=True, rgb=True, name="a 'b'")
    result, _ = quantize_layer(layer, 5)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    exec(script_of(record_of(result)), {})
    indices = np.load(tmp_path / "a_b-indices.npy")
    np.testing.assert_array_equal(indices, quantize(picture, 5).indices)


def test_a_record_says_what_was_quantized(picture):
    layer = Image(picture[..., 0], name="grey")
    mask = np.ones(layer.data.shape, bool)
    _, labels = quantize_layer(layer, 4, mask=mask)
    record = labels.metadata[METADATA_KEY]
    assert {key: record[key] for key in ("shape", "rgb", "multiscale", "masked")} == {
        "shape": [48, 64],
        "rgb": False,
        "multiscale": False,
        "masked": True,
    }
    assert record["origin"] == {"path": None, "reader": None, "sample": None}
    assert (record["edits"], record["painted"], record["applied"]) == ([], False, None)


def test_another_image_is_not_quantized_by_mistake(viewer, repeat, picture, tmp_path):
    iio.imwrite(tmp_path / "a.png", picture)
    (layer,) = viewer.open(tmp_path / "a.png", plugin="napari")
    result, _ = quantize_layer(layer, 5)
    iio.imwrite(tmp_path / "a.png", picture[1:])
    with pytest.raises(pytest.fail.Exception, match="this is another image"):
        repeat(record_of(result))


def region_of(picture):
    painted = np.zeros(picture.shape[:2], int)
    painted[5:30, 9:40] = 3
    painted[10:12] = 0
    return Labels(painted, name="cells")


def test_regions_and_classes(viewer, repeat, picture, tmp_path):
    iio.imwrite(tmp_path / "a.png", picture)
    (layer,) = viewer.open(tmp_path / "a.png", plugin="napari")
    region, where = region_of(picture), Shapes([[[0, 0], [0, 50], [40, 50], [40, 0]]])
    result, labels = quantize_layer(
        layer, 5, within=where, learn_within=region, seeds=region
    )
    printed, palette, indices = repeat(record_of(result))
    assert palette.colors.tolist() == record_of(result)["palette"]["colors"]
    assert palette.names == tuple(labels.features["name"])
    inside = labels.data > 0
    assert inside.sum() == 41 * 51
    np.testing.assert_array_equal(indices[inside] + 1, labels.data[inside])
    assert "PSNR" in printed


def test_an_edit_of_a_region(viewer, repeat, picture, tmp_path):
    iio.imwrite(tmp_path / "a.png", picture)
    (layer,) = viewer.open(tmp_path / "a.png", plugin="napari")
    mask = region_of(picture).data > 0
    result, _ = quantize_layer(layer, 6, mask=mask)
    edits = [Merge([1, 2]), Remove([0])]
    q = edit(quantize(picture, 6, mask=mask), picture, edits)
    assert_repeated(repeat(record_of(result, edits)), q)


def test_a_palette_that_was_applied_in_a_region(viewer, repeat, picture, tmp_path):
    iio.imwrite(tmp_path / "a.png", picture)
    (layer,) = viewer.open(tmp_path / "a.png", plugin="napari")
    palette = Palette([[0, 0, 0], [200, 90, 90]])
    work = locate(take_work(Target((layer,), within=region_of(picture))))
    results = apply_to_work(work, Applied(palette), Monitor())
    picture_layer, _ = result_layers(work.image, results)
    q = apply_palette(picture, palette, mask=region_of(picture).data > 0)
    assert_repeated(repeat(record_of(picture_layer)), q)


def test_one_slice_with_an_axis_of_channels(viewer, repeat, tmp_path):
    stack = np.random.default_rng(0).integers(0, 4000, (4, 2, 30, 40), np.uint16)
    np.save(tmp_path / "stack.npy", stack)
    (layer,) = viewer.open(tmp_path / "stack.npy", plugin="napari")
    scope = Target((layer,), channel_axis=1, position=(2, None, None, None))
    work = locate(take_work(scope))
    result, labels = result_layers(
        work.image, quantize_work(work, Parameters(n_colors=5), Monitor())
    )
    q = quantize(stack[2:3], 5, channel_axis=1)
    np.testing.assert_array_equal(labels.data, q.labels)
    assert_repeated(repeat(record_of(result)), q)


def test_one_slice_of_several_layers_in_a_region(viewer, repeat, tmp_path):
    random = np.random.default_rng(0)
    for name in "ab":
        data = random.integers(0, 4000, (3, 30, 40), np.uint16)
        np.save(tmp_path / f"{name}.npy", data)
    layers = [viewer.open(tmp_path / f"{n}.npy", plugin="napari")[0] for n in "ab"]
    layers[1].contrast_limits = (500, 3000)
    scope = Target(
        tuple(layers),
        scaling="zscore",
        position=(1, None, None),
        within=Shapes([[[3, 3], [3, 30], [20, 30], [20, 3]]]),
        seeds=Shapes([[[5, 5], [5, 9], [9, 9], [9, 5]]]),
        per_class=2,
    )
    work = locate(take_work(scope))
    results = quantize_work(work, Parameters(n_colors=5), Monitor())
    _, labels = result_layers(work.image, results)
    assert (labels.data > 0).sum() == 18 * 28
    record = labels.metadata[METADATA_KEY]
    _, palette, repeated = repeat(record)
    np.testing.assert_array_equal(repeated, labels.data)
    assert palette.colors.tolist() == record["palette"]["colors"]


def test_a_mask_of_noise_is_left_to_be_added(picture):
    noise = np.random.default_rng(0).random((2000, 1000)) < 0.5
    image = np.zeros((2000, 1000), np.uint8)
    image[::2] = 9
    _, labels = quantize_layer(Image(image, name="noise"), 2, mask=noise)
    record = labels.metadata[METADATA_KEY]
    assert record["masked"]
    assert "mask" not in record
    assert "# It was made with a mask, which is not recorded" in script_of(record)
