"""Numbers of pixels in words, counted or estimated."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.core.palette.palette import Palette

_ABOUT = "\u2248\u00a0"
"""Almost equal to, and a space: before a number that is an estimate."""


def pixels_in_words(number: int, *, estimated: bool) -> str:
    """Return a number of pixels such as "12,146", "≈ 12,146" or "≈ 12.1 M".

    Estimates from a million up have three digits, in millions (M) or thousands of
    millions (G).
    """
    if not estimated:
        return f"{number:,}"
    if number < 10**6:
        return f"{_ABOUT}{number:,}"
    value, unit = (number / 10**6, "M") if number < 999.5e6 else (number / 10**9, "G")
    digits = max(0, 3 - len(str(int(value))))
    return f"{_ABOUT}{value:,.{digits}f}\u00a0{unit}"


def percent_in_words(part: int, whole: int, *, estimated: bool) -> str:
    """Return part of whole in per cent, as "12.50" or "≈ 12.50"; whole may be 0."""
    return share_in_words(100 * part / max(1, whole), estimated=estimated)


def total_in_words(palette: Palette, entries: Sequence[int], *, estimated: bool) -> str:
    """Return a line on all entries and pixels, and a second on the selected ones.

    Pixels are left out where the palette has no counts, and the second line where no
    entry is selected.
    """
    text = f"{len(palette):,} colors"
    counts = palette.counts
    n_pixels = 0 if counts is None else int(counts.sum())
    if counts is not None:
        text += f" · {pixels_in_words(n_pixels, estimated=estimated)} pixels"
    if entries:
        text += f"\n{len(entries):,} selected"
        if counts is not None:
            chosen = int(counts[entries].sum())
            pixels = pixels_in_words(chosen, estimated=estimated)
            percent = percent_in_words(chosen, n_pixels, estimated=estimated)
            text += f" · {pixels} pixels · {percent} %"
    return text


def area_in_words(area: float, *, estimated: bool = False) -> str:
    """Return an area with six digits, or all digits before the point if more."""
    text = f"{area:,.0f}" if 1e5 <= area < 1e15 else f"{area:,.6g}"
    return f"{_ABOUT if estimated else ''}{text}"


def share_in_words(percent: float, *, estimated: bool) -> str:
    """Return a share in per cent, as "12.50" or "≈ 12.50"; empty for NaN."""
    return "" if isnan(percent) else f"{_ABOUT if estimated else ''}{percent:.2f}"
