"""What is too far from every color is left out by a session, too."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_colorquant import (
    Merge,
    Palette,
    Remove,
    apply_palette,
    edit,
    measure_quality,
    quantize,
    quantize_channels,
    quantize_layer,
    quantize_layers,
)
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.files.record import check_record, load_record, save_record
from napari_colorquant.viewer.layers.metadata import METADATA_KEY
from napari_colorquant.viewer.session.choices.settings import default_parameters
from napari_colorquant.viewer.session.session import Session
from old_napari import needs_settings

NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
LEGEND = Palette(
    [[20, 20, 20], [200, 30, 30], [40, 160, 60], [220, 220, 210]], units="uint8"
)


@pytest.fixture
def session(viewer_model):
    viewer_model.add_image(NOISE, name="noise", rgb=True)
    session = Session(viewer_model)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def applied(session):
    """The session with a result of the legend, within 120."""
    session.opening.offer_palette(LEGEND, "legend")
    session.choose(max_distance=120.0)
    assert session.apply_palette() == ""
    return session


def line(session):
    return session.message.replace("\u00a0", " ")


def shown(session):
    picture, labels = session.editor.result.layers
    return np.asarray(picture.data), np.asarray(labels.data)


def test_the_share_is_shown_at_every_change_while_live(session):
    session.events.preview_wanted.connect(session.update_preview)
    session.choose_live(True)
    assert "left out" not in line(session)
    for farthest in (40.0, 60.0):
        session.choose(max_distance=farthest)
        expected = quantize(NOISE, 4, max_distance=farthest)
        assert f" · {expected.report.left_out} · " in line(session)
        np.testing.assert_array_equal(shown(session)[1], expected.labels)
    session.choose_live(False)  # the full result
    np.testing.assert_array_equal(shown(session)[0], expected.image)
    assert session.editor.result.record["parameters"]["max_distance"] == 60.0


def test_a_palette_is_applied_within_the_limit(applied):
    expected = apply_palette(NOISE, LEGEND, max_distance=120)
    picture, labels = shown(applied)
    np.testing.assert_array_equal(labels, expected.labels)
    np.testing.assert_array_equal(picture, expected.image)
    assert expected.report.left_out in line(applied)
    assert "max_distance=120.0" in applied.saving.script()


def test_a_limit_of_another_space_than_the_palettes_is_refused(session, notifications):
    session.opening.offer_palette(Palette(LEGEND.colors, color_space="lab"), "legend")
    session.choose(max_distance=40.0)
    sentence = (
        "The palette of 'legend' is compared in 'CIELAB', and pixels are left out by a "
        "distance in 'Channel values': choose the palette's at 'Compare in', or leave "
        "out nothing."
    )
    assert session.apply_palette() == sentence
    session.choose(color_space="lab", max_distance=30.0)
    assert session.apply_palette() == ""
    palette = Palette(LEGEND.colors, color_space="lab")
    expected = apply_palette(NOISE, palette, max_distance=30)
    np.testing.assert_array_equal(shown(session)[1], expected.labels)


@pytest.mark.parametrize("lazily", [False, True])
def test_removing_leaves_out_what_is_too_far_from_the_others(
    viewer_model, session, lazily
):
    if lazily:
        lazy = da.from_array(NOISE, chunks=(20, 20, 3))
        source = viewer_model.add_image(lazy, name="lazy", rgb=True)
        session.target.choose(image=source)
    session.opening.offer_palette(LEGEND, "legend")
    session.choose(max_distance=120.0)
    session.apply_palette()
    first = apply_palette(NOISE, LEGEND, max_distance=120)
    assert session.editor.edit(Remove([1])) == ""
    expected = edit(first, NOISE, Remove([1]))
    assert (expected.labels == 0).sum() > (first.labels == 0).sum()
    np.testing.assert_array_equal(shown(session)[1], expected.labels)
    np.testing.assert_array_equal(shown(session)[0], expected.image)
    session.editor.undo()
    np.testing.assert_array_equal(shown(session)[1], first.labels)
    np.testing.assert_array_equal(shown(session)[0], first.image)
    session.editor.edit(Merge([0, 1]))
    np.testing.assert_array_equal(shown(session)[1] == 0, first.labels == 0)


def test_removing_is_refused_where_channels_are_shown_together(
    viewer_model, session, notifications
):
    source = viewer_model.add_image(NOISE[..., :2], name="two", rgb=False)
    session.target.choose(image=source, channel_axis=2)
    session.choose(max_distance=40.0)
    session.quantize()
    assert "where channels are shown together" in session.editor.edit(Remove([1]))


def test_layers_are_quantized_within_a_limit(viewer_model):
    layers = [
        viewer_model.add_image(NOISE[..., i], name=name, contrast_limits=(0, 255))
        for i, name in enumerate("ab")
    ]
    picture, labels = quantize_layers(layers, 4, max_distance=0.1)
    arrays = [layer.data for layer in layers]
    how = {"scaling": [(0, 255)] * 2, "max_distance": 0.1}
    expected = quantize_channels(arrays, 4, **how)
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert 0 < expected.report.n_unassigned < 2000
    free, _ = quantize_layers(layers, 4, max_distance=9.0)
    near = labels.data > 0
    np.testing.assert_array_equal(picture.data[near], free.data[near])
    _, alone = quantize_layer(layers[0], 4, max_distance=10)
    expected = quantize(arrays[0], 4, channel_axis=None, max_distance=10)
    np.testing.assert_array_equal(alone.data, expected.labels)
    assert 0 < (alone.data == 0).mean() < 1


def test_the_quality_is_that_of_the_quantized_pixels(applied):
    assert applied.measure() == ""
    picture, labels = shown(applied)
    expected = measure_quality(NOISE, picture, mask=labels > 0)
    assert applied.quality.quality.mse == expected.mse


def test_a_distance_holds_for_one_unit(viewer_model, session):
    for changes in ({"color_space": "lab"}, {"color_space": "rgb"}):
        session.choose(max_distance=40.0)
        session.choose(**changes)
        assert session.choices.max_distance is None
    session.choose(max_distance=40.0, color_space="lab")
    assert session.choices.max_distance == 40.0
    source = viewer_model.add_image(NOISE.astype(np.uint16), name="16 bits", rgb=True)
    session.target.choose(image=viewer_model.layers["noise"])
    session.choose(max_distance=40.0, color_space="rgb")
    assert session.choices.max_distance == 40.0
    session.target.choose(image=source)
    assert session.choices.max_distance is None
    assert session.choices.distances.unit == ""
    session.choose(max_distance=40.0)
    session.target.choose(image=viewer_model.layers["noise"])
    assert session.choices.max_distance is None
    assert session.choices.distances.unit == "of 255"


@needs_settings
def test_it_is_not_remembered(session):
    session.choose(max_distance=60.0)
    session.quantize()
    assert default_parameters().max_distance is None
    assert default_parameters().n_colors == 4
    session.reset_parameters()
    assert session.parameters == DEFAULTS


def test_records_keep_it(applied, tmp_path):
    record = applied.editor.result.layers[0].metadata[METADATA_KEY]
    save_record(record, tmp_path / "a.json")
    again = load_record(tmp_path / "a.json")
    assert again["report"]["max_distance"] == 120.0
    assert again["report"]["n_unassigned"] == (shown(applied)[1] == 0).sum()
    again["report"]["max_distance"] = -1.0
    with pytest.raises(ValueError, match=r"report\.max_distance is -1\.0"):
        check_record(again)
