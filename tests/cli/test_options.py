from __future__ import annotations

import pytest

from napari_colorquant.cli import main
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.learn.presets import PRESETS
from napari_colorquant.formats.palette_data import COLOR_SPACES
from shell import names, noise, save


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--colors", "1"], "--colors is 1: pass a number from 2 to 65,535."),
        (["--colors", "70000"], "--colors is 70000: pass a number from 2 to 65,535."),
        (
            ["--colors", "many"],
            "argument --colors: 'many' is neither a whole number nor 'auto'",
        ),
        *(
            (
                ["--colors", "auto", *targets],
                "--colors is auto: pass --target-psnr or --target-delta-e, one of "
                "them, to say how close the picture shall be.",
            )
            for targets in ([], ["--target-psnr", "30", "--target-delta-e", "2"])
        ),
        (
            ["--target-psnr", "30"],
            "--target-psnr is a target for --colors auto, and --colors is 64: pass one "
            "or the other.",
        ),
        (
            ["--colors", "auto", "--target-delta-e", "-1"],
            "--target-delta-e is -1.0: pass a number above 0.",
        ),
        (
            ["--target-psnr", "high"],
            "argument --target-psnr: 'high' is no number",
        ),
        (
            ["--samples", "10"],
            "--samples is 10, fewer than the 64 colors to learn: pass at least as many "
            "samples as colors, or all for every pixel.",
        ),
        (
            ["--samples", "few"],
            "argument --samples: 'few' is neither a whole number nor 'all'",
        ),
        (["--max-distance", "0"], "--max-distance is 0.0: pass a number above 0."),
        (
            ["--max-distance", "nan", "--palette", "gone.csv"],
            "--max-distance is nan: pass a number above 0.",
        ),
        (["--majority", "-1"], "--majority is -1: pass a whole number, from 0 to 100."),
        (["--min-region", "-1"], "--min-region is -1: pass a whole number, 0 or more."),
        (["--ndim", "4"], "--ndim is 4: pass a whole number, from 2 to 3."),
        *(
            (
                ["--ndim", "2", *options],
                "--ndim says what --majority and --min-region clean: add one of them, "
                "or leave it out.",
            )
            for options in ([], ["--min-region", "1"])
        ),
        (
            ["--ome-zarr-version", "0.5"],
            "--ome-zarr-version is for an --output that ends in .zarr: leave it out, "
            "or name such an output.",
        ),
        (
            ["--preset", "ihc", "--palette", "mine.csv"],
            "--preset is for learning a palette, and --palette applies one as it is: "
            "leave one of them out.",
        ),
        (
            ["--preset", "he", "--target-psnr", "30"],
            "--target-psnr is a target for --colors auto, and --colors is 6: pass one "
            "or the other.",
        ),
        (
            ["--min-region", "9", "--slice-axis", "0"],
            "--min-region cleans results of one palette, and --slice-axis learns one "
            "for each slice: add --shared or --palette, or leave one of them out.",
        ),
        *(
            (
                ["--weights", text],
                f"argument --weights: {text!r} is neither a number nor numbers with "
                "commas between them",
            )
            for text in ("1,x", "", ",")
        ),
        *(
            ([option, ""], f"argument {option}: '' is no name of a file or folder")
            for option in ("--fixed", "--palette", "--summary", "--regions")
        ),
        (["-o", ""], "argument -o/--output: '' is no name of a file or folder"),
        ([""], "argument IMAGE: '' is no name of a file or folder"),
        (
            ["--color-space", "ab", "--weights", "1,2,3"],
            "--weights hold 3 numbers: pass 2, one for each channel of ab, a*, b*.",
        ),
        (["--balance", "2"], "--balance is 2: pass 0 to 1."),
        (["--seed", "x"], "argument --seed: 'x' is no whole number"),
        (["--seed", "-1"], "--seed is -1: pass a seed from 0 to 2**32 - 1."),
        (
            ["--channel-axis", "rgb"],
            "argument --channel-axis: 'rgb' is neither a whole number nor 'none'",
        ),
        (
            ["--rgb", "--channel-axis", "none"],
            "--rgb and --channel-axis none both say what the channels are: leave one "
            "of them out.",
        ),
        (
            ["--no-rgb", "--channel-axis", "-1"],
            "--no-rgb and --channel-axis -1 both say what the channels are: leave one "
            "of them out.",
        ),
        (["--fixed", "gone.csv"], "gone.csv: No such file or directory."),
        (
            ["--fixed", "a.png"],
            "a.png: the suffix '.png' names no palette format: use one of .csv, .gpl, "
            ".pal, .ase, .aco, .json.",
        ),
        (["--col", "5"], "unrecognized arguments: --col 5"),
    ],
)
def test_wrong_arguments_are_said_in_words_of_the_shell(
    folder, capsys, options, sentence
):
    with pytest.raises(SystemExit) as info:
        main(["a.png", *options])
    assert info.value.code == 2
    assert capsys.readouterr().err.endswith(f"\nnapari-colorquant: error: {sentence}\n")
    assert names(folder) == []


