"""Compiled functions, which are kept on disk wherever that is possible.

They are kept beside their module, or, where nobody may write there, in the user's cache
folder. What is beside a module is read all the same, as an image of a container is
warmed up by another user than the one who runs it. Without any folder a function is
compiled anew in each process, where numba would refuse it.
"""

from __future__ import annotations

import gc
import hashlib
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from inspect import getfile
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, TypeVar, overload

from numba import njit
from numba.core.caching import (
    CompileResultCacheImpl,
    FunctionCache,
    IndexDataCacheFile,
    InTreeCacheLocator,
    UserWideCacheLocator,
)
from numba.core.event import Listener, install_listener
from numba.np import linalg

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def _load_without_scipy() -> None:
    """Load numba's part for arrays, which would load scipy for products of matrices.

    Half of what numba's loading takes is that, and kernels have no such products. What
    has them loads scipy when it is compiled.
    """
    look_for_it = linalg.ensure_blas
    linalg.ensure_blas = lambda: None
    try:
        import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look_for_it


if find_spec("scipy"):
    _load_without_scipy()

F = TypeVar("F", bound="Callable[..., Any]")

_ALWAYS: dict[str, Any] = {"nogil": True, "no_cfunc_wrapper": True}
"""No kernel is called from C: that would be one more function to compile."""
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
    compiled = njit(**_ALWAYS, **options)(function)
    if hasattr(compiled, "enable_caching"):  # it has not, where nothing is compiled
        compiled._compiler.compile = _without_collecting(compiled._compiler.compile)
        # Not `cache=True`, which raises where no folder can be written to.
        with suppress(OSError, RuntimeError):  # the latter is numba's, without a folder
            compiled._cache = _Cache(function)
    return compiled


def inlined(function: F) -> F:
    """Return a function that kernels alone can call, which becomes a part of each.

    It has its types found once, unlike one with numba's ``inline="always"``, which
    takes several times as long to compile.
    """
    return kernel(forceinline=True, no_cpython_wrapper=True)(function)


def _without_collecting(compile_one: Callable[..., Any]) -> Callable[..., Any]:
    """Return a compiler that holds the search for garbage up, an eighth of its time.

    numba compiles one function at a time, whatever the threads.
    """

    def compile_alone(*args: Any) -> Any:
        if not gc.isenabled():  # also within another function's compiling
            return compile_one(*args)
        gc.disable()
        try:
            return compile_one(*args)
        finally:
            gc.enable()

    return compile_alone


def kept_in(function: Callable[..., Any]) -> Path | None:
    """Return the folder where a kernel is kept, or None if it cannot be."""
    found = getattr(function, "_cache", None)
    if not isinstance(found, _Cache) or found.is_read_only:
        return None
    return Path(found.cache_path)


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


class _BesideReadOnly(InTreeCacheLocator):
    """Finds what is kept beside a module, where nothing can be written anywhere."""

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> _BesideReadOnly | None:
        """Return a locator of a function's module, where there is such a folder."""
        found = cls(py_func, py_file)
        return found if Path(found.get_cache_path()).is_dir() else None


class _Places(CompileResultCacheImpl):
    """Where a kernel may be kept."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._locator_classes = [*self._locator_classes, _BesideReadOnly]
        super().__init__(function)


class _Files(IndexDataCacheFile):
    """What is kept of a kernel: in the user's folder, and beside its module."""

    def __init__(self, impl: _Places, stamp: object, beside: str) -> None:
        kept = (impl.filename_base, stamp)
        super().__init__(impl.locator.get_cache_path(), *kept)
        is_of_user = isinstance(impl.locator, UserWideCacheLocator)
        self._beside = IndexDataCacheFile(beside, *kept) if is_of_user else None

    def load(self, key: Any) -> Any:
        """Return what is kept for a signature, or None."""
        found = super().load(key)
        if found is None and self._beside is not None:
            with suppress(*_UNUSABLE):
                found = self._beside.load(key)
        return found


class _Cache(FunctionCache):
    """A cache that goes without what cannot be read or written, as of a full disk."""

    _impl_class = _Places

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        beside = Path(getfile(function)).parent / "__pycache__"
        stamp = (self._impl.locator.get_source_stamp(), *_stamp(function))
        self._cache_file = _Files(self._impl, stamp, str(beside))

    @property
    def is_read_only(self) -> bool:
        """Whether nothing can be written to it."""
        return isinstance(self._impl.locator, _BesideReadOnly)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except _UNUSABLE:
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(*_UNUSABLE):
            super().save_overload(sig, data)


def _stamp(function: Any) -> tuple[bytes, ...]:
    """Return digests of the modules of the kernels that a kernel calls, and of its own.

    numba's stamp is of the module alone: after an update it would return what was
    compiled with another module's function as that was before.
    """
    return tuple(map(_digest, sorted(_files_of(function))))


@cache
def _digest(file: str) -> bytes:
    path = Path(file)
    # There is none in an application of one file, whose own stamp is that of it all.
    return hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""


def _files_of(function: Any, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return the files of a function and of all kernels that it names."""
    files = {getfile(function)}
    for name in function.__code__.co_names:
        called = getattr(function.__globals__.get(name), "py_func", None)
        if called is not None and name not in seen:
            files |= _files_of(called, seen | {name})
    return files
