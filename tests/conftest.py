"""What all tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from sklearn.datasets import load_sample_image

if TYPE_CHECKING:
    import numpy as np

# The same examples in every run, so that a clone passes or fails for a reason:
# `pytest --hypothesis-profile=search` looks for new ones. There are no deadlines,
# as the kernels are compiled when they are first called.
settings.register_profile("tests", max_examples=60, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def china() -> np.ndarray:
    """The picture of scikit-learn's example: uint8, (427, 640, 3), read-only."""
    picture = load_sample_image("china.jpg")
    picture.flags.writeable = False
    return picture
