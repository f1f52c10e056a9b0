from __future__ import annotations

import pytest

from napari_colorquant.core.compute.progress import (
    Progress,
    complete,
    half_of,
    part_of,
    retold,
    run,
    standing,
)


class Work:
    """A run of `total` pieces that knows how it ended."""

    def __init__(self, total, result="result"):
        self.total = total
        self.result = result
        self.done = 0
        self.closed = False

    def steps(self):
        try:
            for done in range(1, self.total + 1):
                self.done = done
                yield Progress("learn", done, self.total)
            return self.result
        finally:
            self.closed = True


def test_run_returns_what_the_steps_return():
    assert run(Work(3).steps()) == "result"
    assert run(Work(0).steps()) == "result"


def test_run_tells_every_step():
    told = []
    run(Work(3).steps(), told.append)
    assert told == [("learn", 1, 3), ("learn", 2, 3), ("learn", 3, 3)]


@pytest.mark.parametrize("error", [ArithmeticError, KeyboardInterrupt, StopIteration])
def test_what_progress_raises_stops_the_run_and_is_passed_on(error):
    work = Work(5)
    steps = work.steps()  # held here, so that only closing it ends it

    def stop_at_2(progress):
        if progress.done == 2:
            raise error

    with pytest.raises(error):
        run(steps, stop_at_2)
    assert work.done == 2
    assert work.closed


def test_run_passes_on_what_the_steps_raise():
    def steps():
        yield Progress("learn", 1, 2)
        raise ArithmeticError("one")

    with pytest.raises(ArithmeticError, match="one"):
        run(steps())


@pytest.mark.parametrize("total", [0, 1, 5])
def test_work_that_tells_nothing_is_completed(total):
    work = Work(total)
    assert complete(work.steps()) == "result"
    assert work.done == total
    assert work.closed


def test_completing_passes_on_what_the_work_raises():
    def steps():
        yield
        raise ArithmeticError("one")

    with pytest.raises(ArithmeticError, match="one"):
        complete(steps())


def test_a_run_tells_of_its_work_in_other_words():
    told = []
    assert run(retold(Work(3).steps(), lambda p: -p.done), told.append) == "result"
    assert told == [-1, -2, -3]


def test_a_run_that_tells_of_no_progress():
    told = []
    assert run(standing(Work(3).steps(), "here"), told.append) == "result"
    assert told == ["here"] * 3


@pytest.mark.parametrize("error", [ArithmeticError, StopIteration])
def test_an_error_in_telling_closes_the_run(error):
    work = Work(5)
    steps = work.steps()  # held here, so that only closing it ends it

    def tell(progress):
        raise error

    with pytest.raises((error, RuntimeError)):  # what a generator makes of the latter
        run(retold(steps, tell))
    assert (work.done, work.closed) == (1, True)


@pytest.mark.parametrize(
    "longer",
    [
        lambda steps: retold(steps, repr),
        lambda steps: standing(steps, 0.0),
        lambda steps: part_of(steps, 0, 5),
        lambda steps: half_of(steps, 0),
    ],
)
def test_closing_a_longer_run_closes_the_run_in_it(longer):
    work = Work(5)
    steps = work.steps()
    whole = longer(steps)
    next(whole)
    whole.close()
    assert (work.done, work.closed) == (1, True)


def test_parts_are_counted_in_the_whole():
    def whole():
        first = yield from part_of(Work(2, "a").steps(), 0, 5)
        second = yield from part_of(Work(3, "b").steps(), 2, 5)
        return first + second

    told = []
    assert run(whole(), told.append) == "ab"
    assert [(done, total) for _, done, total in told] == [(i, 5) for i in range(1, 6)]


def test_halves_make_a_run_of_a_known_total():
    def both():
        first = yield from half_of(Work(2, "first").steps(), 0)
        second = yield from half_of(Work(4, "second").steps(), 1)
        return first, second

    told = []
    assert run(both(), told.append) == ("first", "second")
    assert [piece.done for piece in told] == [500, 1000, 1250, 1500, 1750, 2000]
    assert {piece.total for piece in told} == {2000}


def test_what_else_a_half_yields_is_passed_on():
    def steps():
        yield "a point"
        yield Progress("learn", 1, 1)

    assert list(half_of(steps(), 1)) == ["a point", ("learn", 2000, 2000)]
