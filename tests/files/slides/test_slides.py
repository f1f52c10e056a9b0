from __future__ import annotations

import pickle
import re

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import example, given
from hypothesis import strategies as st

from napari_colorquant import quantize, save_ome_zarr
from napari_colorquant.core.palette.appearance import ShownChannel
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.slides.open import is_slide, open_slide
from saved import noise
from slides import TAKEN_AS_RGB, save_channels


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_an_ome_zarr_is_opened_with_all_that_it_says(tmp_path, version):
    path = tmp_path / "a.zarr"
    q = quantize(noise((2, 1100, 30, 3)), 4)
    units = (None, "micrometer", "micrometer")
    save_ome_zarr(
        path, q, version=version, scale=(3, 2, 1), translate=(0, 5, 7), units=units
    )
    with open_slide(path) as slide:
        assert [level.shape for level in slide.levels] == [
            (2, 1100, 30, 3),
            (2, 550, 15, 3),
        ]
        assert (slide.info.channel_axis, slide.info.axes) == (-1, "zyx")
        assert slide.info.notes == (TAKEN_AS_RGB,)
        assert slide.scales == ((3, 2, 1), (3, 4, 2))
        assert slide.translations == ((0, 5, 7), (0, 5, 7))
        assert slide.info.units == units
        assert slide.channels == tuple(
            ShownChannel(name, color, 0, 255)
            for name, color in (
                ("red", "FF0000"),
                ("green", "00FF00"),
                ("blue", "0000FF"),
            )
        )
        assert np.array_equal(slide.levels[0][:], q.image)


@pytest.mark.parametrize(
    ("is_rgb", "shown"),
    [
        (True, {}),
        (True, {"colors": ("ff0000", "00ff00", "0000ff")}),
        (True, {"windows": ((3, 255),) * 3, "names": ("Red", "green ", "BLUE")}),
        (False, {"windows": ((3, 255), (0, 255), (0, 255))}),
        (False, {"colors": ("0000FF", "00FF00", "FF0000")}),
        (False, {"colors": ("FFFFFF",) * 3, "names": ("red", "green", "blue")}),
        (False, {"active": False}),
        (False, {"dtype": "uint16"}),
        (False, {"n": 2}),
        (False, {"n": 4}),
        (False, None),
    ],
    ids=str,
)
def test_channels_are_rgb_where_the_file_shows_them_as_rgb(tmp_path, is_rgb, shown):
    image = save_channels(tmp_path / "a.zarr", shown)
    with open_slide(tmp_path / "a.zarr") as slide:
        assert slide.info.channel_axis == (-1 if is_rgb else 0)
        assert slide.info.notes == ((TAKEN_AS_RGB,) if is_rgb else ())
        expected = np.moveaxis(image, 0, -1) if is_rgb else image
        assert np.array_equal(slide.levels[0][:], expected)
    for asked in ({"rgb": False}, {"channel_axis": 0}):
        with open_slide(tmp_path / "a.zarr", **asked) as slide:
            assert (slide.info.channel_axis, slide.info.notes) == (0, ())
            assert np.array_equal(slide.levels[0][:], image)


def test_the_user_says_that_channels_are_rgb(tmp_path):
    path = tmp_path / "a.zarr"
    image = np.moveaxis(save_channels(path, None), 0, -1)
    zarr.save_array(tmp_path / "plain.zarr", np.moveaxis(image, -1, 1))
    tifffile.imwrite(
        tmp_path / "a.tif",
        np.moveaxis(image, -1, 0),
        photometric="minisblack",
        metadata={"axes": "CYX"},
        tile=(16, 16),
    )
    for name, axis in (("a.zarr", "auto"), ("plain.zarr", 1), ("a.tif", "auto")):
        with open_slide(tmp_path / name, axis, rgb=True) as slide:
            (level,) = slide.levels
            assert (slide.info.channel_axis, slide.info.axes) == (-1, "yx")
            assert slide.info.notes == ()  # the user knows it
            sent = pickle.loads(pickle.dumps(level))  # as to a worker of a cluster
            for part in ((), np.s_[3:20, 8:], np.s_[:, :, 1:], 5, np.s_[2:4, -1, 2]):
                assert np.array_equal(level[part], image[part])
                assert np.array_equal(sent[part], image[part])
    pixels, info = open_picture(tmp_path / "a.tif", rgb=True)
    assert np.array_equal(pixels, image)
    assert (info.channel_axis, info.axes) == (-1, "yx")


@pytest.mark.parametrize("read", [open_picture, open_slide])
def test_colors_of_a_picture_are_channels_of_data_if_the_user_says_so(tmp_path, read):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, noise((20, 30, 3)), photometric="rgb")
    if read is open_picture:
        _, info = read(path, rgb=False)
    else:
        with read(path, rgb=False) as slide:
            info = slide.info
    assert info.channel_axis == 2  # a number is that of channels of data


