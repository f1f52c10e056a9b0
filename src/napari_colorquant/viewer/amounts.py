"""Numbers of pixels in words, counted or estimated."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.core.palette import Palette

_ABOUT = "\u2248\u00a0"
"""Almost equal to, and a space: before a number that is an estimate."""


def pixels_in_words(number: int, *, estimated: bool) -> str:
    """Write a number of pixels: an estimate to no more digits than it is worth.

    Parameters
    ----------
    number : int
        At least 0.
    estimated : bool
        Whether it is an estimate.

    Returns
    -------
    str
        Such as ``"12,146,337"``; of an estimate ``"≈ 12,146"``, ``"≈ 12.1 M"`` or
        ``"≈ 12.1 G"``: millions and thousands of them.
    """
    if not estimated:
        return f"{number:,}"
    if number < 10**6:
        return f"{_ABOUT}{number:,}"
    value, unit = (number / 10**6, "M") if number < 999.5e6 else (number / 10**9, "G")
    digits = max(0, 3 - len(str(int(value))))
    return f"{_ABOUT}{value:,.{digits}f}\u00a0{unit}"


def percent_in_words(part: int, whole: int, *, estimated: bool) -> str:
    """Write what part of the pixels some are.

    Parameters
    ----------
    part : int
        Some pixels.
    whole : int
        All of them; there may be none.
    estimated : bool
        Whether the numbers are estimates.

    Returns
    -------
    str
        Per cent, such as ``"12.50"``; of estimates ``"≈ 12.50"``.
    """
    return f"{_ABOUT if estimated else ''}{100 * part / max(1, whole):.2f}"


def total_in_words(palette: Palette, entries: Sequence[int], *, estimated: bool) -> str:
    """Write how many entries and pixels there are, and how many are selected.

    Parameters
    ----------
    palette : Palette
        The palette; without counts no pixels are told.
    entries : sequence of int
        The selected entries; none are told of if there are none.
    estimated : bool
        Whether the counts are estimates.

    Returns
    -------
    str
        One line, or two.
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
