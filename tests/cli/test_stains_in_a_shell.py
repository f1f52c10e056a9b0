"""Stains in a shell: of painted regions, of one scale, shared, and of slides."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

from napari_colorquant import (
    Palette,
    apply_palette,
    estimate_stains,
    fit_palette,
    quantize,
    stain_scales,
)
from napari_colorquant.cli import main
from saved import small_parts
from shell import save
from stained_slides import HE, OTHER_HE, cells, stained

CELLS, NUCLEI = cells()
SLIDES = {"a": stained(CELLS, HE), "b": stained(CELLS, OTHER_HE, 0.45)}
PAINTED = np.where(NUCLEI, 1, 2).astype(np.uint8)
PAINTED[:, 192:] = 0
PAINTED[:100] = 0
SPACE = {"color_space": "stains"}
ASKED = ["--colors", "3", "--color-space", "stains"]


@pytest.fixture
def slides(folder):
    for name, image in SLIDES.items():
        save(f"{name}.png", image)
    (folder / "drawn").mkdir()
    save("drawn/a.png", PAINTED)
    save("drawn/b.png", PAINTED)
    return folder


def indices(path):
    with Image.open(path) as file:
        return np.asarray(file)


def directions(palette):
    stains = np.array(palette.stains)
    return stains / np.linalg.norm(stains, axis=1, keepdims=True)


def pyramid(name, image):
    """Write a slide of two levels in tiles."""
    with tifffile.TiffWriter(name) as file:
        how = {"photometric": "rgb", "tile": (64, 64)}
        file.write(image, subifds=1, **how)
        file.write(image[::2, ::2], subfiletype=1, **how)


def levels_in(path, n_levels=2):
    group = zarr.open_group(path, mode="r")
    return [
        (group[f"labels/palette/{n}"][:], np.moveaxis(group[str(n)][:], 0, -1))
        for n in range(n_levels)
    ]


def test_each_picture_has_the_stains_of_its_own_regions(slides):
    assert main(["a.png", "b.png", *ASKED, "--stains-from", "drawn"]) == 0
    for name, image in SLIDES.items():
        stains = estimate_stains(image, regions=PAINTED)
        expected = quantize(image, 3, stains=stains, **SPACE)
        assert Palette.load(f"{name}-3-colors.csv").stains == expected.palette.stains
        found = indices(f"{name}-3-indices.png")
        np.testing.assert_array_equal(found, expected.indices)


def test_shapes_are_stains_in_their_order(slides):
    boxes = [(10, 120, 60, 200), (100, 120, 160, 240)]
    features = [
        {"type": "Polygon", "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]]}
        for x0, y0, x1, y1 in boxes
    ]
    image = SLIDES["a"].copy()
    image[120:200, 10:60] = stained(np.full((80, 50, 2), (0, 0.6)), HE)
    image[120:240, 100:160] = stained(np.full((120, 60, 2), (1, 0)), HE)
    save("c.png", image)
    (slides / "drawn/c.geojson").write_text(json.dumps(features))
    assert main(["c.png", *ASKED, "--stains-from", "drawn"]) == 0
    found = directions(Palette.load("c-3-colors.csv"))
    np.testing.assert_allclose(found, HE[::-1], atol=0.03)


def test_a_palette_is_applied_through_the_stains_of_regions(slides):
    palette = quantize(SLIDES["a"], 3, **SPACE).palette
    palette.save("p.json")
    argv = ["b.png", "--palette", "p.json", "--stains-from", "drawn"]
    assert main(argv) == 0
    stains = estimate_stains(SLIDES["b"], regions=PAINTED)
    expected = apply_palette(SLIDES["b"], palette.uncounted(), stains=stains)
    found = indices("b-p-indices.png")
    np.testing.assert_array_equal(found, expected.indices)


def test_three_stains_have_three_scales_and_weights(slides):
    image, regions = SLIDES["a"].copy(), PAINTED.copy()
    image[:99, :99], regions[:99, :99] = (150, 90, 40), 3
    save("a.png", image)
    save("drawn/a.png", regions)
    scale = ["--stain-scale", "1,0.5,0.8"]
    assert main(["a.png", *ASKED, "--stains-from", "drawn", *scale]) == 0
    full = np.array(Palette.load("a-3-colors.csv").stains)
    np.testing.assert_allclose(np.linalg.norm(full, axis=1), (1, 0.5, 0.8))
    np.testing.assert_allclose(
        full / [[1], [0.5], [0.8]], estimate_stains(image, regions=regions)
    )
    weights = ["--weights", "1,2,0.5", "--force"]
    assert main(["a.png", *ASKED, "--stains-from", "drawn", *weights]) == 0
    assert Palette.load("a-3-colors.csv").weights == (1.0, 2.0, 0.5)


def test_one_scale_for_a_batch_is_typed_or_that_of_a_palette(slides):
    palette = quantize(SLIDES["a"], 3, **SPACE).palette
    palette.save("p.json")
    scale = stain_scales(SLIDES["a"])
    np.testing.assert_allclose(np.linalg.norm(palette.stains, axis=1), scale)
    typed = ",".join(map(repr, scale.tolist()))
    both = ["a.png", "b.png", "--palette", "p.json"]
    assert main([*both, "--stain-scale", typed, "-o", "typed"]) == 0
    assert main([*both, "--stain-scale", "p.json", "-o", "of file"]) == 0
    for name, image in SLIDES.items():
        expected = apply_palette(
            image, palette.uncounted().unlearned(), stain_scale=scale
        )
        for folder in ("typed", "of file"):
            found = indices(f"{folder}/{name}-p-indices.png")
            np.testing.assert_array_equal(found, expected.indices)
    # In one scale the pale nuclei are no dark ones; each in its own scale, they are.
    assert main([*both, "-o", "own"]) == 0
    pale, own = (indices(f"{folder}/b-p-indices.png") for folder in ("typed", "own"))
    assert (pale[NUCLEI] == 0).mean() < 0.05
    assert (own[NUCLEI] == 0).mean() > 0.99


def test_a_shared_palette_is_applied_through_the_stains_of_each_picture(slides):
    assert main(["a.png", "b.png", *ASKED, "--shared"]) == 0
    palette = fit_palette(list(SLIDES.values()), 3, **SPACE)
    for name, image in SLIDES.items():
        assert Palette.load(f"{name}-3-colors.csv").stains == palette.stains
        expected = apply_palette(image, palette)
        found = indices(f"{name}-3-indices.png")
        np.testing.assert_array_equal(found, expected.indices)
    given = ["--stains", "0.65,0.7,0.29; 0.07,0.99,0.11", "--stain-scale", "1,0.5"]
    assert main(["a.png", "b.png", *ASKED, *given, "--shared", "-o", "one"]) == 0
    how = {"stains": HE, "stain_scale": (1, 0.5)}
    palette = fit_palette(list(SLIDES.values()), 3, **SPACE, **how)
    for name, image in SLIDES.items():
        expected = apply_palette(image, palette, **how)
        found = indices(f"one/{name}-3-indices.png")
        np.testing.assert_array_equal(found, expected.indices)


def test_levels_of_an_ome_zarr_have_the_labels_that_they_have_in_memory(
    slides, monkeypatch
):
    small_parts(monkeypatch, 64)
    for name, image in SLIDES.items():
        pyramid(f"{name}.tif", image)
    assert main(["a.tif", *ASKED, "-o", "a.zarr"]) == 0
    q = quantize(SLIDES["a"], 3, **SPACE)
    q.palette.save("p.json")
    assert main(["b.tif", "--palette", "p.json", "-o", "b.zarr"]) == 0
    applied = apply_palette(SLIDES["b"], q.palette.uncounted())
    for name, full in (("a", q.palette.stains), ("b", applied.report.stains)):
        scale = np.linalg.norm(full, axis=1)
        given = {"stains": np.array(full), "stain_scale": scale}
        for step, (labels, picture) in zip(
            (1, 2), levels_in(f"{name}.zarr"), strict=True
        ):
            level = SLIDES[name][::step, ::step]
            expected = apply_palette(level, q.palette.uncounted(), **given)
            np.testing.assert_array_equal(labels, expected.labels)
            np.testing.assert_array_equal(picture, expected.image)
    np.testing.assert_array_equal(levels_in("a.zarr")[0][0], q.labels)
    np.testing.assert_array_equal(levels_in("b.zarr")[0][0], applied.labels)


def test_an_ome_zarr_has_the_stains_of_painted_regions(slides, monkeypatch):
    small_parts(monkeypatch, 64)
    pyramid("a.tif", SLIDES["a"])
    argv = ["a.tif", *ASKED, "--stains-from", "drawn", "-o", "a.zarr"]
    assert main(argv) == 0
    stains = estimate_stains(SLIDES["a"], regions=PAINTED)
    expected = quantize(SLIDES["a"], 3, stains=stains, **SPACE)
    labels, picture = levels_in("a.zarr")[0]
    np.testing.assert_array_equal(labels, expected.labels)
    np.testing.assert_array_equal(picture, expected.image)


def test_a_cluster_gives_the_files_of_this_machine(slides, cluster):
    argv = ["a.png", "b.png", *ASKED, "--stains-from", "drawn"]
    assert main([*argv, "-o", "here"]) == 0
    assert main([*argv, "-o", "there", "--scheduler", cluster.scheduler_address]) == 0
    here, there = (
        {path.name: path.read_bytes() for path in (slides / folder).iterdir()}
        for folder in ("here", "there")
    )
    assert len(here) == 8
    assert there == here


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            [*ASKED, "--stains-from", "gone"],
            "--stains-from: gone is no folder.",
        ),
        (
            [*ASKED, "--stains-from", "drawn", "--stains", "1,0,0;0,1,0"],
            "--stains-from learns the stains of each picture, and --stains gives them: "
            "leave one of them out.",
        ),
        (
            [*ASKED, "--stains-from", "drawn", "--shared"],
            "--stains-from learns the stains of each picture, and --shared needs the "
            "same for all pictures, from --stains: leave one of them out.",
        ),
        (
            ["--colors", "3", "--stains-from", "drawn"],
            "--stains-from learns the stains of each picture, and --color-space is "
            "rgb, and not stains: leave one of them out.",
        ),
        (
            ["--palette", "plain.csv", "--stains-from", "drawn"],
            "--stains-from learns the stains of each picture, and plain.csv is a "
            "palette of colors: leave one of them out.",
        ),
        (
            [*ASKED, "--stain-scale", "plain.csv"],
            "argument --stain-scale: plain.csv is no palette of stains",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_at_once(slides, capsys, given, sentence):
    Palette([[0, 0, 0], [255, 255, 255]]).save("plain.csv")
    with pytest.raises(SystemExit):
        main(["a.png", *given])
    assert sentence in capsys.readouterr().err


def test_regions_that_are_wrong_are_an_error_of_their_picture(slides, capsys):
    save("drawn/b.png", (PAINTED == 1).astype(np.uint8))
    (slides / "drawn/a.png").unlink()
    boxes = [(10, 10, 90, 90), (50, 50, 160, 160)]
    features = [
        {"type": "Polygon", "coordinates": [[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]]}
        for x0, y0, x1, y1 in boxes
    ]
    (slides / "drawn/a.geojson").write_text(json.dumps(features))
    save("c.png", SLIDES["a"])
    argv = ["a.png", "b.png", "c.png", *ASKED, "--stains-from", "drawn", "-q"]
    assert main(argv) == 1
    assert capsys.readouterr().err.splitlines() == [
        "a.png: drawn/a.geojson: regions 1 and 2 share pixels: draw them apart.",
        "b.png: the painted stains have the numbers 1: number them 1 and 2 or 1, 2 and "
        "3, one for each stain.",
        "c.png: drawn holds no regions of it, such as c.png.",
    ]
