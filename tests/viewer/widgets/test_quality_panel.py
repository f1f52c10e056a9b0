from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QFormLayout, QLabel

from napari_colorquant.core.quality.quality import Quality
from napari_colorquant.viewer.widgets.common import wrapped
from napari_colorquant.viewer.widgets.quality_panel import QualityPanel, human_bytes

LABEL, FIELD = QFormLayout.ItemRole.LabelRole, QFormLayout.ItemRole.FieldRole
QUALITY = Quality(
    n_colors_before=96_615,
    n_colors_after=64,
    mse=122.386,
    psnr=32.0247,
    data_range=255.0,
    ssim=0.87489,
    delta_e=4.574,
    delta_e_95=10.867,
)


@pytest.fixture
def panel(qtbot):
    panel = QualityPanel()
    qtbot.addWidget(panel)
    panel.resize(300, 300)
    panel.show()
    qtbot.waitExposed(panel)
    return panel


def rows(panel):
    """What is said in each row, by its title."""
    form = panel.findChild(QFormLayout)
    return {
        form.itemAt(i, LABEL).widget().text(): form.itemAt(i, FIELD).widget()
        for i in range(form.rowCount())
    }


def texts(panel):
    return {title: value.text() for title, value in rows(panel).items()}


def test_all_measures_are_shown(panel):
    panel.show_quality(QUALITY, 1_234_567, 310_400)
    assert texts(panel) == {
        "Unique colors": "96,615 → 64",
        "MSE": "122.4",
        "PSNR": "32.02 dB",
        "SSIM": "0.8749",
        "Mean ΔE2000": "4.57",
        "95 % ΔE2000": "10.87",
        "As PNG": "1.2 MB",
        "As indexed PNG": "310 kB (25%)",
    }


def test_what_does_not_apply_is_a_dash_that_says_why(panel):
    quality = replace(QUALITY, ssim=None, delta_e=None, delta_e_95=None)
    panel.show_quality(quality, None, None)
    said = texts(panel)
    why = {
        "SSIM": "7 x 7 pixels",
        "Mean ΔE2000": "of RGB colors",
        "95 % ΔE2000": "of RGB colors",
        "As PNG": "one plane of RGB or grey",
        "As indexed PNG": "up to 256 RGB or grey colors",
    }
    for title, reason in why.items():
        assert said[title] == "-"
        assert reason in rows(panel)[title].toolTip().replace("\n", " ")
    assert said["MSE"] == "122.4"
    panel.show_quality(QUALITY, 1000, 500)  # and it goes when it does apply
    assert "of RGB colors" not in rows(panel)["Mean ΔE2000"].toolTip()


@pytest.mark.parametrize(
    ("png", "indexed", "words"),
    [
        (1000, 500, ["1.0 kB", "500 bytes (50%)"]),
        (1000, 1500, ["1.0 kB", "1.5 kB (150%)"]),
        (None, 1500, ["-", "1.5 kB"]),
        (1000, None, ["1.0 kB", "-"]),
    ],
)
def test_sizes_and_their_percentage(panel, png, indexed, words):
    panel.show_quality(QUALITY, png, indexed)
    assert [texts(panel)[title] for title in ("As PNG", "As indexed PNG")] == words


def test_lossless_and_uncounted(panel):
    quality = replace(QUALITY, n_colors_before=2**20, mse=0.0, psnr=inf)
    panel.show_quality(quality, 1, 1)
    said = texts(panel)
    assert said["PSNR"] == "∞ (lossless)"
    assert said["MSE"] == "0"
    assert said["Unique colors"] == "over 1,048,576 → 64"


def test_a_message_is_shown_while_there_are_no_measures(panel):
    (message,) = [
        label for label in panel.findChildren(QLabel) if label.text().endswith("yet.")
    ]
    assert message.isVisible()
    panel.show_quality(QUALITY, 1, 1)
    assert not message.isVisible()
    panel.clear("The labels were painted: measure again.")
    assert message.isVisible()
    assert message.text() == "The labels were painted: measure again."
    assert set(texts(panel).values()) == {"-"}
    assert "painted" in rows(panel)["PSNR"].toolTip()


def test_every_row_explains_its_measure(panel):
    panel.show_quality(QUALITY, 1, 1)
    form = panel.findChild(QFormLayout)
    for i, value in enumerate(rows(panel).values()):
        title = form.itemAt(i, LABEL).widget()
        assert title.toolTip() == value.toolTip() != ""
        assert title.buddy() is value
        assert value.accessibleName() == title.text()


def test_a_value_is_selected_and_copied(panel, qtbot):
    panel.show_quality(QUALITY, 1, 1)
    value = rows(panel)["PSNR"]
    qtbot.mouseDClick(value, Qt.MouseButton.LeftButton, pos=QPoint(5, 8))
    assert value.selectedText() == "32"  # a word
    for key in (Qt.Key.Key_A, Qt.Key.Key_C):
        qtbot.keyClick(value, key, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == "32.02 dB"


@pytest.mark.parametrize("width", [180, 300])
@pytest.mark.parametrize("points", [9, 18])
def test_no_value_is_cut_off(panel, qtbot, width, points):
    panel.setStyleSheet(f"font-size: {points}pt")
    panel.show_quality(replace(QUALITY, n_colors_before=2**20), 10**9, 10**9)
    panel.resize(max(width, panel.minimumSizeHint().width()), 900)
    QApplication.processEvents()
    for value in rows(panel).values():
        assert value.width() >= value.fontMetrics().horizontalAdvance(value.text())
        assert value.height() >= value.fontMetrics().height()
        assert panel.rect().contains(value.geometry())
    if points == 9:
        assert panel.minimumSizeHint().width() <= 300


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (9_940, "9.9 kB"),
        (9_960, "10 kB"),
        (310_400, "310 kB"),
        (999_499, "999 kB"),
        (999_501, "1.0 MB"),
        (1_234_567, "1.2 MB"),
        (45_600_000, "46 MB"),
        (3_200_000_000, "3.2 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_bytes_in_words(n_bytes, words):
    assert human_bytes(n_bytes) == words


def test_tooltips_are_wrapped_and_safe():
    words = "word " * 30 + "\nend"
    lines = wrapped(words).split("\n")
    assert [len(line) for line in lines] == [59, 59, 29, 3]
    assert wrapped(wrapped(words)) == wrapped(words)
    safe = wrapped("a <b>bold</b> name & more")
    assert "a &lt;b&gt;bold&lt;/b&gt; name &amp; more" in safe
    assert wrapped(safe) == safe
