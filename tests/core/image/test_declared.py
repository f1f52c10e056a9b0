"""Blocks of lazy arrays that are not what was declared."""

import json
import re
import subprocess
import sys
from pathlib import Path

import dask
import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_colorquant import quantize
from napari_colorquant.core.image import declared
from napari_colorquant.core.image.blocks import as_dask, see_blocks
from napari_colorquant.core.image.declared import (
    MOST_BLOCKS,
    as_declared,
    checked,
    refuse_too_large,
)

LIES = {
    "uint8": ["uint16", "int8", "int64", "float32", "float64", "complex64", "object"],
    "uint16": ["int32", "float64"],
    "float32": ["float64", "complex64"],
}
NUMBERS = hnp.scalar_dtypes().filter(
    lambda dtype: dtype.kind in "biuf" and dtype.itemsize <= 8
)


# ---------------------------------------------------------------- one block


@given(st.data())
def test_a_block_comes_back_with_its_very_values_or_is_refused(data):
    block = data.draw(hnp.arrays(data.draw(NUMBERS), (2, 3)))
    dtype = data.draw(NUMBERS)
    try:
        found = as_declared(block, (2, 3), dtype, "block (0, 0) of the image")
    except TypeError as error:
        # Refused for a value that the other dtype has not, and for nothing else.
        assert block.dtype.newbyteorder("=") != dtype.newbyteorder("=")
        assert str(error).startswith(  # noqa: PT017
            f"block (0, 0) of the image has the dtype {block.dtype}, and {dtype} was "
        )
        with np.errstate(all="ignore"):
            other = block.astype(dtype)
        assert [*map(_plain, block.flat)] != [*map(_plain, other.flat)]
    else:
        assert found.dtype == dtype
        assert [*map(_plain, found.flat)] == [*map(_plain, block.flat)]


def _plain(value):
    """Return a number of Python, which is compared exactly."""
    plain = value.item()
    return "nan" if plain != plain else plain


@pytest.mark.parametrize(
    ("block", "error", "sentence"),
    [
        (np.zeros((2, 4)), ValueError, r"has the shape \(2, 4\), and \(2, 3\) was"),
        (np.zeros((2, 3, 1)), ValueError, r"has the shape \(2, 3, 1\), and \(2, 3\)"),
        (0.5, ValueError, r"has the shape \(\), and \(2, 3\) was declared"),
        (None, ValueError, r"has the shape \(\), and \(2, 3\) was declared"),
        ([[1], [2, 3]], TypeError, "is a list: make blocks that are arrays of numpy"),
        (np.ma.zeros((2, 3)), TypeError, "is a masked array: fill it"),
        (np.full((2, 3), "a"), TypeError, "has the dtype <U1, and float64 was decl"),
        (np.full((2, 3), None), TypeError, "has the dtype object, and float64 was"),
        (np.zeros((2, 3), complex), TypeError, "has the dtype complex128, and float64"),
    ],
)
def test_what_is_no_such_block(block, error, sentence):
    with pytest.raises(error, match=rf"^block \(0, 1\) of the image {sentence}"):
        as_declared(block, (2, 3), np.dtype("f8"), "block (0, 1) of the image")


# ---------------------------------------------------------------- arrays of dask


def test_in_no_place_a_block_of_another_dtype_is_taken():
    program = Path(__file__).parents[2] / "support" / "lying_blocks.py"
    done = subprocess.run(
        [sys.executable, program, json.dumps(LIES)],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-500:]} {done.stderr[-2000:]}"
    tried = [[*map(json.loads, line.split("\t"))] for line in done.stdout.splitlines()]
    assert {(said, real) for (said, real, _), _ in tried} == {
        (said, real) for said, reals in LIES.items() for real in reals
    }
    assert len(tried) > 150
    for (said, real, place), error in tried:
        what = "seeds" if place.startswith("seeds") else "image"
        assert error is not None, (said, real, place)
        kind, sentence = error
        assert kind == "TypeError", (said, real, place, sentence)
        assert re.fullmatch(
            rf"block \((1, 0, 0(, 0)?|0, 1, 0, 0)\) of the {what} has the dtype "
            rf"{real}, and {said} was declared: convert the files, or what makes the "
            r"blocks, to one dtype\.",
            sentence,
        ), (said, real, place, sentence)


@pytest.mark.parametrize("real", ["uint8", "int16", "float64", ">u2"])
def test_blocks_whose_values_fit_are_quantized_as_what_was_declared(real):
    image = np.random.default_rng(0).integers(0, 120, (6, 5, 3)).astype("uint16")
    block = dask.delayed(image.astype(real))
    lazy = da.from_delayed(block, image.shape, dtype="uint16")
    expected, q = quantize(image, 4), quantize(lazy, 4)
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.image, expected.image)
    assert q.image.compute().dtype == np.uint16


