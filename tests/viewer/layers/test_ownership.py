"""What the layers of results are called."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels

from napari_colorquant.viewer.layers.ownership import (
    add_pair,
    call_together,
    numbered,
    pair_names,
    rename_pair,
)


def pair(names):
    picture, labels = names
    return (
        Image(np.zeros((4, 4)), name=picture),
        Labels(np.zeros((4, 4), int), name=labels),
    )


def names_in(viewer):
    return [layer.name for layer in viewer.layers]


@pytest.mark.parametrize(
    ("taken", "end"),
    [
        ([], ""),
        (["a (3 colors)"], " [1]"),
        (["a (3 colors) labels"], " [1]"),
        (["a (3 colors)", "a (3 colors) labels [1]"], " [2]"),
        (["a (3 colors) [1]"], ""),
    ],
)
def test_both_have_one_number(taken, end):
    expected = ["a (3 colors)" + end, "a (3 colors) labels" + end]
    assert numbered(pair_names("a", 3), taken) == expected


def test_a_pair_that_is_added_is_told_from_others_by_its_name():
    viewer = ViewerModel()
    for n_colors in (3, 3, 2):
        add_pair(viewer, pair(pair_names("a", n_colors)))
    viewer.layers.remove(viewer.layers["a (3 colors)"])  # the labels' name is taken
    add_pair(viewer, pair(pair_names("a", 3)))
    assert names_in(viewer) == [
        "a (3 colors) labels",
        "a (3 colors) [1]",
        "a (3 colors) labels [1]",
        "a (2 colors)",
        "a (2 colors) labels",
        "a (3 colors) [2]",
        "a (3 colors) labels [2]",
    ]


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("tiny (8 colors)", "tiny (7 colors)"),
        ("tiny (8 colors) [2]", "tiny (7 colors) [2]"),
        ("tiny (8 colors) (live)", "tiny (7 colors) (live)"),
        ("tiny (8 colors) (live) [1]", "tiny (7 colors) (live) [1]"),
        ("tiny (18 colors)", "tiny (18 colors)"),
        ("mine", "mine"),
        ("mine (8 colors)", "mine (8 colors)"),
        ("tiny (8 colors), sky merged", "tiny (8 colors), sky merged"),
    ],
)
def test_only_the_number_of_a_name_that_was_given_changes(name, new):
    picture, labels = pair((name, name.replace("colors)", "colors) labels")))
    rename_pair(picture, labels, "tiny", 8, 7)
    assert (picture.name, labels.name) == (
        new,
        new.replace("colors)", "colors) labels"),
    )
    rename_pair(picture, None, "tiny", 7, 8)
    assert picture.name == name


def test_a_source_may_have_any_name():
    picture, labels = pair(pair_names("a.*(x", 3))
    rename_pair(picture, labels, "a.*(x", 3, 2)
    assert labels.name == "a.*(x (2 colors) labels"


def test_edited_results_keep_one_number_beside_others():
    viewer = ViewerModel()
    viewer.add_labels(np.zeros((4, 4), int), name="a (2 colors) labels")
    picture, labels = pair(pair_names("a", 3))
    add_pair(viewer, (picture, labels))
    rename_pair(picture, labels, "a", 3, 2)
    assert names_in(viewer) == [
        "a (2 colors) labels",
        "a (2 colors) [1]",
        "a (2 colors) labels [1]",
    ]
    rename_pair(picture, labels, "a", 2, 3)
    assert (picture.name, labels.name) == (
        "a (3 colors) [1]",
        "a (3 colors) labels [1]",
    )


def test_names_that_are_right_already_stay():
    viewer = ViewerModel()
    picture, labels = pair(pair_names("a", 3))
    add_pair(viewer, (picture, labels))
    told = []
    picture.events.name.connect(told.append)
    call_together([picture, labels], pair_names("a", 3))
    assert names_in(viewer) == list(pair_names("a", 3))
    assert told == []
