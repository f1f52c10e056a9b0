from __future__ import annotations

import re
import struct
import zlib
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import PIL
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from PIL import Image

from napari_colorquant.files.images import read
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.images.write import (
    MAX_PNG_PIXELS,
    picture_suffix,
    write_picture,
)

DAMAGED = (
    "cannot be read as a picture: it is damaged, or of a format that neither tifffile "
    "nor imageio reads."
)


def read_picture(path):
    return open_picture(path)[0]


def ramp(shape, dtype="uint8"):
    """An array in which neighbours differ, over much of the dtype's range."""
    values = np.arange(np.prod(shape)).reshape(shape)
    if np.dtype(dtype).kind == "f":
        return (values / 7 - 3).astype(dtype)
    return (values * 251 % min(np.iinfo(dtype).max, 2**40)).astype(dtype)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and np.array_equal(a, b)


def refused(path):
    """Read a file that must be refused; return the sentence after its name."""
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: ")) as info:
        read_picture(path)
    return str(info.value).removeprefix(f"{path}: ")


def png(width, height, bits, color_type, data=b""):
    """A PNG with any header, as Pillow does not write 16-bit colors."""

    def chunk(kind, body):
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, body)
        for kind, body in [
            (b"IHDR", header),
            (b"IDAT", zlib.compress(data)),
            (b"IEND", b""),
        ]
    )


# ---------------------------------------------------------------- writing

WRITTEN = [
    ("uint8", (5, 4), ".png"),
    ("uint8", (5, 4, 3), ".png"),
    ("uint8", (5, 4, 4), ".png"),
    ("uint8", (1, 1), ".png"),
    ("uint16", (5, 4), ".png"),
    (">u2", (5, 4), ".png"),
    ("uint16", (5, 4, 3), ".tif"),
    ("uint8", (5, 4, 2), ".tif"),
    ("uint8", (3, 5, 4), ".png"),
    ("uint8", (3, 5, 6), ".tif"),
    ("uint8", (2, 5, 4, 3), ".tif"),
    ("uint16", (2, 3, 5, 6), ".tif"),
    ("int8", (5, 4), ".tif"),
    ("int16", (5, 4), ".tif"),
    ("uint32", (5, 4), ".tif"),
    ("int64", (5, 4), ".tif"),
    ("uint64", (5, 4, 4), ".tif"),
    ("float16", (5, 4), ".tif"),
    ("float32", (5, 4, 3), ".tif"),
    (">f4", (5, 4, 3), ".tif"),
    ("float64", (5, 4, 4), ".tif"),
]


@pytest.mark.parametrize(("dtype", "shape", "suffix"), WRITTEN)
def test_every_picture_has_a_format_that_keeps_it(tmp_path, dtype, shape, suffix):
    image = ramp(shape, dtype)
    assert picture_suffix(image) == suffix
    path = tmp_path / f"a{suffix}"
    write_picture(path, image)
    if suffix == ".png":
        with Image.open(path) as file:
            independent = np.asarray(file)
            assert file.format == "PNG"
    else:
        independent = tifffile.imread(path)
    native = image.astype(image.dtype.newbyteorder("="))
    assert same(independent.astype(native.dtype), native)
    assert same(read_picture(path).astype(native.dtype), native)
    assert independent.dtype.itemsize == image.dtype.itemsize
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("shape", "photometric", "extrasamples"),
    [
        ((5, 4), "MINISBLACK", ()),
        ((2, 5, 4), "RGB", (2,)),
        ((5, 4, 3), "RGB", ()),
        ((7, 5, 6), "MINISBLACK", ()),
    ],
)
def test_tiff_says_what_is_color_and_what_is_opacity(
    tmp_path, shape, photometric, extrasamples
):
    write_picture(tmp_path / "a.tif", ramp(shape, "float32"))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        page = file.pages[0]
        assert page.photometric.name == photometric
        assert page.extrasamples == extrasamples
        assert page.compression.name == "ADOBE_DEFLATE"