@pytest.mark.parametrize(
    ("shape", "axes", "sentence"),
    [
        ((20, 30), "YX", "it has no channels that could be red, green and blue."),
        (
            (2, 20, 30),
            "CYX",
            "it has 2 channels, and red, green and blue are 3, or 4 with opacity.",
        ),
    ],
)
def test_what_cannot_be_rgb_is_refused(tmp_path, shape, axes, sentence):
    path = tmp_path / "a.tif"
    options = {"photometric": "minisblack", "metadata": {"axes": axes}}
    tifffile.imwrite(path, noise(shape), **options)
    with pytest.raises(ValueError, match=f"{re.escape(sentence)}$"):
        open_picture(path, rgb=True)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        open_slide(path, rgb=True).__enter__()


def test_axes_are_known_by_their_type(tmp_path):
    group = zarr.create_group(tmp_path / "a.zarr", zarr_format=2)
    group.create_array("x", shape=(2, 3, 4, 5), dtype="u1")
    axes = [
        {"name": "hour", "type": "time", "unit": "hour"},
        {"name": "dye", "type": "channel"},
        {"name": "row", "type": "space"},
        {"name": "column", "type": "space"},
    ]
    each = [{"type": "translation", "translation": [1, 0, 2, 3]}]
    every = [{"type": "scale", "scale": [10, 1, 4, 5]}]
    group.attrs["multiscales"] = [
        {
            "version": "0.4",
            "axes": axes,
            "datasets": [{"path": "x", "coordinateTransformations": each}],
            "coordinateTransformations": every,
        }
    ]
    with open_slide(tmp_path / "a.zarr") as slide:
        assert (slide.info.channel_axis, slide.info.axes, slide.channels) == (
            1,
            "tyx",
            (),
        )
        assert slide.scales == ((10, 4, 5),)
        assert slide.translations == ((10, 8, 15),)
        assert slide.info.units == ("hour", None, None)
    with open_slide(tmp_path / "a.zarr", 1) as slide:
        assert slide.info.channel_axis == 1
    with (
        pytest.raises(ValueError, match="its channels are in the axis 1, not 0"),
        open_slide(tmp_path / "a.zarr", 0),
    ):
        pass


def test_an_array_of_zarr_says_nothing(tmp_path):
    zarr.create_array(tmp_path / "grey.zarr", shape=(9, 8), dtype="u2")
    zarr.create_array(tmp_path / "rgb.zarr", shape=(9, 8, 3), dtype="u1")
    for name, asked, axis, axes in (
        ("grey", "auto", None, "yx"),
        ("rgb", "auto", -1, "yx"),
        ("rgb", None, None, "zyx"),
        ("rgb", 0, 0, "yx"),
    ):
        with open_slide(tmp_path / f"{name}.zarr", asked) as slide:
            assert (slide.info.channel_axis, slide.info.axes) == (axis, axes)
            assert (slide.scales, slide.info.units, slide.channels) == (None, None, ())


@pytest.mark.parametrize("tiled", [True, False])
def test_a_tiff_is_opened_without_being_read(tmp_path, tiled):
    image = noise((70, 90, 3))
    options = {"tile": (32, 32)} if tiled else {"rowsperstrip": 8}
    tifffile.imwrite(tmp_path / "a.tif", image, photometric="rgb", **options)
    with open_slide(tmp_path / "a.tif") as slide:
        (level,) = slide.levels
        assert level.chunks == ((32, 32, 3) if tiled else (8, 90, 3))
        assert (slide.info.channel_axis, slide.info.axes) == (-1, "yx")
        assert np.array_equal(level[:], image)


def test_a_tiff_of_several_levels(tmp_path):
    image = noise((64, 96, 3))
    with tifffile.TiffWriter(tmp_path / "a.tif") as tiff:
        for step in (1, 2, 4):
            more = {"subifds": 2} if step == 1 else {"subfiletype": 1}
            tiff.write(image[::step, ::step], tile=(16, 16), photometric="rgb", **more)
    with open_slide(tmp_path / "a.tif") as slide:
        for step, level in zip((1, 2, 4), slide.levels, strict=True):
            assert np.array_equal(level[:], image[::step, ::step])


def test_an_ome_tiff_says_its_axes_and_the_size_of_a_pixel(tmp_path):
    about = {
        "axes": "ZCYX",
        "PhysicalSizeX": 0.25,
        "PhysicalSizeXUnit": "µm",
        "PhysicalSizeY": 500,
        "PhysicalSizeYUnit": "nm",
    }
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, noise((2, 3, 40, 50), "uint16"), metadata=about)
    with open_slide(path) as slide:
        assert (slide.info.channel_axis, slide.info.axes) == (1, "zyx")
        assert slide.scales == ((1, 500, 0.25),)
        assert slide.info.units == (None, "nanometer", "micrometer")


