"""Limits that are found in an image, by the definition."""

import numpy as np
import pytest
from skimage.filters import threshold_otsu

from napari_colorquant.core.found.background import otsu_limits, region_limits
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.image.sampling import NothingValidError

RANDOM = np.random.default_rng(0)
TWO = np.concatenate([RANDOM.normal(100, 9, 3000), RANDOM.normal(180, 20, 400)])


def pixels_of(*channels, mask=None):
    return see_pixels(np.stack(channels)[:, np.newaxis], 0, mask)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32"])
def test_otsu_of_integers_is_exact(dtype):
    image = pixels_of(TWO.astype(dtype), (TWO * 0.7).astype(dtype))
    expected = [threshold_otsu(one) for one in np.moveaxis(image.colors, -1, 0)]
    assert otsu_limits(image) == tuple(map(float, expected))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("unit", [1.0, 1e-30, 1e30])
def test_otsu_of_floats_parts_the_same_pixels(dtype, unit):
    values = (TWO * unit).astype(dtype)
    (limit,) = otsu_limits(pixels_of(values))
    expected = threshold_otsu(np.float64(values) / unit, nbins=2**16) * unit
    bin_width = float(values.max() - values.min()) / 2**16
    assert limit == pytest.approx(expected, abs=1.01 * bin_width)
    # Where parts are well apart, all of the lower one is at or below the limit.
    apart = np.concatenate([values[:3000], values[:400] * 4])
    (limit,) = otsu_limits(pixels_of(apart))
    assert ((apart <= limit) == (np.arange(3400) < 3000)).all()


def test_otsu_of_wide_integers_and_of_all_floats():
    wide = np.array([0] * 5 + [2**31] * 5, np.int64)
    (limit,) = otsu_limits(pixels_of(wide))
    assert 0 <= limit < 2**31
    largest = np.finfo(np.float64).max
    (limit,) = otsu_limits(pixels_of(np.array([-largest, -largest, largest])))
    assert -largest <= limit < largest


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_a_channel_of_one_value_has_that(dtype):
    assert otsu_limits(pixels_of(np.full(9, 7, dtype))) == (7.0,)


def test_single_pixels_count_among_many():
    """Sums in float32 would lose what is added to more than 2**24."""
    counts = np.zeros(40, np.uint8)
    counts[30:] = 200
    (limit,) = otsu_limits(pixels_of(counts))
    assert limit == 0.0


def test_only_valid_pixels_count():
    values = np.array([1, 1, 1, 5, 5, 90, 90], np.uint8)
    inside = np.array([[True, True, True, True, True, False, False]])
    assert otsu_limits(pixels_of(values, mask=inside)) == (1.0,)
    floats = np.array([1, 1, np.nan, 5, np.inf], np.float32)
    (limit,) = otsu_limits(pixels_of(floats))
    assert 1 <= limit < 5
    with pytest.raises(NothingValidError):
        otsu_limits(pixels_of(values, mask=~(inside | True)))


def test_a_region_has_a_value_that_99_percent_do_not_exceed():
    values = np.arange(1, 201, dtype=np.uint16)
    assert region_limits(pixels_of(values, values * 2)) == (199.0, 398.0)
    (limit,) = region_limits(pixels_of(TWO))
    assert limit in TWO
    assert 0.99 <= (limit >= TWO).mean() < 0.991
