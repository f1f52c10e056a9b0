"""Where the rows of a table of areas are in a plot, and what is told of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from areas import joined, table_of
from napari_colorquant.viewer.widgets.plots.shares import MOST_ENTRIES, shares_of

# Half of the first row is 1; region 5 has nothing that is quantized.
LABELS = [[1, 1, 2, 3], [2, 2, 2, 3], [0, 0, 0, 0]]
REGIONS = np.array([[2, 2, 2, 2], [3, 3, 3, 3], [5, 5, 5, 5]])


@pytest.fixture
def regions():
    return shares_of(table_of(LABELS, regions=REGIONS, scale=0.5, units="um"))


@pytest.fixture
def slices():
    stack = np.array([LABELS, np.ones((3, 4)), np.full((3, 4), 2)])
    return shares_of(
        joined(table_of(stack, slice_axis=0), table_of(stack, name="b", slice_axis=0))
    )


def test_parts_of_a_bar_are_on_one_another(regions):
    assert regions.place.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert regions.low.tolist() == [0, 50, 75, 0, 0, 75, 0, 0, 0]
    assert regions.high.tolist() == [50, 75, 100, 0, 75, 100, 0, 0, 0]
    assert not regions.of_slices
    assert regions.title(0, range(3)) == "Share (%) by region"
    assert regions.title(0, range(2)) == "Share (%) by region, 1 to 2 of 3"


@given(arrays(np.uint8, (4, 5), elements=st.integers(0, 3)))
def test_each_bar_is_full_or_empty(labels):
    regions = np.arange(20).reshape(4, 5) % 3 + 1
    table = table_of(labels, regions=regions)
    shares = shares_of(table)
    kept = table[table["label"] > 0]
    assert shares.rows.tolist() == kept.index.tolist()
    assert shares.high - shares.low == pytest.approx(kept["percent"].fillna(0))
    for bar in range(3):
        top = shares.high[shares.place == bar].max()
        quantized = (labels[regions == bar + 1] > 0).any()
        assert top == pytest.approx(100 if quantized else 0)


def test_a_row_is_told_in_words(regions):
    assert regions.facts(1) == ["25.00 %", "label 2 (DAB)", "0.25 µm²", "region 2"]
    assert regions.facts(8, with_area=False) == [
        "No quantized pixel",
        "label 3",
        "region 5",
    ]


def test_rows_of_slices_are_lines_of_each_image(slices):
    assert slices.of_slices
    assert slices.place.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2] * 2
    assert slices.panel.tolist() == [0] * 9 + [1] * 9
    assert slices.title(1, range(0)) == "Share (%) by slice, b"
    assert slices.facts(13, with_area=False) == [
        "0.00 %",
        "label 2 (DAB)",
        "slice 1",
        "b",
    ]


def test_rows_are_found_by_their_number_in_the_table(regions):
    # The row of what is not quantized comes first in region 5.
    assert regions.rows.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9]
    assert regions.index_of(7) == 6
    assert regions.index_of(6) is None
    assert regions.index_of(None) is None


@pytest.mark.parametrize(
    ("x", "y", "index"),
    [
        (0.2, 10, 0),
        (-0.3, 60, 1),
        (0.49, 99, 2),
        (1, 10, 4),  # label 1 has no height there
        (1, 130, 5),
        (2.3, 50, 6),
    ],
)
def test_what_is_at_a_place_of_a_bar(regions, x, y, index):
    assert regions.nearest(x, y, 0) == index


def test_what_is_at_a_place_of_lines(slices):
    # Slice 0 has 25, 50 and 25 percent.
    assert slices.nearest(0.4, 45, 0) == 1
    assert slices.nearest(0.6, 45, 0) == 4
    assert slices.nearest(9, 99, 1) == 16


def test_steps_go_to_the_same_entry_beside(regions, slices):
    assert regions.beside(1, "right") == 4
    assert regions.beside(1, "left") == 1
    assert regions.beside(1, "last") == 7
    assert regions.beside(7, "first") == 1
    assert [regions.beside(1, step) for step in ("up", "down")] == [2, 0]
    assert regions.beside(2, "up") == 2
    assert slices.beside(9, "right") == 12
    assert slices.beside(17, "right") == 17
    assert slices.beside(12, "down") == 14  # by the share: 100, and two of 0


def test_more_entries_than_can_be_seen_are_refused(regions):
    assert regions.why_not == ""
    one = table_of(LABELS)
    many = joined(*(one.assign(label=one["label"] + 3 * n) for n in range(100)))
    assert shares_of(many).why_not.startswith(
        f"300 entries are too many to be told apart in a plot, which shows "
        f"{MOST_ENTRIES}: "
    )


def test_images_that_were_not_measured_are_told_of():
    gone = {"name": "not measured", "label": None, "percent": None, "estimated": None}
    table = joined(table_of(LABELS), table_of(LABELS, name="b").head(1).assign(**gone))
    shares = shares_of(table)
    assert shares.title(0, range(0)) == "Share (%), 1 not measured"
    assert len(shares.rows) == 3
    assert shares_of(table.tail(1)).why_not == "No image was measured."


def test_an_estimate_is_told_of():
    shares = shares_of(table_of(LABELS).assign(estimated=True))
    assert shares.title(0, range(0)) == "Share (%), estimated"
    assert shares.facts(0)[0] == "≈\u00a025.00 %"


def test_files_have_no_folders():
    table = joined(table_of(LABELS, name="/x/a.png"), table_of(LABELS, name="/y/a.png"))
    shares = shares_of(table)
    assert shares.place.tolist() == [0, 0, 0, 1, 1, 1]
    assert shares.facts(0, with_area=False) == ["25.00 %", "label 1", "a.png"]
