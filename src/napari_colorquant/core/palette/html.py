"""Pieces of HTML for notebooks: readable on light and dark pages, and escaped.

Texts and lines have the colour of the page; only swatches have colours of their own.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_SWATCH = (
    "display:inline-block;width:1.6em;height:1.1em;vertical-align:middle;"
    "border:1px solid currentColor"
)
_NUMBER = "text-align:right;font-variant-numeric:tabular-nums"


class Markup(str):
    """HTML that is made: it is not escaped again."""

    __slots__ = ()


def in_words(value: Any) -> str:
    """Return a value of a table as text: shares, which are floats, have two digits."""
    if isinstance(value, str):
        return value
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"


def swatch(color: str) -> Markup:
    """Return a box of a colour such as ``"#b22222"``."""
    style = f"{_SWATCH};background:{escape(color)}"
    return Markup(
        f'<span style="{style}">\u00a0</span>'
    )  # some leave out what is empty


def paragraph(text: str) -> Markup:
    """Return a text as a paragraph."""
    return Markup(f"<p>{_markup(text)}</p>")


def facts(known: Mapping[str, Any]) -> Markup:
    """Return a table of two columns, one row a name and its value; without None."""
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{_markup(value)}</td></tr>'
        for name, value in known.items()
        if value is not None
    )
    return Markup(f"<table><tbody>{rows}</tbody></table>")


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Markup:
    """Return a table with a row of heads; texts are on the left, numbers the right."""
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    lines = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return Markup(
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    )


def folded(title: str, content: str) -> Markup:
    """Return a content that is hidden until its title is clicked."""
    return Markup(f"<details><summary>{escape(title)}</summary>{content}</details>")


def line_plot(points: Sequence[tuple[float, float]], marked: Sequence[float]) -> Markup:
    """Return a small plot of a line, with circles at the x that are marked.

    All values are finite; there are two points or more.
    """
    width, height, edge = 320.0, 120.0, 8.0
    xs, ys = zip(*points, strict=True)
    across, up = max(xs) - min(xs) or 1.0, max(ys) - min(ys) or 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        right = edge + (x - min(xs)) / across * (width - 2 * edge)
        down = height - edge - (y - min(ys)) / up * (height - 2 * edge)
        return round(right, 1), round(down, 1)

    line = " ".join(f"{x:g},{y:g}" for x, y in (place(*point) for point in points))
    circles = "".join(
        f'<circle cx="{x:g}" cy="{y:g}" r="4"/>'
        for x, y in (place(*point) for point in points if point[0] in marked)
    )
    return Markup(
        f'<svg width="{width:g}" height="{height:g}" role="img" fill="none" '
        'stroke="currentColor" stroke-width="1.5" style="display:block">'
        f'<polyline points="{line}"/>{circles}</svg>'
    )


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return f'<td style="text-align:left">{_markup(value)}</td>'
    return f'<td style="{_NUMBER}">{in_words(value)}</td>'


def _markup(value: Any) -> str:
    return value if isinstance(value, Markup) else escape(str(value))
