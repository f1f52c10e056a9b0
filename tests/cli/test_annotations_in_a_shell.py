from __future__ import annotations

import numpy as np
from PIL import Image

from napari_colorquant import Palette
from napari_colorquant.cli import main
from napari_colorquant.files.regions.read import read_regions, read_shapes
from shell import RESULTS_OF_RGB, contents, names, noise, save

COMMAND = ["a.png", "--colors", "3", "--annotations", "--quiet"]


def test_annotations_are_one_more_result(folder):
    save("a.png", noise((9, 8, 3)))
    assert main(COMMAND) == 0
    ends = [*RESULTS_OF_RGB, "classes.geojson"]
    assert names(folder) == sorted(["a.png", *(f"a-3-{end}" for end in ends)])
    with Image.open("a-3-indices.png") as file:
        indices = np.asarray(file)
    masks = read_regions(folder / "a-3-classes.geojson", (9, 8))
    np.testing.assert_array_equal(masks, [indices == entry for entry in range(3)])


def test_an_image_is_skipped_only_if_its_annotations_are_there(folder):
    save("a.png", noise((9, 8, 3)))
    main(COMMAND)
    before = contents(folder)
    (folder / "a-3-classes.geojson").unlink()
    assert main([*COMMAND, "--skip-existing", "--force"]) == 0
    assert contents(folder) == before
    assert main([*COMMAND[:3], "--quiet"]) == 1  # they are results that are there
    assert main([*COMMAND[:3], "--quiet", "--force"]) == 0  # of an earlier palette
    assert not (folder / "a-3-classes.geojson").exists()


def test_classes_are_those_of_the_palette(folder):
    save("a.png", noise((9, 8, 3)))
    colors = [[0, 0, 0], [255, 0, 0], [255, 255, 255]]
    Palette(colors, units="uint8", classes=["DAB", "DAB", ""]).save("p.csv")
    assert main(["a.png", "--palette", "p.csv", "--annotations", "--quiet"]) == 0
    shapes = read_shapes(folder / "a-p-classes.geojson")
    assert [shape.kind for shape in shapes] == ["DAB", "label 3"]


def test_what_has_no_outlines_has_no_results(folder, capsys):
    save("a.tif", noise((3, 9, 8)))
    assert main(["a.tif", "--colors", "3", "--annotations"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "a.tif: annotations are of one plane, and the labels have the shape "
        "(3, 9, 8): quantize a plane by itself."
    )
    assert names(folder) == ["a.tif"]
