"""One palette for all pictures of a command."""

from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette, apply_palette, fit_palette, measure_areas
from napari_colorquant.cli import main
from napari_colorquant.core.quantization import pool
from shell import contents, names, noise, save

IMAGES = {
    "a": noise((9, 8, 3)),
    "b": noise((20, 30, 3), seed=1) // 2,
    "c": noise((7, 7, 3), seed=2),
}


@pytest.fixture
def pictures(folder):
    (folder / "in").mkdir()
    for name, image in IMAGES.items():
        save(f"in/{name}.png", image)
    return folder


def test_the_palette_is_that_of_a_script_in_every_result(pictures):
    argv = ["in", "--colors", "4", "--shared", "--summary", "table.csv"]
    assert main(argv) == 0
    palette = fit_palette(list(IMAGES.values()), 4)
    alike = palette.unlearned()
    for name, image in IMAGES.items():
        written = Palette.load(f"{name}-4-colors.csv")
        assert written.learned_distance == palette.learned_distance
        q = apply_palette(image, alike)
        assert written.colors.tolist() == palette.colors.tolist()
        assert written.counts.tolist() == q.palette.counts.tolist()
    tables = [
        measure_areas(apply_palette(image, alike), name=f"in/{name}.png")
        for name, image in IMAGES.items()
    ]
    header, *lines = (pictures / "table.csv").read_text("utf-8-sig").splitlines()
    expected = [
        line for table in tables for line in table.to_csv(index=False).splitlines()[1:]
    ]
    assert lines == expected
    assert header == ",".join(tables[0].columns)


def test_pictures_are_read_again_rather_than_kept(pictures, monkeypatch):
    argv = ["in", "--colors", "4", "--shared", "--force"]
    assert main(argv) == 0
    before = contents(pictures)
    monkeypatch.setattr(pool, "_MOST_KEPT", 0)
    assert main(argv) == 0
    assert contents(pictures) == before
    palette = fit_palette(list(IMAGES.values()), 4)
    assert Palette.load("a-4-colors.csv").colors.tolist() == palette.colors.tolist()


def test_what_does_not_fit_is_reported_and_the_rest_goes_on(pictures, capsys):
    (pictures / "in" / "0.png").write_bytes(b"hello")
    save("in/b.tif", noise((9, 8, 3), "uint16"))
    save("in/d.png", noise((9, 8)))
    clear = np.zeros((9, 8, 4), np.uint8)
    save("in/e.png", clear)
    argv = ["in", "--colors", "4", "--shared", "-q", "--summary", "table.csv"]
    assert main(argv) == 1
    assert capsys.readouterr().err.splitlines() == [
        "in/b.tif: its results would overwrite those of in/b.png: run it with another "
        "--output.",
        "in/0.png: cannot be read as a picture: it is damaged, or of a format that "
        "neither tifffile nor imageio reads.",
        "in/d.png: it has 1 channel of uint8, and in/a.png 3 channels of uint8: a "
        "palette is shared by pictures of the same channels, dtype and white.",
        "in/e.png: no pixel of the image can be quantized.",
    ]
    palette = fit_palette(list(IMAGES.values()), 4)
    assert Palette.load("c-4-colors.csv").colors.tolist() == palette.colors.tolist()
    lines = (pictures / "table.csv").read_text("utf-8-sig").splitlines()
    missing = [line.split(",")[0] for line in lines if "not measured" in line]
    assert missing == ["in/0.png", "in/b.tif", "in/d.png", "in/e.png"]


def test_one_white_is_found_for_all(folder, capsys):
    dark, light = noise((9, 8, 3), "uint16"), noise((9, 8, 3), "uint16") * 16
    save("a.tif", dark)
    save("b.tif", light)
    assert main(["a.tif", "b.tif", "--colors", "4", "--shared"]) == 0
    palette = fit_palette([dark, light], 4)
    assert palette.white == 4095
    for name in "ab":
        written = Palette.load(f"{name}-4-colors.csv")
        assert written.colors.tolist() == palette.colors.tolist()
        assert written.white == 4095
    err = capsys.readouterr().err
    assert err.startswith("--shared: The largest value of the images is 4,080: ")
    assert err.count("\n") == 1


def test_a_palette_that_cannot_be_learned_is_said_once(folder, capsys):
    save("a.png", noise((9, 8)))
    save("b.png", noise((9, 8)))
    argv = ["a.png", "b.png", "--shared", "--color-space", "lab"]
    assert main(argv) == 1
    out, err = capsys.readouterr()
    assert err.startswith("--shared: --color-space 'lab' needs red, green and blue")
    assert (out, err.count("\n")) == ("", 1)
    assert names(folder) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--palette", "a.csv"], "--shared learns one palette for all images, and"),
        (["-o", "a.zarr"], "--shared is for several images, and an --output that"),
        (["--slice-axis", "0"], "--slice-axis is of the table of --summary: name"),
    ],
)
def test_what_does_not_go_with_a_shared_palette(folder, capsys, options, sentence):
    save("a.png", noise((9, 8, 3)))
    Palette([[1, 2, 3]]).save("a.csv")
    with pytest.raises(SystemExit) as info:
        main(["a.png", "--shared", *options])
    assert info.value.code == 2
    assert f"error: {sentence}" in capsys.readouterr().err
