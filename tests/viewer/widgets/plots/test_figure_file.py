"""Figures for a paper: what they say, and how they are written."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image

from areas import HEXES, joined, table_of
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.widgets.plots.figure_file import (
    legend_figure,
    plot_figure,
    write_figure,
)
from napari_colorquant.viewer.widgets.plots.shares import shares_of

LABELS = [[1, 1, 2, 3], [2, 2, 2, 3], [0, 0, 0, 0]]
REGIONS = np.array([[2, 2, 2, 2], [3, 3, 3, 3], [5, 5, 5, 5]])


@pytest.fixture
def shares():
    return shares_of(table_of(LABELS, regions=REGIONS, scale=0.5, units="um"))


def words(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_the_legend_has_swatches_names_shares_and_areas_of_one_region(shares):
    figure = legend_figure(shares, 4)
    assert words(figure) == [
        *("region 3", "1", "0.00 %", "0 µm²"),
        *("2 DAB", "75.00 %", "0.75 µm²"),
        *("3", "25.00 %", "0.25 µm²"),
    ]
    (axes,) = figure.axes
    colors = [tuple(patch.get_facecolor()) for patch in axes.patches]
    rgb = [tuple(int(hex_[i : i + 2], 16) / 255 for i in (1, 3, 5)) for hex_ in HEXES]
    assert [color[:3] for color in colors] == rgb


def test_the_plot_has_a_legend_and_all_bars(shares):
    figure = plot_figure(shares, 0)
    said = words(figure)
    assert "Share (%) by region" in said
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["1", "2 DAB", "3"]
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == [
        *"235",
    ]


def test_long_names_of_images_are_turned_and_whole():
    names = [f"section number {n} (8 colors)" for n in range(30)]
    figure = plot_figure(
        shares_of(joined(*(table_of(LABELS, name=it) for it in names))), 0
    )
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == names
    assert {label.get_rotation() for label in labels} == {90}


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
@pytest.mark.parametrize("make", [plot_figure, legend_figure])
def test_the_same_table_makes_the_same_file(shares, tmp_path, suffix, make):
    paths = [tmp_path / f"{n}{suffix}" for n in "ab"]
    for path in paths:
        assert write_figure(make(shares, 0), path, Monitor())
    first, second = (path.read_bytes() for path in paths)
    assert first == second
    start = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}[suffix]
    assert first.startswith(start)
    assert sorted(tmp_path.iterdir()) == paths


def test_it_is_dark_on_white(shares, tmp_path):
    write_figure(legend_figure(shares, 0), tmp_path / "a.png", Monitor())
    with Image.open(tmp_path / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    assert pixels[0].tolist() == [255, 255, 255]
    colors = {bytes(color).hex() for color in np.unique(pixels, axis=0)}
    assert {"1a1a1a", *(hex_[1:] for hex_ in HEXES)} <= colors


def test_letters_of_a_pdf_are_of_a_font_that_is_inside(shares, tmp_path):
    write_figure(legend_figure(shares, 0), tmp_path / "a.pdf", Monitor())
    data = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in data  # TrueType
    assert b"/CreationDate" not in data


def test_a_dollar_is_a_dollar_and_unknown_letters_are_told_of(tmp_path):
    table = table_of(LABELS[:2]).assign(name=["$a$", "日", "b"])
    figure = legend_figure(shares_of(table), 0)
    assert "1 $a$" in words(figure)
    assert not write_figure(figure, tmp_path / "a.svg", Monitor())
    assert "2 □" in words(figure)
    assert "1 $a$" in words(plot_figure(shares_of(table), 0))


def test_what_cannot_be_written_is_told_in_a_sentence(shares, tmp_path):
    figure = legend_figure(shares, 0)
    with pytest.raises(ValueError, match=r"ends with none of \.png, \.svg, \.pdf"):
        write_figure(figure, tmp_path / "a.jpg", Monitor())
    with pytest.raises(FileNotFoundError):
        write_figure(figure, tmp_path / "no" / "a.png", Monitor())
    assert not [*tmp_path.iterdir()]


def test_too_many_bars_or_entries_are_refused():
    many = np.arange(1, 1101).reshape(10, 110)
    shares = shares_of(table_of(np.ones((10, 110)), regions=many))
    with pytest.raises(ValueError, match=r"^1,100 bars are too many for a figure, whi"):
        plot_figure(shares, 0)
    one = table_of(LABELS)
    table = joined(*(one.assign(label=one["label"] + 3 * n) for n in range(100)))
    for make in (plot_figure, legend_figure):
        with pytest.raises(ValueError, match=r"^300 entries are too many"):
            make(shares_of(table), 0)
