"""What a notebook and a print show of results."""

from __future__ import annotations

import logging
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from html_tree import texts_of, tree_of
from napari_colorquant import (
    Curve,
    CurvePoint,
    Quality,
    apply_palette,
    quantize,
    quantize_slices,
)

GREY = np.array([[0, 0, 10, 10], [90, 90, 90, 200]], np.uint8)


def facts_of(html):
    """Return the first table of two columns as a dict."""
    table = tree_of(html).find(".//table")
    rows = [row for row in table.findall(".//tr") if row.find("th") is not None]
    return {"".join(row[0].itertext()): "".join(row[1].itertext()) for row in rows}


@pytest.fixture(scope="module")
def q():
    return quantize(GREY, 4, channel_axis=None)


def test_a_result_is_one_line_where_it_is_part_of_something(q):
    said = repr(q)
    assert said.startswith("Quantization(4 → 4 colors · lossless · ")
    assert said.endswith(" s; labels uint8 (2, 4), image uint8 (2, 4))")


def test_a_result_prints_its_report_and_its_palette(q):
    said = str(q)
    assert said.startswith(str(q.report))
    assert said.endswith(str(q.palette))
    assert "\nlabels uint8 (2, 4), image uint8 (2, 4)\n" in said


def test_a_notebook_shows_the_report_and_the_palette(q):
    html = q._repr_html_()
    known = facts_of(html)
    assert known["colors"] == "4 → 4 colors"
    assert known["error"] == "lossless"
    assert known["pixels"] == "8"
    assert "left out" not in known
    assert "blocks" not in known
    assert q.palette._repr_html_() in html
    assert "n_colors" in texts_of(tree_of(html), ".//details//th")


def test_a_lazy_result_is_said_to_be_lazy(q):
    lazy = quantize(da.from_array(GREY, chunks=2), 4, channel_axis=None)
    assert repr(lazy).endswith("image uint8 (2, 4), lazy)")
    assert facts_of(lazy._repr_html_())["blocks"] == "2 of 2 read"


def test_what_does_not_fit_and_what_is_left_out_are_shown(q):
    palette = replace(q.palette, units="uint16")
    image = GREY.astype(np.uint16) * 2
    with pytest.warns(UserWarning, match="does not fit"):
        applied = apply_palette(image, palette, channel_axis=None, max_distance=15.0)
    html = applied._repr_html_()
    assert facts_of(html)["left out"] == applied.report.left_out != ""
    shown = texts_of(tree_of(html), ".//p")
    assert [note for note in applied.report.notes if note in shown] == [
        *applied.report.notes
    ]


def test_slices_say_how_many_there_are():
    q = quantize_slices(np.stack([GREY, GREY]), 4, slice_axis=0, channel_axis=None)
    assert repr(q).startswith("SliceQuantization(2 slices on axis 0; ")
    said = "2 slices on axis 0, each with its palette: below is their mean"
    assert str(q).splitlines()[0] == said
    assert texts_of(tree_of(q._repr_html_()), "p")[0] == said


QUALITY = Quality(
    n_colors_before=1000,
    n_colors_after=8,
    mse=12.5,
    psnr=31.25,
    data_range=255.0,
    ssim=0.5,
    delta_e=1.5,
    delta_e_95=None,
)


def test_quality_prints_what_was_measured():
    assert str(QUALITY).splitlines() == [
        "colors         1,000 → 8",
        "MSE            12.5",
        "PSNR           31.25 dB",
        "SSIM           0.5000",
        "ΔE2000         1.50",
    ]
    same = replace(QUALITY, psnr=np.inf, mse=0.0, ssim=None, delta_e=None)
    assert str(same).splitlines()[1:] == [
        "MSE            0",
        "PSNR           infinite: lossless",
    ]


def test_a_notebook_shows_quality_and_says_what_is_of_some_blocks():
    html = replace(QUALITY, n_blocks_read=3, n_blocks=9)._repr_html_()
    assert facts_of(html) == {
        "colors": "over 1,000 → 8",
        "MSE": "about 12.5",
        "PSNR": "about 31.25 dB",
        "SSIM": "about 0.5000",
        "ΔE2000": "about 1.50",
        "blocks": "3 of 9 read",
    }


CURVE = Curve(
    (CurvePoint(2, 100, 20), CurvePoint(3, 50, 25), CurvePoint(4, 0, np.inf)), 3, 2
)


def test_a_curve_prints_its_points_and_what_is_suggested():
    assert str(CURVE).splitlines() == [
        "colors  MSE  PSNR in dB  suggested",
        "     2  100       20.00    classes",
        "     3   50       25.00    picture",
        "     4    0         inf",
    ]


def test_a_notebook_draws_a_curve_and_marks_what_is_suggested():
    html = tree_of(CURVE._repr_html_())
    (line,) = html.findall(".//polyline")
    points = [tuple(map(float, one.split(","))) for one in line.get("points").split()]
    (left, low), (right, high) = points  # infinity has no place
    assert left < right
    assert low > high  # from the top
    marks = [(float(c.get("cx")), float(c.get("cy"))) for c in html.iter("circle")]
    assert marks == points
    said = "3 colors suggested for the picture, 2 for classes"
    assert texts_of(html, "p") == [said]
    assert len(html.findall(".//tbody/tr")) == 3


def test_the_log_tells_what_is_read_and_learned(caplog):
    with caplog.at_level(logging.INFO, "napari_colorquant"):
        quantize(da.from_array(GREY, chunks=2), 4, channel_axis=None)
    read, learned = caplog.messages
    assert read.startswith("read 2 of 2 blocks in ")
    assert learned.startswith("learned 4 colors from 8 pixels in ")
