from __future__ import annotations

import re

import numpy as np
import pytest

from napari_colorquant import Palette, quantize
from napari_colorquant.files.images.write import (
    indexed_bytes,
    picture_bytes,
    write_indices,
    write_picture,
)


@pytest.mark.parametrize(
    "make",
    [
        lambda rgb: rgb,
        lambda rgb: rgb[..., 0],
        lambda rgb: np.concatenate([rgb, rgb[..., :1]], axis=2),
        lambda rgb: rgb[..., 0].astype(np.uint16) * 200,
        lambda rgb: rgb[..., 0].astype(">u2") * 200,
    ],
    ids=["RGB", "grey", "RGBA", "16-bit grey", "big-endian"],
)
def test_a_picture_is_as_large_as_its_file(tmp_path, china, make):
    image = make(china)
    write_picture(tmp_path / "a.png", image)
    assert picture_bytes(image) == (tmp_path / "a.png").stat().st_size


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((9, 9, 3), np.uint16),
        np.zeros((9, 9, 3), np.float32),
        np.zeros((2, 9, 9, 3), np.uint8),
        np.zeros((9, 9), np.int16),
    ],
)
def test_a_picture_that_png_cannot_hold_has_no_size(image):
    assert picture_bytes(image) is None


@pytest.mark.parametrize("n_colors", [2, 5, 16, 200])
@pytest.mark.parametrize("masked", [False, True])
def test_indices_are_as_large_as_their_file(tmp_path, china, n_colors, masked):
    mask = np.arange(china[..., 0].size).reshape(china.shape[:2]) % 5 > 0
    q = quantize(china, n_colors, mask=mask if masked else None)
    write_indices(tmp_path / "a.png", q.labels, q.palette)
    assert indexed_bytes(q.labels, q.palette) == (tmp_path / "a.png").stat().st_size


def test_the_size_of_indices_does_not_depend_on_what_is_shown(tmp_path):
    labels = np.arange(1, 101, dtype=np.uint8).reshape(10, 10)
    palette = Palette(np.linspace(0, 60_000, 100)[:, np.newaxis])
    shown = np.full((100, 3), 77, np.uint8)
    write_indices(tmp_path / "a.png", labels, palette, shown)
    assert indexed_bytes(labels, palette) == (tmp_path / "a.png").stat().st_size


@pytest.mark.parametrize(
    ("n_colors", "n_channels", "shape"),
    [(257, 3, (9, 40)), (4, 2, (9, 40)), (4, 3, (2, 9, 20))],
)
def test_indices_that_png_cannot_hold_have_no_size(n_colors, n_channels, shape):
    labels = np.resize(np.arange(1, n_colors + 1, dtype=np.uint16), shape)
    palette = Palette(np.zeros((n_colors, n_channels)))
    assert indexed_bytes(labels, palette) is None


def test_a_tiny_picture():
    """Signature, IHDR, IDAT of one row and its filter byte, IEND."""
    assert picture_bytes(np.zeros((1, 1), np.uint8)) == 8 + 25 + 12 + 10 + 12


def test_labels_of_another_palette_are_refused():
    sentence = (
        "the labels reach 4, and the palette has 3 colors: pass the palette of these "
        "labels."
    )
    labels = np.array([[1, 4]], np.uint8)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        indexed_bytes(labels, Palette(np.zeros((3, 3))))
