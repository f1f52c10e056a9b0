"""Pictures and labels in files that say what they hold: read by tifffile and ImageJ."""

from __future__ import annotations

import csv
from xml.etree import ElementTree

import dask.array as da
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_colorquant import (
    Palette,
    apply_palette,
    quantize,
    quantize_slices,
    save_labels,
    save_picture,
)
from napari_colorquant.cli import main
from napari_colorquant.core.palette.appearance import appearance, hex_of
from napari_colorquant.files.images import save as save_module
from napari_colorquant.files.images.calibration import read_units
from napari_colorquant.files.images.info import PictureInfo
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.images.write import write_indices
from saved import noise

MICROMETERS = {"scale": 0.5, "units": "um"}
UM = ("micrometer",) * 3


def indices_of(q):
    return np.where(q.labels == 0, len(q.palette), np.asarray(q.labels) - 1.0)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_labels_have_colors_and_the_size_of_a_pixel(tmp_path, suffix):
    image = noise((9, 8, 4))
    image[..., 3] = np.where(image[..., 3] < 99, 0, 255)
    q = quantize(image, 5)
    path = tmp_path / f"a{suffix}"
    save_labels(path, q, scale=(0.5, 0.25), units="um")
    with Image.open(path) as file:
        assert file.mode == "P"
        assert np.array_equal(np.asarray(file), indices_of(q))
        shown = np.asarray(file.convert("RGB"))
        dpi = file.info["dpi"]
    quantized = q.labels > 0
    assert np.array_equal(shown[quantized], q.image[quantized][:, :3])
    assert dpi == pytest.approx((25400 / 0.25, 25400 / 0.5), rel=1e-3)
    if suffix == ".tif":
        _, info = open_picture(path)
        assert (info.axes, info.scale, info.units) == ("yx", (0.5, 0.25), UM[:2])


@pytest.mark.parametrize(
    ("image", "options", "suffix", "axes", "channel_axis"),
    [
        (noise((9, 8)), {"channel_axis": None}, ".tif", "yx", None),
        (noise((9, 8, 3)), {}, ".tif", "yx", -1),
        (noise((9, 8, 4)), {}, ".tif", "yx", -1),
        (noise((9, 8, 3), "u2"), {}, ".tif", "yx", -1),
        (noise((4, 9, 8, 3)), {}, ".tif", "zyx", -1),
        (noise((4, 9, 8), "f4"), {"channel_axis": None}, ".tif", "zyx", None),
        (noise((2, 9, 8), "u2"), {"channel_axis": 0}, ".tif", "yx", 0),
        (noise((4, 2, 9, 8), "u2"), {"channel_axis": 1}, ".tif", "zyx", 1),
        (noise((9, 8, 5), "u2"), {"channel_axis": 2}, ".tif", "yx", 2),
    ],
)
def test_a_picture_keeps_its_pixels_axes_and_sizes(
    tmp_path, image, options, suffix, axes, channel_axis
):
    q = quantize(image, 4, **options)
    path = tmp_path / f"a{suffix}"
    save_picture(path, q, **MICROMETERS)
    read, info = open_picture(path)
    assert read.dtype == image.dtype
    assert np.array_equal(read, q.image)
    assert (info.axes, info.channel_axis) == (axes, channel_axis)
    assert (info.scale, info.units) == ((0.5,) * len(axes), UM[: len(axes)])


def test_three_channels_of_data_are_shown_over_their_range(tmp_path):
    """Not from 0 to white of RGB, where 12 bits in 16 would be nearly black."""
    image = noise((3, 9, 8), "u2") // 16
    q = quantize(image, 4, channel_axis=0)
    expected = appearance(q.palette, rgb=False)[:, :3]
    assert expected.max() == 255
    save_labels(tmp_path / "a.tif", q)
    with Image.open(tmp_path / "a.tif") as file:
        assert np.array_equal(np.asarray(file.convert("RGB")), expected[q.labels - 1])
    tifffile.imwrite(
        tmp_path / "b.tif", image, photometric="minisblack", metadata={"axes": "CYX"}
    )
    out = tmp_path / "out"
    options = ["--colors", "4", "--output", str(out)]
    assert main([str(tmp_path / "b.tif"), *options]) == 0
    rows = csv.DictReader((out / "b-4-colors.csv").read_text().splitlines())
    assert [row["hex"] for row in rows] == [hex_of(color) for color in expected]
    with Image.open(out / "b-4-indices.png") as file:
        assert np.array_equal(np.asarray(file.convert("RGB")), expected[q.labels - 1])


