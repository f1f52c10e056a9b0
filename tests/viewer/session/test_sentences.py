"""The line of status, without a window."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_colorquant import quantize_layer
from napari_colorquant.core.palette.edits import Classify, Lock, Merge, Rename
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.session.results.result import palette_alone
from napari_colorquant.viewer.session.sentences import (
    Shown,
    shown_of,
    status_line,
    why_not_clean,
)
from results import do, quantized, result_of


@pytest.mark.parametrize(
    ("chosen", "shown", "line"),
    [
        ("", None, "Choose an image layer and press Quantize."),
        ("moon", None, "moon: not quantized yet."),
        ("moon", Shown("moon", 16), "moon: 16 colors"),
        ("moon", Shown("moon", 1), "moon: 1 color"),
        ("moon", Shown("moon", 1600, "sea"), "moon within sea: 1,600 colors"),
        (
            "moon",
            Shown("moon", 16, "sea", "99 → 16 colors · PSNR 9.0 dB · 0.01 s"),
            "moon within sea: 99 → 16 colors · PSNR 9.0 dB · 0.01 s",
        ),
        ("moon", Shown("moon", 9, is_edited=True), "moon: 9 colors, edited"),
        ("moon", Shown("moon", 9, is_live=True), "Live: moon: 9 colors"),
        (
            "sun",
            Shown("moon", 16, "sea", "9 → 16 colors", is_of_the_chosen=False),
            "sun is chosen. Shown is moon within sea: 16 colors.",
        ),
        ("", Shown("moon", 16, is_of_the_chosen=False), "moon: 16 colors"),
        ("sun", Shown("map", 2, is_of_an_image=False), "Palette map: 2 colors."),
    ],
)
def test_it_names_what_is_shown(chosen, shown, line):
    assert status_line(chosen, shown).replace("\u00a0", " ") == line


def test_figures_of_a_run_are_told_until_they_are_wrong(tiny):
    viewer, source, picture, _ = quantized(tiny)
    result = result_of(viewer, picture)

    def shown():
        return shown_of(result, [source], is_live=False)

    before = shown()
    assert (before.name, before.n_colors, before.within) == ("tiny", 4, "")
    assert before.run.startswith("4 → 4 colors · lossless · ")
    for harmless in (Rename(0, "night"), Classify([1], "a"), Lock([0])):
        do(result, harmless)
        assert shown() == before
    do(result, Lock([0], False))
    do(result, Merge([0, 1]))
    assert (shown().run, shown().is_edited, shown().n_colors) == ("", True, 3)
    result.undo()
    assert shown() == before
    source.name = "big"
    assert shown().name == "big"
    assert not shown_of(result, [picture], is_live=False).is_of_the_chosen
    result.on_layer_removed(source)
    assert shown().name == "tiny"
    assert not shown().is_of_the_chosen


def test_the_region_is_told(tiny):
    viewer, source, *_ = quantized(tiny)
    half = Labels(np.array([[1, 1, 0, 0]] * 3), name="half")
    for layer in quantize_layer(source, 2, within=half):
        viewer.add_layer(layer)
    result = result_of(viewer, viewer.layers[-1])
    assert shown_of(result, [source], is_live=False).within == "half"


def test_a_palette_alone_has_no_run():
    result = palette_alone(Palette([[0, 0, 0]]), "map")
    why_not = "'map' has no labels to clean: apply it to an image first."
    assert why_not_clean(result) == why_not
    shown = shown_of(result, [], is_live=False)
    assert (shown.name, shown.is_of_an_image, shown.run) == ("map", False, "")
