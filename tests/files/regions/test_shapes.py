"""Masks of shapes, exact to the pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.draw import polygon

from napari_colorquant.files.regions.shapes import Shape, mask_of, outline_of


def shape(*rings):
    return Shape("", (tuple(np.array(ring, float) for ring in rings),))


def box(left, top, right, bottom):
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def test_a_rectangle_holds_its_pixels_and_no_others():
    expected = np.zeros((5, 6), bool)
    expected[1:4, 2:5] = True
    for ring in (box(2, 1, 5, 4), box(2, 1, 5, 4)[::-1]):
        assert np.array_equal(mask_of(shape(ring), (5, 6)), expected)


def test_shapes_that_touch_share_no_pixel_and_leave_none_out():
    left, right = shape(box(0, 0, 2.5, 4)), shape(box(2.5, 0, 6, 4))
    masks = [mask_of(one, (4, 6)).astype(int) for one in (left, right)]
    assert (sum(masks) == 1).all()


def test_a_hole_is_outside_and_parts_are_together():
    ring = shape(box(0, 0, 5, 5), box(1, 1, 4, 4))
    assert mask_of(ring, (5, 5)).sum() == 25 - 9
    two = Shape("", tuple((np.array(box(x, 0, x + 3, 2), float),) for x in (0, 2)))
    assert mask_of(two, (2, 5)).sum() == 10


def test_what_lies_outside_of_the_picture_is_cut_off():
    mask = mask_of(shape(box(-1e9, -3, 2, 1e9)), (4, 5))
    assert mask.tolist() == [[True, True, False, False, False]] * 4
    assert not mask_of(shape(box(7, 7, 9, 9)), (4, 5)).any()


@pytest.mark.parametrize("seed", range(20))
def test_any_polygon_is_that_of_scikit_image(seed):
    corners = np.random.default_rng(seed).uniform(-10, 70, (9, 2))
    expected = np.zeros((50, 60), bool)
    x, y = (corners - 0.5).T
    expected[polygon(y, x, expected.shape)] = True
    assert np.array_equal(mask_of(shape(corners), (50, 60)), expected)


@pytest.mark.parametrize("radius", [3.0, 10.0, 23.5])
def test_a_disc_has_the_pixels_whose_centers_it_holds(radius):
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    ring = 30 + radius * np.stack([np.cos(turn), np.sin(turn)], -1)
    y, x = np.indices((60, 60)) + 0.5
    distance = np.hypot(x - 30, y - 30)
    mask = mask_of(shape(ring), (60, 60))
    assert mask[distance < radius * (1 - 1e-5)].all()
    assert not mask[distance > radius].any()


corner = st.tuples(*[st.integers(-4, 60).map(lambda n: n / 2)] * 2)


@given(st.lists(st.lists(corner, min_size=3, max_size=7), min_size=1, max_size=3))
def test_one_outline_holds_the_pixels_of_all_rings(rings):
    whole = shape(*rings)
    one = shape(outline_of(whole, (25, 30)))
    assert np.array_equal(mask_of(one, (25, 30)), mask_of(whole, (25, 30)))


def test_parts_that_share_a_pixel_have_no_one_outline():
    parts = [(np.array(box(x, 0, x + 3, 2), float),) for x in (0, 3, 5)]
    apart = Shape("", tuple(parts[:2]))
    one = shape(outline_of(apart, (2, 9)))
    assert np.array_equal(mask_of(one, (2, 9)), mask_of(apart, (2, 9)))
    with pytest.raises(ValueError, match=r"^it has parts that overlap: join them"):
        outline_of(Shape("", tuple(parts)), (2, 9))
    outline_of(Shape("", tuple(parts)), (2, 5))  # the picture ends before


def test_a_center_on_a_slanted_edge_is_inside_on_the_left():
    ring = [[49.5, 40], [-0.5, 0.5], [3.5, -1]]
    mask = mask_of(shape(ring), (40, 50))
    mirrored = mask_of(shape([[50 - x, y] for x, y in ring]), (40, 50))[:, ::-1]
    assert (mask ^ mirrored).sum() == 1  # the one on the edge
