"""Layers that are larger than memory: nothing is loaded but what is seen."""

from __future__ import annotations

import threading

import dask.array
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes

from napari_colorquant import (
    Merge,
    Palette,
    Parameters,
    Recolor,
    Remove,
    Rename,
    Sort,
    measure_quality,
    quantize,
    quantize_layer,
    quantize_layers,
    quantize_slices,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization.curve import curve_of
from napari_colorquant.viewer.layers import layer_properties as layer_parts
from napari_colorquant.viewer.layers import preview as coarse_module
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.preview import coarse
from napari_colorquant.viewer.layers.region_masks import take_region
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.layers.target import Target
from napari_colorquant.viewer.plugin.writers import write_indexed_png
from napari_colorquant.viewer.session.results.result_data import (
    count_entries,
    error_layer,
    take_compared,
)
from napari_colorquant.viewer.session.results.result_list import ResultList
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.tasks.compare import (
    compare_methods,
    compare_work,
    comparison_layers,
)
from napari_colorquant.viewer.tasks.quality import map_error, measure_result
from napari_colorquant.viewer.tasks.quantize import (
    curve_of_work,
    loaded,
    quantize_coarse,
    quantize_input,
)
from napari_colorquant.viewer.tasks.work import coarse_work, locate, take_work
from old_napari import needs_painting

KEY = "napari-colorquant"
EDITS = [Merge([2, 5]), Remove([3, 7]), Sort("hue"), Recolor(0, [1, 2, 3])]


class Slide:
    """A pyramid of 125 colours; its blocks are made when computed, and are counted."""

    def __init__(self, size=2**15, block=512, n_levels=6):
        self.computed = [0] * n_levels
        self.threads = set()
        self._lock = threading.Lock()
        self.levels = [
            self._level(i, size >> i, min(block, size >> i)) for i in range(n_levels)
        ]

    def _level(self, i, size, block):
        def make(block_info=None):
            with self._lock:
                self.computed[i] += 1
                self.threads.add(threading.current_thread())
            place = block_info[None]["chunk-location"]
            shape = block_info[None]["chunk-shape"]
            few = np.random.default_rng(place).integers(0, 5, shape)
            return (50 * few).astype(np.uint8)

        chunks = dask.array.core.normalize_chunks((block, block, 3), (size, size, 3))
        meta = np.empty((0, 0, 0), np.uint8)
        return dask.array.map_blocks(make, chunks=chunks, dtype=np.uint8, meta=meta)

    def forget(self):
        self.computed = [0] * len(self.levels)
        self.threads = set()


def data_of(layer):
    return list(layer.data) if layer.multiscale else [layer.data]


def bytes_of(layer):
    arrays = [np.asarray(level) for level in data_of(layer)]
    return [(one.dtype, one.shape, one.tobytes()) for one in arrays]


def lazily(data, chunks=(100, 90, 3)):
    levels = data if isinstance(data, list) else [data]
    lazy = [dask.array.from_array(one, chunks=chunks[: one.ndim]) for one in levels]
    return lazy if isinstance(data, list) else lazy[0]


def result_in(viewer, data, n_colors=16, *, rgb=True):
    """Return a result as a script adds it, and its layers."""
    multiscale = isinstance(data, list)
    source = viewer.add_image(data, name="slide", rgb=rgb, multiscale=multiscale)
    picture, labels = quantize_layer(source, n_colors)
    viewer.add_layer(picture)
    viewer.add_layer(labels)
    return ResultList().of(picture, list(viewer.layers)), picture, labels


@pytest.fixture
def bounded(monkeypatch):
    """Bounds that a photograph is beyond."""
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 20_000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)


# ------------------------------------------------------------ what is computed
def test_a_slide_shows_what_is_looked_at():
    slide = Slide()
    layer = Image(slide.levels, rgb=True, multiscale=True, name="slide")
    slide.forget()
    picture, labels = quantize_layer(layer, 8)
    assert slide.computed[0] == 64
    assert sum(slide.computed[1:-1]) == 0
    report = picture.metadata[KEY]["report"]
    assert (report["n_blocks_read"], report["n_blocks"]) == (64, 2**12)
    for one in (picture, labels):
        assert one.multiscale
        assert [level.shape[0] for level in one.data] == [2**15 >> i for i in range(6)]
    slide.forget()
    viewer = ViewerModel()
    viewer.add_layer(picture)
    viewer.add_layer(labels)
    labels.visible = True
    assert sum(slide.computed[:-1]) == 0
    assert slide.computed[-1] <= 12  # four blocks, for the picture and the labels
    slide.forget()
    part = np.asarray(labels.data[2][:512, 512:1024])
    assert slide.computed == [0, 0, 1, *[0] * 3]
    assert part.min() >= 1


