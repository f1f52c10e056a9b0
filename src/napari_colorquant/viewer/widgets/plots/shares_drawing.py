"""How shares are drawn: stacked bars, and lines over the slices of an axis."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.viewer.widgets.plots.looks import Pen, contrast, draw_frame
from napari_colorquant.viewer.widgets.plots.shares import name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes

    from napari_colorquant.viewer.widgets.plots.shares import Shares

LEAST_BAR = 4
"""Pixels that a bar takes at least: narrower ones cannot be told apart."""
_CLEAR_BAR = 8
"""Pixels that a bar takes at least if it has a gap beside it, and outlines."""
_FEWEST_PLACES = 4
"""Bars that have room: fewer ones are no wider."""
_CLEAR = 1.6
"""Contrast to the background from which a line is seen without an outline."""
_MOST_POINTS = 60
"""Slices of a line whose points are drawn: more are too close to one another."""


def room_for(pen: Pen) -> int:
    """Return the number of pixels from the first bar to the last, about."""
    return max(1, int(pen.width - pen.width_of("100") - 2 * pen.line))


def draw_bars(
    axes: Axes, shares: Shares, bars: range, pen: Pen, turned: float = 0
) -> None:
    """Draw some of the bars, with a part for each share, from the first entry up.

    turned: the length in pixels to which names of images are turned upwards where they
    are too long; 0 to shorten them.
    """
    from matplotlib.collections import PolyCollection

    each = room_for(pen) / max(len(bars), _FEWEST_PLACES)
    half = 0.4 if each >= _CLEAR_BAR else 0.5
    is_drawn = (shares.high > shares.low) & np.isin(shares.place, bars)
    x, low, high = shares.place[is_drawn], shares.low[is_drawn], shares.high[is_drawn]
    left, right = x - half, x + half
    corners = [(left, low), (left, high), (right, high), (right, low)]
    colors = shares.table["hex"].to_numpy()[is_drawn]
    parts = PolyCollection(
        [*np.stack([np.stack(corner, -1) for corner in corners], 1)],
        facecolors=[color or "none" for color in colors],
        # Or a light colour could not be told from the background.
        edgecolors=pen.colors.line if each >= _CLEAR_BAR else "face",
        linewidths=0.7 if each >= _CLEAR_BAR else 0,
    )
    axes.add_collection(parts)
    # So that the table tells what is what, and not the colours alone.
    of_percent = (pen.height - 3 * pen.line) / 100
    labels = shares.table["label"].to_numpy()[is_drawn]
    for place, bottom, top, color, label in zip(
        x, low, high, colors, labels, strict=True
    ):
        is_wide = pen.width_of(f"{label}") + 4 <= 2 * half * each
        if is_wide and (top - bottom) * of_percent >= pen.line and color:
            axes.text(
                place,
                (bottom + top) / 2,
                f"{label}",
                ha="center",
                va="center",
                color=max("#000000", "#ffffff", key=lambda c: contrast(c, color)),
                font=pen.font,
            )
    middle = (bars.start + bars.stop - 1) / 2
    reach = max(len(bars), _FEWEST_PLACES) / 2
    axes.set_xlim(middle - reach, middle + reach)
    axes.set_ylim(0, 100)
    _name_bars(axes, shares, bars, pen, turned)
    _write_percent(axes, [0, 25, 50, 75, 100] if pen.height > 12 * pen.line else None)
    draw_frame(axes, pen)
    _style_ticks(axes, pen)


def draw_lines(axes: Axes, shares: Shares, panel: int, pen: Pen) -> None:
    """Draw the share of each entry over the slices, of one image and region."""
    from matplotlib.patheffects import withStroke
    from matplotlib.ticker import MaxNLocator

    mine = shares.table[shares.panel == panel]
    slices = np.unique(mine["slice"].to_numpy(np.int64))
    outline = [withStroke(linewidth=4, foreground=pen.colors.line)]
    ends: list[tuple[float, int]] = []
    for label, rows in mine.groupby("label", sort=False):
        x, y = rows["slice"].to_numpy(np.int64), rows["percent"].to_numpy(np.float64)
        colors = [color or pen.colors.background for color in rows["hex"]]
        is_seen = contrast(colors[0], pen.colors.background) >= _CLEAR
        effects = None if is_seen else outline
        axes.plot(x, y, color=colors[0], lw=2, path_effects=effects, label=f"{label}")
        if len(slices) <= _MOST_POINTS:
            # Those with an outline are below the line, which has one as well.
            edges, order = ("face", 3) if is_seen else (pen.colors.line, 1)
            axes.scatter(x, y, 22, colors, edgecolors=edges, zorder=order)
        if not np.isnan(y[-1]):
            ends.append((float(y[-1]), int(label)))
    top = float(np.nanmax(mine["percent"], initial=0))
    levels = MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top or 1)
    highest = min(100.0, float(levels[-1]))
    axes.set_ylim(0, highest * 1.03)
    first, last = int(slices[0]), int(slices[-1])
    margin = max(last - first, 1) * 0.03
    axes.set_xlim(first - margin, last + margin)
    most = max(2, int(room_for(pen) / (pen.width_of(f"{last}") * 2 + 8)))
    numbers = MaxNLocator(most, integer=True).tick_values(first, last)
    axes.set_xticks([n for n in numbers if first <= n <= last])
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    _write_percent(axes, [level for level in levels if level <= highest])
    _write_ends(axes, ends, last + margin, highest, pen)
    draw_frame(axes, pen)
    _style_ticks(axes, pen)


def _write_ends(
    axes: Axes, ends: list[tuple[float, int]], x: float, highest: float, pen: Pen
) -> None:
    """Write the labels of lines at their ends, where they are not on one another."""
    apart = pen.line * highest / max(pen.height - 3 * pen.line, 1)
    text: dict[str, Any] = pen.text | {"va": "center", "clip_on": False}
    written: list[float] = []
    for y, label in sorted(ends, reverse=True):
        if all(abs(y - other) >= apart for other in written):
            axes.text(x, y, f" {label}", **text)
            written.append(y)


def _write_percent(axes: Axes, levels: list[float] | None) -> None:
    levels = [0, 50, 100] if levels is None else levels
    axes.set_yticks(levels, [f"{level:g}" for level in levels])


def _style_ticks(axes: Axes, pen: Pen) -> None:
    for axis in (axes.xaxis, axes.yaxis):
        for text in (*axis.get_ticklabels(), *axis.get_ticklabels(minor=True)):
            text.set(**pen.text)


def _name_bars(
    axes: Axes, shares: Shares, bars: range, pen: Pen, turned: float
) -> None:
    """Write regions or images below the bars, and images below their regions."""
    firsts = np.unique(shares.place, return_index=True)[1]
    paths = shares.table["image"].iloc[firsts]
    images = [pen.drawable(name_of(path)) for path in paths]
    each = room_for(pen) / max(len(bars), _FEWEST_PLACES)

    def write(words: Mapping[float, str], room: float, **options: Any) -> None:
        is_turned = turned > 0 and any(pen.width_of(it) > room for it in words.values())
        cut = [
            pen.shortened(it, turned if is_turned else room) for it in words.values()
        ]
        rotation = 90 if is_turned else 0
        axes.set_xticks([*words], cut, rotation=rotation, **options)

    if not shares.says("region"):
        wide = 0 if turned else pen.width_of("abcd…")
        step = int(-(-max(pen.line, wide) // each))
        write({bar: images[bar] for bar in bars[::step]}, step * each - pen.line / 2)
        return
    numbers = [f"{n}" for n in shares.table["region"].iloc[firsts]]
    widest = max(pen.width_of(numbers[bar]) for bar in bars) + pen.line / 2
    seen = bars[:: int(-(-widest // each))]
    axes.set_xticks(seen, [numbers[bar] for bar in seen])
    if shares.says("image"):
        inner = [b for a, b in pairwise(bars) if paths.iloc[a] != paths.iloc[b]]
        spans = [*pairwise([bars.start, *inner, bars.stop])]
        names = {(a + b - 1) / 2: images[a] for a, b in spans}
        narrowest = min(b - a for a, b in spans) * each - pen.line / 2
        axes.xaxis.remove_overlapping_locs = False  # or a middle bar's would be lost
        write(names, narrowest, minor=True)
        axes.tick_params(axis="x", which="minor", length=0, pad=1.5 * pen.line)
        for start in inner:
            axes.axvline(start - 0.5, color=pen.colors.line, lw=0.7, ymin=-0.05)
