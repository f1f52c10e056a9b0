"""The fewest colours that reach a target, found by a few trials."""

from __future__ import annotations

from math import ceil, inf, log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_COLORS = 1024
"""Where the search ends."""
MAX_TRIALS = 16
"""Most numbers of colours that are tried: halving all of them takes 11."""
_FIRST = 16
_SLOPE = -0.5
"""What the logarithm of the error does when the number of colours doubles, about: four
times as many colours halve it."""


def find_fewest(
    trial: Callable[[int], float], goal: float, n_least: int
) -> dict[int, float]:
    """Search for the fewest colours of a log2 error of at most goal; return all trials.

    The smallest to pass, if any, is the answer: one less failed, or is below n_least.
    Log error is taken as linear in the log number, nearly so (Gersho and Gray, 1991).
    """
    tried: dict[int, float] = {}
    low, high = n_least - 1, MOST_COLORS + 1  # the last to fail, the first to pass
    n_colors = min(max(_FIRST, n_least), MOST_COLORS)
    n_in_a_row, passed_before = 0, False
    while high - low > 1 and len(tried) < MAX_TRIALS:
        tried[n_colors] = trial(n_colors)
        passed = tried[n_colors] <= goal
        low, high = (low, n_colors) if passed else (n_colors, high)
        n_in_a_row = n_in_a_row + 1 if passed == passed_before else 1
        passed_before = passed
        # The line leaves one end where it is, and creeps up on the goal from the other:
        # the longer it does, the farther beyond its guess is the next trial.
        beyond = 2 ** (n_in_a_row - 1) - 1
        n_colors = _guess(tried, goal) + (-beyond if passed else beyond)
        n_colors = min(max(n_colors, low + 1), high - 1)
        # No more guesses than leave enough trials to find it by halving.
        if high - low - 1 > 2 ** (MAX_TRIALS - len(tried) - 1):
            n_colors = (low + high) // 2
    return tried


def _guess(tried: dict[int, float], goal: float) -> int:
    """Return the number of colours where a line through two trials meets the goal."""
    known = [n for n in tried if tried[n] > -inf]  # no error is nothing to reckon with
    if not known:
        return min(tried) // 2
    near, *others = sorted(known, key=lambda n: abs(tried[n] - goal))
    slope = _SLOPE
    if others and (tried[near] - tried[others[0]]) * (near - others[0]) < 0:
        slope = (tried[near] - tried[others[0]]) / (log2(near) - log2(others[0]))
    steps = (goal - tried[near]) / slope
    return ceil(near * 2 ** min(max(steps, -20.0), 20.0))
