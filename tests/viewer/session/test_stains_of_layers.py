"""Palettes of stains in the viewer, without a window."""

import re

import numpy as np
import pytest

import napari_colorquant
from napari_colorquant import Palette, Remove, apply_palette, edit, quantize
from napari_colorquant.files.record import load_record, save_record
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.session.script import script_of
from napari_colorquant.viewer.session.session import Session
from stained_slides import HDAB, HE, OTHER_HE, cells, stained

CELLS, _ = cells(128, 15)
FIRST, SECOND = stained(CELLS, HE), stained(CELLS, OTHER_HE, 0.45)


@pytest.fixture
def session(viewer_model):
    viewer_model.add_image(FIRST, name="first", rgb=True)
    session = Session(viewer_model)
    session.choose(n_colors=3, color_space="stains")
    yield session
    session.close()


def test_a_palette_of_stains_travels_between_layers(session, viewer_model, tmp_path):
    assert session.quantize() == ""
    expected = quantize(FIRST, 3, color_space="stains")
    np.testing.assert_array_equal(viewer_model.layers[2].data, expected.labels)
    palette = expected.palette
    record = viewer_model.layers[2].metadata[KEY]
    assert Palette.from_dict(record["palette"]).stains == palette.stains
    save_record(record, tmp_path / "a.json")
    saved = load_record(tmp_path / "a.json")
    assert Palette.from_dict(saved["palette"]).stains == palette.stains

    viewer_model.add_image(SECOND, name="second", rgb=True)
    session.opening.offer_palette(palette.uncounted(), "of first")
    assert session.apply_palette() == ""
    applied = apply_palette(SECOND, palette)
    labels = viewer_model.layers[-1]
    np.testing.assert_array_equal(labels.data, applied.labels)
    assert session.editor.edit(Remove([0])) == ""
    edited = edit(applied, SECOND, Remove([0]))
    np.testing.assert_array_equal(labels.data, edited.labels)


def test_scripts_repeat_what_was_learned_and_applied(session, viewer_model):
    assert session.quantize() == ""
    learned = script_of(viewer_model.layers[-1].metadata[KEY])
    assert "color_space='stains'" in learned.replace('"', "'")
    call = re.search(r"q = quantize\((.*?)\n?\)\n", learned, re.S)[1]
    names = {name: getattr(napari_colorquant, name) for name in ("quantize", "Palette")}
    q = eval(f"quantize({call})", {"image": FIRST, **names})
    np.testing.assert_array_equal(viewer_model.layers[-1].data, q.labels)

    viewer_model.add_image(SECOND, name="second", rgb=True)
    session.opening.offer_palette(q.palette.uncounted(), "of first")
    assert session.apply_palette() == ""
    applied = script_of(viewer_model.layers[-1].metadata[KEY])
    assert f"stains={[*map(list, q.palette.stains)]!r}" in " ".join(applied.split())


def test_one_stain_alone_is_said_in_the_words_of_the_window(session, viewer_model):
    viewer_model.layers[0].data = stained(CELLS * (1, 0), HDAB)
    assert session.quantize() == ""
    assert session.message.startswith(
        "Failed: The tissue has one stain alone: its colors lie within "
    )
    assert session.message.endswith("or compare in 'CIELAB' at 'Compare in'.")
