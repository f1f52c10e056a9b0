"""Colours that are marked, not counted one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import napari_colorquant as nc
from napari_colorquant.core.color.marks import ColorMarks, is_noise
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization import run

UINT8 = np.dtype(np.uint8)


@given(st.integers(1, 300), st.integers(1, 256), st.integers(0, 99))
def test_as_many_are_marked_as_there_are(n_pixels, n_levels, seed):
    random = np.random.default_rng(seed)
    colors = random.integers(0, n_levels, (2, n_pixels, 3), np.uint8)
    first, second = ColorMarks(UINT8, 3), ColorMarks(UINT8, 3)
    first.add(colors[0])
    assert first.count == len(np.unique(colors[0], axis=0))
    second.add(colors[1])
    first.merge(second)
    assert first.count == len(np.unique(colors.reshape(-1, 3), axis=0))


@pytest.fixture(scope="module")
def noise():
    """Return a megapixel of which hardly two pixels are alike."""
    return np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), np.uint8)


@pytest.mark.parametrize("largest", [255, 63])
def test_noise_is_what_has_few_pixels_of_one_cell(noise, largest):
    assert is_noise(see_pixels(noise & largest)) == (largest == 255)


def test_small_images_and_those_of_other_types_are_no_noise(noise):
    assert not is_noise(see_pixels(noise[:512]))
    assert not is_noise(see_pixels(noise.astype(np.uint16)))
    assert not is_noise(see_pixels(noise[..., :2], channel_axis=2))


@pytest.mark.parametrize("max_distance", [None, 40.0])
def test_noise_is_given_what_other_images_are(noise, monkeypatch, max_distance):
    palette = nc.Palette(noise[0, :64].astype(float))
    mask = noise[..., 0] > 9
    given = {"mask": mask, "max_distance": max_distance}
    q = nc.apply_palette(noise, palette, **given)
    monkeypatch.setattr(run, "is_noise", lambda pixels: False)
    same = nc.apply_palette(noise, palette, **given)
    assert (q.labels == same.labels).all()
    assert (q.image == same.image).all()
    assert q.palette.counts.tolist() == same.palette.counts.tolist()
    names = ("mse", "psnr", "n_pixels", "n_unassigned", "n_colors_before")
    assert [getattr(q.report, name) for name in names] == [
        getattr(same.report, name) for name in names
    ]
    assert q.report.n_colors_before == len(np.unique(noise[mask], axis=0))
    assert q.report.n_colors_before_is_exact