def test_a_picture_too_large_for_pillow_to_read_back_goes_into_tiff():
    def blank(height, width):
        return np.broadcast_to(np.uint8(0), (height, width))

    assert MAX_PNG_PIXELS == 2 * Image.MAX_IMAGE_PIXELS
    assert picture_suffix(blank(1, MAX_PNG_PIXELS)) == ".png"
    assert picture_suffix(blank(1, MAX_PNG_PIXELS + 1)) == ".tif"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.png", "PNG cannot hold float32 of shape (5, 4): use .tif."),
        (
            "a.jpg",
            "the suffix '.jpg' is none that pictures are written in: use .png or .tif.",
        ),
    ],
)
def test_a_format_that_would_lose_is_refused(tmp_path, name, sentence):
    path = tmp_path / name
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}: {sentence}") + "$"):
        write_picture(path, ramp((5, 4), "float32"))
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_no_file(tmp_path):
    with pytest.raises(OSError) as info:  # noqa: PT011, the file's name is checked
        write_picture(tmp_path / "missing" / "a.png", ramp((5, 4)))
    assert info.value.filename == str(tmp_path / "missing" / "a.png")
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("suffix", ["bmp", "jpg", "png", "ppm", "tif", "webp", "gif"])
def test_a_picture_is_what_imageio_reads(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    iio.imwrite(path, ramp((16, 24, 3)))
    expected = iio.imread(path)
    read = read_picture(str(path))
    assert read.shape == (16, 24, 3)
    assert np.array_equal(read, expected.reshape(read.shape))


def test_the_content_tells_the_format(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as stream:
        tifffile.imwrite(stream, ramp((2, 5, 4), "uint16"), photometric="minisblack")
    assert same(read_picture(path), ramp((2, 5, 4), "uint16"))
    write_picture(path, ramp((5, 4)))
    assert same(read_picture(path.rename(tmp_path / "a.tif")), ramp((5, 4)))
    assert same(read_picture((tmp_path / "a.tif").rename(tmp_path / "a")), ramp((5, 4)))


@pytest.mark.parametrize(
    "options", [{"imagej": True}, {"ome": True}, {"bigtiff": True}]
)
def test_stacks_keep_their_axes(tmp_path, options):
    stack = ramp((3, 2, 5, 6), "uint16")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack, photometric="minisblack", **options)
    assert same(read_picture(path), stack)


def test_an_indexed_picture_is_read_as_its_colors(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 0]], np.uint8))
    picture.putpalette([1, 2, 3, 40, 50, 60, 7, 8, 9])
    picture.save(tmp_path / "a.png")
    colors = np.array([[1, 2, 3], [40, 50, 60], [7, 8, 9]], np.uint8)
    assert same(read_picture(tmp_path / "a.png"), colors[[[0, 1], [2, 0]]])

    picture.save(tmp_path / "b.png", transparency=2)
    read = read_picture(tmp_path / "b.png")
    assert same(read[..., :3], colors[[[0, 1], [2, 0]]])
    assert read[..., 3].tolist() == [[255, 255], [0, 255]]


def test_transparency_becomes_an_alpha_channel(tmp_path):
    grey_and_alpha = ramp((5, 4, 2))
    Image.fromarray(grey_and_alpha).save(tmp_path / "a.png")
    assert same(read_picture(tmp_path / "a.png"), grey_and_alpha[..., [0, 0, 0, 1]])

    one_clear_color = np.array([[[7, 7, 7], [8, 8, 8]]], np.uint8)
    Image.fromarray(one_clear_color).save(tmp_path / "b.png", transparency=(7, 7, 7))
    read = read_picture(tmp_path / "b.png")
    assert read.tolist() == [[[7, 7, 7, 0], [8, 8, 8, 255]]]


@pytest.mark.parametrize("suffix", ["gif", "png"])
@pytest.mark.parametrize("n_frames", [1, 3])
def test_an_animation_is_a_stack_and_one_frame_a_picture(tmp_path, suffix, n_frames):
    frames = [Image.fromarray(np.full((8, 9, 3), 50 * i, np.uint8)) for i in range(3)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=n_frames > 1, append_images=frames[1:n_frames])
    read = read_picture(path)
    assert read.shape == ((8, 9, 3) if n_frames == 1 else (3, 8, 9, 3))
    assert np.unique(read).tolist() == [50 * i for i in range(n_frames)]


