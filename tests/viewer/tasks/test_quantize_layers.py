"""Several layers in, one picture and one labels layer out."""

from __future__ import annotations

import json

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from PIL import Image as Picture

from napari_colorquant import Palette, Parameters, quantize, quantize_layers
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.layers.image_input import take_channels
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.plugin.writers import write_indexed_png, write_tables
from napari_colorquant.viewer.tasks.quantize import quantize_input
from placing import SPATIAL, placed

DAPI = np.array([[0, 0, 100, 100], [50, 50, 100, 0]], np.uint8)
GFP = np.array([[0, 0, 4000, 4000], [1000, 1000, 0, 2000]], np.uint16)
RFP = np.array([[0.0, 0, 0.5, 0.5], [0, 0, -0.25, 1]], np.float32)
LIMITS = ((0, 200), (0, 4000), (-1, 1))
COLORMAPS = ("blue", "green", "red")


def three(**changes):
    return [
        Image(data, name=name, contrast_limits=limits, colormap=colormap, **changes)
        for data, name, limits, colormap in zip(
            (DAPI, GFP, RFP), ("dapi", "gfp", "rfp"), LIMITS, COLORMAPS, strict=True
        )
    ]


def noise(shape, n_channels=3, dtype=np.uint16):
    random = np.random.default_rng(0)
    return [random.integers(0, 4096, shape, dtype) for _ in range(n_channels)]


def kept(layer):
    return layer.metadata[METADATA_KEY]


def test_one_picture_and_one_labels_layer():
    image, labels = quantize_layers(three(), 5)
    assert type(image) is Image
    assert type(labels) is Labels
    assert image.name == "dapi + gfp + rfp (5 colors)"
    assert labels.name == "dapi + gfp + rfp (5 colors) labels"
    assert image.rgb
    assert image.data.dtype == np.uint8
    assert image.visible
    assert not labels.visible


def test_few_colors_are_kept_in_the_units_of_each_channel():
    image, labels = quantize_layers(three(), 5)
    table = labels.features
    assert list(table.columns) == [
        "index",
        "label",
        "name",
        "hex",
        "dapi",
        "gfp",
        "rfp",
        "pixels",
        "percent",
    ]
    # Dark to light by the mean of what is scaled, from 0 to 1.
    assert table["dapi"].tolist() == [0, 100, 50, 0, 100]
    assert table["gfp"].tolist() == [0, 0, 1000, 2000, 4000]
    assert table["rfp"].tolist() == [0, -0.25, 0, 1, 0.5]
    assert table["pixels"].tolist() == [2, 1, 2, 1, 2]
    assert labels.data.tolist() == [[1, 1, 5, 5], [3, 3, 2, 4]]
    assert image.data[0].tolist() == [[128, 0, 0]] * 2 + [[191, 255, 128]] * 2
    assert image.data[1].tolist() == [[128, 64, 64]] * 2 + [[96, 0, 128], [255, 128, 0]]
    assert table["hex"].tolist()[3] == "#ff8000"
    for label, color in enumerate(table["hex"], 1):
        rgb = [round(255 * part) for part in labels.get_color(label)[:3]]
        assert color == "#" + "".join(f"{part:02x}" for part in rgb)


@pytest.mark.parametrize("n_colors", [4, 40])
def test_labels_are_those_of_the_scaled_stack(n_colors):
    layers = [
        Image(data, contrast_limits=(100 * i, 1000 * (i + 1)))
        for i, data in enumerate(noise((30, 40)))
    ]
    stack = np.stack(
        [
            (layer.data.astype(float) - low) / (high - low)
            for layer in layers
            for low, high in [layer.contrast_limits]
        ],
        axis=-1,
    ).astype(np.float32)
    expected = quantize(stack, n_colors, channel_axis=2)
    _, labels = quantize_layers(layers, n_colors)
    np.testing.assert_array_equal(labels.data, expected.labels)
    own = np.array(kept(labels)["palette"]["colors"])
    lows, highs = np.array([layer.contrast_limits for layer in layers]).T
    np.testing.assert_allclose(
        own, expected.palette.colors * (highs - lows) + lows, atol=1 / 1024
    )
    assert kept(labels)["report"]["mse"] == expected.report.mse


