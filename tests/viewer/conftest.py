"""The real viewer and the real widget, opened as napari opens it."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.notifications import Notification, notification_manager
from npe2 import PluginManifest
from qtpy.QtCore import QCoreApplication, Qt
from qtpy.QtWidgets import QCheckBox, QTabWidget

from napari_colorquant.viewer.tasks import warm_up as warmup
from napari_colorquant.viewer.widgets import palette_table_view as columns
from napari_colorquant.viewer.widgets.common import Collapsible
from napari_colorquant.viewer.widgets.main_widget import QuantizeWidget
from old_napari import HAS_SETTINGS, read_again


@pytest.fixture(scope="session", autouse=True)
def plugins_are_looked_for_once():
    """Read the manifests once: napari reads them for each viewer and each widget."""
    found = list(PluginManifest.discover())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PluginManifest, "discover", lambda paths=(): iter(found))
        yield


@pytest.fixture(scope="session", autouse=True)
def fonts_come_as_in_napari():
    """Let a widget's own font go before a style sheet's, as each window of napari does.

    The first window would do it for all widgets that come after, in other tests too.
    """
    propagation = Qt.ApplicationAttribute.AA_UseStyleSheetPropagationInWidgetStyles
    QCoreApplication.setAttribute(propagation, True)


@pytest.fixture(scope="module", autouse=True)
def modules_are_no_garbage():
    """Look for garbage in what tests make: napari looks whenever a viewer is closed."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def settings_file(tmp_path_factory, monkeypatch):
    """Keep the plugin's settings in a file of the test's own, never in the user's."""
    folder = tmp_path_factory.mktemp("settings")
    if HAS_SETTINGS:
        monkeypatch.setattr("napari.settings._CFG_PATH", str(folder / "settings.yaml"))
    read_again()
    yield folder / "napari-colorquant.yaml"
    read_again()


@pytest.fixture(autouse=True)
def first_columns():
    """Show the palette's table as at first: what is chosen outlasts a widget."""
    columns.choose_first()


@pytest.fixture
def every_column(first_columns):
    """Show all columns of the palette's table."""
    for kind in columns.OPTIONAL:
        columns.choose(kind, True)


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


@pytest.fixture
def open_widget(viewer, qtbot):
    def open_it():
        _, widget = viewer.window.add_plugin_dock_widget(
            "napari-colorquant", "Color quantization"
        )
        qtbot.waitUntil(widget.native.isVisible)
        return widget

    return open_it


@pytest.fixture
def viewer_model():
    """A viewer without a window, which is there at once."""
    return ViewerModel()


@pytest.fixture
def open_alone(viewer_model, qtbot):
    """Open the widget in a window of its own, on the viewer that has none."""
    opened = []

    def open_it():
        widget = QuantizeWidget(viewer_model)
        widget.native.resize(420, 800)
        qtbot.addWidget(widget.native)
        widget.native.show()
        opened.append(widget)
        return widget

    yield open_it
    for widget in opened:
        widget.disconnect()


@pytest.fixture
def ready():
    """Let runs begin at once, without the engine being compiled before.

    For the rest of the process: the thread that a widget starts, once, sets this event.
    """
    warmup._READY.set()


@pytest.fixture
def click(qtbot):
    """Click a button as a user does, who first opens the tab or the fold it is in."""

    def click_it(button):
        native = getattr(button, "native", button)
        reveal(native)
        assert native.isVisible()
        place = native.rect().center()
        if isinstance(native, QCheckBox):  # only the box and its text take a click
            place.setX(8)
        qtbot.mouseClick(native, Qt.MouseButton.LeftButton, pos=place)

    def reveal(native):
        widget = native
        while (parent := widget.parent()) is not None:
            if isinstance(parent, Collapsible) and not parent.button.isChecked():
                qtbot.mouseClick(parent.button, Qt.MouseButton.LeftButton)
            if isinstance(parent, QTabWidget):
                page = next(
                    parent.widget(i)
                    for i in range(parent.count())
                    if parent.widget(i).isAncestorOf(native)
                )
                bar = parent.tabBar()
                place = bar.tabRect(parent.indexOf(page)).center()
                qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=place)
            widget = parent

    return click_it


@pytest.fixture
def unfold(qtbot):
    """Open the fold of channels, slices and regions by a click."""

    def open_fold(widget):
        qtbot.mouseClick(widget.where.button, Qt.MouseButton.LeftButton)
        assert widget.target.controls.native.isVisible()

    return open_fold


@pytest.fixture
def finish(qtbot):
    """Let the event loop run until the widget's run has ended."""

    def wait(widget):
        qtbot.waitUntil(
            lambda: not widget.session.jobs.busy and not widget.cancel_button.enabled,
            timeout=120_000,
        )

    return wait


@pytest.fixture
def notifications():
    """What the user is told, as pairs of severity and sentence."""
    told: list[tuple[str, str]] = []

    def keep(notification: Notification) -> None:
        told.append((str(notification.severity), notification.message))

    notification_manager.notification_ready.connect(keep)
    yield told
    notification_manager.notification_ready.disconnect(keep)


@pytest.fixture
def tiny():
    """Four colours in known numbers: 1, 2, 3 and 6 pixels."""
    black, red, green, white = [0, 0, 0], [200, 0, 0], [0, 210, 0], [255, 255, 255]
    row = [black] + 2 * [red] + 3 * [green] + 6 * [white]
    return np.array(row, np.uint8).reshape(3, 4, 3)


@pytest.fixture(scope="session")
def large(china):
    """A picture that is not quantized at once: 33 megapixels."""
    return np.tile(china, (12, 10, 1))
