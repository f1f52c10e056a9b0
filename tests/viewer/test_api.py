"""Layers in, layers out, without a window."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.utils.colormaps import DirectLabelColormap

from napari_colorquant import (
    Parameters,
    quantize,
    quantize_layer,
    quantize_layers,
    quantize_slices,
)
from napari_colorquant.viewer.session.script import script_of
from placing import SPATIAL, placed


def test_names_types_and_visibility(tiny):
    image, labels = quantize_layer(Image(tiny, name="tiny", rgb=True), 2)
    assert type(image) is Image
    assert type(labels) is Labels
    assert image.name == "tiny (2 colors)"
    assert labels.name == "tiny (2 colors) labels"
    assert image.visible
    assert not labels.visible


def test_data_are_those_of_the_engine(china):
    image, labels = quantize_layer(
        Image(china, rgb=True), 32, method="random", n_samples=500, random_state=3
    )
    expected = quantize(china, 32, method="random", n_samples=500, random_state=3)
    np.testing.assert_array_equal(image.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)


def test_the_features_table(tiny):
    _, labels = quantize_layer(Image(tiny, rgb=True), 4)
    table = labels.features
    assert list(table.columns) == [
        "index",
        "label",
        "name",
        "hex",
        "red",
        "green",
        "blue",
        "pixels",
        "percent",
    ]
    assert table["index"].tolist() == [1, 2, 3, 4]  # napari's own
    assert table["label"].tolist() == [1, 2, 3, 4]
    assert table["name"].tolist() == [None] * 4
    assert table["hex"].tolist() == ["#000000", "#c80000", "#00d200", "#ffffff"]
    assert table["red"].tolist() == [0, 200, 0, 255]
    assert table["green"].tolist() == [0, 0, 210, 255]
    assert table["blue"].tolist() == [0, 0, 0, 255]
    assert table["pixels"].tolist() == [1, 2, 3, 6]
    assert table["percent"].tolist() == pytest.approx([100 / 12, 50 / 3, 25, 50])


def test_hovering_shows_the_features_of_the_label(tiny):
    _, labels = quantize_layer(Image(tiny, rgb=True), 4)
    assert labels.data[0, 1] == 2
    labels.visible = True
    status = labels.get_status((0, 1), world=True)["value"]
    assert "hex: #c80000" in status
    assert "pixels: 2" in status
    assert "name" not in status


def test_each_label_is_shown_in_its_palette_color(tiny):
    _, labels = quantize_layer(Image(tiny, rgb=True), 4)
    assert isinstance(labels.colormap, DirectLabelColormap)
    for label, rgb in enumerate(
        [[0, 0, 0], [200, 0, 0], [0, 210, 0], [255, 255, 255]], 1
    ):
        expected = [*np.array(rgb) / 255, 1.0]
        assert labels.get_color(label).tolist() == pytest.approx(expected)
    shown = labels.colormap.map(np.array([0, 5, 99]))
    assert shown.tolist() == [[0, 0, 0, 0]] * 3


def test_a_grey_picture_goes_through_its_colormap():
    data = np.array([[100, 300], [200, 300]], np.uint16)
    layer = Image(data, colormap="green", contrast_limits=(100, 300), gamma=2.0)
    image, labels = quantize_layer(layer, 3)
    assert labels.get_color(1).tolist() == pytest.approx([0, 0, 0, 1])
    assert labels.get_color(2).tolist() == pytest.approx([0, 0.25, 0, 1], abs=0.01)
    assert labels.get_color(3).tolist() == pytest.approx([0, 1, 0, 1])
    assert labels.features["value"].tolist() == [100, 200, 300]
    assert list(image.contrast_limits) == [100, 300]
    assert image.gamma == 2.0
    assert image.colormap.name == "green"


@pytest.mark.parametrize(
    ("shape", "rgb"),
    [
        ((12, 14, 3), True),
        ((12, 14), False),
        ((3, 12, 14, 3), True),
        ((3, 12, 14), False),
        ((2, 3, 12, 14), False),
    ],
)
def test_results_lie_where_their_source_lies(shape, rgb):
    data = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
    layer = Image(data, rgb=rgb, name="source")
    for key, value in placed(layer.ndim).items():
        setattr(layer, key, value)
    for result in quantize_layer(layer, 5):
        assert result.ndim == layer.ndim
        for key in SPATIAL:
            ours, theirs = getattr(result, key), getattr(layer, key)
            if key in ("units", "axis_labels"):
                assert ours == theirs
            else:
                np.testing.assert_allclose(ours, theirs, err_msg=key)
        np.testing.assert_allclose(result.extent.world, layer.extent.world)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_rgba_keeps_its_opacity_and_leaves_transparent_pixels_out(dtype):
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    data = np.random.default_rng(0).random((9, 9, 4)) * top
    data[:3, :, 3] = 0
    data = data.astype(dtype)
    data[3:, :, 3] = top
    image, labels = quantize_layer(Image(data, rgb=True), 4)
    np.testing.assert_array_equal(image.data[..., 3], data[..., 3])
    np.testing.assert_array_equal(image.data[:3], data[:3])
    assert (labels.data[:3] == 0).all()
    assert set(np.unique(labels.data[3:])) == {1, 2, 3, 4}


def test_floats_with_nan():
    data = np.linspace(-5, 5, 64, dtype=np.float32).reshape(8, 8)
    data[0, 0] = np.nan
    layer = Image(data, contrast_limits=(-5, 5))
    image, labels = quantize_layer(layer, 4)
    assert np.isnan(image.data[0, 0])
    assert labels.data[0, 0] == 0
    assert image.data.dtype == np.float32


def test_a_mask_limits_the_run(tiny):
    mask = np.zeros((3, 4), bool)
    mask[0] = True
    image, labels = quantize_layer(Image(tiny, rgb=True), 2, mask=mask)
    np.testing.assert_array_equal(image.data[1:], tiny[1:])
    assert (labels.data > 0).tolist() == mask.tolist()


def test_multiscale_layers_share_one_palette(china):
    levels = [china, china[::2, ::2], china[::4, ::4]]
    layer = Image(levels, multiscale=True, rgb=True, name="pyramid")
    image, labels = quantize_layer(layer, 12)
    assert image.multiscale
    assert labels.multiscale
    expected = quantize(china, 12)
    np.testing.assert_array_equal(image.data[0], expected.image)
    np.testing.assert_array_equal(labels.data[0], expected.labels)
    for i, step in ((1, 2), (2, 4)):  # the same colours have the same nearest entry
        np.testing.assert_array_equal(image.data[i], expected.image[::step, ::step])
        np.testing.assert_array_equal(labels.data[i], expected.labels[::step, ::step])
    assert labels.features["pixels"].sum() == china[..., 0].size


def test_a_palette_a_slice():
    stack = np.random.default_rng(0).integers(0, 255, (4, 12, 14), np.uint8)
    layer = Image(stack, name="movie", **placed(3))
    image, labels = quantize_layer(layer, 5, slice_axis=0)
    expected = quantize_slices(stack, 5, channel_axis=None)
    np.testing.assert_array_equal(image.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert image.name == "movie (5 colors)"
    np.testing.assert_allclose(labels.extent.world, layer.extent.world)
    values = expected.palette.colors[:, 0].tolist()
    assert labels.features["value"].tolist() == values
    assert labels.features["pixels"].sum() == stack.size
    kept = labels.metadata["napari-colorquant"]
    assert kept["slice_axis"] == 0
    assert kept["palettes"] == [palette.as_dict() for palette in expected.palettes]
    script = script_of(kept)
    assert (
        "q = quantize_slices(image, n_colors=5, slice_axis=0, channel_axis=None)"
        in (script.replace(").whole", ")"))
    )


def test_all_levels_of_a_slice_share_its_palette():
    stack = np.random.default_rng(0).integers(0, 255, (4, 12, 14), np.uint8)
    layer = Image([stack, stack[:, ::2, ::2]], multiscale=True, name="movie")
    image, labels = quantize_layer(layer, 5, slice_axis=0)
    expected = quantize_slices(stack, 5, channel_axis=None)
    for level, step in ((0, 1), (1, 2)):
        np.testing.assert_array_equal(
            image.data[level], expected.image[:, ::step, ::step]
        )
        np.testing.assert_array_equal(
            labels.data[level], expected.labels[:, ::step, ::step]
        )
    assert labels.features["pixels"].sum() == stack.size


def test_levels_of_other_slices_need_one_palette():
    stack = np.random.default_rng(0).integers(0, 255, (4, 12, 14), np.uint8)
    layer = Image([stack, stack[::2, ::2, ::2]], multiscale=True, name="movie")
    with pytest.raises(ValueError, match=r"^the levels of the stack have 4, 2 slices"):
        quantize_layer(layer, 5, slice_axis=0)


def test_a_picture_of_16_bits_is_shown_as_its_source():
    """napari opens 12 bits in their range, which is not that of 16."""
    values = np.array([[[0, 4095, 1024], [4095, 4095, 4095]]], np.uint16)
    layer = Image(values, rgb=True, contrast_limits=(0, 4095), gamma=0.5)
    image, labels = quantize_layer(layer, 2)
    assert (image.contrast_limits, image.gamma) == ([0, 4095], 0.5)
    assert labels.features["hex"].tolist() == ["#00ff80", "#ffffff"]
    green = labels.colormap.color_dict[1]
    np.testing.assert_allclose(green, [0, 1, (1024 / 4095) ** 0.5, 1], atol=1e-6)


def test_axes_are_called_by_their_labels():
    stack = np.random.default_rng(0).integers(0, 250, (2, 3, 20, 30), np.uint8)
    layer = Image(stack, axis_labels=("t", "c", "y", "x"), name="movie")
    for how, numbers in (
        ({"channel_axis": "c"}, {"channel_axis": 1}),
        ({"slice_axis": "t"}, {"slice_axis": 0}),
        (
            {"slice_axis": "t", "channel_axis": "c"},
            {"slice_axis": 0, "channel_axis": 1},
        ),
    ):
        named, numbered = (quantize_layer(layer, 4, **one) for one in (how, numbers))
        np.testing.assert_array_equal(named[1].data, numbered[1].data)
        record = named[1].metadata["napari-colorquant"]
        assert {key: record.get(key) for key in numbers} == numbers


@pytest.mark.parametrize("what", ["channel_axis", "slice_axis"])
def test_a_label_that_no_axis_has_is_told_of(what):
    layer = Image(np.zeros((2, 9, 9)), axis_labels=("y", "y", "x"), name="cells")
    for label in ("c", "y"):
        with pytest.raises(
            ValueError,
            match=f"^{what} is '{label}', and the labels of the layer's axes are 'y', "
            "'y', 'x': pass one that is there once, or the number of the axis.$",
        ):
            quantize_layer(layer, 4, **{what: label})


KEY = "napari-colorquant"
RED, GREEN, BLUE = np.eye(3)
NAMES = {3: ("red", "green", "blue"), 4: ("cyan", "yellow", "magenta", "red"), 12: ()}
PLACES = np.linspace(0, 2, 12)[:, np.newaxis]
BANDS = np.clip(PLACES - 1, 0, 1) * RED + np.clip(1 - PLACES, 0, 1) * BLUE
BANDS += (1 - np.abs(PLACES - 1)) * GREEN
COLORS = {
    3: np.eye(3),
    4: np.array([GREEN + BLUE, RED + GREEN, RED + BLUE, RED]),
    12: BANDS / BANDS.sum(axis=0),  # white together
}


@pytest.mark.parametrize("channel_axis", [0, 1, -2])
def test_an_axis_of_channels(channel_axis):
    stack = np.random.default_rng(0).integers(0, 4000, (4, 3, 12, 14), np.uint16)
    spatial = placed(4)
    layer = Image(stack, name="cells", contrast_limits=(0, 4000), gamma=2, **spatial)
    image, labels = quantize_layer(layer, 5, channel_axis=channel_axis)
    axis = channel_axis % 4
    expected = quantize(stack, 5, channel_axis=axis)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(
        [entry["colors"] for entry in [labels.metadata[KEY]["palette"]]],
        [expected.palette.colors],
    )
    kept = [a for a in range(4) if a != axis]
    affine = layer.affine.affine_matrix[np.ix_([*kept, 4], [*kept, 4])]
    for result in (image, labels):
        for key in ("scale", "translate"):
            ours, theirs = getattr(result, key), getattr(layer, key)
            np.testing.assert_allclose(ours, theirs[kept], err_msg=key)
        assert result.axis_labels == tuple(layer.axis_labels[a] for a in kept)
        assert result.units == tuple(layer.units[a] for a in kept)
        np.testing.assert_allclose(result.affine.affine_matrix, affine)
    names = [f"channel {n}" for n in range(stack.shape[axis])]
    columns = ["index", "label", "name", "hex", *names, "pixels", "percent"]
    assert list(labels.features.columns) == columns
    # As the viewer adds up channels of layers that have these colors.
    shown = (expected.palette.colors / 4000) ** 2 @ COLORS[stack.shape[axis]]
    np.testing.assert_allclose(
        [labels.get_color(label)[:3] for label in range(1, 6)],
        np.clip(shown, 0, 1),
        atol=1 / 255,
    )
    assert image.rgb
    picture = np.rint(255 * np.clip(shown, 0, 1))[expected.indices]
    np.testing.assert_allclose(image.data, picture, atol=1)
    together = [
        Image(one, name=str(c), contrast_limits=(0, 4000), gamma=2, colormap=name)
        for c, (one, name) in enumerate(
            zip(np.moveaxis(stack, axis, 0), NAMES[stack.shape[axis]], strict=False)
        )
    ]
    if len(together) == stack.shape[axis]:
        as_layers, _ = quantize_layers(together, 5, scaling="none")
        np.testing.assert_array_equal(image.data, as_layers.data)
    assert labels.metadata["napari-colorquant"]["channel_axis"] == axis


def test_levels_and_regions_beside_an_axis_of_channels():
    levels = [np.random.default_rng(0).integers(0, 99, (2, 12, 14), np.uint8)]
    levels.append(levels[0][:, ::2, ::2])
    layer = Image(levels, multiscale=True, name="cells")
    inside = np.zeros((12, 14), int)
    inside[2:8, 4:10] = 1
    _, labels = quantize_layer(
        layer, 4, channel_axis=0, within=Labels(inside), seeds=Labels(inside)
    )
    expected = quantize(levels[0], 4, channel_axis=0, mask=inside > 0, seeds=inside)
    np.testing.assert_array_equal(labels.data[0], expected.labels)
    assert labels.data[1].shape == (6, 7)
    assert (labels.data[1] > 0).sum() == 9


@pytest.mark.parametrize(
    ("layer", "axis", "sentence"),
    [
        (np.zeros((9, 9, 3)), 0, "^the layer 'a' is RGB, whose channels need no axis"),
        (np.zeros((3, 9, 9)), 3, "^channel_axis is 3, and the layer 'a' has 3 axes: p"),
        (np.zeros((3, 9, 9)), True, "^channel_axis is True, and the layer 'a' has 3"),
        (np.zeros((3, 9, 9)), 1.0, "^channel_axis is 1.0, and the layer 'a' has 3 a"),
        (np.zeros((3, 9, 9)), [0, 1], r"^channel_axis is \[0, 1\], and the layer 'a'"),
        (np.zeros((9, 9)), 0, "^the layer 'a' has 2 axes, and none of them can hold"),
    ],
)
def test_what_is_no_axis_of_channels_is_refused(layer, axis, sentence):
    image = Image(layer, rgb=layer.shape[-1] == 3, name="a")
    with pytest.raises(ValueError, match=sentence):
        quantize_layer(image, 4, channel_axis=axis)


@pytest.mark.parametrize("what", ["channel_axis", "slice_axis"])
def test_the_record_is_plain_data_where_an_axis_is_a_number_of_numpy(what):
    layer = Image(np.arange(300, dtype=np.uint8).reshape(3, 10, 10) % 99)
    _, labels = quantize_layer(layer, 4, **{what: np.int64(-3)})
    record = labels.metadata["napari-colorquant"]
    assert json.loads(json.dumps(record))[what] == 0


@pytest.mark.parametrize(("n_colors", "dtype"), [(255, np.uint8), (256, np.uint16)])
def test_labels_take_the_smallest_type_that_holds_them(n_colors, dtype):
    data = np.arange(1024, dtype=np.uint16).reshape(32, 32)
    _, labels = quantize_layer(Image(data), n_colors, method="random")
    assert labels.data.dtype == dtype
    assert labels.data.max() == n_colors


def test_the_metadata_are_enough_to_repeat_the_run(china):
    layer = Image(china, rgb=True, name="china")
    image, labels = quantize_layer(layer, 9, n_samples=400, random_state=5)
    kept = labels.metadata["napari-colorquant"]
    assert image.metadata["napari-colorquant"] == kept
    assert kept["source"] == "china"
    parameters = Parameters(**kept["parameters"])
    assert parameters == Parameters(n_colors=9, n_samples=400, random_state=5)
    again, _ = quantize_layer(layer, **kept["parameters"])
    np.testing.assert_array_equal(again.data, image.data)
    assert (
        kept["palette"]["colors"]
        == quantize(china, 9, n_samples=400, random_state=5).palette.colors.tolist()
    )
    assert sum(kept["palette"]["counts"]) == china[..., 0].size
    assert kept["report"]["n_colors_before"] == 96_615
    assert kept["version"] == kept["report"]["version"]


def test_the_source_is_not_changed(china):
    before = china.copy()
    layer = Image(china, rgb=True, name="china")
    image, labels = quantize_layer(layer, 4)
    np.testing.assert_array_equal(layer.data, before)
    assert layer.data is china
    assert not np.shares_memory(image.data, china)
    assert layer.metadata == {}
    image.translate = (5, 5)
    np.testing.assert_array_equal(layer.translate, (0, 0))
    np.testing.assert_array_equal(labels.translate, (0, 0))


def test_results_can_be_added_twice(tiny):
    viewer = ViewerModel()
    layer = viewer.add_image(tiny, name="tiny", rgb=True)
    for _ in range(2):
        for result in quantize_layer(layer, 2):
            viewer.add_layer(result)
    assert [layer.name for layer in viewer.layers] == [
        "tiny",
        "tiny (2 colors)",
        "tiny (2 colors) labels",
        "tiny (2 colors) [1]",
        "tiny (2 colors) labels [1]",
    ]


@pytest.mark.parametrize(
    ("layer", "sentence"),
    [
        (
            Labels(np.ones((4, 4), int), name="cells"),
            "^'cells' is no image layer: pass an image layer.$",
        ),
        (None, "^There is no layer: pass an image layer.$"),
        (np.zeros((4, 4)), "^ndarray is no image layer: pass an image layer.$"),
    ],
)
def test_what_is_no_image_layer_is_refused(layer, sentence):
    with pytest.raises(TypeError, match=sentence):
        quantize_layer(layer)


def test_a_multiscale_layer_takes_no_mask(tiny):
    layer = Image([tiny, tiny[::2, ::2]], multiscale=True, rgb=True, name="pyramid")
    with pytest.raises(ValueError, match="'pyramid' is multiscale and takes no mask"):
        quantize_layer(layer, 2, mask=np.ones((3, 4), bool))


def test_progress_is_that_of_all_levels(tiny):
    layer = Image([tiny, tiny[::2, ::2]], multiscale=True, rgb=True)
    seen = []
    quantize_layer(layer, 2, progress=seen.append)
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert {piece.total for piece in seen} == {1000}
    assert done[-1] == 1000


def test_it_works_where_no_qt_is_installed():
    script = """
import sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("PyQt5", "PyQt6", "PySide2", "PySide6"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NoQt())
import numpy as np
from napari.layers import Image
from napari_colorquant import quantize_layer
image, labels = quantize_layer(Image(np.arange(64, dtype=np.uint8).reshape(8, 8)), 4)
print(labels.data.max())
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["4"]


@pytest.mark.parametrize(
    ("masks", "regions", "sentence"),
    [
        (
            {"mask": "top"},
            ["within"],
            "the region 'below' covers no pixel of 'a' inside its mask: pass one that "
            "lies on it.",
        ),
        (
            {"mask": "top"},
            ["learn_within"],
            "the region 'below' covers no pixel of 'a' inside its mask: there is "
            "nothing to learn from.",
        ),
        (
            {"learn_mask": "top"},
            ["within", "learn_within"],
            "the region 'below' covers no pixel of 'a' in 'below' inside its "
            "learn_mask: there is nothing to learn from.",
        ),
    ],
)
def test_a_region_beside_a_mask_is_told_of_as_what_it_is(masks, regions, sentence):
    top = np.zeros((9, 9), bool)
    top[:4] = True
    below = Labels((~top).astype(int), name="below")
    layer = Image(np.arange(81.0).reshape(9, 9), name="a")
    asked = dict.fromkeys(masks, top) | dict.fromkeys(regions, below)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quantize_layer(layer, 2, **asked)
