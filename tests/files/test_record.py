from __future__ import annotations

import json
import re
from copy import deepcopy
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant import Palette, Rename, quantize, quantize_slices
from napari_colorquant.core.palette.edits import edit_as_dict
from napari_colorquant.files.record import (
    check_record,
    decode_record,
    encode_record,
    record_of,
)

IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6, 5, 3)).astype(np.uint8)
CHANNEL = {
    "name": "dapi",
    "layer": "dapi",
    "dtype": "uint16",
    "scaling": "contrast_limits",
    "low": 1.0,
    "high": 9,
    "contrast_limits": [1.0, 9.0],
    "gamma": 1.0,
    "opacity": 1,
    "colormap": {
        "name": "blue",
        "colors": [[0, 0, 0, 1], [0, 0, 1.0, 1]],
        "controls": [0, 1],
        "interpolation": "linear",
        "nan_color": None,
    },
    "origin": {"path": None, "reader": None, "sample": None},
}
FIXED = Palette([[0, 0, 0]], names=["ink"], units="uint8", locked=[0])
RECORD = {
    **record_of(quantize(IMAGE[0], 4, fixed=FIXED)),
    "edits": [edit_as_dict(Rename(0, "paper"))],
    "run": "abc",
    "source": "china",
    "origin": {"path": "a.png", "reader": "napari", "sample": None},
    "shape": [6, 5, 3],
    "dtype": "uint8",
    "rgb": True,
    "multiscale": False,
    "lazy": False,
    "masked": True,
    "learn_masked": False,
    "mask": {"shape": [6, 5], "bits": "eJw="},
    "position": [None, 2],
    "scaling": "contrast_limits",
    "channels": [CHANNEL],
    "palettes": [Palette([[1, 2, 3]]).as_dict()],
    "slice_axis": 0,
    "of a later version": {"anything": [1, None]},
}


def places(plain, at=()):
    """List where values are in plain data."""
    if at:
        yield at
    if isinstance(plain, dict):
        for key, value in plain.items():
            yield from places(value, (*at, key))
    elif isinstance(plain, list) and plain:
        yield from places(plain[0], (*at, 0))


def changed(plain, at, value):
    plain = deepcopy(plain)
    inner = plain
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return plain


OTHERS = [None, True, -1, 2**63, 0.5, float("nan"), "text", [], [[]], {}, {"a": 1}]
PLACES = [at for at in places(RECORD) if at[0] != "of a later version"]


def sentence_of(function, argument):
    """Return what is said of damage, one sentence; None where there is none."""
    try:
        function(argument)
    except ValueError as error:
        said = error
    else:
        return None
    assert type(said) is ValueError
    assert re.fullmatch(r"[^\n]*[.]", str(said)), str(said)
    return str(said)


def test_records_of_results_are_sound():
    check_record(RECORD)
    check_record(record_of(quantize_slices(IMAGE, 3, slice_axis=0)))
    check_record({"palette": Palette([[1.5]]).as_dict()})
    check_record({**RECORD, "shape": (np.int64(6), 5, 3), "slice_axis": np.uint8(0)})


@pytest.mark.parametrize("at", PLACES, ids=lambda at: ".".join(map(str, at)))
def test_a_value_of_another_type_anywhere_is_a_sentence(at):
    records = [changed(RECORD, at, other) for other in OTHERS]
    said = [sentence_of(check_record, record) for record in records]
    assert any(said) or at[-1] in ("sample", "nan_color")  # which may be anything
    for record, sentence, other in zip(records, said, OTHERS, strict=True):
        if sentence is not None:
            continue
        if other != other:  # NaN, where anything may be: JSON has no such number
            assert "not JSON compliant" in sentence_of(encode_record, record)
        else:  # what is let pass is written and read again
            assert decode_record(encode_record(record))["version"] is not None


@pytest.mark.parametrize(
    ("errors", "written"),
    [
        ({"psnr": inf, "mse": 0.0}, {"psnr": None, "mse": 0.0}),
        ({"psnr": -inf, "mse": 0.5}, {"psnr": None, "mse": 0.5}),
        (
            {"psnr": 14.8, "mse": inf, "data_range": inf},
            {"psnr": 14.8, "mse": None, "data_range": None},
        ),
        ({"tried": [[3, inf], [2, 35.1]]}, {"tried": [[3, None], [2, 35.1]]}),
    ],
)
def test_what_is_infinite_is_null_in_a_file(errors, written):
    record = {**RECORD, "report": {**RECORD["report"], **errors}}
    check_record(record)
    data = encode_record(record)
    plain = json.loads(data)
    assert {key: plain["report"][key] for key in written} == written
    assert decode_record(data) == record


@pytest.mark.parametrize("key", ["mse", "psnr", "data_range", "delta_e", "tried"])
def test_no_error_is_nan(key):
    wrong = [[1, nan]] if key == "tried" else nan
    record = {**RECORD, "report": {**RECORD["report"], key: wrong}}
    with pytest.raises(ValueError, match=f"^its report.{key}[.01]* is nan: "):
        check_record(record)


def test_the_sentence_says_where():
    for at, value, sentence in (
        (
            ("edits",),
            3,
            "its edits is 3: this is no record of napari-colorquant, or a damaged one.",
        ),
        (
            ("edits", 0),
            {"edit": "M"},
            "its edits.0 cannot be: {'edit': 'M'} is no edit of a palette.",
        ),
        (
            ("report", "stains"),
            [[0, 0, 0], [1, 1, 1]],
            "its report.stains cannot be: stains hold 0: pass optical densities of 0 "
            "or more, and not 0 alone.",
        ),
        (
            ("report", "mse"),
            "low",
            "its report.mse is 'low': this is no record of "
            "napari-colorquant, or a damaged one.",
        ),
        (("palette", "names"), [1, 2], "the palette's names are no list of text."),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            check_record(changed(RECORD, at, value))
    with pytest.raises(ValueError, match=r"^there is no palette in it\.$"):
        check_record([RECORD])


SMALL = encode_record(
    {**record_of(quantize(IMAGE[0], 2)), "source": "a", "edits": RECORD["edits"]}
)


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 256))
def test_every_byte_cut_or_flipped_is_a_sentence_or_a_record(place, flip):
    data = SMALL[:place]
    if flip < 256:
        data += bytes([SMALL[place] ^ flip]) + SMALL[place + 1 :]
    sentence_of(decode_record, data)