def test_a_unit_that_png_cannot_have_is_left_out(tmp_path):
    q = quantize(noise((9, 8, 3)), 4)
    for number, options in enumerate(({}, {"scale": 2}, {"scale": 3, "units": "m"})):
        save_picture(tmp_path / f"{number}.png", q, **options)
        with Image.open(tmp_path / f"{number}.png") as file:
            assert "dpi" not in file.info


@pytest.mark.parametrize("unit", ["pm", "nm", "mm", "m", "inch", "angstrom", "km"])
def test_every_unit_comes_back(tmp_path, unit):
    save_labels(tmp_path / "a.tif", quantize(noise((9, 8, 3)), 4), scale=3, units=unit)
    info = open_picture(tmp_path / "a.tif")[1]
    assert (info.scale, info.units) == ((3, 3), read_units(unit, 2))


def test_a_time_lapse_of_palettes_a_slice(tmp_path):
    q = quantize_slices(noise((3, 9, 8, 3)), 4, slice_axis=0)
    options = {"axes": "tyx", "scale": (2, 1, 1), "units": ("s", "um", "um")}
    save_labels(tmp_path / "a.tif", q, **options)
    save_picture(tmp_path / "b.tif", q, **options)
    for name in "ab":
        info = open_picture(tmp_path / f"{name}.tif")[1]
        assert (info.axes, info.scale) == ("tyx", (2, 1, 1))
        assert info.units == ("second", "micrometer", "micrometer")
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), indices_of(q))
    assert np.array_equal(open_picture(tmp_path / "b.tif")[0], q.image)


def ramp(*shape):
    """Return greys from 0 to 255 over the last axis, the same in all rows."""
    return np.broadcast_to(np.linspace(0, 255, shape[-1]).round(), shape).astype("u1")


@pytest.mark.parametrize("is_color", [True, False])
def test_a_dithered_picture_has_two_colors_that_mix_to_all_between(tmp_path, is_color):
    image, axis = ramp(64, 256), None
    if is_color:
        image, axis = np.stack([image, image, 255 - image], axis=-1), -1
    ends = image[:1, [0, -1]].reshape(2, -1).astype(float)
    q = apply_palette(image, Palette(ends), channel_axis=axis)
    path, options = tmp_path / "a.png", {"image": image, "dither": "floyd-steinberg"}
    save_picture(path, q, **options)
    with Image.open(path) as file:
        drawn = np.asarray(file)
    colors = np.unique(drawn.reshape(-1, ends.shape[1]), axis=0)
    assert sorted(colors.tolist()) == sorted(ends.tolist())
    # Means of 16 x 16 pixels are those of the image; without dithering, they are not.
    drawn, own, plain = (
        one.reshape(4, 16, 16, 16, -1).mean((1, 3)) for one in (drawn, image, q.image)
    )
    np.testing.assert_allclose(drawn, own, atol=8)
    assert np.abs(plain - own).max() > 100


def test_dithering_leaves_alpha_and_what_is_not_quantized(tmp_path):
    image = noise((9, 8, 4))
    image[:4, :, 3] = 0
    image[4:, :, 3] = 200
    q = quantize(image, 3)
    options = {"image": image, "dither": "floyd-steinberg"}
    save_picture(tmp_path / "a.tif", q, **options)
    drawn = tifffile.imread(tmp_path / "a.tif")
    assert np.array_equal(drawn[:4], image[:4])
    assert np.array_equal(drawn[..., 3], image[..., 3])
    colors = {tuple(color) for color in q.palette.drawn(np.uint8).tolist()}
    assert {
        tuple(color) for color in drawn[4:, :, :3].reshape(-1, 3).tolist()
    } == colors
    assert not np.array_equal(drawn, q.image)


def test_planes_of_a_stack_are_dithered_one_by_one(tmp_path):
    stack = np.stack([noise((9, 8, 3)), ramp(9, 8)[..., np.newaxis].repeat(3, -1)])
    q = quantize(stack, 4)
    save_picture(tmp_path / "a.tif", q, image=stack, dither="floyd-steinberg")
    both = open_picture(tmp_path / "a.tif")[0]
    for i, plane in enumerate(stack):
        one, name = apply_palette(plane, q.palette.unlearned()), tmp_path / f"{i}.tif"
        lazy = da.from_array(plane)
        save_picture(name, one, image=lazy, dither="floyd-steinberg")
        assert np.array_equal(tifffile.imread(name), both[i])


