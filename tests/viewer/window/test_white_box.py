"""White in the window, in layers of several levels, and in what is saved."""

from __future__ import annotations

import json

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from qtpy.QtCore import Qt

from napari_colorquant import (
    Palette,
    apply_palette,
    error_curve,
    measure_quality,
    quantize,
    quantize_layer,
    save_ome_zarr,
)
from napari_colorquant.cli.messages import SHELL
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.palette.white import find_white, in_units_of, with_white
from napari_colorquant.files.ome_zarr.resume import Unfinished
from napari_colorquant.files.record import check_record, load_record, save_record
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.layers.preview import coarse
from napari_colorquant.viewer.layers.restore import restore_result
from napari_colorquant.viewer.session.notify import WINDOW, in_window
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.parameters_form import ParametersForm
from saved import record_in

RNG = np.random.default_rng(0)
SLIDE = RNG.integers(0, 4096, (24, 32, 3)).astype(np.uint16)
SLIDE[0, 0] = 4095


# ------------------------------------------------------------ what is said of it
def error_of(function, *arguments, **named):
    with pytest.raises((TypeError, ValueError)) as caught:
        function(*arguments, **named)
    return caught.value


LEGEND = Palette([[0, 0, 0], [255, 255, 255]], units="uint8")
SAID = [
    (
        lambda: find_white(with_white(see_pixels(SLIDE, -1), 2000)),
        "the image has values up to 4095, and white is 2000: set {} to the value of "
        "white in the image.",
    ),
    (
        lambda: apply_palette(SLIDE / 4095 - 0.5, LEGEND),
        "the image has values from -0.5 to 0.5, and a palette of uint8 is converted to "
        "values from 0 to 1: set {} to the value of white in the image.",
    ),
    (
        lambda: apply_palette(SLIDE / 2, LEGEND),
        "the image has values up to 2047.5, and white is 1 where a palette of uint8 is "
        "converted: set {} to the value of white in the image.",
    ),
    (
        lambda: quantize(SLIDE, 4, data_range=-1),
        "{} is -1: pass a number above 0.",
    ),
    (
        lambda: quantize(SLIDE, 4, data_range="12 bits"),
        "{} is '12 bits': pass a number.",
    ),
    (
        lambda: quantize(SLIDE, 4, data_range=70000),
        "{} is 70000, and uint16 holds values up to 65535: pass the value of white in "
        "the image.",
    ),
]


@pytest.mark.parametrize(("cause", "sentence"), SAID)
def test_each_place_names_white_in_its_words(cause, sentence):
    error = error_of(cause)
    assert str(error) == sentence.format("data_range")
    assert sentence_of(error, SHELL) == sentence.format("--data-range")
    assert sentence_of(error, WINDOW) == sentence.format("White")
    assert "data_range" not in in_window(error)


def above_white():
    """A lazy slide of 12 bits, but for one block that is not read to learn from."""
    image = np.zeros((800, 800, 3), np.uint16)
    image[::2, :, 1] = 4000
    image[-1, -1] = 5000
    return da.from_array(image, chunks=(50, 50, 3))


def test_a_block_above_white_is_said_in_the_words_of_each_place(monkeypatch):
    monkeypatch.setattr("napari_colorquant.core.image.sampling.MOST_PIXELS", 20_000)
    labels = quantize(above_white(), 2).labels
    error = error_of(labels[-50:, -50:].compute)
    sentence = (
        "a block of the image has values up to 5000, and white is 4095, as in the "
        "blocks that were read first: set {} to the value of white in the image."
    )
    assert str(error) == sentence.format("data_range")
    assert sentence_of(error, SHELL) == sentence.format("--data-range")
    assert sentence_of(error, WINDOW) == sentence.format("White")
    labels = quantize(above_white(), 2, data_range=65535).labels
    assert labels[-1, -1].compute() > 0


def test_a_palette_beyond_white_is_said_without_an_argument():
    palette = Palette([[0, 0, 0], [0, 0, 300]], units="uint8")
    error = error_of(in_units_of, palette, see_pixels(SLIDE, -1))
    assert sentence_of(error, WINDOW) == sentence_of(error, SHELL) == str(error)
    assert str(error).endswith("correct its colors, or the value of white in it.")


# ------------------------------------------------------------ the control
@pytest.fixture
def session():
    return Session(ViewerModel())


@pytest.fixture
def form(qtbot, session):
    form = ParametersForm(session)
    for part in (form.basic, form.more):
        qtbot.addWidget(part.native)
    form.more.show()
    return form


@pytest.fixture
def data_range(form, session):
    """Return the value of white once what is typed is entered."""

    def entered():
        form.enter()
        return session.choices.data_range

    return entered


def choose_image(session, dtype, shape=(2, 2, 3)):
    session.viewer.add_image(np.zeros(shape, dtype), rgb=len(shape) == 3)


