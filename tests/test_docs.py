"""The pages of docs/ keep their word: their code runs, their numbers are true."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from napari_colorquant import quantize
from pages import DOCS, PAGES, ROOT, blocks, prose, read_page

pytestmark = pytest.mark.skipif(not PAGES, reason="a source distribution")


def test_the_code_of_the_workbench_runs_and_does_what_is_said(capsys):
    page = read_page("workbench")
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


def test_the_code_of_the_cluster_runs_and_gives_the_same(tmp_path, china):
    da, distributed = (
        pytest.importorskip(name) for name in ("dask.array", "distributed")
    )
    (code,) = blocks(read_page("cluster"), "python")
    slide = da.from_array(china[:200, :200], chunks=(100, 100, 3))
    with distributed.LocalCluster(n_workers=1, dashboard_address=":0") as cluster:
        session = {"slide": slide}
        address = cluster.scheduler_address
        code = code.replace("tcp://10.0.0.7:8786", address)
        code = code.replace("/shared/", f"{tmp_path}/")
        assert address in code
        assert str(tmp_path) in code
        exec(compile(code, DOCS / "cluster.md", "exec"), session)
    expected = quantize(slide, 32)
    np.testing.assert_array_equal(session["q"].palette.counts, expected.palette.counts)
    labels = da.from_zarr(tmp_path / "slide-32.zarr/labels/palette/0").compute()
    np.testing.assert_array_equal(labels, expected.labels.compute())


def test_the_code_of_channels_runs_and_does_what_is_said(capsys):
    page = read_page("channels")
    session = {}
    together, axis, regions = blocks(page, "python")
    exec(compile(together, DOCS / "channels.md", "exec"), session)
    assert list(session["labels_layer"].features)[4:6] == ["red", "green"]
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
    page = read_page("learning")
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
    page = read_page("learning")
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
