from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from tqdm import tqdm

from cultures import culture
from napari_colorquant import (
    Palette,
    apply_palette,
    clean_labels,
    measure_quality,
    quantize,
)
from napari_colorquant.cli import main
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.formats.palette_data import COLOR_SPACES
from napari_colorquant.formats.registry import FORMATS
from shell import RESULTS_OF_RGB, names, noise, save
from stained_slides import HE, OTHER_HE, cells, stained

CELLS = cells()[0]
COMMAND = [sys.executable, "-m", "napari_colorquant.cli"]


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


@pytest.mark.parametrize("space", COLOR_SPACES[:-1])
def test_a_color_space_reaches_the_engine_and_the_files(folder, space):
    image = noise((20, 30, 3))
    save("a.png", image)
    assert main(["a.png", "--colors", "5", "--color-space", space]) == 0
    expected = quantize(image, 5, color_space=space).palette
    table, swatches = Palette.load("a-5-colors.csv"), Palette.load("a-5-colors.gpl")
    assert table.colors.tolist() == expected.colors.tolist()
    assert (table.color_space, swatches.color_space) == (space, space)


def test_weights_and_balance_reach_the_engine_and_the_files(folder):
    image = noise((20, 30, 3))
    save("a.png", image)
    options = ["--color-space", "lab", "--weights", "0.5,1,2", "--balance", "0.5"]
    assert main(["a.png", "--colors", "5", *options]) == 0
    how = {"color_space": "lab", "weights": (0.5, 1, 2), "balance": 0.5}
    expected, table = quantize(image, 5, **how), Palette.load("a-5-colors.csv")
    assert table.colors.tolist() == expected.palette.colors.tolist()
    assert table.weights == (0.5, 1.0, 2.0)
    assert main(["a.png", "--palette", "a-5-colors.csv", "-o", "again"]) == 0
    found = [
        np.asarray(Image.open(one)) for one in sorted(Path().glob("**/a-*-indices.png"))
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], expected.labels - 1)


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
        # Channels of data are no colors: as PNG, the fourth would be opacity.
        ("a.tif", noise((9, 8, 4)), "2", 2, ["csv", "tif", "tif"]),
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


@pytest.mark.parametrize("package", ["napari_colorquant", "napari_colorquant.cli"])
def test_a_module_works_as_the_command(folder, package):
    save("a.png", noise((9, 8, 3)))
    for argument, status in (("a.png", 0), ("gone.png", 1), ("--wrong", 2)):
        run = subprocess.run(
            [sys.executable, "-m", package, argument, "--colors", "4"],
            capture_output=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONUTF8": "1"},
            check=False,
        )
        assert run.returncode == status
    assert run.stderr.startswith("usage: napari-colorquant [-h]")
    assert names(folder) == sorted(["a.png", *(f"a-4-{x}" for x in RESULTS_OF_RGB)])


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


def test_a_palette_is_applied_as_it_is(folder, capsys):
    image = noise((20, 30, 3), "uint16") * 16
    save("a.tif", image)
    legend = Palette([[255, 255, 255], [0, 0, 0], [255, 0, 0]], units="uint8")
    legend.save("legend.gpl")
    assert main(["a.tif", "--palette", "legend.gpl", "--data-range", "4095"]) == 0
    written = Palette.load("a-legend-colors.csv")
    expected = apply_palette(image, legend, data_range=4095)
    assert written.colors.tolist() == (legend.colors * 4095 / 255).tolist()
    assert written.counts.tolist() == expected.palette.counts.tolist()
    assert written.white == 4095
    for option in (["--colors", "4"], ["--fixed", "legend.gpl"], ["--method", "wu"]):
        with pytest.raises(SystemExit):
            main(["a.tif", "--palette", "legend.gpl", *option])
        assert f"{option[0]} is for learning a palette" in capsys.readouterr().err


