from __future__ import annotations

import json
from dataclasses import replace
from math import inf

import numpy as np
import pytest

from napari_colorquant import quantize
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quantization.report import Report, without_infinities

REPORT = Report(
    parameters=Parameters(n_samples=1000),
    n_pixels=273_280,
    n_sampled=1000,
    n_colors_before=96_615,
    n_colors_before_is_exact=True,
    n_colors_after=64,
    mse=132.0625,
    psnr=31.6942,
    data_range=255.0,
    delta_e=None,
    seconds={"survey": 0.01, "learn": 0.0225, "assign": 0.05},
    tried=(),
    notes=(),
    version="1.2.3",
)


def test_summary_is_one_line():
    assert REPORT.summary() == "96,615 → 64 colors · PSNR 31.7 dB · 0.08 s"


def test_summary_of_one_color():
    assert " → 1 color · " in replace(REPORT, n_colors_after=1).summary()


def test_summary_of_some_blocks_says_how_many():
    report = replace(REPORT, n_blocks_read=64, n_blocks=98_304)
    assert report.summary() == (
        "96,615 → 64 colors · PSNR about 31.7 dB · 0.08 s · 64 of 98,304 blocks read"
    )
    whole = replace(REPORT, n_blocks_read=9, n_blocks=9)
    assert whole.summary() == REPORT.summary()


def test_summary_of_many_colors_and_no_loss():
    report = replace(
        REPORT,
        n_colors_before=1_048_576,
        n_colors_before_is_exact=False,
        n_colors_after=65_535,
        mse=0.0,
        psnr=inf,
    )
    assert report.summary() == "over 1,048,576 → 65,535 colors · lossless · 0.08 s"


def test_an_error_too_small_to_square_is_not_lossless():
    assert replace(REPORT, mse=0.0, psnr=20.0).quality == "PSNR 20.0 dB"


def test_the_error_of_some_blocks_is_told_as_such():
    report = replace(REPORT, n_blocks_read=64, n_blocks=12_000, delta_e=1.5)
    assert report.is_estimated
    assert report.quality == "PSNR about 31.7 dB · ΔE about 1.50"
    assert str(report).splitlines()[1] == "blocks  64 of 12,000 read"
    whole = replace(report, n_blocks_read=12_000)
    assert not whole.is_estimated
    assert whole.quality == "PSNR 31.7 dB · ΔE 1.50"
    assert not REPORT.is_estimated


def test_total_seconds():
    assert REPORT.total_seconds == pytest.approx(0.0825)


def test_it_prints_well():
    lines = """\
96,615 → 64 colors (kmeans)
survey     0.010 s
learn      0.022 s
assign     0.050 s
MSE          132.1
PSNR       31.69 dB"""
    assert str(REPORT) == lines
    assert str(replace(REPORT, notes=("A note.",))) == f"{lines}\nA note."


def test_what_was_tried_for_a_target_is_told():
    aim = Parameters(n_colors="auto", target_psnr=31.0)
    report = replace(REPORT, parameters=aim, tried=((16, 27.546), (1024, 41.0)))
    last = str(report).splitlines()[-1]
    assert last == "tried   16: 27.55 dB, 1,024: 41.00 dB"
    assert report.as_dict()["tried"] == [[16, 27.546], [1024, 41.0]]

    aim = Parameters(n_colors="auto", target_delta_e=2.0)
    report = replace(
        REPORT, parameters=aim, tried=((70, 1.91), (64, 2.1)), delta_e=1.91
    )
    assert str(report).splitlines()[-1] == "tried   64: ΔE 2.10, 70: ΔE 1.91"
    assert report.quality == "PSNR 31.7 dB · ΔE 1.91"


def test_fixed_colors_are_plain_data_too():
    fixed = Palette([[1, 2, 3]])
    report = replace(REPORT, parameters=Parameters(fixed=fixed))
    assert report.as_dict()["parameters"]["fixed"] == fixed.as_dict()


def test_a_ready_palette_has_no_method():
    printed = str(replace(REPORT, parameters=None))
    assert printed.startswith("96,615 → 64 colors (a ready palette)\n")


@pytest.mark.parametrize("parameters", [REPORT.parameters, None])
def test_as_dict_is_plain_data(parameters):
    report = replace(
        REPORT,
        parameters=parameters,
        notes=("A note.",),
        tried=((16, 26.0), (20, 28.5)),
    )
    plain = report.as_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["notes"] == ["A note."]
    assert plain["tried"] == [[16, 26.0], [20, 28.5]]
    assert plain["seconds"] == {"survey": 0.01, "learn": 0.0225, "assign": 0.05}
    if parameters:
        assert Parameters.from_dict(plain["parameters"]) == parameters
    else:
        assert plain["parameters"] is None


@pytest.mark.parametrize("options", [{}, {"n_colors": "auto", "target_psnr": 20}])
def test_a_report_comes_back_from_plain_data(options):
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    fixed = Palette([[1, 2, 3]], names=["ink"])
    report = quantize(image, **{"n_colors": 5, "fixed": fixed, **options}).report
    plain = json.loads(json.dumps(report.as_dict()))
    again = Report.from_dict(plain)
    assert again.as_dict() == report.as_dict()
    assert str(again) == str(report)
    assert type(again.tried) is type(again.notes) is tuple
    assert Report.from_dict({**plain, "parameters": None}).parameters is None


@pytest.mark.parametrize(
    ("errors", "tried"),
    [
        ({"mse": 0.0, "psnr": inf}, ((4, 20.5), (5, inf))),
        ({"mse": 3.0, "psnr": -inf, "data_range": 0.0}, ()),
        ({"mse": inf, "psnr": -inf, "data_range": inf}, ()),
    ],
)
def test_a_report_comes_back_from_json_that_was_read_as_it_is(errors, tried):
    """JSON has no infinity: in a file it is null."""
    report = replace(REPORT, tried=tried, **errors)
    in_file = json.dumps(without_infinities(report.as_dict()), allow_nan=False)
    assert Report.from_dict(json.loads(in_file)) == report
