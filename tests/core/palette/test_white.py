"""What white is in an image, and palettes in the units of other images."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant import (
    Merge,
    Palette,
    Recolor,
    apply_palette,
    edit,
    error_curve,
    error_map,
    fit_palette,
    measure_quality,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.palette.appearance import appearance

RGB = np.array(
    [[[0, 0, 0], [255, 0, 0], [0, 255, 0], [255, 255, 255], [10, 20, 200]]], np.uint8
)
LEGEND = Palette(RGB[0, :4], units="uint8")


def in_units(image, units):
    """An 8-bit picture in other units."""
    if np.dtype(units).kind == "f":
        return (image / 255).astype(units)
    return (image.astype(np.uint64) * (np.iinfo(units).max // 255)).astype(units)


@pytest.fixture
def photo(china):
    return np.ascontiguousarray(china[100:190, 200:320])


# ------------------------------------------------------------ units of a palette
@pytest.mark.parametrize("units", ["uint8", "uint16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_palette_of_known_units_fits_rgb_of_any_units(units, is_lazy):
    image = in_units(RGB, units)
    given = da.from_array(image, chunks=(1, 2, 3)) if is_lazy else image
    q = apply_palette(given, LEGEND)
    assert np.asarray(q.labels).tolist() == [[1, 2, 3, 4, 1]]
    np.testing.assert_array_equal(np.asarray(q.image)[:, :4], image[:, :4])
    assert q.palette.units == units
    assert q.palette.counts.tolist() == [2, 1, 1, 1]
    fixed = quantize(given, 4, fixed=LEGEND)
    assert fixed.palette.colors.tolist() == q.palette.colors.tolist()
    assert fixed.report.parameters.fixed.units == units


@pytest.mark.parametrize("axis", [0, 2])
@pytest.mark.parametrize("n_channels", [2, 3])
def test_channels_of_data_are_never_converted(axis, n_channels):
    values = np.arange(12 * n_channels).reshape(12, n_channels) * 300
    image = values.reshape(3, 4, n_channels).astype(np.uint16)
    image = np.moveaxis(image, -1, axis)
    palette = Palette([[200] * n_channels, [100] * n_channels], units="uint8")
    q = apply_palette(image, palette, channel_axis=axis)
    assert q.palette.colors.tolist() == palette.colors.tolist()
    q = quantize(image, 4, fixed=palette, channel_axis=axis)
    kept = {tuple(color) for color in palette.colors}
    assert kept <= {tuple(color) for color in q.palette.colors}


@pytest.mark.parametrize("units", ["uint8", "uint16", "float64"])
def test_colors_without_units_are_taken_as_they_are(units):
    image = in_units(RGB, units)
    q = apply_palette(image, Palette(RGB[0, :4]))
    assert q.palette.colors.tolist() == RGB[0, :4].tolist()


@pytest.mark.parametrize("value", [1.5, -0.1])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_floats_that_are_no_light_are_refused(value, is_lazy):
    image = RGB / 255
    image[0, 4, 2] = value
    mask = image[..., 2] != value
    if is_lazy:
        image = da.from_array(image)
    with pytest.raises(ValueError, match=r"uint8 is converted.*set data_range to"):
        apply_palette(image, LEGEND)
    with pytest.raises(ValueError, match="set data_range to"):
        quantize(image, 4, fixed=LEGEND)
    labels = apply_palette(image, LEGEND, mask=mask).labels
    assert np.asarray(labels).tolist() == [[1, 2, 3, 4, 0]]


def test_a_range_says_what_white_is_in_floats():
    image = RGB * 2.0
    q = apply_palette(image, LEGEND, data_range=510)
    assert q.labels.tolist() == [[1, 2, 3, 4, 1]]
    assert (q.palette.units, q.palette.white) == ("float64", 510)
    assert apply_palette(RGB, q.palette).palette.colors.tolist() == (
        LEGEND.colors.tolist()
    )


def test_a_palette_of_floats_beyond_white_is_refused():
    palette = fit_palette(RGB * 1.0, 4)
    with pytest.raises(ValueError, match="where white is 1: correct its colors"):
        apply_palette(RGB, palette)


@given(st.sampled_from(["uint8", "uint16", "float32", "float64"]), st.data())
def test_units_there_and_back(units, data):
    colors = data.draw(
        st.lists(st.tuples(*[st.integers(0, 255)] * 3), min_size=1, max_size=5)
    )
    palette = Palette(colors, units="uint8")
    there = palette.in_units(units)
    np.testing.assert_array_equal(
        there.drawn(units), in_units(np.array(colors, np.uint8), units)
    )
    back = there.in_units("uint8").colors
    np.testing.assert_allclose(back, palette.colors, rtol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"white": 4095}, ValueError, "without units: pass units too"),
        ({"white": 256, "units": "uint8"}, ValueError, "uint8 holds values up to 255"),
        ({"white": 0, "units": "uint8"}, ValueError, "above 0"),
        ({"white": np.inf, "units": "float64"}, ValueError, "above 0"),
        ({"white": "x", "units": "uint8"}, TypeError, "pass a number"),
        ({"white": True, "units": "uint8"}, TypeError, "pass a number"),
    ],
)
def test_what_cannot_be_white(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Palette([[1, 2, 3]], **arguments)


@pytest.mark.parametrize(
    ("data_range", "sentence"),
    [(70_000, "uint16 holds values up to 65535"), (-1, "above 0"), (100, "up to 255")],
)
def test_what_cannot_be_a_range(data_range, sentence):
    image = RGB.astype(np.uint16)
    for call in (quantize, fit_palette):
        with pytest.raises(ValueError, match=sentence):
            call(image, 2, data_range=data_range)


# ------------------------------------------------------------ fixed colours
def test_a_fixed_palette_of_another_space_is_refused(photo):
    palette = fit_palette(photo, 6, color_space="lab")
    for space in ("rgb", "hed"):
        with pytest.raises(ValueError, match="fixed palette is of lab"):
            quantize(photo, 6, fixed=palette, color_space=space)
    q = quantize(photo, 6, fixed=palette, color_space="lab")
    expected = apply_palette(photo, palette)
    np.testing.assert_array_equal(q.labels, expected.labels)


@pytest.mark.filterwarnings("ignore:The image has only 4 colors")
@pytest.mark.parametrize("n_colors", [4, 6])
def test_where_nothing_is_learned_the_order_stays(n_colors):
    legend = LEGEND.select([3, 1, 0, 2])
    q = quantize(RGB[:, :4], n_colors, fixed=legend)
    assert q.palette.colors.tolist() == legend.colors.tolist()
    assert q.labels.tolist() == [[3, 2, 4, 1]]


# ------------------------------------------------------------ bits that are not used
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_white_is_the_top_of_the_bits_that_are_used(photo, bits):
    image = photo.astype(np.uint16) << (bits - 8)
    q = quantize(image, 5)
    assert q.palette.white == 2**bits - 1
    assert [f"the largest value of {bits} bits" in n for n in q.report.notes] == [True]
    assert q.report.data_range == 2**bits - 1
    assert fit_palette(image, 5).white == 2**bits - 1


def test_all_bits_need_no_note(photo):
    q = quantize(photo.astype(np.uint16) * 257, 5)
    assert (q.palette.white, q.report.notes, q.report.data_range) == (None, (), 65535)


def test_channels_of_data_have_no_white(photo):
    image = np.moveaxis(photo.astype(np.uint16), -1, 0)
    q = quantize(image, 5, channel_axis=0)
    assert (q.palette.white, q.report.notes) == (None, ())
    grey = quantize(photo[..., 0].astype(np.uint16), 5, channel_axis=None)
    assert (grey.palette.white, grey.report.notes) == (None, ())


@pytest.mark.parametrize("space", ["rgb", "lab", "hed"])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_the_same_slide_in_12_bits_is_the_same(photo, space, is_lazy):
    image = photo.astype(np.uint16) * 16
    if is_lazy:
        image = da.from_array(image, chunks=(40, 50, 3))
    learned = fit_palette(photo, 6, color_space=space)
    whole = Palette(learned.drawn("uint8"), color_space=space, units="uint8")
    eight = apply_palette(photo, whole)
    twelve = apply_palette(image, eight.palette.uncounted(), data_range=4080)
    np.testing.assert_array_equal(np.asarray(twelve.labels), eight.labels)
    np.testing.assert_array_equal(appearance(twelve.palette), appearance(eight.palette))
    assert twelve.report.psnr == pytest.approx(eight.report.psnr)
    one, other = (
        measure_quality(
            a, b, delta_e=True, ssim=True, data_range=4080 if a is image else None
        )
        for a, b in ((photo, eight.image), (image, twelve.image))
    )
    assert other.delta_e == pytest.approx(one.delta_e)
    assert other.ssim == pytest.approx(one.ssim)
    errors = error_map(image, twelve.image, data_range=4080)
    expected = error_map(photo, eight.image)
    np.testing.assert_allclose(np.asarray(errors), expected, atol=1e-4)


@pytest.mark.parametrize("space", ["lab", "hed"])
def test_a_guess_is_near_what_8_bits_give(photo, space):
    eight = quantize(photo, 6, color_space=space)
    twelve = quantize(photo.astype(np.uint16) * 16, 6, color_space=space)
    assert np.mean(twelve.labels == eight.labels) > 0.95
    near = np.abs(appearance(twelve.palette).astype(int) - appearance(eight.palette))
    assert near.max() <= 3


def test_one_white_holds_for_all_that_a_palette_is_applied_to(photo):
    palette = fit_palette(photo.astype(np.uint16) * 16, 5)
    dark = (photo.astype(np.uint16) * 16) // 8  # would be taken for 10 bits
    with pytest.warns(UserWarning, match="does not fit: no pixel has the labels"):
        q = apply_palette(dark, palette)
    assert (q.palette.white, len(q.report.notes)) == (4095, 1)
    assert quantize(dark, 6, fixed=palette).palette.white == 4095
    with pytest.raises(ValueError, match=r"up to 65535, and white is 4095 in the pal"):
        apply_palette(photo.astype(np.uint16) * 257, palette)
    converted = apply_palette(photo.astype(np.uint16) * 257, palette, data_range=65535)
    assert converted.palette.white is None


def test_edits_keep_white(photo):
    image = photo.astype(np.uint16) * 16
    q = edit(quantize(image, 5), image, [Merge([0, 1]), Recolor(0, (9, 9, 9))])
    assert q.palette.white == 4095
    expected = measure_quality(image, q.image)
    assert q.report.psnr == expected.psnr


def test_a_stack_has_one_white(photo):
    dark = photo.astype(np.uint16)
    stack = np.stack([dark, dark * 16])
    for image in (stack, da.from_array(stack, chunks=(1, 40, 50, 3))):
        q = quantize_slices(image, 4)
        assert {palette.white for palette in q.palettes} == {4095}
        assert len(q.report.notes) == 1


def test_a_block_above_white_is_an_error_when_it_is_computed(photo):
    image = np.zeros((200, 100, 3), np.uint16)
    image[:90, :100] = photo[:90, :100].astype(np.uint16) * 16
    lazy = da.from_array(image, chunks=(50, 50, 3))
    palette = quantize(lazy[:100], 4).palette
    image[150, 60] = 5000
    whole = da.concatenate([lazy[:100], da.from_array(image[100:], chunks=(50, 50, 3))])
    with pytest.raises(ValueError, match="up to 5000, and white is 4095 in the pal"):
        apply_palette(whole, palette)  # all of it is read
    from napari_colorquant.core.assign.color_map import ColorMap
    from napari_colorquant.core.assign.lazy import lazy_labels
    from napari_colorquant.core.image.blocks import see_blocks

    blocks = see_blocks(whole, -1)
    labels = lazy_labels(blocks, ColorMap.of(palette, blocks))
    labels[:150, :].compute()
    with pytest.raises(ValueError, match=r"a block .* 5000, and white is 4095, .*data"):
        labels[150:, 50:].compute()


def test_the_curve_has_the_peak_of_white(photo):
    image = photo[:30, :30].astype(np.uint16) * 16
    curve = error_curve(image, max_colors=4, data_range=4080)
    expected = error_curve(photo[:30, :30], max_colors=4)
    for point, other in zip(curve.points, expected.points, strict=True):
        assert point.psnr == pytest.approx(other.psnr, abs=0.3)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_colors_without_units_are_taken_as_they_are_beside_white(dtype, is_lazy):
    image = np.array([[[9, 9, 9], [200, 100, 50], [0, 0, 0]]], dtype)
    given = da.from_array(image, chunks=(1, 2, 3)) if is_lazy else image
    entries = Palette([[200, 100, 50], [0, 0, 0]])
    found = apply_palette(given, entries, data_range=240)
    assert np.asarray(found.labels).tolist() == [[2, 1, 2]]
    found = quantize(given, 3, fixed=entries, data_range=240)
    assert [200, 100, 50] in found.palette.colors.tolist()
    assert (found.palette.units, found.palette.white) == (dtype, 240)
    learned = fit_palette(given, 3, fixed=entries.colors, data_range=240)
    assert learned.colors.tolist() == found.palette.colors.tolist()
    with pytest.raises(ValueError, match="up to 200, and white is 150: set data_r"):
        apply_palette(given, entries, data_range=150)


# ------------------------------------------------------------ spaces of light
@pytest.mark.parametrize("space", ["lab", "hed"])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_spaces_of_light_are_refused_for_channels_of_data(photo, space, is_lazy):
    data = np.moveaxis(photo, -1, 0)
    data = da.from_array(data) if is_lazy else data
    for call in (quantize, fit_palette):
        with pytest.raises(ValueError, match=f"color_space '{space}' is of red, green"):
            call(data, 4, color_space=space, channel_axis=0)
    with pytest.raises(ValueError, match=f"color_space '{space}' is of red, green"):
        error_curve(data, color_space=space, channel_axis=0)
    palette = Palette([[0, 0, 0], [9, 9, 9]], color_space=space)
    with pytest.raises(ValueError, match=f"the palette is of {space}"):
        apply_palette(data, palette, channel_axis=0)
