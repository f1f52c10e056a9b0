"""Which pictures of a batch are read to find the white of all of them."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_colorquant import Palette
from napari_colorquant.files.batch.inputs import NOTHING_SAID, Said, highest_of_all
from napari_colorquant.files.images import read


def save(path, top, shape=(4, 5, 3), dtype="uint16", **options):
    image = np.full(shape, top, dtype)
    image[0, 0] = 0
    kind = "rgb" if shape[-1] == 3 else "minisblack"
    tifffile.imwrite(path, image, photometric=kind, **options)


@pytest.fixture
def opened(monkeypatch):
    """The names of the pictures that are read."""
    names, open_picture = [], read.open_picture

    def counted(path, *how):
        names.append(path.name)
        return open_picture(path, *how)

    monkeypatch.setattr(read, "open_picture", counted)
    return names


def test_only_pictures_whose_white_is_guessed_are_read(tmp_path, opened):
    Image.fromarray(np.zeros((4, 5, 3), np.uint8)).save(tmp_path / "a.png")
    save(tmp_path / "b.tif", 200, dtype="uint8")
    save(tmp_path / "c.tif", 60_000, shape=(4, 5))
    save(tmp_path / "d.tif", 0.5, dtype="float32")
    (tmp_path / "e.tif").write_bytes(b"II*\0 damaged")
    said_12 = [(281, "H", 3, (4095,) * 3, True)]
    save(tmp_path / "f.tif", 900, extratags=said_12)
    save(tmp_path / "g.tif", 4000)
    save(tmp_path / "h.tif", 5000)
    save(tmp_path / "i.tif", 300, shape=(3, 4, 5), metadata={"axes": "CYX"})
    sources = [*sorted(tmp_path.iterdir()), tmp_path / "gone.tif", "https://a/b.zarr"]
    assert highest_of_all(sources, NOTHING_SAID, None) == 5000
    assert opened == ["g.tif", "h.tif"]
    opened.clear()
    assert highest_of_all(sources[-3:], Said(rgb=True), None) == 300
    assert opened == ["i.tif"]


def test_no_more_is_read_where_one_picture_has_16_bits(tmp_path, opened):
    for name, top in (("a", 16_383), ("b", 16_384), ("c", 65_535)):
        save(tmp_path / f"{name}.tif", top)
    assert highest_of_all(sorted(tmp_path.iterdir()), NOTHING_SAID, None) == 16_384
    assert opened == ["a.tif", "b.tif"]


def test_nothing_is_read_where_white_is_known(tmp_path, opened):
    save(tmp_path / "a.tif", 900)
    sources = [tmp_path / "a.tif"]
    assert highest_of_all(sources, Said(data_range=1000), None) == -inf
    assert opened == []
    known = Palette([[0, 0, 0], [9, 9, 9]], units="uint16", white=4095)
    assert highest_of_all(sources, NOTHING_SAID, known) == -inf
