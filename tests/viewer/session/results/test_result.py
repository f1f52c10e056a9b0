"""Results and their layers, edited together, without a window."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_colorquant import quantize
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import (
    Classify,
    Clean,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
    edit_from_dict,
)
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quantization.edit import edit as edit_quantization
from napari_colorquant.viewer.session.results.result import (
    Painted,
    Result,
    palette_alone,
)
from old_napari import needs_painting
from results import KEY, do, quantized, result_of

BLACK, RED, GREEN, WHITE = [0, 0, 0], [200, 0, 0], [0, 210, 0], [255, 255, 255]
LABELS = np.array([[1, 2, 2, 3], [3, 3, 4, 4], [4, 4, 4, 4]])
SHOWN, HIDDEN = [0, 0, 0, 0], pytest.approx([0, 0, 0, 0.85])


def hexes(labels):
    return labels.features["hex"].tolist()


def drawn(result):
    """Return what the picture should show of its labels."""
    colors = np.vstack([[0, 0, 0], result.palette.drawn(np.uint8)])
    return colors[result.labels.data]


@pytest.fixture
def result(tiny):
    viewer, _, picture, _ = quantized(tiny)
    return result_of(viewer, picture)


# ------------------------------------------------------------ edits
def test_making_a_result_changes_nothing(tiny):
    _, source, picture, labels = quantized(tiny)
    before = [picture.data.copy(), labels.data.copy(), deepcopy(picture.metadata)]
    result = Result(picture.metadata[KEY], picture, labels, source)
    np.testing.assert_array_equal(picture.data, before[0])
    np.testing.assert_array_equal(labels.data, before[1])
    assert picture.metadata == before[2]
    assert result.next_undo is None
    assert result.next_redo is None
    assert result.name == "tiny (4 colors)"


def test_a_merge_shows_in_all_that_shows_the_palette(result):
    told = []
    result.changed.connect(lambda: told.append(result.palette.colors.tolist()))
    do(result, Merge([1, 2]))
    mean = [80, 126, 0]  # of two and three pixels
    assert result.palette.colors.tolist() == [BLACK, mean, WHITE]
    assert told == [[BLACK, mean, WHITE]]
    expected = [[1, 2, 2, 2], [2, 2, 3, 3], [3, 3, 3, 3]]
    assert result.labels.data.tolist() == expected
    np.testing.assert_array_equal(result.picture.data, drawn(result))
    assert result.picture.data[0, 1].tolist() == mean
    assert hexes(result.labels) == ["#000000", "#507e00", "#ffffff"]
    assert result.labels.features["pixels"].tolist() == [1, 5, 6]
    shown = result.labels.get_color(2).tolist()
    assert shown == pytest.approx([80 / 255, 126 / 255, 0, 1])
    assert result.picture.name == "tiny (3 colors)"
    assert result.labels.name == "tiny (3 colors) labels"


def test_the_metadata_of_both_layers_follow(result):
    result.picture.metadata = {**result.picture.metadata, "own": 1}
    do(result, Merge([1, 2], into_first=True))
    do(result, Rename(1, "grass"))
    record = result.labels.metadata[KEY]
    assert result.picture.metadata == {KEY: record, "own": 1}
    assert record["palette"] == result.palette.as_dict()
    assert record["palette"]["names"] == ["", "grass", ""]
    assert [edit_from_dict(one) for one in record["edits"]] == [
        Merge([1, 2], into_first=True),
        Rename(1, "grass"),
    ]
    assert not record["painted"]


def test_the_record_repeats_the_edits(result, tiny):
    edits = [Merge([1, 2]), Remove([0]), Recolor(0, (1, 2, 3)), Sort("population")]
    for one in edits:
        do(result, one)
    again = edit_quantization(
        quantize(tiny, 4),
        tiny,
        [edit_from_dict(one) for one in result.record["edits"]],
    )
    np.testing.assert_array_equal(again.image, result.picture.data)
    np.testing.assert_array_equal(again.labels, result.labels.data)
    assert again.palette.as_dict() == result.palette.as_dict()


def test_edits_of_another_session_come_first(result, tiny):
    do(result, Merge([1, 2]))
    again = Result(result.record, result.picture, result.labels, result.source)
    do(again, Rename(0, "shade"))
    edits = [edit_from_dict(one) for one in again.record["edits"]]
    assert edits == [Merge([1, 2]), Rename(0, "shade")]
    again.undo()
    assert again.next_undo is None  # the merge is before its time
    assert again.record["edits"] == result.record["edits"]


def test_a_removed_entrys_pixels_go_to_the_nearest(result):
    do(result, Remove([1]))  # red is nearest to black
    expected = [[1, 1, 1, 2], [2, 2, 3, 3], [3, 3, 3, 3]]
    assert result.labels.data.tolist() == expected
    np.testing.assert_array_equal(result.picture.data, drawn(result))
    assert result.palette.counts.tolist() == [3, 3, 6]


def test_a_color_a_name_and_a_lock_leave_the_labels(result):
    before = result.labels.data
    for edit in (
        Recolor(3, (9, 8, 7)),
        Rename(3, "sky"),
        Classify([0, 3], "blue"),
        Lock([3]),
    ):
        do(result, edit)
    assert result.labels.data is before
    assert before.tolist() == LABELS.tolist()
    np.testing.assert_array_equal(result.picture.data, drawn(result))
    assert result.picture.data[2, 3].tolist() == [9, 8, 7]
    assert result.labels.features["name"].tolist() == ["", "", "", "sky"]
    assert hexes(result.labels)[3] == "#090807"
    assert result.palette.locked == (3,)


def test_the_source_is_left_alone(result, tiny):
    for edit in (Merge([1, 2]), Recolor(0, (9, 9, 9)), Remove([0])):
        do(result, edit)
    np.testing.assert_array_equal(result.source.data, tiny)
    assert result.source.name == "tiny"
    assert result.source.metadata == {}


def test_what_cannot_be_done_changes_nothing(result):
    do(result, Lock([1]))
    before = result.record
    for edit in (Merge([1, 2]), Remove([1]), Recolor(1, (1, 1, 1)), Remove([9])):
        with pytest.raises(ValueError, match=r"locked|no entry"):
            result.edited(edit)(Monitor())
    assert result.record == before
    np.testing.assert_array_equal(result.picture.data, drawn(result))


def test_a_read_only_picture_is_replaced(tiny):
    _, source, picture, labels = quantized(tiny)
    data = picture.data.copy()
    data.flags.writeable = False
    picture.data = data
    result = Result(picture.metadata[KEY], picture, labels, source)
    do(result, Recolor(0, (9, 9, 9)))
    assert data[0, 0].tolist() == BLACK
    assert picture.data[0, 0].tolist() == [9, 9, 9]


def test_labels_grow_to_two_bytes_and_back():
    ramp = np.arange(300 * 3, dtype=np.uint16).reshape(20, 15, 3)
    viewer, _, picture, labels = quantized(ramp, 256)
    result = result_of(viewer, picture)
    assert labels.data.dtype == np.uint16
    before = labels.data.copy()
    do(result, Merge([0, 1]))
    assert labels.data.dtype == np.uint8
    assert labels.data.max() == 255
    result.undo()
    assert labels.data.dtype == np.uint16
    np.testing.assert_array_equal(labels.data, before)


EDITS = st.one_of(
    st.builds(Recolor, st.integers(0, 3), st.just((10.0, 20.0, 30.0))),
    st.builds(
        Merge, st.lists(st.integers(0, 3), min_size=2, unique=True), st.booleans()
    ),
    st.builds(Remove, st.lists(st.integers(0, 3), min_size=1, unique=True)),
    st.builds(Rename, st.integers(0, 3), st.sampled_from(["", "a", "b"])),
    st.builds(
        Classify, st.lists(st.integers(0, 3), min_size=1), st.sampled_from(["", "x"])
    ),
    st.builds(Lock, st.lists(st.integers(0, 3), min_size=1), st.booleans()),
    st.builds(Sort, st.sampled_from(["lightness", "hue", "population"])),
    st.builds(Clean, st.integers(0, 2), st.integers(0, 4)),
)


def state(result):
    return (
        result.picture.data.tolist(),
        result.labels.data.tolist(),
        result.labels.features.values.tolist(),
        result.labels.colormap.color_dict[1].tolist(),
        result.picture.name,
        {**result.record, "edits": result.record.get("edits", [])},
    )


# ------------------------------------------------------------ undo
@settings(max_examples=25)
@given(edits=st.lists(EDITS, max_size=6))
def test_all_edits_are_undone_and_done_again(edits):
    row = [BLACK] + 2 * [RED] + 3 * [GREEN] + 6 * [WHITE]
    tiny = np.array(row, np.uint8).reshape(3, 4, 3)
    viewer, _, picture, _ = quantized(tiny)
    result = result_of(viewer, picture)
    states, done = [state(result)], []
    for edit in edits:
        try:
            do(result, edit)
        except ValueError:
            continue
        done.append(edit)
        states.append(state(result))
        np.testing.assert_array_equal(result.picture.data, drawn(result))
        counts = np.bincount(result.labels.data.ravel(), minlength=5)[1:]
        n_colors = len(result.palette)
        assert result.palette.counts.tolist() == counts[:n_colors].tolist()
        assert picture.name == f"tiny ({n_colors} colors)"
    for edit, before in zip(done[::-1], states[-2::-1], strict=True):
        assert result.next_undo == edit
        result.undo()
        assert state(result) == before
    assert result.next_undo is None
    for edit, after in zip(done, states[1:], strict=True):
        assert result.next_redo == edit
        result.redo()
        assert state(result) == after


# ------------------------------------------------------------ images of other kinds


def check_edits(result, colors_of):
    """Merge, recolour, remove and undo, and look at every level each time."""
    first = [np.array(one) for one in levels(result.picture)]
    recolor = Recolor(0, [7] * colors_of)
    for edit in (Clean(1, 3), Merge([0, 1]), recolor, Remove([1])):
        do(result, edit)
        colors = result.palette.drawn(first[0].dtype)
        pairs = zip(levels(result.picture), levels(result.labels), strict=True)
        for picture, labels in pairs:
            own = picture[..., :3] if result.recorded.rgb else picture[..., np.newaxis]
            valid = labels > 0
            np.testing.assert_array_equal(own[valid], colors[labels[valid] - 1])
    for _ in range(4):
        result.undo()
    for picture, before in zip(levels(result.picture), first, strict=True):
        np.testing.assert_array_equal(picture, before)


def test_edits_of_one_channel_of_16_bits():
    data = np.array([[0, 10, 20, 30], [1000, 2000, 3000, 65535]], np.uint16)
    viewer, _, picture, labels = quantized(data, 4, rgb=False)
    result = result_of(viewer, labels)
    check_edits(result, 1)
    do(result, Recolor(3, [40_000]))
    assert picture.data.max() == 40_000
    assert labels.features["value"].tolist()[3] == 40_000


def test_edits_keep_opacity_and_what_is_transparent(tiny):
    alpha = np.full((3, 4, 1), 128, np.uint8)
    alpha[0, 0] = 0
    rgba = np.concatenate([tiny, alpha], axis=-1)
    rgba[0, 0, :3] = [1, 2, 3]
    viewer, _, picture, labels = quantized(rgba, 3)
    result = result_of(viewer, picture)
    check_edits(result, 3)
    do(result, Recolor(0, [9, 9, 9]))
    assert picture.data[0, 0].tolist() == [1, 2, 3, 0]
    assert labels.data[0, 0] == 0
    assert picture.data[0, 1].tolist() == [9, 9, 9, 128]


def test_edits_of_a_stack(tiny):
    stack = np.stack([tiny, tiny[::-1]])
    viewer, _, picture, labels = quantized(stack)
    result = result_of(viewer, picture)
    assert labels.data.shape == (2, 3, 4)
    check_edits(result, 3)
    assert result.palette.counts.tolist() == [2, 4, 6, 12]


def test_edits_of_floats_with_nan():
    data = np.array([[0.0, 0.25, 0.5, np.nan], [0.75, 1.0, 1.0, 1.0]], np.float32)
    viewer, _, picture, labels = quantized(data, 4, rgb=False)
    result = result_of(viewer, picture)
    check_edits(result, 1)
    assert np.isnan(picture.data[0, 3])
    assert labels.data[0, 3] == 0


def test_edits_of_every_level_of_a_pyramid(china):
    pyramid = [china[:64, :64], china[:64:2, :64:2]]
    viewer, _, picture, labels = quantized(pyramid, 5, multiscale=True)
    result = result_of(viewer, picture)
    assert len(levels(labels)) == 2
    check_edits(result, 3)
    assert picture.name == "tiny (5 colors)"


def levels(layer):
    return list(layer.data) if layer.multiscale else [layer.data]


# ------------------------------------------------------------ strokes
@pytest.fixture
def painted(result):
    result.labels.brush_size = 1
    result.labels.paint((0, 0), 4)
    assert result.painted()
    return result


def test_labels_that_nobody_painted(result):
    assert not result.painted()
    do(result, Merge([1, 2]))
    assert not result.painted()
    result.undo()
    assert not result.painted()


def test_strokes_that_are_kept_are_the_results_own(painted):
    painted.keep_strokes()
    assert not painted.painted()
    assert painted.next_undo == Painted()
    assert painted.palette.counts.tolist() == [0, 2, 3, 7]
    assert painted.picture.data[0, 0].tolist() == WHITE
    assert painted.record["painted"]
    do(painted, Merge([1, 2]))
    assert painted.labels.data[0, 0] == 3
    painted.undo()
    assert painted.labels.data[0, 0] == 4
    painted.undo()
    assert painted.labels.data.tolist() == LABELS.tolist()
    assert painted.picture.data[0, 0].tolist() == BLACK
    assert not painted.record["painted"]
    painted.redo()
    assert painted.labels.data[0, 0] == 4


@pytest.mark.parametrize("edit", [Recolor(3, (9, 9, 9)), Rename(0, "shade"), Lock([0])])
def test_strokes_outlast_edits_that_leave_the_labels(painted, edit):
    do(painted, edit)
    assert painted.labels.data[0, 0] == 4
    assert painted.painted()
    assert painted.picture.data[0, 0].tolist() == BLACK  # not drawn unless kept
    painted.undo()
    painted.redo()
    assert painted.labels.data[0, 0] == 4


@pytest.mark.parametrize("edit", [Merge([1, 2]), Remove([1]), Sort("lightness")])
def test_labels_that_are_made_anew_lose_strokes_that_are_not_kept(painted, edit):
    do(painted, edit)
    assert painted.labels.data[0, 0] == 1
    assert not painted.painted()


@needs_painting
def test_a_label_beyond_the_palette_and_an_erased_one_are_kept(result):
    result.labels.brush_size = 1
    result.labels.paint((0, 0), 9)
    result.labels.paint((0, 1), 0)
    result.keep_strokes()
    assert result.palette.counts.tolist() == [0, 1, 3, 6]
    do(result, Merge([1, 2]))
    assert result.labels.data[0].tolist() == [9, 0, 2, 2]
    assert result.picture.data[0, 0].tolist() == BLACK


# ------------------------------------------------------------ highlights
def test_all_other_pixels_are_dimmed_in_the_canvas(result):
    labels = result.labels
    result.highlight([1, 3])
    assert labels.visible
    shown = labels.colormap.map(np.array([0, 1, 2, 3, 4, 99])).tolist()
    assert shown == [HIDDEN, HIDDEN, SHOWN, HIDDEN, SHOWN, HIDDEN]
    result.highlight([0])
    shown = labels.colormap.map(np.array([1, 2])).tolist()
    assert shown == [SHOWN, HIDDEN]
    result.highlight([])
    assert not labels.visible
    assert labels.get_color(2).tolist() == pytest.approx([200 / 255, 0, 0, 1])


@pytest.mark.parametrize("visible", [True, False])
def test_labels_are_seen_afterwards_as_before(result, visible):
    result.labels.visible = visible
    result.highlight([1])
    result.highlight([2])
    assert result.labels.visible
    result.highlight([])
    assert result.labels.visible is visible


def test_labels_with_nothing_below_show_the_entries_alone(result):
    """So that a stack can be looked into in 3-D."""
    result.picture.visible = result.source.visible = False
    result.highlight([1])
    shown = result.labels.colormap.map(np.array([0, 1, 2, 3, 99]))
    red = [200 / 255, 0, 0, 1]
    np.testing.assert_allclose(shown, [[0] * 4, [0] * 4, red, [0] * 4, [0] * 4])
    result.highlight([])
    assert result.labels.get_color(1).tolist() == [0, 0, 0, 1]


def test_an_edit_keeps_the_canvas_dimmed(result):
    result.highlight([0, 3])
    do(result, Merge([1, 2]))  # and entry 3 is no more
    shown = result.labels.colormap.map(np.array([1, 2, 3])).tolist()
    assert shown == [SHOWN, HIDDEN, HIDDEN]
    result.highlight([])
    assert not result.labels.visible


def test_a_palette_alone_has_nothing_to_dim():
    palette_alone(Palette([BLACK]), "colors.gpl").highlight([0])


def test_labels_that_are_forgotten_are_as_before(result):
    labels = result.labels
    result.highlight([1])
    result.on_layer_removed(labels)
    assert not labels.visible
    assert labels.get_color(1).tolist() == [0, 0, 0, 1]


# ------------------------------------------------------------ missing layers
def test_without_the_picture_the_labels_are_edited(result):
    result.on_layer_removed(result.picture)
    do(result, Merge([1, 2]))
    assert result.labels.data.max() == 3
    assert result.layers == (result.labels,)
    assert result.name == "tiny (3 colors) labels"


def test_without_the_labels_the_picture_is_edited(result):
    result.on_layer_removed(result.labels)
    do(result, Merge([1, 2]))
    assert result.picture.data[0, 1].tolist() == [80, 126, 0]
    assert not result.painted()
    result.keep_strokes()  # there are none
    assert result.next_undo == Merge([1, 2])


def test_without_the_source_only_removing_is_missed(result):
    result.on_layer_removed(result.source)
    with pytest.raises(ValueError, match="the image is gone: merge the entry"):
        result.edited(Remove([1]))(Monitor())
    do(result, Merge([1, 2]))
    assert result.labels.data.max() == 3


def test_a_source_of_another_shape_is_as_good_as_gone(result):
    result.source.data = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="the image is gone"):
        result.edited(Remove([1]))(Monitor())


def test_a_source_that_became_unfit_is_said(result):
    result.source.data = np.ma.masked_array(np.zeros((3, 4, 3), np.uint8))
    with pytest.raises(TypeError, match="is a masked array"):
        result.edited(Remove([1]))


def test_a_picture_that_never_had_labels(tiny):
    viewer, _, picture, labels = quantized(tiny)
    viewer.layers.remove(labels)
    result = result_of(viewer, picture)
    with pytest.raises(ValueError, match=r"'tiny \(4 colors\)' has no labels layer"):
        result.edited(Merge([1, 2]))
    do(result, Rename(0, "shade"))
    do(result, Lock([0]))
    assert picture.metadata[KEY]["palette"]["names"][0] == "shade"


def test_a_palette_alone_is_edited():
    palette = Palette([BLACK, RED, WHITE], names=["", "roof", ""])
    result = palette_alone(palette, "colors.gpl")
    assert result.name == "colors.gpl"
    assert result.layers == ()
    assert result.recorded.rgb
    do(result, Remove([0]))
    do(result, Merge([0, 1]))
    assert result.palette.colors.tolist() == [[227.5, 127.5, 127.5]]
    assert result.palette.names == ("roof",)
    result.undo()
    assert result.palette.colors.tolist() == [RED, WHITE]
