"""The pages of docs/ keep their word: their code runs, their numbers are true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.data import immunohistochemistry

from napari_colorquant import quantize

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))

pytestmark = pytest.mark.skipif(not PAGES, reason="a source distribution")


@pytest.fixture(scope="module")
def stains(tmp_path_factory):
    """What the example printed, and the folder that it made."""
    folder = tmp_path_factory.mktemp("stains") / "made by it"
    result = subprocess.run(
        [sys.executable, DOCS / "examples" / "stains.py", "--output", folder],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout, folder


@pytest.fixture(scope="module")
def stains_page():
    return (DOCS / "stains.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)


def prose(page):
    """Return a page without its code blocks and the addresses of its links."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)
    return re.sub(r"\]\([^)]*\)", "]", text)


def test_the_tables_of_the_page_are_what_the_example_prints(stains, stains_page):
    (told,), (printed, _) = blocks(stains_page, "text"), stains
    figure = r"#[0-9a-f]{6}|\d[\d,]*(?:\.\d+)?"
    assert re.split(figure, told) == re.split(figure, printed)
    pairs = zip(re.findall(figure, told), re.findall(figure, printed), strict=True)
    for in_page, now in pairs:
        # Another processor or release may round differently, but not more.
        if in_page.startswith("#"):
            difference = np.subtract(
                *(list(bytes.fromhex(x[1:])) for x in (in_page, now))
            )
            assert np.abs(difference).max() <= 1
        else:
            of_page, of_now = (float(x.replace(",", "")) for x in (in_page, now))
            assert of_now == pytest.approx(of_page, rel=0.002, abs=0.11)


def test_the_numbers_in_the_text_are_those_of_the_tables(stains_page):
    (told,) = blocks(stains_page, "text")
    known = {*re.findall(r"\d+\.\d+%?|#[0-9a-f]{6}|\d+,\d+", told)}
    quoted = re.findall(r"\d+\.\d+%?|#[0-9a-f]{6}|\d+,\d+", prose(stains_page))
    assert len(quoted) >= 8
    assert {*quoted} - known == {"65,535"}  # the largest 16-bit number


def test_the_picture_of_the_stains_shows_what_was_quantized(stains):
    _, folder = stains
    assert [path.name for path in folder.iterdir()] == ["stains.png"]
    figure = read(folder / "stains.png")
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


def test_the_committed_picture_is_the_one_that_is_drawn(stains):
    _, folder = stains
    ours, committed = (read(f / "stains.png") for f in (folder, DOCS / "images"))
    assert ours.shape == committed.shape
    # Letters may be drawn a little differently by another release of Pillow.
    assert (np.abs(ours.astype(int) - committed) > 2).mean() < 0.02


