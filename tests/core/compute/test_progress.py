"""How far a run has come, and how it is stopped."""

from __future__ import annotations

from contextlib import suppress
from threading import enumerate as running_threads

import pytest

from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor, Progress


class Source:
    """A generator of numbers that knows how it ended."""

    def __init__(self):
        self.closed = False

    def numbers(self):
        try:
            yield from range(9)
        finally:
            self.closed = True


def test_each_step_is_told_in_thousandths():
    told = []
    monitor = Monitor(told.append)
    monitor("survey", 0.0)
    monitor("learn", 1 / 3)
    monitor("assign", 1.0)
    assert told == [("survey", 0, 1000), ("learn", 333, 1000), ("assign", 1000, 1000)]
    assert all(isinstance(one, Progress) for one in told)


def test_a_part_is_told_within_the_whole():
    told = []
    second = Monitor(told.append).part(0.5, 1.0)
    second.part(0.0, 0.5)("learn", 0.5)
    second.part(0.5, 1.0)("assign", 1.0)
    assert told == [("learn", 625, 1000), ("assign", 1000, 1000)]


def test_what_another_run_tells_is_passed_on_as_a_part():
    told = []
    part = Monitor(told.append).part(0.5, 1.0)
    other = Monitor(part.pass_on)
    other("count", 0.5)
    other("measure", 1.0)
    part.part(0.0, 1.0, "save").pass_on(Progress("measure", 1, 1))
    assert told == [
        ("count", 750, 1000),
        ("measure", 1000, 1000),
        ("save", 1000, 1000),
    ]


def test_it_ends_at_1000_however_it_is_cut():
    for n in range(1, 50):
        told = []
        monitor = Monitor(told.append)
        for i in range(n):
            monitor.part(i / n, (i + 1) / n).part(0.3, 1.0)("learn", 1.0)
        assert told[-1].done == 1000


def test_it_never_goes_backwards():
    told = []
    monitor = Monitor(told.append)
    monitor("learn", 0.6)
    monitor.part(0.0, 0.5)("assign", 0.1)
    assert told == [("learn", 600, 1000), ("assign", 600, 1000)]


def test_a_check_repeats_the_last():
    told = []
    monitor = Monitor(told.append)
    monitor.check()
    assert told == []
    monitor.part(0.0, 0.5)("read", 1.0)
    monitor.check()
    monitor.part(0.5, 1.0).check()
    assert told == [("read", 500, 1000)] * 3


def test_nobody_need_listen():
    monitor = Monitor()
    monitor("learn", 0.5)
    monitor.check()
    assert list(monitor.over("learn", "abc", 3)) == ["a", "b", "c"]


def test_results_are_told_one_by_one():
    told = []
    monitor = Monitor(lambda piece: told.append(piece.done))
    told.extend(monitor.over("learn", "abcd", 4))
    assert told == ["a", 250, "b", 500, "c", 750, "d", 1000]


@pytest.mark.parametrize("error", [ArithmeticError, StopIteration, KeyboardInterrupt])
def test_what_is_raised_stops_the_run_and_is_passed_on(error):
    source = Source()
    numbers = source.numbers()  # held here, so that only closing it ends it
    seen, told = [], []

    def stop(piece):
        told.append(piece)
        raise error("enough")

    with pytest.raises(error, match="enough"), Monitor(stop) as monitor:
        seen.extend(monitor.over("learn", numbers, 9))
    assert seen == [0]
    assert told == [("learn", 111, 1000)]
    assert source.closed


@pytest.mark.parametrize("error", [OSError, MemoryError, ValueError])
def test_no_handler_of_the_work_takes_it_for_its_own(error):
    reason = error("of the listener")

    def stop(_piece):
        raise reason

    with pytest.raises(error) as caught, Monitor(stop) as monitor, suppress(Exception):
        monitor("learn", 0.5)
    assert caught.value is reason


def test_an_error_in_the_loop_closes_what_it_goes_through():
    source = Source()
    numbers = source.numbers()

    def go_through():
        for _ in Monitor().over("learn", numbers, 9):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        go_through()
    assert source.closed


def test_no_thread_goes_on_after_a_stop():
    before = {*running_threads()}

    def stop(_piece):
        raise ArithmeticError

    with pytest.raises(ArithmeticError), Monitor(stop) as monitor:
        list(monitor.over("learn", map_in_order(abs, range(1000)), 1000))
    assert {*running_threads()} <= before


def test_lack_of_memory_is_one_sentence():
    with (
        pytest.raises(MemoryError, match=r"^there is not enough memory: pass a part"),
        Monitor(),
    ):
        raise MemoryError


def test_other_errors_of_the_work_stay_as_they_are():
    reason = ArithmeticError("one")
    with pytest.raises(ArithmeticError) as caught, Monitor():
        raise reason
    assert caught.value is reason


def test_only_a_function_can_listen():
    with pytest.raises(TypeError, match=r"^progress is 3: pass None, or a function"):
        Monitor(3)


def test_all_of_a_part_may_be_told_as_one_step():
    told = []
    part = Monitor(told.append).part(0.0, 0.5, "judge")
    part("survey", 0.5)
    part.part(0.5, 1.0)("read", 1.0)
    assert told == [("judge", 250, 1000), ("judge", 500, 1000)]
