from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color.spaces import power_of_two_scale


@pytest.mark.parametrize(
    ("largest", "scale"),
    [
        (0.0, 1.0),
        (1.0, 0.5),
        (0.75, 1.0),
        (255.0, 2.0**-8),
        (256.0, 2.0**-9),
        (1e300, 2.0**-997),
        (np.finfo(float).max, 2.0**-1000),
        (5e-324, 2.0**1000),
    ],
)
def test_power_of_two_scale(largest, scale):
    assert power_of_two_scale(largest) == scale


@given(st.floats(2.0**-999, 2.0**999))
def test_a_scale_is_exact_and_brings_the_largest_below_1(largest):
    scale = power_of_two_scale(largest)
    assert 0.5 <= largest * scale < 1
    assert largest * scale / scale == largest