def test_edits_of_a_slide_read_as_little():
    slide = Slide()
    result, picture, labels = result_in(ViewerModel(), slide.levels, 8)
    slide.forget()
    for edit in (Merge([2, 5]), Sort("hue"), Recolor(0, [1, 2, 3]), Rename(1, "a")):
        result.adopt(result.edited(edit)(Monitor()), edit)
    assert sum(slide.computed[:-1]) == 0
    assert picture.name == "slide (7 colors)"
    removal = Remove([3])
    removed = result.edited(removal)(Monitor())
    assert slide.computed[0] == 64
    assert sum(slide.computed[1:-1]) == 0
    slide.forget()
    result.adopt(removed, removal)
    assert not result.painted()
    result.undo()
    result.redo()
    assert sum(slide.computed[:-1]) == 0
    assert all(isinstance(one, dask.array.Array) for one in data_of(picture))
    assert all(isinstance(one, dask.array.Array) for one in data_of(labels))
    drawn = np.asarray(picture.data[3][:100, :100])
    expected = result.palette.drawn(np.uint8)[
        np.asarray(labels.data[3][:100, :100]) - 1
    ]
    np.testing.assert_array_equal(drawn, expected)


# ------------------------------------------------------------ as in memory
@pytest.mark.parametrize("as_pyramid", [False, True])
def test_results_and_edits_are_those_of_a_layer_in_memory(china, as_pyramid):
    china = china[100:350, 200:500]  # 12 blocks
    data = [china, china[::2, ::2], china[::4, ::4]] if as_pyramid else china
    kinds = [
        result_in(ViewerModel(), data),
        result_in(ViewerModel(), lazily(data)),
    ]
    states = []
    for result, picture, labels in kinds:
        states.append([])
        for edit in EDITS:
            result.adopt(result.edited(edit)(Monitor()), edit)
            states[-1].append((bytes_of(picture), bytes_of(labels)))
            states[-1].append(result.record["palette"])
        for _ in EDITS:
            result.undo()
            states[-1].append((bytes_of(picture), bytes_of(labels)))
    assert states[0] == states[1]
    assert isinstance(data_of(kinds[1][1])[0], dask.array.Array)


def test_a_mask_and_one_channel_as_in_memory(china):
    grey = china[..., 0].astype(np.uint16) * 100
    mask = np.zeros(grey.shape, bool)
    mask[50:200, 30:400] = True
    layer = Image(grey, contrast_limits=(0, 20_000), colormap="green", name="grey")
    lazy = Image(
        lazily(grey, (90, 80)),
        contrast_limits=(0, 20_000),
        colormap="green",
        name="grey",
    )
    expected = quantize_layer(layer, 5, mask=mask)
    found = quantize_layer(lazy, 5, mask=lazily(mask, (90, 80)))
    for one, other in zip(found, expected, strict=True):
        assert bytes_of(one) == bytes_of(other)
    assert tuple(found[0].contrast_limits) == (0, 20_000)
    assert found[0].colormap.name == "green"
    np.testing.assert_array_equal(np.asarray(found[0].data)[~mask], grey[~mask])


# ------------------------------------------------------------ counts
def test_estimates_are_known_as_such_until_all_is_counted(china, bounded):
    result, picture, labels = result_in(ViewerModel(), lazily(china), 4)
    exact = np.bincount(np.asarray(labels.data).reshape(-1), minlength=5)[1:]
    assert result.counts_are_estimates
    assert picture.metadata[KEY]["counts_are_estimates"]
    assert labels.features["pixels"].tolist() != exact.tolist()
    edit = Rename(0, "dark")
    result.adopt(result.edited(edit)(Monitor()), edit)
    result.adopt_counts(count_entries(result, Monitor()))
    assert not result.counts_are_estimates
    assert result.palette.counts.tolist() == exact.tolist()
    assert result.palette.names[0] == "dark"
    assert labels.features["pixels"].tolist() == exact.tolist()
    for layer in (picture, labels):
        assert not layer.metadata[KEY]["counts_are_estimates"]
        assert layer.metadata[KEY]["palette"]["counts"] == exact.tolist()
    assert result.next_undo == edit
    merge = Merge([0, 1])
    result.adopt(result.edited(merge)(Monitor()), merge)
    assert not result.counts_are_estimates
    assert result.palette.counts.tolist() == [exact[:2].sum(), *exact[2:]]
    result.undo()
    result.undo()
    assert result.counts_are_estimates


