from __future__ import annotations

import pytest
from napari.settings import get_settings
from napari.utils.theme import available_themes, get_theme
from qtpy.QtGui import QColor

from napari_colorquant.viewer.theme import contrast, theme_colors


@pytest.mark.parametrize(
    ("a", "b", "ratio"),
    [
        ("#000000", "#ffffff", 21),
        ("#ffffff", "#000000", 21),
        ("#777777", "#ffffff", 4.478),
        ("#ff0000", "#ffffff", 3.998),
        ("#123456", "#123456", 1),
    ],
)
def test_contrast(a, b, ratio):
    assert contrast(QColor(a), QColor(b)) == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("name", available_themes())
def test_lines_and_marks_are_seen_in_every_theme(monkeypatch, name):
    monkeypatch.setattr(get_settings().appearance, "theme", name)
    colors, theme = theme_colors(), get_theme(name)
    assert colors.background.name() == theme.background.as_hex("long")
    assert contrast(colors.text, colors.background) >= 4.5
    for color in (colors.line, colors.accent, colors.choice):
        assert contrast(color, colors.background) >= 3


def test_colours_that_are_seen_are_the_themes_own(monkeypatch):
    monkeypatch.setattr(get_settings().appearance, "theme", "dark")
    assert theme_colors().accent.name() == get_theme("dark").warning.as_hex("long")
