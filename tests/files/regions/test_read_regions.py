"""Regions of files: found by the name of the picture, read, or refused."""

from __future__ import annotations

import io
import json
import re
import struct
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_colorquant.files.regions import imagej
from napari_colorquant.files.regions.read import (
    find_regions,
    read_regions,
    read_shapes,
)

SIZE = (6, 8)
NUMBERS = np.zeros(SIZE, np.uint8)
NUMBERS[1:3, 1:4] = 1
NUMBERS[4:, 5:] = 7


def square(left, top, right, bottom):
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return [*corners, corners[0]]


def feature(kind, coordinates, name=None, **geometry):
    return {
        "type": "Feature",
        "geometry": {"type": kind, "coordinates": coordinates, **geometry},
        "properties": {"objectType": "annotation"} | ({"name": name} if name else {}),
    }


def geojson(path, *features):
    plain = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(json.dumps(plain))
    return path


# ---------------------------------------------------------------- finding


def test_regions_are_found_by_the_stem_of_the_picture(tmp_path):
    for name in ("a.png", "a.b.geojson", "b.zip", "c"):
        (tmp_path / name).touch()
    assert find_regions(tmp_path, "pictures/a.tif").name == "a.png"
    assert find_regions(tmp_path, tmp_path / "a.b.tif").name == "a.b.geojson"
    assert find_regions(tmp_path, "https://host/b.zarr").name == "b.zip"


def test_a_picture_is_not_its_own_regions(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match=r"holds no regions of it, such as a\.png\.$"):
        find_regions(tmp_path, tmp_path / "a.png")
    (tmp_path / "a.roi").touch()
    assert find_regions(tmp_path, tmp_path / "a.png").name == "a.roi"


def test_several_files_of_one_picture_are_refused(tmp_path):
    for name in ("a.png", "a.roi"):
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"several files .*, a\.png, a\.roi: leave"):
        find_regions(tmp_path, "a.tif")


# ---------------------------------------------------------------- images


@pytest.mark.parametrize("name", ["a.tif", "a.png"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "int32"])
def test_a_label_image_numbers_its_regions(tmp_path, name, dtype):
    if name == "a.png" and dtype not in {"uint8", "uint16"}:
        pytest.skip("PNG does not hold it")
    path = tmp_path / name
    if name == "a.tif":
        tifffile.imwrite(path, NUMBERS.astype(dtype))
    else:
        Image.fromarray(NUMBERS.astype(dtype)).save(path)
    numbers = read_regions(path, SIZE)
    assert numbers.dtype.kind in "iu"
    assert np.array_equal(numbers, NUMBERS)


def test_a_picture_with_a_palette_numbers_them_by_its_indices(tmp_path):
    file = Image.fromarray(NUMBERS).convert("P")
    file.putpalette([0, 0, 0, 255, 0, 0] + [9] * 18)
    file.save(tmp_path / "a.png")
    assert np.array_equal(read_regions(tmp_path / "a.png", SIZE), NUMBERS)


def test_black_and_white_is_a_mask(tmp_path):
    mask = NUMBERS > 0
    Image.fromarray(mask).save(tmp_path / "a.png")
    Image.fromarray(mask.astype(np.uint8) * 255).convert("RGB").save(tmp_path / "b.png")
    tifffile.imwrite(tmp_path / "c.tif", mask.astype(np.uint16) * 65535)
    for name in ("a.png", "b.png", "c.tif"):
        found = read_regions(tmp_path / name, SIZE)
        assert found.dtype == bool
        assert np.array_equal(found, mask)


@pytest.mark.parametrize(
    ("array", "sentence"),
    [
        (
            NUMBERS[:4],
            "it has 4 x 8 pixels, and the picture 6 x 8: regions are drawn on the "
            "picture's own pixels.",
        ),
        (
            -NUMBERS.astype(np.int16),
            "it has the value -7: regions are numbered from 1, and 0 is outside.",
        ),
        (0 * NUMBERS, "it holds no region."),
        (
            NUMBERS / np.float32(2),
            "its values are no whole numbers: save labels from 0.",
        ),
        (
            np.where(NUMBERS, np.nan, 0).astype(np.float32),
            "its values are no whole numbers: save labels from 0.",
        ),
        (
            np.stack([NUMBERS, 0 * NUMBERS, NUMBERS], -1),
            "it has colors: save a mask, or a label image of one channel.",
        ),
    ],
)
def test_an_image_that_is_no_regions_of_the_picture_is_refused(
    tmp_path, array, sentence
):
    path = tmp_path / "a.tif"
    kind = "rgb" if array.ndim > 2 else "minisblack"
    tifffile.imwrite(path, array, photometric=kind)
    with pytest.raises(ValueError, match=re.escape(sentence)) as info:
        read_regions(path, SIZE)
    assert str(info.value) == f"{path}: {sentence}"


# ---------------------------------------------------------------- QuPath


