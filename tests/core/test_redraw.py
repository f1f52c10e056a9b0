from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import searches

from napari_colorquant.core.redraw import redraw, squared_error


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


@given(searches(st.integers(1, 5)), st.sampled_from([1.0, 0.25]))
def test_the_error_is_that_of_the_valid_pixels(case, scale):
    values, _ = case
    picture = values[::-1].copy()
    labels = np.random.default_rng(0).integers(0, 3, len(values)).astype(np.uint8)
    difference = (values.astype(np.float64) - picture)[labels > 0]
    error = squared_error(values, picture, labels, scale)
    assert error == pytest.approx((difference**2).sum() * scale**2, rel=1e-12)


def test_the_error_of_bytes_is_exact_at_its_largest():
    values = np.zeros((2**18, 3), np.uint8)
    picture = np.full_like(values, 255)
    labels = np.ones(2**18, np.uint8)
    labels[:5] = 0
    assert squared_error(values, picture, labels, 1.0) == (2**18 - 5) * 3 * 255**2
