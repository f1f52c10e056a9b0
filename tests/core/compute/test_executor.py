from __future__ import annotations

import os
import threading
import time

import pytest

from napari_colorquant.core.compute import executor as parallel
from napari_colorquant.core.compute.executor import map_chunks, map_in_order, n_cores


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


def test_a_single_item_takes_no_thread():
    def thread(_):
        return threading.current_thread()

    here = threading.current_thread()
    assert list(map_in_order(thread, [None], 2)) == [here]
    assert here not in list(map_in_order(thread, range(4), 2))


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


# ------------------------------------------------------------------- chunks


@pytest.mark.parametrize(
    ("n_rows", "size", "chunks"),
    [
        (0, 4, []),
        (1, 4, [(0, 1)]),
        (4, 4, [(0, 4)]),
        (5, 4, [(0, 4), (4, 5)]),
        (12, 4, [(0, 4), (4, 8), (8, 12)]),
    ],
)
@pytest.mark.parametrize("n_threads", [1, 3])
def test_chunks_cover_every_row_in_order(monkeypatch, n_threads, n_rows, size, chunks):
    monkeypatch.setattr(parallel, "n_cores", lambda: n_threads)
    assert map_chunks(lambda start, end: (start, end), n_rows, size) == chunks


def test_chunks_are_of_chunk_rows_by_default():
    ends = map_chunks(lambda start, end: end, 2 * parallel.CHUNK + 1)
    assert ends == [parallel.CHUNK, 2 * parallel.CHUNK, 2 * parallel.CHUNK + 1]


def test_chunks_are_worked_on_by_so_many_threads_as_cores(monkeypatch):
    monkeypatch.setattr(parallel, "n_cores", lambda: 3)
    together = threading.Barrier(3, timeout=60)
    assert sorted(map_chunks(lambda *_: together.wait(), 3, 1)) == [0, 1, 2]


def test_what_is_raised_in_a_chunk_is_passed_on():
    def fail(start, end):
        raise ArithmeticError(start)

    threads = threading.active_count()
    with pytest.raises(ArithmeticError, match="0"):
        map_chunks(fail, 30, 1)
    assert threading.active_count() == threads
