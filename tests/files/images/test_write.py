from __future__ import annotations

import re

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_colorquant import Palette, quantize
from napari_colorquant.files.images.read import open_picture
from napari_colorquant.files.images.write import (
    indexed_bytes,
    indices_suffix,
    picture_bytes,
    write_indices,
    write_label_table,
    write_picture,
)

# ---------------------------------------------------------------- palette indices


def labels_of(n_colors, lowest, shape=(20, 30)):
    """Labels of the engine's dtype that use the lowest and the highest number."""
    dtype = np.uint8 if n_colors <= 255 else np.uint16
    labels = np.random.default_rng(0).integers(lowest, n_colors, shape, endpoint=True)
    labels.flat[0], labels.flat[-1] = lowest, n_colors
    return labels.astype(dtype)


def palette_of(n_colors, n_channels=3):
    colors = np.arange(n_colors * n_channels) % 256
    return Palette(colors.reshape(n_colors, n_channels), units="uint8")


# Of every number of bits that an indexed PNG can have, the fewest and most colors.
@pytest.mark.parametrize("n_colors", [2, 3, 4, 5, 16, 17, 255, 256])
def test_an_indexed_png(tmp_path, n_colors):
    labels, palette = labels_of(n_colors, lowest=1), palette_of(n_colors)
    assert indices_suffix(labels, palette) == ".png"
    write_indices(tmp_path / "a.png", labels, palette)
    with Image.open(tmp_path / "a.png") as file:
        assert file.mode == "P"
        assert "transparency" not in file.info
        assert np.array_equal(np.asarray(file), labels.astype(int) - 1)
        shown = np.reshape(file.getpalette()[: 3 * n_colors], (n_colors, 3))
    assert shown.tolist() == palette.colors.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("n_colors", [1, 2, 15, 16, 255])
def test_what_was_not_quantized_is_a_transparent_last_entry(tmp_path, n_colors):
    labels, palette = labels_of(n_colors, lowest=0), palette_of(n_colors)
    assert indices_suffix(labels, palette) == ".png"
    write_indices(tmp_path / "a.png", labels, palette)
    with Image.open(tmp_path / "a.png") as file:
        values = np.asarray(file).astype(int)
        opacity = np.asarray(file.convert("RGBA"))[..., 3]
        shown = np.reshape(file.getpalette(), (-1, 3))
    assert np.array_equal(values, np.where(labels == 0, n_colors, labels - 1.0))
    assert np.array_equal(opacity, np.where(labels == 0, 0, 255))
    assert shown[: n_colors + 1].tolist() == [*palette.colors.tolist(), [0, 0, 0]]


