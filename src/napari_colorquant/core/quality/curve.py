"""The error against the number of colours, as numbers that print well."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from napari_colorquant.core.palette.html import (
    folded,
    line_plot,
    paragraph,
    table,
)


class CurvePoint(NamedTuple):
    """The error of one palette.

    Parameters
    ----------
    n_colors : int
        Number K of colours.
    mse : float
        Mean over pixels of the squared difference, summed over channels.
    psnr : float
        Peak signal-to-noise ratio in dB; infinite where nothing changes.
    """

    n_colors: int
    mse: float
    psnr: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The error against the number of colours.

    Parameters
    ----------
    points : tuple of CurvePoint
        In ascending order of their number of colours.
    elbow : int
        The number of colours for the picture, beyond which more of them gain little:
        that of :func:`~napari_colorquant.suggest_elbow`.
    classes : int
        The number of colours for classes, at most 16, unless there are more fixed
        ones: the largest whose entries stand apart as well as those of any other
        number, by the mean of their silhouettes.
    """

    points: tuple[CurvePoint, ...]
    elbow: int
    classes: int

    def __str__(self) -> str:
        heads, *rows = [["colors", "MSE", "PSNR in dB", "suggested"], *self._rows()]
        lines = [heads, *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(map(str.rjust, line, widths)).rstrip() for line in lines
        )

    def _repr_html_(self) -> str:
        said = (
            f"{self.elbow:,} colors suggested for the picture, {self.classes:,} for "
            "classes"
        )
        finite = [(one.n_colors, one.psnr) for one in self.points if isfinite(one.psnr)]
        marked = (self.elbow, self.classes)
        plot = [line_plot(finite, marked)] if len(finite) > 1 else []
        heads = ["colors", "MSE", "PSNR in dB", "suggested"]
        points = folded("all points", table(heads, self._rows()))
        return "".join([paragraph(said), *plot, points])

    def _rows(self) -> list[list[str]]:
        """Return a row of words a point."""
        rows = []
        for n_colors, mse, psnr_of_point in self.points:
            uses = {"picture": self.elbow, "classes": self.classes}
            suggested = ", ".join(use for use, n in uses.items() if n == n_colors)
            numbers = [f"{n_colors:,}", f"{mse:.4g}", f"{psnr_of_point:.2f}"]
            rows.append([*numbers, suggested])
        return rows
