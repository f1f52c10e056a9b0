from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.color.votes import votes_of
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels

RANDOM = np.random.default_rng(0)


def votes(image, balance, channel_axis=-1, white=None):
    pixels = see_pixels(image, channel_axis)
    if white is not None:
        object.__setattr__(pixels, "white", white)
    statistics = statistics_of(pixels, Monitor())
    found = votes_of(pixels, statistics, balance, Monitor())
    return None if found is None else found.of(image.reshape(-1, image.shape[-1]))


def test_no_balance_is_no_votes(china):
    assert votes(china, 0.0) is None


@given(balance=st.floats(0.01, 1))
def test_a_cell_of_n_pixels_counts_n_to_the_power(balance):
    image = RANDOM.integers(96, 120, (30, 40, 3)).astype(np.uint8)
    cells = [tuple(color) for color in (image.reshape(-1, 3) // 4).tolist()]
    counts = Counter(cells)
    expected = [counts[cell] ** -balance for cell in cells]
    np.testing.assert_allclose(votes(image, balance), expected, 1e-12)
    # What is said of other data: of uint16 in 12 bits, floats of light, and channels.
    for other, axis, white in (
        (image.astype(np.uint16) * 16, -1, 4095.0),
        (image / 256, -1, 1.0),
        (image.astype(np.float64) * 16 - 9, 2, None),
    ):
        if white is None:  # the range is that of the values: here that of all bytes
            other[0, 0], other[-1, -1] = -9, 256 * 16 - 9
            found = votes(other, balance, axis)[1:-1]
            inner = Counter(cells[1:-1])
            expected = [inner[cell] ** -balance for cell in cells[1:-1]]
        else:
            found = votes(other, balance, axis, white)
        np.testing.assert_allclose(found, expected, 1e-12)


@pytest.mark.parametrize("n_channels", [1, 2, 4, 6, 25])
def test_any_channels_have_cells(n_channels):
    """With balance 1, the votes of all pixels are the number of cells."""
    image = RANDOM.integers(0, 2, (20, 30, n_channels)).astype(np.uint16)
    image[:, :, 18:] = RANDOM.integers(0, 9, image[:, :, 18:].shape)
    n_cells = len(np.unique(image[..., :18].reshape(-1, min(n_channels, 18)), axis=0))
    assert votes(image, 1.0, 2).sum() == pytest.approx(n_cells, rel=1e-12)


@pytest.mark.parametrize("values", [[5.0, 5.0], [-1.7e308, 1.7e308], [0.0, 1e-300]])
def test_any_range_has_cells(values):
    image = np.array(values).reshape(1, -1, 1)
    expected = 1.0 if values[0] != values[1] else 0.5
    assert votes(image, 1.0, 2).tolist() == [expected] * 2


@pytest.mark.parametrize("length", [7, 100])
def test_tiles_change_no_bit(monkeypatch, length):
    image = RANDOM.random((20, 30, 3)).astype(np.float32)
    whole = votes(image, 0.7)
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", length)
    assert votes(image, 0.7).tobytes() == whole.tobytes()
