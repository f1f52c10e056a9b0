"""Pictures larger than memory are judged by what is read of both."""

from __future__ import annotations

from dataclasses import replace

import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazies import Generated, chunkings, noise
from napari_colorquant import measure_quality, quantize
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.quality import quality as lazy_quality
from plain import images


@pytest.mark.filterwarnings("ignore:The image has only:UserWarning")
@settings(max_examples=20)
@given(images(), st.data())
def test_the_measures_are_those_of_pictures_in_memory(case, data):
    after = quantize(case.image, 2, **case.how).image
    lazies = [
        dask.array.from_array(one, chunks=data.draw(chunkings(one.shape)))
        for one in (case.image, after)
    ]
    how = {"ssim": None, "delta_e": None, **case.how}
    found = measure_quality(*lazies, **how)
    assert found.n_blocks_read == found.n_blocks > 0
    assert not found.is_estimated
    expected = measure_quality(case.image, after, **how)
    assert replace(found, n_blocks_read=0, n_blocks=0) == expected
    half_lazy = measure_quality(lazies[0], after, **how)
    assert replace(half_lazy, n_blocks_read=0, n_blocks=0) == expected


def test_a_photograph_has_its_similarity(china):
    after = quantize(china, 16).image
    lazies = [
        dask.array.from_array(one, chunks=(100, 200, 2)) for one in (china, after)
    ]
    found = measure_quality(*lazies, ssim=True, delta_e=True)
    expected = measure_quality(china, after, ssim=True, delta_e=True)
    assert replace(found, n_blocks_read=0, n_blocks=0) == expected


def test_of_a_large_image_some_blocks_are_compared(monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 4000)
    monkeypatch.setattr(lazy_quality, "MEASURED_PIXELS", 1000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)
    image = Generated(((10,) * 30, (10,) * 30), noise)
    before = image.array()
    quality = measure_quality(before, before + np.uint8(0), channel_axis=None)
    assert len(image.computed) == 10
    assert (quality.n_blocks_read, quality.n_blocks) == (10, 900)
    assert quality.is_estimated
    assert quality.colors_before == f"over {quality.n_colors_before}"
    assert quality.mse == 0
    shifted = measure_quality(before // 2, before // 2 + 3, channel_axis=None)
    assert shifted.mse == 9
    with pytest.raises(ValueError, match=r"^SSIM compares windows of whole planes"):
        measure_quality(before, before, channel_axis=None, ssim=True)


def test_two_images_of_one_shape_are_compared():
    a = dask.array.zeros((8, 8), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"^the original has the shape \(8, 8\)"):
        measure_quality(a, a[1:], channel_axis=None)
