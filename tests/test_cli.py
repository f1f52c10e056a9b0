from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from functools import partial
from importlib.metadata import version

import numpy as np
import pytest
import tifffile
from PIL import Image
from tqdm import tqdm

from napari_colorquant import Palette, measure_quality, quantize
from napari_colorquant.cli import main
from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.parameters import DEFAULTS
from napari_colorquant.core.spaces import COLOR_SPACES
from napari_colorquant.files.palettes import FORMATS

COMMAND = [sys.executable, "-m", "napari_colorquant.cli"]
RESULTS_OF_RGB = ["colors.csv", "colors.gpl", "colors.png", "indices.png"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The working folder of a test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def noise(shape, dtype="uint8", seed=0):
    values = np.random.default_rng(seed).integers(0, 256, shape)
    return values.astype(dtype)


def save(name, image):
    if name.endswith(".tif"):
        tifffile.imwrite(name, image, photometric="minisblack")
    else:
        Image.fromarray(image).save(name)
    return name


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def stem(line):
    """A printed line without the seconds, which differ from run to run."""
    return [part for part in line.split(" · ") if not part.endswith(" s")]


# ---------------------------------------------------------------- the whole way


def test_the_files_hold_what_the_engine_gives(folder, china, capsys):
    save("china.png", china)
    assert main(["china.png", "--colors", "64", "--output", "out/new"]) == 0

    expected = quantize(china, 64)
    written = ["colors.png", "colors.csv", "colors.gpl", "indices.png"]
    written = [f"china-64-{name}" for name in written]
    assert names(folder / "out/new") == sorted(written)
    picture, table, swatches, indices = (folder / "out/new" / name for name in written)
    with Image.open(picture) as file:
        assert np.asarray(file).tobytes() == expected.image.tobytes()
    with Image.open(indices) as file:
        assert file.mode == "P"
        assert np.asarray(file).tobytes() == expected.indices.tobytes()
        assert np.array_equal(np.asarray(file.convert("RGB")), expected.image)
    palette = Palette.load(table)
    assert palette.colors.tobytes() == expected.palette.colors.tobytes()
    assert palette.counts.tolist() == expected.palette.counts.tolist()
    assert Palette.load(swatches).colors.tolist() == (
        expected.palette.drawn("uint8").tolist()
    )

    out, err = capsys.readouterr()
    assert err == ""
    assert stem(out) == [
        "china.png: 96,615 → 64 colors",
        f"PSNR {expected.report.psnr:.1f} dB",
        ", ".join(written) + "\n",
    ]


def test_the_defaults_are_those_of_the_one_dataclass(folder):
    image = noise((150, 150, 3))
    save("a.png", image)
    assert main(["a.png"]) == 0
    with Image.open(f"a-{DEFAULTS.n_colors}-colors.png") as file:
        assert np.array_equal(np.asarray(file), quantize(image).image)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize(("samples", "n_samples"), [("20", 20), ("all", None)])
def test_options_reach_the_engine(folder, method, refine, samples, n_samples):
    image = noise((20, 30, 3))
    save("a.png", image)
    options = ["--colors", "5", "--method", method, "--samples", samples, "--seed", "3"]
    if not refine:
        options.append("--no-refine")
    assert main(["a.png", *options]) == 0
    expected = quantize(
        image, 5, method=method, refine=refine, n_samples=n_samples, random_state=3
    ).palette
    palette = Palette.load("a-5-colors.csv")
    assert palette.colors.tolist() == expected.colors.tolist()


@pytest.mark.parametrize("space", COLOR_SPACES)
def test_a_color_space_reaches_the_engine_and_the_files(folder, space):
    image = noise((20, 30, 3))
    save("a.png", image)
    assert main(["a.png", "--colors", "5", "--color-space", space]) == 0
    expected = quantize(image, 5, color_space=space).palette
    table, swatches = Palette.load("a-5-colors.csv"), Palette.load("a-5-colors.gpl")
    assert table.colors.tolist() == expected.colors.tolist()
    assert (table.color_space, swatches.color_space) == (space, space)


@pytest.mark.parametrize(
    ("option", "value"), [("target_psnr", 20.0), ("target_delta_e", 9.0)]
)
def test_a_target_finds_the_number_of_colors(folder, option, value):
    image = noise((20, 30, 3))
    save("a.png", image)
    target = [f"--{option.replace('_', '-')}", str(value)]
    assert main(["a.png", "--colors", "auto", *target]) == 0
    expected = quantize(image, "auto", **{option: value})
    assert names(folder) == sorted(
        ["a.png", *(f"a-auto-{end}" for end in RESULTS_OF_RGB)]
    )
    palette = Palette.load("a-auto-colors.csv")
    assert palette.colors.tolist() == expected.palette.colors.tolist()
    assert 2 < len(palette) < 256
    with Image.open("a-auto-indices.png") as file:
        assert np.array_equal(np.asarray(file), expected.indices)


def test_a_target_out_of_reach_is_a_plain_line(folder, capsys):
    save("a.png", noise((40, 50, 3)))
    assert main(["a.png", "--colors", "auto", "--target-psnr", "90"]) == 0
    out, err = capsys.readouterr()
    assert err.startswith("a.png: The target, PSNR 90 dB, is not reached: ")
    assert len(out.splitlines()) == len(err.splitlines()) == 1


@pytest.mark.parametrize("suffix", [".csv", ".gpl", ".ase", ".aco", ".json"])
def test_fixed_colors_are_in_every_palette_with_their_names(folder, suffix):
    for name, seed in (("a.png", 0), ("b.png", 1)):
        save(name, noise((20, 30, 3), seed=seed))
    fixed = Palette([[255, 0, 0], [0, 0, 0]], names=["flag", "ink"])
    fixed.save(f"mine{suffix}")
    options = ["--colors", "5", "--fixed", f"mine{suffix}"]
    assert main(["a.png", "b.png", *options]) == 0
    for name in ("a-5-colors.csv", "a-5-colors.gpl", "b-5-colors.csv"):
        palette = Palette.load(name)
        assert len(palette) == 5
        named = dict(zip(palette.names, palette.colors.tolist(), strict=True))
        assert named["flag"] == [255, 0, 0]
        assert named["ink"] == [0, 0, 0]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("image", "white"),
    [
        (noise((20, 30, 3)), 255),
        (noise((20, 30, 3), "uint16") * 257, 65_535),
        (noise((20, 30, 3)).astype("float32") / 255, 1),
    ],
)
def test_fixed_colors_are_converted_from_their_units(folder, suffix, image, white):
    tifffile.imwrite("a.tif", image, photometric="rgb")
    Palette([[255, 0, 51]], units="uint8").save(f"mine{suffix}")
    assert main(["a.tif", "--colors", "5", "--fixed", f"mine{suffix}"]) == 0
    palette = Palette.load("a-5-colors.csv")
    assert palette.units == image.dtype.name
    nearest = np.abs(palette.colors - [white, 0, white / 5]).sum(axis=1).min()
    assert nearest < 1e-12 * white