@needs_painting
def test_strokes_on_lazy_labels_are_kept_or_lost(china, bounded):
    result, _, labels = result_in(ViewerModel(), lazily(china), 4)
    assert not result.painted()
    labels.brush_size = 1
    before = int(labels.data[7, 9].compute())
    labels.paint((7, 9), 3 if before != 3 else 4)
    assert result.painted()
    edit = Rename(0, "dark")
    result.adopt(result.edited(edit)(Monitor()), edit)
    assert result.painted()
    result.keep_strokes()
    assert not result.painted()
    assert result.counts_are_estimates
    assert int(labels.data[7, 9].compute()) != before
    result.undo()
    assert int(labels.data[7, 9].compute()) == before


# ------------------------------------------------------------ judging
@pytest.mark.parametrize("as_pyramid", [False, True])
def test_a_lazy_result_is_judged_as_one_in_memory(china, as_pyramid):
    china = china[100:350, 200:500]  # 12 blocks
    data = [china, china[::2, ::2]] if as_pyramid else china
    expected = measure_result(
        take_compared(result_in(ViewerModel(), data)[0]), Monitor()
    )
    result, picture, _ = result_in(ViewerModel(), lazily(data))
    judged = measure_result(take_compared(result), Monitor())
    assert judged.quality.psnr == expected.quality.psnr
    assert judged.quality.ssim == expected.quality.ssim
    assert judged.quality.delta_e_95 == expected.quality.delta_e_95
    assert judged.as_png is None
    layer = error_layer(result, map_error(take_compared(result), Monitor()))
    assert layer.multiscale == as_pyramid
    assert [one.shape for one in data_of(layer)] == [
        one.shape[:2] for one in data_of(picture)
    ]
    in_memory, *_ = result_in(ViewerModel(), china)
    whole = error_layer(in_memory, map_error(take_compared(in_memory), Monitor()))
    np.testing.assert_allclose(data_of(layer)[0].compute(), whole.data, rtol=1e-6)
    assert layer.contrast_limits == pytest.approx(whole.contrast_limits, rel=1e-6)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_masked_result_is_judged_inside_its_mask(china, is_lazy):
    crop = np.s_[100:180, 200:290]
    mask = np.zeros(china.shape[:2], bool)
    mask[crop] = True
    viewer = ViewerModel()
    source = viewer.add_image(lazily(china) if is_lazy else china, rgb=True)
    picture, labels = quantize_layer(source, 8, mask=mask)
    viewer.add_layer(picture)
    viewer.add_layer(labels)
    result = ResultList().of(picture, list(viewer.layers))
    judged = measure_result(take_compared(result), Monitor()).quality
    cut_out = np.asarray(picture.data)[crop]
    expected = measure_quality(china[crop], cut_out, ssim=True, delta_e=True)
    for name in ("mse", "ssim", "delta_e", "n_colors_before"):
        assert getattr(judged, name) == pytest.approx(getattr(expected, name))
    errors = map_error(take_compared(result), Monitor()).levels[0]
    np.testing.assert_array_equal(np.isnan(np.asarray(errors)), ~mask)


def test_a_slide_is_judged_by_some_blocks():
    slide = Slide()
    result, *_ = result_in(ViewerModel(), slide.levels, 4)
    slide.forget()
    judged = measure_result(take_compared(result), Monitor())
    assert judged.quality.n_blocks == 2**12
    assert judged.quality.n_blocks_read == slide.computed[0] == 64
    slide.forget()
    layer = error_layer(result, map_error(take_compared(result), Monitor()))
    assert slide.computed[0] == 64
    assert layer.contrast_limits[1] > 10


def test_methods_are_compared_lazily(china):
    source = take_source(Image(lazily(china), rgb=True, name="china"))
    progress = []
    monitor = Monitor(progress.append)
    results = compare_methods(source, Parameters(n_colors=4), None, 1, monitor)
    assert [piece.done for piece in progress] == sorted(p.done for p in progress)
    assert {piece.total for piece in progress} == {progress[-1].done} == {1000}
    layers = comparison_layers(source, results)
    expected = [china, *(quantize(china, 4, method=m).image for m in results)]
    for layer, image in zip(layers, expected, strict=True):
        assert isinstance(layer.data, dask.array.Array)
        np.testing.assert_array_equal(layer.data.compute(), image)


