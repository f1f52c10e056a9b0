"""The table of all pictures of a command, held against the script's."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image

from napari_colorquant import (
    Palette,
    apply_palette,
    measure_areas,
    quantize,
    quantize_slices,
)
from napari_colorquant.cli import main
from napari_colorquant.files.batch.tables import COLUMNS, NOT_MEASURED
from shell import names, noise, save


def text_of(*tables):
    return pd.concat(tables).to_csv(index=False, lineterminator="\n")


def written(folder, name="table.csv"):
    return (folder / name).read_text("utf-8-sig")


def test_the_table_is_that_of_a_script(folder):
    for name, seed in (("b.png", 1), ("a.png", 2)):
        save(name, noise((9, 8, 3), seed=seed))
    options = ["--scale", "0.5", "--units", "um", "--summary", "out/table.csv"]
    assert main(["b.png", "a.png", "--colors", "4", *options]) == 0
    tables = [
        measure_areas(
            quantize(noise((9, 8, 3), seed=seed), 4), scale=0.5, units="um", name=name
        )
        for name, seed in (("b.png", 1), ("a.png", 2))
    ]
    assert written(folder, "out/table.csv") == text_of(*tables)
    assert tuple(tables[0].columns) == COLUMNS


def test_excel_r_and_pandas_read_a_table_in_the_same_letters(folder):
    save("Zelle µ.png", noise((9, 8, 3)))
    options = ["--scale", "0.5", "--units", "um", "--summary", "table.csv"]
    assert main(["Zelle µ.png", "--colors", "4", *options]) == 0
    data = (folder / "table.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfimage,slice,")  # Excel needs the mark
    assert data.count(b"\xef\xbb\xbf") == 1
    table = pd.read_csv(folder / "table.csv")
    assert tuple(table.columns) == COLUMNS
    assert {*table["image"]} == {"Zelle µ.png"}
    assert {*table["unit"]} == {"µm²"}
    assert table["pixels"].sum() == 72


def test_areas_of_drawn_squares_are_exact_in_the_scale_of_the_file(folder):
    image = np.zeros((20, 30, 3), np.uint8)
    image[2:7, 3:9] = [255, 0, 0]
    image[10:14, 10:20] = [255, 0, 0]
    resolution = (4, 4)  # pixels a micrometer
    tifffile.imwrite(
        "a.tif",
        image,
        imagej=True,
        photometric="rgb",
        resolution=resolution,
        metadata={"unit": "micrometer"},
    )
    palette = Palette(
        [[0, 0, 0], [255, 0, 0], [0, 0, 255]],
        names=["ground", "square", "none"],
        units="uint8",
    )
    palette.save("legend.json")
    argv = ["a.tif", "--palette", "legend.json", "--summary", "table.csv"]
    assert main(argv) == 0
    assert written(folder).splitlines() == [
        ",".join(COLUMNS),
        f"a.tif,,,1,ground,,#000000,530,33.125,µm²,{100 * 530 / 600!r},False",
        f"a.tif,,,2,square,,#ff0000,70,4.375,µm²,{100 * 70 / 600!r},False",
        "a.tif,,,3,none,,#0000ff,0,0.0,µm²,0.0,False",
    ]


def test_rows_by_class(folder):
    image = np.array([[[0, 0, 0], [255, 0, 0], [250, 0, 0], [250, 0, 0]]], np.uint8)
    save("a.png", image)
    palette = Palette(
        [[0, 0, 0], [255, 0, 0], [250, 0, 0]],
        classes=["", "red", "red"],
        units="uint8",
    )
    palette.save("legend.json")
    options = ["--by", "class", "--summary", "table.csv"]
    assert main(["a.png", "--palette", "legend.json", *options]) == 0
    table = measure_areas(apply_palette(image, palette), by="class", name="a.png")
    assert written(folder) == text_of(table)
    assert table["pixels"].tolist() == [1, 3]


def test_a_class_with_the_name_of_another_entry_is_said_once(folder, capsys):
    for name in ("a.png", "b.png"):
        save(name, noise((9, 8, 3)))
    colors = [[0, 0, 0], [255, 0, 0]]
    names_ = {"names": ["ground", "DAB"], "classes": ["DAB", ""], "units": "uint8"}
    Palette(colors, **names_).save("legend.json")
    options = ["--palette", "legend.json", "--by", "class", "--summary", "table.csv"]
    with pytest.raises(SystemExit):
        main(["a.png", "b.png", *options])
    assert capsys.readouterr().err.endswith(
        "error: the class 'DAB' has the name of the entry with the label 2, which has "
        "no class: rename one of them, or put the entry into the class.\n"
    )
    assert names(folder) == ["a.png", "b.png", "legend.json"]


def test_a_bad_file_has_one_row_that_says_so(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    (folder / "b,1.png").write_bytes(b"hello")
    save("c.png", noise((9, 8, 3), seed=1))
    save("c.tif", noise((9, 8, 3), seed=2))
    argv = ["a.png", "b,1.png", "gone.png", "c.tif", "c.png", "a.png", "--colors", "4"]
    assert main([*argv, "--summary", "table.csv"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 4
    table = pd.read_csv("table.csv", keep_default_na=False)
    missing = table[table["name"] == NOT_MEASURED]
    assert missing["image"].tolist() == ["b,1.png", "gone.png", "c.png", "a.png"]
    others = missing.drop(columns=["image", "name"])
    assert (others == "").all(axis=None)
    assert table["image"].drop_duplicates().tolist() == argv[:5]
    assert (table["image"] == "a.png").sum() == 5
    assert written(folder).splitlines()[5] == '"b,1.png",,,,not measured,,,,,,,'


def test_what_is_not_quantized_is_a_row_of_label_0(folder):
    image = noise((9, 8, 4))
    image[..., 3] = 255
    image[:2, :, 3] = 0
    Image.fromarray(image).save("a.png")
    assert main(["a.png", "--colors", "3", "--summary", "table.csv"]) == 0
    table = measure_areas(quantize(image, 3), name="a.png")
    assert table["pixels"].tolist()[0] == 16
    assert written(folder) == text_of(table)


def test_each_slice_has_rows_and_a_palette_of_its_own(folder):
    movie = noise((3, 9, 8))
    save("a.tif", movie)
    options = ["--slice-axis", "0", "--summary", "table.csv", "--channel-axis", "none"]
    assert main(["a.tif", "--colors", "4", *options]) == 0
    q = quantize_slices(movie, 4, channel_axis=None)
    table = measure_areas(q, slice_axis=0, name="a.tif")
    assert written(folder) == text_of(table)
    assert table["slice"].unique().tolist() == [0, 1, 2]
    assert np.array_equal(tifffile.imread("a-4-indices.tif") + 1, q.labels)
    assert np.array_equal(tifffile.imread("a-4-colors.tif"), q.image)
    palette = Palette.load("a-4-colors.csv")
    assert palette.counts.tolist() == q.palette.counts.tolist()


def test_slices_of_a_palette_that_is_given(folder):
    movie = noise((3, 9, 8))
    save("a.tif", movie)
    palette = Palette([[10], [100], [200]])
    palette.save("grey.csv")
    options = ["--slice-axis", "0", "--summary", "table.csv", "--channel-axis", "none"]
    assert main(["a.tif", "--palette", "grey.csv", *options]) == 0
    q = apply_palette(movie, palette, channel_axis=None)
    assert written(folder) == text_of(measure_areas(q, slice_axis=0, name="a.tif"))


def test_time_never_counts(folder):
    movie = noise((3, 2, 9, 8))
    tifffile.imwrite(
        "a.tif",
        movie,
        imagej=True,
        resolution=(2, 2),
        metadata={"axes": "TZYX", "unit": "um", "spacing": 3, "finterval": 7},
    )
    assert main(["a.tif", "--colors", "4", "--summary", "table.csv"]) == 0
    q = quantize(movie, 4, channel_axis=None)
    units = ["second", "um", "um", "um"]
    table = measure_areas(q, scale=[7, 3, 0.5, 0.5], units=units, name="a.tif")
    assert written(folder) == text_of(table)
    assert table["unit"].unique().tolist() == ["µm³"]
    assert table["area"].sum() == 3 * 2 * 9 * 8 * 0.75


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--by", "class"], "--by is of the table of --summary: name that file too."),
        *(
            (
                ["--by", "class", "--summary", "new.csv", *options],
                "--by class is for palettes whose entries have classes, and a palette "
                "that is learned has none: name one that has by --palette or --fixed.",
            )
            for options in ([], ["--shared"], ["--fixed", "legend.csv"])
        ),
        (
            ["--palette", "legend.csv", "--slice-axis", "0"],
            "--slice-axis is of the table of --summary: name that file too.",
        ),
        (
            ["--summary", "a.png"],
            "--summary is a.png: name a file that ends in .csv.",
        ),
        (
            ["--palette", "legend.csv", "--summary", "./legend.csv", "--force"],
            "the table legend.csv would overwrite the input legend.csv: name another.",
        ),
        (
            ["--colors", "4", "--summary", "a-4-colors.csv", "--force"],
            "the table a-4-colors.csv has the name of a result of a.png: name another.",
        ),
        (
            ["--summary", "old.csv"],
            "old.csv exists already: add --force to overwrite it.",
        ),
        (
            ["--slice-axis", "z"],
            "argument --slice-axis: 'z' is no whole number",
        ),
    ],
)
def test_what_has_no_table_is_said_before_any_picture_is_read(
    folder, capsys, options, sentence
):
    save("a.png", noise((9, 8, 3)))
    Palette([[1, 2, 3], [9, 9, 9]]).save("legend.csv")
    (folder / "old.csv").write_text("mine")
    before = names(folder)
    with pytest.raises(SystemExit) as info:
        main(["a.png", *options])
    assert info.value.code == 2
    assert capsys.readouterr().err.endswith(f"napari-colorquant: error: {sentence}\n")
    assert names(folder) == before


@pytest.mark.parametrize("option", [[], ["--palette", "three.csv"]])
def test_an_axis_of_slices_that_is_not_there_is_said(folder, capsys, option):
    save("a.tif", noise((3, 9, 8)))
    Palette([[10, 20, 30], [200, 9, 3]]).save("three.csv")
    options = ["--slice-axis", "5", "--channel-axis", "0", "--summary", "table.csv"]
    assert main(["a.tif", *options, *option]) == 1
    assert capsys.readouterr().err.startswith(
        "a.tif: --slice-axis is 5, and the image has the shape (3, 9, 8)"
    )
    assert written(folder).splitlines()[1] == "a.tif,,,,not measured,,,,,,,"
    assert names(folder) == ["a.tif", "table.csv", "three.csv"]


def test_a_table_is_overwritten_only_by_force(folder):
    save("a.png", noise((9, 8, 3)))
    (folder / "table.csv").write_text("mine")
    argv = ["a.png", "--colors", "4", "--summary", "table.csv"]
    assert main([*argv, "--force"]) == 0
    assert written(folder) == text_of(
        measure_areas(quantize(noise((9, 8, 3)), 4), name="a.png")
    )


def test_a_table_that_cannot_be_written_is_an_error(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    (folder / "table.csv").mkdir()
    argv = ["a.png", "--colors", "4", "--summary", "table.csv", "--force"]
    assert main(argv) == 1
    assert capsys.readouterr().err == "table.csv: Is a directory.\n"
    assert "a-4-colors.png" in names(folder)


def test_an_ome_zarr_has_a_table_too(folder):
    image = noise((60, 80, 3))
    tifffile.imwrite("a.tif", image, tile=(16, 16), photometric="rgb")
    options = ["--output", "a.zarr", "--summary", "table.csv"]
    assert main(["a.tif", "--colors", "4", *options, "--scale", "2"]) == 0
    table = measure_areas(quantize(image, 4), scale=2, name="a.tif")
    assert written(folder) == text_of(table)
