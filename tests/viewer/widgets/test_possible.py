"""What can be done is offered, and what cannot is not, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog

from napari_colorquant.core.palette.edits import Lock, Rename
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.session.jobs import UNDER_WAY
from napari_colorquant.viewer.session.results.result import palette_alone
from napari_colorquant.viewer.session.sentences import (
    NO_IMAGE,
    NO_PALETTE,
    NONE_SELECTED,
)
from napari_colorquant.viewer.session.session import Session
from napari_colorquant.viewer.widgets.palette_tab import PaletteTab
from results import offer

EDITS = ("merge", "remove", "lock", "sort", "undo", "redo", "apply")


def why_not(control):
    """Return why a control cannot be used; nothing where it can."""
    control = getattr(control, "native", control)
    if control.isEnabled():
        return ""
    words = " ".join(control.toolTip().split())
    assert words
    return words


def offered(bench):
    return {name for name in EDITS if getattr(bench, name).isEnabled()}


@pytest.fixture
def bench(qtbot):
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4, 3), np.uint8), rgb=True)
    workbench = PaletteTab(Session(viewer))
    qtbot.addWidget(workbench)
    workbench.show()
    return workbench


def show(bench, *args, **kwargs):
    result = palette_alone(Palette(*args, **kwargs), "one")
    offer(bench, [result])
    return result


RGB = [[0, 0, 0], [9, 9, 9], [250, 9, 9], [250, 250, 250]]


def test_nothing_is_offered_without_a_palette(bench):
    assert offered(bench) == set()
    for name in ("merge", "remove", "lock", "sort", "apply"):
        assert NO_PALETTE in why_not(getattr(bench, name))
    assert "Nothing has been edited." in why_not(bench.undo)
    open_it, *others = bench.more.menu().actions()
    assert open_it.isEnabled()
    assert all(NO_PALETTE in why_not(one) for one in others)


def test_what_is_offered_follows_the_selection(bench):
    show(bench, RGB)
    assert offered(bench) == {"sort", "apply"}
    assert NONE_SELECTED in why_not(bench.remove)
    assert NONE_SELECTED in why_not(bench.lock)
    assert "One entry cannot be merged" in why_not(bench.merge)
    bench.select([1])
    assert offered(bench) == {"remove", "lock", "sort", "apply"}
    bench.select([1, 2])
    assert offered(bench) == {"merge", "remove", "lock", "sort", "apply"}
    bench.select([0, 1, 2, 3])
    assert "keep one at least" in why_not(bench.remove)
    bench.table.clearSelection()
    assert offered(bench) == {"sort", "apply"}
    bench.edit(Rename(0, "a"))
    assert offered(bench) == {"sort", "apply", "undo"}
    bench.undo.click()
    assert offered(bench) == {"sort", "apply", "redo"}


def test_locked_entries_are_not_removed_and_merged_only_into_themselves(bench):
    show(bench, RGB)
    bench.edit(Lock([1, 3]))
    bench.select([1, 2])
    mean, first = bench.merge.menu().actions()
    assert "Label 2 is locked: unlock it first." in why_not(mean)
    assert why_not(first) == ""
    assert bench.merge.isEnabled()
    assert "Label 2 is locked" in why_not(bench.remove)
    bench.select([0, 1])
    assert "Label 2 is locked" in why_not(bench.merge)
    bench.select([1, 3])
    assert "2 of the selected entries are locked" in why_not(bench.remove)
    assert "Label 4 is locked" in why_not(first)


def test_a_palette_is_sorted_by_what_it_has(bench):
    show(bench, RGB)
    by = {one.text(): why_not(one) for one in bench.sort.menu().actions()}
    assert by["By lightness"] == by["By hue"] == ""
    assert "no numbers of pixels" in by["By pixels"]
    show(bench, [[0], [9]], counts=[1, 2])
    by = {one.text(): why_not(one) for one in bench.sort.menu().actions()}
    assert "Only RGB colors have a hue" in by["By hue"]
    assert by["By pixels"] == ""


def test_a_palette_alone_has_nothing_to_repeat(bench):
    show(bench, RGB)
    _, save, zarr, dither, copy, *_ = bench.more.menu().actions()
    assert why_not(save) == ""
    for one in (zarr, dither):
        assert "nothing to save but the palette" in why_not(one)
    assert "nothing to repeat" in why_not(copy)


@pytest.fixture
def quantized(viewer_model, open_alone, click, finish, tiny):
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    widget = open_alone()
    widget.form.n_colors.value = 4
    click(widget.quantize_button)
    finish(widget)
    return widget


def test_the_menu_saves_a_dithered_picture(
    quantized, finish, tmp_path, monkeypatch, notifications
):
    dither = quantized.palette_tab.more.menu().actions()[3]
    assert dither.text() == "Save a dithered picture …"
    assert why_not(dither) == ""
    path = tmp_path / "tiny.png"
    said = (str(path.with_suffix("")), "PNG (*.png)")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: said)
    dither.trigger()
    finish(quantized)
    first = path.read_bytes()
    assert first.startswith(b"\x89PNG")
    dither.trigger()  # which the dialog has not asked about
    assert notifications == [("error", f"{path} exists already: choose another name.")]
    assert path.read_bytes() == first


def jobs(widget):
    return (
        widget.quantize_button,
        widget.quality_tab.compare,
        widget.quality_tab.compare_results,
        widget.curve_tab.button,
        widget.quality_tab.measure,
        widget.quality_tab.error_map,
        widget.palette_tab.apply,
    )


def test_an_empty_viewer_offers_no_job(viewer_model, open_alone, tiny):
    widget = open_alone()
    assert not any(why_not(one) == "" for one in jobs(widget))
    assert NO_IMAGE in why_not(widget.quantize_button)
    assert "No run is under way." in why_not(widget.cancel_button)
    viewer_model.add_image(tiny, name="tiny", rgb=True)
    quantize, compare, results, curve, measure, error_map, apply = jobs(widget)
    for one in (quantize, compare, curve):
        assert why_not(one) == ""
    assert "Fewer than two results" in why_not(results)
    assert "no result to judge" in why_not(measure)
    assert "no result to judge" in why_not(error_map)
    assert NO_PALETTE in why_not(apply)
    viewer_model.layers.clear()
    assert NO_IMAGE in why_not(quantize)


def test_jobs_are_offered_for_what_they_can_be_done_on(quantized, viewer_model):
    quantize, compare, _results, curve, measure, error_map, apply = jobs(quantized)
    source, picture, _labels = viewer_model.layers
    for one in (quantize, compare, curve, measure, error_map, apply):
        assert why_not(one) == ""
    channels = [viewer_model.add_image(np.ones((3, 4)) * n) for n in (1, 2)]
    viewer_model.layers.selection = set(channels)
    assert "several channels are selected" in why_not(compare)
    assert "select a picture in RGB" in why_not(apply)
    assert why_not(quantize) == ""
    viewer_model.layers.selection = {source}
    assert why_not(compare) == why_not(apply) == ""
    viewer_model.layers.remove(source)
    assert "is gone" in why_not(measure)
    viewer_model.layers.remove(picture)
    assert "no result to judge" in why_not(measure)


def test_two_selected_results_are_compared(quantized, viewer_model, click, finish):
    results = quantized.quality_tab.compare_results
    quantized.form.n_colors.value = 2
    click(quantized.quantize_button)
    finish(quantized)
    first, second = viewer_model.layers[1], viewer_model.layers[3]
    viewer_model.layers.selection = {first}
    assert "Fewer than two" in why_not(results)
    viewer_model.layers.selection = {first, second}
    assert why_not(results) == ""
    viewer_model.layers.selection = {first, viewer_model.layers[2]}  # of one result
    assert "Fewer than two" in why_not(results)


def test_a_run_is_waited_for(quantized, viewer_model, large, click, finish):
    viewer_model.add_image(large, name="large", rgb=True)
    click(quantized.quantize_button)
    assert all(UNDER_WAY in why_not(one) for one in jobs(quantized))
    assert UNDER_WAY in why_not(quantized.palette_tab.sort)
    assert why_not(quantized.cancel_button) == ""
    click(quantized.cancel_button)
    finish(quantized)
    assert why_not(quantized.quantize_button) == ""
    assert why_not(quantized.palette_tab.sort) == ""
