from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread, get_ident

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

import napari_colorquant
from napari_colorquant.core.compute.compiled import before_each, inlined, kernel

RUN = """
import numpy as np
from napari_colorquant.core.color.codes import _decode, decode
from napari_colorquant.core.compute.compiled import kernel

@kernel
def double(values):
    for i in range(len(values)):
        values[i] *= 2

values = np.arange(3)
double(values)
print(values.tolist())
"""
DECODE = """
decode(np.arange(3, dtype=np.uint32), 8, 3)
print("found" if sum(_decode.stats.cache_hits.values()) else "compiled")
"""


NO_FOLDERS = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")


def run(code, **variables):
    known = {key: os.environ[key] for key in os.environ if key not in NO_FOLDERS}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**known, **variables},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split("\n")[:-1]


@pytest.fixture
def package(tmp_path):
    """Make a copy of the package that was not used yet, and say how to import it."""
    copy = tmp_path / "napari_colorquant"
    shutil.copytree(
        Path(napari_colorquant.__file__).parent,
        copy,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    return copy, {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def home(tmp_path):
    """Make a user's folder."""
    folder = tmp_path / "home"
    folder.mkdir()
    return {"HOME": str(folder), "LOCALAPPDATA": str(folder)}


NOTHING = {"HOME": os.devnull, "LOCALAPPDATA": os.devnull}
"""A user without a folder."""
READ_ONLY = """
import tempfile
def refuse(dir, make=tempfile.TemporaryFile, **options):
    if "napari_colorquant" in str(dir):
        raise PermissionError(dir)
    return make(dir=dir, **options)
tempfile.TemporaryFile = refuse
"""
"""Refuse a file beside a module, as numba asks for one before it writes there."""


def test_a_package_that_is_read_only_is_cached_in_the_user_s_folder(package, home):
    _, where = package
    code = READ_ONLY + RUN + DECODE
    assert run(code, **where, **home) == ["[0, 2, 4]", "compiled"]
    assert run(code, **where, **home) == ["[0, 2, 4]", "found"]


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for no home")
def test_without_any_folder_it_runs_without_a_cache(package):
    _, where = package
    code = READ_ONLY + RUN + DECODE
    for _ in range(2):
        assert run(code, **where, **NOTHING) == ["[0, 2, 4]", "compiled"]


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for no home")
def test_what_was_compiled_beside_a_module_is_found_where_it_is_read_only(
    package, home
):
    _, where = package
    assert run(RUN + DECODE, **where, **NOTHING)[1] == "compiled"
    assert run(READ_ONLY + RUN + DECODE, **where, **home)[1] == "found"
    assert run(READ_ONLY + RUN + DECODE, **where, **NOTHING)[1] == "found"


def test_a_kernel_is_compiled_anew_where_another_one_that_it_calls_changed(
    package, home
):
    copy, where = package
    code = """
import numpy as np
from napari_colorquant.core.color.tree import label, build_tree
points = np.arange(6.0).reshape(2, 3)
tree = build_tree(points, np.ones(2), np.arange(2, dtype=np.uint32), 6)
labels = np.zeros(2, np.uint8)
label(tree, points[::-1], labels)
print(labels.tolist())
"""
    assert run(code, **where, **home) == ["[2, 1]"]
    module = copy / "core" / "color" / "geometry.py"
    module.write_text(module.read_text().replace("return x * x +", "return -x * x -"))
    assert run(code, **where, **home) == ["[1, 2]"]


def test_a_cache_that_fails_later_is_done_without(tmp_path, monkeypatch):
    @kernel
    def double(value):
        return 2 * value

    folder = tmp_path / "gone"
    cache = double._cache
    file = cache._cache_file
    monkeypatch.setattr(file, "_cache_path", str(folder))
    monkeypatch.setattr(file, "_index_path", str(folder / "index"))
    assert double(3) == 6
    folder.mkdir()
    (folder / "index").write_bytes(b"no index")
    assert double(0.5) == 1.0


@pytest.mark.parametrize("collects", [True, False])
def test_garbage_is_collected_after_a_kernel_was_compiled_as_before(collects):
    @kernel
    def fail(value):
        return value.unknown

    (gc.enable if collects else gc.disable)()
    try:
        with pytest.raises(TypingError):
            fail(1)
        assert gc.isenabled() == collects
    finally:
        gc.enable()


def test_options_are_those_of_numba():
    @kernel(fastmath=True)
    def fast(value):
        return value + 1

    assert fast(1) == 2
    assert fast.targetoptions["fastmath"]
    assert fast.targetoptions["nogil"]


def test_a_function_that_is_inlined_is_a_part_of_those_that_call_it():
    @inlined
    def one_more(value):
        return value + 1

    @kernel
    def outer(value):
        return one_more(value)

    assert outer(1) == 2
    (code,) = outer.inspect_asm().values()
    assert not re.search(r"call\w*\s.*one_more", code)
    assert one_more.targetoptions["forceinline"]


def test_a_check_before_each_kernel_stops_it_in_any_thread():
    seen, raised = [], []

    def stop():
        seen.append(get_ident())
        raise LookupError("stop")

    @njit(nogil=True)  # without a cache on disk, which another run may have left
    def double(values):
        return values * 2

    def work():
        try:
            double(np.arange(3))
        except LookupError as error:
            raised.append(error)

    with before_each(stop):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert (len(raised), seen) == (1, [thread.ident])
    assert double(np.arange(3)).tolist() == [0, 2, 4]


def test_a_run_loads_no_algebra_and_products_of_matrices_still_do():
    code = """
import sys
import numpy as np
import numba
from napari_colorquant import quantize
quantize(np.arange(48, dtype=np.uint8).reshape(4, 4, 3), 2)
print("scipy.linalg" in sys.modules)

@numba.njit
def products(a):
    return np.dot(a, a), np.convolve(a[0], a[1])

dot, folded = products(np.array([[1.0, 2.0], [3.0, 4.0]]))
print(dot.tolist(), folded.tolist(), "scipy.linalg" in sys.modules)
"""
    products = "[[7.0, 10.0], [15.0, 22.0]] [3.0, 10.0, 8.0]"
    assert run(code) == ["False", f"{products} True"]