def test_unscaled_channels_are_those_of_the_engine():
    data = noise((30, 40), dtype=np.uint16)
    data[2] = data[2].astype(np.float32) / 7
    _, labels = quantize_layers([Image(one) for one in data], 9, scaling="none")
    stack = np.stack(data, axis=-1)
    assert stack.dtype == np.float32
    expected = quantize(stack, 9, channel_axis=2)
    np.testing.assert_array_equal(labels.data, expected.labels)
    own = np.array(kept(labels)["palette"]["colors"])
    np.testing.assert_array_equal(own, expected.palette.colors)


def test_bytes_stay_bytes_where_they_are_not_scaled():
    data = noise((30, 40), dtype=np.uint16)
    data = [(one // 16).astype(np.uint8) for one in data]
    _, labels = quantize_layers([Image(one) for one in data], 9, scaling="none")
    expected = quantize(np.stack(data, axis=-1), 9, channel_axis=2)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert kept(labels)["palette"]["units"] == "uint8"
    seconds = kept(labels)["report"]["seconds"]
    assert kept(labels)["report"] == expected.report.as_dict() | {"seconds": seconds}


def test_z_scores_have_the_mean_0_and_the_standard_deviation_1():
    layers = three()
    layers[2].data = np.where(RFP == 1, np.nan, RFP)
    image, labels = quantize_layers(layers, 3, scaling="zscore")
    channels = kept(image)["channels"]
    assert [channel["mean"] for channel in channels] == [50, 1500, 0.75 / 7]
    assert channels[0]["std"] == 1_875**0.5
    assert channels[2]["std"] == pytest.approx(np.nanstd(layers[2].data))
    assert labels.data[1, 3] == 0
    stack = [
        (layer.data.astype(float) - channel["mean"]) / channel["std"]
        for layer, channel in zip(layers, channels, strict=True)
    ]
    expected = quantize(np.stack(stack, -1).astype(np.float32), 3, channel_axis=2)
    np.testing.assert_array_equal(labels.data, expected.labels)


def test_a_constant_channel_says_nothing():
    flat = Image(np.full((2, 4), 7, np.uint8), name="flat")
    for scaling in ("contrast_limits", "none", "zscore"):
        _, labels = quantize_layers([*three()[:1], flat], 3, scaling=scaling)
        assert labels.data.tolist() == [[1, 1, 3, 3], [2, 2, 3, 1]]
        assert labels.features["flat"].tolist() == [7, 7, 7]
        assert labels.features["dapi"].tolist() == [0, 50, 100]


def test_what_is_not_quantized_is_shown_as_it_is():
    mask = np.ones((2, 4), bool)
    mask[0, 2] = False
    layers = three()
    layers[2].data = np.where(RFP == 1, np.nan, RFP)
    image, labels = quantize_layers(layers, 2, mask=mask)
    assert (labels.data == 0).tolist() == [
        [False, False, True, False],
        [False, False, False, True],
    ]
    assert image.data[0, 2].tolist() == [191, 255, 128]
    assert image.data[1, 3].tolist() == [0, 128, 0]  # red is NaN there
    assert kept(labels)["masked"]


def test_fixed_colors_are_in_the_units_of_the_channels():
    layers = [Image(data) for data in noise((30, 40))]
    fixed = [[1 / 3, 100, 4000.7]]
    image, _ = quantize_layers(layers, 8, fixed=fixed)
    colors = kept(image)["palette"]["colors"]
    assert len(colors) == 8
    assert fixed[0] in colors
    assert kept(image)["parameters"]["fixed"]["colors"] == fixed
    with pytest.raises(ValueError, match=r"^the fixed colors have 2 channels and the"):
        quantize_layers(layers, 8, fixed=[[1, 2]])


@pytest.mark.parametrize("scaling", ["contrast_limits", "none", "zscore"])
def test_channels_are_seeded_in_their_own_units(scaling):
    random = np.random.default_rng(0)
    data = [random.integers(0, 4096, (30, 40), np.uint16) for _ in range(2)]
    layers = [Image(data[0], name="a"), Image(data[1] / 7, name="b")]
    seeds = np.zeros((30, 40), int)
    seeds[:4, :4] = 1
    fixed = [[1 / 3, 7]]
    _, labels = quantize_layers(layers, 6, scaling=scaling, seeds=seeds, fixed=fixed)
    record = labels.metadata["napari-colorquant"]
    table = labels.features.set_index("name")
    assert table.loc["class 1", "a"] == pytest.approx(data[0][:4, :4].mean(), abs=0.01)
    assert table.loc["class 1", "b"] == pytest.approx(
        data[1][:4, :4].mean() / 7, abs=0.01
    )
    assert fixed[0] in record["palette"]["colors"]
    parameters = Parameters.from_dict(record["parameters"])
    assert parameters.fixed.names == ("", "class 1")
    _, again = quantize_layers(layers, 6, scaling=scaling, fixed=parameters.fixed)
    np.testing.assert_array_equal(again.data, labels.data)
    palette = again.metadata["napari-colorquant"]["palette"]
    assert palette == record["palette"]


@pytest.mark.parametrize("shape", [(5, 12, 14), (2, 3, 12, 14)])
def test_stacks_lie_where_their_layers_lie(shape):
    layers = [Image(data, **placed(len(shape))) for data in noise(shape)]
    expected = quantize(
        np.stack([layer.data for layer in layers], -1), 5, channel_axis=len(shape)
    )
    for result in quantize_layers(layers, 5, scaling="none"):
        assert result.ndim == len(shape)
        for key in SPATIAL:
            ours, theirs = getattr(result, key), getattr(layers[0], key)
            if key in ("units", "axis_labels"):
                assert ours == theirs
            else:
                np.testing.assert_allclose(ours, theirs, err_msg=key)
        np.testing.assert_allclose(result.extent.world, layers[0].extent.world)
    np.testing.assert_array_equal(result.data, expected.labels)


def test_multiscale_layers_share_one_palette():
    data = noise((64, 96))
    layers = [
        Image([one, one[::2, ::2], one[::4, ::4]], multiscale=True) for one in data
    ]
    image, labels = quantize_layers(layers, 7)
    assert image.multiscale
    assert labels.multiscale
    whole, whole_labels = quantize_layers(
        [
            Image(one, contrast_limits=layer.contrast_limits)
            for one, layer in zip(data, layers, strict=True)
        ],
        7,
    )
    for i, step in enumerate((1, 2, 4)):
        np.testing.assert_array_equal(image.data[i], whole.data[::step, ::step])
        np.testing.assert_array_equal(labels.data[i], whole_labels.data[::step, ::step])
    assert labels.features["pixels"].sum() == 64 * 96
    with pytest.raises(ValueError, match="is multiscale and takes no mask"):
        quantize_layers(layers, 7, mask=np.ones((64, 96), bool))


def test_one_layer_is_quantized_as_alone():
    (grey,) = noise((30, 40), 1)
    layer = Image(grey, contrast_limits=(500, 1524))  # a range that is exact in float32
    _, labels = quantize_layers([layer], 6)
    expected = quantize(grey, 6, channel_axis=None)
    np.testing.assert_array_equal(labels.data, expected.labels)


def test_the_record_is_enough_to_know_and_to_repeat_the_run():
    layers = three()
    image, labels = quantize_layers(layers, 3, method="wu", random_state=4)
    record = kept(labels)
    assert kept(image) == record
    assert json.loads(json.dumps(record)) == record
    assert record["source"] == "dapi + gfp + rfp"
    assert record["rgb"] is False
    assert record["shape"] == [2, 4]
    assert record["scaling"] == "contrast_limits"
    assert Parameters.from_dict(record["parameters"]) == Parameters(
        n_colors=3, method="wu", random_state=4
    )
    assert record["report"]["parameters"] == record["parameters"]
    assert len(record["run"]) == 32
    palette = Palette.from_dict(record["palette"])
    assert palette.n_channels == 3
    assert palette.units is None
    assert palette.counts.sum() == 8
    assert [
        (channel["name"], channel["low"], channel["high"], channel["colormap"]["name"])
        for channel in record["channels"]
    ] == [("dapi", 0, 200, "blue"), ("gfp", 0, 4000, "green"), ("rfp", -1, 1, "red")]
    assert record["channels"][1]["dtype"] == "uint16"


def test_names_that_columns_cannot_have_twice():
    layers = [
        Image(data, name=name)
        for data, name in zip((DAPI, DAPI, DAPI), ("a", "a", "pixels"), strict=True)
    ]
    _, labels = quantize_layers(layers, 3)
    assert list(labels.features.columns)[4:] == [
        "a",
        "a [1]",
        "pixels [1]",
        "pixels",
        "percent",
    ]


def test_many_layers_have_a_short_name():
    layers = [Image(DAPI, name=f"a channel of number {i}") for i in range(5)]
    image, _ = quantize_layers(layers, 3)
    assert image.name == "a channel of number 0 + 4 more (3 colors)"


def test_the_layers_are_not_changed():
    layers = three()
    before = [layer.data.copy() for layer in layers]
    quantize_layers(layers, 2)
    for layer, data in zip(layers, before, strict=True):
        np.testing.assert_array_equal(layer.data, data)
        assert layer.metadata == {}


def test_the_progress_is_that_of_all_pieces():
    for scaling, n_levels in (("zscore", 1), ("none", 2)):
        layers = [
            Image([one, one[::2, ::2]][:n_levels], multiscale=True)
            for one in noise((64, 64))
        ]
        source = take_channels(layers, scaling)
        parameters = Parameters(n_colors=4)
        seen = []
        quantize_input(source, parameters, Monitor(seen.append))
        done = [piece.done for piece in seen]
        assert done == sorted(done)
        assert {piece.total for piece in seen} == {1000}
        assert done[-1] == seen[-1].total


def test_a_run_can_be_stopped_anywhere():
    source = take_channels(three(), "zscore")
    parameters = Parameters(n_colors=2)
    seen = []
    quantize_input(source, parameters, Monitor(seen.append))
    for n in range(len(seen)):
        pieces = iter(seen[:n])
        with pytest.raises(StopIteration), Monitor(lambda _, p=pieces: next(p)) as m:
            quantize_input(source, parameters, m)
        assert next(pieces, None) is None


def changed(**changes):
    layers = three()
    for key, value in changes.items():
        setattr(layers[1], key, value)
    return layers


PIXEL_ON_PIXEL = r"\. Choose layers that lie pixel on pixel\.$"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": GFP[:1]}, r"shapes are \(2, 4\) and \(1, 4\)"),
        ({"data": GFP[None]}, r"shapes are \(2, 4\) and \(1, 2, 4\)"),
        ({"scale": (1, 2)}, r"scales are \[1.0, 1.0\] and \[1.0, 2.0\]"),
        ({"translate": (1, 2)}, r"translations are \[0.0, 0.0\] and \[1.0, 2.0\]"),
        ({"rotate": 90}, r"rotations are \[\[1.0, 0.0\], .*"),
        ({"shear": [2]}, r"shears are \[0.0\] and \[2.0\]"),
        ({"affine": 2 * np.eye(3)}, r"affine transforms are \[\[1.0, 0.0, 0.0\], .*"),
        (
            {"units": ("mm", "mm")},
            r"units are \('pixel', 'pixel'\) and \('millimeter', 'millimeter'\)",
        ),
        (
            {"axis_labels": ("y", "x")},
            r"axis labels are \('-2', '-1'\) and \('y', 'x'\)",
        ),
    ],
)
def test_layers_that_do_not_fit_are_told_apart(changes, said):
    sentence = f"^the layers 'dapi' and 'gfp' do not fit: their {said}{PIXEL_ON_PIXEL}"
    with pytest.raises(ValueError, match=sentence):
        quantize_layers(changed(**changes))


