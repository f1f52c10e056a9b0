"""Channels that were opened together, and their background, by clicks."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers._source import layer_source
from qtpy.QtCore import Qt

from cultures import HIGHEST, culture
from napari_colorquant import quantize_layers

CHANNELS, KIND = culture()
NAMES = ["DAPI", "GFP", "RFP"]


def open_channels(viewer, names=NAMES, path="/data/a.czi"):
    stack = np.stack([CHANNELS[n % 3] for n in range(len(names))])
    with layer_source(path=path, reader_plugin="it"):
        return viewer.add_image(
            stack, channel_axis=0, name=names, contrast_limits=[(0, 2000)] * len(names)
        )


@pytest.fixture
def widget(viewer_model, open_alone, ready):
    open_channels(viewer_model)
    widget = open_alone()
    widget.form.n_colors.value = 6
    return widget


def test_the_channels_of_a_file_are_one_click_away(
    viewer_model, widget, click, finish, qtbot
):
    offer = widget.target.offer.native
    assert offer.isVisible()
    assert offer.text() == "Use DAPI + GFP + RFP together"
    assert offer.toolTip().endswith("\nDAPI\nGFP\nRFP")
    click(offer)
    assert viewer_model.layers.selection == set(viewer_model.layers)
    assert widget.target.together.value == "3 channels: DAPI, GFP, RFP"
    assert not offer.isVisible()
    click(widget.quantize_button)
    finish(widget)
    assert viewer_model.layers[3].name == "DAPI + GFP + RFP (6 colors)"

    viewer_model.layers.selection = {viewer_model.layers["GFP"]}
    assert offer.isVisible()
    alone = viewer_model.add_image(CHANNELS[0], name="alone")
    assert widget.form.layer.value is alone
    assert not offer.isVisible()
    widget.form.layer.value = viewer_model.layers["RFP"]
    assert offer.isVisible()
    viewer_model.layers["DAPI"].name = "nuclei"
    assert offer.text() == "Use nuclei + GFP + RFP together"
    viewer_model.layers.remove("GFP")
    assert offer.text() == "Use nuclei + RFP together"
    viewer_model.layers.remove("nuclei")
    assert not offer.isVisible()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["hoechst 3342", "phalloidine"],
            "Use hoec…\u2060 3342 + phal…\u2060idine together",
        ),
        (
            ["plate 7: DAPI", "plate 7: GFP"],
            "Use plat…\u2060 DAPI + plat…\u2060: GFP together",
        ),
        (["a<b>", "c"], "Use a<b> + c together"),
        ([f"marker {n}" for n in range(8)], "Use 8 channels together"),
    ],
)
def test_long_names_are_cut_and_many_are_counted(
    viewer_model, open_alone, ready, names, said
):
    open_channels(viewer_model, names)
    offer = open_alone().target.offer.native
    assert offer.text() == said
    assert offer.fontMetrics().horizontalAdvance(said) < 280


def test_limits_are_typed_and_a_region_is_chosen(
    viewer_model, widget, click, finish, qtbot
):
    form = widget.form
    click(widget.target.offer)
    widget.more.button.click()
    assert form.background.native.isVisible()
    assert not form.limits.native.isVisible()
    form.background.native.setCurrentText("Up to limits")
    assert form.limits.native.isVisible()
    box = form.limits.native
    box.selectAll()
    qtbot.keyClicks(box, "230, 270, 300")
    assert form.is_typing
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not form.is_typing
    assert widget.more.button.text().endswith("(background up to 230, 270, 300)")
    click(widget.quantize_button)
    finish(widget)
    channels = list(viewer_model.layers)[:3]
    _, labels = quantize_layers(channels, 6, background=HIGHEST)
    np.testing.assert_array_equal(viewer_model.layers[-1].data, labels.data)
    said = widget.result.value.replace("\u00a0", " ")
    assert said.endswith("background up to 230, 270, 300")

    region = viewer_model.add_labels((KIND == 0).astype(int), name="no cells")
    viewer_model.layers.selection = set(channels)
    form.background.native.setCurrentText("In no cells")
    assert widget.session.target.now.empty is region
    assert not form.limits.native.isVisible()
    click(widget.quantize_button)
    finish(widget)
    _, labels = quantize_layers(channels, 6, background=region)
    np.testing.assert_array_equal(viewer_model.layers[-1].data, labels.data)

    form.background.native.setCurrentText("Otsu's threshold")
    assert widget.session.target.now.empty is None
    assert widget.session.parameters.background == "otsu"
    form.background.native.setCurrentText("None")
    assert widget.session.parameters.background is None
    assert widget.more.button.text().endswith("More options")


def test_what_is_typed_is_taken_by_quantize_and_nothing_ends_it(
    viewer_model, widget, click, finish, qtbot
):
    click(widget.target.offer)
    widget.more.button.click()
    widget.form.background.native.setCurrentText("Up to limits")
    widget.form.limits.native.setText("300")
    widget.quantize()
    finish(widget)
    (limits,) = {widget.session.editor.result.palette.background}
    assert limits == (300.0, 300.0, 300.0)
    widget.form.limits.native.setText("")
    widget.quantize()
    finish(widget)
    assert widget.session.editor.result.palette.background is None
    assert widget.form.background.native.currentText() == "None"


def test_pictures_in_color_have_no_such_control(viewer_model, widget, click):
    widget.more.button.click()
    widget.form.background.native.setCurrentText("Up to limits")
    viewer_model.add_image(np.zeros((9, 9, 3), np.uint8), rgb=True)
    assert not widget.form.background.native.isVisible()
    assert not widget.form.limits.native.isVisible()
    assert widget.session.parameters.background is None


def test_a_long_note_is_cut_and_told_by_the_tooltip(viewer_model, widget, click):
    widget.native.resize(300, 700)
    click(widget.target.offer)
    viewer_model.add_labels(np.ones((192, 192), int), name="no cells " * 9)
    viewer_model.layers.selection = set(list(viewer_model.layers)[:3])
    least = widget._column.native.minimumSizeHint().width()
    widget.session.choose_background(viewer_model.layers[3])
    button = widget.more.button
    assert button.text().startswith("▸  More options (background in no cells")
    assert button.text().endswith("…")
    assert "no cells no cells no cells" in button.toolTip()
    assert widget._column.native.minimumSizeHint().width() == least
