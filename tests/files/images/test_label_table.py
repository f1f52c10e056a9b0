from __future__ import annotations

import re

import numpy as np
import pytest

from napari_colorquant.files.images.write import write_label_table


def test_a_table_to_the_byte(tmp_path):
    write_label_table(tmp_path / "a.csv", np.array([[0, 255], [7, 10]], np.uint8))
    assert (tmp_path / "a.csv").read_bytes() == b"0,255\n7,10\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
@pytest.mark.parametrize("shape", [(20, 30), (1, 30), (20, 1), (1, 1)])
def test_numpy_reads_it(tmp_path, shape, dtype):
    highest = min(np.iinfo(dtype).max, 65_535)
    labels = np.random.default_rng(0).integers(0, highest, shape, dtype, endpoint=True)
    write_label_table(tmp_path / "a.csv", labels)
    read = np.loadtxt(tmp_path / "a.csv", int, delimiter=",", ndmin=2)
    assert np.array_equal(read, labels)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 4)])
def test_other_shapes_are_an_error(tmp_path, shape):
    path = tmp_path / "a.csv"
    sentence = (
        f"{path}: a table has two axes, and the labels have the shape {shape}: save "
        "them as .tif."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        write_label_table(path, np.ones(shape, np.uint8))
    assert list(tmp_path.iterdir()) == []
