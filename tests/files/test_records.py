from __future__ import annotations

import json
import re
from math import inf

import numpy as np
import pytest

from napari_colorquant import Palette, Parameters, Rename, Report, quantize
from napari_colorquant.core.palette.edits import edit_as_dict
from napari_colorquant.files.record import (
    is_ours,
    load_palette_or_record,
    load_record,
    save_record,
)
from napari_colorquant.formats.registry import FORMATS


def record_of(result, **more):
    """What the layers of a result keep in their metadata."""
    return {
        "source": "china",
        "parameters": result.report.parameters.as_dict(),
        "palette": result.palette.as_dict(),
        "report": result.report.as_dict(),
        "version": result.report.version,
        **more,
    }


@pytest.fixture
def result():
    """A lossless result, whose PSNR is infinite."""
    image = np.zeros((4, 5, 3), np.uint8)
    image[1:3] = 200
    with pytest.warns(UserWarning, match="2 colors"):
        return quantize(image, 4, fixed=[[200, 200, 200]])


def test_a_record_comes_back(tmp_path, result):
    record = record_of(result, edits=[edit_as_dict(Rename(0, "ink"))])
    save_record(record, tmp_path / "a.json")
    back = load_record(str(tmp_path / "a.json"))
    assert back == record
    assert back["report"]["psnr"] == inf
    assert Parameters.from_dict(back["parameters"]).as_dict() == (
        result.report.parameters.as_dict()
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_the_report_of_a_file_comes_back_without_load_record(tmp_path):
    image = np.array([[[7, 7, 7], [9, 9, 9]]], np.uint8)
    report = quantize(image, 2).report
    assert report.psnr == inf
    path = tmp_path / "run.json"
    save_record({"palette": {"colors": [[7, 7, 7]]}, "report": report.as_dict()}, path)
    plain = json.loads(path.read_bytes())["report"]
    assert plain["psnr"] is None
    assert Report.from_dict(plain) == report


def test_the_palette_of_a_record_is_loaded_as_any(tmp_path, result):
    save_record(record_of(result), tmp_path / "a.json")
    palette = Palette.load(tmp_path / "a.json")
    assert palette.as_dict() == result.palette.as_dict()


def test_a_palette_alone_is_a_record_of_it(tmp_path, result):
    result.palette.save(tmp_path / "a.JSON")
    assert load_record(tmp_path / "a.JSON") == {"palette": result.palette.as_dict()}


@pytest.mark.parametrize("suffix", [*FORMATS, ".JSON"])
def test_any_palette_is_opened_as_one(tmp_path, suffix):
    palette = Palette([[0, 10, 200], [3, 4, 5]], units="uint8")
    palette.save(tmp_path / f"a{suffix}")
    opened = load_palette_or_record(tmp_path / f"a{suffix}")
    assert isinstance(opened, Palette)
    assert opened.as_dict() == palette.as_dict()


def test_the_record_of_a_run_is_opened_as_a_whole(tmp_path, result):
    record = record_of(result)
    save_record(record, tmp_path / "a.JSON")
    assert load_palette_or_record(str(tmp_path / "a.JSON")) == record


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("a.json", "line 1 is no JSON: expecting value, column 1."),
        ("a.csv", "line 1 is not a palette's header: "),
        ("a.png", "the suffix '.png' names no palette format: "),
    ],
)
def test_what_is_neither_is_not_opened(tmp_path, name, sentence):
    (tmp_path / name).write_bytes(b"x")
    start = re.escape(f"{tmp_path / name}: {sentence}")
    with pytest.raises(ValueError, match=f"^{start}"):
        load_palette_or_record(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (
            {"palette": None},
            ValueError,
            "there is no palette in it.",
        ),
        (
            {"palette": {"colors": [[1], [2, 3]]}},
            ValueError,
            "the palette's color 1 is [2, 3]: each must be a list of numbers, as many "
            "as there are channels.",
        ),
        (
            {"format": "mine"},
            ValueError,
            "it has the key 'format', which is the file's own: rename it.",
        ),
        (
            {"edits": [Rename(0, "ink")]},
            TypeError,
            "it has a Rename: pass numbers, text, None, and lists and mappings of "
            "these.",
        ),
    ],
)
def test_what_is_no_record_is_not_written(tmp_path, result, change, error, sentence):
    path = tmp_path / "a.json"
    with pytest.raises(error, match=f"^{re.escape(f'{path}: {sentence}')}$"):
        save_record(record_of(result) | change, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a"])
def test_a_record_is_json(tmp_path, result, name):
    path = tmp_path / name
    sentence = f"{path}: records are kept as .json: use this suffix."
    for call in (
        lambda: save_record(record_of(result), path),
        lambda: load_record(path),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            call()
    assert not path.exists()


def test_a_record_cut_off_anywhere_is_an_error(tmp_path, result):
    path = tmp_path / "a.json"
    save_record(record_of(result), path)
    data = path.read_bytes()
    for length in range(0, len(data) - 1, 7):  # the last byte ends the line
        path.write_bytes(data[:length])
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: line "):
            load_record(path)


def test_a_missing_record_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_record(tmp_path / "a.json")


@pytest.mark.parametrize(
    ("data", "ours"),
    [
        (b'{"format": "napari-colorquant", "palette": damaged', True),
        (b'{\n  "source": "a",\n  "format" :\n  "napari-colorquant"\n}', True),
        (b'\xef\xbb\xbf{"format":"napari-colorquant"}', True),
        (b'{"type": "FeatureCollection", "features": []}', False),
        (b'{"format": "napari-colorquant-2"}', False),
        (b"", False),
        (b" " * 2**16 + b'{"format": "napari-colorquant"}', False),
    ],
)
def test_other_json_files_are_left_to_others(tmp_path, data, ours):
    (tmp_path / "a.json").write_bytes(data)
    assert is_ours(tmp_path / "a.json") is ours
