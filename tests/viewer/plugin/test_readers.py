"""Palette files, opened as napari opens them."""

from __future__ import annotations

from math import inf

import napari
import numpy as np
import pytest
from napari.errors import ReaderPluginError
from npe2 import PluginManager, PluginManifest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent

from napari_colorquant import Palette
from napari_colorquant.files.record import save_record
from napari_colorquant.viewer.plugin.readers import get_reader, read_palette
from napari_colorquant.viewer.session.opening import Opening

PLUGIN = "napari-colorquant"
SUFFIXES = (".gpl", ".pal", ".ase", ".aco", ".json")
PALETTE = Palette([[0, 10, 200], [3, 4, 5]], units="uint8")
RECORD = {
    "source": "china",
    "palette": PALETTE.as_dict(),
    "edits": [],
    "report": {"psnr": inf},
}


@pytest.fixture
def offered(monkeypatch):
    """What the widget was offered: the kind, the thing, and its name."""
    offers = []

    def keep(kind):
        def offer(self, thing, name):
            assert isinstance(self, Opening)
            offers.append((kind, thing, name))

        return offer

    for kind in ("palette", "record"):
        monkeypatch.setattr(Opening, f"offer_{kind}", keep(kind))
    return offers


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_palette_is_offered_to_the_widget(viewer, offered, tmp_path, suffix):
    path = tmp_path / f"sky blue{suffix.upper() if suffix == '.gpl' else suffix}"
    PALETTE.save(path)
    viewer.add_image(np.zeros((5, 5)))
    assert viewer.open(path, plugin=None) == []
    ((kind, palette, name),) = offered
    assert (kind, name) == ("palette", "sky blue")
    assert palette.as_dict() == PALETTE.as_dict()
    assert len(viewer.layers) == 1
    assert list(viewer.window.dock_widgets) == [f"Color quantization ({PLUGIN})"]


def test_the_open_widget_is_used(viewer, offered, open_widget, tmp_path):
    open_widget()
    for name in "ab":
        PALETTE.save(tmp_path / f"{name}.gpl")
    viewer.open([tmp_path / "a.gpl", tmp_path / "b.gpl"], plugin=PLUGIN)
    assert [name for _, _, name in offered] == ["a", "b"]
    assert len(viewer.window.dock_widgets) == 1


def test_a_record_is_offered_as_a_whole(viewer, offered, tmp_path):
    save_record(RECORD, tmp_path / "run.json")
    assert viewer.open(tmp_path / "run.json", plugin=PLUGIN) == []
    assert offered == [("record", RECORD, "run")]


def test_a_palette_can_be_dropped_on_the_canvas(viewer, offered, tmp_path):
    PALETTE.save(tmp_path / "a.ase")
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.ase"))])
    event = QDropEvent(
        QPointF(9, 9),
        Qt.DropAction.CopyAction,
        dropped,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    viewer.window._qt_viewer.dropEvent(event)
    assert [(kind, name) for kind, _, name in offered] == [("palette", "a")]
    assert len(viewer.layers) == 0


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        (
            "a.gpl",
            b"GIMP Palette\n1 2 x\n",
            "line 2: '1 2 x' does not start with three "
            "whole numbers, red, green and blue.",
        ),
        (
            "a.ase",
            b"ASEF\0\1\0\0",
            "it ends within its head: it was cut off, or a size is wrong.",
        ),
        ("a.json", b'{"format": "napari-colorquant"}', "there is no palette in it."),
    ],
)
def test_a_damaged_file_is_a_notification(
    viewer, offered, notifications, tmp_path, name, data, sentence
):
    path = tmp_path / name
    path.write_bytes(data)
    assert viewer.open(path, plugin=None) == []
    assert notifications == [("error", f"{path}: {sentence}")]
    assert offered == []
    assert len(viewer.layers) == len(viewer.window.dock_widgets) == 0


def test_a_file_that_cannot_be_opened_is_a_notification(
    viewer, offered, notifications, tmp_path
):
    (tmp_path / "a.gpl").mkdir()
    read_palette(str(tmp_path / "a.gpl"))
    ((severity, sentence),) = notifications
    assert severity == "error"
    assert sentence.startswith(f"{tmp_path / 'a.gpl'}: ")
    assert offered == []


def test_without_a_viewer_it_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(napari, "current_viewer", lambda: None)
    PALETTE.save(tmp_path / "a.gpl")
    sentence = (
        "a.gpl: there is no viewer to open the palette in: load it with Palette.load."
    )
    with pytest.raises(RuntimeError, match=sentence):
        read_palette(str(tmp_path / "a.gpl"))


# ---------------------------------------------------------------- what is not taken


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"type": "FeatureCollection"}', b'{"format": "mine"}']
)
def test_other_json_files_are_left_to_other_plugins(viewer, offered, tmp_path, data):
    path = tmp_path / "a.json"
    path.write_bytes(data)
    assert get_reader(str(path)) is None
    with pytest.raises(ReaderPluginError):
        viewer.open(path, plugin=None)
    assert offered == []


@pytest.mark.parametrize(
    "path", [["a.gpl"], ["a.gpl", "b.gpl"], "no/such/file.json", "https://a.org/b.json"]
)
def test_stacks_and_addresses_are_not_taken(path):
    assert get_reader(path) is None


def test_the_manifest_takes_palettes_and_leaves_tables_to_napari(tmp_path):
    manager = PluginManager()
    for name in ("napari", PLUGIN):
        manager.register(PluginManifest.from_distribution(name))

    def readers(path):
        return {reader.plugin_name for reader in manager.iter_compatible_readers(path)}

    for suffix in SUFFIXES:
        assert readers(f"a{suffix}") == readers(f"a{suffix.upper()}") == {PLUGIN}
        (tmp_path / f"b{suffix}").mkdir()
        assert PLUGIN not in readers(str(tmp_path / f"b{suffix}"))
    for name in ("a.csv", "a.png", "a.tif"):
        assert readers(name) == {"napari"}