def test_fixed_colors_of_unknown_units_are_the_pictures_own(folder):
    tifffile.imwrite("a.tif", noise((20, 30, 3), "uint16") * 257, photometric="rgb")
    Palette([[255, 0, 51]]).save("mine.csv")
    assert main(["a.tif", "--colors", "5", "--fixed", "mine.csv"]) == 0
    assert [255, 0, 51] in Palette.load("a-5-colors.csv").colors.tolist()


def test_quality_is_measured_on_request(folder, capsys):
    image = noise((20, 30, 3))
    save("a.png", image)
    assert main(["a.png", "--colors", "8", "--samples", "all", "--quality"]) == 0
    expected = measure_quality(
        image, quantize(image, 8, n_samples=None).image, ssim=True, delta_e=True
    )
    assert stem(capsys.readouterr().out)[1:4] == [
        f"PSNR {expected.psnr:.1f} dB",
        f"SSIM {expected.ssim:.3f}",
        f"mean ΔE2000 {expected.delta_e:.2f}",
    ]


@pytest.mark.parametrize(
    ("image", "axis", "measures"),
    [
        (noise((20, 30)), "auto", ["SSIM"]),
        (noise((6, 30, 3)), "auto", ["mean ΔE2000"]),
        (noise((6, 30)), "auto", []),
        (noise((3, 20, 30)), "0", ["SSIM"]),
        (noise((20, 30)), "0", []),
        (noise((20, 30, 3), "float32"), "auto", ["SSIM"]),
        (noise((20, 30, 3), "int16"), "auto", ["SSIM"]),
        (noise((20, 30, 3), "float32") / 255, "auto", ["SSIM", "mean ΔE2000"]),
        (noise((20, 30, 3), "uint16"), "auto", ["SSIM", "mean ΔE2000"]),
    ],
)
def test_quality_is_measured_where_it_applies(folder, capsys, image, axis, measures):
    save("a.tif", image)
    options = ["--colors", "4", "--samples", "all", "--quality"]
    assert main(["a.tif", "--channel-axis", axis, *options]) == 0
    shown = stem(capsys.readouterr().out)[2:-1]
    assert [measure.rsplit(" ", 1)[0] for measure in shown] == measures


