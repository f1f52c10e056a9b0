"""Rows of pictures and charts, drawn with Pillow: what the examples need of both."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK, GREY, PALE = "#111111", "#555555", "#dddddd"
MARGIN, TOP, BOTTOM = 28, 104, 72


@dataclass(frozen=True, slots=True)
class Panel:
    """A picture under its title and over its legend.

    Parameters
    ----------
    title : str
        In large letters.
    detail : str
        Below it, in small ones.
    picture : ndarray of uint8, shape (y, x, 3)
        All pictures of a row have one height.
    legend : dict of str to tuple of int
        Words, and the colour that each one's square has.
    """

    title: str
    detail: str
    picture: np.ndarray
    legend: dict[str, tuple[int, ...]] = field(default_factory=dict)


def draw_row(panels):
    """Draw panels side by side.

    Parameters
    ----------
    panels : sequence of Panel
        From left to right.

    Returns
    -------
    PIL.Image.Image
        The row, on white.
    """
    height = panels[0].picture.shape[0]
    widths = [panel.picture.shape[1] for panel in panels]
    width = sum(widths) + MARGIN * (len(panels) + 1)
    figure = Image.new("RGB", (width, TOP + height + BOTTOM), "white")
    pen = ImageDraw.Draw(figure)
    large, small = font(36), font(26)
    left = MARGIN
    for panel, step in zip(panels, widths, strict=True):
        pen.text((left, 46), panel.title, INK, large, anchor="ls")
        pen.text((left, 86), panel.detail, GREY, small, anchor="ls")
        figure.paste(Image.fromarray(panel.picture), (left, TOP))
        place = left
        for word, color in panel.legend.items():
            below = TOP + height + 20
            box = (place, below, place + 21, below + 21)
            pen.rectangle(box, tuple(color), "#999999")
            pen.text((place + 28, below + 19), word, INK, font(24), anchor="ls")
            place += 44 + round(pen.textlength(word, font(24)))
        left += step + MARGIN
    return figure


def draw_chart(size, lines, top, unit):
    """Draw lines over the frames of a movie.

    Parameters
    ----------
    size : tuple of int
        Height and width.
    lines : sequence of tuple
        Values, one a frame from 0; the colour; and whether the line is dashed.
    top : float
        The value at the upper end of the axis.
    unit : str
        Stands behind the value there.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        The chart.
    """
    height, width = size
    chart = Image.new("RGB", (width, height), "white")
    pen, small = ImageDraw.Draw(chart), font(24)
    left, right, upper, lower = 76, width - 20, 20, height - 44
    last = len(lines[0][0]) - 1
    for part in (0, 0.5, 1):
        y = lower - part * (lower - upper)
        pen.line((left, y, right, y), PALE, 2)
        pen.text((left - 10, y), f"{part * top:g}{unit}", GREY, small, anchor="rm")
    for frame, anchor in ((0, "ls"), (last, "rs")):
        x = left + frame / last * (right - left)
        pen.text((x, height - 8), f"frame {frame}", GREY, small, anchor=anchor)
    for values, color, dashed in lines:
        x = left + np.arange(last + 1) / last * (right - left)
        y = lower - np.asarray(values) / top * (lower - upper)
        points = list(zip(x.tolist(), y.tolist(), strict=True))
        for i in range(last):
            start, end = np.array(points[i]), np.array(points[i + 1])
            end = start + (end - start) * (0.5 if dashed else 1)
            pen.line((*start, *end), tuple(color), 4)
    return np.asarray(chart)


def font(points):
    """Return Pillow's own letters, the same on every machine."""
    return ImageFont.load_default(points)