def test_a_picture_of_one_row_stays_one(tmp_path):
    write_picture(tmp_path / "a.png", ramp((1, 9, 3)))
    assert same(read_picture(tmp_path / "a.png"), ramp((1, 9, 3)))


def test_the_orientation_tag_is_not_applied(tmp_path):
    picture = Image.fromarray(ramp((8, 16, 3)))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees
    picture.save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (8, 16, 3)


# ---------------------------------------------------------------- what is refused


def test_cmyk_is_refused(tmp_path):
    sentence = "its colors are CMYK, not RGB: convert it to RGB first."
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg")
    assert refused(tmp_path / "a.jpg") == sentence
    tifffile.imwrite(tmp_path / "a.tif", ramp((8, 8, 4)), photometric="separated")
    assert refused(tmp_path / "a.tif") == sentence


@pytest.mark.parametrize("color_type", [2, 4, 6])
def test_16_bit_colors_are_refused_where_8_bits_would_be_read(tmp_path, color_type):
    n_bytes = {2: 6, 4: 4, 6: 8}[color_type]
    (tmp_path / "a.png").write_bytes(png(1, 1, 16, color_type, bytes(1 + n_bytes)))
    assert refused(tmp_path / "a.png") == (
        "a PNG with 16 bits a color channel, which would be read with 8: convert it to "
        "TIFF first."
    )


def test_16_bit_grey_is_read_in_full(tmp_path):
    (tmp_path / "a.png").write_bytes(png(2, 1, 16, 0, b"\0\x01\x02\xff\xfe"))
    assert same(read_picture(tmp_path / "a.png"), np.array([[258, 65534]], np.uint16))


@pytest.mark.parametrize("compression", ["lzw", "jpeg2000", "zstd"])
def test_the_compressions_of_scanners_are_read(tmp_path, compression):
    image = ramp((40, 50, 3))
    tifffile.imwrite(
        tmp_path / "a.tif", image, photometric="rgb", compression=compression
    )
    assert same(read_picture(tmp_path / "a.tif"), image)


@pytest.mark.skipif(
    Version(PIL.__version__) < Version("12"),
    reason="Pillow before 12 does not write which values are black and white",
)
def test_compressed_luma_and_chroma_are_read_as_other_programs_show_them(tmp_path):
    red = Image.new("RGB", (8, 8), (255, 0, 0)).convert("YCbCr")
    red.save(tmp_path / "a.tif", compression="tiff_lzw")
    assert read_picture(tmp_path / "a.tif")[0, 0].tolist() == [254, 0, 0]


def test_a_compression_that_is_not_installed_is_named(tmp_path, monkeypatch):
    def decode(*_, **__):
        raise ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")

    Image.fromarray(ramp((8, 8))).save(tmp_path / "a.tif", compression="tiff_lzw")
    monkeypatch.setattr(tifffile.TiffFile, "asarray", decode)
    assert refused(tmp_path / "a.tif") == (
        "its compression needs a package that is not installed: run `pip install "
        "imagecodecs`."
    )


def test_a_small_png_that_unpacks_to_fill_the_memory_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(png(2**20, 2**20, 8, 2))
    assert refused(tmp_path / "a.png") == (
        "it has more than 178,956,970 pixels, the most that is read of this format: "
        "convert it to TIFF first."
    )


def test_a_small_tiff_that_unpacks_to_fill_the_memory_is_refused(tmp_path):
    stream = BytesIO()
    tifffile.imwrite(stream, ramp((8, 8)), compression="zlib", metadata=None)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(BytesIO(data)) as file:
        for name in ("ImageWidth", "ImageLength"):
            offset = file.pages[0].tags[name].valueoffset
            data[offset : offset + 4] = struct.pack("<I", 60_000)
    (tmp_path / "a.tif").write_bytes(data)
    assert refused(tmp_path / "a.tif") == (
        "it claims to unpack to 3 GB, which no file of its size does: it is damaged."
    )