def test_what_cannot_be_dithered_is_refused(tmp_path):
    image, way = noise((20, 20, 3)), "floyd-steinberg"
    q, many = quantize(image, 4), quantize(image, 300)
    slices = quantize_slices(noise((2, 9, 8, 3)), 4, slice_axis=0)
    channels = noise((3, 9, 8))
    planes = quantize(channels, 4, channel_axis=0)
    for quantization, options, message in (
        (q, {"dither": "bayer"}, "dither is 'bayer': pass None or 'floyd-steinberg'"),
        (q, {"dither": way}, "dithering needs the image: pass image= as well"),
        (q, {"image": image}, "image is only to dither: pass dither= too"),
        (q, {"dither": way, "image": image[1:]}, r"image has the shape \(19, 20, 3\)"),
        (q, {"dither": way, "image": image / 255}, "3 channels of float64: save it"),
        (many, {"dither": way, "image": image}, "at most 256 colors, .* has 300"),
        (planes, {"dither": way, "image": channels}, "3 channels of uint8: save it"),
        (slices, {"dither": way, "image": image}, "slices with palettes of their own"),
    ):
        with pytest.raises(ValueError, match=message):
            save_picture(tmp_path / "a.png", quantization, **options)
    assert not (tmp_path / "a.png").exists()


def test_the_shell_dithers_the_picture_alone(tmp_path):
    path, plain, dithered = (tmp_path / name for name in ("a.png", "plain", "dithered"))
    image = noise((30, 20, 3))
    Image.fromarray(image).save(path)
    for folder, more in ((plain, []), (dithered, ["--dither", "floyd-steinberg"])):
        assert main([str(path), "--colors", "4", "-o", str(folder), *more]) == 0
    other = {
        one.name
        for one in plain.iterdir()
        if one.read_bytes() != (dithered / one.name).read_bytes()
    }
    assert other == {"a-4-colors.png"}
    options = {"image": image, "dither": "floyd-steinberg"}
    save_picture(tmp_path / "b.png", quantize(image, 4), **options)
    drawn = open_picture(dithered / "a-4-colors.png")[0]
    assert np.array_equal(drawn, open_picture(tmp_path / "b.png")[0])


def test_a_lazy_result_is_computed_or_refused(tmp_path, monkeypatch):
    image = noise((9, 8, 3))
    lazy = quantize(da.from_array(image, chunks=(5, 4, 3)), 4)
    save_labels(tmp_path / "a.png", lazy)
    with Image.open(tmp_path / "a.png") as file:
        assert np.array_equal(np.asarray(file) + 1, np.asarray(lazy.labels))
    monkeypatch.setattr(save_module, "MOST_BYTES", 10)
    for save, what in ((save_labels, "labels"), (save_picture, "picture")):
        with pytest.raises(ValueError, match=f"the {what} would take .*save_ome_zarr"):
            save(tmp_path / "b.tif", lazy)
    assert not (tmp_path / "b.tif").exists()


@pytest.mark.parametrize("save", [save_labels, save_picture])
@pytest.mark.parametrize(
    ("path", "options", "error", "sentence"),
    [
        ("a.tif", {"units": "wide"}, ValueError, "units is 'wide'"),
        ("a.tif", {"scale": "ab"}, TypeError, "scale is 'ab'"),
        ("a.tif", {"scale": (1, 2, 3)}, ValueError, "scale has 3 values"),
        ("a.tif", {"axes": "yz"}, ValueError, "the axes are 'yz'"),
        ("a.jpg", {}, ValueError, r"the suffix '\.jpg'"),
    ],
)
def test_mistakes_are_sentences_and_no_file(
    tmp_path, save, path, options, error, sentence
):
    q = quantize(noise((9, 8, 3)), 4)
    with pytest.raises(error, match=sentence):
        save(tmp_path / path, q, **options)
    with pytest.raises(TypeError, match="quantization is a list"):
        save(tmp_path / path, [q])
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- in a shell


