"""Save Selected Layers, as napari calls it."""

from __future__ import annotations

import re
import subprocess
import sys

import napari
import numpy as np
import pytest
import tifffile
from napari.layers import Image, Labels
from napari.utils.notifications import notification_manager
from npe2 import PluginManager, PluginManifest
from PIL import Image as Picture
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog

from napari_colorquant import Palette, quantize, quantize_layer, save_annotations
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.regions.read import read_shapes

PLUGIN = "napari-colorquant"
SUFFIXES = (".png", ".tif", ".tiff", ".csv", ".geojson")


@pytest.fixture(autouse=True)
def plugins(npe2pm):
    """The plugins that there are, also where no viewer has looked for them."""
    for name in ("napari", PLUGIN):
        npe2pm.register(PluginManifest.from_distribution(name))


def noise(shape, dtype=np.uint8, seed=0):
    high = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 256
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


def labels_layer(image, n_colors, *, rgb=True, **kwargs):
    layer = Image(image, name="a", rgb=rgb, **kwargs)
    return quantize_layer(layer, n_colors)[1]


def palette_of(layer):
    return Palette.from_dict(layer.metadata[PLUGIN]["palette"])


def png(path):
    """The values of an indexed PNG, and the colours of its palette."""
    with Picture.open(path) as file:
        assert file.mode == "P"
        return np.asarray(file), np.reshape(file.getpalette(), (-1, 3))


def tiff(path):
    """The values of a TIFF with a palette, and its colours in 8 bits."""
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].photometric.name == "PALETTE"
        colors, rest = np.divmod(file.pages[0].colormap.T, 257)
        assert not rest.any()
        return file.asarray(), colors


READ = {".png": png, ".tif": tiff}


# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("suffix", READ)
def test_a_picture_has_the_indices_and_shows_the_colors(tmp_path, suffix):
    image = noise((20, 30, 3))
    layer = labels_layer(image, 7)
    path = str(tmp_path / f"b{suffix}")
    assert layer.save(path, plugin=PLUGIN) == [path]
    values, colors = READ[suffix](path)
    result = quantize(image, 7)
    assert np.array_equal(values, result.indices)
    assert np.array_equal(colors[values], result.image)
    assert [file.name for file in tmp_path.iterdir()] == [f"b{suffix}"]


@pytest.mark.parametrize("suffix", READ)
def test_what_was_not_quantized_is_one_past_the_palette(tmp_path, suffix):
    image = noise((20, 30, 4))
    image[..., 3] = np.where(image[..., 3] < 99, 0, 255)
    layer = labels_layer(image, 5)
    path = str(tmp_path / f"b{suffix}")
    layer.save(path, plugin=PLUGIN)
    values, _ = READ[suffix](path)
    assert np.array_equal(values == 5, image[..., 3] == 0)
    assert np.array_equal(values[values < 5] + 1, layer.data[values < 5])


@pytest.mark.parametrize("suffix", READ)
@pytest.mark.parametrize(
    ("image", "rgb", "white"),
    [
        (noise((20, 30, 3), np.uint16), True, 65_535),
        (np.random.default_rng(0).random((20, 30, 3), np.float32), True, 1),
        (noise((20, 30)), False, 255),
    ],
)
def test_colors_are_shown_in_8_bits_of_their_units(tmp_path, suffix, image, rgb, white):
    layer = labels_layer(image, 6, rgb=rgb)
    path = str(tmp_path / f"b{suffix}")
    layer.save(path, plugin=PLUGIN)
    _, colors = READ[suffix](path)
    expected = np.rint(palette_of(layer).colors * 255 / white)
    assert np.array_equal(colors[:6], np.broadcast_to(expected, (6, 3)))