@pytest.mark.parametrize(
    ("option", "known"),
    [("--method", METHODS), ("--color-space", COLOR_SPACES), ("--preset", PRESETS)],
)
def test_an_unknown_choice_is_an_error_that_lists_them(capsys, option, known):
    with pytest.raises(SystemExit) as info:
        main(["a.png", option, "magic"])
    assert info.value.code == 2
    complaint = capsys.readouterr().err.splitlines()[-1]
    assert all(choice in complaint for choice in ("'magic'", *known))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "index,grey\n0,1\n1,2\n2,x\n",
            "mine.csv: line 4: 'x' is no finite number.",
        ),
        (
            "index,grey\n0,1\n1,2\n2,3\n",
            "there are 3 fixed colors and at most 2 in the palette: pass at least as "
            "many colors as fixed ones.",
        ),
    ],
)
def test_fixed_colors_that_cannot_be_used_are_an_error(folder, capsys, text, sentence):
    (folder / "mine.csv").write_text(text)
    with pytest.raises(SystemExit) as info:
        main(["a.png", "--colors", "2", "--fixed", "mine.csv"])
    assert info.value.code == 2
    assert capsys.readouterr().err.endswith(f"\nnapari-colorquant: error: {sentence}\n")


@pytest.mark.parametrize("output", ["out", "out.zarr"])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--scale", "0"], "a value of --scale is 0: pass sizes above 0."),
        (["--scale", "1,-2"], "a value of --scale is -2: pass sizes above 0."),
        (
            ["--scale", "nan"],
            "--scale is nan: pass a finite number, or one for each axis.",
        ),
        (
            ["--units", "kg"],
            "--units is 'kg': pass one of length or time, such as 'um' or "
            "'micrometer'.",
        ),
        (
            ["--scale", "1", "--units", "um,kg"],
            "a unit is 'kg': pass one of length or time, such as 'um' or 'micrometer'.",
        ),
        (
            ["--units", "s"],
            "--units is 's', which is one of time: pass one of length for all axes of "
            "space, or one for each axis.",
        ),
        (["--data-range", "0"], "--data-range is 0.0: pass a number above 0."),
        (["--data-range", "-1"], "--data-range is -1.0: pass a number above 0."),
        (["--data-range", "nan"], "--data-range is nan: pass a number above 0."),
    ],
)
def test_what_fits_no_picture_is_said_once_and_before_any_is_read(
    folder, capsys, monkeypatch, output, options, sentence
):
    def read(*_):
        raise AssertionError("a picture is read")

    for module in ("images.read.open_picture", "slides.open.open_slide"):
        monkeypatch.setattr(f"napari_colorquant.files.{module}", read)
    images = ["a.png", "b.png"] if output == "out" else ["a.png"]
    for name in images:
        save(name, noise((9, 8, 3)))
    with pytest.raises(SystemExit) as info:
        main([*images, "--output", output, *options])
    assert info.value.code == 2
    err = capsys.readouterr().err
    assert err.endswith(f"\nnapari-colorquant: error: {sentence}\n")
    assert err.count(": error: ") == 1
    assert names(folder) == images


def test_an_axis_that_is_not_there_is_an_error(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    assert main(["a.png", "--channel-axis", "5"]) == 1
    assert capsys.readouterr().err == (
        "a.png: --channel-axis is 5: pass none, or an axis of the image's shape "
        "(9, 8, 3).\n"
    )


def test_help_names_every_default(capsys):
    with pytest.raises(SystemExit) as info:
        main(["--help"])
    assert info.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    for name in ("n_colors", "method", "n_samples", "color_space", "balance"):
        assert f"(default: {getattr(DEFAULTS, name)})" in text
    assert DEFAULTS.refine  # --no-refine is the option
    assert all(f"{name} ({one.title})" in text for name, one in PRESETS.items())
