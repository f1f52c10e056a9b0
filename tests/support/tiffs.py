"""Small files of every kind, and the pixels that a viewer shows of them."""

from __future__ import annotations

import struct

import numpy as np
import tifffile
from PIL import Image

from saved import noise

GREY, RGB = noise((9, 8)), noise((9, 8, 3))
RGBA = np.concatenate([RGB, np.where(GREY > 99, 255, 0)[..., None]], -1).astype("u1")
STACK = noise((4, 9, 8, 3))
BITS = GREY > 128
YCBCR = np.asarray(Image.fromarray(RGB).convert("YCbCr"))


def _rgb(y, cb, cr):
    """JFIF 1.02, which TIFF 6.0 has by default; Pillow's is rounded otherwise."""
    red, blue = y + 1.402 * (cr - 128), y + 1.772 * (cb - 128)
    green = (y - 0.299 * red - 0.114 * blue) / 0.587
    rgb = np.stack([red, green, blue], axis=-1)
    assert np.abs(np.clip(rgb, 0, 255) - RGB).max() < 3
    return np.clip(np.rint(rgb), 0, 255).astype(np.uint8)


def tiff(image, **options):
    return lambda path: tifffile.imwrite(path, image, **options)


def pillow(image, **options):
    return lambda path: Image.fromarray(image).save(path, **options)


def _indexed(path, **options):
    picture = Image.fromarray(GREY % 4)
    picture.putpalette([*range(10, 22)])
    picture.save(path, **options)


COLORS = np.arange(10, 22, dtype=np.uint8).reshape(4, 3)
MAP = np.zeros((3, 256), np.uint16)
MAP[:, :4] = COLORS.T.astype(np.uint16) * 257


def _premultiplied(alpha):
    image = RGB.astype(int) * alpha[..., None] / 255
    rounded = np.rint(np.concatenate([image, alpha[..., None]], -1)).astype("u1")
    return rounded


ALPHA = np.where(GREY > 99, 255, 0).astype("u1")

# Name, how it is written, what it shows, and the channel axis.
KINDS = {
    "grey.tif": (tiff(GREY), GREY, None),
    "grey16.tif": (tiff(GREY.astype("u2") * 99), GREY.astype("u2") * 99, None),
    "white_is_zero.tif": (tiff(GREY, photometric="miniswhite"), 255 - GREY, None),
    "rgb.tif": (tiff(RGB, photometric="rgb"), RGB, -1),
    "planes_of_rgb.tif": (
        tiff(np.moveaxis(RGB, -1, 0), photometric="rgb", planarconfig="separate"),
        RGB,
        -1,
    ),
    "rgba.tif": (
        tiff(RGBA, photometric="rgb", extrasamples=["unassalpha"]),
        RGBA,
        -1,
    ),
    "premultiplied.tif": (
        tiff(_premultiplied(ALPHA), photometric="rgb", extrasamples=["assocalpha"]),
        np.where(ALPHA[..., None] > 0, RGBA, 0).astype("u1"),
        -1,
    ),
    "unspecified.tif": (
        tiff(RGBA, photometric="rgb", extrasamples=["unspecified"]),
        RGB,
        -1,
    ),
    "grey_and_alpha.tif": (
        tiff(
            RGBA[..., [0, 3]],
            photometric="minisblack",
            planarconfig="contig",
            extrasamples=["unassalpha"],
        ),
        RGBA[..., [0, 0, 0, 3]],
        -1,
    ),
    "samples.tif": (
        tiff(RGB, photometric="minisblack", planarconfig="contig"),
        RGB,
        2,
    ),
    "three_columns.tif": (tiff(RGB, photometric="minisblack"), RGB, None),
    "stack_of_three_columns.tif": (
        tiff(RGB, ome=True, photometric="minisblack", metadata={"axes": "ZYX"}),
        RGB,
        None,
    ),
    "stack.tif": (
        tiff(noise((5, 9, 8)), photometric="minisblack"),
        noise((5, 9, 8)),
        None,
    ),
    "stack_of_rgb.tif": (tiff(STACK, photometric="rgb"), STACK, -1),
    "imagej_rgb.tif": (tiff(STACK, photometric="rgb", imagej=True), STACK, -1),
    "imagej_channels.tif": (
        tiff(STACK[..., 0], imagej=True, metadata={"axes": "CYX"}),
        STACK[..., 0],
        0,
    ),
    "ome_channels.tif": (
        tiff(noise((2, 3, 9, 8), "u2"), ome=True, metadata={"axes": "ZCYX"}),
        noise((2, 3, 9, 8), "u2"),
        1,
    ),
    "palette.tif": (
        tiff(GREY % 4, photometric="palette", colormap=MAP),
        COLORS[GREY % 4],
        -1,
    ),
    "one_bit.tif": (pillow(BITS), BITS * np.uint8(255), None),
    "ycbcr.tif": (
        tiff(YCBCR, photometric="ycbcr"),
        _rgb(*np.moveaxis(YCBCR.astype(float), -1, 0)),
        -1,
    ),
    "grey.png": (pillow(GREY), GREY, None),
    "grey16.png": (pillow(GREY.astype("u2") * 99), GREY.astype("u2") * 99, None),
    "rgb.png": (pillow(RGB), RGB, -1),
    "rgba.png": (pillow(RGBA), RGBA, -1),
    "indexed.png": (_indexed, COLORS[GREY % 4], -1),
    "one_bit.png": (pillow(BITS), BITS * np.uint8(255), None),
    "one_bit.bmp": (pillow(BITS), BITS * np.uint8(255), None),
    "one_bit.pbm": (pillow(BITS), BITS * np.uint8(255), None),
    "clear_grey16.png": (
        pillow(np.array([[0, 1000, 2000]] * 2, np.uint16), transparency=1000),
        np.array([[[v, v, v, 0 if v == 1000 else 65535] for v in (0, 1000, 2000)]] * 2),
        -1,
    ),
    "clear_grey8.png": (
        pillow(np.array([[0, 10, 20]] * 2, np.uint8), transparency=10),
        np.array([[[v, v, v, 0 if v == 10 else 255] for v in (0, 10, 20)]] * 2),
        -1,
    ),
}


def patch_tag(path, tag, value):
    """Give the first page another value of a tag that is a single short number."""
    with tifffile.TiffFile(path) as file:
        found = file.pages[0].tags[tag]
        offset, order = found.offset, file.byteorder
    data = bytearray(path.read_bytes())
    data[offset + 8 : offset + 10] = struct.pack(f"{order}H", value)
    path.write_bytes(data)
