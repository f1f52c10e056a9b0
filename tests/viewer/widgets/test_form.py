"""The controls of the parameters, without a viewer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_colorquant import Parameters
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.session.choices.settings import parameters_of
from napari_colorquant.viewer.session.notify import WINDOW
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.parameters_form import ParametersForm

OTHER = Parameters(
    n_colors=300,
    method="wu",
    color_space="lab",
    weights=(0.5, 1, 2),
    balance=0.33,
    refine=False,
    n_samples=None,
    max_distance=12.5,
    random_state=7,
)
BY_PSNR = Parameters(n_colors="auto", target_psnr=28.5)
BY_DELTA_E = Parameters(n_colors="auto", target_delta_e=3.5)


@pytest.fixture
def session():
    return Session(ViewerModel())


def said(form):
    """Return what the controls say."""
    form.enter()
    names = ("aim", "n_colors", "method", "color_space", "weights", "balance")
    more = ("max_distance", "refine", "n_samples", "random_state")
    return parameters_of(
        {name: getattr(form, name).value for name in (*names, *more)}
        | dict.fromkeys(("target_psnr", "target_delta_e"), form.target.value)
        | {"background": ""}  # without an image it has no control
    )


@pytest.fixture
def form(qtbot, session):
    form = ParametersForm(session)
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
def test_it_says_what_it_is_told_whatever_it_said_before(
    form, session, before, parameters
):
    session.parameters = before
    session.parameters = parameters
    assert said(form) == session.parameters == parameters
    by_number = parameters.n_colors != "auto"
    assert form.slider.native.isVisible() is by_number
    assert form.target.native.isVisible() is not by_number


def test_slider_and_box_are_told_the_same(form, session):
    assert (form.n_colors.value, form.slider.value) == (64, 64)
    session.parameters = OTHER
    assert (form.n_colors.value, form.slider.value) == (300, 256)
    session.parameters = DEFAULTS
    assert (form.n_colors.value, form.slider.value) == (64, 64)


def test_a_number_of_colors_ends_another_aim(form, session):
    session.parameters = BY_PSNR
    session.choose(aim="number", n_colors=12)
    assert said(form) == session.parameters == Parameters(n_colors=12)


def test_every_control_says_that_it_changed(form, session):
    told = []
    session.events.parameters.connect(lambda: told.append(session.parameters))
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


def test_a_target_says_that_it_changed(form, session):
    told = []
    session.events.parameters.connect(lambda: told.append(session.parameters))
    form.aim.value = "psnr"
    assert form.aim.current_choice == "PSNR (dB)"
    form.target.value = 30.0
    assert told[0] == Parameters(n_colors="auto", target_psnr=35.0)
    assert told[-1] == Parameters(n_colors="auto", target_psnr=30.0)


def test_a_number_that_is_typed_is_not_corrected_before_it_is_entered(
    form, session, type_in, qtbot
):
    told = []
    events = session.events
    events.parameters.connect(lambda: told.append(session.choices.now["n_colors"]))
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


def test_a_number_that_is_not_entered_counts_when_it_is_asked_for(
    form, session, type_in
):
    type_in(form.n_colors, "500")
    form.enter()
    assert session.parameters.n_colors == 500
    assert not form.is_typing


def test_a_sample_that_is_too_small_is_said(form, session):
    form.n_samples.value = 10
    with pytest.raises(ValueError, match="n_samples is 10, fewer than the 64 colors"):
        _ = session.parameters


def test_only_images_are_offered(tiny):
    viewer = ViewerModel()
    first = viewer.add_image(tiny, rgb=True)
    viewer.add_labels(tiny[..., 0])
    last = viewer.add_image(tiny, rgb=True)
    assert Session(viewer).target.images() == [first, last]


def test_a_distance_is_typed_over_its_word_and_says_its_unit(form, session, type_in):
    session.viewer.add_image(np.zeros((9, 9, 3), np.uint8), name="tiny", rgb=True)
    box = form.max_distance.native
    form.more.show()
    assert box.text() == "nothing"
    type_in(form.max_distance, "40")
    assert (form.is_typing, session.choices.max_distance) == (True, None)
    form.enter()
    assert (form.is_typing, session.choices.max_distance) == (False, 40.0)
    assert box.text() == "over 40.0 of 255"
    assert form.max_distance.tooltip.endswith("0 to 255.")
    form.color_space.value = "lab"  # 40 would be another distance there
    assert (box.text(), session.choices.max_distance) == ("nothing", None)
    form.max_distance.value = 7.5
    assert box.text() == "over 7.5 ΔE"
    assert "ΔE76" in form.max_distance.tooltip
    box.lineEdit().clear()
    form.enter()
    assert (box.text(), session.choices.max_distance) == ("nothing", None)


def test_weights_are_chosen_once_they_are_entered(form, session, type_in, qtbot):
    session.choose(color_space="lab")
    type_in(form.weights, "0.5, 1")
    assert form.is_typing
    assert session.parameters.weights is None
    qtbot.keyClicks(form.weights.native, ", 2")
    qtbot.keyClick(form.weights.native, Qt.Key.Key_Return)
    assert not form.is_typing
    assert session.parameters.weights == (0.5, 1, 2)
    type_in(form.weights, "1 1 3")
    form.enter()
    assert session.parameters.weights == (1, 1, 3)
    form.color_space.value = "ab"  # which has two channels
    assert form.weights.value == ""
    assert session.parameters == Parameters(color_space="ab")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1, x", "the weights '1, x' are no numbers with commas between them."),
        (
            "1, 2",
            "Weights hold 2 numbers: pass 3, one for each channel of lab, L*, a*, b*.",
        ),
    ],
)
def test_wrong_weights_are_said_in_the_windows_words(form, session, text, sentence):
    session.choose(color_space="lab", weights=text)
    with pytest.raises(ValueError, match="weights") as info:
        _ = session.parameters
    assert sentence_of(info.value, WINDOW) == sentence


def test_rare_colors_are_favored_by_a_slider(form, session):
    assert form.balance_note.value == "not favored"
    form.balance.value = 0.35
    assert session.parameters == Parameters(balance=0.35)
    assert form.balance_note.value == "favored 0.35"
    session.reset_parameters()
    assert (form.balance.value, form.balance_note.value) == (0.0, "not favored")


@pytest.mark.parametrize(
    ("space", "distance", "text"),
    [("rgb", 40, "over 40.0 of 255"), ("lab", 12.5, "over 12.5 ΔE")]
    + [(space, 0.25, "over 0.25") for space in ("oklab", "hed", "stains")],
)
def test_a_distance_has_the_digits_of_its_step(form, session, space, distance, text):
    session.choose(color_space=space, max_distance=distance)
    assert form.max_distance.native.text() == text


def test_weights_are_of_light(form, session, tiny):
    session.choose(color_space="lab", weights="1, 2, 3", balance=0.5)
    session.viewer.add_image(tiny[..., 0])
    assert session.parameters == Parameters(balance=0.5)
    assert not form.weights.enabled
    assert form.balance.enabled
