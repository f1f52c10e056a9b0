from __future__ import annotations

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quality import delta_e as delta_e_module
from napari_colorquant.core.quality.delta_e import delta_e_2000, mean_delta_e


def delta_e(a, b, white=255):
    return deltaE_ciede2000(rgb2lab(a / white), rgb2lab(b / white))


@pytest.mark.parametrize("chunk", [1, 7, 1000])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", ">f8"])
def test_differences_are_those_of_scikit_image(monkeypatch, chunk, dtype):
    monkeypatch.setattr(delta_e_module, "_CHUNK", chunk)
    dtype = np.dtype(dtype)
    white = np.iinfo(dtype).max if dtype.kind in "iu" else 1
    a, b = (np.random.default_rng(0).random((2, 60, 3)) * white).astype(dtype)
    expected = delta_e(a.astype(np.float64), b.astype(np.float64), white)
    np.testing.assert_allclose(delta_e_2000(a, b, dtype), expected, rtol=1e-12)


@pytest.mark.parametrize("masked", [False, True])
def test_the_mean_over_colours_is_that_over_pixels(china, masked):
    small = china[::6, ::7]
    mask = np.arange(small[..., 0].size).reshape(small.shape[:2]) % 3 == 0
    pixels = see_pixels(small, mask=mask if masked else None)
    redrawn = small & 0b11100000
    distinct = statistics_of(pixels, Monitor()).distinct
    drawn = distinct.colors().astype(np.uint8) & 0b11100000
    differences = delta_e(small, redrawn)
    expected = differences[mask].mean() if masked else differences.mean()
    assert mean_delta_e(pixels, redrawn) == pytest.approx(expected, rel=1e-12)
    by_color = mean_delta_e(pixels, redrawn, distinct, drawn)
    assert by_color == pytest.approx(expected, rel=1e-12)
