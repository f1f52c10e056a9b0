"""A channel: what it is called, what it holds, and how it is made comparable."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One channel and its scaling.

    scaling: "none", "zscore", or a word for limits that are known; offset: what becomes
    0; unit: what becomes 1, counted from offset. Z-scores are known once measured.
    """

    name: str
    dtype: str
    scaling: str
    offset: float = 0.0
    unit: float = 1.0
