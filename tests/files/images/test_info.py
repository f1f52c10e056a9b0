"""How a file is read, and that every kind of output says so."""

from __future__ import annotations

import gc
import re
import warnings

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_colorquant import Palette, quantize
from napari_colorquant.cli import main
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.images.tiff_colors import (
    Conversion,
    ConvertedArray,
    divided_by_alpha,
)
from napari_colorquant.files.slides.open import is_slide, open_slide
from saved import noise
from tiffs import GREY, KINDS, RGB, RGBA, STACK, patch_tag, tiff


def sentence_of(path):
    """Refuse a file in every way that reads it; return the one sentence."""
    with pytest.raises(ValueError, match=r"\.$") as whole:
        open_picture(path)
    with pytest.raises(ValueError, match=r"\.$") as parts, open_slide(path):
        pass
    said = str(whole.value).removeprefix(f"{path}: ")
    assert str(parts.value) == said
    return said


@pytest.mark.parametrize("name", KINDS)
def test_a_file_is_read_as_it_is_shown(tmp_path, name):
    write, shown, axis = KINDS[name]
    path = tmp_path / name
    write(path)
    image, info = open_picture(path)
    assert (image.shape, info.channel_axis) == (shown.shape, axis)
    assert np.array_equal(image, shown)
    if not is_slide(path):
        return
    with open_slide(path) as slide:
        (level,) = slide.levels
        assert (level.shape, level.dtype) == (image.shape, image.dtype)
        assert slide.info.channel_axis == axis
        assert np.array_equal(level[(slice(None),) * level.ndim], shown)
        part = (*[slice(1, 2)] * (level.ndim - 1), slice(0, 2))
        assert np.array_equal(level[part], shown[part])
        with warnings.catch_warnings(action="ignore"):  # who closes it is a cache
            again = level.place.open()[part]
            gc.collect()
        assert np.array_equal(again, shown[part])


@pytest.mark.parametrize("name", KINDS)
def test_a_folder_and_an_ome_zarr_have_the_same_labels(tmp_path, capsys, name):
    write, shown, axis = KINDS[name]
    path = tmp_path / name
    write(path)
    for output in ("out", "out.zarr"):
        argv = [str(path), "--colors", "4", "--output", str(tmp_path / output)]
        assert main(argv) == 0, capsys.readouterr().err
    with warnings.catch_warnings(action="ignore"):  # where it has fewer colors
        expected = quantize(shown, 4, channel_axis=axis)
    labels = zarr.open_group(tmp_path / "out.zarr", mode="r")["labels/palette/0"][:]
    assert np.array_equal(labels, expected.labels)
    (indices,) = (tmp_path / "out").glob("*-indices.*")
    if indices.suffix == ".png":
        with Image.open(indices) as file:
            values = np.asarray(file)
    else:
        values = tifffile.imread(indices)
    n = len(expected.palette)
    assert np.array_equal(values, np.where(expected.labels == 0, n, labels - 1.0))
    (picture,) = [
        one for one in (tmp_path / "out").glob("*-colors.*")
        if one.suffix in (".png", ".tif")
    ]  # fmt: skip
    again, info = open_picture(picture)
    assert info.channel_axis == axis
    assert np.array_equal(again, expected.image)


@pytest.mark.parametrize(
    ("name", "asked", "shape", "axis"),
    [
        ("planes_of_rgb.tif", 0, (3, 9, 8), 0),
        ("planes_of_rgb.tif", -1, (9, 8, 3), -1),
        ("palette.tif", None, (9, 8), None),
        ("rgba.tif", 2, (9, 8, 4), 2),
        ("stack_of_rgb.tif", 0, (4, 9, 8, 3), 0),
        ("three_columns.tif", -1, (9, 8, 3), -1),
    ],
)
def test_a_channel_axis_that_is_asked_for_is_one_of_the_file(
    tmp_path, name, asked, shape, axis
):
    KINDS[name][0](tmp_path / name)
    image, info = open_picture(tmp_path / name, asked)
    assert (image.shape, info.channel_axis) == (shape, axis)
    with open_slide(tmp_path / name, asked) as slide:
        assert (slide.levels[0].shape, slide.info.channel_axis) == (shape, axis)
        assert np.array_equal(slide.levels[0][(slice(None),) * len(shape)], image)


# ---------------------------------------------------------------- opacity


