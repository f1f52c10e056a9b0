"""Compiled functions, which are kept on disk wherever that is possible.

numba keeps compiled code beside the module, or in the user's cache folder. Where it can
write to neither, as in a container with another user's files and no home, it would
refuse the function at all: here such a function is compiled anew in each process.
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
    """Compile a function that lets other threads run meanwhile.

    Parameters
    ----------
    function : callable, optional
        The function; left out where options are passed.
    **options
        Of :func:`numba.njit`, such as ``inline`` or ``fastmath``.

    Returns
    -------
    callable
        The function, compiled when it is first called with arguments of a kind.
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
    """Call a function before each kernel is compiled, in whatever thread.

    Parameters
    ----------
    check : callable
        What it raises stops the work, before the kernel is compiled.

    Returns
    -------
    context manager
        It is called as long as the context lasts.
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
