from __future__ import annotations

import pickle
import subprocess
import sys

import dask.array
import numpy as np
import pytest

from lazies import Generated, noise
from napari_colorquant import Palette, apply_palette, quantize
from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.assign.lazy import lazy_labels, lazy_picture
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.pixels import see_pixels

GRAYS = Palette([[0], [100], [200]])


def gray_map(blocks):
    pixels = see_pixels(np.array([[0, 255]], blocks.outline.dtype), None)
    return ColorMap.of(GRAYS, blocks, pixels)


def test_nothing_is_computed_before_it_is_asked_for():
    image = Generated(((4,) * 100, (4,) * 100), noise)
    blocks = see_blocks(image.array(), None)
    color_map = gray_map(blocks)
    labels = lazy_labels(blocks, color_map)
    picture = lazy_picture(blocks, labels, color_map)
    assert image.computed == []
    assert (labels.dtype, labels.shape) == (np.uint8, (400, 400))
    assert (picture.dtype, picture.shape) == (np.uint8, (400, 400))
    assert labels.chunks == picture.chunks == image.chunks

    part = labels[8:12, 4:8].compute()
    assert image.computed == [(2, 1)]
    values = noise((2, 1), (4, 4))
    np.testing.assert_array_equal(part, np.digitize(values, [51, 151]) + 1)

    image.computed.clear()
    dask.compute(labels[:4, :4], picture[:4, :4])  # together: read once
    assert image.computed == [(0, 0)]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int32"])
@pytest.mark.parametrize("color_space", ["rgb", "lab", "hed"])
def test_blocks_are_labelled_as_the_whole(china, dtype, color_space):
    image = china[200:300, 200:300]
    if dtype == "float32":
        image = image / np.float32(255)
    image = image.astype(dtype)
    palette = quantize(image, 300, color_space=color_space, method="wu").palette
    whole = apply_palette(image, palette)
    blocks = see_blocks(dask.array.from_array(image, chunks=(7, 31, 2)))
    color_map = ColorMap.of(palette, blocks, see_pixels(image[:9]))
    labels = lazy_labels(blocks, color_map)
    np.testing.assert_array_equal(labels.compute(), whole.labels)
    picture = lazy_picture(blocks, labels, color_map).compute()
    np.testing.assert_array_equal(picture, whole.image)


def test_a_colour_is_searched_once_and_threads_agree(china):
    """The table of a palette is filled by many threads at once."""
    whole = quantize(china, 64)
    lazy = apply_palette(
        dask.array.from_array(china, chunks=(40, 40, 3)), whole.palette
    )
    for _ in range(2):
        labels = lazy.labels.compute(scheduler="threads", num_workers=8)
        np.testing.assert_array_equal(labels, whole.labels)


def test_a_graph_can_be_sent_to_another_process(tmp_path, china):
    image = dask.array.from_array(china[:50, :60], chunks=(20, 30, 3))
    q = quantize(image, 8, mask=np.arange(3000).reshape(50, 60) % 7 > 0)
    (tmp_path / "graph").write_bytes(pickle.dumps((q.labels, q.image, q.indices)))
    code = (
        "import pickle, sys, numpy as np\n"
        "labels, image, indices = pickle.load(open(sys.argv[1], 'rb'))\n"
        "np.savez(sys.argv[2], *(a.compute() for a in (labels, image, indices)))\n"
    )
    out = tmp_path / "out.npz"
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "graph"), str(out)], check=True
    )
    with np.load(out) as arrays:
        for name, ours in zip(arrays, (q.labels, q.image, q.indices), strict=True):
            np.testing.assert_array_equal(arrays[name], ours.compute())


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1])
def test_integers_that_are_not_exact_are_refused_where_they_are(value):
    values = np.zeros((2, 4), np.int64)
    values[1, 3] = value
    blocks = see_blocks(dask.array.from_array(values, chunks=2), None)
    labels = lazy_labels(blocks, gray_map(blocks))
    assert labels[:, :2].compute().tolist() == [[1, 1], [1, 1]]
    with pytest.raises(ValueError, match=r"^the image holds int64 values beyond 2"):
        labels.compute()
    outside = see_blocks(blocks.image, None, values == 0)
    assert lazy_labels(outside, gray_map(blocks)).compute()[1, 3] == 0