def test_levels_must_be_as_many():
    data = noise((64, 64), 1)[0]
    layers = [
        Image([data, data[::2, ::2]], multiscale=True, name="a"),
        Image(data, name="b"),
    ]
    with pytest.raises(ValueError, match="their numbers of levels are 2 and 1"):
        quantize_layers(layers)


def test_transforms_may_differ_by_rounding():
    layers = changed(scale=(1 + 1e-13, 1), translate=(1e-17, 0))
    image, _ = quantize_layers(layers, 2)
    assert image.data.shape == (2, 4, 3)
    tiny = three(scale=(1e-9, 1e-9))
    tiny[1].scale = (2e-9, 1e-9)
    with pytest.raises(ValueError, match="scales are"):
        quantize_layers(tiny)


def test_an_rgb_layer_is_refused():
    layers = [*three(), Image(np.zeros((2, 4, 3), np.uint8), rgb=True, name="photo")]
    with pytest.raises(ValueError, match=r"^the layer 'photo' is RGB, which is three"):
        quantize_layers(layers)


def test_a_layer_is_taken_once():
    layers = three()
    with pytest.raises(ValueError, match=r"^the layer 'gfp' is there twice: pass"):
        quantize_layers([*layers, layers[1]])


@pytest.mark.parametrize(
    ("layers", "error", "sentence"),
    [
        ([], ValueError, "^there is no layer: pass image layers, one a channel.$"),
        (Image(DAPI), TypeError, "^layers is a Image: pass a list of image layers"),
        (
            [Labels(DAPI, name="cells")],
            TypeError,
            "^'cells' is no image layer: pass image layers.$",
        ),
        ([DAPI, DAPI], TypeError, "^ndarray is no image layer: pass image layers.$"),
    ],
)
def test_what_is_no_list_of_image_layers_is_refused(layers, error, sentence):
    with pytest.raises(error, match=sentence):
        quantize_layers(layers)


