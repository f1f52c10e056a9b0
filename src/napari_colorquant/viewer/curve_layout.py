"""Where everything of a curve plot is, found from the room and the font there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import NamedTuple

from qtpy.QtCore import QPointF, QRectF, QSize, QSizeF
from qtpy.QtGui import QFontMetrics

from napari_colorquant.viewer.ticks import binary_ticks, decimal_ticks

X_TITLE, Y_TITLE = "Number of colors", "PSNR (dB)"
POINT_RADIUS, MARK_RADIUS = 2.5, 6.0
"""Of the points, and of the marks of a few of them."""
TICK = 4
"""Length of a tick."""
_LEAST_WIDTH, _LEAST_HEIGHT = 160, 160
_WIDEST_READOUT = "K = 000: PSNR 00.0 dB"
_LINES_HIGH = 10
"""Least height in lines of text: four are written, the others are for the curve."""
_FARTHEST_TARGET = 1.0
"""Of the range of the points: a target that is farther away is told of in words."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a curve plot shows.

    Parameters
    ----------
    psnr : mapping of int to float
        PSNR in dB for each number of colours; none before there is a curve.
    elbow : int or None
        Suggested number of colours.
    target : float or None
        PSNR to reach, in dB.
    current : int or None
        Number of colours that is chosen now.
    cursor : int or None
        Number of colours of the point that is looked at.
    """

    psnr: Mapping[int, float]
    elbow: int | None = None
    target: float | None = None
    current: int | None = None
    cursor: int | None = None

    def describe(self, n_colors: int) -> str:
        """Return a point in words.

        Parameters
        ----------
        n_colors : int
            The number of colours of a point.

        Returns
        -------
        str
            Such as ``"K = 12: PSNR 30.1 dB"``.
        """
        psnr = self.psnr[n_colors]
        words = "lossless" if psnr == inf else f"PSNR {psnr:.1f} dB"
        return f"K = {n_colors}: {words}"


class Text(NamedTuple):
    """One line of text.

    Parameters
    ----------
    rect : QRectF
        As large as the text.
    words : str
        What is written.
    inside : bool
        Whether it is written between the axes, over lines.
    """

    rect: QRectF
    words: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Where everything is.

    Parameters
    ----------
    frame : QRectF
        Between the axes.
    x_ticks, y_ticks : list of float
        Coordinates of the ticks.
    points : dict of int to QPointF
        The point of each number of colours, ascending.
    target : float or None
        Height of the line at the target, where it is within the axes.
    current : float or None
        Place of the line at the chosen number, where it is within the axes.
    texts : list of Text
        What is written.
    """

    frame: QRectF
    x_ticks: list[float]
    y_ticks: list[float]
    points: dict[int, QPointF]
    target: float | None
    current: float | None
    texts: list[Text] = field(default_factory=list)


def least_size(metrics: QFontMetrics) -> QSize:
    """Return the smallest size of a plot that its texts have room in.

    Parameters
    ----------
    metrics : QFontMetrics
        Of the font.

    Returns
    -------
    QSize
        Grows with the font.
    """
    width = metrics.horizontalAdvance(_WIDEST_READOUT) + metrics.height() // 2
    return QSize(
        max(_LEAST_WIDTH, width), max(_LEAST_HEIGHT, _LINES_HIGH * metrics.height())
    )


def arrange(shown: Shown, size: QSize, metrics: QFontMetrics) -> Drawing:
    """Find a place for everything.

    Parameters
    ----------
    shown : Shown
        What is shown, with one point or more.
    size : QSize
        The room; at least :func:`least_size`.
    metrics : QFontMetrics
        Of the font.

    Returns
    -------
    Drawing
        The places. No text is cut off or lies on another one; what has no room is left
        out.
    """
    height = metrics.height()
    gap = max(3.0, height / 4)
    top = gap + 1.5 * height
    bottom = size.height() - 2 * height - 2 * gap - TICK
    most_spaces = max(3, int((bottom - top) / (1.6 * height)))
    y_values, y_last = _y_axis(shown, most_spaces)
    y_names = ["∞" if value == inf else f"{value:g}" for value in y_values]
    numbers = sorted(shown.psnr)
    widest = max(metrics.horizontalAdvance(name) for name in y_names)
    left = gap + widest + TICK + 2
    last_half = metrics.horizontalAdvance(f"{numbers[-1]}") / 2
    right = size.width() - gap - max(last_half, MARK_RADIUS)
    frame = QRectF(QPointF(left, top), QPointF(right, bottom))
    x_first, x_span = numbers[0], max(1, numbers[-1] - numbers[0])
    y_span = y_last - y_values[0]

    def x_of(n_colors: int) -> float:
        return frame.left() + (n_colors - x_first) / x_span * frame.width()

    def y_of(psnr: float) -> float:
        part = (min(psnr, y_last) - y_values[0]) / y_span
        return frame.bottom() - max(part, 0.0) * frame.height()

    x_room = 1.5 * metrics.horizontalAdvance(f"{numbers[-1]}") + gap
    x_values = binary_ticks(x_first, numbers[-1], max(1, int(frame.width() / x_room)))
    if x_of(x_values[0]) - frame.left() >= x_room:
        x_values = [x_first, *x_values]  # as the axis does not start at 0
    in_range = shown.target is not None and y_values[0] <= shown.target <= y_last
    on_axis = shown.current is not None and x_first <= shown.current <= numbers[-1]
    drawing = Drawing(
        frame=frame,
        x_ticks=[x_of(value) for value in x_values],
        y_ticks=[y_of(value) for value in y_values],
        points={n: QPointF(x_of(n), y_of(shown.psnr[n])) for n in numbers},
        target=y_of(shown.target) if in_range and shown.target is not None else None,
        current=x_of(shown.current) if on_axis and shown.current is not None else None,
    )

    def write(words: str, x: float, y: float, part: float) -> None:
        # With this part of the text to the left of `x`.
        width = metrics.horizontalAdvance(words)
        inside = max(0.0, min(x - part * width, size.width() - width))
        drawing.texts.append(Text(QRectF(inside, y, width, height), words, False))

    for y, name in zip(drawing.y_ticks, y_names, strict=True):
        write(name, left - TICK - 2, y - height / 2, 1)
    for x, value in zip(drawing.x_ticks, x_values, strict=True):
        write(f"{value}", x, bottom + TICK + 1, 0.5)
    write(X_TITLE, frame.center().x(), size.height() - gap - height, 0.5)
    readout = "" if shown.cursor is None else shown.describe(shown.cursor)
    if metrics.horizontalAdvance(readout) > size.width() - 2 * gap:
        readout = readout.removeprefix("K = ").replace("PSNR ", "")
    if readout:
        write(readout, size.width() - gap, gap / 2, 1)
    needed = metrics.horizontalAdvance(Y_TITLE) + metrics.horizontalAdvance(readout)
    if needed + 3 * gap <= size.width():
        write(Y_TITLE, gap, gap / 2, 0)
    _write_labels(drawing, shown, metrics)
    return drawing


