from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color import histogram as histogram_module
from napari_colorquant.core.color.codes import spread_bits
from napari_colorquant.core.color.histogram import Histogram, lay_out
from plain import coded_tiles, histogram_of


def counted(histogram):
    """Return the colours of a histogram and their counts."""
    distinct = histogram.distinct()
    colors = map(tuple, distinct.colors().tolist())
    return dict(zip(colors, distinct.counts.tolist(), strict=True))


def counted_plainly(parts):
    colors, counts = np.unique(np.concatenate(parts), axis=0, return_counts=True)
    return dict(zip(map(tuple, colors.tolist()), counts.tolist(), strict=True))


@given(coded_tiles())
def test_counts_are_those_of_unique(parts):
    histogram = histogram_of(parts)
    assert counted(histogram) == counted_plainly(parts)
    assert histogram.count == len(histogram.distinct()) == len(counted_plainly(parts))


@given(coded_tiles(), st.sampled_from([1.0, 2.0**-8]))
def test_distinct_colors_are_in_the_order_of_their_codes(parts, scale):
    distinct = histogram_of(parts).distinct()
    assert (distinct.codes.dtype, distinct.counts.dtype) == (np.uint32, np.float64)
    spread = spread_bits(distinct.n_bits, distinct.n_channels)
    colors = distinct.colors().astype(int)
    codes = sum(spread[c][colors[:, c]] for c in range(distinct.n_channels))
    np.testing.assert_array_equal(distinct.codes, codes)
    assert (np.diff(distinct.codes.astype(np.int64)) > 0).all()
    np.testing.assert_array_equal(distinct.colors(scale), colors * scale)


@given(coded_tiles())
def test_a_table_has_the_value_of_each_color_and_0_of_all_others(parts):
    distinct = histogram_of(parts).distinct()
    table = distinct.table(np.int32)
    values = np.arange(1, len(distinct) + 1)
    lay_out(distinct.codes, values, distinct.slots, table)
    known = dict(zip(distinct.codes.tolist(), values.tolist(), strict=True))
    codes = np.concatenate([distinct.codes ^ np.uint32(bit) for bit in (0, 1, 64, 129)])
    found = table[distinct.slots[codes >> 6], codes & 63]
    assert found.tolist() == [known.get(code, 0) for code in codes.tolist()]


@given(coded_tiles())
def test_every_color_is_counted_however_many_cells_there_were_room_for(parts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram_module, "_FIRST_CELLS", 1)
        assert counted(histogram_of(parts)) == counted_plainly(parts)


def test_all_cells_are_counted():
    """More than there is room for at first, and as many as there can be."""
    values = np.arange(2**16, dtype=np.uint16)[:, np.newaxis]
    histogram = histogram_of([values, values[::-7].copy()])
    distinct = histogram.distinct()
    assert distinct.slots.max() == len(distinct.slots) == 2**10
    expected = 1.0 + np.isin(values[:, 0], values[::-7])
    np.testing.assert_array_equal(distinct.counts, expected)
    random = np.random.default_rng(0).integers(0, 256, (60_000, 3), np.uint8)
    assert counted(histogram_of([random])) == counted_plainly([random])


def test_china_has_96615_colors(china):
    histogram = histogram_of([china.reshape(-1, 3)])
    assert histogram.count == 96_615 == len(np.unique(china.reshape(-1, 3), axis=0))
    assert histogram.distinct().counts.sum() == 427 * 640


def test_nothing_added_is_no_color():
    histogram = histogram_of([np.empty((0, 3), np.uint8)])
    assert histogram.count == len(histogram.distinct()) == 0
    assert histogram.distinct().colors().shape == (0, 3)


@pytest.mark.parametrize(
    ("n_pixels", "dtype"), [(2**32 - 1, np.uint32), (2**32, np.uint64)]
)
def test_no_count_overflows(n_pixels, dtype):
    histogram = Histogram(np.dtype("uint8"), 1, n_pixels)
    histogram.add(np.array([[7]], np.uint8))
    assert histogram._counts.dtype == dtype
    histogram._counts[histogram._counts > 0] = n_pixels
    assert counted(histogram) == {(7,): n_pixels}


@given(coded_tiles(), st.sampled_from([0, 2**13]), st.data())
def test_two_merged_are_one_of_both(parts, many_cells, data):
    cut = data.draw(st.integers(0, len(parts)))
    shape = parts[0].dtype, parts[0].shape[1], 10**6
    first, second = Histogram(*shape), Histogram(*shape)
    for i, part in enumerate(parts):
        (first if i < cut else second).add(part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(histogram_module, "_MANY_CELLS", many_cells)  # several threads
        theirs = counted(second)
        first.merge(second)
        assert counted(first) == counted_plainly(parts)
        assert counted(second) == theirs


def test_histograms_of_many_cells_are_merged():
    random = np.random.default_rng(1)
    parts = [random.integers(0, 256, (20_000, 3), np.uint8) for _ in range(3)]
    merged = histogram_of(parts[:1])
    for part in parts[1:]:
        merged.merge(histogram_of([part]))
    assert counted(merged) == counted_plainly(parts)
    again = histogram_of(parts[:1])
    merged.merge(again)  # after growing, it still counts
    assert counted(merged) == counted_plainly([*parts, parts[0]])
