"""Every job of the widget, driven without a window, a thread or an event loop."""

from __future__ import annotations

import os
import subprocess
import sys

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_colorquant import (
    Clean,
    Lock,
    Merge,
    Palette,
    Parameters,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    measure_quality,
    quantize,
    quantize_layer,
    quantize_layers,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.quality.error_map import map_errors
from napari_colorquant.core.quantization.curve import curve_of
from napari_colorquant.files.record import load_record, save_record
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.napari_versions import grid_of
from napari_colorquant.viewer.session.choices.settings import default_parameters
from napari_colorquant.viewer.session.jobs import CANCELLED, UNDER_WAY
from napari_colorquant.viewer.session.palette_editor import NeedsAnswer
from napari_colorquant.viewer.session.saving import STOPPED
from napari_colorquant.viewer.session.sentences import (
    FEW_RESULTS,
    NO_IMAGE,
    NO_PALETTE,
    NONE_SELECTED,
)
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.tasks import work as work_module
from old_napari import HAS_SETTINGS
from saved import small_parts

ASKED = (
    "The labels of 'tiny (4 colors)' were painted by hand since, and this edit makes "
    "them anew."
)


@pytest.fixture
def viewer(viewer_model, tiny):
    """A viewer without a window, with a picture of four colours."""
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    return viewer_model


@pytest.fixture
def session(viewer):
    session = Session(viewer)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def quantized(session):
    """The session with a result of four colours."""
    assert session.quantize() == ""
    return session


@pytest.fixture
def photo(china, viewer, session):
    """A picture that takes more than one step."""
    image = china[::4, ::4].copy()
    viewer.add_image(image, name="photo", rgb=True)
    return image


def names(viewer):
    return [layer.name for layer in viewer.layers]


def line(session):
    return session.message.replace("\u00a0", " ")


# ------------------------------------------------------------ quantize


def test_quantize_adds_the_result_and_chooses_its_source_again(
    session, viewer, tiny, notifications
):
    told, busy = [], []
    session.events.message.connect(told.append)
    session.events.busy.connect(busy.append)
    assert session.quantize() == ""
    assert names(viewer) == ["tiny", "tiny (4 colors)", "tiny (4 colors) labels"]
    source, picture, labels = viewer.layers
    expected = quantize(tiny, 4)
    np.testing.assert_array_equal(picture.data, expected.image)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert session.editor.result.layers == (picture, labels)
    assert session.editor.result.source is source
    assert list(session.results) == [session.editor.result]
    assert viewer.layers.selection.active is source
    assert session.target.now.image is source
    assert busy == [True, False]
    assert told[0] == "Quantizing tiny …"
    assert line(session).startswith("tiny: 4 → 4 colors · lossless · ")
    if HAS_SETTINGS:
        assert default_parameters() == Parameters(n_colors=4)
    assert notifications == []


def test_layers_that_are_selected_together_are_quantized_together(session, viewer):
    values = np.random.default_rng(0).integers(0, 250, (2, 9, 9), np.uint8)
    layers = [
        viewer.add_image(one, name=name) for one, name in zip(values, "ab", strict=True)
    ]
    viewer.layers.selection = set(layers)
    assert session.target.now.channels == tuple(layers)
    session.target.choose(scaling="zscore")
    assert session.quantize() == ""
    picture, labels = viewer.layers[-2:]
    expected, table = quantize_layers(layers, 4, scaling="zscore")
    np.testing.assert_array_equal(picture.data, expected.data)
    np.testing.assert_array_equal(labels.data, table.data)
    viewer.layers.remove(layers[1])
    assert session.target.now.channels == ()


def test_regions_and_slices_are_those_that_are_chosen(session, viewer):
    movie = np.random.default_rng(0).integers(0, 250, (3, 8, 9), np.uint8)
    layer = viewer.add_image(movie, name="movie", axis_labels=("t", "y", "x"))
    mask = np.zeros((8, 9), int)
    mask[:5] = 1
    region = viewer.add_labels(mask, name="mask")
    assert session.target.now.image is layer
    session.target.choose(within=region, slices=0)
    assert session.target.now.n_set == 2
    assert session.quantize() == ""
    _, expected = quantize_layer(layer, 4, within=region, slice_axis=0)
    np.testing.assert_array_equal(viewer.layers[-1].data, expected.data)
    session.target.choose(slices="current")
    viewer.dims.set_point(0, 2)
    assert session.quantize() == ""
    expected = quantize(movie[2], 4, channel_axis=None, mask=mask > 0)
    np.testing.assert_array_equal(viewer.layers[-1].data[0], expected.labels)
    viewer.layers.remove(region)
    assert session.target.now.within is None


def test_a_region_of_another_image_is_dropped_with_a_word(session, viewer, tiny):
    region = viewer.add_labels(np.ones((3, 4), int), name="mask")
    session.target.choose(within=region)
    viewer.add_image(tiny, name="far", rgb=True, translate=(0, 1000))
    assert session.target.now.within is None
    assert session.message == (
        "far: not quantized yet.\n"
        "'mask' lies outside 'far': Apply in is 'Everywhere' again."
    )


def test_what_is_chosen_stays_by_its_words(session, viewer):
    first = viewer.add_image(np.zeros((2, 3, 4, 5)), axis_labels=tuple("tcyx"))
    session.target.choose(channel_axis=1, slices=0)
    assert session.target.choices("slices") == [
        ("Share one palette", "all"),
        ("Current one alone", "current"),
        ("One palette each: t", 0),
        ("One palette each: y", 2),
        ("One palette each: x", 3),
    ]
    viewer.add_image(np.zeros((3, 2, 4, 5)), axis_labels=tuple("ctyx"))
    now = session.target.now
    assert (now.channel_axis, now.slices) == (0, 1)
    viewer.add_image(np.zeros((7, 4, 5)), axis_labels=tuple("zyx"))
    now = session.target.now
    assert (now.channel_axis, now.slices) == (None, "all")
    viewer.layers.selection.active = first
    assert session.target.now.channel_axis is None


def test_without_an_image_nothing_is_quantized(viewer_model, notifications):
    session = Session(viewer_model)
    jobs = (session.quantize, session.compare_methods, session.find_elbow)
    assert [job() for job in jobs] == [NO_IMAGE] * 3
    assert notifications == [("error", NO_IMAGE)] * 3
    assert session.possible.now["quantize"] == NO_IMAGE
    assert session.message == "Choose an image layer and press Quantize."


def test_parameters_that_do_not_fit_together_are_refused(
    session, viewer, notifications
):
    session.choose(n_samples=2)
    sentence = (
        "Sample size is 2, fewer than the 4 colors to learn: choose at least as many "
        "samples as colors, or 0 for every pixel."
    )
    assert session.quantize() == sentence
    assert notifications == [("error", sentence)]
    assert session.message == sentence
    assert names(viewer) == ["tiny"]


def test_parameters_come_and_go_as_a_whole(session, viewer):
    told = []
    session.events.parameters.connect(lambda: told.append(session.choices.now["aim"]))
    session.parameters = Parameters(n_colors="auto", target_psnr=28.5, method="wu")
    assert told == ["psnr"]
    session.choose(method="wu")  # as it is
    assert told == ["psnr"]
    session.choose(aim="delta_e")
    assert session.parameters == Parameters(
        n_colors="auto", target_delta_e=2.0, method="wu"
    )
    session.choose(color_space="lab")
    viewer.add_image(np.zeros((4, 4)))  # grey is compared as it is
    assert session.parameters.color_space == "rgb"
    viewer.layers.selection.active = viewer.layers[0]
    assert session.parameters.color_space == "lab"
    session.cluster = "tcp://10.0.0.7:8786"
    session.choose(white=100.0)
    session.reset_parameters()
    assert session.parameters == DEFAULTS
    assert (session.cluster, session.choices.now["white"]) == ("", None)


def test_white_is_of_a_dtype(session, viewer, tiny):
    session.choose(white=100.0)
    viewer.add_image(tiny.astype(np.uint16), rgb=True)
    assert session.choices.now["white"] is None
    session.choose(white=4095.0)
    viewer.add_image(tiny[..., 0])
    assert (session.choices.now["white"], session.choices.data_range) == (4095.0, None)
    viewer.layers.selection.active = viewer.layers[1]
    assert session.choices.data_range == 4095.0


# ------------------------------------------------------------ what stops a job


def at_step(session, do, least=100):
    """Do something once, when a job has come so far."""
    waiting = [do]

    def look(done, _total):
        if done >= least and waiting:
            waiting.pop()()

    session.events.progress.connect(look)


def test_cancel_leaves_the_layers_as_they_were(session, viewer, photo, notifications):
    session.choose(n_colors=64)
    at_step(session, session.cancel)
    assert session.quantize() == ""
    assert names(viewer) == ["tiny", "photo"]
    assert session.message == CANCELLED
    assert notifications == [("info", CANCELLED)]
    assert session.quantize() == ""
    assert len(viewer.layers) == 4


def test_a_layer_that_is_removed_in_mid_run_cancels_it(
    session, viewer, photo, notifications
):
    at_step(session, lambda: viewer.layers.remove("photo"))
    assert session.quantize() == ""
    why = "Cancelled, as the layer 'photo' was removed."
    assert session.message == why
    assert notifications == [("info", why)]
    assert names(viewer) == ["tiny"]
    assert session.target.now.image is viewer.layers[0]


def test_another_layer_may_be_removed_in_mid_run(session, viewer, photo):
    at_step(session, lambda: viewer.layers.remove("tiny"))
    assert session.quantize() == ""
    assert names(viewer) == ["photo", "photo (4 colors)", "photo (4 colors) labels"]


def test_a_second_job_is_refused_meanwhile(session, viewer, photo, notifications):
    told = []

    def ask():
        told.extend([session.quantize(), session.possible.now["quantize"]])
        told.append(session.possible.now["cancel"])

    at_step(session, ask)
    assert session.quantize() == ""
    assert told == [UNDER_WAY, UNDER_WAY, ""]
    assert notifications == [("warning", UNDER_WAY)]
    assert len(viewer.layers) == 4


def test_an_error_of_the_machine_is_said(session, viewer, notifications, monkeypatch):
    def fail(_work):
        raise OSError("the disk is on fire")

    monkeypatch.setattr("napari_colorquant.viewer.tasks.quantize.locate", fail)
    assert work_module.locate is not fail
    assert session.quantize() == ""
    assert session.message == "Failed: The disk is on fire"
    assert notifications == [("error", "the disk is on fire")]
    assert not session.jobs.busy
    assert names(viewer) == ["tiny"]


# ------------------------------------------------------------ the other jobs


def test_a_palette_is_applied(session, viewer, tiny):
    palette = Palette([[0, 0, 0], [255, 255, 255]])
    session.opening.offer_palette(palette, "two")
    assert session.message == "Opened two: 2 colors."
    assert session.apply_palette() == ""
    expected = apply_palette(tiny, palette)
    assert names(viewer) == ["tiny", "tiny (2 colors)", "tiny (2 colors) labels"]
    np.testing.assert_array_equal(viewer.layers[1].data, expected.image)
    np.testing.assert_array_equal(viewer.layers[2].data, expected.labels)


def test_a_palette_that_does_not_fit_is_not_applied(session, viewer, notifications):
    assert session.apply_palette() == session.possible.now["apply"] == NO_PALETTE
    session.opening.offer_palette(Palette([[0, 0], [9, 9]]), "other")
    assert session.apply_palette() == ""
    failed = session.message
    assert failed.startswith("Failed: The palette has 2 channels")
    record = quantize_layer(viewer.layers[0], 2)[0].metadata[KEY]
    session.opening.offer_record(record, "rgb")
    layers = [viewer.add_image(np.ones((3, 4)) * n) for n in (1, 2)]
    viewer.layers.selection = set(layers)
    sentence = (
        "The palette of 'rgb' is RGB, and 2 layers are selected as channels: select a "
        "picture in RGB, or quantize them."
    )
    assert session.apply_palette() == session.possible.now["apply"] == sentence
    assert session.message == sentence
    assert len(viewer.layers) == 3


def test_methods_are_compared_side_by_side(session, viewer, tiny):
    assert session.compare_methods() == ""
    originals, *pictures = reversed(viewer.layers[1:])
    assert originals.name == "Original · 4 colors"
    np.testing.assert_array_equal(originals.data, tiny)
    for picture, method in zip(pictures, ("kmeans", "wu", "random"), strict=True):
        expected = quantize(tiny, 4, method=method)
        np.testing.assert_array_equal(picture.data, expected.image)
    assert grid_of(viewer).enabled
    assert session.message.startswith("tiny, by each method:\nk-means: ")
    assert session.quantize() == ""  # leaves the grid
    assert not grid_of(viewer).enabled
    assert viewer.layers[0].visible


def test_several_layers_are_not_compared(session, viewer, notifications):
    layers = [viewer.add_image(np.ones((3, 4)) * n) for n in (1, 2)]
    viewer.layers.selection = set(layers)
    sentence = session.compare_methods()
    assert sentence.startswith("The methods are compared on one image, and several ")
    assert session.possible.now["compare"] == sentence
    assert notifications == [("error", sentence)]


def test_results_are_compared_side_by_side(quantized, viewer, notifications):
    assert quantized.compare_results() == FEW_RESULTS
    quantized.choose(n_colors=2)
    quantized.quantize()
    viewer.layers.selection = {viewer.layers[1], viewer.layers[3]}
    assert quantized.possible.now["compare_results"] == ""
    assert quantized.compare_results() == ""
    assert names(viewer)[5:] == [
        "Result · tiny (2 colors)",
        "Result · tiny (4 colors)",
        "Original · tiny",
    ]
    assert notifications == [("error", FEW_RESULTS)]


def test_the_error_against_the_number_of_colors(session, photo):
    curves = []
    session.events.curve.connect(lambda: curves.append(session.curve))
    session.choose(aim="psnr", target_psnr=30.0)
    assert session.find_elbow() == ""
    parameters = session.parameters
    expected = curve_of(see_pixels(photo), parameters, print, Monitor())
    assert [len(curve.points) for curve in curves] == [
        *range(len(expected.points) + 1),
        len(expected.points),
    ]
    assert curves[0].target_psnr == 30.0
    assert session.curve.points == tuple(expected.points)
    assert [curve.elbow for curve in curves[-2:]] == [None, expected.elbow]
    assert session.curve.classes == expected.classes
    assert session.message == (
        f"photo: {expected.elbow} colors are suggested for the picture, "
        f"{expected.classes} for classes; click a point to set the number."
    )


def test_a_curve_that_is_cancelled_keeps_its_points(session, photo):
    at_step(session, session.cancel, 500)
    assert session.find_elbow() == ""
    assert session.curve.elbow is None
    assert len(session.curve.points) > 2
    assert session.message == CANCELLED


def test_a_result_is_measured_and_forgotten_once_it_is_edited(quantized, tiny):
    assert quantized.measure() == ""
    expected = quantize(tiny, 4)
    assert quantized.quality.quality == measure_quality(
        tiny, expected.image, delta_e=True
    )
    assert quantized.message == "Measured tiny (4 colors)."
    quantized.editor.edit(Recolor(0, (9, 9, 9)))
    assert quantized.quality is None


def test_the_error_is_mapped(quantized, viewer, tiny):
    quantized.editor.edit(Recolor(0, (90, 0, 0)))
    assert quantized.map_error() == ""
    layer = viewer.layers[-1]
    assert layer.name == "tiny (4 colors) error (ΔE2000)"
    both = see_pixels(tiny, -1), see_pixels(viewer.layers[1].data, -1)
    expected = map_errors(*both, True, Monitor())
    np.testing.assert_array_equal(layer.data, expected)
    assert layer.contrast_limits == [0.0, float(expected.max())]
    assert quantized.message == f"Added {layer.name}."
    assert quantized.target.now.image is viewer.layers[0]


def test_what_cannot_be_judged_says_why(quantized, viewer, notifications):
    viewer.layers[0].data = np.zeros((9, 9, 3), np.uint8)
    other_shape = (
        "The image that 'tiny (4 colors)' was made from has another shape now: "
        "quantize it again."
    )
    assert quantized.measure() == quantized.map_error() == other_shape
    viewer.layers.pop(0)
    gone = (
        "The image that 'tiny (4 colors)' was made from is gone: open it, and quantize "
        "it again."
    )
    assert quantized.measure() == quantized.possible.now["measure"] == gone
    assert notifications == [("error", one) for one in (other_shape,) * 2 + (gone,)]


def test_estimates_are_counted(session, viewer, china, monkeypatch):
    monkeypatch.setattr("napari_colorquant.core.image.sampling.MOST_PIXELS", 20_000)
    monkeypatch.setattr("napari_colorquant.core.image.sampling._ENOUGH_PIXELS", 1)
    lazy = da.from_array(china, chunks=(50, 50, 3))
    viewer.add_image(lazy, name="slide", rgb=True)
    session.quantize()
    assert session.editor.result.counts_are_estimates
    assert session.editor.count_all() == ""
    result = session.editor.result
    counts = np.bincount(viewer.layers[-1].data.compute().ravel(), minlength=5)[1:]
    np.testing.assert_array_equal(result.palette.counts, counts)
    assert not result.counts_are_estimates
    assert session.message == "Counted slide (4 colors)."


def test_a_result_is_saved_as_ome_zarr(quantized, viewer, tmp_path, notifications):
    path = tmp_path / "tiny.ome.zarr"
    assert quantized.saving.save_ome_zarr(path) == ""
    assert quantized.message == f"Saved tiny (4 colors) as {path}."
    saved = zarr.open_group(path, mode="r")
    _, picture, labels = viewer.layers
    np.testing.assert_array_equal(saved["0"][:], np.moveaxis(picture.data, -1, 0))
    np.testing.assert_array_equal(saved["labels/palette/0"][:], labels.data)
    again = f"{path} exists already: choose another name, or remove it first."
    assert quantized.saving.save_ome_zarr(path) == again
    assert notifications == [("error", again)]


def test_a_save_that_is_cancelled_goes_on(session, photo, tmp_path, monkeypatch):
    small_parts(monkeypatch)
    session.quantize()
    path = tmp_path / "photo.ome.zarr"
    at_step(session, session.cancel)
    assert session.saving.save_ome_zarr(path) == ""
    assert session.message == STOPPED
    assert not path.exists()
    assert session.saving.save_ome_zarr(path) == ""
    labels = zarr.open_group(path, mode="r")["labels/palette/0"]
    np.testing.assert_array_equal(labels[:], quantize(photo, 4).labels)


def test_a_result_without_its_picture_is_not_saved(quantized, viewer, tmp_path):
    viewer.layers.pop(1)
    gone = "The picture of 'tiny (4 colors) labels' is gone: quantize the image again."
    assert quantized.saving.save_ome_zarr(tmp_path / "a.zarr") == gone


def test_a_live_result_is_replaced_by_the_full_one(session, viewer, tiny):
    wanted = []
    session.events.preview_wanted.connect(lambda: wanted.append(1))
    session.choose(n_colors=3)
    assert wanted == []
    session.choose_live(True)
    assert wanted == [1]
    session.update_preview()
    assert names(viewer)[1:] == [
        "tiny (3 colors) (live)",
        "tiny (3 colors) labels (live)",
    ]
    assert line(session).startswith("Live: tiny: ")
    assert session.target.images() == [viewer.layers[0]]  # it is none to choose
    picture = viewer.layers[1]
    session.choose(n_colors=2)
    assert wanted == [1, 1]
    session.update_preview()
    np.testing.assert_array_equal(picture.data, quantize(tiny, 2).image)
    assert len(list(session.results)) == 1
    session.choose_live(False)
    session.update_preview()
    assert names(viewer)[1:] == ["tiny (2 colors)", "tiny (2 colors) labels"]
    assert viewer.layers[1] is picture
    session.update_preview()
    assert len(viewer.layers) == 3


def test_a_live_result_waits_for_a_job(session, viewer, photo):
    session.choose_live(True)
    wanted = []
    session.events.preview_wanted.connect(lambda: wanted.append(len(viewer.layers)))
    at_step(session, session.update_preview)
    session.quantize()
    assert wanted == [2]


# ------------------------------------------------------------ the palette


def test_entries_are_selected_in_the_canvas_and_back(quantized, viewer):
    labels, told = viewer.layers[2], []
    quantized.events.entries.connect(lambda: told.append(quantized.editor.entries))
    quantized.editor.select([2])
    assert labels.selected_label == 3
    assert labels.visible
    quantized.editor.select([2])
    quantized.editor.select([1, 3])
    assert labels.selected_label == 3
    labels.selected_label = 2
    assert told == [[2], [1, 3], [1]]
    labels.selected_label = 99
    quantized.editor.select([])
    assert told == [[2], [1, 3], [1], []]
    assert not labels.visible


def test_edits_are_undone_and_done_again(quantized, viewer, notifications):
    editor, labels = quantized.editor, viewer.layers[2]
    before = labels.data.copy()
    assert editor.undo() == "Nothing has been edited."
    assert editor.edit_selected(Remove) == NONE_SELECTED
    editor.select([1, 2])
    assert editor.edit_selected(Merge) == ""
    assert editor.entries == [1]
    assert names(viewer)[2] == "tiny (3 colors) labels"
    assert editor.undo() == ""
    assert editor.entries == []
    np.testing.assert_array_equal(labels.data, before)
    assert editor.redo() == ""
    assert editor.redo() == "Nothing was undone."
    assert editor.edit(Lock([0])) == ""
    assert editor.edit(Remove([0])) == "Label 1 is locked: unlock it first."
    assert editor.edit(Remove([1])) == ""
    assert quantized.message == "Edited tiny (2 colors)."
    assert labels.data.max() == 2
    assert notifications == [
        ("error", NONE_SELECTED),
        ("error", "Label 1 is locked: unlock it first."),
    ]


def test_labels_are_cleaned_undone_and_scripted(quantized, viewer, notifications):
    editor, (_, picture, labels) = quantized.editor, viewer.layers
    before, drawn = labels.data.copy(), picture.data.copy()
    off = "Nothing is to be cleaned: choose a radius or a smallest region."
    assert editor.edit(Clean()) == off
    editor.select([3])
    assert editor.edit(Clean(min_region=3)) == ""
    assert quantized.message == "Edited tiny (4 colors)."
    assert before.tolist() == [[1, 2, 2, 3], [3, 3, 4, 4], [4, 4, 4, 4]]
    # The single pixels go to 2, which is the lower of two; then 3 goes to 4.
    cleaned = [[2] * 4, [4] * 4, [4] * 4]
    np.testing.assert_array_equal(labels.data, cleaned)
    np.testing.assert_array_equal(picture.data[0, 0], drawn[0, 1])
    assert editor.result.palette.counts.tolist() == [0, 4, 0, 8]
    assert labels.features["pixels"].tolist() == [0, 4, 0, 8]
    assert editor.entries == [3]
    script = quantized.saving.script()
    assert "q = edit(q, image, [Clean(majority=0, min_region=3, ndim=2)])" in script
    assert editor.undo() == ""
    np.testing.assert_array_equal(labels.data, before)
    np.testing.assert_array_equal(picture.data, drawn)
    assert editor.redo() == ""
    np.testing.assert_array_equal(labels.data, cleaned)
    labels.data[2, 3] = 1
    outcome = editor.edit(Clean(1))
    assert outcome == NeedsAnswer(ASKED)
    assert editor.edit(Clean(1), keep_strokes=True) == ""
    assert labels.data[2, 3] == 4  # with its own two sides, and a vote of 1
    assert notifications == [("error", off)]


def test_selected_entries_get_a_class_that_is_undone_scripted_and_restored(
    quantized, viewer, notifications, tmp_path
):
    editor, (_, picture, labels) = quantized.editor, viewer.layers
    assert editor.classify("DAB") == NONE_SELECTED
    editor.select([3, 1])
    assert editor.classify("DAB") == ""
    assert editor.entries == [3, 1]
    assert editor.classify("glass", entry=1) == ""  # both, as it is one of them
    assert editor.classify("ink", entry=0) == ""
    classes = ("ink", "glass", "", "glass")
    assert editor.result.palette.classes == classes
    assert labels.features["class"].tolist() == list(classes)
    script = quantized.saving.script()
    assert "Classify(entries=(3, 1), name='glass')" in script
    assert "from napari_colorquant import Classify, edit, quantize" in script
    path = tmp_path / "record.json"
    assert quantized.saving.save_palette(str(path)) == ""
    assert editor.undo() == ""
    assert editor.result.palette.classes == ("", "glass", "", "glass")
    assert editor.undo() == editor.undo() == ""
    assert editor.result.palette.classes is None
    assert "class" not in labels.features
    viewer.layers.selection.active = picture
    quantized.opening.open(path)
    again = quantized.editor.result
    assert again.labels is not labels
    assert again.palette.classes == classes
    assert again.labels.features["class"].tolist() == list(classes)
    assert notifications[0] == ("error", NONE_SELECTED)


@pytest.mark.parametrize("keep", [True, False])
def test_an_edit_asks_what_becomes_of_strokes(quantized, viewer, keep):
    editor, labels = quantized.editor, viewer.layers[2]
    labels.data[0, 0] = 4
    assert editor.edit(Rename(0, "night")) == ""  # leaves them
    assert editor.edit(Sort("hue")) == NeedsAnswer(ASKED)
    assert labels.data[0, 0] == 4
    assert editor.edit(Merge([1, 2]), keep) == ""
    assert labels.data[0, 0] == (3 if keep else 1)
    labels.data[0, 0] = 2
    assert isinstance(editor.undo(), NeedsAnswer)
    assert editor.undo(keep) == ""
    assert labels.data[0, 0] == (2 if keep else 1)
    assert labels.data.max() == (3 if keep else 4)


def test_the_palette_that_is_shown_is_of_the_active_layer(quantized, viewer):
    first = quantized.editor.result
    quantized.choose(n_colors=2)
    quantized.quantize()
    second = quantized.editor.result
    for layer, result in ((viewer.layers[2], first), (viewer.layers[3], second)):
        viewer.layers.selection.active = layer
        assert quantized.editor.result is result
    for layer in second.layers:
        viewer.layers.remove(layer)
    assert quantized.editor.result is first
    assert list(quantized.results) == [first]


def test_locked_colors_are_kept(quantized, viewer, tiny):
    assert quantized.locked is None
    quantized.editor.edit(Lock([1]))
    assert quantized.locked.colors.tolist() == [[200, 0, 0]]
    quantized.choose(n_colors=2)
    assert quantized.quantize() == ""
    expected = quantize(tiny, 2, fixed=[[200, 0, 0]])
    np.testing.assert_array_equal(viewer.layers[-1].data, expected.labels)


def test_a_session_finds_what_another_one_has_made(quantized, viewer):
    quantized.editor.select([1])
    quantized.close()
    assert not viewer.layers[2].visible
    other = Session(viewer)
    assert other.editor.result.layers == tuple(viewer.layers[1:])
    viewer.layers.selection.active = viewer.layers[0]
    assert list(quantized.results) == []


# ------------------------------------------------------------ files


def test_a_record_is_restored_or_its_palette_opened_alone(
    quantized, viewer, tmp_path, tiny
):
    record = quantized.editor.result.record
    save_record(record, tmp_path / "run.json")
    labels = viewer.layers[2].data.copy()
    viewer.add_shapes(name="drawn")
    quantized.opening.open(tmp_path / "run.json")
    assert quantized.message == (
        "Opened run: 4 colors.\nIts palette alone: to go on with its result, open the "
        "picture or labels that were saved, select their layer, and open this again."
    )
    saved = viewer.add_labels(labels, name="saved")
    viewer.layers.selection.active = saved
    opened = []
    quantized.events.opened.connect(lambda: opened.append(1))
    quantized.opening.open(tmp_path / "run.json")
    assert quantized.message.endswith("Restored from run.")
    assert opened == [1]
    np.testing.assert_array_equal(viewer.layers[-1].data, labels)
    assert viewer.layers[-1].metadata[KEY]["source"] == "tiny"


def test_a_palette_is_saved_and_a_script_returned(quantized, tmp_path, notifications):
    path = tmp_path / "a.json"
    assert quantized.saving.save_palette(str(path)) == ""
    assert load_record(path)["palette"] == quantized.editor.result.palette.as_dict()
    assert "quantize(" in quantized.saving.script()
    quantized.opening.offer_palette(Palette([[0], [9]]), "grey")
    assert quantized.saving.script() is None
    assert notifications == [
        ("info", f"The palette is saved as {path}."),
        (
            "error",
            "'grey' belongs to no image, and there is nothing to repeat: apply it to "
            "an image first.",
        ),
    ]


def test_a_damaged_file_is_said(session, tmp_path, notifications):
    (tmp_path / "a.json").write_text("{")
    session.opening.open(tmp_path / "a.json")
    ((kind, sentence),) = notifications
    assert kind == "error"
    assert sentence.startswith(f"{tmp_path / 'a.json'}: ")


def test_the_message_is_what_has_happened_until_something_else_is_shown(session):
    told = []
    session.events.message.connect(told.append)
    session.say("Saved.")
    session.add_note("It took a while.")
    session.refresh_message()
    assert told == [
        "Saved.",
        "Saved.\nIt took a while.",
        "tiny: not quantized yet.",
    ]


def test_no_window_is_loaded(tmp_path):
    code = """
import sys
import numpy as np
from napari.components import ViewerModel
before = {"qtpy", "magicgui"} & set(sys.modules)
from napari_colorquant.viewer.session.session import Session
viewer = ViewerModel()
viewer.add_image(np.zeros((4, 4, 3), np.uint8), rgb=True, name="a")
session = Session(viewer)
session.choose(n_colors=2)
assert session.quantize() == "", session.message
print([layer.name for layer in viewer.layers])
print({"qtpy", "magicgui"} & set(sys.modules) == before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        # Or it would begin with what somebody chose last in napari.
        env={**os.environ, "NAPARI_CONFIG": str(tmp_path / "settings.yaml")},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "['a', 'a (1 colors)', 'a (1 colors) labels']",
        "True",
    ]
