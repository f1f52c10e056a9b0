from __future__ import annotations

import os

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_colorquant import Palette, quantize
from napari_colorquant.cli import main
from shell import RESULTS_OF_RGB, contents, names, noise, save


def test_a_bad_file_is_reported_and_the_rest_goes_on(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    tifffile.imwrite("b.tif", noise((9, 8, 4)), photometric="separated")
    save("c.tif", np.full((9, 8), np.nan, np.float32))
    (folder / "d.png").write_bytes(b"hello")
    Image.new("CMYK", (9, 8)).save("e.jpg")
    save("f.png", noise((9, 8, 3)))
    argv = ["a.png", "b.tif", "c.tif", "d.png", "e.jpg", "gone.png", "f.png"]
    assert main([*argv, "--colors", "4"]) == 1
    out, err = capsys.readouterr()
    assert [line.split(": ")[0] for line in out.splitlines()] == ["a.png", "f.png"]
    assert err.splitlines() == [
        "b.tif: its colors are CMYK, not RGB: convert it to RGB first.",
        "c.tif: no pixel of the image can be quantized: all are outside the mask, "
        "transparent, NaN or infinite.",
        "d.png: cannot be read as a picture: it is damaged, or of a format that "
        "neither tifffile nor imageio reads.",
        "e.jpg: its colors are CMYK, not RGB: convert it to RGB first.",
        "gone.png: No such file or directory.",
    ]
    assert [name for name in names(folder) if "-4-" in name] == [
        f"{name}-4-{end}" for name in "af" for end in RESULTS_OF_RGB
    ]


@pytest.mark.parametrize(
    ("image", "options", "sentence"),
    [
        (
            noise((9, 8)),
            ["--color-space", "lab"],
            "--color-space 'lab' needs red, green and blue, and the image has 1 "
            "channel: pass --color-space rgb, which takes any channels.",
        ),
        (
            noise((9, 8, 3), "float32"),
            ["--color-space", "hed"],
            "colors as an eye or a stain has them need values from 0 to 1, and there "
            "are some from 0 to 255: divide by their range first, or compare in "
            "--color-space rgb.",
        ),
        (
            noise((9, 8)),
            ["--fixed", "mine.csv"],
            "the fixed colors have 3 channels and the image 1: pass colors of the "
            "image's channels.",
        ),
        (
            noise((9, 8)),
            ["--colors", "auto", "--target-delta-e", "2"],
            "ΔE2000 needs RGB, and the image has 1 ",
        ),
        (noise((9, 8)), ["--channel-axis", "9"], "--channel-axis is 9: pass none, or"),
        (noise((9, 8)), ["--scale", "1,2,3"], "--scale has 3 values, and there are 2"),
        (noise((9, 8)), ["--units", "um,um,um", "--scale", "1"], "--units has 3 val"),
        (
            noise((9, 8, 3)),
            ["--data-range", "9"],
            "the image has values up to 255, and white is 9: set --data-range to the "
            "value of white in the image.\n",
        ),
    ],
)
def test_options_that_do_not_fit_a_picture_are_said(
    folder, capsys, image, options, sentence
):
    Palette([[1, 2, 3]]).save("mine.csv")
    save("a.tif", image)
    assert main(["a.tif", "--colors", "4", *options]) == 1
    out, err = capsys.readouterr()
    assert err.startswith(f"a.tif: {sentence}")
    assert (err.count("\n"), out) == (1, "")
    assert names(folder) == ["a.tif", "mine.csv"]


def test_results_are_overwritten_only_by_force(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    save("b.png", noise((9, 8, 3)))
    assert main(["a.png", "--colors", "4"]) == 0
    save("a.png", noise((9, 8, 3), seed=1))
    before = contents(folder)
    capsys.readouterr()

    assert main(["a.png", "b.png", "--colors", "4"]) == 1
    assert capsys.readouterr().err == (
        "a.png: a-4-colors.png exists already: add --force to overwrite it.\n"
    )
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 4  # those of b

    assert main(["a.png", "--colors", "4", "--force"]) == 0
    changed = contents(folder)
    assert {name for name in after if after[name] != changed[name]} == {
        f"a-4-{end}" for end in RESULTS_OF_RGB
    }


@pytest.mark.parametrize(
    "name",
    [
        *(f"a-4-colors.{end}" for end in ("png", "tif", "gpl", "csv")),
        *(f"a-4-indices.{end}" for end in ("png", "tif")),
    ],
)
def test_any_result_that_exists_counts(folder, capsys, name):
    save("a.png", noise((9, 8, 3)))
    (folder / name).write_bytes(b"mine")
    assert main(["a.png", "--colors", "4"]) == 1
    assert capsys.readouterr().err == (
        f"a.png: {name} exists already: add --force to overwrite it.\n"
    )
    assert names(folder) == sorted(["a.png", name])
    assert (folder / name).read_bytes() == b"mine"


RGB, STACK = noise((9, 8, 3)), noise((5, 9, 8), "uint16")
RESULTS = {
    "RGB": [f"a-4-{end}" for end in RESULTS_OF_RGB],
    "stack": ["a-4-colors.csv", "a-4-colors.tif", "a-4-indices.tif"],
}


@pytest.mark.parametrize(
    ("earlier", "first", "later", "second"),
    [("RGB", RGB, "stack", STACK), ("stack", STACK, "RGB", RGB)],
)
def test_force_removes_older_results_of_other_suffixes_and_nothing_else(
    folder, earlier, first, later, second
):
    argv = ["a.tif", "--colors", "4"]
    save("a.tif", first)
    assert main(argv) == 0
    assert names(folder) == sorted(["a.tif", *RESULTS[earlier]])
    others = [
        *("a-4-colors.ase", "a-4-colors.tiff", "a-4-indices.csv", "a-4-colors"),
        *("a-5-colors.tif", "a-5-colors.png", "b-4-colors.png", "b-4-indices.tif"),
    ]
    for name in others:
        (folder / name).write_bytes(b"mine")

    save("a.tif", second)
    assert main([*argv, "--force"]) == 0
    assert names(folder) == sorted(["a.tif", *RESULTS[later], *others])
    assert {(folder / name).read_bytes() for name in others} == {b"mine"}


def test_older_results_stay_until_the_new_ones_are_written(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    save("a.tif", RGB)
    assert main(["a.tif", "--colors", "4"]) == 0
    before = contents(folder)
    save("a.tif", STACK)
    written = "napari_colorquant.files.images.write.write_indices"
    with monkeypatch.context() as patch:
        patch.setattr(written, full)
        assert main(["a.tif", "--colors", "4", "--force"]) == 1
    after = contents(folder)
    older = set(RESULTS["RGB"]) - set(RESULTS["stack"])
    assert {name: after[name] for name in older} == {n: before[n] for n in older}


def test_a_folder_is_no_older_result(folder):
    save("a.tif", RGB)
    (folder / "a-4-colors.tif").mkdir()
    assert main(["a.tif", "--colors", "4", "--force"]) == 0
    assert (folder / "a-4-colors.tif").is_dir()


@pytest.mark.parametrize("second", ["x/a.png", "a.tif", "x/A.png", "a.png"])
def test_two_inputs_of_one_name_do_not_overwrite_each_other(folder, capsys, second):
    (folder / "x").mkdir()
    save("a.png", noise((9, 8, 3)))
    if second != "a.png":
        save(second, noise((9, 8, 3), seed=1))
    assert main(["a.png", second, "--colors", "4", "--force"]) == 1
    out, err = capsys.readouterr()
    assert err == (
        f"{os.path.normpath(second)}: its results would overwrite those of a.png: run "
        "it with another --output.\n"
    )
    assert len(out.splitlines()) == 1
    assert Palette.load("a-4-colors.csv").colors.tolist() == (
        quantize(noise((9, 8, 3)), 4).palette.colors.tolist()
    )


def test_no_input_is_overwritten_even_by_force(folder, capsys):
    image = noise((9, 8, 3))
    save("a-4-colors.png", image)
    save("a.png", image)
    before = contents(folder)
    assert main(["a.png", "a-4-colors.png", "--colors", "4", "--force"]) == 1
    assert capsys.readouterr().err == (
        "a.png: its results would overwrite the input a-4-colors.png: run it with "
        "another --output.\n"
    )
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + 4


def test_the_fixed_colors_are_not_overwritten_even_by_force(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    Palette([[1, 2, 3]]).save("a-4-colors.csv")
    before = contents(folder)
    options = ["--colors", "4", "--fixed", "a-4-colors.csv", "--force"]
    assert main(["a.png", *options]) == 1
    assert capsys.readouterr().err == (
        "a.png: its results would overwrite the input a-4-colors.csv: run it with "
        "another --output.\n"
    )
    assert contents(folder) == before


def test_an_output_that_is_a_file_is_an_error(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    assert main(["a.png", "--output", "a.png"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("a.png: no folder can be made there: ")
    assert names(folder) == ["a.png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows says that it is not there")
def test_a_name_that_is_too_long_is_an_error(folder, capsys):
    name = "a" * 245 + ".png"
    save(name, noise((9, 8, 3)))
    assert main([name, "--colors", "4"]) == 1
    assert capsys.readouterr().err == f"{'a' * 245}-4-colors.png: File name too long.\n"
    assert names(folder) == [name]


def test_too_little_memory_is_said(folder, capsys, monkeypatch):
    def full(*_):
        raise MemoryError

    save("a.png", noise((9, 8, 3)))
    monkeypatch.setattr("napari_colorquant.core.image.image.see_image", full)
    assert main(["a.png"]) == 1
    assert capsys.readouterr().err == "a.png: there is not enough memory for it.\n"