def test_an_animation_that_unpacks_to_fill_the_memory_is_refused(tmp_path, monkeypatch):
    large, other = (Image.new("P", (4000, 4000), n) for n in (0, 0))
    for picture in (large, other):
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0] + [0] * 759)
    other.putpixel((5, 5), 1)
    stream = BytesIO()
    large.save(stream, "GIF", save_all=True, append_images=[other], optimize=False)
    data = stream.getvalue()
    last = data.rindex(b"\x2c\x05\x00\x05\x00")  # a frame of one pixel
    (tmp_path / "a.gif").write_bytes(data[:last] + data[last:-1] * 400 + b";")

    def decode(*_):
        raise AssertionError("a frame is decoded")

    monkeypatch.setattr(Image.Image, "convert", decode)
    assert refused(tmp_path / "a.gif") == (
        "its 401 frames unpack to 24 GB, more than is read of a file of its size: save "
        "those that are wanted as TIFF."
    )


@pytest.mark.parametrize("suffix", ["webp", "png"])
def test_frames_are_counted_in_every_format_that_has_them(
    tmp_path, monkeypatch, suffix
):
    frames = [Image.new("RGB", (64, 64), (n, 0, 0)) for n in range(5)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], lossless=True)
    assert read_picture(path).shape == (5, 64, 64, 3)
    monkeypatch.setattr(read, "_SURELY_SMALL", 1000)
    monkeypatch.setattr(read, "_MOST_EXPANSION", 1)
    assert refused(path).startswith("its 5 frames unpack to 0 GB, more than is read")


def test_too_little_memory_is_said(tmp_path, monkeypatch):
    def decode(*_, **__):
        raise MemoryError

    write_picture(tmp_path / "a.tif", ramp((8, 8)))
    monkeypatch.setattr(tifffile.TiffFile, "asarray", decode)
    assert refused(tmp_path / "a.tif") == "there is not enough memory to read it."


@pytest.mark.parametrize("data", [b"", b"hello", b"II*\0", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "npz", "mp4", "xyz"])
def test_what_is_no_picture_is_refused(tmp_path, suffix, data):
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    assert refused(path) == DAMAGED


def encoded(suffix, **options):
    stream = BytesIO()
    if suffix == "tif":
        tifffile.imwrite(stream, ramp((4, 16, 12), "uint16"), **options)
    else:
        Image.fromarray(ramp((16, 12, 3))).save(stream, suffix, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("png", {}),
        ("jpeg", {}),
        ("gif", {}),
        ("tif", {"photometric": "minisblack"}),
        ("tif", {"photometric": "minisblack", "compression": "zlib"}),
        ("tif", {"imagej": True}),
        ("tif", {"ome": True, "photometric": "minisblack"}),
    ],
)
def test_a_file_cut_off_is_never_read_as_less_than_it_was(tmp_path, suffix, options):
    data = encoded(suffix, **options)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(data)
    whole = read_picture(path)
    n_refused = 0
    for length in range(0, len(data), max(1, len(data) // 50)):
        path.write_bytes(data[:length])
        try:
            read = read_picture(path)
        except ValueError as error:
            assert str(error) == f"{path}: {DAMAGED}"  # noqa: PT017, both may happen
            n_refused += 1
        else:  # what is missing holds no pixel
            assert same(read, whole)
    assert n_refused >= 25


@pytest.mark.parametrize("suffix", ["png", "gif", "tif"])
@given(changes=st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=4))))
def test_a_damaged_file_is_an_array_or_an_error(tmp_path_factory, suffix, changes):
    options = {"photometric": "minisblack"} if suffix == "tif" else {}
    data = bytearray(encoded(suffix, **options))
    for offset, new in changes:
        data[offset : offset + len(new)] = new
    path = tmp_path_factory.mktemp("damaged") / f"a.{suffix}"
    path.write_bytes(data)
    try:
        assert isinstance(read_picture(path), np.ndarray)
    except ValueError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017, both may happen


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_picture(tmp_path / "a.png")
    with pytest.raises(OSError):  # noqa: PT011, which one depends on the system
        read_picture(tmp_path)
