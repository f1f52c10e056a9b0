from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.assign.redraw import (
    draw_tile,
    redraw,
    redraw_and_compare,
)
from napari_colorquant.core.image.pixels import see_pixels
from plain import searches


@given(searches(st.integers(1, 5)), st.sampled_from([np.uint8, np.uint16]), st.data())
def test_labels_are_drawn_and_counted(case, label_dtype, data):
    values, palette = case
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    drawn = random.integers(0, 200, (len(palette) + 1, values.shape[1]))
    drawn = drawn.astype(values.dtype)
    labels = random.integers(0, len(drawn), len(values)).astype(label_dtype)
    picture, counts = np.full_like(values, 99), np.full(len(drawn), 7, np.int64)
    redraw(labels, drawn, picture, counts)
    expected = np.where(
        labels[:, np.newaxis] > 0, drawn[labels], np.full_like(values, 99)
    )
    np.testing.assert_array_equal(picture, expected)
    np.testing.assert_array_equal(counts, 7 + np.bincount(labels, None, len(drawn)))


@given(
    searches(st.integers(1, 9)),
    st.sampled_from([1.0, 0.25]),
    st.sampled_from([0, 0.01, 0.5]),
    st.integers(0, 99),
)
def test_the_error_is_that_of_the_pixels_that_are_drawn(case, scale, share, seed):
    values, palette = case
    random = np.random.default_rng(seed)
    values = random.choice(values, 1200)  # of several blocks
    drawn = palette.astype(values.dtype)
    labels = random.integers(0, len(drawn), len(values)).astype(np.uint8)
    left_out = random.random(len(values)) < share
    labels[left_out] = 0
    values = values.copy()
    if values.dtype.kind == "f":
        values[left_out] = np.nan
    picture, again = np.full_like(values, 99), np.full_like(values, 99)
    counts, counts_again = np.zeros((2, len(drawn)), np.int64)
    error = redraw_and_compare(values, labels, drawn, picture, counts, scale)
    redraw(labels, drawn, again, counts_again)
    np.testing.assert_array_equal(picture, again)
    np.testing.assert_array_equal(counts, counts_again)
    difference = (values.astype(np.float64) - picture)[labels > 0]
    assert error == pytest.approx((difference**2).sum() * scale**2, rel=1e-12)


def test_the_error_of_bytes_is_exact_at_its_largest():
    values = np.zeros((2**18, 3), np.uint8)
    picture, counts = np.full_like(values, 7), np.zeros(2, np.int64)
    labels = np.ones(2**18, np.uint8)
    labels[:5] = 0
    drawn = np.array([[0] * 3, [255] * 3], np.uint8)
    error = redraw_and_compare(values, labels, drawn, picture, counts, 1.0)
    assert error == (2**18 - 5) * 3 * 255**2
    np.testing.assert_array_equal(picture, [[7] * 3] * 5 + [[255] * 3] * (2**18 - 5))
    assert counts.tolist() == [5, 2**18 - 5]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", ">u2"])
@pytest.mark.parametrize("axis", [0, 2])
def test_a_tile_is_drawn_in_any_picture(dtype, axis):
    """In place where the memory allows it; what has no label stays as it is."""
    image = np.arange(24).reshape(3, 4, 2).astype(dtype)
    picture = see_pixels(np.ascontiguousarray(np.moveaxis(image, 2, axis)), axis)
    (tile,) = picture.tiles()
    values = picture.values(tile).copy()
    drawn = np.array([[0, 0], [50, 60], [70, 80]], picture.work_dtype)
    labels = np.array([0, 1, 2] * 4, np.uint8)
    expected = np.where(labels[:, np.newaxis] > 0, drawn[labels], values)
    counts, error = draw_tile(picture, tile, labels, drawn, values, 0.5)
    assert counts.tolist() == [4, 4]
    assert error == ((expected - values.astype(np.float64)) ** 2).sum() / 4
    np.testing.assert_array_equal(picture.values(tile), expected)
    assert picture.dtype == dtype
    assert draw_tile(picture, tile, labels, drawn)[1] == 0
