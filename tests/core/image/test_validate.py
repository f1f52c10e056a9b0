"""What is said of arrays that are refused is in test_bad_input.py."""

from __future__ import annotations

import dask.array
import numpy as np
import pytest

from napari_colorquant.core.image.validate import is_lazy, see_array, see_mask


@pytest.mark.parametrize(
    "array", [np.zeros(3), np.ma.zeros(3), np.float32(1), [1, 2], 7, None]
)
def test_what_is_in_memory_is_not_lazy(array):
    assert not is_lazy(array)


def test_arrays_of_dask_and_zarr_are_lazy():
    zarr = pytest.importorskip("zarr")
    assert is_lazy(dask.array.zeros(3))
    assert is_lazy(zarr.zeros(3))


def test_an_array_is_seen_as_it_is():
    array = np.zeros((2, 3))
    assert see_array(array, "image") is array
    assert see_array([[1, 2]], "image").tolist() == [[1, 2]]


def test_a_mask_of_booleans_is_not_copied():
    mask = np.array([True, False])
    assert see_mask(mask, "mask", (2,)) is mask
    assert see_mask([1, 0], "mask", (2,)).tolist() == [True, False]


@pytest.mark.parametrize("dtype", ["u1", "i2", "i8", "u8"])
def test_integers_are_a_mask_where_they_are_0_and_1(dtype):
    assert see_mask(np.array([1, 0, 1], dtype), "mask", (3,)).tolist() == [1, 0, 1]
    for other in (2, 255, -1):
        mask = np.array([1, other, 0]).astype(dtype)
        with pytest.raises(ValueError, match=rf"^the mask has the value {mask[1]}: pa"):
            see_mask(mask, "mask", (3,))
