from __future__ import annotations

import os
import threading
import time

import pytest

from napari_colorquant.core import parallel
from napari_colorquant.core.parallel import map_in_order, n_cores


def test_there_is_at_least_one_core():
    assert 1 <= n_cores() <= os.cpu_count()


@pytest.mark.parametrize("n_threads", [1, 2, 5])
@pytest.mark.parametrize("n_items", [0, 1, 2, 30])
def test_results_come_in_the_order_of_the_items(n_items, n_threads):
    def slow_at_first(i):
        time.sleep(0.002 * (i % 3 == 0))
        return i * i

    results = list(map_in_order(slow_at_first, range(n_items), n_threads))
    assert results == [i * i for i in range(n_items)]


@pytest.mark.parametrize("n_threads", [1, 3])
def test_so_many_threads_work_at_once(n_threads):
    together = threading.Barrier(n_threads, timeout=60)
    results = map_in_order(lambda _: together.wait(), range(2 * n_threads), n_threads)
    assert sorted(results) == sorted(2 * list(range(n_threads)))


def test_there_are_as_many_threads_as_cores(monkeypatch):
    monkeypatch.setattr(parallel, "n_cores", lambda: 4)
    together = threading.Barrier(4, timeout=60)
    assert sorted(map_in_order(lambda _: together.wait(), range(4))) == [0, 1, 2, 3]


def test_nothing_is_done_before_the_first_result_is_asked_for():
    done = []
    results = map_in_order(done.append, range(9), 2)
    assert done == []
    assert list(results) == [None] * 9


def test_only_a_few_items_are_under_way_at_once():
    taken = []
    results = map_in_order(lambda i: i, (taken.append(i) or i for i in range(100)), 2)
    for done in range(1, 10):
        next(results)
        assert len(taken) <= done + 2


@pytest.mark.parametrize("n_threads", [1, 3])
def test_closing_stops_the_work_and_the_threads(n_threads):
    done = []
    threads = threading.active_count()
    results = map_in_order(done.append, range(1000), n_threads)
    next(results)
    results.close()
    assert threading.active_count() == threads
    assert len(done) <= n_threads + 1


@pytest.mark.parametrize("n_threads", [1, 3])
def test_what_the_function_raises_stops_the_work_and_is_passed_on(n_threads):
    done = []

    def fail_at_5(i):
        done.append(i)
        if i == 5:
            raise ArithmeticError("five")

    threads = threading.active_count()
    with pytest.raises(ArithmeticError, match="five"):
        list(map_in_order(fail_at_5, range(1000), n_threads))
    assert threading.active_count() == threads
    assert max(done) <= 5 + n_threads
