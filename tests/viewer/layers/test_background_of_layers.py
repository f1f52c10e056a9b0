"""The background of layers that are quantized, alone or together."""

from __future__ import annotations

import re

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image, Labels, Shapes

from cultures import HIGHEST, culture
from napari_colorquant import (
    Palette,
    quantize_channels,
    quantize_layer,
    quantize_layers,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.record import load_record, save_record
from napari_colorquant.viewer.layers.image_input import take_channels
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.tasks.quantize import Applied, apply_to_work
from napari_colorquant.viewer.tasks.work import Work

CHANNELS, KIND = culture()
GROUND = KIND == 0
EMPTY = GROUND.copy()
EMPTY[60:] = False


def layers(is_lazy=False):
    made = []
    for channel, color in zip(CHANNELS, ("blue", "green", "red"), strict=True):
        data = da.from_array(channel, chunks=(70, 70)) if is_lazy else channel
        layer = Image(data, name=color, colormap=color, contrast_limits=(100, 1000))
        made.append(layer)
    return made


@pytest.mark.parametrize("is_lazy", [False, True])
def test_layers_together_have_one(is_lazy):
    limits = [(100, 1000)] * 3
    for background in (HIGHEST, "otsu", Labels(EMPTY.astype(int)), EMPTY):
        _, labels = quantize_layers(layers(is_lazy), 8, background=background)
        there = EMPTY if isinstance(background, Labels) else background
        expected = quantize_channels(CHANNELS, 8, scaling=limits, background=there)
        np.testing.assert_array_equal(np.asarray(labels.data), expected.labels)
        assert len(np.unique(expected.labels[GROUND])) == 1
        palette = Palette.from_dict(labels.metadata[KEY]["palette"])
        assert palette.background == expected.palette.background


def test_an_axis_of_channels_has_one():
    layer = Image(np.stack(CHANNELS), axis_labels=("c", "y", "x"))
    box = Shapes([[[2, 2], [2, 20], [20, 20], [20, 2]]])
    for background in (HIGHEST, "otsu", box):
        _, labels = quantize_layer(layer, 8, channel_axis="c", background=background)
        assert len(np.unique(labels.data[GROUND])) == 1


def test_records_and_scripts_repeat_it(tmp_path):
    _, labels = quantize_layers(layers(), 8, background=EMPTY)
    record = labels.metadata[KEY]
    save_record(record, tmp_path / "a.json")
    saved = load_record(tmp_path / "a.json")
    found = Palette.from_dict(saved["palette"]).background
    assert saved["parameters"]["background"] == [*found]
    text = " ".join(script_of(saved).split())
    call = re.search(r"= quantize_layers\((.*?),? ?\) ", text)[1]
    given = eval(f"dict({call.strip().removeprefix('layers, ')})", {})
    assert given["background"] == [*found]
    _, again = quantize_layers(layers(), **given)
    np.testing.assert_array_equal(again.data, labels.data)


def test_a_palette_is_applied_with_its_limits():
    _, labels = quantize_layers(layers(), 8, background="otsu")
    palette = Palette.from_dict(labels.metadata[KEY]["palette"])
    found = apply_to_work(
        Work(take_channels(layers()), ()), Applied(palette), Monitor()
    )
    np.testing.assert_array_equal(found.levels[0].labels, labels.data)
    assert found.levels[0].palette.background == palette.background
