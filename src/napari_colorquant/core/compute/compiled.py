"""Compiled functions, which are kept on disk wherever that is possible.

numba would refuse a function where it can write neither beside the module nor to the
user's cache folder; here such a function is compiled anew in each process.
"""

from __future__ import annotations

from contextlib import suppress
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, TypeVar, overload

from numba import njit
from numba.core.caching import FunctionCache
from numba.core.event import Listener, install_listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

F = TypeVar("F", bound="Callable[..., Any]")

_UNUSABLE = (OSError, EOFError, UnpicklingError)


@overload
def kernel(function: F) -> F: ...
@overload
def kernel(**options: Any) -> Callable[[F], F]: ...
def kernel(function: Any = None, **options: Any) -> Any:
    """Return a function, compiled at its first call, that lets other threads run.

    options: of numba.njit; kernel then returns a decorator.
    """
    if function is None:
        return lambda one: kernel(one, **options)
    compiled = njit(nogil=True, **options)(function)
    # Not `cache=True`, which raises where no folder can be written to.
    if hasattr(compiled, "enable_caching"):  # it has not, where nothing is compiled
        with suppress(OSError, RuntimeError):  # the latter is numba's, without a folder
            compiled._cache = _Cache(function)
    return compiled


def before_each(check: Callable[[], object]) -> AbstractContextManager[None]:
    """Call check before each kernel is compiled, in any thread, as long as this lasts.

    What check raises stops the work, before the kernel is compiled.
    """
    waiting: AbstractContextManager[None] = install_listener(
        "numba:compile", _Before(check)
    )
    return waiting


class _Before(Listener):
    """Calls a function when a kernel is about to be compiled."""

    def __init__(self, check: Callable[[], object]) -> None:
        self._check = check

    def on_start(self, event: object) -> None:
        self._check()

    def on_end(self, event: object) -> None:
        pass


class _Cache(FunctionCache):
    """A cache that goes without what cannot be read or written, as of a full disk."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except _UNUSABLE:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except _UNUSABLE:
            self.disable()
