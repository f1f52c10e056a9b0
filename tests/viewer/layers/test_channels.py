"""Channels as the viewer shows them, and as plain data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from napari.layers import Image
from napari.utils.colormaps import Colormap

from napari_colorquant import Palette
from napari_colorquant.viewer.layers.channels import (
    LayerChannel,
    channels_of,
    composite_colors,
    composite_palette,
)
from napari_colorquant.viewer.layers.image_input import take_channels

DATA = np.arange(12, dtype=np.uint16).reshape(3, 4) * 100


def channel(colormap="red", **display):
    layer = Image(DATA, name="dapi", colormap=colormap, **display)
    return take_channels([layer]).channels[0]


def test_a_channel_goes_through_its_limits_gamma_colormap_and_opacity():
    shown = composite_colors(
        np.array([[0], [100], [200], [300], [999]]),
        [channel("green", contrast_limits=(100, 300), gamma=2.0, opacity=0.5)],
    )
    green = [0, 0, 0.125, 0.5, 0.5]
    np.testing.assert_allclose(shown[:, 1], green)
    assert not shown[:, [0, 2]].any()


def test_channels_are_added_up_to_white_at_most():
    red, grey = (
        channel(contrast_limits=(0, 10)),
        channel("gray", contrast_limits=(0, 10)),
    )
    shown = composite_colors(np.array([[5, 2], [8, 4], [0, 10]]), [red, grey])
    np.testing.assert_allclose(shown, [[0.7, 0.2, 0.2], [1, 0.4, 0.4], [1, 1, 1]])


def test_nothing_is_shown_of_nan_and_of_transparent_colors():
    half = Colormap([[1, 0, 0, 0], [1, 0, 0, 0.5]])
    shown = composite_colors(
        np.array([[np.nan], [0], [1]]), [channel(half, contrast_limits=(0, 1))]
    )
    np.testing.assert_allclose(shown, [[0, 0, 0], [0, 0, 0], [0.5, 0, 0]])


def test_the_palette_of_a_picture_is_in_8_bits():
    palette = Palette([[50, 0], [0, 100]], counts=[3, 4], names=["a", "b"])
    channels = [channel("red", contrast_limits=(0, 100)), channel("blue")]
    drawn = composite_palette(palette, [channels[0], channels[0]])
    assert drawn.colors.tolist() == [[127.5, 0, 0], [255, 0, 0]]
    assert drawn.units == "uint8"
    assert drawn.names == ("a", "b")
    assert drawn.counts.tolist() == [3, 4]


@pytest.mark.parametrize("scaling", ["contrast_limits", "none", "zscore"])
@pytest.mark.parametrize("colormap", ["viridis", "HiLo", "cyan"])
def test_a_channel_comes_back_from_plain_data(scaling, colormap):
    layer = Image(DATA, name="dapi", colormap=colormap, gamma=0.5, opacity=0.75)
    one = take_channels([layer], scaling).channels[0]
    plain = json.loads(json.dumps(one.as_dict()))
    again = LayerChannel.from_dict(plain)
    assert again.as_dict() == one.as_dict()
    values = np.linspace(-200, 1500, 50)[:, np.newaxis]
    np.testing.assert_array_equal(
        composite_colors(values, [again]), composite_colors(values, [one])
    )
    assert (again.offset, again.unit) == (one.offset, one.unit)
    assert again.colormap.name == colormap
    assert channels_of({"channels": [plain]})[0].as_dict() == plain


def test_a_result_of_one_layer_has_no_channels():
    assert channels_of({"source": "china"}) == ()


def test_colors_are_those_that_the_viewer_shows(viewer):
    y, x = np.mgrid[:4, :4]
    settings = [
        (x * 40 + 10, {"colormap": "magenta", "contrast_limits": (20, 130)}),
        (y * 40 + 10, {"colormap": "green", "gamma": 0.6, "contrast_limits": (0, 200)}),
        (x * y * 10, {"colormap": "cyan", "opacity": 0.4, "contrast_limits": (0, 90)}),
    ]
    layers = [
        viewer.add_image(data.astype(np.uint8), blending="additive", **display)
        for data, display in settings
    ]
    viewer.reset_view(margin=0)
    shot = viewer.screenshot(canvas_only=True, flash=False)
    height, width, _ = shot.shape
    side = min(height, width) / 4
    middle = (np.arange(4) - 1.5) * side
    rows = (height / 2 + middle).astype(int)
    columns = (width / 2 + middle).astype(int)
    seen = shot[np.ix_(rows, columns)][..., :3]
    pixels = np.stack([layer.data.ravel() for layer in layers], axis=1)
    shown = composite_colors(pixels, take_channels(layers).channels)
    expected = 255 * shown.reshape(4, 4, 3)
    np.testing.assert_allclose(seen, expected, atol=2)
    assert len(np.unique(seen.reshape(-1, 3), axis=0)) == 16
