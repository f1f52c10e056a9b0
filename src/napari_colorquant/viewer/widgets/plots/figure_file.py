"""Figures for a paper: the plot of the shares, and the palette as a legend."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.formats.file_io import replacing
from napari_colorquant.viewer.widgets.plots.looks import BOX, Pen, ThemeColors
from napari_colorquant.viewer.widgets.plots.shares_drawing import draw_bars, draw_lines

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    from matplotlib.figure import Figure

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.viewer.widgets.plots.shares import Shares

SUFFIXES = (".png", ".svg", ".pdf")
_WIDEST = 6500
"""Points that bars may take: a wider picture is too much for what opens it."""
NO_LETTERS = "Some letters of the names are boxes: no font that was found has them."
_PAPER = ThemeColors("#ffffff", "#1a1a1a", "#666666", "#666666", "#666666")
_SIZE, _LINE, _WIDTH, _HEIGHT = 9, 13, 420, 260
"""In points: of the font, a line of text, and a plot."""
_NAME = 160
"""Points of the name of an image, which is turned where bars are narrow."""
_LONG = 24
"""Entries of a column of the plot's legend."""
# Letters of a PDF are those of a font, which other programs can change. Neither the
# time nor chance is written: the same table makes the same bytes.
_SETTINGS: dict[Any, Any] = {"pdf.fonttype": 42, "svg.hashsalt": "napari-colorquant"}
_METADATA: dict[str, dict[str, None]] = {
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


def plot_figure(shares: Shares, panel: int, family: str = "") -> Figure:
    """Return the plot with a legend: all bars, or the lines of a panel.

    family: a font for what matplotlib's own has no letters for. ValueError if there is
    too much to draw.
    """
    from matplotlib.patches import Patch

    if shares.why_not:
        raise ValueError(shares.why_not)
    n = 0 if shares.of_slices else int(shares.place.max()) + 1
    each = _LINE + 4 if shares.says("image") else _LINE // 2
    if n > (most := _WIDEST // each):
        raise ValueError(
            f"{n:,} bars are too many for a figure, which has room for {most:,}: "
            "measure fewer images or regions, or save the table."
        )
    pen = _paper_pen(max(_WIDTH, n * each + 60), _HEIGHT, family)
    figure = _paper(pen.width, pen.height)
    axes = figure.add_subplot()
    if shares.of_slices:
        draw_lines(axes, shares, panel, pen)
    else:
        draw_bars(axes, shares, range(n), pen, turned=_NAME)
    axes.set_title(shares.title(panel, range(n)), loc="left", **pen.text)
    mine = shares.table[shares.panel == panel]
    one_each = "label" if shares.of_slices else ["label", "name", "hex"]
    entries = mine.drop_duplicates(one_each)
    names = [pen.drawable(name) for name in _names(entries)]
    edge: dict[str, Any] = {"edgecolor": pen.colors.line, "linewidth": 0.7}
    columns = -(-len(names) // _LONG)
    legend = figure.legend(
        [Patch(facecolor=color or "none", **edge) for color in entries["hex"]],
        names,
        loc="outside right upper",
        frameon=False,
        prop=pen.font,
        ncols=columns,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    wide = columns * (max(map(pen.width_of, names)) + 3 * _LINE)
    words = axes.get_xticklabels(minor=True) + axes.get_xticklabels()
    turned = [pen.width_of(it.get_text()) for it in words if it.get_rotation()]
    high = max(turned, default=0)
    figure.set_size_inches((pen.width + wide) / 72, (pen.height + high) / 72)
    return figure


def legend_figure(shares: Shares, index: int, family: str = "") -> Figure:
    """Return the entries of the image, region and slice of one of the shares.

    Each has its color, label and name, its share and its area. ValueError if there are
    too many of them. family: see plot_figure.
    """
    from matplotlib.patches import Rectangle

    if shares.why_not:
        raise ValueError(shares.why_not)
    is_mine = shares.panel == shares.panel[index]
    is_mine &= shares.place == shares.place[index]
    mine = is_mine.nonzero()[0]
    pen = _paper_pen(_WIDTH, _HEIGHT, family)
    facts = [shares.facts(one) for one in mine]
    names = map(pen.drawable, _names(shares.table.iloc[mine]))
    cells = [
        [name, share, area]
        for name, (share, _, area, *_) in zip(names, facts, strict=True)
    ]
    where = pen.drawable(", ".join([*shares.where(index)]))
    widths = [max(map(pen.width_of, column)) for column in zip(*cells, strict=True)]
    lefts = [2.2 * _LINE]
    for width in widths:
        lefts.append(lefts[-1] + width + _LINE)
    step, top = 1.4 * _LINE, 1.6 * _LINE if where else 0.4 * _LINE
    wide = max(lefts[-1], pen.width_of(where) + _LINE)
    high = top + step * len(cells) + 0.4 * _LINE
    figure = _paper(wide, high, layout=None)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, wide), ylim=(high, 0))
    axes.set_axis_off()
    axes.text(_LINE / 2, _LINE * 0.9, where, va="center", **pen.text)
    for row, one in enumerate(mine):
        y = top + row * step
        color = shares.table["hex"].iloc[one] or "none"
        box = Rectangle((_LINE / 2, y + 2), 1.3 * _LINE, step - 4, facecolor=color)
        box.set(edgecolor=pen.colors.line, linewidth=0.7)
        axes.add_patch(box)
        name, *numbers = cells[row]
        axes.text(lefts[0], y + step / 2, name, va="center", **pen.text)
        for left, width, number in zip(lefts[1:], widths[1:], numbers, strict=False):
            text = pen.text | {"ha": "right", "va": "center"}
            axes.text(left + width, y + step / 2, number, **text)
    return figure


def write_figure(figure: Figure, path: str | PathLike[str], monitor: Monitor) -> bool:
    """Write a figure as its suffix says, whole; return whether all letters are there.

    ValueError for another suffix, OSError if it cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.text import Text

    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(
            f"{path} ends with none of {', '.join(SUFFIXES)}: choose one of them."
        )
    monitor("write", 0.0)
    with replacing(path) as stream, rc_context(_SETTINGS):
        figure.savefig(
            stream, format=suffix[1:], dpi=300, metadata=_METADATA.get(suffix)
        )
        monitor("write", 1.0)  # or, if it is cancelled, there is no file
    texts: list[Any] = figure.findobj(Text)
    return not any(BOX in text.get_text() for text in texts)


def _names(entries: pd.DataFrame) -> list[str]:
    """Return the labels and names of rows."""
    pairs = zip(entries["label"], entries["name"], strict=True)
    return [f"{label} {name}".rstrip() for label, name in pairs]


def _paper(width: float, height: float, layout: Any = "constrained") -> Figure:
    from matplotlib.figure import Figure

    size = width / 72, height / 72
    return Figure(size, dpi=72, layout=layout, facecolor=_PAPER.background)


def _paper_pen(width: int, height: int, family: str) -> Pen:
    """Return dark ink on white, in points; matplotlib's own font is everywhere."""
    from matplotlib.font_manager import FontProperties, fontManager

    known = fontManager.get_font_names()
    families = [name for name in ("DejaVu Sans", family) if name in known]
    font = FontProperties(family=families, size=_SIZE)
    return Pen(_PAPER, font, width, height, _LINE, _SIZE, partial(_width_of, font))


def _width_of(font: Any, text: str) -> float:
    """Return the width of a text in points."""
    from matplotlib.textpath import text_to_path

    if not text:
        return 0.0
    return float(text_to_path.get_text_width_height_descent(text, font, False)[0])
