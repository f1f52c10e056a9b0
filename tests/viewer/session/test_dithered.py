"""The picture of a result, saved dithered, without a window."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_colorquant import (
    Merge,
    Recolor,
    apply_palette,
    edit,
    quantize,
    save_picture,
)
from napari_colorquant.viewer.session.session import Session
from saved import noise

WAY = "floyd-steinberg"


@pytest.fixture
def session(viewer_model):
    session = Session(viewer_model)
    session.choose(n_colors=4)
    yield session
    session.close()


@pytest.fixture
def quantized(session, viewer_model):
    """Return a function that quantizes an image; rgb is whether it has colours."""

    def quantized(image, **options):
        viewer_model.add_image(image, **{"name": "own", "rgb": True, **options})
        assert session.quantize() == ""
        return session

    return quantized


def pixels_of(path):
    with Image.open(path) as file:
        return np.asarray(file), file.info.get("dpi")


@pytest.mark.parametrize("n_channels", [1, 3, 4])
def test_it_is_what_a_script_saves(quantized, tmp_path, n_channels, notifications):
    image = noise((30, 20, n_channels))
    axis = -1
    if n_channels == 1:
        image, axis = image[..., 0], None
    place = {"scale": (0.5, 0.5), "units": ("um", "um")}
    session = quantized(image, rgb=n_channels > 1, **place)
    path, other = tmp_path / "a.png", tmp_path / "b.png"
    assert session.saving.save_dithered(path) == ""
    assert session.message == f"Saved own (4 colors) as {path}, dithered."
    options = {"scale": 0.5, "units": "um", "image": image, "dither": WAY}
    save_picture(other, quantize(image, 4, channel_axis=axis), **options)
    assert path.read_bytes() == other.read_bytes()
    assert not np.array_equal(pixels_of(path)[0], session.editor.result.picture.data)
    assert notifications == []


def test_it_has_the_colors_of_the_edited_palette(quantized, tmp_path):
    image = noise((30, 20, 3))
    session = quantized(image)
    edits = Merge([0, 1]), Recolor(2, (9, 250, 8))
    q = quantize(image, 4)
    for one in edits:
        assert session.editor.edit(one) == ""
        q = edit(q, image, one)
    session.saving.save_dithered(tmp_path / "a.png")
    save_picture(tmp_path / "b.png", q, image=image, dither=WAY)
    found, expected = (pixels_of(tmp_path / name)[0] for name in ("a.png", "b.png"))
    assert np.array_equal(found, expected)
    assert len(np.unique(found.reshape(-1, 3), axis=0)) == 3


def test_a_stack_is_saved_as_tiff(quantized, tmp_path, notifications):
    stack = noise((2, 9, 8, 3))
    session = quantized(stack)
    assert session.saving.save_dithered(tmp_path / "a.tif") == ""
    palette = session.editor.result.palette
    drawn = tifffile.imread(tmp_path / "a.tif")
    for plane, found in zip(stack, drawn, strict=True):
        one = apply_palette(plane, palette)
        save_picture(tmp_path / "b.tif", one, image=plane, dither=WAY)
        assert np.array_equal(tifffile.imread(tmp_path / "b.tif"), found)
    session.saving.save_dithered(tmp_path / "a.png")
    ((kind, said),) = notifications
    assert kind == "error"
    assert said.endswith("PNG cannot hold uint8 of shape (2, 9, 8, 3): use .tif.")
    assert not (tmp_path / "a.png").exists()


@pytest.mark.parametrize(
    ("image", "n_colors", "sentence"),
    [
        (
            noise((9, 8, 3), "uint16"),
            4,
            "Dithering is for grey and RGB pictures of 8 bits, and this one has 3 "
            "channels of uint16: save it without dithering.",
        ),
        (
            noise((30, 20, 3)),
            300,
            "Dithering takes at most 256 colors, and the palette has 300: save the "
            "picture without, or quantize to fewer.",
        ),
        (
            da.from_array(noise((9, 8, 3)), chunks=(5, 4, 3)),
            4,
            "'own (4 colors)' is read block by block, and dithering needs it in "
            "memory: load the image into memory, and quantize it again.",
        ),
    ],
    ids=["16 bits", "many colors", "lazy"],
)
def test_what_cannot_be_dithered_is_refused(
    session, quantized, tmp_path, notifications, image, n_colors, sentence
):
    session.choose(n_colors=n_colors)
    quantized(image)
    del notifications[:]
    saving = session.saving
    assert saving.take_to_dither() == saving.save_dithered(tmp_path / "a.png")
    assert notifications == [("error", sentence)] * 2
    assert not (tmp_path / "a.png").exists()


def test_channels_that_are_shown_together_are_not_dithered(session, viewer_model):
    viewer_model.add_image(noise((3, 9, 8)), name="cells")
    session.target.choose(channel_axis=0)
    session.quantize()
    assert session.possible.now["dither"] == (
        "'cells (4 colors)' shows several channels together, and only grey and RGB "
        "pictures are dithered: save it by File > Save Selected Layers."
    )


def test_without_its_image_nothing_is_dithered(quantized, viewer_model, tmp_path):
    session = quantized(noise((9, 8, 3)))
    assert session.possible.now["dither"] == ""
    layers = viewer_model.layers
    layers[0].data = noise((5, 5, 3))
    assert session.saving.save_dithered(tmp_path / "a.png") == (
        "The image that 'own (4 colors)' was made from has another shape now: quantize "
        "it again."
    )
    layers.pop(0)
    why_not = session.possible.now["dither"]
    assert session.saving.save_dithered(tmp_path / "a.png") == why_not
    assert "was made from is gone" in why_not
    layers.pop(0)
    assert "The picture of" in session.possible.now["dither"]
    assert not (tmp_path / "a.png").exists()