@pytest.fixture
def type_white(qtbot):
    """Type into the box as a user does, who clicks on the word that it shows."""

    def type_it(form, text):
        box = form.white.native
        qtbot.mouseClick(box.lineEdit(), Qt.MouseButton.LeftButton)
        qtbot.keyClicks(box, text)

    return type_it


def test_a_number_replaces_the_word(form, session, data_range, type_white):
    told = []
    choose_image(session, "uint16")
    session.events.parameters.connect(lambda: told.append(session.choices.data_range))
    assert (form.white.native.text(), data_range()) == ("automatic", None)
    assert not form.is_typing
    type_white(form, "4095")
    assert form.is_typing
    assert told == []  # a live result waits for the whole number
    assert data_range() == 4095
    assert told == [4095]
    form.white.native.lineEdit().clear()
    assert form.is_typing
    assert data_range() is None
    assert form.white.native.text() == "automatic"
    assert not form.is_typing


def test_white_is_of_a_dtype(form, session, data_range, type_white):
    choose_image(session, "uint16")
    type_white(form, "99999")  # what cannot be is not taken
    assert data_range() == 9999
    choose_image(session, "uint16")
    assert data_range() == 9999
    choose_image(session, "uint8", (2, 2))  # grey or channels
    assert not form.white.enabled
    assert data_range() is None
    choose_image(session, "uint16")
    assert data_range() == 9999
    choose_image(session, "float32")
    assert data_range() is None
    form.white.value = 0.5
    assert data_range() == 0.5
    session.choose(white=None)
    assert data_range() is None
    assert form.white.native.text() == "automatic"


