"""How the error against the number of colours is drawn, in the colours of napari."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from napari_colorquant.viewer.widgets.plots.looks import Pen, ThemeColors, draw_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FARTHEST_TARGET = 1.0
"""Of the range of the points: a target that is farther away is told of in words."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a plot shows: PSNR in dB of each number of colours, and marked numbers."""

    psnr: Mapping[int, float]
    elbow: int | None = None
    classes: int | None = None
    target: float | None = None
    current: int | None = None
    cursor: int | None = None

    def describe(self, n_colors: int) -> str:
        """Return a point in words, such as ``"K = 12: PSNR 30.1 dB"``."""
        psnr = self.psnr[n_colors]
        words = "lossless" if psnr == inf else f"PSNR {psnr:.1f} dB"
        return f"K = {n_colors}: {words}"


def draw_axes(axes: Axes, shown: Shown, pen: Pen) -> None:
    """Draw ticks, numbers and a grid, as many as there is room for."""
    from matplotlib.ticker import MaxNLocator

    psnr, line, text = shown.psnr, pen.line, pen.text
    first, last = min(psnr), max(psnr)
    of_number = 1.5 * pen.width_of(f"{last}") + line / 4
    most, step = max(1, int(0.8 * pen.width / of_number)), 1
    while last // step - (first - 1) // step > most:
        step *= 2
    numbers = [*range(-(-first // step) * step, last + 1, step)]
    if (numbers[0] - first) * most >= last - first > 0:
        numbers.insert(0, first)  # as the axis does not start at 0
    axes.set_xticks(numbers, [f"{n}" for n in numbers], **text)
    axes.set_xlim(first, max(last, first + 1))
    axes.set_xlabel("Number of colors", **text)
    is_lossless = inf in psnr.values()
    most = min(max(3, int((pen.height / line - 5) / 1.6)), 8) - is_lossless
    levels = [*MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(*_range(shown))]
    names = [f"{level:g}" for level in levels]
    if is_lossless:
        levels.append(2 * levels[-1] - levels[-2])
        names.append("∞")
    axes.set_yticks(levels, names, **text)
    axes.set_ylim(levels[0], levels[-1])
    draw_frame(axes, pen)


def _range(shown: Shown) -> tuple[float, float]:
    """Return the least and greatest PSNR of the points and of a target nearby."""
    finite = [psnr for psnr in shown.psnr.values() if isfinite(psnr)] or [0.0]
    low, high, target = min(finite), max(finite), shown.target
    reach = _FARTHEST_TARGET * max(high - low, 10.0)
    if target is not None and low - reach <= target <= high + reach:
        low, high = min(low, target), max(high, target)
    # Values that differ in their last digits are one: no steps tell them apart.
    return low, high if high - low > 1e-9 * max(abs(low), abs(high)) else low + 1


def draw_curve(axes: Axes, shown: Shown, colors: ThemeColors) -> None:
    """Draw the points, joined by a line, which is dotted to the lossless ones."""
    psnr, top = shown.psnr, axes.get_ylim()[1]
    numbers = sorted(psnr)
    finite = [n for n in numbers if isfinite(psnr[n])]
    lossless = [n for n in numbers if psnr[n] == inf]
    if finite and lossless:
        last, first = finite[-1], lossless[0]
        axes.plot([last, first], [psnr[last], top], ":", color=colors.line)
    axes.plot(finite, [psnr[n] for n in finite], color=colors.line)
    heights = [min(psnr[n], top) for n in numbers]
    axes.plot(numbers, heights, "o", color=colors.text, ms=5, clip_on=False)


def draw_marks(axes: Axes, shown: Shown, pen: Pen) -> None:
    """Mark what is suggested, aimed for and chosen; the legend says it in words."""
    colors = pen.colors
    elbow, classes = shown.elbow, shown.classes
    target, current = shown.target, shown.current
    (first, last), (bottom, top) = axes.get_xlim(), axes.get_ylim()

    def mark(words: str, form: str, x: Any, y: Any, **style: Any) -> None:
        (line,) = axes.plot(x, y, form, label=words, clip_on=False, **style)
        line.set_in_layout(len(x) > 0)  # a line without ends is somewhere as well

    if elbow is not None and elbow in shown.psnr:
        height, edge = min(shown.psnr[elbow], top), colors.text
        style = {"color": colors.accent, "mec": edge, "ms": 9, "zorder": 3}
        mark(f"for picture: {elbow}", "D", [elbow], [height], **style)
    if classes is not None and classes in shown.psnr:
        # A frame, which is larger: both may be at one point.
        style = {"color": "none", "mec": colors.text, "mew": 1.5, "ms": 14, "zorder": 3}
        height = min(shown.psnr[classes], top)
        mark(f"for classes: {classes}", "s", [classes], [height], **style)
    if target is not None:
        words, x_part = f"target: {target:g} dB", axes.get_yaxis_transform()
        style = {"color": colors.accent, "transform": x_part}
        if bottom <= target <= top:
            mark(words, "--", [0, 1], [target] * 2, **style)
        else:
            mark(f"{words} {'↑' if target > top else '↓'}", "--", [], [], **style)
    if current is not None:
        words, y_part = f"chosen: {current}", axes.get_xaxis_transform()
        style = {"color": colors.choice, "transform": y_part}
        style |= {"linewidth": 2, "ms": 10, "markevery": [0]}
        if first <= current <= last:
            mark(words, "-^", [current] * 2, [0, 1], **style)
        else:
            words = f"{words} →" if current > last else f"← {words}"
            mark(words, "-^", [], [], **style)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(
            prop=pen.font,
            labelcolor=colors.text,
            facecolor=colors.background,
            edgecolor="none",
            borderpad=0.2,
            handletextpad=0.4,
            handlelength=1.2,
            labelspacing=0.2,
        )
