"""The background of channels: a limit for each, and all at or below it counts as that.

A limit is given, or found in an image, see found_background.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_colorquant.core.compute.arguments import (
    is_sequence,
    is_word,
    number,
    sequence,
    shown,
)
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.formats.palette_data import (
    PLAIN_SPACE,
    read_limits,
    written_weights,
)

OTSU = "otsu"
"""What a background is where its limits are found in the image."""

Background = str | float | Sequence[float] | None
"""OTSU, one limit for all channels, one for each, or None for none."""


def read_background(text: str) -> Background:
    """Return a background as it is typed: OTSU, or numbers; empty for none.

    Raise ValueError if it is neither.
    """
    if text == OTSU:
        return OTSU
    limits = read_limits(text)
    return limits[0] if len(limits) == 1 else limits or None


def written_background(background: Background) -> str:
    """Return what read_background reads; empty for None."""
    if background is None or isinstance(background, str):
        return background or ""
    if isinstance(background, float | int):
        background = (float(background),)
    return written_weights(background)


def is_region(background: Any) -> bool:
    """Return whether a background is a region: an array of bool, in memory or lazy."""
    dtype = getattr(background, "dtype", None)
    return dtype is not None and dtype == np.bool_ and background.ndim > 0


def check_background(background: object, color_space: str) -> Background:
    """Return a background as plain data, or raise TypeError or ValueError.

    It is one of channels as they are: of PLAIN_SPACE alone.
    """
    if background is None:
        return None
    said = Argument("background")
    checked: Background
    if is_word(background, [OTSU]):
        checked = OTSU
    elif isinstance(background, str):
        raise ValueError(
            Sentence(
                "{background} is {word}: pass {background:'otsu'}, or a number.",
                word=shown(background),
            )
        )
    elif is_region(background):
        raise TypeError(
            Sentence(
                "{background} is a region, of which no limits are taken here: pass "
                "numbers, such as quantize finds in a region."
            )
        )
    elif is_sequence(background):
        limits = sequence(background, said, "numbers")
        checked = tuple(number(one, said) for one in limits)
        if not checked:
            raise ValueError(Sentence("{background} is empty: pass numbers."))
    else:
        or_otsu = Sentence(", or {background:'otsu'}")
        checked = number(background, said, or_otsu)
    if color_space != PLAIN_SPACE:
        raise ValueError(
            Sentence(
                "{background} is one of channels as they are, and colors are compared "
                "in {name!r}: pass {color_space:='rgb'}, or no background.",
                name=color_space,
            )
        )
    return checked


def limits_for(
    background: Background, n_channels: int, whose: str = "image"
) -> tuple[float, ...] | None:
    """Return one limit for each channel; None without, or where they are not found yet.

    whose: what has the channels. Raise ValueError if there are not as many limits.
    """
    if background is None or isinstance(background, str):
        return None
    if isinstance(background, float | int):
        return (float(background),) * n_channels
    if len(background) != n_channels:
        n = len(background)
        raise ValueError(
            Sentence(
                "{background} holds {n} number{s}, and the {whose} has {n_channels} "
                "channel{t}: pass one number, or one for each channel.",
                n=n,
                s="" if n == 1 else "s",
                whose=whose,
                n_channels=n_channels,
                t="" if n_channels == 1 else "s",
            )
        )
    return tuple(background)
