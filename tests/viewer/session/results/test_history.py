"""States, undone and done again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.viewer.session.results.history import History


def test_what_is_done_is_undone_and_done_again():
    history = History("a")
    history.push("ab", "+b")
    history.push("abc", "+c")
    assert history.current == "abc"
    assert history.actions == ("+b", "+c")
    assert (history.next_undo, history.next_redo) == ("+c", None)

    assert history.undo() == "ab"
    assert (history.next_undo, history.next_redo) == ("+b", "+c")
    assert history.actions == ("+b",)
    assert history.undo() == "a"
    assert (history.next_undo, history.next_redo) == (None, "+b")
    assert history.redo() == "ab"
    assert history.current == "ab"


def test_a_new_action_forgets_what_was_undone():
    history = History("a")
    history.push("ab", "+b")
    history.undo()
    history.push("ax", "+x")
    assert history.next_redo is None
    assert history.undo() == "a"
    assert history.next_redo == "+x"


def test_there_is_nothing_to_undo_or_to_do_again():
    history = History("a")
    with pytest.raises(IndexError, match=r"there is nothing to undo\."):
        history.undo()
    with pytest.raises(IndexError, match=r"there is nothing to redo\."):
        history.redo()
    assert history.current == "a"
    assert history.actions == ()


def test_the_oldest_states_are_forgotten_and_their_actions_are_not():
    history = History(
        "", size_of=lambda states: sum(map(len, states)), max_bytes=len("ab" + "abc")
    )
    for state in ("a", "ab", "abc"):
        history.push(state, f"+{state[-1]}")
    assert history.actions == ("+a", "+b", "+c")
    assert history.forgotten == ("+a", "+b")
    assert history.undo() == "ab"
    assert history.next_undo is None
    assert history.actions == ("+a", "+b")


def test_more_is_known_of_a_state_by_no_action():
    history = History("")
    history.push("a", "+a")
    history.amend("A")
    assert history.current == "A"
    assert history.actions == ("+a",)
    assert history.undo() == ""
    assert history.redo() == "A"


def test_the_last_two_states_stay_however_large():
    history = History("", size_of=lambda states: sum(map(len, states)), max_bytes=0)
    history.push("large", "first")
    assert history.next_undo == "first"
    history.push("larger", "second")
    assert history.undo() == "large"
    assert history.next_undo is None


@given(st.lists(st.sampled_from(["push", "undo", "redo"]), max_size=30))
def test_it_goes_where_two_stacks_go(steps):
    history = History(0)
    done, undone = [0], []
    for n, step in enumerate(steps, 1):
        if step == "push":
            history.push(n, -n)
            done, undone = [*done, n], []
        elif step == "undo" and len(done) > 1:
            undone.append(done.pop())
            assert history.undo() == done[-1]
        elif step == "redo" and undone:
            done.append(undone.pop())
            assert history.redo() == done[-1]
        assert history.current == done[-1]
        assert history.actions == tuple(-state for state in done[1:])
        assert history.next_undo == (-done[-1] if len(done) > 1 else None)
        assert history.next_redo == (-undone[-1] if undone else None)
