from __future__ import annotations

import json
import re
from copy import deepcopy

import numpy as np
import pytest

from napari_colorquant import quantize, save_ome_zarr
from napari_colorquant.files.slides.open import open_slide

OTHERS = [None, -1, 2**63, float("nan"), "text", [[]], {"a": 1}]


def places(plain, at=()):
    """List where values are in plain data."""
    if at:
        yield at
    inside = plain.items() if isinstance(plain, dict) else ()
    if isinstance(plain, list):
        inside = enumerate(plain[:1])
    for key, value in inside:
        yield from places(value, (*at, key))


def changed(plain, at, value):
    plain = deepcopy(plain)
    inner = plain
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return plain


@pytest.fixture(scope="module", params=["0.4", "0.5"])
def saved(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "a.zarr"
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    save_ome_zarr(
        path,
        quantize(image, 4),
        scale=(0.5, 2),
        units=["nm"] * 2,
        version=request.param,
    )
    return path


def sentence_of(path):
    """Return what is said of damage, one sentence; None where there is none."""
    try:
        read(path)
    except ValueError as error:
        said = error
    else:
        return None
    assert type(said) is ValueError
    assert re.fullmatch(r"[^\n]*\.", str(said)), str(said)
    return str(said)


def read(path):
    with open_slide(path) as slide:
        return slide.levels[0][:1, :1, :1]


def damaged(saved, files):
    """Say what is refused of each file, with each value replaced by others."""
    refused = {}
    for name in files:
        file = saved / name
        if not file.exists():
            continue
        before = file.read_text()
        plain = json.loads(before)
        try:
            for at in places(plain):
                for other in OTHERS:
                    file.write_text(json.dumps(changed(plain, at, other)))
                    refused[at, repr(other)] = sentence_of(saved)
        finally:
            file.write_text(before)
    return refused


def test_damaged_metadata_of_an_image_are_a_sentence(saved):
    refused = damaged(saved, ["zarr.json", ".zattrs"])
    ome = ("attributes", "ome") if (saved / "zarr.json").exists() else ()
    said = {
        (at[len(ome) :], other): sentence
        for (at, other), sentence in refused.items()
        if at[: len(ome)] == ome
    }
    path = ("multiscales", 0, "datasets", 0, "path")
    assert said[path, "-1"] == (
        "its metadata of OME-Zarr are damaged: its datasets.0.path is -1: this is no "
        "OME-Zarr, or a damaged one."
    )
    factor = (*path[:-1], "coordinateTransformations", 0, "scale", 0)
    assert said[factor, "nan"] == (
        "its metadata of OME-Zarr are damaged: its datasets.0."
        "coordinateTransformations.0.scale.0 is nan: this is no OME-Zarr, or a damaged "
        "one."
    )
    assert all(said[("multiscales",), repr(other)] for other in OTHERS)


def test_damaged_metadata_of_an_array_are_a_sentence(saved):
    refused = damaged(saved, ["0/zarr.json", "0/.zarray"])
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":  # numpy 1 takes it for 255
        assert refused[("fill_value",), "-1"]
    assert refused[("fill_value",), repr(2**63)]
