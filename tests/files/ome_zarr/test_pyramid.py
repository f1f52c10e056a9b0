from __future__ import annotations

import subprocess
import sys

import dask
import dask.array as da
import numpy as np
import pytest
import zarr

from napari_colorquant import Palette, apply_palette, quantize
from napari_colorquant.core.compute.cluster import computed_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.images.calibration import usual_axes
from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of
from saved import Counted, noise

PALETTE = Palette([[0, 0, 0], [255, 128, 1]])


# ---------------------------------------------------------------- a level


@pytest.mark.parametrize(
    ("image", "axis"),
    [
        (noise((20, 30, 3)), -1),
        (noise((20, 30, 4), highest=3), -1),
        (noise((3, 20, 30)), 0),
        (noise((2, 5, 20, 30), "uint16", highest=999), 1),
        (noise((20, 30), "float32"), None),
        (noise((20, 30, 3), "int64"), 2),
    ],
)
def test_a_lazy_image_gives_the_parts_of_one_in_memory(image, axis):
    q = quantize(image, 5, channel_axis=axis)
    lazy = apply_palette(da.from_array(image, chunks=7), q.palette, channel_axis=axis)
    level, arrays = (Level(one.labels, one.image, axis) for one in (lazy, q))
    assert (level.is_lazy, arrays.is_lazy) == (True, False)
    shape = q.labels.shape
    assert (level.chunks, arrays.chunks) == (tuple(min(7, n) for n in shape), None)
    for attribute in ("channel_axis", "n_channels", "pixel_bytes"):
        assert getattr(level, attribute) == getattr(arrays, attribute)
    for tile in (
        tuple(slice(0, n) for n in shape),
        tuple(slice(n // 3, n - 1) for n in shape),
    ):
        found = dask.compute(*level.part(tile))
        for one, expected in zip(found, arrays.part(tile), strict=True):
            assert one.dtype == expected.dtype
            assert np.array_equal(one, expected)


def test_labels_and_picture_of_a_lazy_image_are_read_once():
    image = Counted(noise((20, 30, 3)), (10, 10, 3))
    q = apply_palette(image.lazy(), Palette([[0, 0, 0], [255, 255, 255]]))
    image.reads.clear()
    level = Level(q.labels, q.image)
    assert level.chunks == (10, 10)
    tile = (slice(0, 20), slice(10, 20))
    jobs = [(lambda labels, picture: (labels, picture), *level.part(tile))]
    ((labels, picture),) = computed_in_order(jobs, None, Monitor())
    assert sorted(image.reads) == [(0, 10, 0), (10, 10, 0)]
    assert (labels.shape, picture.shape) == ((20, 10), (20, 10, 3))


def test_what_is_others_has_another_identity():
    images = [noise((9, 8, 3), seed=seed) for seed in (0, 1)]
    palettes = [Palette([[50, 50, 50], [n, 200, 200]]) for n in (199, 200)]
    arrays = [
        Level(q.labels, q.image).identity["arrays"]
        for q in (apply_palette(i, p) for i in images for p in palettes)
    ]
    assert len({*arrays}) == 4
    again = apply_palette(images[0].copy(), palettes[0])
    assert Level(again.labels, again.image).identity["arrays"] == arrays[0]


def test_an_image_in_files_has_the_identity_of_its_pixels_and_its_palette(tmp_path):
    palettes = [Palette([[50, 50, 50], [n, 200, 200]]) for n in (199, 200)]
    arrays = [
        zarr.create_array(tmp_path / name, data=noise((9, 8, 3))) for name in "ab"
    ]

    def identity(array, palette):
        q = apply_palette(array, palette)
        return Level(q.labels, q.image).identity

    first = identity(arrays[0], palettes[0])
    assert identity(zarr.open_array(tmp_path / "a", mode="r"), palettes[0]) == first
    assert identity(arrays[0], palettes[1]) != first
    assert identity(arrays[1], palettes[0]) != first
    arrays[0][:] = 0
    assert identity(arrays[0], palettes[0]) != first


def test_an_image_in_files_has_the_same_identity_in_another_process(tmp_path):
    """By it, a save that was killed is taken up."""
    image = noise((9, 8, 3), "float32", highest=9)
    array = zarr.create_array(tmp_path / "a", data=image, chunks=(4, 4, 3))
    q = apply_palette(array, Palette([[1.5, 2, 3], [7, 8, 9]]))
    code = (
        "import sys, zarr\n"
        "from napari_colorquant import Palette, apply_palette\n"
        "from napari_colorquant.files.ome_zarr.pyramid import Level\n"
        "array = zarr.open_array(sys.argv[1], mode='r')\n"
        "q = apply_palette(array, Palette([[1.5, 2, 3], [7, 8, 9]]))\n"
        "print(Level(q.labels, q.image).identity)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "a")],
        capture_output=True,
        check=True,
        text=True,
    )
    assert found.stdout.strip() == str(Level(q.labels, q.image).identity)


def test_the_memory_of_a_pixel():
    q = quantize(noise((9, 8, 3)), 4)
    level = Level(q.labels, q.image)
    assert level.pixel_bytes == 4
    q = quantize(noise((40, 50), "uint16", highest=999), 300, channel_axis=None)
    assert Level(q.labels, q.image).pixel_bytes == 4


# ---------------------------------------------------------------- all levels


def levels(*shapes):
    return [
        Level(np.ones(shape, np.uint8), np.ones((*shape, 3), np.uint8), -1)
        for shape in shapes
    ]


@pytest.mark.parametrize(
    ("shapes", "factors"),
    [
        ([(40, 60), (20, 30), (10, 15)], [(1, 1), (2, 2), (4, 4)]),
        ([(41, 61), (21, 31), (11, 16)], [(1, 1), (2, 2), (4, 4)]),  # rounded up
        ([(43, 61), (21, 30)], [(1, 1), (2, 2)]),  # rounded down
        ([(5, 40, 60), (5, 10, 20)], [(1, 1, 1), (1, 4, 3)]),
        ([(40, 60), (25, 60)], [(1, 1), (1.6, 1)]),  # no whole number
    ],
)
def test_the_scales_of_levels_follow_from_their_shapes(shapes, factors):
    scale = [3.0, 2.0, 0.5][-len(shapes[0]) :]
    pyramid = pyramid_of(levels(*shapes), PALETTE, {}, "a", scale=scale)
    expected = [tuple(s * f for s, f in zip(scale, fs, strict=True)) for fs in factors]
    assert list(pyramid.scales) == expected


def test_scales_and_places_of_each_level_are_taken():
    each, places = [(1, 1), (2.5, 2)], [(0, 0), (0.75, 0.5)]
    pyramid = pyramid_of(
        levels((9, 9), (4, 5)), PALETTE, {}, "a", scale=each, translate=places
    )
    assert pyramid.scales == ((1, 1), (2.5, 2))
    assert pyramid.translations == ((0, 0), (0.75, 0.5))


def test_levels_that_differ_are_refused():
    first, second = levels((9, 9), (4, 4))
    other = Level(second.labels, second.picture.astype(np.uint16), -1)
    with pytest.raises(ValueError, match="the levels differ in their dtypes or chan"):
        pyramid_of([first, other], PALETTE, {}, "a")
    with pytest.raises(ValueError, match="the levels have 1 axes and the labels 2"):
        pyramid_of([first, *levels((4,))], PALETTE, {}, "a")


def test_labels_are_unsigned_integers():
    with pytest.raises(TypeError, match="the labels have the dtype int64"):
        Level(np.ones((2, 3), np.int64), np.ones((2, 3)))


def test_usual_axes_are_the_last():
    assert [usual_axes(n) for n in (2, 3, 4)] == ["yx", "zyx", "tzyx"]
    with pytest.raises(ValueError, match="the labels have 1 axes"):
        usual_axes(1)