# ------------------------------------------------------------ live
def test_a_live_view_of_a_slide_is_its_small_level():
    slide = Slide()
    layer = Image(slide.levels, rgb=True, multiscale=True, scale=(2, 2))
    slide.forget()
    view = coarse(take_source(layer))
    assert sum(slide.computed) == 0
    assert view.pictures[0].shape == (1024, 1024)
    assert view.spatial["scale"].tolist() == [64, 64]
    in_memory, monitor = loaded(view, Monitor())
    (result,) = quantize_input(in_memory, Parameters(n_colors=4), monitor).levels
    assert slide.computed == [*[0] * 5, 4]
    assert isinstance(result.image, np.ndarray)


def test_a_live_view_of_a_lazy_picture_is_that_of_one_in_memory(china):
    data = np.tile(china, (2, 2, 1))
    views = [
        coarse(take_source(Image(one, rgb=True)), 50_000)
        for one in (data, lazily(data))
    ]
    found = [
        quantize_input(loaded(view, Monitor())[0], Parameters(n_colors=4), Monitor())
        for view in views
    ]
    labels = [one.levels[0].labels for one in found]
    np.testing.assert_array_equal(*labels)
    np.testing.assert_array_equal(views[0].spatial["scale"], views[1].spatial["scale"])


def test_a_live_view_of_a_large_lazy_picture_is_its_middle(china, monkeypatch):
    monkeypatch.setattr(coarse_module, "MAX_READ", 100_000)
    layer = Image(lazily(china), rgb=True, scale=(2, 3), rotate=90, translate=(5, 7))
    view = coarse(take_source(layer), 10_000)
    (level,) = view.pictures
    assert level.shape == (100, 100)
    np.testing.assert_array_equal(level.image.compute(), china[163:263, 270:370])
    middle = Image(level.image, rgb=True, **view.spatial)
    for pixel in ([0, 0], [99, 40]):
        expected = layer.data_to_world(np.add(pixel, (163, 270)))
        assert middle.data_to_world(pixel) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((9, 5000, 4000), (1, 1000, 1000)),
        ((90, 500, 400), (5, 500, 400)),
        ((3, 20, 9, 100_000), (1, 1, 9, 100_000)),
    ],
)
def test_the_middle_of_a_stack(shape, size):
    tile = coarse_module._middle(shape, 1_000_000)
    assert tuple(part.stop - part.start for part in tile) == size
    for part, n in zip(tile, shape, strict=True):
        assert abs(part.start + part.stop - n) <= 1


# ------------------------------------------------------------ scripts and files
@pytest.mark.parametrize("edits", [[], [Merge([0, 1]), Remove([3])]])
def test_the_script_of_a_lazy_result_repeats_it(china, monkeypatch, tmp_path, edits):
    zarr = pytest.importorskip("zarr")
    viewer = ViewerModel()
    result, _, labels = result_in(viewer, lazily([china, china[::2, ::2]]), 6)
    for edit in edits:
        result.adopt(result.edited(edit)(Monitor()), edit)
    script = script_of(result.record)
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "script", "exec"), {})
    indices = zarr.open_array(tmp_path / "slide-indices.zarr")[:]
    np.testing.assert_array_equal(indices + 1, labels.data[0].compute())


def test_a_lazy_result_is_written_and_restored(china, tmp_path):
    result, picture, labels = result_in(ViewerModel(), lazily(china), 6)
    (path,) = write_indexed_png(str(tmp_path / "a"), [labels.as_layer_data_tuple()])
    assert path.endswith("a.png")
    restored, _ = restore_result(picture, result.record)
    assert bytes_of(restored) == bytes_of(picture)


def test_what_is_too_large_to_load_is_said(china, monkeypatch, tmp_path):
    monkeypatch.setattr(layer_parts, "MOST_LOADED", 100_000)
    result, picture, labels = result_in(ViewerModel(), lazily(china), 6)
    sentence = r"^'slide \(6 colors\) labels' has 273,280 values, which may not"
    with pytest.raises(RuntimeError, match=sentence):
        write_indexed_png(str(tmp_path / "a"), [labels.as_layer_data_tuple()])
    with pytest.raises(ValueError, match=r"which may not fit into memory"):
        restore_result(picture, result.record)


