"""README and the short pages keep their word: their code runs and does what is said."""

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
    Palette,
    cli,
    measure_quality,
    quantize,
    save_ome_zarr,
    save_picture,
)
from napari_colorquant.cli.options import make_parser
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.formats.registry import FORMATS
from pages import DOCS, PAGES, README, blocks, code_of, read_page, run_pages, table
from saved import record_in
from slides import TAKEN_AS_RGB, TRUTH, draw_slides

pytestmark = pytest.mark.skipif(not PAGES, reason="a source distribution")


# ---------------------------------------------------------------- Python


def check_readme(session):
    labels, table = session["labels"], session["table"]
    pixels = np.bincount(labels.ravel(), minlength=9)
    assert table["pixels"].tolist() == [pixels[1:5].sum(), *pixels[5:]]
    assert table["area"].tolist() == (table["pixels"] / 4).tolist()
    assert table["percent"].sum() == 100


def check_start(session):
    shown = [session[name].name for name in ("china", "image_layer", "labels_layer")]
    assert [layer.name for layer in session["viewer"].layers] == shown
    assert len(session["labels_layer"].features) == 16
    np.testing.assert_array_equal(
        session["small"].palette.colors, session["q"].palette.colors
    )


def check_protect(session):
    marked = session["marked"].palette.colors.tolist()
    assert len(marked) == 64
    assert [255, 0, 0] in marked
    assert [0, 0, 0] in marked


def check_target(session):
    assert session["lab"].palette.color_space == "lab"
    assert session["close"].report.psnr >= 35
    assert len(session["close"].report.tried) > 1


def check_region(session):
    assert (session["sky_labels"].data > 0).all()
    half = session["half_labels"].data > 0
    np.testing.assert_array_equal(half, np.indices(half.shape)[1] >= 320)


def check_classes(session):
    table, china = session["class_labels"].features, session["china"].data
    (entry,) = np.flatnonzero(table["name"] == "class 1")
    mean = china[:50, :100].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(table.loc[entry, ["red", "green", "blue"]], mean)


def check_movie(session):
    first, second = (palette.colors for palette in session["bleached"].palettes)
    np.testing.assert_allclose(second, 0.8 * first, atol=3)


def check_large(session):
    report = session["lazy"].report
    assert 0 < report.n_blocks_read < report.n_blocks
    assert f"{report.n_blocks_read:,} of {report.n_blocks:,} read" in str(report)
    assert len(np.unique(session["part"].reshape(-1, 3), axis=0)) <= 32
    print("megapixels", round(np.prod(session["slide"].shape[:2]) / 1e6))


def check_ome_zarr(session):
    import zarr

    record = zarr.open_group("flower.zarr", mode="r").attrs["napari-colorquant"]
    assert record["palette"] == session["flower"].palette.as_dict()


def check_save(session):
    import tifffile
    from PIL import Image

    with Image.open("china-indices.png") as file:
        shown = np.asarray(file)
    np.testing.assert_array_equal(shown + 1, session["labels_layer"].data)
    q = session["q"]
    np.testing.assert_array_equal(tifffile.imread("china-labels.tif"), q.indices)
    np.testing.assert_array_equal(tifffile.imread("china-picture.tif"), q.image)


def check_palettes(session):
    drawn = session["q"].palette.drawn("uint8")
    np.testing.assert_array_equal(session["again"].colors, drawn)


def check_fiji(session):
    import tifffile

    with tifffile.TiffFile("china-labels.tif") as file:
        assert "0 is shadow" in file.ome_metadata
        np.testing.assert_array_equal(file.asarray(), session["q"].indices)


def check_qupath(session):
    import json
    from pathlib import Path

    plain = json.loads(Path("china.geojson").read_text("utf-8"))
    names = [one["properties"]["classification"]["name"] for one in plain["features"]]
    assert names == ["building", "label 3", "label 4"]


def check_gimp(session):
    from napari_colorquant import Palette

    drawn = session["q"].palette.drawn("uint8")
    np.testing.assert_array_equal(Palette.load("china.gpl").colors, drawn)


def check_label_images(session):
    import tifffile

    labels = tifffile.imread("china-labels.tif")
    np.testing.assert_array_equal(labels, session["q"].class_labels)
    assert (session["parts"] > 0).sum() == np.isin(session["q"].labels, (7, 8)).sum()


