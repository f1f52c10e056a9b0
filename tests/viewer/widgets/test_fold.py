"""A part that can be folded away."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_colorquant.viewer.widgets.common import Collapsible


def test_a_click_on_the_title_opens_it_and_another_one_shuts_it(qtbot):
    content = QLabel("inside")
    fold = Collapsible("More", content, "What there is to find.")
    qtbot.addWidget(fold)
    fold.show()
    assert fold.button.text() == "▸  More"
    assert fold.button.toolTip() == "What there is to find."
    assert not content.isVisible()
    qtbot.mouseClick(fold.button, Qt.MouseButton.LeftButton)
    assert fold.button.text() == "▾  More"
    assert content.isVisible()
    qtbot.mouseClick(fold.button, Qt.MouseButton.LeftButton)
    assert not content.isVisible()


def test_it_tells_of_what_it_hides_and_when_it_opens(qtbot):
    fold = Collapsible("More", QLabel("inside"), "What there is to find.")
    qtbot.addWidget(fold)
    opened = []
    fold.unfolded.connect(lambda: opened.append(fold.button.text()))
    fold.set_note("2 set")
    assert fold.button.text() == "▸  More (2 set)"
    fold.button.click()
    assert opened == ["▾  More (2 set)"]
    fold.set_note("")
    fold.fold()
    assert fold.button.text() == "▸  More"
    assert len(opened) == 1


def test_another_one_is_shut_before_the_content_is_shown(qtbot):
    """A window that has to be high enough for both does not shrink again."""
    content = QLabel("inside")
    fold = Collapsible("More", content, "What there is to find.")
    qtbot.addWidget(fold)
    fold.show()
    seen = []
    fold.unfolded.connect(lambda: seen.append(content.isVisible()))
    fold.button.click()
    assert (seen, content.isVisible()) == ([False], True)
