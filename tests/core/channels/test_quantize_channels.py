"""Channels as arrays: one palette in their own units, in memory and lazy alike."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr

from napari_colorquant import (
    Merge,
    Palette,
    Parameters,
    count_all,
    edit,
    quantize,
    quantize_channels,
)
from napari_colorquant.core.channels.channel import Channel
from napari_colorquant.core.channels.stack import measured
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling
from napari_colorquant.core.image.blocks import see_blocks

DAPI = np.array([[0, 0, 100, 100], [50, 50, 100, 0]], np.uint8)
GFP = np.array([[0, 0, 4000, 4000], [1000, 1000, 0, 2000]], np.uint16)
RFP = np.array([[0.0, 0, 0.5, 0.5], [0, 0, -0.25, 1]], np.float32)
LIMITS = [(0, 200), (0, 4000), (-1, 1)]

RANDOM = np.random.default_rng(0)
NOISE = [RANDOM.gamma(2.0, 300.0, (60, 70)).astype(np.uint16) for _ in range(3)]
NOISE[2] = NOISE[2].astype(np.float32) / 7
NOISE[2][::9, ::7] = np.nan
PAINTED = np.zeros((60, 70), int)
PAINTED[1:8, 1:6], PAINTED[30:40, 50:60] = 1, 2
INSIDE = np.hypot(*np.ogrid[-30:30, -35:35]) < 28

SCALINGS = {
    "none": "none",
    "zscore": "zscore",
    "limits": [(0, 2000), (100, 1500.5), (-3, 250)],
}


def lows_and_spans(channels, scaling):
    """Return what becomes 0 of each channel, and the step from there to 1."""
    if scaling == "none":
        return 0.0, 1.0
    if scaling == "zscore":
        values = np.stack(channels, axis=-1).astype(float)
        return np.nanmean(values, axis=(0, 1)), np.nanstd(values, axis=(0, 1))
    lows, highs = np.transpose(scaling)
    return lows, highs - lows


def lazily(channel, chunks=(20, 30)):
    return da.from_array(channel, chunks=chunks)


def same(lazy, expected):
    """Compare all bytes of two results, of which one is lazy."""
    for key in ("labels", "image"):
        own, other = getattr(lazy, key), getattr(expected, key)
        assert isinstance(own, da.Array)
        assert own.dtype == other.dtype
        np.testing.assert_array_equal(own.compute(), other)
    assert lazy.palette.as_dict() == expected.palette.as_dict()
    assert lazy.report.mse == expected.report.mse
    own, other = lazy.report.parameters, expected.report.parameters
    assert own.as_dict() == other.as_dict()


def test_few_colors_are_kept_in_the_units_of_each_channel():
    q = quantize_channels([DAPI, GFP, RFP], 5, scaling=LIMITS)
    # Dark to light by the mean of what is scaled, from 0 to 1.
    expected = [
        [0, 0, 0],
        [100, 0, -0.25],
        [50, 1000, 0],
        [0, 2000, 1],
        [100, 4e3, 0.5],
    ]
    assert q.palette.colors.tolist() == expected
    assert q.palette.counts.tolist() == [2, 1, 2, 1, 2]
    assert q.palette.units is None
    assert q.labels.tolist() == [[1, 1, 5, 5], [3, 3, 2, 4]]
    assert q.labels.dtype == np.uint8
    assert q.image.dtype == np.float32
    np.testing.assert_array_equal(q.image, np.stack([DAPI, GFP, RFP], axis=-1))
    assert q.report.mse == 0


@pytest.mark.parametrize("n_colors", [6, 40])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_labels_are_those_of_channels_scaled_by_hand(scaling, n_colors):
    scaling = SCALINGS[scaling]
    q = quantize_channels(NOISE, n_colors, scaling=scaling)
    lows, spans = lows_and_spans(NOISE, scaling)
    stack = ((np.stack(NOISE, axis=-1) - lows) / spans).astype(np.float32)
    expected = quantize(stack, n_colors, channel_axis=2)
    np.testing.assert_array_equal(q.labels, expected.labels)
    assert q.palette.counts.tolist() == expected.palette.counts.tolist()
    assert q.report.mse == expected.report.mse
    assert q.report.data_range == expected.report.data_range
    own = expected.palette.colors * spans + lows
    np.testing.assert_allclose(q.palette.colors, own, rtol=1e-6, atol=1 / 1024)


def test_unscaled_channels_are_those_of_one_array():
    stack = np.stack(NOISE, axis=-1)
    q, expected = quantize_channels(NOISE, 9), quantize(stack, 9, channel_axis=2)
    assert q.image.dtype == stack.dtype == np.float32
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.image, expected.image)
    assert q.palette.colors.tolist() == expected.palette.colors.tolist()
    seconds = {"seconds": q.report.seconds}
    assert q.report.as_dict() == expected.report.as_dict() | seconds


@pytest.mark.parametrize("scaling", SCALINGS)
def test_the_picture_has_the_colors_of_the_palette_in_the_dtype_of_the_channels(
    scaling,
):
    pair = NOISE[:2]
    q = quantize_channels(
        pair, 7, scaling=SCALINGS[scaling][: 2 if scaling == "limits" else None]
    )
    assert q.palette.units == "uint16"
    assert q.image.dtype == np.uint16
    np.testing.assert_array_equal(
        q.image, np.rint(q.palette.colors).astype(np.uint16)[q.labels - 1]
    )


@pytest.mark.parametrize("scaling", SCALINGS)
def test_what_is_not_quantized_stays_in_the_picture(scaling):
    q = quantize_channels(NOISE, 4, scaling=SCALINGS[scaling], mask=INSIDE)
    left_out = ~INSIDE | np.isnan(NOISE[2])
    np.testing.assert_array_equal(q.labels == 0, left_out)
    expected = np.stack(NOISE, axis=-1)[left_out]
    np.testing.assert_array_equal(q.image[left_out], expected)


def test_a_channel_of_large_values_does_not_hide_the_others_once_scaled():
    marked = np.zeros((4, 5), np.uint8)
    marked[:2] = 1
    large = np.arange(20, dtype=np.uint16).reshape(4, 5) * 3000
    q = quantize_channels([marked, large], 4, scaling="zscore")
    assert len(np.unique(q.palette.colors[:, 0])) == 2


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint32", "float16", "float64"])
def test_a_constant_channel_says_nothing_and_comes_back(dtype):
    flat = np.ones((2, 4), dtype)
    for scaling in ("none", "zscore", [(0, 200), (0, 2)]):
        q = quantize_channels([DAPI, flat], 3, scaling=scaling)
        assert q.labels.tolist() == [[1, 1, 3, 3], [2, 2, 3, 1]]
        assert q.palette.colors.tolist() == [[0, 1], [50, 1], [100, 1]]
        assert q.image.dtype == np.result_type(DAPI, flat)
        np.testing.assert_array_equal(q.image, np.stack([DAPI, flat], axis=-1))


def test_one_channel_is_quantized_as_alone():
    q, expected = (
        quantize_channels(NOISE[:1], 6),
        quantize(NOISE[0], 6, channel_axis=None),
    )
    np.testing.assert_array_equal(q.labels, expected.labels)
    assert q.image.shape == (60, 70, 1)
    np.testing.assert_array_equal(q.image[..., 0], expected.image)


def test_stacks_of_channels_keep_their_axes():
    channels = [RANDOM.integers(0, 900, (2, 3, 8, 9), np.uint16) for _ in range(2)]
    q = quantize_channels(channels, 5)
    assert q.labels.shape == (2, 3, 8, 9)
    assert q.image.shape == (2, 3, 8, 9, 2)


# ---------------------------------------------------------------- options


@pytest.mark.parametrize("scaling", SCALINGS)
def test_fixed_colors_are_in_the_units_of_the_channels(scaling):
    fixed = Palette([[1 / 3, 100, 4000.7]], names=["mine"])
    q = quantize_channels(NOISE, 8, scaling=SCALINGS[scaling], fixed=fixed)
    entry = q.palette.names.index("mine")
    assert q.palette.colors[entry].tolist() == [1 / 3, 100, 4000.7]
    assert q.report.parameters == Parameters(n_colors=8, fixed=fixed)


@pytest.mark.parametrize("scaling", SCALINGS)
def test_classes_are_means_in_the_units_of_the_channels(scaling):
    how = {"scaling": SCALINGS[scaling], "seeds": PAINTED}
    q = quantize_channels(NOISE, 6, **how)
    entries = [q.palette.names.index(f"class {number}") for number in (1, 2)]
    valid = ~np.isnan(NOISE[2])
    for number, entry in enumerate(entries, 1):
        own = [
            channel[(number == PAINTED) & valid].mean(dtype=float) for channel in NOISE
        ]
        np.testing.assert_allclose(q.palette.colors[entry], own, rtol=1e-4)
    again = quantize_channels(
        NOISE, 6, scaling=SCALINGS[scaling], fixed=q.report.parameters.fixed
    )
    np.testing.assert_array_equal(again.labels, q.labels)
    assert again.palette.as_dict() == q.palette.as_dict()


def test_a_learn_mask_is_learned_from_alone():
    q = quantize_channels([DAPI, GFP], 2, learn_mask=DAPI[:, :1] == DAPI)
    assert q.palette.colors.tolist() == [[0, 0], [50, 1000]]
    assert q.labels.tolist() == [[1, 1, 2, 2], [2, 2, 1, 2]]


def test_the_fewest_colors_that_reach_a_target():
    q = quantize_channels(NOISE, "auto", scaling="zscore", target_psnr=24)
    assert q.report.psnr >= 24
    fewer = quantize_channels(NOISE, len(q.palette) - 1, scaling="zscore")
    assert fewer.report.psnr < 24


def test_a_result_can_be_edited_as_that_of_one_array():
    q = quantize_channels(NOISE[:2], 6, scaling="zscore")
    merged = edit(q, np.stack(NOISE[:2], -1), Merge([0, 1]), channel_axis=2)
    assert len(merged.palette) == 5
    drawn = np.rint(merged.palette.colors).astype(np.uint16)[merged.labels - 1]
    np.testing.assert_array_equal(merged.image, drawn)


# ---------------------------------------------------------------- lazy


@pytest.mark.parametrize("scaling", SCALINGS)
@pytest.mark.parametrize(
    "options",
    [{}, {"mask": INSIDE}, {"seeds": PAINTED}],
    ids=["whole", "mask", "seeds"],
)
def test_lazy_channels_give_the_same_bytes(scaling, options):
    how = {"scaling": SCALINGS[scaling], **options}
    expected = quantize_channels(NOISE, 9, **how)
    same(quantize_channels(list(map(lazily, NOISE)), 9, **how), expected)


def test_lazy_and_other_channels_mix(tmp_path):
    stored = zarr.create_array(
        tmp_path / "a.zarr", shape=(60, 70), chunks=(16, 32), dtype="u2"
    )
    stored[:] = NOISE[1]
    channels = [NOISE[0], stored, lazily(NOISE[2], (60, 7))]
    how = {"scaling": "zscore", "learn_mask": INSIDE}
    q = quantize_channels(channels, 9, **how)
    same(q, quantize_channels(NOISE, 9, **how))
    assert q.labels.chunks == ((16, 16, 16, 12), (32, 32, 6))
    assert q.image.chunks == (*q.labels.chunks, (3,))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_of_large_channels_some_blocks_are_read(scaling, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(sampling, "_ENOUGH_PIXELS", 2**8)
    read = []

    def block(block_info=None):
        place = block_info[None]["chunk-location"]
        read.append(place)
        return np.random.default_rng(place).integers(0, 250, (8, 8)).astype(np.uint8)

    field = da.map_blocks(
        block, chunks=((8,) * 16,) * 2, dtype=np.uint8, meta=np.empty((0, 0), np.uint8)
    )
    scaling = SCALINGS[scaling][: 2 if scaling == "limits" else None]
    q = quantize_channels([field, field], 5, scaling=scaling)
    assert len(set(read)) == q.report.n_blocks_read == 64
    assert q.report.counts_are_estimates
    counted = count_all(q).palette.counts
    assert counted.sum() == 128 * 128
    labels = q.labels[:8, :8].compute()
    drawn = np.rint(q.palette.colors).astype(np.uint8)[labels - 1]
    np.testing.assert_array_equal(q.image[:8, :8].compute(), drawn)


def test_regions_of_a_large_image_have_one_scale(monkeypatch):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(sampling, "_ENOUGH_PIXELS", 2**8)
    slope = lazily(np.arange(320 * 320, dtype=np.uint32).reshape(320, 320), 16)
    corner = np.zeros((320, 320), bool)
    corner[:40, :40] = True
    found = []
    for mask in (None, corner):
        level = (see_blocks(slope, None, mask),)
        (channel,) = measured([Channel("a", "uint32", "zscore")], level, Monitor())
        found.append((channel.offset, channel.unit))
    assert found[0] == found[1]
    assert found[0][0] == pytest.approx(320 * 320 / 2, rel=0.02)


def test_booleans_are_booleans_again():
    stain = NOISE[0] > 600
    q = quantize_channels([stain, ~stain], 2, scaling="zscore")
    assert q.palette.colors.tolist() in ([[0, 1], [1, 0]], [[1, 0], [0, 1]])
    assert q.image.dtype == bool
    np.testing.assert_array_equal(q.image, np.stack([stain, ~stain], axis=-1))


@pytest.mark.parametrize(
    "wrong", [{"fixed": [[1, 2, 3]]}, {"color_space": "lab"}], ids=["fixed", "lab"]
)
def test_nothing_is_read_for_a_run_that_cannot_be(wrong):
    def fail(block):
        raise AssertionError("read")

    lazy = lazily(NOISE[0]).map_blocks(fail, dtype="u2", meta=np.empty((0, 0), "u2"))
    with pytest.raises(ValueError, match=r": pass "):
        quantize_channels([lazy, lazy], 4, scaling="zscore", **wrong)


# ---------------------------------------------------------------- progress


@pytest.mark.parametrize("kind", [np.asarray, lazily])
def test_progress_rises_to_its_end_and_stops_the_run_anywhere(kind):
    channels = [kind(one) for one in (DAPI, GFP)]
    how = {"n_colors": 2, "scaling": "zscore"}
    seen = []
    quantize_channels(channels, **how, progress=seen.append)
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total == 1000
    for n in range(len(seen)):
        pieces = iter(seen[:n])
        with pytest.raises(StopIteration):
            quantize_channels(channels, **how, progress=lambda _, p=pieces: next(p))
        assert next(pieces, None) is None


# ---------------------------------------------------------------- errors


WIDE = np.array([[0.0, 1e300], [-1e300, 0]])


@pytest.mark.parametrize(
    ("channels", "options", "error", "sentence"),
    [
        (
            DAPI,
            {},
            TypeError,
            "channels is an array of the shape (2, 4) and the dtype uint8: pass a list "
            "of arrays, one a channel.",
        ),
        (5, {}, TypeError, "channels is 5: pass a list of arrays, one a channel."),
        (
            [],
            {},
            ValueError,
            "channels is empty: pass a list of arrays, one a channel.",
        ),
        (
            [DAPI, GFP[:1]],
            {"names": ["dapi", "gfp"]},
            ValueError,
            "the channels 'dapi' and 'gfp' have the shapes (2, 4) and (1, 4): pass "
            "arrays of one shape.",
        ),
        (
            [DAPI, GFP.astype(complex)],
            {},
            TypeError,
            "'channel 1': the image has the dtype complex128, which has no colors to "
            "quantize: pass integers or floats of up to 64 bits.",
        ),
        (
            [DAPI, GFP],
            {"names": ["a"]},
            ValueError,
            "the number of names is 1 and that of the channels 2: pass one a channel.",
        ),
        ([DAPI], {"names": "a"}, TypeError, "names is 'a': pass a list of strings."),
        ([DAPI], {"names": [1]}, TypeError, "a name is 1: pass a string."),
        (
            [DAPI],
            {"scaling": "contrast_limits"},
            ValueError,
            "scaling is 'contrast_limits': pass 'none', 'zscore', or a pair (low, "
            "high) a channel.",
        ),
        (
            [DAPI, GFP],
            {"scaling": (0, 1, 2)},
            ValueError,
            "the number of pairs in scaling is 3 and that of the channels 2: pass one "
            "a channel.",
        ),
        (
            [DAPI, GFP],
            {"scaling": (0, 200)},
            TypeError,
            "scaling of 'channel 0' is 0: pass a list of two numbers.",
        ),
        (
            [DAPI],
            {"scaling": [(3, 3)], "names": ["dapi"]},
            ValueError,
            "the limits of 'dapi' are (3, 3): pass a lower number and a higher one.",
        ),
        (
            [DAPI],
            {"scaling": [(0, np.inf)]},
            ValueError,
            "a limit of 'channel 0' is inf: pass a finite number.",
        ),
        (
            [WIDE],
            {"scaling": "zscore"},
            ValueError,
            "the values of 'channel 0' are too large for a standard deviation: divide "
            "them by a number first.",
        ),
        (
            [WIDE],
            {"scaling": [(0, 1)]},
            ValueError,
            "a value is too far beyond the limits of its channel to be scaled: pass "
            "wider limits.",
        ),
        (
            [DAPI],
            {"mask": np.ones((2, 2), bool)},
            ValueError,
            "the mask has the shape (2, 2): pass the shape of the image without its "
            "channels, (2, 4).",
        ),
        (
            [DAPI, GFP],
            {"fixed": [[1, 2, 3]], "scaling": "zscore"},
            ValueError,
            "the fixed colors have 3 channels and the image 2: pass colors of the "
            "image's channels.",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_a_sentence(channels, options, error, sentence):
    with pytest.raises(error) as caught:
        quantize_channels(channels, 3, **options)
    assert str(caught.value) == sentence
