"""What the benchmarks print: Markdown tables, and targets that are met or not."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ABSENT = "-"


def header(*names: str) -> str:
    """Return the head of a table: a column of text, then figures."""
    line = " | ".join(names)
    rule = " | ".join(["---", *["---:"] * (len(names) - 1)])
    return f"| {line} |\n| {rule} |"


def row(*cells: object) -> str:
    """Return one row of a table."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def table(names: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a whole table."""
    return "\n".join([header(*names), *(row(*cells) for cells in rows)])


def figure(value: float | None, form: str, factor: float = 1.0) -> str:
    """Return a figure as text; what was not measured is a dash."""
    if value is None or isnan(value):
        return ABSENT
    return format(value * factor, form)


def at_most(what: str, value: float, limit: float, unit: str = "") -> str:
    """Return the line of a target that a value must not exceed."""
    return _target(what, value, f"at most {limit:g}{unit}", value <= limit, unit)


def at_least(what: str, value: float, limit: float, unit: str = "") -> str:
    """Return the line of a target that a value must reach."""
    return _target(what, value, f"at least {limit:g}{unit}", value >= limit, unit)


def below(what: str, value: float, limit: float, unit: str = "") -> str:
    """Return the line of a target that a value must stay below."""
    return _target(what, value, f"below {limit:g}{unit}", value < limit, unit)


def _target(what: str, value: float, target: str, met: bool, unit: str) -> str:
    return (
        f"- {what}: {value:.4g}{unit}, target {target}: {'met' if met else 'NOT met'}"
    )