def test_an_unknown_scaling_is_refused():
    sentence = (
        "^scaling 'log' is unknown: pass one of 'contrast_limits', 'none', 'zscore'.$"
    )
    with pytest.raises(ValueError, match=sentence):
        quantize_layers(three(), scaling="log")


def test_layers_of_a_viewer_can_be_passed_as_they_are():
    viewer = ViewerModel()
    for layer in three():
        viewer.add_layer(layer)
    image, labels = quantize_layers(viewer.layers, 3)
    viewer.add_layer(image)
    viewer.add_layer(labels)
    assert len(viewer.layers) == 5


# ---------------------------------------------------------------- on disk


def test_labels_and_their_record_make_the_result_again():
    image, labels = quantize_layers(three(scale=(2, 3)), 4)
    record = json.loads(json.dumps(kept(labels)))
    indices = Image(labels.data - 1, name="from a file", scale=(2, 3))
    for opened in (Labels(labels.data, scale=(2, 3)), indices):
        again, again_labels = restore_result(opened, record)
        np.testing.assert_array_equal(again.data, image.data)
        np.testing.assert_array_equal(again_labels.data, labels.data)
        assert again_labels.features.equals(labels.features)
        assert again.name == image.name
        assert kept(again) == record
        np.testing.assert_array_equal(again.scale, (2, 3))


