from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.files.ome_zarr.block_plan import MOST, chunks_of, parts_of


@pytest.mark.parametrize(
    ("shape", "source", "chunks"),
    [
        ((9000, 9000), None, (1024, 1024)),
        ((40, 9000), None, (40, 1024)),
        ((7, 9000, 9000), None, (1, 1024, 1024)),
        ((9000, 9000), (512, 512), (512, 512)),  # sane
        ((64, 512, 512), (64, 64, 64), (64, 64, 64)),
        ((9000, 9000), (256, 256), (512, 512)),  # small
        ((9000, 9000), (240, 240), (960, 960)),
        ((300, 2000, 2000), (16, 64, 64), (16, 128, 128)),
        ((9000, 60_000), (3, 60_000), (1023, 1024)),  # long
        ((90_000, 90_000), (8192, 8192), (2048, 2048)),  # large
        ((300, 2000, 2000), (128, 256, 256), (64, 256, 256)),
        ((4000, 6000), (4000, 6000), (1024, 1024)),
        ((427, 640), (427, 640), (427, 640)),
    ],
)
def test_the_chunks_are_those_of_the_source_or_what_is_sane(shape, source, chunks):
    assert chunks_of(shape, source) == chunks


lengths = st.integers(1, 5000)
planes = st.tuples(lengths, lengths)
stacks = st.tuples(st.integers(1, 300), lengths, lengths)


@given(st.data(), st.one_of(planes, stacks), st.integers(2, 200))
def test_no_two_parts_share_a_chunk_and_together_they_are_the_array(data, shape, size):
    source = data.draw(
        st.none() | st.tuples(*(st.integers(1, length) for length in shape))
    )
    chunks = chunks_of(shape, source)
    parts = parts_of(shape, chunks, source, size)
    assert prod(chunks) <= max(MOST, 4 * 1024**2)
    for axis, (length, chunk) in enumerate(zip(shape, chunks, strict=True)):
        runs = sorted({(part[axis].start, part[axis].stop) for part in parts})
        assert [start for start, _ in runs] == [0, *(stop for _, stop in runs[:-1])]
        assert runs[-1][1] == length
        assert all(start % chunk == 0 for start, _ in runs)
    assert sum(prod(p.stop - p.start for p in part) for part in parts) == prod(shape)


@pytest.mark.parametrize(
    ("shape", "source"),
    [
        ((9000, 9000), (256, 256)),
        ((9000, 9000), (240, 240)),
        ((9000, 60_000), (3, 60_000)),
        ((90_000, 90_000), (8192, 8192)),
        ((300, 2000, 2000), (128, 256, 256)),
    ],
)
def test_no_two_parts_share_a_chunk_of_the_source(shape, source):
    for part in parts_of(shape, chunks_of(shape, source), source, 4):
        for run, length, size in zip(part, source, shape, strict=True):
            assert run.start % length == 0
            assert run.stop % length == 0 or run.stop == size


def test_parts_are_many_chunks_where_these_are_small():
    (first, *_) = parts = parts_of((8192, 8192), (512, 512), (512, 512), 4)
    assert first == (slice(0, 2048), slice(0, 2048))
    assert len(parts) == 16
    (first, *_) = parts_of((8192, 8192), (512, 512), (512, 512), 64)
    assert first == (slice(0, 1024), slice(0, 512))
