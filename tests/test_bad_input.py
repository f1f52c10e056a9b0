"""What cannot be quantized, and the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import replace

import dask.array
import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_colorquant import (
    Palette,
    apply_palette,
    fit_palette,
    measure_areas,
    measure_objects,
    quantize,
)

RGB = np.arange(300, dtype=np.uint8).reshape(10, 10, 3) % 251
GREY = RGB[..., 0]
OUTSIDE = np.zeros((10, 10), bool)
LAZY = dask.array.from_array(RGB, chunks=4)
UNKNOWN = LAZY[LAZY[:, 0, 0] < 99]

NO_COLORS = (
    "the image has the dtype {}, which has no colors to quantize: pass integers or "
    "floats of up to 64 bits."
)
TOO_FEW_AXES = "the image has the shape {}: pass an image of two or more axes."
NO_RGB = (
    "an image of shape {} has no last axis of 3 (RGB) or 4 (RGBA) channels: pass "
    "channel_axis=None for a single-channel image, or the number of the axis that "
    "holds the channels, such as channel_axis={}."
)
A_TABLE = (
    "an image of shape ({0}, {1}) has two axes: if it is a table with one pixel a row, "
    "pass it as an image of one row, of shape (1, {0}, {1}), such as "
    "image[np.newaxis]; pass channel_axis=None for a single-channel image."
)
NO_PIXEL = (
    "no pixel of the image can be quantized: all are outside the mask, transparent, "
    "NaN or infinite."
)
IN_MEMORY = "the {} is a lazy Array: load it into memory first, with numpy.asarray."
UNKNOWN_SIZES = (
    "the {} is a dask array whose blocks have unknown sizes: call its "
    "compute_chunk_sizes() first."
)
N_COLORS_TYPE = "n_colors is {}: pass a whole number, or 'auto'."
N_COLORS = "n_colors is {}: pass a number from 2 to 65,535."
N_SAMPLES = (
    "n_samples is {}, fewer than the 8 colors to learn: pass at least as many samples "
    "as colors, or None for every pixel."
)
SEED_TYPE = "random_state is {}: pass a whole number."
SEED = "random_state is {}: pass a seed from 0 to 2**32 - 1."
METHOD = "method {} is unknown: pass one of 'kmeans', 'wu', 'random'."
NO_LIGHT = (
    "colors as an eye or a stain has them need values from 0 to 1, and there are some "
    "from {:g} to {:g}: divide by their range first, or compare in color_space='rgb'."
)
NO_TARGET = (
    "n_colors is 'auto': pass target_psnr or target_delta_e, one of them, to say how "
    "close the picture shall be."
)
NO_AXIS = "channel_axis is {}: pass None, or an axis of the image's shape (10, 10, 3)."
BEYOND = (
    "the image holds int64 values beyond 2**53, which are not exact in floating point: "
    "subtract an offset or divide them first."
)

# What is passed in place of RGB and the defaults, the error, and its sentence.
TABLE = {
    # the image
    "a table of pixels": (
        {"image": RGB.reshape(-1, 3)},
        ValueError,
        A_TABLE.format(100, 3),
    ),
    "a table of pixels with alpha": (
        {"image": np.zeros((17_120, 4), np.uint8)},
        ValueError,
        A_TABLE.format(17120, 4),
    ),
    "empty": (
        {"image": np.zeros((0, 4, 3))},
        ValueError,
        "the image is empty, with the shape (0, 4, 3).",
    ),
    "no channels": (
        {"image": np.zeros((4, 4, 0))},
        ValueError,
        "the image is empty, with the shape (4, 4, 0).",
    ),
    "empty list": (
        {"image": []},
        ValueError,
        "the image is empty, with the shape (0,).",
    ),
    "0-d": ({"image": np.uint8(7)}, ValueError, TOO_FEW_AXES.format("()")),
    "1-d": ({"image": np.zeros(9)}, ValueError, TOO_FEW_AXES.format("(9,)")),
    "1-d grey": (
        {"image": np.zeros(9), "channel_axis": None},
        ValueError,
        TOO_FEW_AXES.format("(9,)"),
    ),
    "complex": ({"image": RGB + 1j}, TypeError, NO_COLORS.format("complex128")),
    "object": ({"image": RGB.astype(object)}, TypeError, NO_COLORS.format("object")),
    "strings": ({"image": RGB.astype(str)}, TypeError, NO_COLORS.format("<U3")),
    "a file's name": ({"image": "china.jpg"}, TypeError, NO_COLORS.format("<U9")),
    "None": ({"image": None}, TypeError, NO_COLORS.format("object")),
    "dates": (
        {"image": RGB.astype("M8[s]")},
        TypeError,
        NO_COLORS.format("datetime64[s]"),
    ),
    "structured": (
        {"image": np.zeros((9, 9), "u1,u1")},
        TypeError,
        NO_COLORS.format("[('f0', 'u1'), ('f1', 'u1')]"),
    ),
    "int64 beyond 2**53": ({"image": RGB.astype(np.int64) + 2**53}, ValueError, BEYOND),
    "2**53 + 1": (
        {"image": np.full((9, 9), 2**53 + 1), "channel_axis": None},
        ValueError,
        BEYOND,
    ),
    "all NaN": ({"image": RGB * np.nan}, ValueError, NO_PIXEL),
    "all infinite": ({"image": np.full((9, 9, 3), -np.inf)}, ValueError, NO_PIXEL),
    "all transparent": ({"image": np.zeros((9, 9, 4))}, ValueError, NO_PIXEL),
    "a layer": (
        {"image": Image(RGB)},
        TypeError,
        "the image is a layer of napari: pass its data, or call `quantize_layer`, "
        "which takes layers.",
    ),
    "masked array": (
        {"image": np.ma.masked_array(RGB, RGB < 9)},
        TypeError,
        "the image is a masked array: pass its data, and mask=~array.mask for the "
        "pixels to quantize.",
    ),
    "dask array of complex numbers": (
        {"image": dask.array.from_array(RGB + 1j)},
        TypeError,
        NO_COLORS.format("complex128"),
    ),
    "empty dask array": (
        {"image": dask.array.zeros((0, 9, 3))},
        ValueError,
        "the image is empty, with the shape (0, 9, 3).",
    ),
    "dask array of blocks of unknown sizes": (
        {"image": UNKNOWN},
        ValueError,
        UNKNOWN_SIZES.format("image"),
    ),
    # its channels
    "grey as RGB": ({"image": GREY}, ValueError, NO_RGB.format("(10, 10)", 0)),
    "a row as RGB": ({"image": RGB[0]}, ValueError, A_TABLE.format(10, 3)),
    "5 channels as RGB": (
        {"image": np.zeros((10, 10, 5))},
        ValueError,
        NO_RGB.format("(10, 10, 5)", 2),
    ),
    "grey as RGB, lazily": (
        {"image": LAZY[..., 0]},
        ValueError,
        NO_RGB.format("(10, 10)", 0),
    ),
    "channels first as RGB": (
        {"image": np.zeros((2, 10, 10))},
        ValueError,
        NO_RGB.format("(2, 10, 10)", 0),
    ),
    "axis 3 of 3": ({"channel_axis": 3}, ValueError, NO_AXIS.format(3)),
    "axis -4 of 3": ({"channel_axis": -4}, ValueError, NO_AXIS.format(-4)),
    "axis 1.5": ({"channel_axis": 1.5}, ValueError, NO_AXIS.format(1.5)),
    "axis -1.0": ({"channel_axis": -1.0}, ValueError, NO_AXIS.format(-1.0)),
    "axis True": ({"channel_axis": True}, ValueError, NO_AXIS.format(True)),
    "axis by name": ({"channel_axis": "c"}, ValueError, NO_AXIS.format("'c'")),
    # the mask
    "all masked": ({"mask": OUTSIDE}, ValueError, NO_PIXEL),
    "mask of another shape": (
        {"mask": OUTSIDE[:5]},
        ValueError,
        "the mask has the shape (5, 10): pass the shape of the image without its "
        "channels, (10, 10).",
    ),
    "mask with channels": (
        {"mask": RGB > 9},
        ValueError,
        "the mask has the shape (10, 10, 3): pass the shape of the image without its "
        "channels, (10, 10).",
    ),
    "mask of floats": (
        {"mask": OUTSIDE.astype(float)},
        TypeError,
        "the mask has the dtype float64: pass booleans, True inside.",
    ),
    "masked mask": (
        {"mask": np.ma.masked_array(OUTSIDE)},
        TypeError,
        "the mask is a masked array: pass booleans, True inside.",
    ),
    "dask mask of an image in memory": (
        {"mask": dask.array.from_array(OUTSIDE)},
        TypeError,
        IN_MEMORY.format("mask"),
    ),
    "dask mask of floats": (
        {"image": LAZY, "mask": dask.array.zeros((10, 10))},
        TypeError,
        "the mask has the dtype float64: pass booleans, True inside.",
    ),
    "dask mask of another shape": (
        {"image": LAZY, "mask": dask.array.from_array(OUTSIDE)[:5]},
        ValueError,
        "the mask has the shape (5, 10): pass the shape of the image without its "
        "channels, (10, 10).",
    ),
    "dask mask of blocks of unknown sizes": (
        {"image": LAZY, "mask": UNKNOWN[..., 0]},
        ValueError,
        UNKNOWN_SIZES.format("mask"),
    ),
    "all masked, lazily": (
        {"image": LAZY, "mask": dask.array.from_array(OUTSIDE)},
        ValueError,
        NO_PIXEL,
    ),
    # the number of colours
    "0 colors": ({"n_colors": 0}, ValueError, N_COLORS.format(0)),
    "1 color": ({"n_colors": 1}, ValueError, N_COLORS.format(1)),
    "-3 colors": ({"n_colors": -3}, ValueError, N_COLORS.format(-3)),
    "65,536 colors": (
        {"n_colors": 65_536, "n_samples": None},
        ValueError,
        N_COLORS.format(65_536),
    ),
    "2.5 colors": ({"n_colors": 2.5}, TypeError, N_COLORS_TYPE.format(2.5)),
    "64.0 colors": ({"n_colors": 64.0}, TypeError, N_COLORS_TYPE.format(64.0)),
    "many colors": ({"n_colors": "many"}, TypeError, N_COLORS_TYPE.format("'many'")),
    "True colors": ({"n_colors": True}, TypeError, N_COLORS_TYPE.format(True)),
    "None colors": ({"n_colors": None}, TypeError, N_COLORS_TYPE.format(None)),
    # the other parameters
    "0 samples": ({"n_colors": 8, "n_samples": 0}, ValueError, N_SAMPLES.format(0)),
    "-1 samples": ({"n_colors": 8, "n_samples": -1}, ValueError, N_SAMPLES.format(-1)),
    "7 for 8": ({"n_colors": 8, "n_samples": 7}, ValueError, N_SAMPLES.format(7)),
    "1e4 samples": (
        {"n_samples": 1e4},
        TypeError,
        "n_samples is 10000.0: pass a whole number, or None.",
    ),
    "unknown method": (
        {"method": "octree"},
        ValueError,
        METHOD.format("'octree'"),
    ),
    "no method": ({"method": None}, ValueError, METHOD.format(None)),
    "two methods": ({"method": ["a", "b"]}, ValueError, METHOD.format("['a', 'b']")),
    "unknown color space": (
        {"color_space": "hsv"},
        ValueError,
        "color_space 'hsv' is unknown: pass one of 'rgb', 'lab', 'ab', 'oklab', 'hed', "
        "'stains'.",
    ),
    "color space None": (
        {"color_space": None},
        ValueError,
        "color_space None is unknown: pass one of 'rgb', 'lab', 'ab', 'oklab', 'hed', "
        "'stains'.",
    ),
    "a grey image's stains": (
        {"image": GREY, "channel_axis": None, "color_space": "hed"},
        ValueError,
        "color_space 'hed' needs red, green and blue, and the image has 1 channel: "
        "pass color_space='rgb', which takes any channels.",
    ),
    "CIELAB of 5 channels": (
        {"image": np.zeros((5, 9, 9)), "channel_axis": 0, "color_space": "lab"},
        ValueError,
        "color_space 'lab' needs red, green and blue, and the image has 5 channels: "
        "pass color_space='rgb', which takes any channels.",
    ),
    "CIELAB of floats to 250": (
        {"image": RGB.astype(float), "color_space": "lab"},
        ValueError,
        NO_LIGHT.format(0, 250),
    ),
    "CIELAB of floats below 0": (
        {"image": RGB / 250 - 0.5, "color_space": "lab"},
        ValueError,
        NO_LIGHT.format(-0.5, 0.5),
    ),
    "refine 1": ({"refine": 1}, TypeError, "refine is 1: pass True or False."),
    "refine None": (
        {"refine": None},
        TypeError,
        "refine is None: pass True or False.",
    ),
    # fixed colours
    "fixed colors of one channel": (
        {"fixed": [[1], [2]]},
        ValueError,
        "the fixed colors have 1 channel and the image 3: pass colors of the image's "
        "channels.",
    ),
    "more fixed colors than colors": (
        {"fixed": np.eye(3), "n_colors": 2},
        ValueError,
        "there are 3 fixed colors and at most 2 in the palette: pass at least as many "
        "colors as fixed ones.",
    ),
    "1,025 fixed colors for auto": (
        {"fixed": np.ones((1025, 3)), "n_colors": "auto", "target_psnr": 30},
        ValueError,
        "there are 1,025 fixed colors and at most 1,024 in the palette: pass at least "
        "as many colors as fixed ones.",
    ),
    "fixed NaN": (
        {"fixed": [[np.nan, 0, 0]]},
        ValueError,
        "palette colors must be finite: remove NaN and infinity.",
    ),
    "fixed in words": (
        {"fixed": "red"},
        TypeError,
        "palette colors have the dtype <U3: pass real numbers.",
    ),
    "one fixed color, not in a list": (
        {"fixed": [1, 2, 3]},
        ValueError,
        "palette colors have the shape (3,): pass one row a color and one column a "
        "channel.",
    ),
    "a fixed color that is no light": (
        {"image": RGB / 250, "fixed": [[1.5, 0, 0]], "color_space": "lab"},
        ValueError,
        NO_LIGHT.format(0, 1.5),
    ),
    # a target
    "auto without a target": ({"n_colors": "auto"}, ValueError, NO_TARGET),
    "two targets": (
        {"n_colors": "auto", "target_psnr": 30, "target_delta_e": 2},
        ValueError,
        NO_TARGET,
    ),
    "a target without auto": (
        {"n_colors": 16, "target_psnr": 30},
        ValueError,
        "target_psnr is a target for n_colors='auto', and n_colors is 16: pass one or "
        "the other.",
    ),
    "target 0": (
        {"n_colors": "auto", "target_psnr": 0},
        ValueError,
        "target_psnr is 0: pass a number above 0.",
    ),
    "target -1": (
        {"n_colors": "auto", "target_delta_e": -1},
        ValueError,
        "target_delta_e is -1: pass a number above 0.",
    ),
    "target infinity": (
        {"n_colors": "auto", "target_psnr": np.inf},
        ValueError,
        "target_psnr is inf: pass a number above 0.",
    ),
    "target True": (
        {"n_colors": "auto", "target_psnr": True},
        TypeError,
        "target_psnr is True: pass a number.",
    ),
    "target NaN": (
        {"n_colors": "auto", "target_delta_e": np.nan},
        ValueError,
        "target_delta_e is nan: pass a number above 0.",
    ),
    "target in words": (
        {"n_colors": "auto", "target_psnr": "high"},
        TypeError,
        "target_psnr is 'high': pass a number.",
    ),
    "auto from too small a sample": (
        {"n_colors": "auto", "target_psnr": 30, "n_samples": 1000},
        ValueError,
        "n_samples is 1000, fewer than the 1,024 colors to learn: pass at least as "
        "many samples as colors, or None for every pixel.",
    ),
    "ΔE2000 of a grey image": (
        {
            "image": GREY,
            "channel_axis": None,
            "n_colors": "auto",
            "target_delta_e": 2,
        },
        ValueError,
        "ΔE2000 needs RGB, and the image has 1 channel: ask for PSNR in its place.",
    ),
    "ΔE2000 of floats to 250": (
        {"image": RGB.astype(float), "n_colors": "auto", "target_delta_e": 2},
        ValueError,
        NO_LIGHT.format(0, 250),
    ),
    "negative seed": ({"random_state": -1}, ValueError, SEED.format(-1)),
    "seed of 33 bits": ({"random_state": 2**32}, ValueError, SEED.format(2**32)),
    "no seed": ({"random_state": None}, TypeError, SEED_TYPE.format(None)),
    "seed in words": ({"random_state": "now"}, TypeError, SEED_TYPE.format("'now'")),
}


@pytest.mark.parametrize("function", [quantize, fit_palette])
@pytest.mark.parametrize(("arguments", "error", "sentence"), TABLE.values(), ids=TABLE)
def test_bad_input_is_refused_in_one_sentence(function, arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        function(**{"image": RGB, **arguments})


LEARNED = {
    "learn_mask of floats": (
        {"learn_mask": OUTSIDE.astype(float)},
        TypeError,
        "the learn_mask has the dtype float64: pass booleans, True inside.",
    ),
    "learn_mask of another shape": (
        {"learn_mask": OUTSIDE[:5]},
        ValueError,
        "the learn_mask has the shape (5, 10): pass the shape of the image without its "
        "channels, (10, 10).",
    ),
    "dask learn_mask of an image in memory": (
        {"learn_mask": dask.array.from_array(OUTSIDE)},
        TypeError,
        IN_MEMORY.format("learn_mask"),
    ),
    "dask learn_mask of another shape": (
        {"image": LAZY, "learn_mask": dask.array.from_array(OUTSIDE)[:5]},
        ValueError,
        "the learn_mask has the shape (5, 10): pass the shape of the image without its "
        "channels, (10, 10).",
    ),
    "dask learn_mask of blocks of unknown sizes": (
        {"image": LAZY, "learn_mask": UNKNOWN[..., 0]},
        ValueError,
        UNKNOWN_SIZES.format("learn_mask"),
    ),
    "nothing to learn from, lazily": (
        {"image": LAZY, "learn_mask": OUTSIDE},
        ValueError,
        f"where the palette is learned, {NO_PIXEL}",
    ),
    "seeds of a lazy image": (
        {"image": LAZY, "seeds": np.zeros(OUTSIDE.shape, int)},
        ValueError,
        "the seeds are 0 everywhere: paint some pixels of each class.",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"), LEARNED.values(), ids=LEARNED
)
def test_what_cannot_be_learned_from_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        quantize(**{"image": RGB, **arguments})


@pytest.mark.parametrize(
    ("palette", "error", "sentence"),
    [
        (
            Palette([[1]]),
            ValueError,
            "the palette has 1 channels and the image 3: pass a palette of the image's "
            "channels.",
        ),
        (
            Palette([[1, 2, 3, 4]]),
            ValueError,
            "the palette has 4 channels and the image 3: pass a palette of the image's "
            "channels.",
        ),
        (
            Palette([[0, 1, 300]], color_space="hed"),
            ValueError,
            "colors as an eye or a stain has them need values from 0 to 255, and there "
            "are some from 0 to 300: divide by their range first, or compare in "
            "color_space='rgb'.",
        ),
        (
            [[1, 2, 3]],
            TypeError,
            "palette is a list: pass a Palette, such as Palette(colors).",
        ),
        (
            None,
            TypeError,
            "palette is a NoneType: pass a Palette, such as Palette(colors).",
        ),
    ],
    ids=["grey", "RGBA", "no light", "list", "None"],
)
def test_a_palette_that_does_not_fit_is_refused(palette, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        apply_palette(RGB, palette)


Q = apply_palette(RGB, Palette([[0, 0, 0], [200, 200, 200]], units="uint8"))
LABELS = np.ones((10, 10), np.int32)
LAZY_REGIONS = dask.array.from_array(LABELS, chunks=4)
OTHER_GRID = (
    "the regions have the shape {}: pass the shape of the labels, (10, 10), or that of "
    "their last axes."
)
NO_SLICES = (
    "slice_axis is {}, and the image has the shape (10, 10, 3): pass the axis of "
    "slices, one of 0, 1."
)


def with_labels(labels):
    return replace(Q, labels=labels)


LAYER = Labels(LABELS, name="cells")
# What is passed in place of Q and the defaults, the error, and its sentence.
MEASURED = {
    "no quantization": (
        {"q": LABELS},
        TypeError,
        "q is an array of the shape (10, 10) and the dtype int32: pass what "
        "`quantize`, `apply_palette` or `quantize_slices` returned.",
    ),
    "a layer": (
        {"q": LAYER},
        TypeError,
        "q is the layer 'cells': pass a labels layer of a result to `measure_layer`.",
    ),
    "labels of floats": (
        {"q": with_labels(LABELS * 1.0)},
        TypeError,
        "the labels have the dtype float64: pass whole numbers from 0.",
    ),
    "labels below 0": (
        {"q": with_labels(-LABELS)},
        ValueError,
        "the labels have the value -1: pass numbers from 0, where 0 is not quantized.",
    ),
    "lazy labels below 0": (
        {"q": with_labels(-LAZY_REGIONS)},
        ValueError,
        "the labels have the value -1: pass numbers from 0, where 0 is not quantized.",
    ),
    "regions below 0": (
        {"regions": -2 * LABELS},
        ValueError,
        "the regions have the value -2: pass numbers from 0, where 0 is outside.",
    ),
    "lazy regions below 0": (
        {"regions": -LAZY_REGIONS},
        ValueError,
        "the regions have the value -1: pass numbers from 0, where 0 is outside.",
    ),
    "regions beyond 63 bits": (
        {"regions": np.full((10, 10), 2**63, np.uint64)},
        ValueError,
        "the regions have the value 9223372036854775808: pass numbers up to 2**63 - 1, "
        "where 0 is outside.",
    ),
    "regions of floats": (
        {"regions": LABELS * 0.5},
        TypeError,
        "the regions have the dtype float64: pass booleans, True inside, or whole "
        "numbers, 0 outside.",
    ),
    "lazy regions of floats": (
        {"regions": LAZY_REGIONS * 0.5},
        TypeError,
        "the regions have the dtype float64: pass booleans, True inside, or whole "
        "numbers, 0 outside.",
    ),
    "masked regions": (
        {"regions": np.ma.masked_array(LABELS)},
        TypeError,
        "the regions are a masked array: pass its data, filled with 0 outside.",
    ),
    "regions of another grid": (
        {"regions": LABELS[:5]},
        ValueError,
        OTHER_GRID.format("(5, 10)"),
    ),
    "lazy regions of another grid": (
        {"regions": LAZY_REGIONS[:, :5]},
        ValueError,
        OTHER_GRID.format("(10, 5)"),
    ),
    "regions with channels": (
        {"regions": RGB},
        ValueError,
        OTHER_GRID.format("(10, 10, 3)"),
    ),
    "masks in one array": (
        {"regions": np.ones((3, 10, 10), bool)},
        ValueError,
        "the regions have the shape (3, 10, 10), one axis more than the labels: pass a "
        "list of masks, one for each region.",
    ),
    "numbered regions in nested lists": (
        {"regions": [[[0, 1] * 5] * 10] * 3},
        ValueError,
        "the regions have the shape (3, 10, 10), one axis more than the labels: pass a "
        "list of masks, one for each region.",
    ),
    "regions of a layer": (
        {"regions": LAYER},
        TypeError,
        "the regions are a layer of napari: pass its data, or call `measure_layer`, "
        "which takes layers.",
    ),
    "regions of no axes": ({"regions": 3}, ValueError, OTHER_GRID.format("()")),
    "regions of blocks of unknown sizes": (
        {"regions": UNKNOWN[..., 0]},
        ValueError,
        UNKNOWN_SIZES.format("regions").replace("regions is", "regions are"),
    ),
    "no region": (
        {"regions": 0 * LABELS},
        ValueError,
        "the regions have no number above 0: number the pixels of each region.",
    ),
    "no lazy region": (
        {"regions": 0 * LAZY_REGIONS},
        ValueError,
        "the regions have no number above 0: number the pixels of each region.",
    ),
    "a list of no regions": (
        {"regions": []},
        ValueError,
        "regions is an empty list: pass one mask for each region.",
    ),
    "a list of numbered regions": (
        {"regions": [OUTSIDE, LABELS]},
        TypeError,
        "the mask of region 2 has the dtype int32: pass booleans, True inside.",
    ),
    "a list with a mask of another grid": (
        {"regions": [OUTSIDE[:, :4]]},
        ValueError,
        OTHER_GRID.format("(10, 4)").replace("regions have", "mask of region 1 has"),
    ),
    "the axis of channels": ({"slice_axis": 2}, ValueError, NO_SLICES.format(2)),
    "the last axis": ({"slice_axis": -1}, ValueError, NO_SLICES.format(-1)),
    "slice_axis by name": ({"slice_axis": "z"}, ValueError, NO_SLICES.format("'z'")),
    "by what": (
        {"by": "Entry"},
        ValueError,
        "by is 'Entry': pass 'entry' or 'class'.",
    ),
    "a class with the name of another entry": (
        {
            "by": "class",
            "q": replace(
                Q,
                palette=replace(Q.palette, names=("stain", "DAB"), classes=("DAB", "")),
            ),
        },
        ValueError,
        "the class 'DAB' has the name of the entry with the label 2, which has no "
        "class: rename one of them, or put the entry into the class.",
    ),
    "a name that is none": (
        {"name": None},
        TypeError,
        "name is None: pass a string.",
    ),
    "an estimate that is none": (
        {"estimate": 1},
        TypeError,
        "estimate is 1: pass True or False.",
    ),
    "three sizes for two axes": (
        {"scale": [1, 2, 3]},
        ValueError,
        "scale has 3 values, and there are 2 axes: pass one value for all axes of "
        "space, or one for each axis.",
    ),
    "a size of 0": (
        {"scale": [1, 0]},
        ValueError,
        "a value of scale is 0: pass sizes above 0.",
    ),
    "a weight": (
        {"scale": 1, "units": "kg"},
        ValueError,
        "units is 'kg': pass one of length or time, such as 'um' or 'micrometer'.",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"), MEASURED.values(), ids=MEASURED
)
def test_what_cannot_be_measured_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        measure_areas(**{"q": Q, **arguments})


OBJECTS = {
    "no quantization": (
        {"q": None},
        TypeError,
        "q is None: pass what `quantize`, `apply_palette` or `quantize_slices` "
        "returned.",
    ),
    "lazy labels": (
        {"q": with_labels(LAZY_REGIONS)},
        ValueError,
        "the labels are lazy, and objects are found in memory: quantize a part of the "
        "image, or pass dataclasses.replace(q, labels=q.labels.compute()).",
    ),
    "one axis": (
        {"q": with_labels(LABELS[0])},
        ValueError,
        "the labels have 1 axis, and objects have two or three: quantize one image, or "
        "volume, of them.",
    ),
    "four axes": (
        {"q": with_labels(LABELS[np.newaxis, np.newaxis])},
        ValueError,
        "the labels have 4 axes, and objects have two or three: quantize one image, or "
        "volume, of them.",
    ),
    "labels below 0": (
        {"q": with_labels(-LABELS)},
        ValueError,
        "the labels have the value -1: pass numbers from 0, where 0 is not quantized.",
    ),
    "an image of another shape": (
        {"image": RGB[:5]},
        ValueError,
        "the image has the shape (5, 10, 3) and the labels (10, 10): pass an image of "
        "the labels' shape, with or without channels.",
    ),
    "a lazy image": ({"image": LAZY}, TypeError, IN_MEMORY.format("image")),
    "an image of text": (
        {"image": GREY.astype(str)},
        TypeError,
        NO_COLORS.format("<U3"),
    ),
    "objects of no pixel": (
        {"min_pixels": 0},
        ValueError,
        "min_pixels is 0: pass a whole number, 1 or more.",
    ),
    "objects of half a pixel": (
        {"min_pixels": 0.5},
        TypeError,
        "min_pixels is 0.5: pass a whole number.",
    ),
    "neighbours in three axes of two": (
        {"connectivity": 3},
        ValueError,
        "connectivity is 3: pass a whole number, from 1 to 2.",
    ),
    "an axis of time": (
        {"scale": 1, "units": ["s", "um"]},
        ValueError,
        "units is ['s', 'um'], with an axis of time, and objects are measured in "
        "space: quantize one image of the series.",
    ),
    "by what": (
        {"by": 3},
        ValueError,
        "by is 3: pass 'entry' or 'class'.",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"), OBJECTS.values(), ids=OBJECTS
)
def test_what_has_no_objects_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        measure_objects(**{"q": Q, **arguments})


def test_a_grey_image_has_no_light_to_compare():
    sentence = (
        "color_space 'lab' needs red, green and blue, and the image has 1 channel: "
        "pass color_space='rgb', which takes any channels."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        apply_palette(GREY, Palette([[1]], color_space="lab"), channel_axis=None)


@pytest.mark.parametrize(
    ("image", "mask", "what"),
    [
        ([[1, 2], [3]], None, "image"),
        ([[1, 2], [3, 4]], [[True], [True, False]], "mask"),
    ],
)
def test_a_ragged_list_is_refused(image, mask, what):
    sentence = f"the {what} is not an array of one shape: "
    with pytest.raises(ValueError, match=f"^{sentence}"):
        quantize(image, channel_axis=None, mask=mask)


@pytest.mark.parametrize("n_colors", [5, 64, 10_000])
def test_more_colors_than_pixels_give_a_warning_and_lose_nothing(n_colors):
    image = np.array([[1, 9], [5, 7]], np.uint8)
    sentence = (
        "The image has only 4 colors: all are kept, instead of the "
        f"{n_colors} that were asked for."
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(sentence)}$"):
        q = quantize(image, n_colors, channel_axis=None)
    assert q.palette.colors.tolist() == [[1], [5], [7], [9]]
    assert q.image.tolist() == image.tolist()
    assert q.report.mse == 0


def test_one_color_is_written_so():
    with pytest.warns(UserWarning, match="^The image has only 1 color: "):
        quantize(np.zeros((5, 5, 3)), 2)