def test_the_picture_tells_the_labels_of_several_layers():
    image, labels = quantize_layers(three(), 4)
    again, again_labels = restore_result(image, kept(labels))
    np.testing.assert_array_equal(again.data, image.data)
    np.testing.assert_array_equal(again_labels.data, labels.data)
    assert again_labels.features.equals(labels.features)


def test_entries_that_look_alike_are_told_by_the_labels_alone():
    layers = three()
    for layer in layers:
        layer.opacity = 0.0
    image, labels = quantize_layers(layers, 4, scaling="none")
    with pytest.raises(ValueError, match=r"have one color in a picture, which"):
        restore_result(image, kept(labels))
    _, again_labels = restore_result(labels, kept(labels))
    np.testing.assert_array_equal(again_labels.data, labels.data)


def test_a_damaged_channel_of_several_layers():
    _, labels = quantize_layers(three(), 4)
    damaged = kept(labels) | {"channels": [{"name": "a"}]}
    with pytest.raises(
        ValueError, match="no record of a quantized layer, or a damaged"
    ):
        restore_result(labels, damaged)


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_indices_are_written_in_the_colors_that_are_shown(tmp_path, n_layers):
    image, labels = quantize_layers(three()[:n_layers], 3)
    path = str(tmp_path / "indices.png")
    write_indexed_png(path, [labels.as_layer_data_tuple()])
    with Picture.open(path) as file:
        np.testing.assert_array_equal(np.asarray(file), labels.data - 1)
        np.testing.assert_array_equal(np.asarray(file.convert("RGB")), image.data)
    path = str(tmp_path / "table.csv")
    write_tables(path, [labels.as_layer_data_tuple()])
    palette = Palette.load(path)
    assert palette.colors.tolist() == kept(labels)["palette"]["colors"]
