"""--preset: what it sets, what it says, and what of it an image takes."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_colorquant import Palette, fit_palette, preset, quantize
from napari_colorquant.cli import main
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.files.regions.images import read_values
from shell import names, noise, save

LIMIT_NOT_SET = (
    "The preset leaves out what is over 40 of 255 in images of 8 bits alone: set "
    "--max-distance yourself."
)
SAID = {
    "photo": "Photo is set. --colors 64 · --color-space rgb · --balance 0",
    "he": "H&E is set. --colors 6 · --color-space hed · --balance 0.25",
    "ihc": "IHC (DAB) is set. --colors 8 · --color-space lab · --balance 0.25",
    "fluorescence": "Fluorescence is set. --colors 8 · --color-space rgb · --balance 0",
    "map": "Map or chart is set. --colors 12 · --color-space rgb · --balance 0 · "
    "--max-distance 40",
}


def told(capsys):
    return capsys.readouterr().err.splitlines()


def check_result(image_name, q, n):
    palette = Palette.load(f"{image_name}-{n}-colors.csv")
    assert np.array_equal(palette.colors, q.palette.colors)
    indices = read_values_of(image_name, n)
    assert np.array_equal(indices, np.where(q.labels, q.labels - 1.0, len(palette)))


def read_values_of(image_name, n, suffix=".png"):
    from pathlib import Path

    return read_values(Path(f"{image_name}-{n}-indices{suffix}"))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_does_what_it_says(folder, capsys, name):
    for image_name, seed in (("a", 0), ("b", 1)):
        save(f"{image_name}.png", noise((9, 12, 3), seed=seed))
    assert main(["a.png", "b.png", "--preset", name]) == 0
    assert told(capsys) == [f"--preset: {SAID[name]}"]  # once
    n = PRESETS[name].parameters.n_colors
    for image_name, seed in (("a", 0), ("b", 1)):
        image = noise((9, 12, 3), seed=seed)
        check_result(image_name, quantize(image, **preset(name, image)), n)


def test_what_the_user_sets_is_kept(folder, capsys):
    image = noise((9, 12, 3))
    save("a.png", image)
    # Also where it is the default, which argparse does not tell from nothing.
    options = ["--color-space", "rgb", "--balance", "0.5", "--seed", "7"]
    assert main(["a.png", "--preset", "he", *options]) == 0
    assert told(capsys) == ["--preset: H&E is set. --colors 6"]
    check_result("a", quantize(image, 6, balance=0.5, random_state=7), 6)


@pytest.mark.parametrize(
    "options", [["--color-space", "lab"], ["--weights", "1,2,3"]], ids=str
)
def test_a_limit_is_not_set_in_units_of_the_user(folder, capsys, options):
    save("a.png", noise((9, 12, 3)))
    assert main(["a.png", "--preset", "map", *options, "--json"]) == 0
    first, second = told(capsys)
    assert first.startswith("--preset: Map or chart is set. --colors 12 · --")
    assert "--max-distance" not in first
    assert second == f"--preset: {LIMIT_NOT_SET}"


def test_a_limit_of_8_bits_is_for_the_pictures_that_have_them(folder, capsys):
    save("a.png", noise((9, 12, 3)))
    save("b.tif", noise((9, 12, 3), "float32") / 255)
    argv = ["a.png", "b.tif", "--preset", "map", "--json"]
    assert main(argv) == 0
    said = capsys.readouterr()
    assert said.err == f"--preset: {SAID['map']}\n"
    of_a, of_b = map(json.loads, said.out.splitlines())
    assert of_a["report"]["parameters"]["max_distance"] == 40
    assert of_b["report"]["parameters"]["max_distance"] is None
    assert of_b["notes"] == [LIMIT_NOT_SET]
    assert LIMIT_NOT_SET not in of_a["notes"]


def test_grey_pictures_take_no_space_of_colors(folder, capsys):
    image = noise((9, 12))
    save("a.png", image)
    assert main(["a.png", "--preset", "he"]) == 0
    assert told(capsys) == [
        f"--preset: {SAID['he']}",
        "a.png: Its channels are not red, green and blue: they are compared as they "
        "are, without the preset's --color-space hed.",
    ]
    check_result("a", quantize(image, 6, balance=0.25, channel_axis=None), 6)


def test_a_shared_palette_has_the_limit_of_a_preset(folder, capsys):
    image = np.zeros((8, 10, 3), np.uint8)
    image[:, 5:] = 200
    image[0, 0] = (0, 0, 255)
    save("a.png", image)
    save("b.png", np.full((8, 10, 3), 200, np.uint8))
    # Of two colors, none is near the blue pixel.
    argv = ["a.png", "b.png", "--preset", "map", "--colors", "2", "--shared"]
    assert main([*argv, "--balance", "0"]) == 0
    assert told(capsys)[0] == (
        "--preset: Map or chart is set. --color-space rgb · --max-distance 40"
    )
    assert read_values_of("a", 2)[0].tolist() == [2] + [0] * 4 + [1] * 5
    assert (read_values_of("b", 2) == 1).all()


def test_a_preset_is_shared_by_grey_pictures(folder, capsys):
    pictures = [noise((9, 12), seed=seed) for seed in (1, 2)]
    for name, picture in zip(("a.png", "b.png"), pictures, strict=True):
        save(name, picture)
    assert main(["a.png", "b.png", "--preset", "ihc", "--shared"]) == 0
    assert told(capsys) == [
        f"--preset: {SAID['ihc']}",
        "--shared: Its channels are not red, green and blue: they are compared as they "
        "are, without the preset's --color-space lab.",
    ]
    palette = fit_palette(pictures, 8, balance=0.25, channel_axis=None)
    assert np.array_equal(Palette.load("a-8-colors.csv").colors, palette.colors)
    assert names(folder)[:2] == ["a-8-colors.csv", "a-8-colors.png"]


def test_what_is_skipped_is_not_told_of_a_preset(folder, capsys):
    save("a.png", noise((9, 12, 3)))
    argv = ["a.png", "--preset", "ihc", "--skip-existing"]
    assert main(argv) == 0
    assert told(capsys) == [f"--preset: {SAID['ihc']}"]
    assert main(argv) == 0
    assert told(capsys) == []