@pytest.mark.parametrize(
    ("name", "image", "axis", "engine_axis", "written"),
    [
        ("a.png", noise((9, 8)), "auto", None, ["csv", "png", "png"]),
        ("a.png", noise((9, 8), "uint16"), "auto", None, ["csv", "png", "png"]),
        ("a.png", noise((9, 8, 4)), "auto", -1, ["csv", "gpl", "png", "png"]),
        ("a.tif", noise((9, 8, 3), "uint16"), "auto", -1, ["csv", "tif", "png"]),
        ("a.tif", noise((9, 8, 3), "float32"), "-1", -1, ["csv", "tif", "png"]),
        ("a.tif", noise((2, 9, 8, 3)), "auto", -1, ["csv", "gpl", "tif", "tif"]),
        ("a.tif", noise((3, 9, 8)), "0", 0, ["csv", "gpl", "tif", "png"]),
        ("a.tif", noise((5, 9, 8), "uint16"), "0", 0, ["csv", "tif", "tif"]),
        ("a.tif", noise((5, 9, 8)), "none", None, ["csv", "tif", "tif"]),
        ("a.tif", noise((9, 8, 4)), "2", 2, ["csv", "png", "tif"]),
    ],
)
def test_channels_and_formats(folder, name, image, axis, engine_axis, written):
    save(name, image)
    assert (
        main([name, "--colors", "6", "--channel-axis", axis, "--samples", "all"]) == 0
    )
    expected = quantize(image, 6, channel_axis=engine_axis, n_samples=None)
    kinds = ["colors"] * (len(written) - 1) + ["indices"]
    files = [f"a-6-{kind}.{end}" for kind, end in zip(kinds, written, strict=True)]
    assert names(folder) == sorted([name, *files])

    def read(name):
        if name.endswith(".tif"):
            return tifffile.imread(name)
        with Image.open(name) as file:
            return np.asarray(file)

    assert np.array_equal(read(files[-2]), expected.image)
    assert read(files[-2]).dtype == image.dtype
    values = np.where(expected.labels == 0, 6, expected.labels - 1.0)
    assert np.array_equal(read(files[-1]), values)
    assert Palette.load("a-6-colors.csv").counts.sum() == (expected.labels > 0).sum()


def test_the_indices_of_dark_16_bit_data_show_it_from_black_to_white(folder):
    save("a.png", np.array([[100, 140, 200]], np.uint16))
    assert main(["a.png", "--colors", "3"]) == 0
    with Image.open("a-3-indices.png") as file:
        assert np.asarray(file).tolist() == [[0, 1, 2]]
        assert np.asarray(file.convert("L")).tolist() == [[0, 102, 255]]


def test_a_dark_8_bit_picture_has_its_gimp_palette(folder):
    # Fractions up to 1, which a GIMP palette refuses where it cannot know better.
    image = np.unravel_index(np.arange(64) % 8, (2, 2, 2))
    save("a.png", np.stack(image, -1).reshape(8, 8, 3).astype(np.uint8))
    assert main(["a.png", "--colors", "3", "--samples", "all"]) == 0
    table, swatches = Palette.load("a-3-colors.csv"), Palette.load("a-3-colors.gpl")
    assert (table.colors != np.rint(table.colors)).any()
    assert swatches.colors.tolist() == np.rint(table.colors).tolist()


def test_fewer_colors_than_asked_for_is_a_plain_line(folder, capsys):
    save("a.png", np.array([[0, 9, 200]], np.uint8))
    assert main(["a.png", "--colors", "5"]) == 0
    out, err = capsys.readouterr()
    assert err == (
        "a.png: The image has only 3 colors: all are kept, instead of the 5 that were "
        "asked for.\n"
    )
    assert stem(out) == [
        "a.png: 3 → 3 colors",
        "lossless",
        "a-5-colors.png, a-5-colors.csv, a-5-indices.png\n",
    ]


# ---------------------------------------------------------------- a batch


