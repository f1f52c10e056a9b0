"""The tutorials of docs/: each script runs, and its page tells what it prints."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.data import immunohistochemistry

from napari_colorquant import Palette, cli, quantize
from pages import DOCS, PAGES, blocks, prose, read_page, run_page

pytestmark = pytest.mark.skipif(not PAGES, reason="a source distribution")

EXAMPLES = DOCS / "examples"
FIGURE = re.compile(r"#[0-9a-f]{6}|\d[\d,]*(?:\.\d+)?")
QUOTED = re.compile(r"#[0-9a-f]{6}|(?<![\w/])\d+(?:[.,]\d+)+%?|\b\d{3,}\b")
TUTORIALS = {
    # By how much a whole number may differ on another processor or release, and the
    # numbers in the text that are no results.
    "stains": (0.11, {"65,535", "2001", "255", "0.5", "2009", "0.15"}),
    "spaces": (8, {"0.5", "0.5,1,1", "131,072", "10,000", "210", "0.2%"}),
    "fluorescence": (3, {"1.5"}),
    "timelapse": (3, {"2.2", "0.5"}),
    "pyramid": (0.11, {"0.2"}),
    "limit": (0.11, {"0.3", "442"}),
}


@dataclass(frozen=True, slots=True)
class Run:
    """What a script printed, and the folder that it made."""

    printed: str
    folder: Path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Run a script of docs/examples, each one once, in a process of its own."""

    @cache
    def run_once(name):
        folder = tmp_path_factory.mktemp(name) / "made by it"
        result = subprocess.run(
            [sys.executable, EXAMPLES / f"{name}.py", "--output", folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1"},
        )
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return Run(result.stdout, folder)

    return run_once


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tables_of_a_page_are_what_its_script_prints(run, name):
    told, *_ = blocks(read_page(name), "text")
    whole, _ = TUTORIALS[name]
    check_alike(told, run(name).printed, whole)


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_numbers_in_the_text_are_those_of_the_tables(name):
    page = read_page(name)
    told = "".join(blocks(page, "text"))
    quoted = {*QUOTED.findall(prose(page))}
    known = {*QUOTED.findall(told)}
    _, no_results = TUTORIALS[name]
    assert len(quoted & known) >= 4
    assert quoted - known == no_results


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_committed_picture_is_the_one_that_is_drawn(run, name):
    folder = run(name).folder
    assert [path.name for path in folder.iterdir()] == [f"{name}.png"]
    check_picture(folder, name)


@pytest.mark.parametrize("name", TUTORIALS)
def test_nothing_in_a_picture_is_cut_off_at_its_edge(run, name):
    figure = read(run(name).folder / f"{name}.png")
    white = (figure == 255).all(axis=2)
    assert all(edge.all() for edge in (white[:4], white[-4:], white[:, :4]))
    assert white[:, -20:].all()


def test_the_picture_of_the_stains_shows_what_was_quantized(run):
    figure = read(run("stains").folder / "stains.png")
    picture = immunohistochemistry()
    spaces = ("rgb", "lab", "hed")
    runs = [quantize(picture, 5, color_space=space) for space in spaces]
    shown = [picture, *(q.image for q in runs)]
    height, width, _ = picture.shape
    margin = (figure.shape[1] - len(shown) * width) // (len(shown) + 1)
    white = (figure == 255).all(axis=2)
    top = int(np.flatnonzero((figure[:, margin] == picture[0, 0]).all(axis=1))[0])
    for i, one in enumerate(shown):
        left = margin + i * (width + margin)
        found = figure[top : top + height, left : left + width]
        np.testing.assert_array_equal(found, one)
        assert white[:, left - margin : left].all()  # nothing runs into the next one
        # Letters above and below, none of them cut off at the edge of the figure.
        assert not white[:top, left : left + width].all()
        assert not white[top + height :, left : left + width].all()
    assert white[:4].all()
    assert white[-4:].all()
    assert white[:, -margin:].all()
    for q in runs:  # each colour of the palettes has a swatch
        for color in q.palette.drawn("uint8"):
            assert (figure[top + height :] == color).all(axis=2).sum() > 1000


def test_the_code_on_stains_does_what_the_script_does(run, tmp_path):
    rows = re.findall(r"^(#\w{6}) +(\S+%).*  (\w+)$", run("stains").printed, re.M)
    printed = run_page(DOCS / "stains.md", tmp_path, check_glands)
    *told, named = before_the_tables_of("stains", printed)
    check_picture(tmp_path, "glands")
    assert [tuple(line.split()) for line in told] == [row[:2] for row in rows]
    assert named == f"lab {tuple(name for _, _, name in rows[5:10])}"


def test_the_code_on_spaces_runs(tmp_path):
    printed = run_page(DOCS / "spaces.md", tmp_path)
    assert re.sub(r"[\d.]+ dB", "", printed).splitlines() == [
        "ab None PSNR ",
        "lab (0.5, 1.0, 1.0) PSNR ",
        "rgb None PSNR ",
    ]


def test_the_code_on_fluorescence_does_what_the_script_does(run, tmp_path):
    *table, found = run_page(DOCS / "fluorescence.md", tmp_path).splitlines()
    printed = run("fluorescence").printed
    n_found = [int(row[-2]) for row in classes_told(printed)]
    assert found == str(np.array(n_found[:4]))
    assert found in read_page("fluorescence")
    in_page, in_script = (re.findall(r"#\w{6}", x) for x in ("\n".join(table), printed))
    assert in_page == in_script


def test_the_nuclei_that_are_right_add_up(run):
    *rows, total = classes_told(run("fluorescence").printed)
    assert [sum(column) for column in zip(*rows, strict=True)] == list(total)
    assert total[0] == 200


def test_without_logarithms_no_entry_has_both_markers(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import fluorescence

    channels, _, classes = fluorescence.make_cells()
    assert channels.dtype == np.uint16
    for values, has_both in ((channels, False), (np.log2(channels), True)):
        layers = fluorescence.make_layers(values)
        _, labels = fluorescence.quantize_layers(layers, 8)
        logs = labels.features[list(fluorescence.CHANNELS)]
        if not has_both:
            logs = np.log2(logs)
        assert (4 in fluorescence.read_classes(logs)) is has_both
    assert {*classes} == {1, 2, 3, 4}


def test_the_code_on_a_movie_does_what_the_script_does(run, tmp_path):
    printed = run("timelapse").printed
    areas = []
    for name in ("truth", "one palette", "one a frame"):
        first, *_, last = re.search(rf"^{name} +(.*%)$", printed, re.M)[1].split()
        areas.append(f"{first} {last}")
    printed = run_page(DOCS / "timelapse.md", tmp_path, check_movie)
    assert before_the_tables_of("timelapse", printed) == areas


def check_glands(session):
    areas, q = session["areas"], session["q"]
    is_dab = q.class_labels == areas["label"].min()
    pixels = [int(is_dab[gland].sum()) for gland in session["glands"]]
    assert areas["region"].tolist() == [1, 2, 3]
    assert areas["pixels"].tolist() == pixels
    assert areas["area"].tolist() == [n / 4 for n in pixels]
    for percent, n, gland in zip(
        areas["percent"], pixels, session["glands"], strict=True
    ):
        assert percent == 100 * n / gland.sum()
    # With many entries the class is the rule for single pixels.
    percents = session["measure"](256)[1]["percent"]
    assert np.abs(percents.to_numpy() - session["rule"]).max() < 1.2


def check_movie(session):
    table, labels = session["table"], session["own"].labels
    pixels = [(labels == label).sum(axis=(1, 2)) for label in (1, 2, 3)]
    assert table["slice"].tolist() == np.repeat(np.arange(24), 3).tolist()
    assert table["class"].tolist() == session["kinds"] * 24
    assert table["pixels"].tolist() == np.stack(pixels, axis=1).reshape(-1).tolist()
    assert table["area"].tolist() == (table["pixels"] / 4).tolist()
    assert table.groupby("slice")["area"].sum().eq(128 * 128).all()


def check_tables(session):
    from skimage.measure import label

    # The leaf: each class is the drawn one, pixel by pixel.
    leaf, damaged = session["leaf"], session["damaged"]
    drawn = 2 * damaged + 1 * (leaf & ~damaged)
    np.testing.assert_array_equal(session["q"].class_labels > 0, leaf)
    pixels = np.bincount(drawn.reshape(-1)).tolist()
    areas = session["areas"]
    assert areas["pixels"].tolist() == pixels
    np.testing.assert_allclose(areas["area"], np.array(pixels) / 100)
    assert areas["percent"].tolist()[1:] == [100 * n / leaf.sum() for n in pixels[1:]]
    # Its spots: so many places of a grid are nearer than the radius.
    spots = np.bincount(label(damaged).reshape(-1))[1:].tolist()
    assert session["spots"]["pixels"].tolist() == spots
    assert sorted(spots) == [69, 109, 145, 193, 249, 305, 437, 609]
    # The slides.
    table = session["table"].set_index("image")
    for name, kinds in session["drawn"].items():
        by_class = np.array([2, 1, 0, 0])[kinds]  # DAB, nuclei and ground
        counted = np.bincount(by_class.reshape(-1), minlength=3)
        rows = table.loc[name]
        of_classes = session["results"][name].class_labels
        np.testing.assert_array_equal(of_classes, np.array([1, 2, 4])[by_class])
        assert rows["class"].tolist() == ["DAB", "nuclei", "ground"]
        assert rows["pixels"].tolist() == counted.tolist()
        assert rows["area"].tolist() == (counted / 4).tolist()
        assert rows["percent"].tolist() == (100 * counted / kinds.size).tolist()


def test_the_tables_of_the_page_are_the_truth_and_those_of_a_shell(
    tmp_path, monkeypatch, capsys
):
    printed = run_page(DOCS / "tables.md", tmp_path, check_tables)
    assert before_the_tables_of("tables", printed, first=0) == []
    for name in ("leaf", "slides"):
        check_picture(tmp_path, name)

    monkeypatch.chdir(tmp_path)
    commands = "".join(blocks(read_page("tables"), "bash")).splitlines()
    applying, learning = (shlex.split(command)[1:] for command in commands)
    assert (cli.main(applying), cli.main(learning)) == (0, 0)
    assert capsys.readouterr().err == ""
    table = Path("areas.csv").read_bytes()
    assert table == Path("script.csv").read_bytes()

    # The way without Python.
    learned, given = (
        Palette.load(path) for path in ("learned/a-4-colors.csv", "palette.json")
    )
    np.testing.assert_array_equal(learned.colors, given.colors)
    entries = pd.read_csv("entries.csv")
    assert entries["pixels"].sum() == pd.read_csv("areas.csv")["pixels"].sum()
    assert len(entries) == 3 * 4
    by_hand = pd.read_csv("learned/a-4-colors.csv")
    by_hand.assign(**{"class": given.classes}).to_csv("by-hand.csv", index=False)
    renamed = {"palette.json": "by-hand.csv", "areas.csv": "again.csv"}
    assert cli.main([renamed.get(word, word) for word in applying]) == 0
    assert table == Path("again.csv").read_bytes()


def test_what_one_palette_a_frame_misses_are_edges(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import timelapse
    from scipy.ndimage import binary_erosion

    movie, truth = timelapse.make_movie(60)
    assert (movie.shape, movie.dtype) == ((24, 256, 256), np.uint16)
    own = timelapse.quantize_slices(movie, 3, channel_axis=None)
    for frame in (0, 12, 23):
        responding = truth[frame] == timelapse.RESPONDING
        missed = responding & (own.labels[frame] != timelapse.RESPONDING)
        inner = binary_erosion(responding, iterations=2)
        assert (missed & inner).sum() < 0.01 * missed.sum()


def check_pyramid(session):
    import dask.array as da
    import numpy as np

    from napari_colorquant import quantize

    levels = session["levels"]
    sides = [1024, 512, 256, 128, 64]
    assert [level.shape for level in levels] == [(3, side, side) for side in sides]
    expected = quantize(levels[0].compute(), 8, channel_axis=0)
    np.testing.assert_array_equal(session["q"].palette.colors, expected.palette.colors)
    labels = da.from_zarr("result.zarr/labels/palette/0").compute()
    np.testing.assert_array_equal(labels, expected.labels)
    dab = session["is_dab"][expected.labels]
    areas = dab.reshape(2, 512, 2, 512).mean(axis=(1, 3))
    np.testing.assert_array_equal(session["areas"], areas)
    # Each level has the means of four pixels, rounded once.
    fine, coarse = (level.compute().astype(float) for level in levels[:2])
    means = fine.reshape(3, 512, 2, 512, 2).mean(axis=(2, 4))
    assert np.abs(means - coarse).max() <= 1


def test_the_code_on_a_pyramid_gives_what_one_process_gives(tmp_path):
    def smaller(code):
        assert "n_fields=9" in code
        return code.replace("n_fields=9", "n_fields=2")

    run_page(DOCS / "pyramid.md", tmp_path, check_pyramid, smaller)


def test_the_slide_of_the_page_is_that_of_the_script(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)
    import pyramid

    monkeypatch.setattr(pyramid, "N_FIELDS", 2)
    monkeypatch.setattr(pyramid, "DAB", (0, 1))
    pyramid.write_slide(tmp_path / "script.zarr")
    first, *_ = blocks(read_page("pyramid"), "python")
    session = {}
    exec(compile(first, DOCS / "pyramid.md", "exec"), session)
    session["write_slide"](tmp_path / "page.zarr", 2)
    for level in map(str, range(5)):
        one, two = (
            da.from_zarr(tmp_path / f"{name}.zarr" / level).compute()
            for name in ("script", "page")
        )
        np.testing.assert_array_equal(one, two)


def test_no_estimate_is_further_off_than_told(run):
    rows = re.findall(r"^#\w{6} +(\S+)% +(\S+)%", run("pyramid").printed, re.M)
    assert len(rows) == 8
    assert all(abs(float(one) - float(two)) < 0.25 for one, two in rows)


def check_alike(told, printed, whole):
    """Check that two texts differ in nothing but the last digit of their numbers.

    whole: by how much whole numbers may differ.
    """
    assert FIGURE.split(told) == FIGURE.split(printed)
    pairs = zip(FIGURE.findall(told), FIGURE.findall(printed), strict=True)
    for in_page, now in pairs:
        # Another processor or release may round differently, but not more.
        if in_page.startswith("#"):
            difference = np.subtract(
                *(list(bytes.fromhex(x[1:])) for x in (in_page, now))
            )
            assert np.abs(difference).max() <= 1
        else:
            of_page, of_now = (float(x.replace(",", "")) for x in (in_page, now))
            most = 0.11 if "." in in_page else whole
            assert of_now == pytest.approx(of_page, rel=0.002, abs=most)


def before_the_tables_of(name, printed, first=1):
    """Return the lines before those that are the tables of a page, from the first."""
    told = "".join(blocks(read_page(name), "text")[first:])
    lines = [line.rstrip() for line in printed.splitlines()]
    begin = len(lines) - len(told.splitlines())
    check_alike(told, "".join(f"{line}\n" for line in lines[begin:]), 0)
    return lines[:begin]


def check_picture(folder, name):
    """Check that a picture in a folder is the committed one."""
    ours, committed = (read(f / f"{name}.png") for f in (folder, DOCS / "images"))
    assert ours.shape == committed.shape
    # Letters may be drawn a little differently by another release of Pillow.
    assert (np.abs(ours.astype(int) - committed) > 2).mean() < 0.02


def classes_told(printed):
    """Return the numbers of the table of classes."""
    rows = re.findall(r"^(?:neither|Cdt1|geminin|both|all) +(\d.*)$", printed, re.M)
    return [tuple(map(int, row.split())) for row in rows]


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
