"""Edits of a palette alone; with an image's labels they are in test_labelling.py."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.palette.apply_edit import GONE, edit_palette
from napari_colorquant.core.palette.edits import (
    SORT_KEYS,
    Classify,
    Clean,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
)
from napari_colorquant.core.palette.palette import Palette
from plain import edits_of, palettes

FOUR = Palette(
    [[0, 0, 0], [200, 0, 0], [0, 210, 0], [255, 255, 255]],
    counts=[1, 2, 3, 6],
    names=["black", "", "green", ""],
    units="uint8",
    locked=[2],
)
GREY = Palette([[10], [20], [40]])


def after(edit, palette=FOUR):
    """Return the palette's plain data after an edit, and where its entries went."""
    edited, places = edit_palette(palette, edit)
    return edited.as_dict(), places.tolist()


def test_an_entry_is_recolored():
    edited, places = after(Recolor(1, [9, 8, 7.5]))
    assert edited == FOUR.as_dict() | {
        "colors": [[0, 0, 0], [9, 8, 7.5], [0, 210, 0], [255, 255, 255]]
    }
    assert places == [0, 1, 2, 3]


def test_merged_entries_become_their_mean_weighted_by_the_pixels():
    edited, places = after(Merge([3, 0]))
    assert edited == {
        "colors": [[200, 0, 0], [0, 210, 0], [6 * 255 / 7] * 3],
        "counts": [2, 3, 7],
        "names": ["", "green", "black"],  # the first name that there is
        "color_space": "rgb",
        "units": "uint8",
        "locked": [1],
    }
    assert places == [2, 0, 1, 2]


def test_several_are_merged_into_the_first_which_keeps_its_color_and_may_be_locked():
    edited, places = after(Merge([2, 0, 3], into_first=True))
    assert edited["colors"] == [[200, 0, 0], [0, 210, 0]]
    assert edited["counts"] == [2, 10]
    assert edited["names"] == ["", "green"]
    assert edited["locked"] == [1]
    assert places == [1, 0, 1, 1]


@pytest.mark.parametrize("counts", [None, [0, 5, 0]])
def test_without_pixels_a_merged_color_is_the_plain_mean(counts):
    palette = dataclasses.replace(GREY, counts=counts)
    edited, places = after(Merge([0, 2]), palette)
    assert edited["colors"] == [[25], [20]]
    assert edited["counts"] == (None if counts is None else [0, 5])
    assert places == [0, 1, 0]


@pytest.mark.parametrize("largest", [5e-324, 1e-300, 1e300, np.finfo(float).max])
def test_merging_works_in_any_range(largest):
    palette = Palette([[-largest], [largest], [largest]], counts=[0, 2**62, 1])
    edited, _ = edit_palette(palette, Merge([1, 2]))
    assert edited.colors.tolist() == [[-largest], [largest]]


def test_removed_entries_go_nowhere_yet():
    edited, places = after(Remove([3, 0]))
    assert edited == {
        "colors": [[200, 0, 0], [0, 210, 0]],
        "counts": [2, 3],
        "names": ["", "green"],
        "color_space": "rgb",
        "units": "uint8",
        "locked": [1],
    }
    assert places == [GONE, 0, 1, GONE]


@pytest.mark.parametrize(
    ("palette", "edit", "names"),
    [
        (FOUR, Rename(1, "red"), ["black", "red", "green", ""]),
        (FOUR, Rename(2, ""), ["black", "", "", ""]),
        (GREY, Rename(1, "nuclei"), ["", "nuclei", ""]),
        (GREY, Rename(1, ""), None),
        (dataclasses.replace(GREY, names=("", "a", "")), Rename(1, ""), None),
    ],
)
def test_an_entry_is_renamed(palette, edit, names):
    edited, places = after(edit, palette)
    assert edited == palette.as_dict() | {"names": names}
    assert places == list(range(len(palette)))


CLASSED = dataclasses.replace(FOUR, classes=["", "stain", "", "glass"])


@pytest.mark.parametrize(
    ("palette", "edit", "classes"),
    [
        (GREY, Classify([2, 0], "DAB"), ("DAB", "", "DAB")),
        (CLASSED, Classify([0, 2], "stain"), ("stain", "stain", "stain", "glass")),
        (CLASSED, Classify([1], ""), ("", "", "", "glass")),
        (CLASSED, Classify([1, 3], ""), None),
        (CLASSED, Merge([0, 3]), ("glass", "stain", "")),
        (CLASSED, Merge([2, 0, 1], into_first=True), ("stain", "glass")),
        (CLASSED, Remove([1]), ("", "", "glass")),
        (CLASSED, Remove([1, 3]), None),
        (CLASSED, Sort("population"), ("glass", "", "stain", "")),
        (CLASSED, Rename(0, "a"), CLASSED.classes),
    ],
)
def test_entries_are_put_into_classes_and_keep_them(palette, edit, classes):
    edited, _ = edit_palette(palette, edit)
    assert edited.classes == classes


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            Classify([], "DAB"),
            "there is no entry to classify: pass one or more.",
        ),
        (
            Classify([4], "DAB"),
            "there is no entry 4: the palette has the entries 0 to 3.",
        ),
    ],
)
def test_what_cannot_be_classified_is_said(edit, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit_palette(FOUR, edit)


def test_a_palette_alone_cannot_be_cleaned():
    sentence = "a palette alone has no labels to clean: apply it to an image first."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit_palette(FOUR, Clean(1))


@pytest.mark.parametrize(
    ("edit", "locked"),
    [
        (Lock([0, 3]), [0, 2, 3]),
        (Lock([2]), [2]),
        (Lock([2, 1], locked=False), []),
        (Lock([]), [2]),
    ],
)
def test_entries_are_locked_and_unlocked(edit, locked):
    edited, places = after(edit)
    assert edited == FOUR.as_dict() | {"locked": locked}
    assert places == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("by", "order"),
    [("lightness", [0, 1, 2, 3]), ("population", [3, 2, 1, 0]), ("hue", [0, 3, 1, 2])],
)
def test_entries_are_sorted(by, order):
    edited, places = edit_palette(FOUR, Sort(by))
    assert edited.as_dict() == FOUR.select(order).as_dict()
    assert places.tolist() == np.argsort(order).tolist()


