"""The controls of the parameters, without a viewer."""

from __future__ import annotations

import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_colorquant import Parameters
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.widgets.parameters_form import (
    ParametersForm,
    image_layers,
)

OTHER = Parameters(
    n_colors=300,
    method="wu",
    color_space="lab",
    refine=False,
    n_samples=None,
    random_state=7,
)
BY_PSNR = Parameters(n_colors="auto", target_psnr=28.5)
BY_DELTA_E = Parameters(n_colors="auto", target_delta_e=3.5)


@pytest.fixture
def form(qtbot):
    form = ParametersForm(DEFAULTS, lambda *_: [])
    for part in (form.basic, form.more):
        qtbot.addWidget(part.native)
    form.basic.show()
    return form


@pytest.fixture
def type_in(qtbot):
    def type_it(control, text):
        control.native.setFocus()
        control.native.selectAll()
        qtbot.keyClicks(control.native, text)

    return type_it


@pytest.mark.parametrize("parameters", [DEFAULTS, OTHER, BY_PSNR, BY_DELTA_E])
@pytest.mark.parametrize("before", [DEFAULTS, OTHER, BY_PSNR, BY_DELTA_E])
def test_it_says_what_it_is_told_whatever_it_said_before(form, before, parameters):
    form.show(before)
    form.show(parameters)
    assert form.parameters == parameters
    assert form.target_psnr == parameters.target_psnr
    by_number = parameters.n_colors != "auto"
    assert form.slider.native.isVisible() is by_number
    assert form.target.native.isVisible() is not by_number


def test_slider_and_box_are_told_the_same(form):
    form.show(OTHER)
    assert (form.n_colors.value, form.slider.value) == (300, 256)
    form.show(DEFAULTS)
    assert (form.n_colors.value, form.slider.value) == (64, 64)


def test_a_number_of_colors_ends_another_aim(form):
    form.show(BY_PSNR)
    form.set_n_colors(12)
    assert form.parameters == Parameters(n_colors=12)


def test_every_control_says_that_it_changed(form):
    told = []
    form.changed.connect(lambda: told.append(form.parameters))
    form.slider.value = 12
    form.method.value = "wu"
    form.color_space.value = "lab"
    form.refine.value = False
    form.n_samples.value = 500
    form.random_state.value = 3
    assert told == [
        Parameters(n_colors=12),
        Parameters(n_colors=12, method="wu"),
        Parameters(n_colors=12, method="wu", color_space="lab"),
        Parameters(n_colors=12, method="wu", color_space="lab", refine=False),
        Parameters(
            n_colors=12, method="wu", color_space="lab", refine=False, n_samples=500
        ),
        Parameters(
            n_colors=12,
            method="wu",
            color_space="lab",
            refine=False,
            n_samples=500,
            random_state=3,
        ),
    ]


def test_a_target_says_that_it_changed(form):
    told = []
    form.changed.connect(lambda: told.append(form.parameters))
    form.aim.value = "psnr"
    assert form.aim.current_choice == "PSNR (dB)"
    form.target.value = 30.0
    assert told[0] == Parameters(n_colors="auto", target_psnr=35.0)
    assert told[-1] == Parameters(n_colors="auto", target_psnr=30.0)


def test_a_number_that_is_typed_is_not_corrected_before_it_is_entered(
    form, type_in, qtbot
):
    told = []
    form.changed.connect(lambda: told.append(form.n_colors.value))
    assert not form.is_typing
    type_in(form.n_colors, "1")  # of 16, and fewer than the least
    assert form.is_typing
    assert form.n_colors.native.text() == "1"
    assert told == []
    qtbot.keyClicks(form.n_colors.native, "6")
    assert form.is_typing
    qtbot.keyClick(form.n_colors.native, Qt.Key.Key_Return)
    assert not form.is_typing
    assert told == [16]


def test_a_number_that_is_not_entered_counts_when_it_is_asked_for(form, type_in):
    type_in(form.n_colors, "500")
    assert form.parameters.n_colors == 500
    assert not form.is_typing


def test_a_sample_that_is_too_small_is_said(form):
    form.n_samples.value = 10
    with pytest.raises(ValueError, match="n_samples is 10, fewer than the 64 colors"):
        _ = form.parameters


def test_only_images_are_offered(tiny):
    viewer = ViewerModel()
    first = viewer.add_image(tiny, rgb=True)
    viewer.add_labels(tiny[..., 0])
    last = viewer.add_image(tiny, rgb=True)
    assert image_layers(viewer) == [first, last]
