"""Colours of napari's theme for what is drawn by hand."""

from __future__ import annotations

from dataclasses import dataclass

from qtpy.QtGui import QColor

_LEAST_CONTRAST = 3.0
"""What lines and marks need to be seen on what is behind them (WCAG 2.1, 1.4.11)."""


@dataclass(frozen=True, slots=True, eq=False)
class ThemeColors:
    """Colours to draw with, readable in dark themes and in light ones.

    Parameters
    ----------
    background : QColor
        What is behind.
    text : QColor
        Text and what matters as much.
    line : QColor
        Axes and other lines.
    faint : QColor
        Lines to guide the eye, which may be overlooked.
    accent : QColor
        What stands out.
    choice : QColor
        What the user has chosen.
    """

    background: QColor
    text: QColor
    line: QColor
    faint: QColor
    accent: QColor
    choice: QColor


def theme_colors(name: str | None = None) -> ThemeColors:
    """Return the colours of a theme of napari.

    Parameters
    ----------
    name : str, optional
        Its name, by default that of the preferences: a viewer may have another one.

    Returns
    -------
    ThemeColors
        The theme's own, brought nearer to its text where they are too much like its
        background.
    """
    from napari.settings import get_settings
    from napari.utils.theme import get_theme

    theme = get_theme(get_settings().appearance.theme if name is None else name)
    background, text, faint, line, accent, choice = (
        QColor(color.as_hex("long"))
        for color in (
            *(theme.background, theme.text, theme.primary),
            *(theme.icon, theme.warning, theme.current),
        )
    )
    return ThemeColors(
        background=background,
        text=text,
        line=_apart(line, background, text),
        faint=faint,
        accent=_apart(accent, background, text),
        choice=_apart(choice, background, text),
    )


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast of two colours.

    Parameters
    ----------
    a, b : QColor
        Opaque colours.

    Returns
    -------
    float
        The ratio of their luminances, 1 to 21, as WCAG 2.1 defines it.
    """
    darker, lighter = sorted(_luminance(color) for color in (a, b))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    channels = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (color.redF(), color.greenF(), color.blueF())
    )
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), channels, strict=True))


def _apart(color: QColor, background: QColor, text: QColor) -> QColor:
    """Bring a colour nearer to that of text until it is seen on the background."""
    for tenths in range(11):
        mixed = QColor.fromRgbF(
            *(
                a + (b - a) * tenths / 10
                for a, b in zip(color.getRgbF()[:3], text.getRgbF()[:3], strict=True)
            )
        )
        if contrast(mixed, background) >= _LEAST_CONTRAST:
            return mixed
    return text
