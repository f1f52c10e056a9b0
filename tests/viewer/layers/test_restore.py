"""Results of another day, from files that were really written and opened again."""

from __future__ import annotations

import json
import re

import npe2
import numpy as np
import pytest
import tifffile
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points

from napari_colorquant import (
    Merge,
    Palette,
    Recolor,
    Remove,
    apply_palette,
    edit,
    quantize_layer,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.files.images.write import write_indices
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.layers.result_layers import RunResult, result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.plugin.writers import write_indexed_png
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.tasks.quantize import quantize_work
from napari_colorquant.viewer.tasks.work import locate, take_work

# Arrays that may hold channels are written as if they did, and napari asks no more.
pytestmark = pytest.mark.filterwarnings("ignore:.* data with shape:DeprecationWarning")

RANDOM = np.random.default_rng(0)
RGB = RANDOM.integers(0, 256, (40, 50, 3), np.uint8)
GREY = RGB[..., 0]
OUTSIDE = np.ones((40, 50), bool)
OUTSIDE[3:9, :20] = False


@pytest.fixture
def viewer():
    npe2.PluginManager.instance().discover()
    return ViewerModel()


@pytest.fixture
def reopen(viewer, tmp_path):
    """Save a layer, or any data by a function, and open the file with napari."""

    def save_and_open(layer, name):
        if callable(layer):
            layer(tmp_path / name)
        else:
            assert layer.save(str(tmp_path / name))
        (opened,) = viewer.open(tmp_path / name, plugin="napari")
        return opened

    return save_and_open


def of_another_day(layer):
    """Return a result's record as JSON keeps it."""
    record = json.loads(json.dumps(layer.metadata[METADATA_KEY]))
    assert record == layer.metadata[METADATA_KEY]
    return record


def assert_same(restored, results, *, drawn=..., limits=True):
    """Compare restored layers with those that were saved.

    The pictures only where they are drawn; and what the contrast limits change only if
    they are the same.
    """
    for ours, theirs in zip(restored, results, strict=True):
        assert type(ours) is type(theirs)
        assert ours.name == theirs.name
        assert ours.metadata == theirs.metadata
        assert ours.visible == theirs.visible
        assert ours.data.dtype == theirs.data.dtype
    (image, labels), (image_before, labels_before) = restored, results
    np.testing.assert_array_equal(labels.data, labels_before.data)
    assert image.rgb == image_before.rgb
    channels = slice(3 if image.rgb else None)
    np.testing.assert_array_equal(
        image.data[drawn][..., channels], image_before.data[drawn][..., channels]
    )
    tables = [layer.features for layer in (labels, labels_before)]
    if not limits:
        tables = [table.drop(columns="hex") for table in tables]
    assert tables[0].equals(tables[1])
    for label in (None, 0, 1, int(labels.data.max())) if limits else ():
        colors = [one.colormap.color_dict[label] for one in (labels, labels_before)]
        np.testing.assert_array_equal(*colors)


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
def test_an_rgb_picture(reopen, name):
    results = quantize_layer(Image(RGB, rgb=True, name="a 'b'"), 12)
    opened = reopen(results[0], name)
    restored = restore_result(opened, of_another_day(results[1]))
    assert_same(restored, results)
    assert restored[0].data is not opened.data


@pytest.mark.parametrize("n_colors", [2, 255, 256, 300])
def test_labels_that_napari_saved(reopen, n_colors):
    results = quantize_layer(Image(RGB, rgb=True, name="a"), n_colors)
    opened = reopen(results[1], "a.tif")
    assert (type(opened), opened.data.dtype) == (Labels, np.uint32)
    assert_same(restore_result(opened, of_another_day(results[0])), results)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("source", [RGB, GREY], ids=["rgb", "grey"])
def test_palette_indices_that_this_package_wrote(reopen, suffix, source):
    results = quantize_layer(Image(source, rgb=source.ndim == 3), 9)
    record = of_another_day(results[0])
    palette = Palette.from_dict(record["palette"])
    opened = reopen(
        lambda path: write_indices(path, results[1].data, palette), f"a{suffix}"
    )
    assert opened.rgb == (suffix == ".png")
    limits = source.ndim == 3  # greys have those of the picture, which has not all
    assert_same(restore_result(opened, record), results, limits=limits)


@pytest.mark.parametrize("n_colors", [255, 256, 257])
def test_indices_where_their_type_changes(reopen, n_colors):
    data = np.arange(2000, dtype=np.uint16).reshape(40, 50)
    results = quantize_layer(Image(data), n_colors, mask=OUTSIDE)
    record = of_another_day(results[0])
    palette = Palette.from_dict(record["palette"])
    opened = reopen(lambda path: write_indices(path, results[1].data, palette), "a.tif")
    assert opened.data.max() == n_colors
    restored = restore_result(opened, record)
    assert_same(restored, results, drawn=OUTSIDE, limits=False)
    assert not restored[0].data[~OUTSIDE].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_transparent_pixels(reopen, dtype, what):
    white = 1 if dtype is np.float32 else np.iinfo(dtype).max
    data = np.dstack([RGB / 255, OUTSIDE]) * white
    results = quantize_layer(Image(data.astype(dtype), rgb=True), 7)
    opened = reopen(results[what], "a.tif")
    restored = restore_result(opened, of_another_day(results[0]))
    drawn = ... if what == 0 else OUTSIDE
    assert_same(restored, results, drawn=drawn)
    np.testing.assert_array_equal(restored[0].data[..., 3], white * OUTSIDE)


def test_labels_of_a_masked_picture_are_drawn_transparent_where_there_are_none(reopen):
    results = quantize_layer(Image(RGB, rgb=True), 7, mask=OUTSIDE)
    opened = reopen(results[1], "a.tif")
    restored = restore_result(opened, of_another_day(results[0]))
    assert_same(restored, results, drawn=OUTSIDE)
    np.testing.assert_array_equal(restored[0].data[..., 3], 255 * OUTSIDE)


def test_pixels_of_a_masked_picture_that_have_other_colors_have_no_label(reopen):
    results = quantize_layer(Image(RGB, rgb=True), 7, mask=OUTSIDE)
    opened = reopen(results[0], "a.png")
    assert_same(restore_result(opened, of_another_day(results[0])), results)


def test_an_indexed_png_shows_what_was_not_quantized_in_black(reopen):
    data = np.maximum(RGB, 1)
    results = quantize_layer(Image(data, rgb=True), 7, mask=OUTSIDE)
    record = of_another_day(results[0])
    palette = Palette.from_dict(record["palette"])
    opened = reopen(lambda path: write_indices(path, results[1].data, palette), "a.png")
    restored = restore_result(opened, record)
    assert_same(restored, results, drawn=OUTSIDE)


@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_floats_with_nan(reopen, what):
    data = (GREY / 255).astype(np.float32)
    data[0, :5] = np.nan
    layer = Image(data, contrast_limits=(0, 1), name="a")
    results = quantize_layer(layer, 6)
    opened = reopen(results[what], "a.tif")
    restored = restore_result(opened, of_another_day(results[0]))
    assert_same(restored, results, limits=False)
    assert np.isnan(restored[0].data[0, :5]).all()


def test_a_grey_picture_keeps_how_the_opened_one_is_shown(reopen):
    layer = Image(GREY, colormap="green", contrast_limits=(20, 200), gamma=0.5)
    results = quantize_layer(layer, 6)
    opened = reopen(results[0], "a.png")
    opened.colormap, opened.contrast_limits, opened.gamma = "green", (20, 200), 0.5
    assert_same(restore_result(opened, of_another_day(results[0])), results)


@pytest.mark.parametrize(
    "shape", [(3, 40, 50), (2, 5, 40, 50), (5, 40, 4), (40, 50, 3)]
)
def test_stacks(reopen, shape):
    data = RANDOM.integers(0, 256, shape, np.uint8)
    results = quantize_layer(Image(data, rgb=False), 5)
    record = of_another_day(results[0])
    for i, layer in enumerate(results):
        restored = restore_result(reopen(layer, f"{i}.tif"), record)
        np.testing.assert_array_equal(restored[0].data, results[0].data)
        np.testing.assert_array_equal(restored[1].data, results[1].data)


def placed(ndim):
    rotate = np.eye(ndim)
    rotate[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    shear = np.eye(ndim)
    shear[0, 1] = 0.25
    affine = np.eye(ndim + 1)
    affine[0, -1] = 3.5
    return {
        "scale": np.arange(1, ndim + 1) / 4,
        "translate": np.arange(ndim) * 10.0,
        "rotate": rotate,
        "shear": shear,
        "affine": affine,
        "units": ("micrometer",) * ndim,
        "axis_labels": tuple("yxz"[:ndim]),
    }


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
@pytest.mark.parametrize("side", [40, 20], ids=["rgb", "too small to be seen as rgb"])
def test_restored_layers_lie_where_the_opened_one_lies(reopen, what, side):
    layer = Image(RGB[:side, :side], rgb=True)
    for key, value in placed(2).items():
        setattr(layer, key, value)
    results = quantize_layer(layer, 5)
    opened = reopen(results[what], "a.tif")
    for key, value in placed(opened.ndim).items():
        setattr(opened, key, value)
    for result in restore_result(opened, of_another_day(results[0])):
        assert (result.units, result.axis_labels) == (layer.units, layer.axis_labels)
        for key in ("scale", "translate", "rotate", "shear", "affine"):
            ours, theirs = getattr(result, key), getattr(layer, key)
            np.testing.assert_allclose(ours, theirs, err_msg=key)


@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_an_edited_result(reopen, what):
    source = take_source(Image(RGB, rgb=True, name="a"))
    q = apply_palette(RGB, Palette(RANDOM.uniform(0, 255, (9, 3))))
    edits = [Merge([1, 2]), Recolor(0, [3.5, 4.5, 5.5]), Remove([4])]
    results = result_layers(source, RunResult((), (edit(q, RGB, edits),)))
    restored = restore_result(
        reopen(results[what], "a.tif"), of_another_day(results[0])
    )
    assert_same(restored, results)


def test_colors_that_are_nearly_alike_are_told_apart():
    """An entry may lie nearer to another one's colour as drawn than to its own."""
    palette = Palette([[9.4, 10, 10], [10.5, 10.5, 10.5], [200, 0, 0]])
    picture = np.array([[[9, 10, 10], [10, 10, 10]], [[200, 0, 0]] * 2], np.uint8)
    assert palette.drawn(np.uint8).tolist() == [*picture[0].tolist(), [200, 0, 0]]
    labels = np.array([[1, 2], [3, 3]], np.uint8)
    record = record_of(palette, labels, picture)
    _, restored = restore_result(Image(picture, rgb=True), record)
    assert restored.data.tolist() == labels.tolist()


def record_of(palette, labels, picture, **changes):
    counts = np.bincount(labels.ravel(), minlength=len(palette) + 1)[1:]
    plain = Palette(palette.colors, counts[: len(palette)]).as_dict()
    return {
        "source": "a",
        "origin": {"path": None, "reader": None, "sample": None},
        "shape": list(picture.shape),
        "dtype": picture.dtype.name,
        "rgb": picture.shape != labels.shape,
        "palette": plain,
    } | changes


def test_an_entry_without_pixels_may_have_the_color_of_another():
    palette = Palette([[10.2], [9.8], [20]])
    picture = np.array([[10, 10], [20, 20]], np.uint8)
    labels = np.array([[2, 2], [3, 3]], np.uint8)
    record = record_of(palette, labels, picture)
    _, restored = restore_result(Image(picture), record)
    assert restored.data.tolist() == labels.tolist()


def test_painted_labels_beyond_the_palette_stay_and_are_not_drawn():
    picture = np.array([[[1, 2, 3], [4, 5, 6], [4, 5, 6]]], np.uint8)
    labels = np.array([[1, 2, 300]])
    record = record_of(Palette([[1, 2, 3], [4, 5, 6]]), labels, picture)
    image, restored = restore_result(Labels(labels), record)
    assert restored.data.dtype == np.uint16
    assert restored.data.tolist() == [[1, 2, 300]]
    assert image.data.tolist() == [[[1, 2, 3, 255], [4, 5, 6, 255], [0, 0, 0, 0]]]


def test_what_may_be_labels_or_indices_is_what_the_layer_says():
    """Of equally many pixels each, and as many that were not quantized."""
    numbers = np.array([[0, 0, 1, 1, 2, 2]], np.int32)
    record = record_of(Palette([[5], [9]]), numbers, numbers.astype(np.uint8))
    _, labels = restore_result(Labels(numbers), record)
    assert labels.data.tolist() == [[0, 0, 1, 1, 2, 2]]
    _, labels = restore_result(Image(numbers), record)
    assert labels.data.tolist() == [[1, 1, 2, 2, 0, 0]]


def test_the_largest_level_of_a_multiscale_layer_is_taken():
    layer = Image([RGB, RGB[::2, ::2]], multiscale=True, rgb=True, name="a")
    image, labels = quantize_layer(layer, 5)
    single, single_labels = restore_result(image, of_another_day(image))
    assert not single.multiscale
    np.testing.assert_array_equal(single.data, image.data[0])
    np.testing.assert_array_equal(single_labels.data, labels.data[0])
    _, single_labels = restore_result(labels, of_another_day(image))
    np.testing.assert_array_equal(single_labels.data, labels.data[0])


def test_a_lazy_layer_is_loaded():
    dask = pytest.importorskip("dask.array")
    for data in (RGB, GREY):
        results = quantize_layer(Image(data, rgb=data.ndim == 3), 5)
        lazy = Image(dask.from_array(results[0].data), rgb=data.ndim == 3)
        restored = restore_result(lazy, of_another_day(results[0]))
        assert_same(restored, results, limits=data.ndim == 3)


def test_nothing_is_shared_with_the_record_or_the_opened_layer():
    results = quantize_layer(Image(RGB, rgb=True), 5)
    record = of_another_day(results[0])
    restored = restore_result(results[0], record)
    restored[0].metadata[METADATA_KEY]["palette"]["colors"].clear()
    restored[0].data[:] = 0
    restored[1].data[:] = 0
    assert len(record["palette"]["colors"]) == 5
    assert results[0].data.any()
    again = restore_result(results[1], record)
    again[1].data[:] = 0
    assert results[1].data.all()


# ---------------------------------------------------------------- what does not fit


@pytest.fixture(scope="module")
def result():
    image, labels = quantize_layer(Image(RGB, rgb=True, name="a"), 5)
    return image.data, labels.data, of_another_day(image)


def changed(array, value):
    array = array.copy()
    array[0, 0] = value
    return array


def refused(layer, record):
    with pytest.raises(ValueError, match=r"\.$") as caught:
        restore_result(layer, record)
    return str(caught.value)


def test_another_shape(result):
    picture, labels, record = result
    for layer in (
        Image(picture[1:], rgb=True, name="b"),
        Labels(labels[1:], name="b"),
        Image(np.zeros((40, 50, 2)), name="b"),
    ):
        assert refused(layer, record) == (
            f"'b' does not fit the record of 'a': its shape is {layer.data.shape}, and "
            "the result's (40, 50)."
        )


def test_another_type(result):
    picture, labels, record = result
    holds = "'b' does not fit the record of 'a': it holds {}, and the result is a "
    for data, name in [
        (picture.astype(np.uint16), "uint16"),
        (picture / 255, "float64"),
        (labels / 5, "float64"),
    ]:
        layer = Image(data, rgb=data.ndim == 3, name="b")
        assert refused(layer, record) == holds.format(name) + "picture of uint8."


def test_other_pixels(result):
    picture, labels, record = result
    numbers = "'b' does not fit the record of 'a': there are other numbers of pixels "
    for wrong in (
        changed(labels, labels[0, 0] % 5 + 1),
        changed(labels, 0),
        labels.astype(int) - 2,
        labels.astype(int) + 70_000,
        RGB[..., 0],
    ):
        assert refused(Labels(wrong, name="b"), record) == (
            numbers + "of its labels or palette indices."
        )
    counts = record["palette"]["counts"]
    entry = labels[0, 0] - 1
    for wrong in (changed(picture, picture[0, 0] + 1), changed(picture, 0)):
        assert refused(Image(wrong, rgb=True, name="b"), record) == (
            f"'b' does not fit the record of 'a': it has {counts[entry] - 1:,} pixels "
            f"in the color of entry {entry}, and the result {counts[entry]:,}."
        )


def test_a_lossy_picture(result, reopen):
    picture, _, record = result
    opened = reopen(Image(picture, rgb=True), "a.jpg")
    assert re.search(r"pixels in the color of entry \d, and", refused(opened, record))


def test_a_picture_in_color_of_a_grey_result():
    image, _ = quantize_layer(Image(GREY, name="a"), 5)
    layer = Image(RGB, rgb=True, name="b")
    assert refused(layer, of_another_day(image)) == (
        "'b' does not fit the record of 'a': it is in color, and the result is grey."
    )


def test_a_picture_in_which_entries_are_alike():
    palette = Palette([[10.2], [20], [9.8]])
    picture = np.array([[10, 10], [20, 10]], np.uint8)
    labels = np.array([[1, 3], [2, 1]])
    record = record_of(palette, labels, picture)
    assert refused(Image(picture, name="b"), record) == (
        "'b' does not fit the record of 'a': entries 0 and 2 have one color in a "
        "picture, which does not tell them apart: choose the labels."
    )
    _, restored = restore_result(Labels(labels), record)
    assert restored.data.tolist() == labels.tolist()


def test_a_wholly_transparent_picture(result):
    picture, _, record = result
    clear = np.dstack([picture, np.zeros((40, 50), np.uint8)])
    assert refused(Image(clear, rgb=True), record).startswith("no pixel of the image")


@pytest.mark.parametrize(
    ("layer", "name"), [(Points([[1, 2]], name="dots"), "'dots'"), (None, "None")]
)
def test_another_kind_of_layer(result, layer, name):
    assert refused(layer, result[2]) == (
        f"{name} is no image or labels layer: choose the picture or the labels of a "
        "result."
    )


@pytest.mark.parametrize(
    "damage",
    [
        {"palette": None},
        {"palette": {"colors": [[1, 2, 3]]}},
        {"palette": {"colors": [[1]], "counts": [2000]}},
        {"shape": None},
        {"dtype": "uint7"},
        {"origin": None},
        None,
    ],
)
def test_a_damaged_record(result, damage):
    record = {} if damage is None else result[2] | damage
    assert refused(Image(result[0], rgb=True), record) == (
        "this is no record of a quantized layer, or a damaged one."
    )


def test_a_file_that_another_program_wrote(result, reopen):
    """Of another byte order, and not compressed."""
    picture, labels, record = result
    record = record | {"dtype": "uint16"}
    wide = picture.astype(">u2")
    opened = reopen(
        lambda path: tifffile.imwrite(path, wide, photometric="rgb", byteorder=">"),
        "a.tif",
    )
    image, restored = restore_result(opened, record)
    np.testing.assert_array_equal(restored.data, labels)
    np.testing.assert_array_equal(image.data, picture)


# ---------------------------------------------------------------- channels and slices


def channels(axis, dtype):
    """Two channels of a stack, with pixels that are not quantized if that can be."""
    data = RANDOM.integers(0, 250, (3, 20, 30, 2)).astype(dtype)
    if dtype is np.float32:
        data[0, :5] = np.nan
    return np.ascontiguousarray(np.moveaxis(data, -1, axis))


@pytest.mark.parametrize("axis", [0, 1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_an_axis_of_channels(reopen, axis, dtype, what):
    layer = Image(channels(axis, dtype), name="cells", contrast_limits=(0, 200))
    results = quantize_layer(layer, 6, channel_axis=axis)
    opened = reopen(results[what], "a.tif")
    restored = restore_result(opened, of_another_day(results[1]))
    assert_same(restored, results)
    assert restored[0].data.shape == (3, 20, 30, 3)
    assert restored[0].rgb


def test_palette_indices_of_an_axis_of_channels(reopen):
    layer = Image(channels(0, np.uint8)[:, 0], name="cells")
    results = quantize_layer(layer, 6, channel_axis=0, mask=np.eye(20, 30) == 0)
    record = of_another_day(results[0])
    palette = Palette.from_dict(record["palette"])
    opened = reopen(lambda path: write_indices(path, results[1].data, palette), "a.tif")
    restored = restore_result(opened, record)
    is_drawn = results[1].data > 0
    assert_same(restored, results, drawn=is_drawn)
    assert not restored[0].data[~is_drawn].any()


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_an_indexed_png_of_an_axis_of_channels(reopen, axis, n_channels):
    """napari opens it in color, whatever the axes of the picture."""
    data = np.moveaxis(np.maximum(RGB, 1)[..., :n_channels], -1, axis)
    results = quantize_layer(
        Image(data, rgb=False, name="cells"), 6, channel_axis=axis, mask=OUTSIDE
    )
    record = of_another_day(results[0])
    saved = [results[1].as_layer_data_tuple()]
    opened = reopen(lambda path: write_indexed_png(str(path), saved), "a.png")
    assert opened.data.shape[:2] == (40, 50)
    restored = restore_result(opened, record)
    assert_same(restored, results, drawn=OUTSIDE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
@pytest.mark.parametrize(
    ("axis", "position"),
    [
        (0, (None, 2, None, None)),
        (1, (2, None, None, None)),
        (3, (2, None, None, None)),
    ],
)
def test_a_slice_of_channels_alone(reopen, dtype, what, axis, position):
    """Its axis is there, in the file too, and its source knows which slice it was."""
    data = channels(axis, dtype)
    if dtype is np.float32:
        np.moveaxis(data, axis, -1)[2, :5, :, 1] = np.nan  # one channel is enough
    layer = Image(data, rgb=False, name="cells")
    work = locate(take_work(Target((layer,), channel_axis=axis, position=position)))
    results = result_layers(
        work.image, quantize_work(work, Parameters(n_colors=6), Monitor())
    )
    assert results[1].data.shape == (1, 20, 30)
    record = of_another_day(results[0])
    restored = restore_result(reopen(results[what], "a.tif"), record)
    drawn = results[1].data > 0 if what == 1 else ...
    assert_same(restored, results, drawn=drawn)
    n_clear = 150 if dtype is np.float32 else 0
    assert np.count_nonzero(restored[1].data == 0) == n_clear
    (level,) = Result(record, *restored, source=layer).levels()
    np.testing.assert_array_equal(level.image, data.take([2], 1 if axis == 0 else 0))


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing:UserWarning")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_labels_and_channels_lie_where_the_opened_layer_lies(axis):
    layer = Image(np.moveaxis(RGB, -1, axis), rgb=False, **placed(3))
    results = quantize_layer(layer, 5, channel_axis=axis)
    record = of_another_day(results[0])
    for opened in results:
        for ours, theirs in zip(restore_result(opened, record), results, strict=True):
            assert (ours.units, ours.axis_labels) == (theirs.units, theirs.axis_labels)
            for key in ("scale", "translate", "rotate", "shear", "affine"):
                one, other = getattr(ours, key), getattr(theirs, key)
                np.testing.assert_allclose(one, other, err_msg=key, atol=1e-12)


def test_axes_without_names_stay_so():
    layer = Image(channels(0, np.uint8))
    _, labels = quantize_layer(layer, 4, channel_axis=0)
    picture, _ = restore_result(labels, of_another_day(labels))
    assert picture.axis_labels == layer.axis_labels[1:]


def test_an_edited_result_of_channels_goes_on(reopen):
    """What is restored can be edited as the result itself."""
    layer = Image(channels(1, np.uint16), name="cells")
    results = quantize_layer(layer, 6, channel_axis=1)
    restored = restore_result(reopen(results[1], "a.tif"), of_another_day(results[0]))
    ours = Result(restored[0].metadata[METADATA_KEY], *restored)
    theirs = Result(results[0].metadata[METADATA_KEY], *results)
    for result in (ours, theirs):
        merge = Merge([1, 2])
        result.adopt(result.edited(merge)(Monitor()), merge)
    np.testing.assert_array_equal(restored[0].data, results[0].data)
    np.testing.assert_array_equal(restored[1].data, results[1].data)
    assert ours.record["palette"] == theirs.record["palette"]


def test_other_shapes_of_an_axis_of_channels():
    layer = Image(channels(0, np.uint8), name="cells")
    picture, labels = quantize_layer(layer, 4, channel_axis=0)
    record = of_another_day(labels)
    for data in (picture.data[:1], labels.data[1:], np.zeros((2, 3, 20, 30), np.uint8)):
        assert refused(Image(data, rgb=False, name="b"), record) == (
            f"'b' does not fit the record of 'cells': its shape is {data.shape}, and "
            "the result's (3, 20, 30)."
        )
    floats = labels.data.astype(np.float32)
    assert refused(Image(floats, name="b"), record) == (
        "'b' does not fit the record of 'cells': it holds float32, and the result is a "
        "picture of uint8."
    )
    wrong = changed(picture.data, 7)
    assert re.search(
        r"pixels in the color of entry \d, and the result",
        refused(Image(wrong), record),
    )
    for damage in ({"channel_axis": 4}, {"channels": []}, {"channels": ...}):
        damaged = record | damage
        if damage == {"channels": ...}:
            damaged["channels"] = record["channels"][:1]
        assert refused(labels, damaged) == (
            "this is no record of a quantized layer, or a damaged one."
        )


@pytest.mark.parametrize("kind", ["rgb", "grey", "channels", "floats"])
@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_a_palette_a_slice(kind, what):
    """Each slice is drawn in its own palette, and its labels are found in it."""
    data = channels(1, np.float32 if kind == "floats" else np.uint8)
    how = {"channel_axis": 1}
    if kind == "rgb":
        data, how = np.stack([RGB, RGB // 2]), {}
    elif kind == "grey":
        data, how = data[:, 0], {}
    layer = Image(data, rgb=kind == "rgb", name="movie")
    results = quantize_layer(layer, 5, slice_axis=0, **how)
    restored = restore_result(results[what], of_another_day(results[1]))
    assert_same(restored, results, limits=kind == "channels")
    palettes = results[0].metadata[METADATA_KEY]["palettes"]
    assert palettes[0]["colors"] != palettes[1]["colors"]


@pytest.mark.parametrize("what", [0, 1], ids=["picture", "labels"])
def test_a_slice_in_which_nothing_was_quantized(what):
    data = channels(1, np.float32)
    data[1] = np.nan
    layer = Image(data, name="movie")
    with pytest.warns(UserWarning, match=r"^Slice 1: no pixel can be quantized"):
        results = quantize_layer(layer, 5, slice_axis=0, channel_axis=1)
    restored = restore_result(results[what], of_another_day(results[1]))
    assert_same(restored, results, limits=False)
    assert not restored[1].data[1].any()


def test_slices_after_the_channels():
    layer = Image(channels(0, np.uint8), name="movie")  # (c, z, y, x)
    results = quantize_layer(layer, 5, slice_axis=1, channel_axis=0)
    for opened in results:
        restored = restore_result(opened, of_another_day(results[1]))
        assert_same(restored, results, limits=False)
