"""The results that are in a viewer, found by the layers that show them."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer
from napari.layers._layer_actions import (
    _convert_to_image,
    _duplicate_layer,
    _split_rgb,
    _split_stack,
)

from napari_colorquant import quantize_layer
from napari_colorquant.core.palette.edits import Merge
from napari_colorquant.viewer.session.results.result_list import ResultList
from results import KEY, do, quantized, result_of


@pytest.mark.parametrize("first", [1, 2])
def test_layers_of_a_script_are_known_by_either(tiny, first):
    viewer, source, picture, labels = quantized(tiny)
    results = ResultList()
    told = []
    results.changed.connect(lambda: told.append(len(list(results))))
    layers = list(viewer.layers)
    result = results.of(layers[first], layers)
    assert (result.picture, result.labels, result.source) == (
        picture,
        labels,
        source,
    )
    assert [results.of(layer, layers) for layer in layers] == [None, result, result]
    assert list(results) == [result]
    assert told == [1]


def test_labels_that_are_added_later_join_their_picture(tiny):
    viewer, _, picture, labels = quantized(tiny)
    results = ResultList()
    alone = results.of(picture, [picture])
    assert alone.labels is None
    both = results.of(labels, list(viewer.layers))
    assert both.layers == (picture, labels)
    assert list(results) == [both]
    assert results.of(picture, list(viewer.layers)) is both


def test_a_duplicate_is_the_users_even_where_the_result_is_gone(tiny):
    viewer, _, picture, labels = quantized(tiny)
    viewer.layers.selection = {picture, labels}
    _duplicate_layer(viewer.layers)
    copies = [one for one in viewer.layers if one.name.endswith(" copy")]
    assert [result_of(viewer, copy) for copy in copies] == [None, None]
    viewer.layers.remove(labels)
    assert [result_of(viewer, copy) for copy in copies] == [None, None]
    assert result_of(viewer, picture).layers == (picture,)
    viewer.layers.remove(picture)
    assert [result_of(viewer, copy) for copy in copies] == [None, None]


def test_labels_that_were_turned_into_an_image_are_the_users():
    grey = np.arange(12, dtype=np.uint8).reshape(3, 4)
    viewer, _, picture, labels = quantized(grey, rgb=False)
    viewer.layers.selection = {labels}
    _convert_to_image(viewer.layers)
    (turned,) = (one for one in viewer.layers if one.name == labels.name)
    assert KEY in turned.metadata
    viewer.layers.remove(picture)
    assert result_of(viewer, turned) is None


def test_of_layers_from_elsewhere_the_first_of_a_run_are_its_result(tiny):
    _, source, *made = quantized(tiny)
    for layer in made:  # as another process would have made it
        layer.metadata[KEY]["run"] = "elsewhere"
    first, second = ([copied(layer) for layer in made] for _ in range(2))
    viewer = ViewerModel()
    for layer in (source, *first, *second):
        viewer.add_layer(layer)
    results, layers = ResultList(), list(viewer.layers)
    assert [results.of(layer, layers) for layer in second] == [None, None]
    assert results.of(first[1], layers).layers == tuple(first)
    for layer in first:
        viewer.layers.remove(layer)
    assert [result_of(viewer, layer) for layer in second] == [None, None]


def test_layers_from_elsewhere_join_in_any_order(tiny):
    _, _, *made = quantized(tiny)
    for layer in made:
        layer.metadata[KEY]["run"] = "elsewhere, one by one"
    picture, labels = (copied(layer) for layer in made)
    results = ResultList()
    assert results.of(labels, [labels]).layers == (labels,)
    assert results.of(picture, [labels, picture]).layers == (picture, labels)


def copied(layer):
    return Layer.create(*deepcopy(layer.as_layer_data_tuple()))


def test_a_result_of_the_same_image_is_another_one(tiny):
    viewer, source, picture, labels = quantized(tiny)
    for layer in quantize_layer(source, 3):
        viewer.add_layer(layer)
    results = ResultList()
    second = results.of(viewer.layers[4], list(viewer.layers))
    assert second.layers == tuple(viewer.layers[3:5])
    assert results.of(labels, list(viewer.layers)).layers == (picture, labels)


def test_a_result_of_a_result_has_it_as_its_source(tiny):
    viewer, _, picture, _ = quantized(tiny)
    for layer in quantize_layer(picture, 2):
        viewer.add_layer(layer)
    results = ResultList()
    results.of(picture, list(viewer.layers))
    assert results.of(viewer.layers[3], list(viewer.layers)).source is picture


def test_a_picture_with_its_sources_name_is_not_its_own_source(tiny):
    viewer, source, picture, _ = quantized(tiny)
    source.name, picture.name = "original", "tiny"
    result = result_of(viewer, picture)
    assert result.picture is picture
    assert result.source is None


def test_a_channel_that_was_split_off_is_no_result(tiny):
    viewer, _, picture, _ = quantized(tiny)
    picture.data = np.tile(picture.data, (12, 12, 1))
    viewer.layers.selection = {picture}
    _split_rgb(viewer.layers)
    channels = viewer.layers[-3:]
    assert all(type(one) is Image for one in channels)
    assert len(channels) == 3
    results = ResultList()
    layers = list(viewer.layers)
    assert [results.of(channel, layers) for channel in channels] == [None] * 3


@pytest.mark.parametrize("channel_axis", [0, None], ids=["channels", "slices"])
def test_a_part_of_a_stack_that_was_split_off_is_no_result(channel_axis):
    data = np.random.default_rng(0).integers(0, 9, (3, 4, 5, 6), np.uint8)
    source = Image(data, name="a", rgb=False)
    picture, labels = quantize_layer(source, 4, channel_axis=channel_axis)
    viewer = ViewerModel()
    for layer in (source, picture, labels):
        viewer.add_layer(layer)
    viewer.layers.selection.active = picture
    _split_stack(viewer.layers, 0)
    layers = list(viewer.layers)
    parts = layers[2:]
    assert [type(one) for one in parts] == [Image] * len(parts)
    assert len(parts) == 3
    results = ResultList()
    assert [results.of(part, layers) for part in parts] == [None] * 3
    result = results.of(labels, layers)
    assert result.layers == (labels,)
    do(result, Merge([0, 1]))
    assert labels.data.max() == 3


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {KEY: None},
        {KEY: "x"},
        {KEY: {}},
        {KEY: {"source": "x", "palette": [[0, 0, 0]]}},
        {KEY: {"source": "x", "palette": {"colors": "x"}}},
        {KEY: {"source": "x", "palette": {"colors": []}}},
        {KEY: {"palette": {"colors": [[0, 0, 0]]}}},
        {
            KEY: {
                "source": "x",
                "palette": {"colors": [[0, 0, 0]]},
                "edits": [{"edit": "Explode"}],
            }
        },
    ],
)
def test_metadata_that_say_something_else(metadata):
    results = ResultList()
    for layer in (
        Image(np.zeros((40, 40, 3)), rgb=True, metadata=metadata),
        Labels(np.zeros((4, 4), int), metadata=metadata),
    ):
        assert results.of(layer, [layer]) is None
    assert list(results) == []


def test_a_result_ends_with_its_last_layer(tiny):
    viewer, source, picture, labels = quantized(tiny)
    results = ResultList()
    result = results.of(picture, list(viewer.layers))
    told = []
    results.changed.connect(lambda: told.append(len(list(results))))
    results.on_layer_removed(source)
    assert result.source is None
    results.on_layer_removed(picture)
    assert result.layers == (labels,)
    assert told == []
    results.on_layer_removed(labels)
    assert told == [0]
    assert list(results) == []


def test_a_new_name_is_told_as_long_as_the_result_is_known(tiny):
    viewer, _, picture, labels = quantized(tiny)
    before = [layer.events.name.callbacks for layer in (picture, labels)]
    results = ResultList()
    result = results.of(picture, list(viewer.layers))
    told = []
    results.changed.connect(lambda: told.append(result.name))
    picture.name = "mine"
    assert told == ["mine"]
    results.close()
    picture.name = "theirs"
    assert told == ["mine"]
    after = [layer.events.name.callbacks for layer in (picture, labels)]
    assert after == before


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        (
            "edits",
            [3],
            "its edits.0 is 3: this is no record of napari-colorquant, or a",
        ),
        (
            "source",
            5,
            "its source is 5: this is no record of napari-colorquant, or a d",
        ),
        (
            "palette",
            {"colors": [[1, 2]], "names": 7},
            "the palette's names are no list",
        ),
        (
            "shape",
            "large",
            "its shape is 'large': this is no record of napari-colorqua",
        ),
    ],
)
def test_a_layer_with_a_damaged_record_is_no_result(
    tiny, notifications, key, value, sentence
):
    _, _, picture, labels = quantized(tiny)
    results = ResultList()
    for layer in (picture, labels):
        layer.metadata = {KEY: {**layer.metadata[KEY], key: value}}
    for _ in range(2):
        assert results.of(picture, [picture]) is None
    ((severity, said),) = notifications  # once
    assert severity == "warning"
    whole = f"The layer {picture.name!r} is no result: of its record, {sentence}"
    assert said.startswith(whole)
    assert list(results) == []
