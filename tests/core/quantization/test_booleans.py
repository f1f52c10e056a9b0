from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_colorquant import quantize


@pytest.mark.parametrize("is_lazy", [False, True])
def test_booleans_are_two_values(is_lazy):
    image = np.random.default_rng(0).random((20, 30)) > 0.4
    given = da.from_array(image, chunks=10) if is_lazy else image
    q = quantize(given, 2, channel_axis=None)
    assert q.palette.colors.tolist() == [[0], [1]]
    assert q.palette.units == "bool"
    assert np.array_equal(np.asarray(q.labels), image + 1)
    assert q.image.dtype == bool
    assert np.array_equal(np.asarray(q.image), image)
    assert q.palette.counts.tolist() == [(~image).sum(), image.sum()]


def test_channels_of_booleans_are_drawn_as_the_nearer_of_two():
    image = np.random.default_rng(0).random((20, 30, 3)) > 0.4
    q = quantize(image, 3)
    nearest = q.palette.colors[q.labels - 1] > 0.5
    assert np.array_equal(q.image, nearest)
    error = ((image * 1.0 - nearest) ** 2).sum(axis=-1).mean()
    assert q.report.mse == pytest.approx(error)