def test_shapes_of_qupath_are_masks_that_may_overlap(tmp_path):
    path = geojson(
        tmp_path / "a.geojson",
        feature("Polygon", [square(1, 1, 4, 3)], "gland"),
        feature("Polygon", [square(0, 0, 8, 6), square(2, 2, 6, 4)]),
        feature("MultiPolygon", [[square(0, 0, 1, 1)], [square(5, 4, 8, 6)]]),
    )
    masks = read_regions(path, SIZE)
    assert [int(mask.sum()) for mask in masks] == [6, 48 - 8, 7]
    assert masks[0][1:3, 1:4].all()
    assert [one.name for one in read_shapes(path)] == ["gland", "", ""]


def test_one_feature_or_a_list_is_read_as_well(tmp_path):
    path, one = tmp_path / "a.geojson", feature("Polygon", [square(1, 1, 4, 3)])
    for plain, n in ((one, 1), ([one, one], 2), (one["geometry"], 1)):
        path.write_text(json.dumps(plain))
        assert len(read_regions(path, SIZE)) == n


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        ([], "it holds no region."),
        (
            [
                feature("Polygon", [square(1, 1, 4, 3)]),
                feature("LineString", [[0, 0], [3, 3]]),
            ],
            "region 2 is a LineString, which has no area: leave it out.",
        ),
        (
            [feature("Polygon", [square(8, 1, 12, 3)], "gland")],
            "region 1 (gland) lies outside of the picture, which has 6 x 8 pixels.",
        ),
        *(
            ([one], "cannot be read as GeoJSON of QuPath: it is damaged, or something")
            for one in (
                feature("Polygon", [[[0, 0], [1]]]),
                feature("Polygon", [[[0, 0], [1, float("nan")], [2, 2]]]),
                feature("Polygon", 7),
                feature("Polygon", []),
                {"type": "Feature"},
                7,
            )
        ),
    ],
)
def test_what_has_no_area_in_the_picture_is_refused(tmp_path, features, sentence):
    path = geojson(tmp_path / "a.geojson", *features)
    with pytest.raises(ValueError, match=re.escape(sentence)) as info:
        read_regions(path, SIZE)
    assert str(info.value).startswith(f"{path}: {sentence}")


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", b"7", b"[" * 100_000])
def test_no_json_is_refused(tmp_path, data):
    path = tmp_path / "a.geojson"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cannot be read as GeoJSON of QuPath"):
        read_regions(path, SIZE)


def test_a_shape_of_one_slice_of_a_stack_is_refused(tmp_path):
    one = feature("Polygon", [square(1, 1, 4, 3)], plane={"c": -1, "z": 2, "t": 0})
    path = geojson(tmp_path / "a.geojson", one)
    assert read_regions(path, SIZE)[0].sum() == 6
    with pytest.raises(ValueError, match="region 1 is of z 2 alone"):
        read_regions(path, (3, *SIZE))


# ---------------------------------------------------------------- ImageJ


def roi(
    kind=1,
    box=(1, 1, 3, 4),
    corners=(),
    subtype=0,
    position=0,
    options=0,
    arc=0,
    path=(),
):
    """Return a selection as ImageJ's RoiEncoder writes it; box: top, left, ..."""
    top, left, bottom, right = box
    head = b"Iout" + struct.pack(
        ">hBx4hH", 217, kind, top, left, bottom, right, len(corners)
    )
    head += bytes(16) + struct.pack(
        *(">hi4s4shhBBhii", 0, len(path), bytes(4), bytes(4), subtype, options),
        *(0, 0, arc, position, 0),
    )
    if path:  # of moves to corners (0), lines (1) and ends (4)
        return head + struct.pack(f">{len(path)}f", *path)
    x = [corner[0] - left for corner in corners]
    y = [corner[1] - top for corner in corners]
    return head + struct.pack(f">{2 * len(corners)}h", *x, *y)


@pytest.fixture
def roifile():
    return pytest.importorskip("roifile")


@pytest.mark.parametrize(
    ("data", "n_pixels"),
    [
        (roi(1, (1, 1, 3, 4)), 6),
        (roi(2, (0, 0, 6, 6)), 32),
        (roi(0, (1, 1, 3, 4), [(1, 1), (4, 1), (4, 3), (1, 3)]), 6),
        # A frame: an outline and that of its hole.
        (
            roi(
                box=(0, 0, 6, 8),
                path=[
                    *(0, 0, 0, 1, 8, 0, 1, 8, 6, 1, 0, 6, 4),
                    *(0, 2, 2, 1, 6, 2, 1, 6, 4, 1, 2, 4, 4),
                ],
            ),
            48 - 8,
        ),
    ],
)
def test_a_selection_of_imagej_is_a_mask(tmp_path, roifile, data, n_pixels):
    (tmp_path / "a.roi").write_bytes(data)
    (mask,) = read_regions(tmp_path / "a.roi", SIZE)
    assert mask.sum() == n_pixels


def test_those_of_the_roi_manager_are_one_mask_each(tmp_path, roifile):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("0001.roi", roi(1, (1, 1, 3, 4)))
        file.writestr("0002.roi", roi(1, (0, 0, 6, 8)))
    assert [int(mask.sum()) for mask in read_regions(path, SIZE)] == [6, 48]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"hello", "cannot be read as selection of ImageJ: it is damaged"),
        (b"PK\3\4hello", "cannot be read as selection of ImageJ: it is damaged"),
        (roi()[:40], "cannot be read as selection of ImageJ: it is damaged"),
        (roi(10, corners=[(1, 1)]), "region 1 is a selection of the type point, and"),
        (roi(3), "region 1 is a selection of the type line, and only rectangles"),
        (
            roi(0, corners=[(1, 1), (4, 1), (4, 3)], options=1),
            "region 1 is a selection",
        ),
        (roi(1, arc=3), "region 1 is a selection of the type curved, and only"),
        (roi(7, subtype=3), "region 1 is a selection of the type ellipse, and only"),
        (roi(1, (9, 9, 12, 12)), "region 1 lies outside of the picture, which has 6"),
    ],
)
def test_what_is_no_area_of_imagej_is_refused(tmp_path, roifile, data, sentence):
    path = tmp_path / "a.roi"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(sentence)) as info:
        read_regions(path, SIZE)
    assert str(info.value).startswith(f"{path}: {sentence}")


