"""What is drawn of a table of areas, number by number, without a window."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from areas import HEXES, joined, table_of
from napari_colorquant.viewer.widgets.plots.looks import Pen, theme_colors
from napari_colorquant.viewer.widgets.plots.shares import shares_of
from napari_colorquant.viewer.widgets.plots.shares_drawing import draw_bars, draw_lines

LABELS = [[1, 1, 2, 3], [2, 2, 2, 3], [0, 0, 0, 0]]
REGIONS = np.array([[2, 2, 2, 2], [3, 3, 3, 3], [5, 5, 5, 5]])


def pen(width=300, height=170, theme="dark"):
    font = FontProperties(family="DejaVu Sans", size=12)
    return Pen(
        theme_colors(theme), font, width, height, 14, 12, lambda text: 7 * len(text)
    )


def axes():
    return Figure().add_subplot()


def drawn(shares, bars=None, **options):
    """Return the axes with bars, their boxes (left, low, right, high) and colours."""
    at = axes()
    n = int(shares.place.max()) + 1
    draw_bars(at, shares, range(n) if bars is None else bars, pen(**options))
    (parts,) = (one for one in at.collections if isinstance(one, PolyCollection))
    boxes = [path.get_extents().extents.tolist() for path in parts.get_paths()]
    return at, boxes, [to_hex(color) for color in parts.get_facecolors()]


def words(labels):
    return [label.get_text() for label in labels]


def test_bars_have_the_heights_and_colours_of_the_table():
    table = table_of(LABELS, regions=REGIONS)
    at, boxes, colors = drawn(shares_of(table))
    assert boxes == [
        pytest.approx(box)
        for box in (
            [-0.4, 0, 0.4, 50],
            [-0.4, 50, 0.4, 75],
            [-0.4, 75, 0.4, 100],
            [0.6, 0, 1.4, 75],
            [0.6, 75, 1.4, 100],
        )
    ]
    kept = table[table["percent"] > 0]
    assert [high - low for _, low, _, high in boxes] == kept["percent"].tolist()
    assert colors == kept["hex"].tolist() == [*HEXES, *HEXES[1:]]
    assert at.get_ylim() == (0, 100)
    assert words(at.get_xticklabels()) == ["2", "3", "5"]
    assert words(at.texts) == ["1", "2", "3", "2", "3"]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_bars_have_an_outline_and_labels_that_are_seen(theme):
    at, _, _ = drawn(shares_of(table_of(LABELS)), theme=theme)
    assert to_hex(at.collections[0].get_edgecolors()[0]) == theme_colors(theme).line
    assert [to_hex(text.get_color()) for text in at.texts] == [
        "#ffffff",
        "#ffffff",
        "#000000",
    ]


def test_many_bars_have_neither_gaps_nor_outlines_and_fewer_numbers():
    regions = np.arange(1, 101).reshape(10, 10)
    shares = shares_of(table_of(np.ones((10, 10)), regions=regions))
    at, boxes, _ = drawn(shares, bars=range(20, 80))
    assert boxes == [[n - 0.5, 0, n + 0.5, 100] for n in range(20, 80)]
    assert at.collections[0].get_linewidths() == [0]
    assert at.get_xlim() == (19.5, 79.5)
    numbers = [int(word) for word in words(at.get_xticklabels())]
    assert numbers[0] == 21
    assert len(numbers) < 20
    assert not at.texts


def test_images_are_named_in_short_and_regions_below_their_image():
    long = "a section with a very long name"
    two = [table_of(LABELS, name=name) for name in (long, "b")]
    at, _, _ = drawn(shares_of(joined(*two)))
    assert words(at.get_xticklabels()) == ["a sect…", "b"]
    two = [table_of(LABELS, name=name, regions=REGIONS) for name in ("c$x$", "d")]
    at, _, _ = drawn(shares_of(joined(*two)))
    assert words(at.get_xticklabels()) == ["2", "3", "5"] * 2
    assert words(at.get_xticklabels(minor=True)) == ["c$x$", "d"]
    assert at.get_xticks(minor=True).tolist() == [1, 4]
    assert not at.get_xticklabels(minor=True)[0].get_parse_math()


def test_lines_go_through_the_shares_of_the_slices():
    stack = np.array([LABELS, np.zeros((3, 4)), np.full((3, 4), 2)])
    table = joined(
        table_of(np.ones((3, 3, 4)), slice_axis=0),
        table_of(stack, name="b", slice_axis=0),
    )
    at = axes()
    draw_lines(at, shares_of(table), 1, pen())
    lines = {line.get_label(): line for line in at.lines}
    assert [*lines] == ["1", "2", "3"]
    assert [line.get_color() for line in at.lines] == HEXES
    for label, line in lines.items():
        rows = table[(table["image"] == "b") & (table["label"] == int(label))]
        assert line.get_xdata().tolist() == [0, 1, 2]
        np.testing.assert_array_equal(line.get_ydata(), rows["percent"])
    np.testing.assert_array_equal(lines["1"].get_ydata(), [25, np.nan, 0])
    # Those of 0 percent are on one another: one label is written there.
    assert words(at.texts) == [" 2", " 3"]
    assert at.get_ylim() == (0, 103)


@pytest.mark.parametrize(("theme", "outlined"), [("dark", "1"), ("light", "3")])
def test_a_line_like_the_background_has_an_outline(theme, outlined):
    stack = np.array([LABELS, LABELS])
    at = axes()
    draw_lines(at, shares_of(table_of(stack, slice_axis=0)), 0, pen(theme=theme))
    seen = {line.get_label() for line in at.lines if not line.get_path_effects()}
    assert seen == {"1", "2", "3"} - {outlined}


def test_each_point_has_the_colour_of_its_slice():
    table = table_of(np.ones((2, 3, 4)), slice_axis=0)
    table["hex"] = ["#111111", "#222222", "#333333", "#444444", "#555555", "#666666"]
    at = axes()
    draw_lines(at, shares_of(table), 0, pen())
    points = [to_hex(color) for color in at.collections[0].get_facecolors()]
    assert points == ["#111111", "#444444"]


def test_letters_that_no_font_has_are_boxes():
    assert pen().drawable("a 日b") == "a □b"
    assert pen().shortened("abcdefgh", 35) == "abcd…"
    assert pen().shortened("abc", 21) == "abc"
    assert pen().shortened("abc", 3) == ""
