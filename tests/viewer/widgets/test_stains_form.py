"""The controls of the stains of the slide, by clicks and keys."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_colorquant import estimate_stains, quantize, stain_scales
from stained_slides import HE, cells, stained

CELLS, NUCLEI = cells(128, 15)
SLIDE = stained(CELLS, HE)
PAINTED = np.where(NUCLEI, 1, 2)
SPACE = {"color_space": "stains"}


@pytest.fixture
def widget(viewer_model, open_alone):
    viewer_model.add_image(SLIDE, name="slide", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 3
    return widget


@pytest.fixture
def form(widget, qtbot):
    qtbot.mouseClick(widget.more.button, Qt.MouseButton.LeftButton)
    return widget.form.stains


def are_shown(form):
    return [one.native.isVisible() for one in form.controls]


def test_stains_are_there_where_colors_are_compared_in_them(widget, form):
    assert are_shown(form) == [False] * 4
    widget.form.color_space.value = "stains"
    assert are_shown(form) == [True, True, True, False]
    assert form.scale.native.placeholderText() == "each slide's own"
    widget.form.color_space.value = "lab"
    assert are_shown(form) == [False] * 4


@pytest.mark.usefixtures("ready")
def test_painted_stains_and_a_scale_by_clicks(
    widget, form, viewer_model, click, finish, qtbot
):
    widget.form.color_space.value = "stains"
    layer = viewer_model.add_labels(PAINTED, name="painted")
    assert form.source.choices == (None, layer)
    form.source.value = layer
    stains = estimate_stains(SLIDE, regions=PAINTED)
    click(form.take)
    finish(widget)
    text = ", ".join(f"{scale:.4g}" for scale in stain_scales(SLIDE, stains))
    assert form.scale.value == text
    assert "stains set" in widget.more.button.text()

    line = form.scale.native
    line.selectAll()
    qtbot.keyClicks(line, "1.2, ")
    assert form.is_typing
    assert widget.session.choices.now["stain_scale"] == text
    qtbot.keyClicks(line, "0.5")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert not form.is_typing
    assert widget.session.choices.stain_scale == (1.2, 0.5)

    click(widget.quantize_button)
    finish(widget)
    expected = quantize(SLIDE, 3, stains=stains, stain_scale=(1.2, 0.5), **SPACE)
    labels = viewer_model.layers[-1]
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert are_shown(form) == [True] * 4
    degrees = np.rad2deg(np.arccos(stains[0] @ stains[1]))
    colors = np.rint(255 * 10.0 ** -(np.array([[1.2], [0.5]]) * stains)).astype(int)
    for color, scale in zip(colors.tolist(), ("1.20", "0.50"), strict=True):
        assert f"color:#{bytes(color).hex()}" in form.used.value
        assert f"\u00a0{scale}" in form.used.value
    assert form.used.value.endswith(f" ·\u00a0{degrees:.0f}°\u00a0apart")

    line.clear()  # as its button does
    assert widget.session.choices.stain_scale is None


def test_what_is_reset_elsewhere_is_not_typed_again(widget, form):
    widget.session.choose(color_space="stains", stain_scale="1, 1")
    assert form.scale.value == "1, 1"
    widget.session.reset_parameters()
    widget.form.enter()
    assert widget.session.choices.now["stain_scale"] == ""
