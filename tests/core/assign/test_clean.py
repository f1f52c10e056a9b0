from __future__ import annotations

import re
from collections import Counter
from itertools import product

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.measure import label

from napari_colorquant.core.assign.clean import MOST_LAZY, clean_levels
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import Clean

N = 3
PLANES = arrays(
    np.uint8,
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    elements=st.integers(0, N + 1),
)
VOLUMES = arrays(
    np.uint8, st.tuples(*[st.integers(1, 4)] * 3), elements=st.integers(0, N + 1)
)


def cleaned(labels, *how, n=N):
    (found,) = clean_levels([labels], n, Clean(*how), Monitor())
    return found


def majority_by_hand(labels, radius):
    """Return the winner around each pixel, by looking at all pairs of pixels."""
    found = labels.copy()
    places = list(np.ndindex(labels.shape))
    for here in places:
        own = labels[here]
        if not 0 < own <= N:
            continue
        votes = Counter(
            int(labels[there])
            for there in places
            if sum((a - b) ** 2 for a, b in zip(here, there, strict=True)) <= radius**2
            and 0 < labels[there] <= N
        )
        most = max(votes.values())
        if votes[own] < most:
            found[here] = min(one for one in votes if votes[one] == most)
    return found


def sides(here, shape):
    for axis, step in product(range(len(shape)), (-1, 1)):
        there = list(here)
        there[axis] += step
        if 0 <= there[axis] < shape[axis]:
            yield tuple(there)


def without_small_by_hand(labels, least):
    """Give away the smallest region again and again, and find all regions anew."""
    found = labels.copy()
    stuck = set()
    while True:
        known = np.where((found > 0) & (found <= N), found, 0)
        regions, n = label(known, background=0, connectivity=1, return_num=True)
        candidates = []
        for number in range(1, n + 1):
            places = list(zip(*np.nonzero(regions == number), strict=True))
            if len(places) < least and places[0] not in stuck:
                candidates.append((len(places), places[0], places))
        if not candidates:
            return found
        _, first, places = min(candidates)
        own = found[first]
        borders = Counter(
            int(found[there])
            for here in places
            for there in sides(here, found.shape)
            if found[there] not in (0, own) and found[there] <= N
        )
        if not borders:
            stuck.add(first)
            continue
        most = max(borders.values())
        winner = min(one for one in borders if borders[one] == most)
        for here in places:
            found[here] = winner


@given(PLANES | VOLUMES, st.integers(1, 4))
def test_the_majority_is_that_of_a_plain_search(labels, radius):
    found = cleaned(labels, radius, 0, labels.ndim)
    np.testing.assert_array_equal(found, majority_by_hand(labels, radius))


@given(PLANES | VOLUMES, st.integers(2, 12))
def test_small_regions_go_where_a_plain_search_gives_them(labels, least):
    found = cleaned(labels, 0, least, labels.ndim)
    np.testing.assert_array_equal(found, without_small_by_hand(labels, least))


@given(PLANES | VOLUMES, st.integers(0, 3), st.integers(2, 12))
def test_laws(labels, radius, least):
    ndim = labels.ndim
    before = labels.copy()
    found = cleaned(labels, radius, least, ndim)
    np.testing.assert_array_equal(labels, before)
    assert found.dtype == labels.dtype
    outside = (labels == 0) | (labels > N)
    np.testing.assert_array_equal(found[outside], labels[outside])
    assert set(found[~outside].tolist()) <= set(labels[~outside].tolist())
    # What is small now borders on no other label, and cleaning again changes nothing.
    np.testing.assert_array_equal(cleaned(found, 0, least, ndim), found)
    # In order: the majority first.
    filtered = cleaned(labels, radius, 0, ndim)
    np.testing.assert_array_equal(cleaned(filtered, 0, least, ndim), found)


@given(VOLUMES, st.integers(0, 2), st.integers(0, 6))
def test_a_stack_is_cleaned_plane_by_plane(labels, radius, least):
    found = cleaned(labels, radius, least)
    planes = [cleaned(plane, radius, least) for plane in labels]
    np.testing.assert_array_equal(found, planes)
    series = cleaned(np.stack([labels, labels[::-1]]), radius, least, 3)
    volumes = [cleaned(one, radius, least, 3) for one in (labels, labels[::-1])]
    np.testing.assert_array_equal(series, volumes)


@pytest.mark.parametrize("how", [(2, 0), (0, 9), (2, 9), (3, 0, 3), (1, 9, 3)])
@pytest.mark.parametrize("chunks", [(2, 7, 5), (1, 23, 31), (3, 1, 31)])
def test_lazy_labels_are_cleaned_as_in_memory_in_their_blocks(how, chunks):
    labels = np.random.default_rng(0).integers(0, N + 1, (3, 23, 31), np.uint8)
    lazy = da.from_array(labels, chunks=chunks)
    found = cleaned(lazy, *how)
    assert found.chunks == lazy.chunks
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found.compute(), cleaned(labels, *how))