def test_a_record_with_estimates_restores_nothing(china, bounded):
    result, picture, _ = result_in(ViewerModel(), lazily(china), 4)
    with pytest.raises(ValueError, match=r"its numbers of pixels are estimates"):
        restore_result(picture, result.record)


@pytest.mark.parametrize("which", ["within", "learn_within", "mask", "learn_mask"])
@pytest.mark.parametrize("together", [False, True])
def test_a_small_part_of_a_large_image_is_found(bounded, monkeypatch, which, together):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 1000)
    data = dask.array.map_blocks(
        lambda block_info=None: np.full(
            (10, 10), block_info[None]["chunk-location"][0]
        ),
        chunks=((10,) * 24,) * 2,
        meta=np.empty((0, 0), int),
    )
    part = np.zeros(data.shape, np.uint8)
    part[212:215, 113:117] = 1
    how = {which: part if "mask" in which else Labels(part)}
    layers = [Image(data, contrast_limits=(0, 40)) for _ in range(1 + together)]
    with pytest.warns(UserWarning, match="he sample has only 1 color: all are kept"):
        _, labels = (
            quantize_layers(layers, 2, **how)
            if together
            else quantize_layer(layers[0], 2, **how)
        )
    colors = labels.metadata[KEY]["palette"]["colors"]
    assert colors == [[21.0] * len(layers)]


# ----------------------------------------------------------- a palette a slice
@pytest.fixture(params=["dask", "pyramid"])
def movie(request):
    """Return a stack, and a lazy layer of it."""
    stack = np.random.default_rng(0).integers(0, 255, (4, 24, 28), np.uint8)
    chunks = (2, 9, 28)
    data = dask.array.from_array(stack, chunks=chunks)
    if request.param == "pyramid":
        data = [data, dask.array.from_array(stack[:, ::2, ::2], chunks=chunks)]
    is_pyramid = request.param == "pyramid"
    return stack, Image(data, name="movie", multiscale=is_pyramid)


def test_lazy_slices_have_the_palettes_that_they_have_in_memory(movie):
    stack, layer = movie
    image, labels = quantize_layer(layer, 5, slice_axis=0)
    in_memory = quantize_layer(Image(stack, name="movie"), 5, slice_axis=0)
    for own, expected in zip((image, labels), in_memory, strict=True):
        assert own.multiscale == layer.multiscale
        for level, step in zip(data_of(own), (1, 2), strict=False):
            assert isinstance(level, dask.array.Array)
            np.testing.assert_array_equal(
                level.compute(), expected.data[:, ::step, ::step]
            )
    assert labels.features.equals(in_memory[1].features)
    kept, expected = (one.metadata[KEY] for one in (labels, in_memory[1]))
    assert kept["palettes"] == expected["palettes"]
    assert kept["slice_axis"] == 0


def test_a_live_view_of_lazy_slices_is_in_memory(movie):
    stack, layer = movie
    work = coarse_work(locate(take_work(Target((layer,), slice_axis=0))))
    results = quantize_coarse(work, Parameters(n_colors=5), Monitor())
    _, labels = result_layers(work.image, results)
    expected = quantize_slices(stack, 5, channel_axis=None).labels
    assert isinstance(labels.data, np.ndarray)
    assert results.report.n_pixels == stack.size
    np.testing.assert_array_equal(labels.data, expected)


def test_estimates_of_lazy_slices_are_known_as_such(monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 2**8)
    stack = np.random.default_rng(0).integers(0, 255, (2, 160, 160), np.uint8)
    layer = Image(dask.array.from_array(stack, chunks=(1, 8, 8)), name="movie")
    _, labels = quantize_layer(layer, 5, slice_axis=0)
    report = labels.metadata[KEY]["report"]
    assert report["counts_are_estimates"]
    assert 0 < report["n_blocks_read"] < report["n_blocks"] == 800


# ------------------------------------------------------------ painted classes
def painted_on(china, how):
    """Paint two classes on the picture, in one way or another."""
    if how == "shapes":
        corners = [
            [[10, 10], [10, 90], [50, 90], [50, 10]],
            [[300, 20], [310, 20], [310, 60], [300, 60]],
        ]
        return Shapes(corners, name="painted")
    numbers = np.zeros((107, 160) if how == "coarse" else china.shape[:2], np.uint8)
    numbers[5:9, 20:60], numbers[90:100, 100:110] = 3, 1
    where = {"scale": (4, 4), "translate": (1.5, 1.5)} if how == "coarse" else {}
    return Labels(numbers, name="painted", **where)


