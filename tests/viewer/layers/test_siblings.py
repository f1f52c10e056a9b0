"""Channels that were opened together are found again by where they came from."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels
from napari.layers._layer_actions import _duplicate_layer
from napari.layers._source import layer_source

from napari_colorquant import quantize_layers
from napari_colorquant.viewer.layers.siblings import siblings_of

STACK = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
NAMES = ["DAPI", "GFP", "RFP"]


@pytest.fixture
def open_file(viewer_model):
    """Open the channels of a file, as napari does what a reader returns."""

    def open_it(path="/data/a.czi", stack=STACK, names=NAMES, reader="it", **options):
        with layer_source(path=path, reader_plugin=reader):
            return viewer_model.add_image(stack, channel_axis=0, name=names, **options)

    return open_it


def names_of(viewer_model, layer):
    return [one.name for one in siblings_of(layer, list(viewer_model.layers))]


def test_the_channels_of_a_file_are_siblings_in_the_order_of_the_list(
    viewer_model, open_file
):
    layers = open_file()
    viewer_model.add_image(STACK[0], name="of a script")
    for layer in layers:
        assert names_of(viewer_model, layer) == NAMES
    viewer_model.layers.move(0, 3)
    assert names_of(viewer_model, layers[1]) == ["GFP", "RFP", "DAPI"]


def test_so_are_those_of_a_sample(viewer_model):
    with layer_source(sample=("napari", "cells3d")):
        layers = viewer_model.add_image(STACK, channel_axis=0, name=NAMES)
    assert names_of(viewer_model, layers[0]) == NAMES


def test_files_of_one_folder_and_layers_of_a_script_are_none(viewer_model, open_file):
    (one,) = open_file(stack=STACK[:1], names=["a"])
    (other,) = open_file("/data/b.czi", STACK[1:2], ["b"])
    (read_otherwise,) = open_file(stack=STACK[2:], names=["c"], reader="another")
    made = viewer_model.add_image(STACK, channel_axis=0)
    for layer in (one, other, read_otherwise, *made):
        assert names_of(viewer_model, layer) == []


@pytest.mark.parametrize(
    ("what", "value"),
    [
        ("scale", (2, 2)),
        ("translate", (0, 1)),
        ("rotate", 10),
        ("data", np.zeros((4, 6), np.uint16)),
    ],
)
def test_what_does_not_lie_pixel_on_pixel_is_left_out(
    viewer_model, open_file, what, value
):
    first, second, third = open_file()
    setattr(second, what, value)
    assert names_of(viewer_model, first) == ["DAPI", "RFP"]
    assert names_of(viewer_model, second) == []
    viewer_model.layers.remove(third)
    assert names_of(viewer_model, first) == []


def test_rgb_copies_results_and_labels_of_the_same_file_are_none(
    viewer_model, open_file
):
    layers = open_file()
    with layer_source(path="/data/a.czi", reader_plugin="it"):
        rgb = viewer_model.add_image(np.zeros((4, 5, 3), np.uint8), rgb=True)
        viewer_model.add_layer(Labels(np.ones((4, 5), int)))
        picture, labels = quantize_layers(layers, 2)
        result = viewer_model.add_layer(picture)
        viewer_model.add_layer(labels)
    viewer_model.layers.selection = {layers[0]}
    _duplicate_layer(viewer_model.layers)
    copy = viewer_model.layers["DAPI copy"]
    for layer in layers:
        assert names_of(viewer_model, layer) == NAMES
    for layer in (rgb, result, copy):
        assert names_of(viewer_model, layer) == []


def test_a_file_that_was_opened_twice_has_two_groups_where_channels_have_names(
    viewer_model, open_file
):
    first, second = open_file(), open_file()
    again = [f"{name} [1]" for name in NAMES]
    assert [layer.name for layer in second] == again
    assert [names_of(viewer_model, layer) for layer in first] == [NAMES] * 3
    assert [names_of(viewer_model, layer) for layer in second] == [again] * 3


def test_channels_that_share_a_name_are_all_siblings(viewer_model, open_file):
    layers = open_file(names="a")
    named = ["a", "a [1]", "a [2]"]
    assert [names_of(viewer_model, layer) for layer in layers] == [named] * 3
    others = open_file("/data/b.czi", names=["a", "a", "b"])
    named = ["a [3]", "a [4]", "b"]
    assert [names_of(viewer_model, layer) for layer in others] == [named] * 3
