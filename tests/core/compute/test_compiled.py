from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread, get_ident

import numpy as np
import pytest
from numba import njit

import napari_colorquant
from napari_colorquant.core.compute.compiled import before_each, kernel

RUN = """
import numpy as np
from napari_colorquant.core.color.codes import _decode
from napari_colorquant.core.compute.compiled import kernel

@kernel
def double(values):
    for i in range(len(values)):
        values[i] *= 2

values = np.arange(3)
double(values)
print(values.tolist(), type(_decode._cache).__name__)
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


def test_without_any_folder_it_runs_without_a_cache():
    none = "import numba.core.caching as c; c.CacheImpl._locator_classes = []\n"
    assert run(none + RUN) == ["[0, 2, 4] NullCache"]


@pytest.mark.skipif(os.name == "nt", reason="Windows asks for no home")
def test_a_package_that_is_read_only_is_cached_in_the_user_s_folder_or_not(tmp_path):
    package = tmp_path / "napari_colorquant"
    shutil.copytree(
        Path(napari_colorquant.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    # A file where the cache would be: not even root can make a folder of it.
    (package / "core" / "color" / "__pycache__").touch()
    lasting = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run(RUN, **lasting, HOME=os.devnull) == ["[0, 2, 4] NullCache"]
    (tmp_path / "home").mkdir()
    assert run(RUN, **lasting, HOME=str(tmp_path / "home")) == ["[0, 2, 4] _Cache"]


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


def test_options_are_those_of_numba():
    @kernel(inline="always")
    def inlined(value):
        return value + 1

    @kernel
    def outer(value):
        return inlined(value)

    assert outer(1) == 2
    assert inlined.targetoptions["inline"] == "always"
    assert outer.targetoptions["nogil"]


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