@pytest.mark.parametrize("suffix", READ)
def test_a_single_channel_is_shown_over_the_range_of_its_palette(tmp_path, suffix):
    image = np.repeat([[-100.0, 0.0, 300.0, np.nan]], 3, axis=0)
    with pytest.warns(UserWarning, match="3 colors"):
        layer = labels_layer(image, 4, rgb=False)
    path = str(tmp_path / f"b{suffix}")
    layer.save(path, plugin=PLUGIN)
    values, colors = READ[suffix](path)
    assert values.tolist() == [[0, 1, 2, 3]] * 3
    assert colors[:4].tolist() == [[v] * 3 for v in (0, 64, 255, 0)]


@pytest.mark.parametrize("suffix", READ)
def test_the_largest_level_is_written(tmp_path, suffix):
    image = noise((64, 80, 3))
    layer = labels_layer([image, image[::2, ::2], image[::4, ::4]], 4, multiscale=True)
    path = str(tmp_path / f"b{suffix}")
    layer.save(path, plugin=PLUGIN)
    values, _ = READ[suffix](path)
    assert np.array_equal(values + 1, layer.data[0])


def test_many_colors_and_many_planes_are_a_tiff_of_16_bits(tmp_path):
    image = noise((3, 20, 30, 3))
    layer = labels_layer(image, 300)
    layer.save(str(tmp_path / "b.tiff"), plugin=PLUGIN)
    values, colors = tiff(tmp_path / "b.tiff")
    assert values.dtype == np.uint16
    assert np.array_equal(values + 1, layer.data)
    assert np.array_equal(colors[:300], np.rint(palette_of(layer).colors))
    path = tmp_path / "b.png"
    sentence = (
        f"{path}: PNG cannot hold indices of shape (3, 20, 30) into 300 colors of 3 "
        "channels: use .tif."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}$"):
        layer.save(str(path), plugin=PLUGIN)
    assert not path.exists()


# ---------------------------------------------------------------- tables


def test_tables_are_the_palette_and_the_labels(tmp_path):
    image = noise((20, 30, 3), np.uint16)
    layer = labels_layer(image, 300)
    paths = [str(tmp_path / "b.csv"), str(tmp_path / "b-labels.csv")]
    assert layer.save(paths[0], plugin=PLUGIN) == paths
    assert Palette.load(paths[0]).as_dict() == palette_of(layer).as_dict()
    labels = np.loadtxt(paths[1], int, delimiter=",")
    assert np.array_equal(labels, layer.data)


def test_tables_replace_those_of_the_layer_and_no_other_file(tmp_path):
    first, second = (labels_layer(noise((9, 8, 3), seed=i), 4) for i in range(2))
    first.save(str(tmp_path / "b.csv"), plugin=PLUGIN)
    second.save(str(tmp_path / "b.csv"), plugin=PLUGIN)
    beside = tmp_path / "b-labels.csv"
    labels = np.loadtxt(beside, int, delimiter=",")
    assert np.array_equal(labels, second.data)

    (tmp_path / "b.csv").unlink()
    before = beside.read_bytes()
    sentence = f"{beside}: the labels would replace this file: choose another name."
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}$"):
        first.save(str(tmp_path / "b.csv"), plugin=PLUGIN)
    assert beside.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["b-labels.csv"]


