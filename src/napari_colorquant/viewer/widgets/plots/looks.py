"""What plots are drawn with: colours of napari's themes, a font, and room."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from napari.settings import get_settings
from napari.utils.theme import get_theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_CONTRAST = 3.0
"""What lines and marks need to be seen on what is behind them (WCAG 2.1, 1.4.11)."""

BOX = "\u25a1"
"""What is drawn in place of a letter that no font has."""


class ThemeColors(NamedTuple):
    """Colours of a theme of napari, such as ``"#262930"``."""

    background: str
    text: str
    line: str
    accent: str
    choice: str


def theme_colors(name: str | None = None) -> ThemeColors:
    """Return the colours of a theme, of that in the preferences where none is named.

    Those that are too much like the background are brought nearer to the text's.
    """
    theme = get_theme(get_settings().appearance.theme if name is None else name)
    background, text = (c.as_hex("long") for c in (theme.background, theme.text))

    def seen(color: Any) -> str:
        here, there = (np.array(c.as_rgb_tuple()[:3]) for c in (color, theme.text))
        steps = (here + (there - here) * tenths / 10 for tenths in range(11))
        names = ["#" + bytes(step.round().astype(np.uint8)).hex() for step in steps]
        clear = (c for c in names if contrast(c, background) >= _LEAST_CONTRAST)
        return next(clear, text)

    return ThemeColors(
        background, text, *map(seen, (theme.icon, theme.warning, theme.current))
    )


def contrast(a: str, b: str) -> float:
    """Return the contrast of two colours, 1 to 21, as WCAG 2.1 defines it."""
    levels = np.array([[*bytes.fromhex(color[1:])] for color in (a, b)]) / 255
    curved = ((levels + 0.055) / 1.055) ** 2.4
    linear = np.where(levels <= 0.04045, levels / 12.92, curved)
    darker, lighter = sorted(linear @ (0.2126, 0.7152, 0.0722))
    return float((lighter + 0.05) / (darker + 0.05))


class Pen(NamedTuple):
    """What a plot is drawn with: its colours and font, and its size in pixels.

    font: as matplotlib takes it. line: the height of a line of text. width_of: the
    width of a text.
    """

    colors: ThemeColors
    font: Any
    width: int
    height: int
    line: int
    font_size: int
    width_of: Callable[[str], float]

    @property
    def text(self) -> dict[str, Any]:
        """Colour and font of texts, as matplotlib takes them; a dollar is a dollar."""
        return {"color": self.colors.text, "font": self.font, "parse_math": False}

    def drawable(self, text: str) -> str:
        """Return a text with boxes in place of what its fonts have no letters for."""
        from matplotlib.font_manager import findfont, get_font

        fonts = [get_font(findfont(name)) for name in self.font.get_family()]
        return "".join(
            letter if any(font.get_char_index(ord(letter)) for font in fonts) else BOX
            for letter in text
        )

    def shortened(self, text: str, width: float) -> str:
        """Return a text that is no wider, with an ellipsis where it ends too soon."""
        if self.width_of(text) <= width:
            return text
        lengths = range(len(text) - 1, 0, -1)
        cut = (text[:length].rstrip() + "…" for length in lengths)
        return next((it for it in cut if self.width_of(it) <= width), "")


def draw_frame(axes: Axes, pen: Pen) -> None:
    """Draw the two sides that have ticks, and a grid behind what is shown."""
    line = pen.colors.line
    axes.tick_params(color=line)
    # Or a number at the corner is on the lowest level, which is there as well.
    axes.tick_params(axis="x", pad=max(3.5, pen.font_size / 3))
    axes.grid(axis="y", color=line, alpha=0.3, linewidth=1)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(line)