def _y_axis(shown: Shown, most_spaces: int) -> tuple[list[float], float]:
    """Return the ticks, and where the axis ends: at a tick, or higher for ∞."""
    finite = [psnr for psnr in shown.psnr.values() if isfinite(psnr)] or [0.0]
    low, high = min(finite), max(finite)
    if shown.target is not None:
        reach = _FARTHEST_TARGET * max(high - low, 10.0)
        if low - reach <= shown.target <= high + reach:
            low, high = min(low, shown.target), max(high, shown.target)
    if inf not in shown.psnr.values():
        ticks = decimal_ticks(low, high, most_spaces)
        return ticks, ticks[-1]
    ticks = decimal_ticks(low, high, most_spaces - 1)
    return [*ticks, inf], ticks[-1] + (ticks[1] - ticks[0])


def _write_labels(drawing: Drawing, shown: Shown, metrics: QFontMetrics) -> None:
    """Write what the marks are beside them, where nothing else is."""
    frame = drawing.frame
    height, beside = metrics.height(), MARK_RADIUS + 3
    taken = [
        QRectF(
            p.x() - MARK_RADIUS, p.y() - MARK_RADIUS, 2 * MARK_RADIUS, 2 * MARK_RADIUS
        )
        for p in drawing.points.values()
    ]
    if drawing.target is not None:
        taken.append(QRectF(frame.left(), drawing.target - 1, frame.width(), 2))
    if drawing.current is not None:
        taken.append(QRectF(drawing.current - 1, frame.top(), 2, frame.height()))

    def write(words: str, wanted: Iterable[tuple[float, float]]) -> None:
        """Write at the first of some places (upper left corners) that is free."""
        room = QSizeF(metrics.horizontalAdvance(words), height)
        places = [QRectF(QPointF(x, y), room) for x, y in wanted]
        places += _everywhere(frame, room)
        inside = [p for p in places if frame.contains(p)]
        texts = [text.rect for text in drawing.texts]
        if not inside:  # far below the least size
            return
        apart = [p for p in inside if not any(map(p.intersects, texts))]
        # Where no place is free of points and lines, one over few of them.
        place = min(apart or inside, key=lambda p: sum(map(p.intersects, taken)))
        drawing.texts.append(Text(place, words, True))

    if shown.elbow in drawing.points:
        words = f"suggested: {shown.elbow}"
        width = metrics.horizontalAdvance(words)
        x, y = drawing.points[shown.elbow].x(), drawing.points[shown.elbow].y()
        wanted = [(x + beside, y + MARK_RADIUS / 2), (x - beside - width, y - height)]
        for step in range(int(frame.height() / 4)):  # farther and farther below
            lower = y + beside + 2 * step
            wanted += [
                (x + shift, lower) for shift in (beside, -width / 2, -beside - width)
            ]
        write(words, wanted)
    if shown.target is not None:
        words = f"target: {shown.target:g} dB"
        if drawing.target is None:
            words += " ↑" if shown.target > max(shown.psnr.values()) else " ↓"
            y = frame.top() if words.endswith("↑") else frame.bottom() - height
            above, below = y, y
        else:
            above, below = drawing.target - height - 1, drawing.target + 2
        right = frame.right() - metrics.horizontalAdvance(words)
        write(
            words,
            [(right, above), (right, below), (frame.left() + 2, above)],
        )
    if shown.current is not None:
        words = f"chosen: {shown.current}"
        y = frame.bottom() - height - 2
        if drawing.current is not None:
            width, x = metrics.horizontalAdvance(words), drawing.current
            write(words, [(x + beside, y), (x - beside - width, y)])
        else:
            is_right = shown.current > max(shown.psnr)
            words = f"{words} →" if is_right else f"← {words}"
            right = frame.right() - metrics.horizontalAdvance(words)
            write(words, [(right if is_right else frame.left() + 2, y)])


def _everywhere(frame: QRectF, room: QSizeF) -> list[QRectF]:
    """Return places for a text, from the lower right, where no curve is, upwards."""
    places = []
    y = frame.bottom() - room.height() - 2
    while y >= frame.top():
        for part in (1.0, 0.5, 0.0):
            x = frame.left() + part * (frame.width() - room.width())
            places.append(QRectF(QPointF(x, y), room))
        y -= room.height()
    return places