def test_a_stack_is_no_table(tmp_path):
    layer = labels_layer(noise((3, 20, 30, 3)), 4)
    sentence = (
        f"{tmp_path / 'b-labels.csv'}: a table has two axes, and the labels have the "
        "shape (3, 20, 30): save them as .tif."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}$"):
        layer.save(str(tmp_path / "b.csv"), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- annotations


def test_annotations_are_the_classes_of_the_layer(tmp_path):
    image = noise((20, 30, 3))
    layer = labels_layer(image, 5)
    paths = [str(tmp_path / f"{name}.geojson") for name in "ab"]
    assert layer.save(paths[0], plugin=PLUGIN) == [paths[0]]
    save_annotations(paths[1], quantize(image, 5))
    data = [(tmp_path / path).read_bytes() for path in paths]
    assert data[0] == data[1]
    assert len(read_shapes(tmp_path / "a.geojson")) == 5


def test_annotations_of_a_stack_are_refused_in_a_sentence(tmp_path):
    layer = labels_layer(noise((3, 20, 30, 3)), 4)
    path = tmp_path / "b.geojson"
    sentence = f"{path}: annotations are of one plane, and the labels have the shape"
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}"):
        layer.save(str(path), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- plain scripts

SCRIPT = """
import numpy as np
from napari.layers import Image
from napari_colorquant import quantize_layer, quantize_layers
image = np.arange(20 * 30 * 3, dtype=np.uint8).reshape(20, 30, 3)
pictures = [Image(image, rgb=True), *(Image(image[..., i]) for i in range(2))]
for name, (picture, labels) in {
    "rgb": quantize_layer(pictures[0], 4),
    "both": quantize_layers(pictures[1:], 4),
}.items():
    for suffix in (".png", ".tif", ".csv"):
        written = labels.save(name + suffix, plugin="napari-colorquant")
        assert written[0] == name + suffix, written
    np.save(name, labels.data)
    labels.save(name + "-by-napari.tif")
    picture.save(name + "-picture.png")
"""


def test_a_plain_script_saves_without_a_viewer(tmp_path):
    command = [sys.executable, "-W", "error::UserWarning", "-c", SCRIPT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("rgb", "both"):
        labels = np.load(tmp_path / f"{name}.npy")
        for suffix, read in READ.items():
            values, _ = read(tmp_path / f"{name}{suffix}")
            np.testing.assert_array_equal(values + 1, labels)
        table = np.loadtxt(tmp_path / f"{name}-labels.csv", int, delimiter=",")
        np.testing.assert_array_equal(table, labels)
        # napari's own writers are there as well, as in the viewer.
        by_napari = tifffile.imread(tmp_path / f"{name}-by-napari.tif")
        np.testing.assert_array_equal(by_napari, labels)
        assert (tmp_path / f"{name}-picture.png").is_file()


# ---------------------------------------------------------------- mistakes

NO_PALETTE = (
    "'cells' has no palette of napari-colorquant: save it in another way, or quantize "
    "an image and save its labels."
)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "metadata", [{}, {PLUGIN: {}}, {PLUGIN: "palette"}, {"palette": [[1, 2, 3]]}]
)
def test_labels_without_a_palette_are_an_error(tmp_path, suffix, metadata):
    layer = Labels(np.ones((4, 5), np.uint8), name="cells", metadata=metadata)
    with pytest.raises(RuntimeError, match=f"^{re.escape(NO_PALETTE)}$"):
        layer.save(str(tmp_path / f"b{suffix}"), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("label", [-1, 5])
def test_labels_that_were_painted_beyond_the_palette_are_an_error(
    tmp_path, suffix, label
):
    layer = labels_layer(noise((9, 8, 3)), 4)
    layer.data = layer.data.astype(int)
    layer.data[0, 0] = label
    low, high = layer.data.min(), layer.data.max()
    sentence = (
        f"'a (4 colors) labels' has labels from {low} to {high}, and its palette has "
        "those from 1 to 4: undo the change."
    )
    with pytest.raises(RuntimeError, match=f"^{re.escape(sentence)}$"):
        layer.save(str(tmp_path / f"b{suffix}"), plugin=PLUGIN)
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- as napari calls it


def test_layers_are_saved_by_suffix_without_naming_the_plugin(tmp_path):
    layer = labels_layer(noise((9, 8, 3)), 4)
    for name in ("b.png", "c.CSV"):
        napari.save_layers(str(tmp_path / name), [layer])
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "b.png",
        "c-labels.csv",
        "c.CSV",
    ]


@pytest.mark.parametrize("order", [("napari", PLUGIN), (PLUGIN, "napari")])
def test_what_napari_saves_by_itself_is_left_to_it(order):
    manager = PluginManager()
    for name in order:
        manager.register(PluginManifest.from_distribution(name))
    for path in ("a.tif", "a.tiff", "a"):
        writer, _ = manager.get_writer(path, ["labels"])
        assert writer.command == "napari.write_labels"
    for path, command in {
        "a.png": "write_indexed_png",
        "a.csv": "write_tables",
    }.items():
        writer, _ = manager.get_writer(path, ["labels"])
        assert writer.command == f"{PLUGIN}.{command}"
    writer, _ = manager.get_writer("a.tif", ["labels"], plugin_name=PLUGIN)
    assert writer.command == f"{PLUGIN}.write_palette_tiff"
    assert manager.get_writer("a.png", ["labels", "labels"])[0] is None


@pytest.fixture
def choose_in_the_dialog(viewer, monkeypatch, qtbot):
    """Save Selected Layers, and choose a name and a kind of file."""

    def choose(name, kind):
        def answer(*_args, filter, **_kwargs):  # noqa: A002, Qt's own word
            (chosen,) = [f for f in filter.split(";;") if kind in f]
            return str(name), chosen

        monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
        viewer.window._qt_viewer._save_layers_dialog(selected=True)

    return choose


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("indexed PNG (*.png)", ["a 1.5.png"]),
        ("TIFF with palette (*.tif *.tiff)", ["a 1.5.tif"]),
        (
            "palette and labels as tables (*.csv)",
            ["a 1.5-labels.csv", "a 1.5.csv"],
        ),
    ],
)
def test_the_dialog_offers_the_formats(
    viewer, choose_in_the_dialog, tmp_path, kind, names
):
    viewer.add_layer(labels_layer(noise((9, 8, 3)), 4))
    choose_in_the_dialog(tmp_path / "a 1.5", f"{PLUGIN} {kind}")
    assert sorted(file.name for file in tmp_path.iterdir()) == names


