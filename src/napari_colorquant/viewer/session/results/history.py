"""What was done, one state after another: undone and done again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

S = TypeVar("S")
A = TypeVar("A")


class History(Generic[S, A]):
    """States and the actions that led from one to the next.

    Above max_bytes by size_of, the oldest states are forgotten, but never the last two.
    forgotten: their actions, which cannot be undone any more.
    """

    def __init__(
        self,
        first: S,
        size_of: Callable[[list[S]], int] | None = None,
        max_bytes: int = 2**29,
    ) -> None:
        self._states = [first]
        self._actions: list[A] = []
        self._position = 0
        self._size_of = size_of
        self._max_bytes = max_bytes
        self.forgotten: tuple[A, ...] = ()

    @property
    def current(self) -> S:
        """The state that things are in."""
        return self._states[self._position]

    @property
    def actions(self) -> tuple[A, ...]:
        """What has been done, that which was undone left out."""
        return (*self.forgotten, *self._actions[: self._position])

    @property
    def next_undo(self) -> A | None:
        """What would be undone; None where there is nothing."""
        return self._actions[self._position - 1] if self._position else None

    @property
    def next_redo(self) -> A | None:
        """What would be done again; None where there is nothing."""
        more = self._position < len(self._actions)
        return self._actions[self._position] if more else None

    def push(self, state: S, action: A) -> None:
        """Go on to a new state; what was undone is forgotten."""
        del self._states[self._position + 1 :], self._actions[self._position :]
        self._states.append(state)
        self._actions.append(action)
        self._position += 1
        while (
            self._size_of is not None
            and len(self._states) > 2
            and self._size_of(self._states) > self._max_bytes
        ):
            del self._states[0]
            self.forgotten = (*self.forgotten, self._actions.pop(0))
            self._position -= 1

    def amend(self, state: S) -> None:
        """Replace the current state by one that knows more, by no action."""
        self._states[self._position] = state

    def undo(self) -> S:
        """Go back to the state before, or raise IndexError."""
        if self.next_undo is None:
            raise IndexError("there is nothing to undo.")
        self._position -= 1
        return self.current

    def redo(self) -> S:
        """Go on to the state that was undone last, or raise IndexError."""
        if self.next_redo is None:
            raise IndexError("there is nothing to redo.")
        self._position += 1
        return self.current
