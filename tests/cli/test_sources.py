"""Folders and patterns as inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_colorquant.cli import main
from napari_colorquant.files.batch.sources import expanded
from shell import RESULTS_OF_RGB, names, noise, save

ALL = ["slides/C.JPG", "slides/a.png", "slides/b.tif"]


@pytest.fixture
def slides(folder):
    (folder / "slides" / "more").mkdir(parents=True)
    (folder / "slides" / "image.tif").mkdir()
    for name in ("b.tif", "a.png", "C.JPG", "notes.txt", ".hidden.png", "more/d.png"):
        (folder / "slides" / name).touch()
    return folder / "slides"


def found(*sources):
    return [
        one if isinstance(one, str) else one.as_posix() for one in expanded(sources)
    ]


def test_a_folder_is_all_pictures_in_it_sorted(slides):
    assert found(Path("slides")) == ALL


def test_a_pattern_is_what_it_matches_sorted(slides):
    assert found(Path("slides/*.tif")) == ["slides/b.tif"]
    assert found(Path("slides/**/*.png")) == ["slides/a.png", "slides/more/d.png"]
    assert found(Path("slides/[ab].*")) == ["slides/a.png", "slides/b.tif"]


def test_a_file_whose_name_is_a_pattern_is_that_file(slides):
    (slides / "[ab].png").touch()
    assert found(Path("slides/[ab].png")) == ["slides/[ab].png"]


def test_what_matches_twice_is_taken_once(slides):
    expected = ["slides/b.tif", "slides/C.JPG", "slides/a.png"]
    assert found(Path("slides/b.tif"), Path("slides"), Path("slides/*")) == [
        *expected,
        "slides/notes.txt",
    ]
    twice = [Path("slides/b.tif")] * 2  # is complained of
    assert found(*twice) == ["slides/b.tif"] * 2


@pytest.mark.parametrize("name", ["zarr.json", ".zgroup", ".zarray", ".zattrs"])
def test_a_zarr_is_one_image(slides, name):
    (slides / "more" / name).touch()
    (slides / "empty.zarr").mkdir()
    sources = (Path("slides/more"), Path("slides/empty.zarr"), "https://host/a*")
    assert expanded(sources) == list(sources)


def test_results_of_the_command_are_left_out(slides):
    for name in ("a-64-colors.png", "a-64-indices.png", "b-my-palette-colors.tif"):
        (slides / name).touch()
    kept = ["a-colors.png", "x-64-colors.png", "a-64-colors.jpg", "a-64-indices-2.png"]
    for name in kept:
        (slides / name).touch()
    expected = sorted([*(f"slides/{name}" for name in kept), *ALL])
    assert found(Path("slides")) == expected
    assert found(Path("slides/*.png")) == [
        name for name in expected if name.endswith(".png")
    ]


def test_a_folder_is_quantized_and_the_same_command_again_takes_no_result(
    folder, capsys
):
    for name in ("b.png", "a.png"):
        save(name, noise((9, 8, 3)))
    assert main([".", "--colors", "4", "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    results = sorted(f"{name}-4-{end}" for name in "ab" for end in RESULTS_OF_RGB)
    assert names(folder) == sorted(["a.png", "b.png", *results])
    assert main([".", "--colors", "4", "--force"]) == 0
    out, err = capsys.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.png", "b.png"]
    assert err == ""
    assert names(folder) == sorted(["a.png", "b.png", *results])


def test_a_folder_without_pictures_and_a_pattern_without_files_are_said(folder, capsys):
    (folder / "empty").mkdir()
    save("a.png", noise((9, 8, 3)))
    argv = ["empty", "*.gif", "a.png", "--colors", "4", "-o", "out", "--quiet"]
    assert main([*argv, "--summary", "table.csv"]) == 1
    assert capsys.readouterr() == (
        "",
        "empty: the folder holds no file with the suffix of a picture.\n"
        "*.gif: no picture fits this pattern.\n",
    )
    lines = (folder / "table.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:4]] == ["empty", "*.gif", "a.png"]


def test_quiet_leaves_notes_out(folder, capsys):
    save("a.png", np.array([[0, 9, 200]], np.uint8))
    assert main(["a.png", "--colors", "5", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
