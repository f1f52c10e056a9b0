from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import apply_palette, quantize
from napari_colorquant.cli import main
from napari_colorquant.core import warm_up
from napari_colorquant.core.compute.compiled import before_each


def warmed_up(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["--warm-up"])
    return exit_.value.code, capsys.readouterr()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_after_a_warm_up_usual_runs_compile_nothing(capsys, china, dtype):
    code, said = warmed_up(capsys)
    assert code in (0, None)
    assert said.out.startswith("compiled ")
    assert said.err == ""

    def fail():
        raise AssertionError("a function was compiled")

    image = china[::4, ::4].astype(dtype)
    with before_each(fail):
        q = quantize(image, 16)
        quantize(image, 300, mask=image[..., 0] > 9)
        quantize(image[..., 1], 8, channel_axis=None)
        apply_palette(image, q.palette, max_distance=50.0)


def test_a_second_warm_up_has_nothing_to_compile(capsys):
    warmed_up(capsys)
    _, said = warmed_up(capsys)
    assert said.out.startswith("compiled 0 functions in ")


def test_where_nothing_can_be_kept_it_says_so(capsys, monkeypatch):
    nowhere = warm_up.WarmedUp(3, 1.0, None)
    monkeypatch.setattr(warm_up, "compile_all", lambda: nowhere)
    code, said = warmed_up(capsys)
    assert code == 2
    assert said.out == ""
    assert said.err.splitlines()[-1] == (
        "napari-colorquant: error: what is compiled cannot be kept, as neither the "
        "folder of napari_colorquant nor the user's cache can be written to: set the "
        "variable NUMBA_CACHE_DIR to a folder that can, now and for all runs."
    )


def test_channels_beyond_four_are_searched_as_four(capsys):
    warmed_up(capsys)
    random = np.random.default_rng(0)
    image = random.random((9, 9, 7), np.float32)
    with before_each(lambda: pytest.fail("a function was compiled")):
        quantize(image, 4, channel_axis=2)