OPTIONS = [
    {},
    {"compression": "zlib", "tile": (16, 16)},
    {"metadata": None},
    {"ome": True, "metadata": {"axes": "ZYX"}},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_tiff_cut_off_is_never_read_as_less_than_it_was(tmp_path, options):
    image, path = noise((6, 40, 50)), tmp_path / "a.tif"
    tifffile.imwrite(path, image, photometric="minisblack", **options)
    data = path.read_bytes()
    n_refused = 0
    for length in range(8, len(data), len(data) // 40):
        path.write_bytes(data[:length])
        try:
            with open_slide(path) as slide:
                read = slide.levels[0][(slice(None),) * 3]
        except ValueError as error:
            assert re.match(  # noqa: PT017, both may happen
                r"cannot be read as a TIFF: it is damaged\.|its pixels \[", str(error)
            )
            n_refused += 1
        else:  # what is missing holds no pixel
            assert np.array_equal(read, image)
    assert n_refused >= 25


@pytest.mark.parametrize("options", OPTIONS)
@given(changes=st.lists(st.tuples(st.integers(8, 900), st.binary(max_size=4))))
@example(changes=[(55, b"\x01"), (147, bytes(4))])  # tiles that are 0 pixels wide
def test_a_damaged_tiff_is_a_slide_or_an_error(tmp_path_factory, options, changes):
    path = tmp_path_factory.mktemp("damaged") / "a.tif"
    tifffile.imwrite(path, noise((2, 8, 9)), photometric="minisblack", **options)
    data = bytearray(path.read_bytes())
    for offset, new in changes:
        data[offset : offset + len(new)] = new
    path.write_bytes(data)
    try:
        with open_slide(path) as slide:
            assert slide.levels[0].shape
    except (TypeError, ValueError) as error:
        assert str(error).endswith(".")  # noqa: PT017, both may happen


def test_an_ome_tiff_whose_metadata_are_cut_off_is_read_with_a_note(tmp_path):
    path, image = tmp_path / "a.ome.tif", noise((9, 8))
    tifffile.imwrite(path, image, metadata={"axes": "YX"})
    path.write_bytes(path.read_bytes().replace(b"</Pixels>", b"</Pixel >"))
    with open_slide(path) as slide:
        np.testing.assert_array_equal(slide.levels[0][:, :], image)
        assert slide.info.notes == (
            "Its OME-XML is damaged: the size of a pixel and the names of channels "
            "that it may say are not known.",
        )


def test_what_can_be_read_in_parts(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", noise((9, 8)))
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    assert is_slide(tmp_path / "a.tif")
    assert is_slide(tmp_path)
    assert is_slide("https://example.org/a.zarr")
    assert not is_slide(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("attributes", "sentence"),
    [
        ({}, "is a group of zarr without an image of OME-Zarr"),
        ({"plate": {}}, "is a plate of many images: pass one of them"),
        ({"multiscales": []}, "its metadata of OME-Zarr are damaged"),
        ({"multiscales": [{"axes": ["y", "x"]}]}, "its OME-Zarr is older than 0.4"),
        (
            {"multiscales": [{"axes": [{"name": "y"}], "datasets": [{"path": "no"}]}]},
            "its metadata of OME-Zarr are damaged",
        ),
        (
            {"multiscales": [{"axes": [{"name": "y"}], "datasets": [{"path": "a"}]}]},
            "its metadata of OME-Zarr are damaged",
        ),
        ({"bioformats2raw.layout": 3}, "its metadata of OME-Zarr are damaged"),
        *(
            (
                {
                    "multiscales": [
                        {
                            "axes": [{"name": "y"}, {"name": "x"}],
                            "datasets": [
                                {
                                    "path": "a",
                                    "coordinateTransformations": [
                                        {"type": "scale", "scale": scale}
                                    ],
                                }
                            ],
                        }
                    ]
                },
                "its metadata of OME-Zarr are damaged",
            )
            for scale in ([1], ["?", 1])
        ),
    ],
)
def test_groups_that_are_no_image(tmp_path, attributes, sentence):
    group = zarr.create_group(tmp_path / "a.zarr")
    group.create_array("a", shape=(2, 3), dtype="u1")
    group.attrs["ome"] = attributes
    with pytest.raises(ValueError, match=sentence), open_slide(tmp_path / "a.zarr"):
        pass


def test_the_first_of_several_images_is_taken(tmp_path):
    q = quantize(noise((9, 8, 3)), 4)
    save_ome_zarr(tmp_path / "many.zarr", q, version="0.4")
    (tmp_path / "many").mkdir()
    (tmp_path / "many.zarr").rename(tmp_path / "many" / "0")
    group = zarr.open_group(tmp_path / "many", mode="a", zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    with open_slide(tmp_path / "many") as slide:
        assert slide.levels[0].shape == (9, 8, 3)


def test_what_is_no_zarr_and_no_tiff(tmp_path):
    (tmp_path / "zarr.json").write_text("{")
    for name in ("", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        with (
            pytest.raises(ValueError, match=r"there is no zarr|cannot be read as a z"),
            open_slide(tmp_path / name),
        ):
            pass
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    with (
        pytest.raises(ValueError, match="cannot be read as a TIFF: it is damaged"),
        open_slide(tmp_path / "a.tif"),
    ):
        pass