@given(st.integers(0, 255), st.integers(0, 255))
def test_opacity_is_divided_out_and_rounded(color, alpha):
    color = min(color, alpha)
    red, *_, opacity = divided_by_alpha(np.array([color, 0, 0, alpha], np.uint8))
    assert opacity == alpha
    assert red == (0 if alpha == 0 else int(255 * color / alpha + 0.5))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_the_brightest_stays_so_whatever_the_opacity(dtype):
    white = np.iinfo(dtype).max
    alpha = np.array([1, 2, white // 3, white - 1, white], dtype)
    image = np.repeat(alpha[:, None], 4, axis=1)
    assert (divided_by_alpha(image)[:, :3] == white).all()


def test_opacity_of_floats_is_divided_out():
    image = np.array([[0.25, 0.5, 0, 0.5], [0.25, 0.5, 0, 0]], np.float32)
    assert divided_by_alpha(image).tolist() == [[0.5, 1, 0, 0.5], [0, 0, 0, 0]]


def test_unspecified_samples_are_left_out_with_a_word(tmp_path, capsys):
    KINDS["unspecified.tif"][0](tmp_path / "a.tif")
    for output in ("out", "out.zarr"):
        argv = [str(tmp_path / "a.tif"), "--output", str(tmp_path / output)]
        assert main([*argv, "--colors", "4"]) == 0
        assert (
            "a.tif: Beside RGB, each pixel has 1 sample that is not said to be "
            "opacity: left out.\n"
        ) in capsys.readouterr().err


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("photometric", "colors"),
    [
        (4, "a mask of transparency"),
        (5, "CMYK"),
        (8, "Lab"),
        (32803, "CFA, the raw data of a camera"),
        (32844, "LogL"),
        (32845, "LogLuv"),
        (34892, "linear raw data of a camera"),
    ],
)
def test_other_colors_are_refused(tmp_path, photometric, colors):
    path = tmp_path / "a.tif"
    tiff(RGB, photometric="rgb")(path)
    patch_tag(path, 262, photometric)
    assert sentence_of(path) == (
        f"its colors are {colors}, not RGB: convert it to RGB first."
    )


def test_colors_of_a_kind_that_is_not_known_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    tiff(RGB, photometric="rgb")(path)
    patch_tag(path, 262, 77)
    sentence = sentence_of(path)
    assert re.match(r"its colors are of the kind 77|cannot be read as", sentence)


def test_chroma_of_fewer_pixels_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    KINDS["ycbcr.tif"][0](path)
    patch_tag(path, 530, 2)
    assert sentence_of(path) == (
        "its colors are YCbCr of a kind that no decoder converts: convert it to RGB "
        "first."
    )


@pytest.mark.parametrize(
    ("image", "options", "sentence"),
    [
        (
            GREY.astype("f4"),
            {"photometric": "miniswhite"},
            "its grey goes from white to black in float32, where black is not known: "
            "save it from black to white.",
        ),
        (
            RGB.astype("u2"),
            {"photometric": "ycbcr"},
            "its colors are YCbCr of a kind that no decoder converts: convert it to "
            "RGB first.",
        ),
        (
            RGBA.astype("i2"),
            {"photometric": "rgb", "extrasamples": ["assocalpha"]},
            "its colors are multiplied by their opacity, in int16: save it with "
            "unassociated alpha.",
        ),
        (
            GREY.astype("c8"),
            {},
            "its pixels are complex numbers: save their magnitude.",
        ),
    ],
)
def test_what_would_not_be_what_it_shows_is_refused(tmp_path, image, options, sentence):
    tiff(image, **options)(tmp_path / "a.tif")
    assert sentence_of(tmp_path / "a.tif") == sentence


# ---------------------------------------------------------------- series and white


@pytest.fixture
def of_three(tmp_path):
    path = tmp_path / "three.ome.tif"
    with tifffile.TiffWriter(path, ome=True) as writer:
        for n in (5, 6, 7):
            writer.write(
                noise((n, 9)), metadata={"axes": "YX", "PhysicalSizeX": float(n)}
            )
    return path


@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_of_several_series_one_can_be_chosen(tmp_path, of_three, capsys, output):
    argv = [str(of_three), "--colors", "4", "--output", str(tmp_path / output)]
    expected = {
        (): (
            (5, 9),
            f"{of_three}: It holds 3 series (0: Image0, 5 x 9; 1: Image1, 6 x 9; 2: "
            "Image2, 7 x 9), and series 0 was taken: choose by --series.\n",
        ),
        ("--series", "0", "--force"): ((5, 9), ""),  # it was chosen
        ("--series", "1", "--force"): ((6, 9), ""),
    }
    for options, (shape, note) in expected.items():
        assert main([*argv, *options]) == 0
        assert capsys.readouterr().err == note
        if output == "out":
            with Image.open(tmp_path / "out" / "three.ome-4-colors.png") as file:
                found = file.size[::-1]
        else:
            found = zarr.open_group(tmp_path / output, mode="r")["0"].shape[-2:]
        assert tuple(found) == shape
    assert main([*argv, "--series", "3", "--force"]) == 1
    assert capsys.readouterr().err == (
        f"{of_three}: it holds 3 series, and series 3 was asked for: the last one is "
        "2, as they are counted from 0.\n"
    )


def test_of_damaged_ome_xml_the_pixels_are_read_with_a_word(tmp_path, of_three):
    data = of_three.read_bytes()
    assert data.count(b"</Image>") == 3
    of_three.write_bytes(data.replace(b"</Image>", b"</Imago>"))
    image, info = open_picture(of_three, series=2)
    assert np.array_equal(image, noise((7, 9)))
    assert (info.scale, info.units, info.channels) == (None, None, ())
    (note,) = info.notes
    assert note.startswith("Its OME-XML is damaged: the size of a pixel and the")


def test_a_picture_has_one_series(tmp_path, capsys):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    argv = [str(tmp_path / "a.png"), "--output", str(tmp_path), "--series"]
    assert main([*argv, "0"]) == 0
    assert main([*argv, "1", "--force"]) == 1
    assert "holds one picture, and series 1 was asked for" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "white"),
    [
        ({}, None),
        ({"ome": True, "metadata": {"axes": "YX", "SignificantBits": 12}}, 4095),
        ({"extratags": [(281, 3, 1, 1023, True)]}, 1023),
        ({"extratags": [(281, 3, 1, 1000, True)]}, None),  # a statistic
    ],
)
def test_bits_that_are_used_say_what_white_is(tmp_path, options, white):
    tiff(noise((9, 8), "u2"), **options)(tmp_path / "a.tif")
    assert open_picture(tmp_path / "a.tif")[1].data_range == white


