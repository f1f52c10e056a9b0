from __future__ import annotations

from math import inf, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.learn.auto import MAX_TRIALS, MOST_COLORS, find_fewest


def search(level, goal, n_least=2):
    """Return what was tried, in order; `level` is a function of the number."""
    return find_fewest(level, goal, n_least)


def answer(tried, goal):
    return min((n for n, level in tried.items() if level <= goal), default=None)


def fewest(level, goal, n_least=2):
    """Return the right answer: every number is tried."""
    numbers = range(n_least, MOST_COLORS + 1)
    return next((n for n in numbers if level(n) <= goal), None)


@given(
    slope=st.floats(0.05, 4),
    bend=st.floats(-0.04, 0.04),
    right=st.integers(2, MOST_COLORS),
    within=st.floats(0.01, 1),
    n_least=st.integers(2, 40),
)
def test_the_fewest_are_found_and_one_less_fails(slope, bend, right, within, n_least):
    def level(n):
        return 9 - slope * log2(n) - bend * slope * log2(n) ** 2

    goal = within * level(right) + (1 - within) * level(right - 1)
    tried = search(level, goal, n_least)
    expected = fewest(level, goal, n_least)
    assert answer(tried, goal) == expected
    assert expected == n_least or level(expected - 1) > goal
    assert expected == n_least or expected - 1 in tried
    assert len(tried) <= MAX_TRIALS
    assert all(tried[n] == level(n) for n in tried)
    assert min(tried) >= n_least


@given(slope=st.floats(0.2, 1.5), right=st.integers(2, MOST_COLORS))
def test_few_trials_are_enough_where_errors_fall_evenly(slope, right):
    goal = -slope * log2(right) + 1e-9
    assert len(search(lambda n: -slope * log2(n), goal)) <= 8


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 1.5), st.floats(0.1, 0.9))
def test_errors_that_do_not_fall_evenly_take_no_more_trials(seed, slope, part):
    """Steps of all sizes, and lossless from some number on."""
    random = np.random.default_rng(seed)
    falls = random.exponential(size=MOST_COLORS + 1) ** 2
    falls /= np.arange(MOST_COLORS + 1) + 1
    levels = -slope * np.cumsum(falls)
    levels[random.integers(2, 2 * MOST_COLORS) :] = -inf
    finite = levels[np.isfinite(levels)]
    goal = finite[0] + part * (finite[-1] - finite[0])
    tried = search(lambda n: float(levels[n]), goal)
    assert len(tried) <= MAX_TRIALS
    assert answer(tried, goal) == fewest(lambda n: levels[n], goal)


@pytest.mark.parametrize("right", [*range(2, 1024, 51), 3, 15, 16, 17, MOST_COLORS])
def test_a_sudden_fall_to_no_error_is_found(right):
    """An image of few colours: nothing is gained, and then all."""
    tried = search(lambda n: -inf if n >= right else 5 - n / 10_000, 0.0)
    assert answer(tried, 0.0) == right
    assert len(tried) <= MAX_TRIALS


@pytest.mark.parametrize("level", [lambda n: 5.0, lambda n: 9 - log2(n) / 9])
def test_where_the_most_do_not_reach_it_they_were_tried(level):
    tried = search(level, -3.0)
    assert answer(tried, -3.0) is None
    assert max(tried) == MOST_COLORS
    assert len(tried) <= MAX_TRIALS


@pytest.mark.parametrize("n_least", [2, 16, 17, 300, MOST_COLORS])
@pytest.mark.parametrize("level", [lambda n: -5.0, lambda n: -inf, lambda n: -log2(n)])
def test_where_the_least_reach_it_they_are_the_answer(level, n_least):
    tried = search(level, 0.0, n_least)
    assert answer(tried, 0.0) == n_least
    assert min(tried) == n_least


def test_sixteen_are_tried_first_or_the_least_there_may_be():
    assert next(iter(search(lambda n: -log2(n), -8.0))) == 16
    assert next(iter(search(lambda n: -log2(n), -8.0, 30))) == 30
