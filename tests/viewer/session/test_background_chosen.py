"""The background of channels, chosen in a session without a window."""

from __future__ import annotations

import re

import numpy as np
import pytest
from napari.layers import Image

from cultures import HIGHEST, culture
from napari_colorquant import Palette, quantize_layer, quantize_layers
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.session.choices.settings import default_parameters
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.session import Session

CHANNELS, KIND = culture()
GROUND = KIND == 0
EMPTY = GROUND & (np.arange(192) < 60)
TYPED = ", ".join(map(str, HIGHEST))


@pytest.fixture
def session(viewer_model):
    """A session that takes the three channels of a culture together."""
    layers = [
        viewer_model.add_image(one, name=name, contrast_limits=(100, 1000))
        for one, name in zip(CHANNELS, "abc", strict=True)
    ]
    viewer_model.add_labels(EMPTY.astype(int), name="no cells")
    session = Session(viewer_model)
    viewer_model.layers.selection = set(layers)
    session.choose(n_colors=6)
    yield session
    session.close()


def palette_of(session):
    return session.editor.result.palette


def channels(session):
    return list(session.target.now.channels)


@pytest.mark.parametrize("chosen", ["otsu", TYPED, "no cells"])
def test_it_is_what_a_script_has(session, viewer_model, chosen):
    region = viewer_model.layers["no cells"]
    session.choose_background(region if chosen == "no cells" else chosen)
    assert session.quantize() == ""
    given = {"otsu": "otsu", TYPED: HIGHEST, "no cells": region}[chosen]
    _, labels = quantize_layers(channels(session), 6, background=given)
    shown = session.editor.result.labels
    np.testing.assert_array_equal(shown.data, labels.data)
    assert len(np.unique(shown.data[GROUND])) == 1
    expected = labels.metadata[KEY]["palette"]
    assert session.editor.result.record["palette"] == expected
    found = ", ".join(f"{one:g}" for one in expected["background"])
    said = session.message.replace("\u00a0", " ")
    assert said.endswith(f" · background up to {found}")


def test_the_record_and_its_script_repeat_a_region(session, viewer_model):
    session.choose_background(viewer_model.layers["no cells"])
    session.quantize()
    record = session.editor.result.record
    limits = [*palette_of(session).background]
    assert record["parameters"]["background"] == limits
    text = " ".join(script_of(record).split())
    call = re.search(r"= quantize_layers\((.*?),? ?\) ", text)[1]
    given = eval(f"dict({call.strip().removeprefix('layers, ')})", {})
    _, again = quantize_layers(channels(session), **given)
    np.testing.assert_array_equal(again.data, session.editor.result.labels.data)


def test_a_live_result_has_the_limits_of_the_whole_image(viewer_model):
    tiled = [np.tile(one, (8, 8)) for one in CHANNELS]  # over a megapixel
    layer = viewer_model.add_image(np.stack(tiled), axis_labels=("c", "y", "x"))
    empty = np.zeros(tiled[0].shape, int)
    empty[1:8, 1:8] = 1  # which a coarser view has little of
    region = viewer_model.add_labels(empty, name="no cells")
    session = Session(viewer_model)
    viewer_model.layers.selection = {layer}
    session.target.choose(image=layer, channel_axis=0)
    session.choose(n_colors=6)
    session.choose_background(region)
    session.choose_live(True)
    session.update_preview()
    live = palette_of(session).background
    assert session.editor.result.labels.data.size < empty.size
    session.choose_live(False)
    session.update_preview()
    assert session.editor.result.labels.data.size == empty.size
    assert palette_of(session).background == live
    _, labels = quantize_layer(layer, 6, channel_axis=0, background=region)
    np.testing.assert_array_equal(session.editor.result.labels.data, labels.data)
    session.close()


def test_painting_the_region_is_shown_live(session, viewer_model):
    region = viewer_model.layers["no cells"]
    session.choose_background(region)
    wanted = []
    session.events.preview_wanted.connect(lambda: wanted.append(1))
    session.choose_live(True)
    wanted.clear()
    region.paint((100, 100), 1)
    assert wanted


def test_a_curve_and_a_comparison_have_it_too(session, viewer_model):
    stack = viewer_model.add_image(np.stack(CHANNELS), axis_labels=("c", "y", "x"))
    session.target.choose(image=stack, channels=(), channel_axis=0)
    session.choose(n_colors=6)
    session.choose_background(viewer_model.layers["no cells"])
    assert session.find_elbow() == ""
    first, limits = session.curve.points, session.quantize() or palette_of(session)
    session.choose_background(", ".join(f"{one:g}" for one in limits.background))
    session.find_elbow()
    assert session.curve.points == first
    session.choose_background("")
    session.find_elbow()
    assert session.curve.points != first

    session.choose_background(viewer_model.layers["no cells"])
    before = len(viewer_model.layers)
    assert session.compare_methods() == ""
    *made, _original = list(viewer_model.layers)[before:]
    assert len(made) == 3
    for layer in made:
        palette = Palette.from_dict(layer.metadata[KEY]["palette"])
        assert palette.background == limits.background


def test_slices_share_the_limits_of_a_region(viewer_model):
    movie = np.stack([CHANNELS[0], CHANNELS[0] + 5])
    layer = viewer_model.add_image(movie, axis_labels=("t", "y", "x"))
    region = viewer_model.add_labels(EMPTY.astype(int))
    session = Session(viewer_model)
    session.target.choose(image=layer, slices=0)
    session.choose(n_colors=4)
    session.choose_background(region)
    session.quantize()
    _, labels = quantize_layer(layer, 4, slice_axis=0, background=region)
    np.testing.assert_array_equal(session.editor.result.labels.data, labels.data)
    (limit,) = palette_of(session).background
    assert np.quantile(CHANNELS[0][EMPTY], 0.99) <= limit <= movie.max()
    session.close()


