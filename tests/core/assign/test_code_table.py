from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given

from napari_colorquant.core.assign.code_table import CodeTable, tally_colors
from napari_colorquant.core.assign.redraw import redraw
from plain import coded_tiles, histogram_of


def colored(parts, label_dtype=np.uint8):
    """Return the colours of tiles, their labels, the drawn ones, and what is right."""
    distinct = histogram_of(parts).distinct()
    random = np.random.default_rng(3)
    labels = random.integers(1, 200, len(distinct)).astype(label_dtype)
    drawn = random.integers(0, 256, (201, parts[0].shape[1])).astype(parts[0].dtype)
    label_of = dict(zip(map(tuple, distinct.colors().tolist()), labels, strict=True))
    values = np.concatenate(parts)
    expected = np.array([label_of[tuple(v)] for v in values.tolist()], label_dtype)
    return distinct, labels, drawn, values, expected


def paint(distinct, labels, drawn, values, offset=0):
    """Return labels and picture, the latter at an address of so many bytes more."""
    tile_labels = np.full(len(values), 99, labels.dtype)
    memory = np.zeros(values.nbytes + offset, np.uint8)
    picture = memory[offset:].view(values.dtype).reshape(values.shape)
    table = CodeTable.of_colors(distinct, labels)
    if table.draws_rgb(picture):
        table.draw_rgb(values, drawn, tile_labels, picture)
    else:
        table.label(values, None, tile_labels)
        redraw(tile_labels, drawn, picture, np.zeros(len(drawn), np.int64))
    return tile_labels, picture


@pytest.mark.parametrize("label_dtype", [np.uint8, np.uint16])
@given(parts=coded_tiles())
def test_a_pixel_finds_the_label_of_its_color(parts, label_dtype):
    assume(sum(map(len, parts)))
    distinct, labels, drawn, values, expected = colored(parts, label_dtype)
    found, picture = paint(distinct, labels, drawn, values)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(picture, drawn[expected])


@pytest.mark.parametrize("offset", [0, 1])  # words are written to every fourth byte
@pytest.mark.parametrize("label_dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("n_pixels", [1, 3, 4, 5, 8, 403])
def test_four_pixels_at_a_time_find_theirs(n_pixels, label_dtype, offset):
    random = np.random.default_rng(n_pixels)
    pixels = random.integers(0, 256, (n_pixels, 3), np.uint8)
    distinct, labels, drawn, values, expected = colored([pixels], label_dtype)
    found, picture = paint(distinct, labels, drawn, values, offset)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(picture, drawn[expected])


def test_a_color_that_is_not_counted_has_the_label_0():
    distinct, labels, drawn, _, _ = colored([np.full((5, 3), 7, np.uint8)])
    found, _ = paint(distinct, labels, drawn, np.full((9, 3), 200, np.uint8))
    assert found.tolist() == [0] * 9


@given(coded_tiles())
def test_a_tally_is_that_of_all_pixels(parts):
    assume(sum(map(len, parts)))
    distinct, labels, drawn, values, expected = colored(parts)
    counts, error = tally_colors(distinct, labels, drawn)
    plain = np.bincount(expected, minlength=len(drawn))[1:]
    np.testing.assert_array_equal(counts, plain)
    difference = values.astype(np.float64) - drawn[expected]
    assert error == (difference**2).sum()


@pytest.mark.parametrize("n_channels", [1, 3])
def test_a_color_is_searched_where_it_is_met_first(n_channels):
    """Once, and not where it is not valid."""
    searched = []

    def find(codes, labels):
        searched.extend(codes.tolist())
        labels[:] = codes % 7 + 1

    table = CodeTable.of_all(8, n_channels, np.dtype("uint16"), find)
    values = np.zeros((6, n_channels), np.uint8)
    values[:, -1] = [0, 1, 3, 1, 0, 2]
    codes = table.spread[-1][values[:, -1]]
    valid = np.array([True, True, True, False, True, False])
    labels = np.full(6, 99, np.uint16)
    table.label(values, valid, labels)
    assert labels.tolist() == np.where(valid, codes % 7 + 1, 0).tolist()
    assert searched == sorted(codes[:3].tolist())
    table.label(values, None, labels)
    assert labels.tolist() == (codes % 7 + 1).tolist()
    assert searched[3:] == [codes[5]]
