from __future__ import annotations

import re
from shutil import rmtree

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from folders import contents
from napari_colorquant import (
    Palette,
    apply_palette,
    clean_labels,
    fit_palette,
    measure_areas,
    quantize,
    quantize_slices,
    save_ome_zarr,
)
from napari_colorquant.cli import main
from napari_colorquant.core.palette.edits import Clean, edit_as_dict
from napari_colorquant.files.ome_zarr import arrays
from saved import record_in
from shell import names, noise, save
from slides import TAKEN_AS_RGB, save_channels

NOTE = TAKEN_AS_RGB.replace("rgb=False", "--no-rgb")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Parts so small that a small image has many."""
    plan = "napari_colorquant.files.ome_zarr.block_plan"
    monkeypatch.setattr(f"{plan}.SIDE", 16)
    monkeypatch.setattr(f"{plan}.FEWEST", 1)
    monkeypatch.setattr(f"{plan}.PART_PIXELS", 256)
    monkeypatch.setattr("napari_colorquant.files.ome_zarr.block_plan.SMALL", 16)


def slide(name, image, version="0.5", **options):
    """Write an OME-Zarr of two levels, the second of which is not made of the first."""
    levels = [image, 255 - image[::2, ::2]]
    colors = np.unique(np.concatenate([one.reshape(-1, 3) for one in levels]), axis=0)
    every = Palette(colors)  # keeps the pictures as they are
    q = [apply_palette(level, every) for level in levels]
    save_ome_zarr(name, q, version=version, **options)
    return levels


def read(path, n_levels):
    group = zarr.open_group(path, mode="r")
    return [
        (group[f"labels/palette/{n}"][:], np.moveaxis(group[str(n)][:], 0, -1))
        for n in range(n_levels)
    ]


def stem(line):
    """A printed line without the seconds, which differ from run to run."""
    return [part for part in line.split(" · ") if not part.endswith(" s")]


def colored(shape=(40, 50, 3)):
    return (noise(shape) // 64 * 64).astype(np.uint8)


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_each_level_of_a_slide_is_assigned_with_one_palette(folder, capsys, version):
    options = {"scale": (2, 3), "translate": (1, 1), "units": ["micrometer"] * 2}
    levels = slide("slide.zarr", colored(), **options)
    argv = ["slide.zarr", "--colors", "8", "--output", "new/out.zarr"]
    assert main([*argv, "--ome-zarr-version", version]) == 0

    q = quantize(levels[0], 8)
    expected = [q, apply_palette(levels[1], q.palette.unlearned())]
    found = read("new/out.zarr", 3)
    for (labels, picture), wanted in zip(found, expected, strict=False):
        assert np.array_equal(labels, wanted.labels)
        assert np.array_equal(picture, wanted.image)
    labels, picture = found[2]  # added, as the slide's smallest level is not small
    assert np.array_equal(labels, expected[1].labels[::2, ::2])
    assert np.array_equal(picture, expected[1].image[::2, ::2])

    record = record_in("new/out.zarr")
    assert record["palette"]["colors"] == q.palette.colors.tolist()
    assert record["palette"]["counts"] == q.palette.counts.tolist()
    attributes = zarr.open_group("new/out.zarr", mode="r").attrs.asdict()
    about = attributes.get("ome", attributes)["multiscales"][0]
    assert about["name"] == "out"
    assert about["axes"][1]["unit"] == "micrometer"
    assert about["datasets"][1]["coordinateTransformations"] == [
        {"type": "scale", "scale": [1, 4, 6]},
        {"type": "translation", "translation": [0, 1, 1]},
    ]
    out, err = capsys.readouterr()
    assert err == f"slide.zarr: {NOTE}\n"
    assert stem(out) == [
        "slide.zarr: 64 → 8 colors",
        f"PSNR {q.report.psnr:.1f} dB",
        "out.zarr\n",
    ]
    assert names(folder / "new") == ["out.zarr"]


@pytest.mark.parametrize("option", [[], ["--data-range", "5000"]])
def test_a_palette_is_applied_to_each_level_of_a_slide(folder, option):
    image = noise((40, 50, 3), "uint16") * 16
    tifffile.imwrite("a.tif", image, tile=(16, 16), photometric="rgb")
    legend = Palette([[255, 255, 255], [0, 0, 0], [255, 0, 0]], units="uint8")
    legend.save("legend.csv")
    argv = ["a.tif", "--palette", "legend.csv", "--output", "out.zarr"]
    assert main([*argv, *option]) == 0
    white = 5000 if option else None
    q = apply_palette(image, legend, data_range=white)
    (labels, picture), (smaller, _), *_ = read("out.zarr", 3)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image)
    assert np.array_equal(smaller, q.labels[::2, ::2])
    found = Palette.from_dict(record_in("out.zarr")["palette"])
    assert found.as_dict() == q.palette.as_dict()
    assert found.white == (white or 4095)


def test_channels_that_are_rgb_are_said_to_be(folder, capsys):
    image = np.moveaxis(save_channels("a.zarr", None), 0, -1)
    options = ["--colors", "4", "--color-space", "lab", "--output", "b.zarr"]
    assert main(["a.zarr", *options]) == 1
    assert capsys.readouterr().err == (
        "a.zarr: its 3 channels are taken as channels of data, and --color-space lab "
        "compares red, green and blue: add --rgb if they are these.\n"
    )
    assert main(["a.zarr", "--rgb", *options]) == 0
    assert capsys.readouterr().err == ""
    q = quantize(image, 4, color_space="lab")
    ((labels, picture),) = read("b.zarr", 1)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image)


def test_channels_that_are_shown_as_rgb_are_rgb_and_that_is_said(folder, capsys):
    image = save_channels("a.zarr", {})
    options = ["--colors", "4", "--preset", "he", "--output", "b.zarr"]
    assert main(["a.zarr", *options]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "--preset: H&E is set. --color-space hed · --balance 0.25",
        f"a.zarr: {NOTE}",
    ]
    rgb = np.moveaxis(image, 0, -1)
    q = quantize(rgb, 4, color_space="hed", balance=0.25)
    ((labels, _),) = read("b.zarr", 1)
    assert np.array_equal(labels, q.labels)
    assert main(["a.zarr", "--no-rgb", "--colors", "4", "--output", "c.zarr"]) == 0
    assert capsys.readouterr().err == ""
    q = quantize(image, 4, channel_axis=0)
    ((labels, _),) = read("c.zarr", 1)
    assert np.array_equal(labels, q.labels)


def test_channels_of_pictures_that_are_rgb(folder, capsys):
    image = noise((3, 20, 30))
    for name in ("a.tif", "b.tif"):
        options = {"photometric": "minisblack", "metadata": {"axes": "CYX"}}
        tifffile.imwrite(name, image, **options)
    options = ["--colors", "4", "--color-space", "lab", "--output", "out"]
    for more in ([], ["--shared"]):
        assert main(["a.tif", "b.tif", *more, *options]) == 1
        assert "add --rgb if they are these.\n" in capsys.readouterr().err
    assert main(["a.tif", "b.tif", "--shared", "--rgb", *options]) == 0
    rgb = np.moveaxis(image, 0, -1)
    palette = fit_palette([rgb, rgb], 4, color_space="lab")
    found = Palette.load("out/a-4-colors.csv")
    assert np.array_equal(found.colors, palette.colors)
    assert main(["a.tif", "--rgb", *options, "--force"]) == 0
    q = quantize(rgb, 4, color_space="lab")
    assert np.array_equal(np.asarray(Image.open("out/a-4-colors.png")), q.image)


def test_a_tiled_tiff(folder):
    image = colored((70, 90, 3))
    tifffile.imwrite("a.tif", image, tile=(16, 16), photometric="rgb")
    assert main(["a.tif", "--colors", "8", "--output", "out.zarr"]) == 0
    q = quantize(image, 8)
    ((labels, picture), *_) = read("out.zarr", 4)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image)


def test_an_array_of_zarr_with_its_channel_axis(folder):
    image = noise((2, 30, 40))
    zarr.create_array("a.zarr", data=image, chunks=(1, 16, 16))
    argv = ["a.zarr", "--colors", "4", "--output", "out.zarr", "--channel-axis", "0"]
    assert main(argv) == 0
    q = quantize(image, 4, channel_axis=0)
    ((labels, picture), *_) = read("out.zarr", 2)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(np.moveaxis(picture, -1, 0), q.image)


def test_any_other_picture(folder):
    save("a.png", colored())
    assert main(["a.png", "--colors", "8", "--output", "out.zarr"]) == 0
    q = quantize(colored(), 8)
    ((labels, picture), *_) = read("out.zarr", 3)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image)


def interrupt(monkeypatch, after):
    """Press Ctrl+C when so many parts are written."""
    write, n = arrays._write, []

    def interrupted(*args):
        n.append(args)
        if len(n) > after:
            raise KeyboardInterrupt
        return write(*args)

    monkeypatch.setattr(arrays, "_write", interrupted)


def test_all_levels_are_cleaned_of_noise(folder):
    levels = slide("slide.zarr", colored())
    argv = ["slide.zarr", "--colors", "8", "--majority", "2", "--min-region", "8"]
    assert main([*argv, "--output", "out.zarr", "--summary", "table.csv"]) == 0
    q = quantize(levels[0], 8)
    expected = [
        clean_labels(q, levels[0], majority=2, min_region=8),
        clean_labels(
            apply_palette(levels[1], q.palette.unlearned()), majority=1, min_region=2
        ),
    ]
    found = read("out.zarr", 2)
    for (labels, picture), wanted in zip(found, expected, strict=True):
        assert np.array_equal(labels, wanted.labels)
        assert np.array_equal(picture, wanted.image)
    record = record_in("out.zarr")
    assert record["edits"] == [edit_as_dict(Clean(2, 8))]
    assert record["palette"]["counts"] == expected[0].palette.counts.tolist()
    assert record["report"]["mse"] == pytest.approx(expected[0].report.mse)
    table = measure_areas(expected[0], name="slide.zarr")
    written = (folder / "table.csv").read_text("utf-8-sig")
    assert written == table.to_csv(index=False, lineterminator="\n")


@pytest.mark.parametrize("cleaning", [[], ["--majority", "2"]])
def test_ctrl_c_leaves_what_the_same_command_goes_on_with(
    folder, capsys, monkeypatch, cleaning
):
    slide("slide.zarr", colored())
    argv = ["slide.zarr", "--colors", "8", *cleaning, "--output"]
    with monkeypatch.context() as patch:
        interrupt(patch, 6)
        assert main([*argv, "out.zarr"]) == 130
    assert names(folder) == [".out.zarr.partial", "slide.zarr"]
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "slide.zarr: interrupted: run the same command again to go on with it.\n"
    )

    def learned(*_):
        raise AssertionError("the palette is learned a second time")

    with monkeypatch.context() as patch:
        steps = "napari_colorquant.core.quantization.levels.quantize_levels"
        patch.setattr(steps, learned)
        assert main([*argv, "out.zarr"]) == 0
    assert names(folder) == ["out.zarr", "slide.zarr"]
    assert main([*argv, "whole/out.zarr"]) == 0
    once, again = (contents(folder / root) for root in ("whole/out.zarr", "out.zarr"))
    different = {name for name in once if once[name] != again.get(name)}
    assert once.keys() == again.keys()
    assert different == {"zarr.json"}  # how long it took to learn
    first, second = capsys.readouterr().out.splitlines()
    assert stem(first) == stem(second)


def movie_of(folder):
    """Write a stack of two levels, whose slices need palettes of their own."""
    movie = colored((3, 40, 50, 3))
    movie[1] //= 2
    levels = [movie, 255 - movie[:, ::2, ::2]]
    colors = np.unique(np.concatenate([one.reshape(-1, 3) for one in levels]), axis=0)
    every = Palette(colors)
    q = [apply_palette(level, every) for level in levels]
    save_ome_zarr("movie.zarr", q, axes="tyx")
    return levels


def test_each_slice_of_a_stack_has_a_palette_of_its_own(folder, capsys):
    levels = movie_of(folder)
    argv = ["movie.zarr", "--colors", "8", "--slice-axis", "0", "--output", "out.zarr"]
    assert main([*argv, "--summary", "table.csv"]) == 0
    largest, smaller = levels
    q = quantize_slices(largest, 8)
    group = zarr.open_group("out.zarr", mode="r")
    assert np.array_equal(group["labels/palette/0"][:], q.labels)
    assert np.array_equal(np.moveaxis(group["0"][:], 1, -1), q.image)
    for slice_, palette in enumerate(q.palettes):  # of the smaller level, the same ones
        own = apply_palette(smaller[slice_], palette.unlearned())
        assert np.array_equal(np.moveaxis(group["1"][slice_], 0, -1), own.image)
    record = record_in("out.zarr")
    assert record["slice_axis"] == 0
    assert [one["colors"] for one in record["palettes"]] == [
        palette.colors.tolist() for palette in q.palettes
    ]
    table = measure_areas(q, slice_axis=0, name="movie.zarr")
    written = (folder / "table.csv").read_text("utf-8-sig")
    assert written == table.to_csv(index=False, lineterminator="\n")


def test_slices_of_a_stack_are_gone_on_with(folder, capsys, monkeypatch):
    movie_of(folder)
    argv = ["movie.zarr", "--colors", "8", "--slice-axis", "0", "--output"]
    with monkeypatch.context() as patch:
        interrupt(patch, 6)
        assert main([*argv, "out.zarr"]) == 130
    capsys.readouterr()
    written, write = [], arrays._write
    monkeypatch.setattr(arrays, "_write", lambda *a: written.append(a) or write(*a))
    assert main([*argv, "out.zarr"]) == 0
    n_left = len(written)
    assert main([*argv, "whole/out.zarr"]) == 0
    note = f"movie.zarr: {NOTE}\n"
    assert capsys.readouterr().err == 2 * note  # nothing is begun anew
    whole, again = (contents(folder / root) for root in ("whole/out.zarr", "out.zarr"))
    assert whole.keys() == again.keys()
    assert {name for name in whole if whole[name] != again[name]} <= {"zarr.json"}
    assert len(written) == 2 * n_left + 6


def test_a_picture_in_memory_has_slices_too(folder):
    movie = noise((3, 40, 50))
    tifffile.imwrite("movie.tif", movie, photometric="minisblack")
    argv = ["movie.tif", "--colors", "4", "--slice-axis", "0", "--output", "out.zarr"]
    assert main([*argv, "--channel-axis", "none"]) == 0
    q = quantize_slices(movie, 4, channel_axis=None)
    group = zarr.open_group("out.zarr", mode="r")
    assert np.array_equal(group["labels/palette/0"][:], q.labels)
    assert np.array_equal(group["0"][:], q.image)


def test_another_question_begins_anew(folder, monkeypatch):
    levels = slide("slide.zarr", colored())
    with monkeypatch.context() as patch:
        interrupt(patch, 6)
        assert main(["slide.zarr", "--colors", "8", "--output", "out.zarr"]) == 130
    assert main(["slide.zarr", "--colors", "5", "--output", "out.zarr"]) == 0
    ((labels, _), *_) = read("out.zarr", 3)
    assert np.array_equal(labels, quantize(levels[0], 5).labels)


@pytest.mark.parametrize("change", ["file", "pixels"])
def test_a_slide_that_was_changed_meanwhile_begins_anew(
    folder, capsys, monkeypatch, change
):
    slide("slide.zarr", colored())
    with monkeypatch.context() as patch:
        interrupt(patch, 6)
        assert main(["slide.zarr", "--colors", "8", "--output", "out.zarr"]) == 130
    if change == "file":
        rmtree(folder / "slide.zarr")
        levels = slide("slide.zarr", 255 - colored())
    else:  # the metadata are as old as they were
        group = zarr.open_group("slide.zarr", mode="r+")
        for array in (group["0"], group["1"]):
            array[:] = 255 - array[:]
        levels = [np.moveaxis(group["0"][:], 0, -1)]
    capsys.readouterr()
    assert main(["slide.zarr", "--colors", "8", "--output", "out.zarr"]) == 0
    assert capsys.readouterr().err == (
        f"slide.zarr: {NOTE}\n"
        "slide.zarr: out.zarr: an interrupted save of it was begun anew, as the image, "
        "the palette or an option is another one now.\n"
    )
    q = quantize(levels[0], 8)
    ((labels, picture), *_) = read("out.zarr", 3)
    assert np.array_equal(labels, q.labels)
    assert np.array_equal(picture, q.image)


def test_a_part_that_cannot_be_read_is_said(folder, capsys):
    slide("slide.zarr", colored())
    assert main(["slide.zarr", "--colors", "8", "--output", "out.zarr"]) == 0
    capsys.readouterr()
    argv = ["slide.zarr", "--colors", "8", "--output", "again.zarr"]
    for level, left in (("1", [".again.zarr.partial"]), ("0", [])):
        for chunk in (folder / "slide.zarr" / level / "c").rglob("*"):
            if chunk.is_file():
                chunk.write_bytes(b"damaged")
        assert main(argv) == 1
        out, err = capsys.readouterr()
        assert out == ""
        (line,) = err.splitlines()
        assert re.match(r"slide\.zarr: its pixels \[.*\] cannot be read: .*\.$", line)
        assert names(folder) == [*left, "out.zarr", "slide.zarr"]
        argv[-1] = "other.zarr"
        rmtree(folder / ".again.zarr.partial", ignore_errors=True)


def test_a_result_is_overwritten_only_by_force(folder, capsys):
    save("a.png", colored())
    argv = ["a.png", "--output", "out.zarr", "--colors"]
    assert main([*argv, "8"]) == 0
    before = contents(folder / "out.zarr")
    assert main([*argv, "5"]) == 1
    assert capsys.readouterr().err == (
        "a.png: out.zarr exists already: add --force to overwrite it.\n"
    )
    assert contents(folder / "out.zarr") == before
    assert main([*argv, "5", "--force"]) == 0
    assert read("out.zarr", 1)[0][0].max() == 5


def test_an_output_in_a_file_is_an_error(folder, capsys):
    save("a.png", colored())
    save("b.png", colored())
    assert main(["a.png", "--output", "b.png/out.zarr"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("a.png: b.png: no folder can be made there: ")


@pytest.mark.parametrize("output", ["slide.zarr", "."])
def test_no_input_is_overwritten_even_by_force(folder, capsys, monkeypatch, output):
    slide("slide.zarr", colored())
    before = contents(folder / "slide.zarr")
    source = "slide.zarr"
    if output == ".":
        source, output = "slide.zarr/0", "slide.zarr"
    assert main([source, "--output", output, "--force"]) == 1
    assert capsys.readouterr().err == (
        f"{source}: its result would overwrite the input {source}: run it with "
        "another --output.\n"
    )
    assert contents(folder / "slide.zarr") == before


def test_no_palette_is_lost_with_the_folder_that_it_is_in(folder, capsys):
    save("a.png", colored())
    assert main(["a.png", "--colors", "8", "--output", "out.zarr"]) == 0
    Palette([[1, 2, 3], [4, 5, 6]]).save("out.zarr/legend.csv")
    before = contents(folder / "out.zarr")
    argv = ["a.png", "--palette", "out.zarr/legend.csv", "--output", "out.zarr"]
    assert main([*argv, "--force"]) == 1
    assert capsys.readouterr().err == (
        "a.png: its result would overwrite the input out.zarr/legend.csv: run it with "
        "another --output.\n"
    )
    assert contents(folder / "out.zarr") == before


def test_what_does_not_fit_together(folder, capsys):
    slide("slide.zarr", colored())
    save("a.png", colored())
    for argv, sentence in (
        (["a.png", "b.png"], "out.zarr holds the result of one image, and there are 2"),
        (["a.png", "--quality"], "--quality measures pictures that are in memory"),
        (
            ["a.png", "--annotations"],
            "--annotations outlines pictures in memory: leave it out with an --output",
        ),
        (
            ["a.png", "--dither", "floyd-steinberg"],
            "--dither is for pictures in files: leave it out with an --output that",
        ),
    ):
        with pytest.raises(SystemExit) as caught:
            main([*argv, "--output", "out.zarr"])
        assert caught.value.code == 2
        assert sentence in capsys.readouterr().err
    assert main(["slide.zarr", "https://example.org/a.zarr", "a.png"]) == 1
    err = capsys.readouterr().err.splitlines()
    assert err == [
        f"{name}: is read part by part, and its result is one OME-Zarr: name it, such "
        "as --output 64-colors.zarr."
        for name in ("slide.zarr", "https://example.org/a.zarr")
    ]
    assert (folder / "a-64-colors.png").exists()
    argv = ["slide.zarr", "--output", "out.zarr", "--channel-axis", "2"]
    assert main(argv) == 1
    assert capsys.readouterr().err == (
        "slide.zarr: its channels are in the axis 0, not 2: leave out --channel-axis.\n"
    )
