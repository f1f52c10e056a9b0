"""The README keeps its word: its code runs, its tables and numbers are true."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import asdict
from inspect import signature
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image
from sklearn.datasets import load_sample_image

from napari_colorquant import (
    cli,
    measure_quality,
    quantize,
    save_ome_zarr,
    save_picture,
)
from napari_colorquant.cli.options import make_parser
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.formats.registry import FORMATS
from pages import run_page
from saved import record_in
from slides import TAKEN_AS_RGB, TRUTH, draw_slides

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOME = "github.com/napari-colorquant/napari-colorquant"


def blocks(language):
    """Return the code blocks, each after as many empty lines as stand before it."""
    found = re.finditer(rf"^```{language}\n(.*?)^```$", README, re.M | re.S)
    return ["\n" * README[: m.start(1)].count("\n") + m[1] for m in found]


def table(first_heading):
    """Return the rows of the table whose first column has that heading."""
    (found,) = re.findall(
        rf"^\| {first_heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", README, re.M
    )
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in found.splitlines()
    ]


def check_readme(session):
    import numpy as np
    import zarr
    from PIL import Image
    from sklearn.datasets import load_sample_image

    from napari_colorquant import quantize

    china = load_sample_image("china.jpg")
    shown = [session[name].name for name in ("china", "image_layer", "labels_layer")]
    assert [layer.name for layer in session["viewer"].layers] == shown
    assert len(session["labels_layer"].features) == 16
    # From an array larger than memory would be.
    report = session["lazy"].report
    assert 0 < report.n_blocks_read < report.n_blocks
    assert f"{report.n_blocks_read:,} of {report.n_blocks:,} read" in str(report)
    assert len(np.unique(session["part"].reshape(-1, 3), axis=0)) <= 32
    print("megapixels", round(np.prod(session["slide"].shape[:2]) / 1e6))
    # From arrays.
    np.testing.assert_array_equal(session["q"].image, quantize(china, 64).image)
    np.testing.assert_array_equal(
        session["small"].palette.colors, session["q"].palette.colors
    )
    # Saved.
    record = zarr.open_group("small.zarr", mode="r").attrs["napari-colorquant"]
    assert record["palette"] == session["small"].palette.as_dict()
    # Within a limit.
    assert session["near"].report.left_out == "4.8 % left out"
    # In the units of another image.
    same = session["same"].palette
    assert (same.units, same.white) == ("uint16", 4095)
    back = same.in_units("uint8").colors
    np.testing.assert_allclose(back, session["q"].palette.colors)
    # In another space, around fixed colours, up to a target.
    assert session["lab"].palette.color_space == "lab"
    marked = session["marked"].palette.colors.tolist()
    assert len(marked) == 64
    assert [255, 0, 0] in marked
    assert [0, 0, 0] in marked
    assert session["close"].report.psnr >= 35
    assert len(session["close"].report.tried) > 1
    # Edited: two entries are one.
    assert len(session["edited"].palette) == 63
    # Two channels together.
    assert session["joint_image"].name.startswith("dapi + gfp")
    columns = list(session["joint_labels"].features.columns)
    assert columns[:4] == ["index", "label", "name", "hex"]
    assert columns[4:] == ["dapi", "gfp", "pixels", "percent"]
    # In regions.
    assert (session["sky_labels"].data > 0).all()
    half = session["half_labels"].data > 0
    np.testing.assert_array_equal(half, np.indices(half.shape)[1] >= 320)
    table = session["class_labels"].features
    (entry,) = np.flatnonzero(table["name"] == "class 1")
    mean = china[:50, :100].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(table.loc[entry, ["red", "green", "blue"]], mean)
    # A palette a slice.
    first, second = (palette.colors for palette in session["bleached"].palettes)
    np.testing.assert_allclose(second, 0.8 * first, atol=3)
    # Into a file.
    with Image.open("china-indices.png") as file:
        np.testing.assert_array_equal(
            np.asarray(file) + 1, session["labels_layer"].data
        )
    # From the labels back to the colours.
    np.testing.assert_array_equal(
        np.rint(session["colors"]), session["image_layer"].data
    )


def test_the_python_code_runs_and_does_what_is_said(tmp_path):
    printed = run_page(ROOT / "README.md", tmp_path, check_readme)
    (megapixels,) = re.findall(r"^megapixels (\d+)$", printed, re.M)
    assert f"# {megapixels} megapixels" in README


def test_the_colors_come_back_as_nan_where_nothing_was_quantized(china):
    from napari.layers import Image as ImageLayer

    from napari_colorquant import quantize_layer

    mask = np.zeros(china.shape[:2], bool)
    mask[100:] = True
    _, labels_layer = quantize_layer(ImageLayer(china), 300, mask=mask)
    session = {"labels_layer": labels_layer}
    exec(blocks("python")[-1], session)
    np.testing.assert_array_equal(np.isnan(session["colors"]).all(axis=-1), ~mask)


def test_the_shell_code_runs_and_writes_what_is_said(
    monkeypatch, tmp_path, capsys, china
):
    monkeypatch.chdir(tmp_path)
    for name in ("china", "flower"):
        picture = Image.fromarray(load_sample_image(f"{name}.jpg"))
        picture.save(f"{name}.png" if name == "china" else f"{name}.jpg")
    save_ome_zarr("slide.zarr", quantize(china, 64))
    tifffile.imwrite("slide.tif", china, tile=(64, 64), photometric="rgb")
    draw_slides()
    commands = [
        shlex.split(line)
        for block in blocks("bash")
        for line in block.splitlines()
        if line.startswith("napari-colorquant ")
    ]
    for command in commands:
        assert cli.main(command[1:]) == 0
        err = capsys.readouterr().err
        if "results/china-16-colors.csv" in command:
            # A flower has not the colors of a temple, and the command says so.
            assert err.startswith("flower.jpg: The palette does not fit: ")
        elif command[1] == "slide.zarr":
            note = TAKEN_AS_RGB.replace("rgb=False", "--no-rgb")
            assert err == f"slide.zarr: {note}\n"
        else:
            assert err == ""
    assert sorted(path.name for path in Path("results").iterdir()) == [
        f"{name}-{kind}"
        for name in ("china-16", "china-auto", "flower-16")
        for kind in ("colors.csv", "colors.gpl", "colors.png", "indices.png")
    ]
    assert sorted(path.name for path in Path("applied").iterdir()) == [
        f"flower-china-16-colors-{kind}"
        for kind in ("colors.csv", "colors.gpl", "colors.png", "indices.png")
    ]
    for name in ("out", "out-of-tiff"):
        assert len(record_in(f"{name}.zarr")["palette"]["colors"]) == 32
    (told,) = blocks("csv")
    assert Path("areas.csv").read_text("utf-8") == told.lstrip("\n")
    areas = pd.read_csv("areas.csv")
    truth = [n for regions in TRUTH.values() for region in regions for n in region]
    assert areas["pixels"].tolist() == truth
    assert areas["area"].tolist() == [n / 4 for n in truth]


def test_the_scripts_are_there():
    scripts = re.findall(r"^script/\w+", "\n".join(blocks("bash")), re.M)
    assert scripts == ["script/demo", "script/test"]
    assert all((ROOT / script).is_file() for script in scripts)


def test_the_table_of_options_is_that_of_the_parameters():
    rows = table("Python")
    told = {
        name.strip("`"): ast.literal_eval(default[1:-1]) for name, _, default, _ in rows
    }
    of_a_run = asdict(DEFAULTS)
    assert {name: told[name] for name in of_a_run} == of_a_run
    others = {name: told[name] for name in [*told][len(of_a_run) :]}
    of_functions = {
        name: parameter.default
        for function in (quantize, save_picture)
        for name, parameter in signature(function).parameters.items()
    }
    for name in ("data_range", "scale", "units"):
        assert others.pop(name) == of_functions[name]
    assert {*others} == {"apply_palette", ""}  # a function, and the shell's own

    parser = make_parser()
    in_shell = vars(parser.parse_args(["picture.png"]))
    for name, option, *_ in rows:
        destination = parser._option_string_actions[option.strip("`")].dest
        assert in_shell[destination] == told[name.strip("`")]


def test_every_option_of_the_shell_is_named():
    options = {name for name in make_parser()._option_string_actions if name[1] == "-"}
    assert options - {*re.findall(r"--[a-z-]+", README)} == {"--version"}


def test_the_table_of_formats_is_that_of_the_registry():
    assert sorted(row[0].strip("`") for row in table("Suffix")) == sorted(FORMATS)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ("k-means, refined: the default", {}),
        ("k-means: the example", {"refine": False, "n_samples": 1000}),
        ("random: the example", {"method": "random", "n_samples": 1000}),
    ],
)
def test_the_errors_are_those_of_the_engine(china, row, options):
    told = {name: figures for name, *figures in table("Method")}
    assert len(told) == 3
    mse, psnr = (float(cell.removesuffix(" dB")) for cell in told[row])
    q = quantize(china, 64, **options)
    # Another release of scikit-learn may stop k-means a hair earlier or later.
    assert mse == pytest.approx(q.report.mse, rel=0.01)
    assert psnr == pytest.approx(q.report.psnr, abs=0.05)


def test_the_differences_in_and_outside_of_cielab_are_those_of_the_engine(china):
    (told,) = re.findall(r"# (\S+); in RGB (\S+)$", README, re.M)
    for figure, space in zip(told, ("lab", "rgb"), strict=True):
        redrawn = quantize(china, 64, color_space=space).image
        quality = measure_quality(china, redrawn, delta_e=True)
        assert float(figure) == pytest.approx(quality.delta_e, rel=0.01)


def test_the_target_is_reached_by_as_many_colors_as_told(china):
    (told,) = re.findall(r"len\(close.palette\)\)  # (\d+)$", README, re.M)
    close = quantize(china, "auto", target_psnr=35)
    assert int(told) == pytest.approx(len(close.palette), rel=0.05)


def test_links_are_absolute_and_headings_of_level_2():
    # A package index shows the README too, and has none of the repository's files.
    targets = re.findall(r"\]\(([^)]*)\)", README)
    assert all(target.startswith("https://") for target in targets)
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose, re.M)]
    assert levels == [1] + [2] * (len(levels) - 1)


@pytest.mark.skipif(not (ROOT / "docs").is_dir(), reason="a source distribution")
def test_what_is_linked_in_the_repository_is_there():
    raw = HOME.replace("github.com", "raw.githubusercontent.com")
    files = re.findall(rf"https://(?:{HOME}/blob|{raw})/main/([^)]*)", README)
    assert {"CITATION.cff", "CONTRIBUTING.md", "docs/images/widget.png"} <= {*files}
    assert [file for file in files if not (ROOT / file).is_file()] == []