def test_pictures_of_a_command_share_one_white(folder, capsys):
    dark = noise((20, 30, 3), "uint16")
    save("a.tif", dark)
    save("b.tif", dark * 16)
    save("c.tif", dark.astype(np.uint8))
    assert main(["a.tif", "b.tif", "c.tif", "--colors", "3"]) == 0
    assert [Palette.load(f"{name}-3-colors.csv").white for name in "abc"] == [
        *(4095, 4095),
        None,
    ]
    assert capsys.readouterr().err.count("white is taken to be 4,095") == 2


def test_stains_reach_the_engine_and_the_files(folder):
    slide, other = stained(CELLS, HE), stained(CELLS, OTHER_HE, 0.45)
    save("a.png", slide)
    save("b.png", other)
    asked = ["--colors", "3", "--color-space", "stains"]
    assert main(["a.png", *asked]) == 0
    expected, read = quantize(slide, 3, color_space="stains"), "a-3-colors.csv"
    assert Palette.load(read).stains == expected.palette.stains
    assert main(["b.png", "--palette", read]) == 0
    with Image.open("b-a-3-colors-indices.png") as file:
        applied = apply_palette(other, expected.palette)
        np.testing.assert_array_equal(np.asarray(file), applied.indices)
    given = ["--stains", "0.65,0.7,0.29; 0.07,0.99,0.11", "--stain-scale", "1,0.5"]
    assert main(["a.png", *asked, *given, "-o", "given"]) == 0
    stains = Palette.load("given/a-3-colors.csv").stains
    np.testing.assert_allclose(stains, HE * [[1], [0.5]], rtol=1e-12)
    assert main(["b.png", *asked, "--stains", read, "-o", "of file"]) == 0
    found = np.array(Palette.load("of file/b-3-colors.csv").stains)
    directions = found / np.linalg.norm(found, axis=1, keepdims=True)
    own = np.array(expected.palette.stains)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    np.testing.assert_allclose(directions, own)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--stains", "1,x;2"], "argument --stains: the stains '1,x;2' are no numbers"),
        (["--stains", "gone.csv"], "argument --stains: gone.csv: No such file"),
        (["--stains", "1,0,0;0,1,0"], "--stains is for --color-space stains, and --co"),
    ],
)
def test_stains_that_are_none_are_refused(folder, capsys, given, sentence):
    save("a.png", noise((20, 30, 3)))
    with pytest.raises(SystemExit):
        main(["a.png", "--colors", "3", *given])
    assert sentence in capsys.readouterr().err


def test_a_background_reaches_the_engine_and_the_files(folder):
    channels, kind = culture()
    image = np.stack(channels, axis=-1)
    save("a.png", (image // 16).astype(np.uint8))
    picture = (image // 16).astype(np.uint8)
    asked = ["a.png", "--colors", "5", "--background"]
    for given, background in (("15,17,19", (15, 17, 19)), ("otsu", "otsu"), ("18", 18)):
        assert main([*asked, given, "-o", given]) == 0
        expected = quantize(picture, 5, background=background)
        palette = Palette.load(f"{given}/a-5-colors.csv")
        assert palette.background == expected.palette.background
        with Image.open(f"{given}/a-5-indices.png") as file:
            np.testing.assert_array_equal(np.asarray(file), expected.indices)
        assert len(np.unique(expected.indices[kind == 0])) == 1
    save("b.png", picture[::-1])
    assert main(["b.png", "--palette", "18/a-5-colors.csv"]) == 0
    with Image.open("b-a-5-colors-indices.png") as file:
        np.testing.assert_array_equal(np.asarray(file), expected.indices[::-1])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["3,x"], "argument --background: '3,x' is neither 'otsu' nor numbers with"),
        (["3,4"], "--background holds 2 numbers, and the image has 3 channels: pass"),
        (["3", "--color-space", "lab"], "--background is one of channels as they are"),
        (["3", "--palette", "a.csv"], "--background"),
    ],
)
def test_a_background_that_is_none_is_refused(folder, capsys, given, sentence):
    save("a.png", noise((20, 30, 3)))
    Palette([[1, 2, 3], [4, 5, 6]]).save("a.csv")
    with contextlib.suppress(SystemExit):
        assert main(["a.png", "--background", *given]) == 1
    assert sentence in capsys.readouterr().err


