"""The background of channels that are quantized together, in their own units."""

import re

import dask.array as da
import numpy as np
import pytest

from cultures import HIGHEST, culture
from napari_colorquant import edit, quantize_channels
from napari_colorquant.core.palette.edits import Remove

CHANNELS, KIND = culture()
CHANNELS[1] = CHANNELS[1].astype(np.float32) / 7
CHANNELS[2] = CHANNELS[2].astype(np.int32) - 2000
GROUND = KIND == 0
EMPTY = GROUND.copy()
EMPTY[60:] = False
LIMITS = (HIGHEST[0] + 0.5, HIGHEST[1] / 7, HIGHEST[2] - 2000.0)
"""Of integers they are rounded down."""
KNOWN = (float(HIGHEST[0]), float(np.float32(HIGHEST[1] / 7)), HIGHEST[2] - 2000.0)
SCALINGS = {"none": "none", "limits": [(100, 2000), (20, 300), (-1900, -900)]}


def raised():
    return [
        np.maximum(channel, np.array(limit).astype(channel.dtype))
        for channel, limit in zip(CHANNELS, KNOWN, strict=True)
    ]


@pytest.mark.parametrize("scaling", SCALINGS.values(), ids=SCALINGS)
def test_it_is_the_run_of_channels_with_the_limits_in_place_of_all_below(scaling):
    q = quantize_channels(CHANNELS, 8, scaling=scaling, background=LIMITS)
    expected = quantize_channels(raised(), 8, scaling=scaling)
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.palette.colors, expected.palette.colors)
    np.testing.assert_array_equal(q.image, expected.image)
    assert q.report.mse == expected.report.mse
    assert q.palette.background == q.report.parameters.background == KNOWN
    assert expected.palette.background is None


@pytest.mark.parametrize(
    "background", [LIMITS, "otsu", EMPTY], ids=["value", "otsu", "region"]
)
@pytest.mark.parametrize(
    "scaling", [*SCALINGS.values(), "zscore"], ids=[*SCALINGS, "zscore"]
)
def test_the_background_is_one_entry_whatever_the_scaling(scaling, background):
    q = quantize_channels(CHANNELS, 8, scaling=scaling, background=background)
    (ground,) = np.unique(q.labels[GROUND])
    np.testing.assert_array_equal(q.labels != ground, ~GROUND)
    entry = q.palette.colors[ground - 1]
    np.testing.assert_allclose(entry, q.palette.background, rtol=0.02)
    lazy = [da.from_array(one, chunks=(70, 80)) for one in CHANNELS]
    same = quantize_channels(lazy, 8, scaling=scaling, background=background)
    np.testing.assert_array_equal(same.labels.compute(), q.labels)
    assert same.palette.as_dict() == q.palette.as_dict()


def test_without_it_the_background_has_several_entries():
    q = quantize_channels(CHANNELS, 8, scaling="zscore")
    assert len(np.unique(q.labels[GROUND])) >= 3


def test_the_limits_do_not_depend_on_the_scaling():
    for background in ("otsu", EMPTY):
        found = {
            quantize_channels(
                CHANNELS, 8, scaling=scaling, background=background
            ).palette.background
            for scaling in (*SCALINGS.values(), "zscore")
        }
        assert len(found) == 1


def test_seeds_and_fixed_colors_go_with_it():
    seeds = np.where(EMPTY, 1, 0)
    for background in (LIMITS, "otsu"):
        how = {"scaling": "zscore", "background": background}
        q = quantize_channels(CHANNELS, 8, seeds=seeds, **how)
        (ground,) = np.unique(q.labels[GROUND])
        assert q.palette.names[ground - 1] == "class 1"
        entry = q.palette.colors[ground - 1]
        np.testing.assert_allclose(entry, q.palette.background, rtol=1e-6)
    again = quantize_channels(CHANNELS, 8, fixed=q.palette, **how)
    np.testing.assert_array_equal(again.labels, q.labels)
    sentence = f"the fixed palette has a background: pass background={[*KNOWN]!r}"
    fixed = quantize_channels(CHANNELS, 8, background=LIMITS).palette
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}, or colors alone.$"):
        quantize_channels(CHANNELS, 8, fixed=fixed, **how)


def test_edits_go_on_with_it():
    q = quantize_channels(CHANNELS, 8, background=LIMITS)
    (ground,) = np.unique(q.labels[GROUND])
    gone = [i for i in range(8) if i != ground - 1][:2]
    image = np.stack(CHANNELS, axis=-1)
    edited = edit(q, image, Remove(gone), channel_axis=2)
    assert len(np.unique(edited.labels[GROUND])) == 1