def test_a_palette_is_applied_with_its_own_limits_also_to_many(session, viewer_model):
    first, second = channels(session)[:2]
    viewer_model.layers.selection = {first}
    session.choose_background("400")
    session.quantize()
    palette = palette_of(session)
    session.choose_background("")  # which is of what is learned next
    viewer_model.layers.selection = {second}
    assert session.apply_palette() == ""
    assert palette_of(session).background == (400.0,)
    ground = session.editor.result.labels.data[CHANNELS[1] <= 400]
    assert len(np.unique(ground)) == 1
    assert session.message.replace("\u00a0", " ").endswith(" · background up to 400")

    session.opening.offer_palette(palette.uncounted(), "of a")
    viewer_model.layers.selection = {first, second}
    before = len(viewer_model.layers)
    assert session.batch.apply_to_layers(of_all=False) == ""
    made = list(viewer_model.layers)[before:]
    for channel, labels in zip(CHANNELS, made[1::2], strict=False):
        assert len(np.unique(labels.data[channel <= 400])) == 1
        kept = Palette.from_dict(labels.metadata[KEY]["palette"])
        assert kept.background == (400.0,)


def test_rgb_has_none_and_the_choice_comes_back_with_the_channels(
    session, viewer_model
):
    layers = channels(session)
    rgb = viewer_model.add_image(np.zeros((192, 192, 3), np.uint8), rgb=True)
    for chosen in ("otsu", viewer_model.layers["no cells"]):
        viewer_model.layers.selection = set(layers)
        session.choose_background(chosen)
        viewer_model.layers.selection = {rgb}
        assert session.parameters.background is None
        assert session.target.target(None).empty is None
        assert session.choices.background_words == ""
        viewer_model.layers.selection = set(layers)
        assert session.choices.background_words.startswith("background")


def test_limits_are_left_with_the_dtype_they_are_of(session, viewer_model):
    viewer_model.add_image(CHANNELS[0].astype(np.float32), name="float")
    viewer_model.layers.selection = {viewer_model.layers["a"]}
    session.choose_background("400")
    viewer_model.layers.selection = {viewer_model.layers["b"]}
    assert session.choices.background == "400"
    viewer_model.layers.selection = {viewer_model.layers["float"]}
    assert session.choices.background == ""
    session.choose_background("otsu")
    viewer_model.layers.selection = {viewer_model.layers["b"]}
    assert session.choices.background == "otsu"


def test_it_ends_with_the_defaults_and_with_its_layer(session, viewer_model):
    region = viewer_model.layers["no cells"]
    session.choose_background(region)
    assert session.choices.background_words == "background in no cells"
    session.reset_parameters()
    assert session.target.now.empty is None
    session.choose_background("otsu")
    assert session.parameters.background == "otsu"
    session.reset_parameters()
    assert session.parameters == DEFAULTS
    session.choose_background(region)
    viewer_model.layers.remove(region)
    assert session.target.now.empty is None
    assert session.choices.background_words == ""


def test_parameters_that_are_set_hide_behind_no_region(session, viewer_model):
    session.choose_background(viewer_model.layers["no cells"])
    asked = Parameters(n_colors=6, background=(1, 2.5, 3))
    session.parameters = asked
    assert session.parameters == asked
    assert session.choices.background == "1, 2.5, 3"


def test_a_region_elsewhere_is_dropped_and_that_is_said(session, viewer_model):
    away = viewer_model.add_labels(np.ones((9, 9), int), name="away")
    away.translate = (900, 900)
    viewer_model.add_image(CHANNELS[0], name="there", translate=(900, 900))
    session.choose_background(away)
    viewer_model.layers.selection = {viewer_model.layers["a"]}
    assert session.target.now.empty is None
    assert session.message.endswith(
        "'away' lies outside 'a': Background is 'None' again."
    )


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        (
            "1, 2",
            "Background holds 2 numbers, and the image has 3 channels: choose one "
            "number, or one for each channel.",
        ),
        (
            "1, x",
            "The limits of the background '1, x' are no numbers with commas between "
            "them.",
        ),
        (
            "no cells",
            "The region 'no cells' covers no pixel of 'a + b + c': choose one that "
            "lies where it is empty.",
        ),
    ],
)
def test_what_cannot_be_is_refused(session, viewer_model, chosen, said):
    region = viewer_model.layers["no cells"]
    region.data = np.zeros_like(region.data)
    session.choose_background(region if chosen == "no cells" else chosen)
    before = list(viewer_model.layers)
    session.quantize()
    assert session.message.removeprefix("Failed: ") == said
    assert list(viewer_model.layers) == before


def test_it_is_not_remembered_and_no_preset_sets_it(session, viewer_model):
    session.choose_background("otsu")
    session.choose_preset("fluorescence")
    assert session.choices.preset == "fluorescence"
    assert session.parameters.background == "otsu"
    assert session.quantize() == ""
    assert default_parameters().background is None
    another = Session(viewer_model)
    assert another.parameters.background is None
    another.close()


def test_limits_of_many_channels_are_told_by_their_ends(viewer_model):
    random = np.random.default_rng(0)
    bands = random.integers(0, 9, (8, 20, 20)).astype(np.float32)
    layer = viewer_model.add_layer(Image(bands, axis_labels=("band", "y", "x")))
    session = Session(viewer_model)
    session.target.choose(image=layer, channel_axis=0)
    session.choose(n_colors=3)
    session.choose_background("1, 2, 3, 4, 5, 6, 7, 1234.5")
    assert session.quantize() == ""
    said = session.message.replace("\u00a0", " ")
    assert said.endswith(" · background up to 1 to 1234, in 8 channels")
    session.close()