def test_an_error_is_a_notification(
    viewer, choose_in_the_dialog, notifications, tmp_path, qtbot
):
    viewer.add_labels(np.ones((4, 5), np.uint8), name="cells")
    with notification_manager:  # as while napari runs
        QTimer.singleShot(
            0, lambda: choose_in_the_dialog(tmp_path / "b.png", "indexed PNG")
        )
        qtbot.waitUntil(lambda: bool(notifications))
    # napari and Qt keep the error, and its tracebacks would keep the viewer.
    error = sys.last_value
    error.__traceback__ = error.__cause__.__traceback__ = sys.last_traceback = None
    assert notifications == [("error", NO_PALETTE)]
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- sizes of pixels


def test_layers_are_saved_with_the_size_of_their_pixels(tmp_path):
    layer = Image(noise((9, 8, 3)), name="a", rgb=True, scale=(2, 3), units="um")
    picture, labels = quantize_layer(layer, 4)
    names = ["labels.tif", "picture.tif", "picture.png", "labels.png"]
    for name, saved in zip(names, (labels, picture, picture, labels), strict=True):
        saved.save(str(tmp_path / name), plugin=PLUGIN)
        if name.endswith(".tif"):
            info = open_picture(tmp_path / name)[1]
            assert (info.axes, info.scale) == ("yx", (2, 3))
            assert info.units == ("micrometer", "micrometer")
        else:
            with Picture.open(tmp_path / name) as file:
                assert file.info["dpi"] == pytest.approx((25400 / 3, 12700), rel=1e-3)
    assert np.array_equal(open_picture(tmp_path / "picture.tif")[0], picture.data)


def test_a_stack_of_grey_is_no_rgb(tmp_path):
    layer = Image(noise((9, 8, 3)), name="a", rgb=False)
    layer.save(str(tmp_path / "b.tif"), plugin=PLUGIN)
    image, info = open_picture(tmp_path / "b.tif")
    assert (image.shape, info.channel_axis) == ((9, 8, 3), None)
    with pytest.raises(RuntimeError, match=r"PNG cannot hold uint8 of shape"):
        layer.save(str(tmp_path / "b.png"), plugin=PLUGIN)


def test_images_that_are_saved_without_choosing_are_left_to_napari():
    manager = PluginManager()
    for name in (PLUGIN, "napari"):
        manager.register(PluginManifest.from_distribution(name))
    for path in ("a.tif", "a.png", "a"):
        writer, _ = manager.get_writer(path, ["image"])
        assert writer.command == "napari.write_image"