@pytest.fixture
def widget(viewer_model, open_alone, ready):
    viewer_model.add_image(SLIDE, name="slide", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    return widget


def record_of(layer):
    return layer.metadata[METADATA_KEY]


def test_all_jobs_of_the_widget_use_it(viewer_model, widget, click, finish):
    widget.form.white.value = 5000
    assert widget.more.button.text().endswith("More options (White 5,000)")
    click(widget.quantize_button)
    finish(widget)
    expected = quantize(SLIDE, 4, data_range=5000)
    result = widget.palette_tab.result
    assert result.palette.white == 5000
    record = record_of(result.picture)
    assert record["report"]["psnr"] == expected.report.psnr
    assert record["data_range"] == 5000
    assert "data_range=5000" in script_of(record)

    click(widget.quality_tab.measure)
    finish(widget)
    quality = measure_quality(SLIDE, expected.image, data_range=5000)
    assert f"{quality.psnr:.2f} dB" == widget.quality_tab.panel.values["psnr"].text()

    click(widget.curve_tab.button)
    finish(widget)
    curve = error_curve(SLIDE, data_range=5000)
    assert widget.curve_tab.plot.shown.psnr == {
        point.n_colors: point.psnr for point in curve.points
    }

    click(widget.quality_tab.compare)
    finish(widget)
    compared = [one for one in viewer_model.layers if "Wu" in one.name]
    assert [record_of(one)["palette"]["white"] for one in compared] == [5000]

    widget.form.white.value = 6000
    click(widget.palette_tab.apply)
    finish(widget)
    result = widget.palette_tab.result
    assert result.palette.white == 6000
    expected = apply_palette(SLIDE, expected.palette, data_range=6000)
    assert result.palette.colors.tolist() == expected.palette.colors.tolist()

    click(widget.form.reset_button)
    assert widget.session.choices.data_range is None
    assert widget.more.button.text().endswith("More options")


def test_a_live_result_uses_it(viewer_model, widget, finish, qtbot):
    widget.form.white.value = 5000
    widget.form.live.value = True
    qtbot.waitUntil(lambda: widget.palette_tab.result is not None, timeout=20_000)
    finish(widget)
    assert widget.palette_tab.result.palette.white == 5000


def test_what_cannot_be_white_is_told(viewer_model, widget, click, finish):
    widget.form.white.value = 2000
    click(widget.quantize_button)
    finish(widget)
    assert widget.result.value == (
        "Failed: The image has values up to 4095, and white is 2000: set White to the "
        "value of white in the image."
    )


def test_it_is_not_remembered(widget, open_alone, click, finish):
    widget.form.white.value = 5000
    click(widget.quantize_button)
    finish(widget)
    assert open_alone().session.choices.data_range is None


@pytest.mark.parametrize("kind", ["grey", "axis", "layers"])
def test_data_have_no_white_and_no_space_of_light(
    viewer_model, open_alone, ready, click, finish, kind
):
    """Also where the image is there before the widget."""
    grey = SLIDE[..., 0]
    if kind == "axis":
        viewer_model.add_image(np.moveaxis(SLIDE, -1, 0), name="data")
    else:
        viewer_model.add_image(grey, name="data")
    if kind == "layers":
        viewer_model.add_image(SLIDE[..., 1], name="other")
        viewer_model.layers.select_all()
    widget = open_alone()
    widget.form.color_space.value = "lab"
    widget.form.white.value = 4095
    if kind == "axis":
        widget.target.channel_axis.value = 0
    assert not widget.form.color_space.enabled
    assert not widget.form.white.enabled
    assert widget.form.space_note.value.startswith("RGB only")
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    record = record_of(widget.palette_tab.result.picture)
    assert record["parameters"]["color_space"] == "rgb"
    assert "data_range" not in record
    assert "white" not in record["palette"]


# ------------------------------------------------------------ one white for all
def pyramid(factor):
    """Two levels of which the second one has other values than the first."""
    return [SLIDE, (SLIDE[::2, ::2] * factor).astype(np.uint16)]


@pytest.mark.parametrize("is_lazy", [False, True])
@pytest.mark.parametrize("slices", [{}, {"slice_axis": 0}])
def test_white_of_the_largest_level_holds_for_all(is_lazy, slices):
    levels = pyramid(1 / 20)  # would be taken for 8 bits
    expected = quantize(SLIDE, 4, color_space="lab")
    if slices:
        levels = [level[np.newaxis] for level in levels]
    if is_lazy:
        levels = [da.from_array(level, chunks=16) for level in levels]
    layer = Image(levels, rgb=True, multiscale=True)
    picture, labels = quantize_layer(layer, 4, color_space="lab", **slices)
    assert record_of(picture)["palette"]["white"] == 4095
    small = np.asarray(levels[1]).reshape(12, 16, 3)
    own = apply_palette(small, expected.palette.unlearned())
    found = np.asarray(labels.data[1]).reshape(12, 16)
    np.testing.assert_array_equal(found, own.labels)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_level_above_white_is_refused_or_white_is_passed(is_lazy):
    levels = pyramid(10)
    if is_lazy:
        levels = [da.from_array(level, chunks=(16, 16, 3)) for level in levels]
    layer = Image(levels, rgb=True, multiscale=True)

    def labels(**named):
        return np.asarray(quantize_layer(layer, 4, **named)[1].data[1])

    error = error_of(labels)
    assert "and white is 4095" in str(error)
    assert str(error).endswith("set data_range to the value of white in the image.")
    assert labels(data_range=65535).max() == 4


def test_a_region_and_a_coarser_view_keep_it():
    region = Labels(np.ones((24, 32), int))
    for data in (SLIDE, da.from_array(SLIDE, chunks=(16, 16, 3))):
        layer = Image(data, rgb=True)
        for named in ({}, {"within": region}, {"learn_within": region}):
            picture, _ = quantize_layer(layer, 4, data_range=5000, **named)
            assert record_of(picture)["palette"]["white"] == 5000
        source = take_source(layer, data_range=5000)
        for taken in (source, coarse(source, 100)):
            assert taken.largest.outline.white == 5000


# ------------------------------------------------------------ what is saved
def saved_as(kind, palette, tmp_path):
    """Save a result with this palette, and return the palette that is read back."""
    picture, labels = quantize_layer(Image(SLIDE, rgb=True, name="slide"), 4)
    record = record_of(labels)
    assert record["palette"] == palette.as_dict()
    match kind:
        case "csv" | "json":
            palette.save(tmp_path / f"a.{kind}")
            return Palette.load(tmp_path / f"a.{kind}")
        case "record":
            save_record(record, tmp_path / "a.json")
            read = load_record(tmp_path / "a.json")
            check_record(read)
            return Palette.from_dict(read["palette"])
        case "metadata":
            return Palette.from_dict(json.loads(json.dumps(record["palette"])))
        case "zarr":
            q = quantize(SLIDE, 4)
            save_ome_zarr(tmp_path / "a.zarr", q)
            record = record_in(tmp_path / "a.zarr")
            return Palette.from_dict(record["palette"])
        case "resume":
            save = Unfinished(tmp_path / "a.zarr")
            with save.claimed():
                save.begin({"of": 1}, record, {"asked": 1})
            return Palette.from_dict(save.asked({"asked": 1})["palette"])
        case _:
            layer = picture if kind == "picture" else labels
            restored = restore_result(layer, record)
            return Palette.from_dict(record_of(restored[0])["palette"])


@pytest.mark.parametrize(
    "kind",
    [*("csv", "json", "record", "metadata", "zarr", "resume"), "picture", "labels"],
)
def test_white_outlasts_saving(kind, tmp_path):
    palette = quantize(SLIDE, 4).palette
    assert palette.white == 4095
    found = saved_as(kind, palette, tmp_path)
    assert found.as_dict() == palette.as_dict()
    assert found.white == 4095