def check_spreadsheet(session):
    again = session["pd"].read_csv("areas.csv")
    assert again["area"].sum() == session["q"].labels.size / 4
    assert {*again["unit"]} == {"µm²"}


def check_labels(session):
    drawn = np.rint(session["colors"])
    np.testing.assert_array_equal(drawn, session["image_layer"].data)


def check_units(session):
    same = session["same"].palette
    assert (same.units, same.white) == ("uint16", 4095)
    back = same.in_units("uint8").colors
    np.testing.assert_allclose(back, session["palette"].colors)


CHECKS = {
    README: check_readme,
    DOCS / "start.md": check_start,
    DOCS / "labels.md": check_labels,
    DOCS / "units.md": check_units,
    DOCS / "limits.md": None,
    DOCS / "howto" / "protect.md": check_protect,
    DOCS / "howto" / "target.md": check_target,
    DOCS / "howto" / "region.md": check_region,
    DOCS / "howto" / "classes.md": check_classes,
    DOCS / "howto" / "movie.md": check_movie,
    DOCS / "howto" / "large.md": check_large,
    DOCS / "howto" / "ome-zarr.md": check_ome_zarr,
    DOCS / "howto" / "save.md": check_save,
    DOCS / "howto" / "palettes.md": check_palettes,
    DOCS / "howto" / "fiji.md": check_fiji,
    DOCS / "howto" / "qupath.md": check_qupath,
    DOCS / "howto" / "gimp.md": check_gimp,
    DOCS / "howto" / "label-images.md": check_label_images,
    DOCS / "howto" / "spreadsheet.md": check_spreadsheet,
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """Run README and all pages in one process; return what each of them prints."""
    return run_pages(CHECKS, tmp_path_factory.mktemp("pages"))


@pytest.mark.parametrize("path", [README, DOCS / "start.md"], ids=lambda one: one.stem)
def test_the_table_of_areas_is_the_one_that_is_printed(printed, path):
    (told,) = blocks(path.read_text(encoding="utf-8"), "text")
    lines = told.splitlines()
    start = printed[path].index(lines[0])
    assert printed[path][start:].splitlines()[: len(lines)] == lines


@pytest.mark.parametrize(
    ("name", "line"), [("limits", "4.8 % left out"), ("units", "uint16 4095.0")]
)
def test_what_a_comment_says_is_printed(printed, name, line):
    assert f")  # {line}\n" in read_page(name)
    assert line in printed[DOCS / f"{name}.md"].splitlines()


def test_the_slide_has_as_many_megapixels_as_told(printed):
    told = printed[DOCS / "howto" / "large.md"]
    (megapixels,) = re.findall(r"^megapixels (\d+)$", told, re.M)
    assert f"# {megapixels} megapixels\n" in read_page("howto/large")


def test_the_colors_come_back_as_nan_where_nothing_was_quantized(china):
    from napari.layers import Image as ImageLayer

    from napari_colorquant import quantize_layer

    mask = np.zeros(china.shape[:2], bool)
    mask[100:] = True
    _, labels_layer = quantize_layer(ImageLayer(china), 300, mask=mask)
    (code,) = blocks(read_page("labels"), "python")
    *_, last = code.split("\n\n")
    session = {"labels_layer": labels_layer, "np": np}
    exec(last, session)
    np.testing.assert_array_equal(np.isnan(session["colors"]).all(axis=-1), ~mask)


def test_the_differences_in_and_outside_of_cielab_are_those_of_the_engine(china):
    (told,) = re.findall(r"# (\S+); in RGB (\S+)$", read_page("howto/target"), re.M)
    for figure, space in zip(told, ("lab", "rgb"), strict=True):
        redrawn = quantize(china, 64, color_space=space).image
        quality = measure_quality(china, redrawn, delta_e=True)
        assert float(figure) == pytest.approx(quality.delta_e, rel=0.01)


def test_the_target_is_reached_by_as_many_colors_as_told(china):
    page = read_page("howto/target")
    (told,) = re.findall(r"len\(close.palette\)\)  # (\d+)$", page, re.M)
    close = quantize(china, "auto", target_psnr=35)
    assert int(told) == pytest.approx(len(close.palette), rel=0.05)


def test_every_page_with_code_is_run():
    with_code = {path for path in PAGES if code_of(path)} - {*CHECKS}
    tutorials = {"fluorescence", "pyramid", "spaces", "stains", "tables", "timelapse"}
    others = {"channels", "cluster", "notebooks", "scikit-learn", "workbench"}
    pages = others | tutorials
    assert with_code == {DOCS / f"{page}.md" for page in pages}


# ---------------------------------------------------------------- shell


def commands_of(*pages):
    """Return the words of each command of this project on some pages, once each."""
    lines = [
        line
        for page in pages
        for block in blocks(page.read_text(encoding="utf-8"), "bash")
        for line in block.splitlines()
        if line.startswith("napari-colorquant ")
    ]
    return [shlex.split(line)[1:] for line in dict.fromkeys(lines)]


def test_the_shell_code_runs_and_writes_what_is_said(
    monkeypatch, tmp_path, capsys, china
):
    monkeypatch.chdir(tmp_path)
    for name in ("china", "flower"):
        picture = Image.fromarray(load_sample_image(f"{name}.jpg"))
        picture.save(f"{name}.png" if name == "china" else f"{name}.jpg")
    Image.fromarray(china[:32, :32]).save("map.png")
    Palette(colors=[[0, 0, 0], [160, 180, 200]]).save("legend.csv")
    save_ome_zarr("slide.zarr", quantize(china, 64))
    tifffile.imwrite("slide.tif", china, tile=(64, 64), photometric="rgb")
    draw_slides()
    pages = [path for path in PAGES if path.stem != "tables"]  # it has its own test
    for command in commands_of(DOCS / "shell.md", README, *pages):
        Path("areas.csv").unlink(missing_ok=True)  # several commands write it
        assert cli.main(command) == 0, command
        noted = ""
        if "slide.zarr" in command:
            noted = re.escape(f"slide.zarr: {TAKEN_AS_RGB}\n")
        elif "results/china-16-colors.csv" in command:
            # A flower has not the colours of a temple.
            noted = "(flower.jpg: The palette does not fit: .*\n)?"
        noted = noted.replace(re.escape("rgb=False"), re.escape("--no-rgb"))
        assert re.fullmatch(noted, capsys.readouterr().err)
        if "glands" in command:
            (told,) = blocks(read_page("howto/folder"), "csv")
            assert Path("areas.csv").read_text("utf-8-sig") == told
            areas = pd.read_csv("areas.csv")
    truth = [n for regions in TRUTH.values() for region in regions for n in region]
    assert areas["pixels"].tolist() == truth
    assert areas["area"].tolist() == [n / 4 for n in truth]
    assert sorted(path.name for path in Path("results").iterdir()) == [
        f"{name}-{kind}"
        for name in ("china-16", "china-auto", "flower-16")
        for kind in ("colors.csv", "colors.gpl", "colors.png", "indices.png")
    ]
    assert sorted(path.name for path in Path("applied").iterdir()) == [
        f"flower-china-16-colors-{kind}"
        for kind in ("colors.csv", "colors.gpl", "colors.png", "indices.png")
    ]
    assert pd.read_csv("start.csv")["pixels"].sum() == china[..., 0].size
    for name in ("out", "out-of-tiff"):
        assert len(record_in(f"{name}.zarr")["palette"]["colors"]) == 32


def test_the_table_of_options_is_that_of_the_parameters():
    rows = table(read_page("options"), "Python")
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


def test_the_table_of_formats_is_that_of_the_registry():
    rows = table(read_page("howto/palettes"), "Suffix")
    assert sorted(row[0].strip("`") for row in rows) == sorted(FORMATS)


@pytest.mark.parametrize(
    ("row", "options"),
    [
        ("k-means, refined: the default", {}),
        ("k-means: the example", {"refine": False, "n_samples": 1000}),
        ("random: the example", {"method": "random", "n_samples": 1000}),
    ],
)
def test_the_errors_are_those_of_the_engine(china, row, options):
    told = {name: figures for name, *figures in table(read_page("options"), "Method")}
    assert len(told) == 3
    mse, psnr = (float(cell.removesuffix(" dB")) for cell in told[row])
    q = quantize(china, 64, **options)
    # Another release of scikit-learn may stop k-means a hair earlier or later.
    assert mse == pytest.approx(q.report.mse, rel=0.01)
    assert psnr == pytest.approx(q.report.psnr, abs=0.05)