def test_the_number_of_threads_does_not_matter_across_bands_of_rows(monkeypatch):
    labels = np.random.default_rng(0).integers(0, N + 1, (40, 30), np.uint8)
    whole = cleaned(labels, 3, 5)
    monkeypatch.setattr("napari_colorquant.core.assign.clean._BAND", 30)
    np.testing.assert_array_equal(cleaned(labels, 3, 5), whole)


def test_two_small_regions_do_not_change_places():
    labels = np.array([[1, 1, 1, 1], [1, 2, 3, 1], [1, 1, 1, 1]], np.uint8)
    np.testing.assert_array_equal(cleaned(labels, 0, 2), np.ones_like(labels))


def test_a_region_goes_where_most_of_its_border_is_not_to_the_largest():
    labels = np.array(
        [[2, 2, 2, 0], [2, 1, 3, 3], [3, 3, 3, 3], [3, 3, 3, 3]], np.uint8
    )
    labels[1, 1] = 1  # two sides with 2, and two with 3: the lower one wins
    assert cleaned(labels, 0, 2)[1, 1] == 2
    labels[1, 0] = 3
    assert cleaned(labels, 0, 2)[1, 1] == 3


def test_a_tie_of_the_majority_leaves_the_own_label():
    row = np.array([[2, 1, 0, 1, 2, 3]], np.uint8)
    np.testing.assert_array_equal(cleaned(row, 1, 0), row)
    between = np.array([[3, 0], [1, 2], [3, 0], [1, 0]], np.uint8)
    # Around 1 in the middle: 3, 3, 2 and itself.
    assert cleaned(between, 1, 0)[1, 0] == 3


def test_labels_of_two_bytes_and_many_entries():
    labels = np.full((9, 9), 300, np.uint16)
    labels[4, 4] = 299
    np.testing.assert_array_equal(cleaned(labels, 1, 0, n=300), np.full((9, 9), 300))
    np.testing.assert_array_equal(cleaned(labels, 0, 2, n=300), np.full((9, 9), 300))


def test_smaller_levels_are_cleaned_by_as_much_of_the_image():
    coarse = np.ones((12, 12), np.uint8)
    coarse[2, 2] = coarse[6:8, 6:8] = 2
    fine = coarse.repeat(2, 0).repeat(2, 1)
    found = clean_levels([fine, coarse], N, Clean(0, 12), Monitor())
    # 4 of 12 pixels, and 1 of 3, are too small; 16 and 4 are not.
    assert [np.count_nonzero(one == 2) for one in found] == [16, 4]
    kept = clean_levels([fine, coarse], N, Clean(0, 2), Monitor())
    assert kept[1] is coarse


def test_what_is_off_is_the_same_array():
    labels = np.ones((3, 3), np.uint8)
    assert cleaned(labels, 0, 1) is labels
    lazy = da.ones((3, 3), dtype=np.uint8)
    assert cleaned(lazy, 0, 0) is lazy


@pytest.mark.parametrize(
    ("labels", "how", "sentence"),
    [
        (
            np.ones((3, 3), np.uint8),
            (1, 0, 3),
            "ndim=3 cleans volumes, and this is a plane: leave it out.",
        ),
        (
            np.ones(3, np.uint8),
            (1, 0),
            "the labels have one axis, and are cleaned in two or three.",
        ),
        (
            da.ones((MOST_LAZY // 2**12 + 1, 2**12), dtype=np.uint8),
            (0, 2),
            "small regions are found in memory, in up to 16,777,216 pixels, and there "
            "are 4097 x 4096 in one piece: use the majority filter alone, or quantize "
            "a part.",
        ),
    ],
)
def test_what_cannot_be_cleaned(labels, how, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        cleaned(labels, *how)


def test_a_large_lazy_plane_is_filtered_in_parts():
    labels = da.ones((2**13, 2**13), chunks=2**11, dtype=np.uint8)
    found = cleaned(labels, 2, 0)
    assert found[:5, :5].compute().tolist() == [[1] * 5] * 5


def test_cleaning_can_be_stopped():
    class Stop(Exception):
        pass

    def stop(_):
        raise Stop

    labels = np.random.default_rng(0).integers(0, N + 1, (40, 30), np.uint8)
    for how in ((1, 0), (0, 5)):
        with pytest.raises(Stop), Monitor(stop) as monitor:
            clean_levels([labels], N, Clean(*how), monitor)