def test_labels_are_cleaned_of_noise(folder, capsys):
    image = np.full((30, 40, 3), 40, np.uint8)
    image[:, 20:] = 200
    clean = image.copy()
    image[5, 5] = image[9, 30] = (255, 0, 0)
    save("spots.png", image)
    assert main(["spots.png", "--colors", "3", "--min-region", "5"]) == 0
    assert capsys.readouterr().out.startswith("spots.png: 3 → 2 colors · PSNR ")
    np.testing.assert_array_equal(np.asarray(Image.open("spots-3-colors.png")), clean)
    table = Palette.load("spots-3-colors.csv")
    assert sorted(table.counts.tolist()) == [0, 600, 600]
    again = ["--palette", "spots-3-colors.csv", "--majority", "1", "--json", "--force"]
    assert main(["spots.png", *again]) == 0
    report = json.loads(capsys.readouterr().out)["report"]
    assert report["n_colors_after"] == 2
    expected = clean_labels(apply_palette(image, table.uncounted()), image, majority=1)
    assert report["mse"] == expected.report.mse > 0


@pytest.mark.parametrize("how", ["learned", "applied", "shared"])
def test_what_is_too_far_is_left_out(folder, capsys, how):
    image = noise((30, 40, 3))
    save("a.png", image)
    Palette([[20, 20, 20], [200, 30, 30], [220, 220, 210]]).save("legend.csv")
    options = {"learned": [], "applied": ["--palette", "legend.csv"]}
    chosen = [*options.get(how, ["--shared"]), "--summary", "areas.csv"]
    if how != "applied":
        chosen += ["--colors", "3"]
    assert main(["a.png", "--max-distance", "90", "--quality", *chosen]) == 0
    if how == "applied":
        expected = apply_palette(image, Palette.load("legend.csv"), max_distance=90)
    else:
        expected = quantize(image, 3, max_distance=90)
    n_far = expected.report.n_unassigned
    assert 0 < n_far < 1200
    assert expected.report.left_out in capsys.readouterr().out
    name = "a-legend" if how == "applied" else "a-3"
    assert (np.asarray(Image.open(f"{name}-indices.png")) == 3).sum() == n_far
    picture = np.asarray(Image.open(f"{name}-colors.png"))
    np.testing.assert_array_equal(picture, expected.image)
    rows = (folder / "areas.csv").read_text().splitlines()
    (row,) = (one for one in rows if one.split(",")[3] == "0")
    assert f",{n_far}," in row


def test_a_palette_that_does_not_fit_is_told_of_each_image(folder, capsys):
    # Of 50 and 90, pixels that are 4 and 16 away.
    save("near.tif", np.tile(np.array([46, 54, 86, 94], np.uint8), (8, 5)))
    save("far.tif", np.tile(np.array([34, 66, 74, 106], np.uint8), (8, 5)))
    assert main(["near.tif", "--colors", "2"]) == 0
    capsys.readouterr()
    argv = ["near.tif", "far.tif", "--palette", "near-2-colors.csv", "-o", "new"]
    assert main(argv) == 0
    out, err = capsys.readouterr()
    near, far = out.splitlines()
    assert "fit" not in near
    assert " · does not fit: 4.0 times as far as where learned · " in far
    (sentence,) = err.splitlines()
    assert sentence.startswith(
        "far.tif: The palette does not fit: its pixels are 16 from their colors"
    )
    assert main([*argv, "--json", "--force"]) == 0
    reports = [
        json.loads(one)["report"] for one in capsys.readouterr().out.splitlines()
    ]
    assert [one["distance"] for one in reports] == [4, 16]
    assert [one["most_distance"] for one in reports] == [8, 8]