def test_a_frame_of_another_shape():
    def frame(number):
        return np.full((4, 5 if number != 3 else 4, 3), number, np.uint8)

    lazy = da.stack(
        [da.from_delayed(dask.delayed(frame)(n), (4, 5, 3), "u1") for n in range(5)]
    )
    with pytest.raises(ValueError, match="declared") as caught:
        quantize(lazy, 3)
    assert str(caught.value) == (
        "block (3, 0, 0, 0) of the image has the shape (1, 4, 4, 3), and (1, 4, 5, 3) "
        "was declared: bring the files, or what makes the blocks, to the declared "
        "shape."
    )


def test_what_a_block_raises_is_passed_on_as_it_is():
    class MyError(Exception):
        pass

    def fail():
        raise MyError("mine")

    lazy = da.from_delayed(dask.delayed(fail)(), (4, 5, 3), "u1")
    with pytest.raises(MyError, match=r"^mine$"):
        quantize(lazy, 3)


def test_a_mask_of_other_integers_is_refused_when_it_is_read():
    image = da.from_array(np.arange(72, dtype="u1").reshape(4, 6, 3), chunks=(2, 3, 3))
    labels = np.zeros((4, 6), "u1")
    labels[0, :2] = 1
    q = quantize(image, 2, mask=da.from_array(labels, chunks=3))
    assert np.count_nonzero(q.labels) == 2
    labels[3, 5] = 7
    with pytest.raises(ValueError, match=r"^the mask has the value 7: pass boolean"):
        quantize(image, 2, mask=da.from_array(labels, chunks=3))


def test_arrays_are_checked_once_and_listed_never():
    image = da.zeros((2**15, 2**15, 3), dtype="u1", chunks=(64, 64, 3))  # 2**18 blocks
    once = as_dask(image, "image")
    assert as_dask(once, "image") is once
    assert as_dask(image, "image").name == once.name
    assert once.chunks == image.chunks
    assert not any(layer.is_materialized() for layer in once.dask.layers.values())


def test_a_part_of_an_array_is_checked_by_itself():
    read = []

    def frame(number):
        read.append(number)
        return np.full((4, 5), number, "u2" if number == 2 else "u1")

    lazy = checked(
        da.concatenate(
            [da.from_delayed(dask.delayed(frame)(n), (4, 5), "u1") for n in range(3)]
        ),
        "image",
    )
    assert lazy[:4, 2:].compute().sum() == 0
    assert read == [0]


# ---------------------------------------------------------------- hostile sizes


@pytest.mark.parametrize(
    ("shape", "blocks", "sentence"),
    [
        ((10**9, 10**9), (10**6, 10**6), "has the shape (1000000000, 1000000000)"),
        ((10**9, 10**4), (1, 10**3), "has 10,000,000,000 blocks, more"),
        ((10**6, 10**7), (10**6, 10**7), "has blocks of 10,000 GB, and this"),
        ((MOST_BLOCKS + 1, 2), (1, 2), "has 16,777,217 blocks, more than"),
        ((0, 2**40), (1, 9), "has 122,167,958,642 blocks"),  # also of an empty axis
        ((0, 2**50), (1, 2**49), "has the shape (0, 1125"),
    ],
)
def test_arrays_that_no_machine_goes_through(shape, blocks, sentence):
    with pytest.raises(ValueError, match=re.escape(f"the image {sentence}")):
        refuse_too_large(shape, blocks, np.dtype("u1"), "image")


def test_a_large_slide_is_not_refused(monkeypatch):
    monkeypatch.setattr(declared, "memory_of_machine", lambda: 2**33)
    refuse_too_large((393_216, 262_144, 3), (1024, 1024, 3), np.dtype("u1"), "image")
    lazy = da.zeros((393_216, 262_144, 3), dtype="u1", chunks=(1024, 1024, 3))
    assert see_blocks(lazy).n_blocks == 98_304


@pytest.mark.parametrize("what", ["zarr", "zarr of many", "dask", "broadcast"])
def test_arrays_that_claim_more_than_there_is_are_refused_at_once(what):
    size, dtype = 10**9, np.uint8
    if what.startswith("zarr"):
        chunks = (10**6 if what == "zarr" else 1, 10**6)
        image = zarr.create_array(
            zarr.storage.MemoryStore(), shape=(size, size), chunks=chunks, dtype=dtype
        )
    elif what == "dask":
        image = da.zeros((size, size), dtype=dtype, chunks=(10**6, 10**6))
    else:
        image = np.broadcast_to(dtype(1), (size, size))
    with pytest.raises(ValueError, match=r"^the image has .*: pass a"):
        quantize(image, 4, channel_axis=None)
