"""The table by region: masks, labels and shapes of the same name, in a folder."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from napari_colorquant import measure_areas, quantize
from napari_colorquant.cli import main
from shell import names, noise, save

ARGV = ["--colors", "4", "--regions", "drawn", "--summary", "table.csv"]


@pytest.fixture
def drawn(folder):
    (folder / "drawn").mkdir()
    return folder / "drawn"


def test_each_kind_of_regions_is_measured_as_a_script_does(folder, drawn):
    numbers = np.zeros((9, 8), np.uint8)
    numbers[1:3, 1:4], numbers[5:] = 2, 7
    masks = [np.zeros((9, 8), bool), np.zeros((9, 8), bool)]
    masks[0][1:3, 1:4] = masks[1][2:9, 0:8] = True
    save("drawn/a.png", numbers)
    Image.fromarray(numbers > 0).save("drawn/b.tif")
    boxes = [(1, 1, 4, 3), (0, 2, 8, 9)]
    features = [
        {"type": "Polygon", "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]]}
        for x0, y0, x1, y1 in boxes
    ]
    (drawn / "c.geojson").write_text(json.dumps(features))
    tables = []
    for seed, regions in enumerate((numbers, numbers > 0, masks)):
        name = save(f"{'abc'[seed]}.png", noise((9, 8, 3), seed=seed))
        q = quantize(noise((9, 8, 3), seed=seed), 4)
        tables.append(measure_areas(q, regions=regions, name=name))
    assert main(["a.png", "b.png", "c.png", *ARGV]) == 0
    text = (folder / "table.csv").read_text("utf-8-sig")
    header, *_ = text.splitlines()
    lines = [one.to_csv(index=False, lineterminator="\n") for one in tables]
    assert text == "".join([header, "\n", *(x.split("\n", 1)[1] for x in lines)])


def test_regions_that_are_wrong_are_an_error_of_their_picture(folder, drawn, capsys):
    for name in "abc":
        save(f"{name}.png", noise((9, 8, 3)))
    save("drawn/b.png", np.ones((8, 8), np.uint8))
    save("drawn/c.png", np.ones((9, 8), np.uint8))
    assert main(["a.png", "b.png", "c.png", *ARGV]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == [
        "a.png: drawn holds no regions of it, such as a.png.",
        "b.png: drawn/b.png: it has 8 x 8 pixels, and the picture 9 x 8: regions are "
        "drawn on the picture's own pixels.",
    ]
    assert out.startswith("c.png: 72 ")
    lines = (folder / "table.csv").read_text().splitlines()
    assert [line.split(",")[4] for line in lines[1:3]] == ["not measured"] * 2
    assert [line.split(",")[:4] for line in lines[3:]] == [
        ["c.png", "", "1", str(label)] for label in (1, 2, 3, 4)
    ]
    assert not [name for name in names(folder) if name.startswith(("a-", "b-"))]


def test_a_folder_of_regions_that_is_not_there_is_said_once(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    with pytest.raises(SystemExit):
        main(["a.png", *ARGV])
    assert capsys.readouterr().err.endswith("error: --regions: drawn is no folder.\n")