@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_a_shell_says_the_size_that_a_file_does_not(tmp_path, capsys, output):
    Image.fromarray(noise((9, 8, 3))).save(tmp_path / "a.png")
    argv = [str(tmp_path / "a.png"), "--colors", "4", "--output"]
    target = tmp_path / output
    assert main([*argv, str(target), "--scale", "0.5,0.25", "--units", "um"]) == 0
    assert capsys.readouterr().err == ""
    if output == "out":
        with Image.open(target / "a-4-indices.png") as file:
            dpi = file.info["dpi"]
        assert dpi == pytest.approx((25400 / 0.25, 25400 / 0.5), rel=1e-3)
    else:
        import zarr

        about = zarr.open_group(target, mode="r").attrs["ome"]["multiscales"][0]
        assert [axis.get("unit") for axis in about["axes"]] == [None, *UM[:2]]
        (place,) = about["datasets"][0]["coordinateTransformations"]
        assert place["scale"] == [1, 0.5, 0.25]


def test_a_unit_of_no_size_is_refused(tmp_path, capsys):
    q = quantize(noise((8, 9, 3)), 4)
    for save in (save_labels, save_picture):
        with pytest.raises(
            ValueError, match=r"^units is given without the size of a p"
        ):
            save(tmp_path / "a.tif", q, units="um")
    Image.fromarray(noise((8, 9, 3))).save(tmp_path / "b.png")
    for output in ("out", "out.zarr"):
        call = [str(tmp_path / "b.png"), "--units", "um", "--output"]
        assert main([*call, str(tmp_path / output)]) == 1
        assert capsys.readouterr().err.endswith(
            "b.png: --units is given without the size of a pixel: pass --scale too.\n"
        )


@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_a_size_of_the_shell_wins_with_a_word(tmp_path, capsys, output):
    about = {"axes": "YX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
    tifffile.imwrite(tmp_path / "a.tif", noise((9, 8)), metadata=about, ome=True)
    argv = [str(tmp_path / "a.tif"), "--colors", "4", "--scale", "2", "--units", "nm"]
    assert main([*argv, "--output", str(tmp_path / output)]) == 0
    assert capsys.readouterr().err == (
        f"{tmp_path / 'a.tif'}: The file says that a pixel is 0.25 x 0.25 micrometer: "
        "2 x 2 nanometer is taken.\n"
    )


def test_what_imagej_wrote_stays_imagejs(tmp_path):
    about = {"axes": "ZYX", "unit": "um", "spacing": 3.0}
    options = {"imagej": True, "resolution": (2, 2)}
    tifffile.imwrite(
        tmp_path / "a.tif", noise((4, 9, 8), "u2"), metadata=about, **options
    )
    assert (
        main([str(tmp_path / "a.tif"), "--colors", "4", "--output", str(tmp_path)]) == 0
    )
    for kind in ("colors", "indices"):
        path = tmp_path / f"a-4-{kind}.tif"
        with tifffile.TiffFile(path) as file:
            assert file.is_imagej
            assert file.series[0].axes == "ZYX"
            is_indexed = file.pages[0].photometric.name == "PALETTE"
        assert is_indexed == (kind == "indices")
        info = open_picture(path, None)[1]
        assert (info.axes, info.scale, info.units) == ("zyx", (3, 0.5, 0.5), UM)


# ---------------------------------------------------------------- names


@pytest.mark.parametrize("is_imagej", [False, True])
def test_labels_say_what_their_entries_are_called(tmp_path, is_imagej):
    names, classes = ["Zelle µ", "", "a\x00\nb", ""], ["DAB", "DAB", "", ""]
    palette = Palette(np.eye(4, 3) * 255, names=names, classes=classes, units="uint8")
    q = apply_palette(noise((9, 8, 3)), palette)
    um = PictureInfo(None, "yx", (0.5, 0.5), UM[:2], is_imagej=is_imagej)
    write_indices(tmp_path / "a.tif", q.labels, palette, info=um)
    told = "Palette indices:\n0 is Zelle µ (DAB)\n1 is DAB\n2 is a  b"
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        if is_imagej:
            assert file.imagej_metadata["Info"] == told
        else:
            (image,) = ElementTree.fromstring(file.ome_metadata).findall("{*}Image")
            assert image.findtext("{*}Description") == told
        np.testing.assert_array_equal(file.asarray(), indices_of(q))
    _, info = open_picture(tmp_path / "a.tif")
    assert (info.scale, info.units) == ((0.5, 0.5), UM[:2])