def test_a_bad_file_is_reported_and_the_rest_goes_on(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    save("b.tif", noise((5, 9, 8)))
    save("c.tif", np.full((9, 8), np.nan, np.float32))
    (folder / "d.png").write_bytes(b"hello")
    Image.new("1", (9, 8)).save("e.png")
    save("f.png", noise((9, 8, 3)))
    argv = ["a.png", "b.tif", "c.tif", "d.png", "e.png", "gone.png", "f.png"]
    assert main([*argv, "--colors", "4"]) == 1
    out, err = capsys.readouterr()
    assert [line.split(": ")[0] for line in out.splitlines()] == ["a.png", "f.png"]
    assert err.splitlines() == [
        "b.tif: an image of shape (5, 9, 8) has no last axis of 3 (RGB) or 4 (RGBA) "
        "channels: pass --channel-axis none for a single-channel image, or the number "
        "of the axis that holds the channels, such as --channel-axis 0.",
        "c.tif: no pixel of the image can be quantized: all are outside the mask, "
        "transparent, NaN or infinite.",
        "d.png: cannot be read as a picture: it is damaged, or of a format that "
        "neither tifffile nor imageio reads.",
        "e.png: the image has the dtype bool, which has no colors to quantize: pass "
        "integers or floats of up to 64 bits.",
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
    monkeypatch.setattr("napari_colorquant.core.pixels.see_pixels", full)
    assert main(["a.png"]) == 1
    assert capsys.readouterr().err == "a.png: there is not enough memory for it.\n"


# ---------------------------------------------------------------- arguments


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
            "argument --target-psnr: invalid float value: 'high'",
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
        (["--seed", "-1"], "--seed is -1: pass a seed from 0 to 2**32 - 1."),
        (
            ["--channel-axis", "rgb"],
            "argument --channel-axis: 'rgb' is neither a whole number nor 'none'",
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
    ("option", "known"), [("--method", METHODS), ("--color-space", COLOR_SPACES)]
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
    for name in ("n_colors", "method", "n_samples", "color_space", "random_state"):
        assert f"(default: {getattr(DEFAULTS, name)})" in text
    assert DEFAULTS.refine  # --no-refine is the option


# ---------------------------------------------------------------- progress, Ctrl+C


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_shows_progress_and_nothing_after_it(folder, monkeypatch, capsys):
    save("a.png", noise((9, 8, 3)))
    save("b.png", noise((9, 8, 3)))
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(tqdm, "monitor_interval", 0)  # no thread outlives the test
    monkeypatch.setattr("tqdm.tqdm", partial(tqdm, mininterval=0))  # every step is seen
    assert main(["a.png", "b.png", "--colors", "4"]) == 0
    shown = terminal.getvalue()
    for title in ("1/2 a.png", "2/2 b.png"):
        steps = [f"{title}: {percent}%|" for percent in ("  0", " 33", " 67", "100")]
        assert [shown.count(step) >= 1 for step in steps] == [True] * 4
    assert shown.rsplit("\r", 2)[1].strip() == ""
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_ctrl_c_leaves_no_half_written_file(folder, monkeypatch, capsys):
    def interrupted(self, stream, **_):
        stream.write(b"half")
        raise KeyboardInterrupt

    save("a.png", noise((9, 8, 3)))
    monkeypatch.setattr(Image.Image, "save", interrupted)
    assert main(["a.png", "--colors", "4"]) == 130
    assert names(folder) == ["a.png"]
    assert capsys.readouterr().err == "napari-colorquant: interrupted.\n"


def test_a_full_disk_leaves_no_half_written_file(folder, monkeypatch, capsys):
    def full(self, stream, **_):
        stream.write(b"half")
        raise OSError(28, "No space left on device")

    save("a.png", noise((9, 8, 3)))
    monkeypatch.setattr(Image.Image, "save", full)
    assert main(["a.png", "--colors", "4"]) == 1
    assert names(folder) == ["a.png"]
    assert capsys.readouterr().err == "a-4-colors.png: No space left on device.\n"


# ---------------------------------------------------------------- a process


def test_help_and_version_load_no_engine(folder):
    for option, first in (
        ("--help", "usage: napari-colorquant"),
        ("--version", f"napari-colorquant {version('napari-colorquant')}"),
    ):
        code = (
            "import sys\n"
            "from napari_colorquant.cli import main\n"
            f"try: main(['{option}'])\n"
            "except SystemExit: pass\n"
            "heavy = {'numba', 'sklearn', 'scipy', 'skimage', 'imageio', 'PIL',"
            " 'tifffile', 'tqdm', 'napari', 'qtpy'}\n"
            "print(sorted(heavy & set(sys.modules)))\n"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        lines = run.stdout.splitlines()
        assert lines[0].startswith(first)
        assert lines[-1] == "[]"


def test_help_in_a_shell_of_narrow_encoding():
    run = subprocess.run(
        [*COMMAND, "--help"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, b"")


def test_the_command_in_a_shell_of_narrow_encoding(folder):
    save("ü.png", noise((9, 8, 3)))
    run = subprocess.run(
        [*COMMAND, "ü.png", "gone ü.png", "--colors", "4"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"},
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout.startswith(b"?.png: 72 ? 4 colors ? PSNR ")
    assert run.stderr.split() == b"gone ?.png: No such file or directory.".split()
    assert "ü-4-colors.png" in names(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_the_process_ends_with_130_when_interrupted(folder):
    # A fifo blocks whoever reads it until somebody writes: the work is under way.
    os.mkfifo("a.png")
    code = (
        "import signal, sys\n"
        "from napari_colorquant.cli import main\n"
        # A shell's background jobs, which tests may be, are deaf to Ctrl+C.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(main(['a.png']))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    with open("a.png", "wb"):  # waits until the other end is open
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert err.decode().splitlines() == ["napari-colorquant: interrupted."]
    assert process.returncode == 130
    assert names(folder) == ["a.png"]
