"""Presets: what each of them sets, in a session and in the form."""

from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Parameters
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.parameters_form import ParametersForm

MAP = "map"
NO_LIMIT_SET = (
    "\nThe preset leaves out what is over 40 of 255 in images of 8 bits alone: set "
    "Leave out yourself."
)
SAID = {
    "photo": (
        Parameters(n_colors=64),
        "Colors: 64 · Compare in: Channel values · Rare colors: not favored · "
        "Leave out: nothing",
    ),
    "he": (
        Parameters(n_colors=6, color_space="hed", balance=0.25),
        "Colors: 6 · Compare in: Stains (H, E, DAB) · Rare colors: favored 0.25 · "
        "Leave out: nothing",
    ),
    "ihc": (
        Parameters(n_colors=8, color_space="lab", balance=0.25),
        "Colors: 8 · Compare in: CIELAB · Rare colors: favored 0.25 · "
        "Leave out: nothing",
    ),
    "fluorescence": (
        Parameters(n_colors=8),
        "Colors: 8 · Compare in: Channel values · Rare colors: not favored · "
        "Leave out: nothing",
    ),
    MAP: (
        Parameters(n_colors=12, max_distance=40),
        "Colors: 12 · Compare in: Channel values · Rare colors: not favored · "
        "Leave out: over 40 of 255",
    ),
}


@pytest.fixture
def open_session(viewer_model):
    """Open a session on a picture of some dtype."""
    opened = []

    def open_it(dtype, **options):
        picture = np.arange(24).reshape(2, 4, 3).astype(dtype)
        viewer_model.add_image(picture, name="picture", **options)
        opened.append(Session(viewer_model))
        return opened[-1]

    yield open_it
    for session in opened:
        session.close()


@pytest.mark.parametrize(
    "before", [DEFAULTS, Parameters(n_colors=300, weights=(1, 2, 3))]
)
@pytest.mark.parametrize("name", SAID)
def test_a_preset_sets_what_it_says(open_session, name, before):
    assert list(SAID) == list(PRESETS)
    session = open_session("uint8", rgb=True)
    session.parameters = before
    session.choose_preset(name)
    parameters, words = SAID[name]
    assert session.parameters == parameters
    assert session.choices.preset == name
    assert session.message == f"{PRESETS[name].title} is set. {words}"


def test_a_preset_leaves_the_rest_and_ends_a_target(open_session):
    session = open_session("uint8", rgb=True)
    session.choose(method="wu", refine=False, n_samples=99, random_state=7, aim="psnr")
    session.choose_preset("ihc")
    assert session.parameters == Parameters(
        n_colors=8,
        color_space="lab",
        balance=0.25,
        method="wu",
        refine=False,
        n_samples=99,
        random_state=7,
    )


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_limit_of_8_bits_is_set_in_no_other_units_and_that_is_said(
    open_session, dtype
):
    session = open_session(dtype, rgb=True)
    session.choose_preset(MAP)
    assert session.parameters == Parameters(n_colors=12)
    assert session.choices.preset == MAP
    assert session.message == (
        "Map or chart is set. Colors: 12 · Compare in: Channel values · "
        f"Rare colors: not favored · Leave out: nothing{NO_LIMIT_SET}"
    )


def test_without_an_image_there_is_no_limit_either(viewer_model):
    session = Session(viewer_model)
    session.choose_preset(MAP)
    assert session.choices.max_distance is None
    assert session.message.endswith(NO_LIMIT_SET)
    session.close()


def test_of_grey_pictures_no_space_is_told(open_session):
    session = open_session("uint8", rgb=False)
    session.choose_preset("he")
    assert session.parameters == Parameters(n_colors=6, balance=0.25)
    assert session.message == (
        "H&E is set. Colors: 6 · Rare colors: favored 0.25 · Leave out: nothing"
    )


def test_the_form_sets_a_preset_and_shows_which_is_chosen(qtbot, open_session):
    session = open_session("uint8", rgb=True)
    form = ParametersForm(session)
    for part in (form.basic, form.more):
        qtbot.addWidget(part.native)
    assert form.preset.native.currentText() == "own choices"
    form.preset.value = "photo"  # what is set at first
    assert session.message.startswith("Photo is set. Colors: 64")
    assert form.preset.choices == tuple(PRESETS)
    session.choose(n_colors=8)  # as Fluorescence has it, but chosen by hand
    assert form.preset.value is None
    assert form.preset.choices == (*PRESETS, None)
    form.preset.value = MAP
    assert session.parameters == SAID[MAP][0]
    shown = (form.n_colors, form.color_space, form.balance, form.max_distance)
    assert [box.value for box in shown] == [12, "rgb", 0, 40]
    form.balance.value = 0.5
    assert form.preset.value is None
    assert form.preset.native.currentText() == "own choices"
    assert session.parameters == Parameters(n_colors=12, max_distance=40, balance=0.5)
    form.preset.value = "fluorescence"
    assert session.parameters == SAID["fluorescence"][0]
    assert form.preset.choices == tuple(PRESETS)
