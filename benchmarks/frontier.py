"""Draw error against time, one panel for each number of colours.

python benchmarks/frontier.py figures.json frontier.png

`figures.json` is what `quality.py --save` wrote; `quality.py --plot` draws directly.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from math import ceil, cos, radians, sin
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import peers
from matplotlib.figure import Figure
from matplotlib.path import Path as MplPath
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from matplotlib.transforms import Bbox, IdentityTransform

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Summary = Mapping[str, Any]

OURS, EXAMPLE, OTHERS, FAINT = "#c2410c", "#1d4ed8", "#3f3f46", "#a1a1aa"
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "grid.color": "#ececee",
    "xtick.color": OTHERS,
    "ytick.color": OTHERS,
}
LABEL = {"fontsize": 9, "color": OTHERS}
ERROR_LIMIT = 2.0
"""What has a larger error is drawn as a triangle at this one, with its number."""
DISTANCES = range(12, 400, 8)
ANGLES = (0, 180, 90, 270, *range(15, 360, 15))
"""Where a name is tried: so many pixels from its point, in these directions."""


def draw(summaries: Sequence[Summary], path: Path) -> None:
    """Draw the picture into a PNG."""
    colors = sorted({one["n_colors"] for one in summaries})
    n_columns = min(2, len(colors))
    n_rows = ceil(len(colors) / n_columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.8 * n_columns, 4.4 * n_rows + 0.3), dpi=150)
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for panel, n_colors in zip(panels, colors, strict=False):
            chosen = [one for one in summaries if one["n_colors"] == n_colors]
            _draw_points(panel, chosen)
            panel.set_title(f"K = {n_colors}", fontweight="bold")
        for panel in panels[len(colors) :]:
            panel.remove()
        figure.supxlabel(
            "time of a picture; a triangle has a larger error, in brackets", **LABEL
        )
        figure.supylabel("MSE / that of the scikit-learn example", **LABEL)
        figure.draw_without_rendering()  # the layout is known from here on
        figure.set_layout_engine("none")
        for panel, n_colors in zip(panels, colors, strict=False):
            _label(panel, [one for one in summaries if one["n_colors"] == n_colors])
        figure.savefig(path)


def _draw_points(panel: Axes, chosen: Sequence[Summary]) -> None:
    panel.set(xscale="log", yscale="log")
    panel.grid(zorder=0)
    panel.tick_params(which="both", length=0)
    panel.plot(
        *zip(*_frontier(chosen), strict=True), color=FAINT, linewidth=1, zorder=1
    )
    for one in chosen:
        size = 64 if one["peer"] == peers.OURS.name else 26
        marker = "^" if _is_outside(one) else "o"
        panel.scatter(*_place(one), s=size, c=_color(one), marker=marker, zorder=3)
    panel.margins(x=0.16, y=0.2)
    left, right = panel.get_xlim()
    panel.xaxis.set_major_locator(
        LogLocator(subs=(1, 3) if right < 1e3 * left else (1,))
    )
    panel.yaxis.set_major_locator(MaxNLocator(6, steps=(1, 2, 2.5, 5, 10)))
    panel.xaxis.set_major_formatter(_duration)
    panel.yaxis.set_major_formatter("{x:.3g}")
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.yaxis.set_minor_formatter(NullFormatter())


def _duration(seconds: float, _: int) -> str:
    return f"{seconds:g} s" if seconds >= 1 else f"{seconds * 1e3:g} ms"


def _frontier(chosen: Sequence[Summary]) -> list[tuple[float, float]]:
    """Return the line through what nothing else beats in both time and error."""
    corners: list[tuple[float, float]] = []
    for place in sorted(_place(one) for one in chosen):
        if not corners or place[1] < corners[-1][1]:
            corners.append(place)
    return corners


def _place(one: Summary) -> tuple[float, float]:
    return one["seconds"], min(one["error_ratio"], ERROR_LIMIT)


def _is_outside(one: Summary) -> bool:
    return bool(one["error_ratio"] > ERROR_LIMIT)


def _name(one: Summary) -> str:
    return one["peer"] + (f" ({one['error_ratio']:.1f})" if _is_outside(one) else "")


def _color(one: Summary) -> str:
    if one["peer"].startswith(peers.OURS.name):
        return OURS
    return EXAMPLE if one["peer"] == peers.EXAMPLE.name else OTHERS


def _label(panel: Axes, chosen: Sequence[Summary]) -> None:
    """Write each name where it covers no point, no other name and no line to one."""
    panel.autoscale(False)
    radius = 5 * panel.figure.dpi / 72
    points = [panel.transData.transform(_place(one)) for one in chosen]
    taken = [Bbox([point - radius, point + radius]) for point in points]
    frontier = MplPath(panel.transData.transform(_frontier(chosen)))
    lines = [frontier]
    for one, point in zip(chosen, points, strict=True):
        text = panel.text(
            *point,
            _name(one),
            transform=IdentityTransform(),
            ha="center",
            va="center",
            color=_color(one),
            fontsize=8,
            fontweight="bold" if one["peer"] == peers.OURS.name else "normal",
            zorder=4,
        )
        size = text.get_window_extent().padded(2).size
        distance, box = _free_box(panel.bbox, point, size, taken, lines)
        text.set_position((box.p0 + box.p1) / 2)
        taken.append(box)
        if distance > DISTANCES[1]:
            lines.append(_line_to(box, point))
            ends = panel.transData.inverted().transform(lines[-1].vertices)
            panel.plot(*ends.T, color=FAINT, linewidth=0.6, zorder=2)


def _free_box(
    panel: Bbox,
    point: NDArray[np.float64],
    size: NDArray[np.float64],
    taken: Sequence[Bbox],
    lines: Sequence[MplPath],
) -> tuple[int, Bbox]:
    """Return the nearest free place for a name, and how far it is.

    If there is none, a line may be crossed, but neither a point nor a name covered.
    """
    others = [box for box in taken if not box.contains(*point)]
    for may_cross, distance, angle in product((False, True), DISTANCES, ANGLES):
        direction = np.array([cos(radians(angle)), sin(radians(angle))])
        center = point + direction * (distance + size / 2)
        box = Bbox([center - size / 2, center + size / 2])
        line = _line_to(box, point)
        crosses = any(other.intersects_bbox(box) for other in lines) or any(
            line.intersects_bbox(other) for other in others
        )
        is_free = not any(box.overlaps(other) for other in taken)
        is_inside = (box.p0 >= panel.p0).all() and (box.p1 <= panel.p1).all()
        if is_free and is_inside and (may_cross or not crosses):
            return distance, box
    raise RuntimeError("there is no place for a name: draw fewer peers.")


def _line_to(box: Bbox, point: NDArray[np.float64]) -> MplPath:
    """Return the line from a point to the nearest place of a name's edge."""
    return MplPath([point, point.clip(box.p0, box.p1)])


def main() -> None:
    """Draw what was saved."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("figures", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    draw(json.loads(options.figures.read_text()), options.picture)


if __name__ == "__main__":
    main()
