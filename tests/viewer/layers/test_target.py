"""What a run is asked to work on: slices of layers, wherever they lie."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image

from napari_colorquant import Palette
from napari_colorquant.viewer.layers.target import Target, layer_at, shown_slice
from napari_colorquant.viewer.session.choices.target_of_job import (
    for_one_palette,
    for_ready_palette,
)
from napari_colorquant.viewer.session.results.result import palette_alone
from placing import SPATIAL, placed


def stack(**changes):
    data = np.random.default_rng(0).integers(0, 255, (4, 5, 12, 14), np.uint8)
    return Image(data, name="stack", **changes)


def test_a_slice_lies_where_it_lay_however_the_layer_is_turned():
    layer = stack(**placed(4))
    one = layer_at(layer, (2, None, 7, None))
    assert one.data.shape == (1, 5, 1, 14)
    np.testing.assert_array_equal(one.data, layer.data[2:3, :, 7:8])
    assert np.shares_memory(one.data, layer.data)
    for key in SPATIAL:
        if key not in ("translate", "units", "axis_labels"):
            ours, theirs = getattr(one, key), getattr(layer, key)
            np.testing.assert_allclose(ours, theirs, err_msg=key)
    assert (one.units, one.axis_labels) == (layer.units, layer.axis_labels)
    for place in ((0, 0, 0, 0), (0, 3, 0, 9)):
        np.testing.assert_allclose(
            one.data_to_world(place),
            layer.data_to_world(np.add(place, (2, 0, 7, 0))),
        )


def test_a_slice_of_levels_is_that_of_each_level():
    data = np.arange(8 * 6 * 6).reshape(8, 6, 6)
    layer = Image([data, data[::2, ::2, ::2]], multiscale=True, name="levels")
    one = layer_at(layer, (5, None, None))
    assert one.multiscale
    np.testing.assert_array_equal(one.data[0], data[5:6])
    np.testing.assert_array_equal(one.data[1], data[4:5, ::2, ::2])


def test_a_picture_in_color_keeps_its_channels():
    data = np.random.default_rng(0).integers(0, 255, (4, 12, 14, 3), np.uint8)
    one = layer_at(Image(data, rgb=True), (3, None, None))
    assert one.rgb
    np.testing.assert_array_equal(one.data, data[3:])


def test_the_whole_is_the_layer_itself():
    layer = stack()
    assert layer_at(layer, None) is layer


@pytest.mark.parametrize(
    "position", [(4, None, None, None), (-1, None, None, None), (0, None)]
)
def test_there_is_no_such_slice(position):
    with pytest.raises(ValueError, match=r"^the layer 'stack' has the shape \(4, 5"):
        layer_at(stack(), position)


def test_the_slice_that_is_shown():
    viewer = ViewerModel()
    layer = viewer.add_layer(stack(scale=(2, 3, 1, 1), translate=(10, 0, 0, 0)))
    viewer.dims.set_point((0, 1), (14, 9))
    assert shown_slice(layer, viewer.dims) == (2, 3, None, None)
    viewer.dims.ndisplay = 3
    assert shown_slice(layer, viewer.dims) == (2, None, None, None)
    viewer.dims.ndisplay = 2
    viewer.dims.order = (3, 1, 0, 2)
    viewer.dims.set_point(3, 8)
    assert shown_slice(layer, viewer.dims) == (None, 3, None, 8)


def test_a_layer_of_fewer_axes_has_the_last_ones():
    viewer = ViewerModel()
    viewer.add_layer(stack())
    movie = viewer.add_image(np.zeros((5, 12, 14)), name="movie")
    viewer.dims.set_point((0, 1), (3, 4))
    assert shown_slice(movie, viewer.dims) == (4, None, None)


def test_what_is_left_out_where_a_palette_is_shared_or_ready():
    region = object()
    scope = Target((), slice_axis=1, within=region, learn_within=region, seeds=region)
    alone = palette_alone(Palette([[1, 2, 3]]), "colors.gpl")
    shared, ready = for_one_palette(scope), for_ready_palette(scope, alone)
    assert (shared.slice_axis, shared.seeds) == (None, region)
    assert (ready.slice_axis, ready.seeds, ready.learn_within) == (None, None, None)
    assert ready.within is region