def test_the_code_of_the_page_does_what_the_example_does(
    stains, stains_page, monkeypatch, tmp_path, capsys
):
    monkeypatch.chdir(tmp_path)
    printed, _ = stains
    rows = re.findall(r"^(#\w{6}) +(\S+%).*  (\w+)$", printed, re.M)
    session = {}
    first, second = blocks(stains_page, "python")
    exec(compile(first, DOCS / "stains.md", "exec"), session)
    told = [tuple(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert told == [(color, area) for color, area, _ in rows]
    exec(compile(second, DOCS / "stains.md", "exec"), session)
    names = tuple(name for _, _, name in rows[5:10])
    assert capsys.readouterr().out == f"lab {names}\n"
    assert session["named"].names == names


def test_the_code_of_the_workbench_runs_and_does_what_is_said(capsys):
    page = (DOCS / "workbench.md").read_text(encoding="utf-8")
    session = {}
    editing, judging = blocks(page, "python")
    exec(compile(editing, DOCS / "workbench.md", "exec"), session)
    palette, again = session["q"].palette, session["again"].palette
    assert len(palette) == 7  # two of eight are one
    assert (palette.names[0], palette.locked) == ("nuclei", (0, 1))
    assert capsys.readouterr().out == f"{palette.names} (0, 1)\n"
    learned = again.colors.tolist()
    assert len(learned) == 8
    assert all(color in learned for color in palette.colors[:2].tolist())
    exec(compile(judging, DOCS / "workbench.md", "exec"), session)
    assert session["errors"].shape == session["image"].shape[:2]
    *_, elbow = capsys.readouterr().out.split()
    assert 2 < int(elbow) < 64


def test_the_code_of_the_cluster_runs_and_gives_the_same(tmp_path, monkeypatch, china):
    da, distributed = (
        pytest.importorskip(name) for name in ("dask.array", "distributed")
    )
    monkeypatch.chdir(tmp_path)
    (code,) = blocks((DOCS / "cluster.md").read_text(encoding="utf-8"), "python")
    slide = da.from_array(china[:200, :200], chunks=(100, 100, 3))
    with distributed.LocalCluster(n_workers=1, dashboard_address=":0") as cluster:
        session = {"slide": slide}
        address = cluster.scheduler_address
        code = code.replace("tcp://10.0.0.7:8786", address)
        assert address in code
        exec(compile(code, DOCS / "cluster.md", "exec"), session)
    expected = quantize(slide, 32)
    np.testing.assert_array_equal(session["q"].palette.counts, expected.palette.counts)
    labels = da.from_zarr(tmp_path / "labels.zarr").compute()
    np.testing.assert_array_equal(labels, expected.labels.compute())


def test_the_code_of_channels_runs_and_does_what_is_said(capsys):
    page = (DOCS / "channels.md").read_text(encoding="utf-8")
    session = {}
    together, axis, regions = blocks(page, "python")
    exec(compile(together, DOCS / "channels.md", "exec"), session)
    assert list(session["labels_layer"].features)[2:4] == ["red", "green"]
    capsys.readouterr()
    exec(compile(axis, DOCS / "channels.md", "exec"), session)
    assert capsys.readouterr().out == "(2, 512, 512) (512, 512)\n"
    assert "(2, 512, 512) (512, 512)" in axis
    exec(compile(regions, DOCS / "channels.md", "exec"), session)
    labels = session["labels_layer"]
    assert sorted(filter(None, labels.features["name"])) == ["class 1", "class 2"]
    inside = np.zeros((512, 512), bool)
    inside[50:301, 50:401] = True
    np.testing.assert_array_equal(labels.data > 0, inside)


def test_the_numbers_of_learning_are_those_of_its_table():
    page = (DOCS / "learning.md").read_text(encoding="utf-8")
    table = "\n".join(re.findall(r"^\|.*$", page, re.M))
    known = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", table)}
    _, text = page.split("\n## What follows\n")
    quoted = re.findall(r"\b\d+\.\d+\b", text)
    assert len(quoted) >= 8
    assert {*map(float, quoted)} <= known


def test_the_measurement_of_learning_runs(tmp_path, china):
    Image.fromarray(china[::8, ::8]).save(tmp_path / "china.png")
    script = ROOT / "benchmarks" / "starts.py"
    command = [sys.executable, script, "--images", tmp_path]
    result = subprocess.run(
        [*command, "--colors", "4", "64", "--repeats", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    # The page has the same rows, in the same order.
    page = (DOCS / "learning.md").read_text(encoding="utf-8")
    first_cells = r"^\| ([^|]+) \|"
    rows = re.findall(first_cells, result.stdout, re.M)
    assert rows == re.findall(first_cells, page, re.M)
    cells = re.findall(r"[\d.]+, [\d.]+ \([\d.]+\), \d+ ms", result.stdout)
    assert len(cells) == 2 * 12


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_what_a_page_links_to_is_there(page):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("https://")]
    assert [x for x in local if not (page.parent / x).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_a_page_has_one_title_and_headings_of_level_2(page):
    text = prose(page.read_text(encoding="utf-8"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert levels == [1] + [2] * (len(levels) - 1)


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
