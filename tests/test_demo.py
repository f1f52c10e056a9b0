"""The demo as its user meets it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_colorquant import quantize

DEMO = Path(__file__).parents[1] / "script" / "demo.py"
EXAMPLE = {"refine": False, "n_samples": 1000, "random_state": 0}
RUNS = {
    "refined": {},
    "kmeans": {"method": "kmeans", **EXAMPLE},
    "random": {"method": "random", **EXAMPLE},
}


def run_demo(*arguments, **env):
    return subprocess.run(
        [sys.executable, DEMO, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"} | env,
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What a run without the viewer printed, and the folder that it made."""
    folder = tmp_path_factory.mktemp("demo") / "made" / "by it"
    result = run_demo("--no-viewer", "--output", folder)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    return result.stdout, folder


@pytest.fixture(scope="module", params=RUNS)
def expected(request, china):
    """A run, and what the engine gives for it."""
    return request.param, quantize(china, 64, **RUNS[request.param])


def test_it_prints_the_lines_of_the_example(demo):
    printed, _ = demo
    lines = [
        r"Fitting model on a small sub-sample of the data",
        r"done in \d+\.\d{3}s\.",
        r"Predicting color indices on the full image \(k-means\)",
        r"done in \d+\.\d{3}s\.",
        r"Predicting color indices on the full image \(random\)",
        r"done in \d+\.\d{3}s\.",
        r"Counting, fitting model and refining it on all of the data",
        r"done in \d+\.\d{3}s\.",
        r"Predicting color indices on the full image \(refined\)",
        r"done in \d+\.\d{3}s\.",
    ]
    assert re.search("\n".join(lines), printed)
    assert "Original image (96,615 colors)" in printed


def test_it_prints_the_errors_of_the_engine(demo, expected):
    printed, _ = demo
    run, q = expected
    name = {"refined": "Refined", "kmeans": "K-Means", "random": "Random"}[run]
    start = rf"^Quantized image \(64 colors, {name}\) +"
    (found,) = re.findall(rf"{start}MSE (\S+) +PSNR (\S+) dB$", printed, re.MULTILINE)
    assert found == (f"{q.report.mse:.1f}", f"{q.report.psnr:.2f}")


def test_it_writes_the_pictures_of_the_engine(demo, expected, china):
    _, folder = demo
    run, q = expected
    np.testing.assert_array_equal(read(folder / "original.png"), china)
    np.testing.assert_array_equal(read(folder / f"{run}.png"), q.image)


def test_it_writes_one_figure_of_all_in_a_row(demo):
    _, folder = demo
    figure = read(folder / "comparison.png")
    pictures = [read(folder / f"{name}.png") for name in ("original", *RUNS)]
    height, width, _ = pictures[0].shape
    margin = (figure.shape[1] - len(pictures) * width) // (len(pictures) + 1)
    top = figure.shape[0] - margin - height
    for i, picture in enumerate(pictures):
        left = margin + i * (width + margin)
        shown = figure[top : top + height, left : left + width]
        np.testing.assert_array_equal(shown, picture)
        title = figure[:top, left : left + width]
        assert title.min() < 64  # dark letters ...
        assert (figure[:, left - margin : left] == 255).all()  # ... that end in time
    assert sorted(path.name for path in folder.iterdir()) == [
        "comparison.png",
        "kmeans.png",
        "original.png",
        "random.png",
        "refined.png",
    ]


def test_it_says_where_it_cannot_write(tmp_path):
    (tmp_path / "file").touch()
    result = run_demo("--no-viewer", "--output", tmp_path / "file")
    assert result.returncode == 1
    assert result.stderr.startswith(f"demo: {tmp_path / 'file'}: ")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(("asked_for", "code"), [((), 0), (("--viewer",), 1)])
@pytest.mark.skipif(sys.platform != "linux", reason="needs a display that is not there")
def test_without_a_working_display_the_job_is_done_all_the_same(
    tmp_path, asked_for, code
):
    no_display = {"DISPLAY": ":987", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": "xcb"}
    result = run_demo("--output", tmp_path, *asked_for, CI="", **no_display)
    assert result.returncode == code
    assert (tmp_path / "comparison.png").exists()
    assert result.stderr.startswith("demo: napari's window was left out")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("linux", {"DISPLAY": ":0", "CI": "true"}, False),
        ("darwin", {}, True),
        ("win32", {}, True),
        ("win32", {"CI": "true"}, False),
    ],
)
def test_the_viewer_opens_where_somebody_sees_it(
    monkeypatch, platform, variables, expected
):
    has_display = runpy.run_path(str(DEMO))["has_display"]
    for name in ("CI", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    assert has_display() is expected


def test_the_viewer_shows_the_pictures_and_the_labels(
    monkeypatch, make_napari_viewer, china
):
    # The demo makes its own viewer: give it one that is closed after the test.
    monkeypatch.setattr("napari.Viewer", lambda **_: make_napari_viewer())
    monkeypatch.setattr("napari.run", lambda: None)
    runpy.run_path(str(DEMO))["show"](china)

    from napari import current_viewer

    layers = current_viewer().layers
    assert [(layer.name, layer.visible) for layer in layers] == [
        ("china", True),
        ("china (64 colors), random", True),
        ("china (64 colors), k-means", True),
        ("china (64 colors), refined", True),
        ("china (64 colors) labels", False),
    ]
    for layer, run in zip(layers[1:4], ["random", "kmeans", "refined"], strict=True):
        q = quantize(china, 64, **RUNS[run])
        np.testing.assert_array_equal(layer.data, q.image)
    np.testing.assert_array_equal(layers[4].data, q.labels)
    assert layers.selection.active is layers["china"]


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture)