@pytest.mark.parametrize("as_pyramid", [False, True])
@pytest.mark.parametrize("how", ["same grid", "coarse", "shapes"])
@pytest.mark.parametrize("per_class", [1, 2])
def test_painted_classes_are_those_of_a_layer_in_memory(
    china, as_pyramid, how, per_class
):
    seeds = painted_on(china, how)
    data = [lazily(china), lazily(china[::2, ::2])] if as_pyramid else lazily(china)
    layer = Image(data, rgb=True, name="china", multiscale=as_pyramid)
    options = {"seeds": seeds, "per_class": per_class}
    own = quantize_layer(layer, 9, **options)
    expected = quantize_layer(Image(china, rgb=True, name="china"), 9, **options)
    assert own[1].features.equals(expected[1].features)
    assert bytes_of(own[1])[0] == bytes_of(expected[1])[0]
    assert bytes_of(own[0])[0] == bytes_of(expected[0])[0]


def test_of_a_slide_the_painted_blocks_are_read():
    slide = Slide()
    layer = Image(slide.levels, rgb=True, name="slide")
    numbers = np.zeros((2**9, 2**9), np.uint8)
    numbers[100:104, 200:203] = 1  # 256 x 192 pixels of the slide
    numbers[400, 400] = 2  # 64 x 64
    seeds = Labels(numbers, scale=(64, 64), translate=(31.5, 31.5))
    labels = take_region(seeds, layer).labels()
    looked_through = labels.reached(slide.levels[0].chunks[:2])
    rows, columns = np.nonzero(looked_through)
    # The boxes of 32 x 32 labels, 4 x 4 blocks, that classes are in, and their edges.
    assert {12, 13, 14, 15} <= set(rows[rows < 40]) <= set(range(11, 17))
    assert {24, 25, 26, 27} <= set(columns[columns < 40]) <= set(range(23, 29))
    assert looked_through[50, 50]
    assert looked_through.sum() <= 2 * 36
    numbers[400, 400] = 0
    seeds = Labels(numbers, scale=(64, 64), translate=(31.5, 31.5))
    slide.forget()
    _, labels = quantize_layer(layer, 6, seeds=seeds)
    assert slide.computed[0] == 64 + 1  # the class lies in one block
    rest = slide.levels[0].blocks[12, 25].compute()
    row = labels.features.set_index("name").loc["class 1"]
    top, left = 6400 - 12 * 512, 12_800 - 25 * 512
    expected = rest[top : top + 256, left : left + 192].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose([row["red"], row["green"], row["blue"]], expected)


def test_classes_are_learned_once_for_all_methods_and_for_a_live_view(china):
    seeds = painted_on(china, "same grid")
    layer = Image(lazily(china), rgb=True, name="china")
    work = locate(take_work(Target((layer,), seeds=seeds)))
    fixed = quantize(china, 8, seeds=seeds.data).report.parameters.fixed.as_dict()
    parameters = Parameters(n_colors=8)
    told = []
    _, compared = compare_work(work, parameters, Monitor(told.append))
    for method, result in compared.items():
        assert result.report.parameters.fixed.as_dict() == fixed
        assert result.report.parameters.method == method
    done = [piece.done for piece in told]
    assert done == sorted(done)
    assert {piece.total for piece in told} == {done[-1]}
    live = quantize_coarse(coarse_work(work), parameters, Monitor())
    assert live.report.parameters.fixed.as_dict() == fixed
    assert isinstance(live.levels[0].labels, np.ndarray)
    curve = curve_of_work(work, parameters, print, Monitor())
    expected = Parameters(n_colors=8, fixed=Palette(**_colors_and_names(fixed)))
    assert curve == curve_of(see_pixels(china), expected, print, Monitor())


def _colors_and_names(palette):
    return {"colors": palette["colors"], "names": palette["names"]}


# ------------------------------------------------------------ what cannot be done
@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        (
            {"seeds": np.zeros((427, 640), int)},
            "^the seeds are 0 everywhere: paint some pixels of each class.$",
        ),
        (
            {"mask": np.ones((3, 3), bool)},
            r"^the mask has the shape \(3, 3\): pass the shape of the image",
        ),
    ],
)
def test_what_cannot_be_done_with_a_lazy_layer_is_said(china, how, sentence):
    layer = Image(lazily(china), rgb=True, name="slide")
    with pytest.raises(ValueError, match=sentence):
        quantize_layer(layer, 4, **how)