# ---------------------------------------------------------------- sizes and names


@pytest.mark.parametrize(
    ("image", "options", "axes", "scale", "units"),
    [
        (GREY, {}, "yx", None, None),
        (
            GREY,
            {"resolution": (20000, 10000), "resolutionunit": "CENTIMETER"},
            "yx",
            (1e-4, 5e-5),
            ("centimeter",) * 2,
        ),
        (GREY, {"resolution": (300, 300), "resolutionunit": "INCH"}, "yx", None, None),
        (
            STACK[..., 0],
            {
                "imagej": True,
                "resolution": (4, 2),
                "metadata": {"axes": "ZYX", "unit": "um", "spacing": 3.0},
            },
            "zyx",
            (3, 0.5, 0.25),
            ("micrometer",) * 3,
        ),
        (
            STACK[..., 0],
            {
                "imagej": True,
                "metadata": {"axes": "TYX", "unit": "pixel", "finterval": 2.5},
            },
            "tyx",
            (2.5, 1, 1),
            ("second", None, None),
        ),
        (
            STACK[..., 0],
            {
                "ome": True,
                "metadata": {
                    "axes": "TYX",
                    "PhysicalSizeX": 0.5,
                    "TimeIncrement": 20,
                    "TimeIncrementUnit": "ms",
                },
            },
            "tyx",
            (20, 1, 0.5),
            ("millisecond", None, "micrometer"),
        ),
    ],
)
def test_sizes_of_pixels(tmp_path, image, options, axes, scale, units):
    tiff(image, **options)(tmp_path / "a.tif")
    _, info = open_picture(tmp_path / "a.tif")
    assert (info.axes, info.units) == (axes, units)
    assert info.scale == (None if scale is None else pytest.approx(scale))
    with open_slide(tmp_path / "a.tif") as slide:
        assert (slide.info.axes, slide.info.units) == (axes, units)
        assert slide.scales == (None if scale is None else (info.scale,))


@pytest.mark.parametrize(
    "options",
    [
        {
            "ome": True,
            "metadata": {"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}},
        },
        {"imagej": True, "metadata": {"axes": "CYX", "Labels": ["DAPI", "GFP"]}},
    ],
)
def test_names_of_channels_reach_the_palette_and_the_ome_zarr(tmp_path, options):
    tiff(noise((2, 9, 8), "u2"), **options)(tmp_path / "a.tif")
    for output in ("out", "out.zarr"):
        argv = [str(tmp_path / "a.tif"), "--output", str(tmp_path / output)]
        assert main([*argv, "--colors", "4"]) == 0
    table = (tmp_path / "out" / "a-4-colors.csv").read_text()
    assert "DAPI,GFP" in table.splitlines()[0]
    assert len(Palette.load(tmp_path / "out" / "a-4-colors.csv")) == 4
    _, info = open_picture(tmp_path / "out" / "a-4-colors.tif")
    assert info.channels == ("DAPI", "GFP")
    ome = zarr.open_group(tmp_path / "out.zarr", mode="r").attrs["ome"]
    assert [one["label"] for one in ome["omero"]["channels"]] == ["DAPI", "GFP"]


# ---------------------------------------------------------------- block by block


@given(st.data())
def test_a_part_is_converted_as_the_whole_is(data):
    n = data.draw(st.integers(2, 4))
    place = data.draw(st.integers(0, n - 1))
    shape = [data.draw(st.integers(1, 5)) for _ in range(n)]
    shape[place] = 4
    numbers = noise(shape, seed=1)
    conversion = Conversion(
        samples_axis=place,
        samples=data.draw(st.sampled_from([(0, 1, 2), (0, 0, 0, 3), (0, 1, 2, 3)])),
        white_is_zero=data.draw(st.sampled_from([None, 255])),
    )
    array = ConvertedArray(zarr.array(numbers), conversion)
    whole = conversion.apply(numbers)
    assert array.shape == whole.shape
    part = tuple(
        slice(*sorted(data.draw(st.tuples(*[st.integers(0, size)] * 2))))
        for size in whole.shape
    )
    assert np.array_equal(array[part], whole[part])