@pytest.mark.parametrize(
    ("n_colors", "lowest", "shape", "n_channels", "dtype"),
    [
        (256, 0, (20, 30), 3, np.uint16),
        (257, 1, (20, 30), 3, np.uint16),
        (65_535, 0, (20, 30), 3, np.uint16),
        (4, 1, (2, 20, 30), 3, np.uint8),
        (256, 1, (2, 20, 3), 3, np.uint8),
        (4, 1, (50,), 3, np.uint8),
        (4, 0, (20, 30), 2, np.uint8),
        (4, 0, (20, 30), 5, np.uint8),
    ],
)
def test_what_png_cannot_hold_goes_into_tiff(
    tmp_path, n_colors, lowest, shape, n_channels, dtype
):
    labels, palette = (
        labels_of(n_colors, lowest, shape),
        palette_of(n_colors, n_channels),
    )
    assert indices_suffix(labels, palette) == ".tif"
    sentence = (
        f"{tmp_path / 'a.png'}: PNG cannot hold indices of shape {shape} into "
        f"{n_colors} colors of {n_channels} channels: use .tif."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        write_indices(tmp_path / "a.png", labels, palette)
    write_indices(tmp_path / "a.tif", labels, palette)
    read = tifffile.imread(tmp_path / "a.tif")
    assert read.dtype == dtype
    expected = np.where(labels == 0, n_colors, labels - 1.0)
    assert np.array_equal(read, expected if labels.ndim > 1 else expected[np.newaxis])
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        kind = "PALETTE" if n_channels == 3 else "MINISBLACK"
        assert file.pages[0].photometric.name == kind
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_tiff_holds_what_png_could_as_well(tmp_path):
    labels = labels_of(16, lowest=1)
    write_indices(tmp_path / "a.tiff", labels, palette_of(16))
    read = tifffile.imread(tmp_path / "a.tiff")
    assert read.dtype == np.uint8
    assert np.array_equal(read, labels - 1)


def test_what_is_shown_can_be_said(tmp_path):
    labels = np.arange(1, 5, dtype=np.uint8)[np.newaxis]
    shown = np.array([[1, 2, 3], [9, 9, 9], [0, 0, 0], [255, 0, 7]], np.uint8)
    for name in ("a.png", "a.tif"):
        write_indices(tmp_path / name, labels, palette_of(4), shown)
        with Image.open(tmp_path / name) as file:
            assert np.array_equal(np.asarray(file.convert("RGB"))[0], shown)


@given(seed=st.integers(0, 2**32 - 1), n_colors=st.integers(2, 40), alpha=st.booleans())
def test_an_indexed_png_shows_the_redrawn_picture(
    tmp_path_factory, seed, n_colors, alpha
):
    path = tmp_path_factory.mktemp("indices") / "a.png"
    shape = (16, 17, 4 if alpha else 3)
    image = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    if alpha:
        image[..., 3] = np.where(image[..., 3] < 100, 0, 255)
    result = quantize(image, n_colors, n_samples=None)
    write_indices(path, result.labels, result.palette)
    with Image.open(path) as file:
        shown = np.asarray(file.convert("RGBA"))
    opaque = result.labels > 0
    assert np.array_equal(shown[..., 3] == 255, opaque)
    assert np.array_equal(shown[opaque][:, :3], result.image[opaque][:, :3])
    assert np.array_equal(
        open_picture(path)[0][opaque], shown[opaque][:, : 4 if alpha else 3]
    )


# Of 8 bits and of 16, with the most values and without one to spare.
@pytest.mark.parametrize(
    ("n_colors", "lowest", "dtype"),
    [
        (2, 0, np.uint8),
        (255, 0, np.uint8),
        (256, 1, np.uint8),
        (256, 0, np.uint16),
        (257, 1, np.uint16),
        (65_535, 0, np.uint16),
    ],
)
def test_a_tiff_with_a_palette(tmp_path, n_colors, lowest, dtype):
    labels, palette = labels_of(n_colors, lowest), palette_of(n_colors)
    write_indices(tmp_path / "a.tif", labels, palette)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        (page,) = file.pages
        assert page.photometric.name == "PALETTE"
        values, color_map = page.asarray(), page.colormap
    assert values.dtype == dtype
    assert np.array_equal(values, np.where(labels == 0, n_colors, labels - 1.0))
    assert color_map.shape == (3, 2 ** (8 * values.itemsize))
    assert np.array_equal(color_map[:, :n_colors].T, palette.colors * 257)
    assert not color_map[:, n_colors:].any()
    # Read as a picture, it is what it shows.
    read = open_picture(tmp_path / "a.tif")[0]
    assert np.array_equal(read, (color_map.T // 257)[values])
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize(("n_colors", "lowest"), [(2, 0), (255, 0), (256, 1)])
def test_pillow_shows_a_tiff_with_a_palette(tmp_path, n_colors, lowest):
    labels, palette = labels_of(n_colors, lowest), palette_of(n_colors)
    write_indices(tmp_path / "a.tif", labels, palette)
    with Image.open(tmp_path / "a.tif") as file:
        assert file.mode == "P"
        assert np.array_equal(np.asarray(file), (labels - 1.0) % (n_colors + 1))
        shown = np.asarray(file.convert("RGB"))
    quantized = labels > 0
    assert np.array_equal(shown[quantized], palette.colors[labels[quantized] - 1])
    assert not shown[~quantized].any()


@pytest.mark.parametrize("shape", [(2, 20, 3), (2, 3, 20, 4), (2, 3, 4), (50,)])
@pytest.mark.parametrize("n_colors", [16, 300])
def test_a_tiff_with_a_palette_has_any_axes(tmp_path, shape, n_colors):
    labels = labels_of(n_colors, 0, shape)
    write_indices(tmp_path / "a.tif", labels, palette_of(n_colors))
    expected = np.where(labels == 0, n_colors, labels - 1.0)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert np.array_equal(file.asarray(), np.atleast_2d(expected))
        assert {page.photometric.name for page in file.pages} == {"PALETTE"}
        assert len(file.pages) == max(1, np.prod(shape[:-2]))


def test_grey_is_shown_over_the_range_of_the_palette(tmp_path):
    labels = np.arange(1, 5, dtype=np.uint8)[np.newaxis]
    palette = Palette([[0.0], [0.5], [1.0], [2.0]])
    write_indices(tmp_path / "a.tif", labels, palette)
    with Image.open(tmp_path / "a.tif") as file:
        shown = np.asarray(file.convert("RGB"))
    assert shown.tolist() == [[[v] * 3 for v in (0, 64, 128, 255)]]


@pytest.mark.parametrize(
    ("name", "n_colors", "sentence"),
    [
        (
            "a.gif",
            4,
            "the suffix '.gif' is none that indices are written in: use .png or .tif.",
        ),
        (
            "a.png",
            3,
            "the labels reach 4, and the palette has 3 colors: pass the palette of "
            "these labels.",
        ),
    ],
)
def test_a_mistake_is_an_error_and_no_file(tmp_path, name, n_colors, sentence):
    path = tmp_path / name
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {sentence}')}$"):
        write_indices(path, labels_of(4, lowest=1), palette_of(n_colors))
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- sizes


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


# ---------------------------------------------------------------- a table


def test_a_table_to_the_byte(tmp_path):
    write_label_table(tmp_path / "a.csv", np.array([[0, 255], [7, 10]], np.uint8))
    assert (tmp_path / "a.csv").read_bytes() == b"0,255\n7,10\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
@pytest.mark.parametrize("shape", [(20, 30), (1, 30), (20, 1), (1, 1)])
def test_numpy_reads_it(tmp_path, shape, dtype):
    highest = min(np.iinfo(dtype).max, 65_535)
    labels = np.random.default_rng(0).integers(0, highest, shape, dtype, endpoint=True)
    write_label_table(tmp_path / "a.csv", labels)
    read = np.loadtxt(tmp_path / "a.csv", int, delimiter=",", ndmin=2)
    assert np.array_equal(read, labels)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
def test_other_shapes_are_an_error(tmp_path, shape):
    path = tmp_path / "a.csv"
    sentence = (
        f"{path}: a table has two axes, and the labels have the shape {shape}: save "
        "them as .tif."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        write_label_table(path, np.ones(shape, np.uint8))
    assert list(tmp_path.iterdir()) == []
