"""The machine that a benchmark runs on, fresh processes, and their peak memory."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

OUR_DISTRIBUTIONS = ("napari-colorquant", "numpy", "numba", "scikit-learn")
MEBIBYTE = 2**20
QUIET = 0.05
"""Largest share of the cores' time that others may take."""

_CPUINFO = Path("/proc/cpuinfo")
_STAT = Path("/proc/stat")
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")


def describe(distributions: Iterable[str] = (), *more: str) -> str:
    """Describe the machine, the system and the versions of what is compared."""
    names = dict.fromkeys((*OUR_DISTRIBUTIONS, *distributions))
    versions = [f"{name} {installed(name) or 'not installed'}" for name in names]
    return (
        f"{date.today().isoformat()}, {cpu_model()}, {n_cores()} cores, "
        f"{platform.system()}, Python {platform.python_version()}\\\n"
        f"{', '.join([*versions, *more])}\n"
    )


def installed(distribution: str) -> str | None:
    """Return the version of a distribution, None where it is not installed."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def cpu_model() -> str:
    """Return the name that the processor gives itself."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def n_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Quiet:
    """Tells how much of the cores' time other processes took; make it at the start.

    Another busy process slows some libraries down ten times as much as others: threads
    that share every small piece of work wait for the one that does not get its core.
    """

    def __init__(self) -> None:
        self._before = _clocks()

    def __str__(self) -> str:
        if self._before is None:
            return "Other processes' share of the cores' time is not known here."
        busy, every, own = np.subtract(_clocks(), self._before)
        share = max(0.0, busy - own) / every
        verdict = "quiet enough" if share < QUIET else "run it again on a quiet machine"
        return f"Other processes took {share:.0%} of the cores' time: {verdict}."


def _clocks() -> tuple[float, float, float] | None:
    """Return seconds: all cores busy, all cores in all, this process and children."""
    if not _STAT.exists():
        return None
    ticks = [int(field) for field in _STAT.read_text().split("\n", 1)[0].split()[1:9]]
    idle = ticks[3] + ticks[4]  # the fourth waits for a disk
    rate = os.sysconf("SC_CLK_TCK")
    return (sum(ticks) - idle) / rate, sum(ticks) / rate, sum(os.times()[:4])


def note(text: str) -> None:
    """Tell whoever waits what is under way; tables are what goes to stdout."""
    print(text, file=sys.stderr, flush=True)


def in_fresh_process(
    function: Callable[..., Any], *arguments: Any, cores: int | None = None
) -> Any:
    """Call a function of a module in a new interpreter, on so many cores."""
    with _on(cores), ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@contextmanager
def _on(cores: int | None) -> Iterator[None]:
    """Restrict what is started meanwhile to a number of cores; None for all."""
    if cores is None:
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def peak_memory(function: Callable[[], Any]) -> tuple[Any, int | None]:
    """Call a function; return its result, and the bytes it had at most above now.

    Call it in a fresh process, on what has run once before on something small, so that
    libraries are loaded. Only Linux tells the peak; elsewhere it is None.
    """
    if not _STATUS.exists():
        return function(), None
    with suppress(AttributeError, OSError):  # freed memory would be used once more
        ctypes.CDLL(None).malloc_trim(0)
    before = _bytes_of("VmRSS")
    _CLEAR_REFS.write_text("5")  # the peak starts again from here
    result = function()
    return result, _bytes_of("VmHWM") - before


def whole_peak() -> int | None:
    """Return the bytes that this process had at most, its libraries among them."""
    return _bytes_of("VmHWM") if _STATUS.exists() else None


def _bytes_of(field: str) -> int:
    for line in _STATUS.read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(f"{_STATUS} has no {field}.")


_PEAK_OF_COMMAND = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def peak_memory_of_command(command: Sequence[str], stdin: bytes) -> int | None:
    """Return the peak memory of a whole program, in bytes.

    It is started from an interpreter that has loaded next to nothing: on Linux a
    program's peak is never below that of the process that it was started from.
    """
    if not _STATUS.exists():
        return None
    bare = [sys.executable, "-I", "-S", "-c", _PEAK_OF_COMMAND, *command]
    done = subprocess.run(bare, input=stdin, capture_output=True, check=True)
    return int(done.stdout)