def test_hues_go_round_the_circle_from_red_and_greys_come_first_dark_to_light():
    names = ["magenta", "light grey", "dark red", "blue", "red", "green", "grey"]
    colors = [[200, 0, 200], [99, 99, 99], [90, 0, 0], [0, 0, 9], [250, 0, 0]]
    palette = Palette([*colors, [0, 200, 0], [50, 54, 51]], names=names)
    edited, _ = edit_palette(palette, Sort("hue"))
    by_hue = ["grey", "light grey", "dark red", "red", "green", "blue", "magenta"]
    assert list(edited.names) == by_hue


def test_equal_populations_keep_their_order():
    palette = Palette([[5], [4], [3], [2]], counts=[7, 9, 7, 9])
    edited, _ = edit_palette(palette, Sort("population"))
    assert edited.colors.ravel().tolist() == [4, 2, 5, 3]


@pytest.mark.parametrize("edit", [Recolor(2, [0, 0, 0]), Merge([0, 2]), Remove([0, 2])])
def test_a_locked_entry_keeps_its_color(edit):
    with pytest.raises(ValueError, match=r"^the entry 2 is locked"):
        edit_palette(FOUR, edit)


@pytest.mark.parametrize("entry", [-1, 4, 10**20])
@pytest.mark.parametrize(
    "make",
    [
        lambda entry: Recolor(entry, [0, 0, 0]),
        lambda entry: Merge([0, entry]),
        lambda entry: Merge([entry, 0], into_first=True),
        lambda entry: Remove([entry]),
        lambda entry: Rename(entry, "a"),
        lambda entry: Lock([entry]),
        lambda entry: Lock([entry], locked=False),
    ],
)
def test_an_entry_must_exist(make, entry):
    sentence = f"there is no entry {entry}: the palette has the entries 0 to 3."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit_palette(FOUR, make(entry))


@pytest.mark.parametrize(
    ("palette", "edit", "sentence"),
    [
        (
            FOUR,
            Recolor(0, [1, 2]),
            "the color has 2 channels and the palette 3: pass one value a channel.",
        ),
        (
            FOUR,
            Merge([1, 1]),
            "one entry cannot be merged: choose two or more.",
        ),
        (FOUR, Remove([]), "there is no entry to remove: pass one or more."),
        (GREY, Remove([0, 1, 2]), "a palette needs an entry: keep one at least."),
        (
            GREY,
            Sort("population"),
            "the palette has no counts to be sorted by: apply it to an image first.",
        ),
        (
            GREY,
            Sort("hue"),
            "only RGB colors have a hue, and this palette has 1 channel: sort it by "
            "lightness or population.",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(palette, edit, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        edit_palette(palette, edit)


@pytest.mark.parametrize("what", [None, "Merge", Merge, {"edit": "Sort"}])
def test_what_is_no_edit_is_not_done(what):
    with pytest.raises(TypeError, match="is no edit of a palette: pass one of Recol"):
        edit_palette(FOUR, what)


@given(palettes(), st.data())
def test_every_entry_goes_somewhere_and_the_palette_is_left_alone(palette, data):
    edit = data.draw(edits_of(palette))
    before = palette.as_dict()
    edited, places = edit_palette(palette, edit)
    assert palette.as_dict() == before
    assert {*places.tolist()} - {GONE} == {*range(len(edited))}
    assert (GONE in places) == isinstance(edit, Remove)
    if palette.counts is None:
        assert edited.counts is None
    else:
        there = places != GONE
        moved = np.bincount(places[there], palette.counts[there], len(edited))
        assert edited.counts.tolist() == moved.tolist()
    if not isinstance(edit, Lock):
        locked = {int(places[entry]) for entry in palette.locked}
        assert {*edited.locked} == locked
    for entry in palette.locked:
        assert edited.colors[places[entry]].tolist() == palette.colors[entry].tolist()
    assert (edited.color_space, edited.units) == (palette.color_space, palette.units)


@given(palettes(counted=True), st.data())
def test_merging_keeps_the_total_and_the_weighted_mean(palette, data):
    free = [i for i in range(len(palette)) if i not in palette.locked]
    entries = data.draw(st.permutations(free))[: data.draw(st.integers(2, 8))]
    if len(entries) < 2:
        return
    edited, places = edit_palette(palette, Merge(entries))
    assert edited.counts.sum() == palette.counts.sum()
    np.testing.assert_allclose(
        edited.counts @ edited.colors, palette.counts @ palette.colors, atol=1e-9
    )
    merged = edited.colors[places[entries[0]]]
    within = palette.colors[list(entries)]
    assert (within.min(axis=0) <= merged).all()
    assert (merged <= within.max(axis=0)).all()


@given(palettes(counted=True), st.sampled_from(SORT_KEYS))
def test_sorting_only_moves_entries(palette, by):
    if by == "hue" and palette.n_channels != 3:
        return
    edited, places = edit_palette(palette, Sort(by))
    assert sorted(places.tolist()) == list(range(len(palette)))
    assert edited.select(places.tolist()).as_dict() == palette.as_dict()
    again, same = edit_palette(edited, Sort(by))
    assert again.as_dict() == edited.as_dict()
    assert same.tolist() == list(range(len(palette)))