def test_a_selection_of_one_slice_of_a_stack_is_refused(tmp_path, roifile):
    (tmp_path / "a.roi").write_bytes(roi(position=2))
    assert read_regions(tmp_path / "a.roi", SIZE)[0].sum() == 6
    with pytest.raises(ValueError, match="region 1 is of slice 2 alone"):
        read_regions(tmp_path / "a.roi", (3, *SIZE))


def test_without_roifile_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "roifile", None)
    (tmp_path / "a.roi").write_bytes(roi())
    with pytest.raises(
        ValueError, match=r"run `pip install \"napari-colorquant\[imagej\]\"`\.$"
    ):
        read_regions(tmp_path / "a.roi", SIZE)


def selection(kind, subtype="UNDEFINED", **values):
    """Return what roifile reads, of attributes that roifile documents."""
    known = {"name": "one", "position": 0, "z_position": 0, "t_position": 0}
    known |= {"options": 0, "rounded_rect_arc_size": 0}
    known |= {"widthd": 0.0, "heightd": 0.0, "multi_coordinates": None}
    names = SimpleNamespace(name=kind), SimpleNamespace(name=subtype)
    return SimpleNamespace(roitype=names[0], subtype=names[1], **(known | values))


@pytest.mark.parametrize(
    ("one", "n_pixels"),
    [
        (selection("RECT", left=1, top=1, right=4, bottom=3), 6),
        (selection("OVAL", left=0, top=0, right=6, bottom=6), 32),
        (
            selection("FREEHAND", coordinates=lambda: np.array(square(1, 1, 4, 3))),
            6,
        ),
        (
            selection(
                "RECT",
                multi_coordinates=np.zeros(9),
                coordinates=lambda multi: [
                    np.array(square(0, 0, 8, 6)),
                    np.array(square(2, 2, 6, 4)),
                ],
            ),
            48 - 8,
        ),
    ],
)
def test_each_type_of_selection_has_its_pixels(tmp_path, monkeypatch, one, n_pixels):
    """Whether or not roifile is installed."""
    reader = SimpleNamespace(ImagejRoi=SimpleNamespace(frombytes=lambda _: one))
    monkeypatch.setitem(sys.modules, "roifile", reader)
    (tmp_path / "a.roi").write_bytes(b"Iout")
    (mask,) = read_regions(tmp_path / "a.roi", SIZE)
    assert mask.sum() == n_pixels


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "roifile", SimpleNamespace(ImagejRoi=None))
    monkeypatch.setattr(imagej, "_MOST_BYTES", 2**20)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.roi", bytes(2**20 + 1))
    (tmp_path / "a.zip").write_bytes(data.getvalue())
    with pytest.raises(ValueError, match="unpacks to more than 1 MB"):
        read_regions(tmp_path / "a.zip", SIZE)


@pytest.mark.parametrize(
    ("classification", "kind"),
    [
        ({"name": "Tumor"}, "Tumor"),
        ({"names": ["Tumor", "CD3"]}, "Tumor: CD3"),
        ({}, ""),
        ("Tumor", ""),
        (None, ""),
    ],
)
def test_a_shape_of_qupath_has_its_class(tmp_path, classification, kind):
    plain = feature("Polygon", [square(0, 0, 2, 2)], "a")
    plain["properties"]["classification"] = classification
    (shape,) = read_shapes(geojson(tmp_path / "a.geojson", plain))
    assert (shape.name, shape.kind) == ("a", kind)
