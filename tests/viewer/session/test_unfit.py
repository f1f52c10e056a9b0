"""A palette that does not fit the image says so in the line of its result."""

from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette, quantize
from napari_colorquant.files.record import check_record, load_record, save_record
from napari_colorquant.viewer.session import session as session_module
from napari_colorquant.viewer.session.session import Session

NEAR = np.tile(np.array([46, 54, 86, 94], np.uint8), (16, 10))
"""Of 50 and 90, each pixel 4 away from its own."""
FAR = np.tile(np.array([34, 66, 74, 106], np.uint8), (16, 10))
"""The same, each pixel 16 away."""


@pytest.fixture
def session(viewer_model):
    viewer_model.add_image(FAR, name="far", rgb=False)
    session = Session(viewer_model)
    yield session
    session.close()


def test_the_line_and_a_message_say_that_a_palette_does_not_fit(
    session, monkeypatch, tmp_path
):
    said = []
    monkeypatch.setattr(session_module, "show_warning", said.append)
    learned = quantize(NEAR, 2, channel_axis=None).palette
    session.opening.offer_palette(learned, "learned")
    assert session.apply_palette() == ""
    line = session.message.replace("\u00a0", " ")
    assert " · does not fit: 4.0 times as far as where learned · " in line
    (sentence,) = said
    assert sentence.startswith("The palette does not fit: its pixels are 16 from ")
    record = session.editor.result.record
    check_record(record)
    save_record(record, tmp_path / "far.json")
    for known in (record, load_record(tmp_path / "far.json")):
        assert Palette.from_dict(known["applied"]).learned_distance == 4
        assert Palette.from_dict(known["palette"]).learned_shares == (0.5, 0.5)
        assert known["report"]["unfit"] == "4.0 times as far as where learned"


def test_a_palette_that_fits_says_nothing(session, monkeypatch):
    said = []
    monkeypatch.setattr(session_module, "show_warning", said.append)
    session.opening.offer_palette(
        quantize(FAR, 2, channel_axis=None).palette, "learned"
    )
    assert session.apply_palette() == ""
    assert "fit" not in session.message
    assert said == []
