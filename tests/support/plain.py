"""What the engine promises, written plainly: slow, and easy to see through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import hed_from_rgb

from napari_colorquant.core.color.histogram import Histogram
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.palette.edits import (
    Classify,
    Edit,
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
)
from napari_colorquant.core.palette.palette import Palette

DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", ">u2", ">i4", ">f4", ">f8"),
)


WORK_DTYPES = ("uint8", "uint16", "float32", "float64")
"""What kernels take."""


def nearest_by_search(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the index of the nearest entry: every colour against every entry."""
    squared = np.zeros((len(colors), len(palette)))
    for c in range(palette.shape[1]):
        squared += (colors[:, c, None].astype(np.float64) - palette[None, :, c]) ** 2
    return squared.argmin(axis=1)  # the first of equals


def clusters_by_search(
    points: np.ndarray, weights: np.ndarray, centroids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weight of each cluster, its weighted sum, and that of the squares."""
    nearest = nearest_by_search(points, centroids)
    sizes = np.bincount(nearest, weights, len(centroids))
    sums, squares = np.zeros((2, *centroids.shape))
    np.add.at(sums, nearest, weights[:, np.newaxis] * points)
    np.add.at(squares, nearest, weights[:, np.newaxis] * points * points)
    return sizes, sums, squares


def error_by_search(
    points: np.ndarray, weights: np.ndarray, centroids: np.ndarray
) -> float:
    """Return the weighted sum of the squared distances to the nearest centroids."""
    nearest = nearest_by_search(points, centroids)
    return float(weights @ ((points - centroids[nearest]) ** 2).sum(axis=1))


@st.composite
def searches(draw: st.DrawFn, channels: st.SearchStrategy) -> tuple:
    """Draw pixels and palette entries that are easily mistaken for one another.

    Entries are pixels, lie midway between two, next to them by a last bit, come again,
    or lie beyond all pixels; a channel may have one value.
    """
    n_channels = draw(channels)
    dtype = np.dtype(draw(st.sampled_from(WORK_DTYPES)))
    n_levels = draw(st.sampled_from([2, 5, 256]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.integers(0, n_levels, (draw(st.integers(1, 600)), n_channels))
    if draw(st.booleans()):
        values[:, random.integers(n_channels)] = values[0, 0]
    values = values.astype(dtype)
    if dtype.kind == "f":
        factor, offset = draw(
            st.sampled_from([(1, 0), (1 / 7, 0), (0.001, 1), (-3, 0)])
        )
        values = values * dtype.type(factor) + dtype.type(offset)
    exact = values.astype(np.float64)
    midway = (exact + random.permutation(exact)) / 2
    reach = np.ptp(exact) or 1.0
    kinds = [
        *(exact, midway, np.nextafter(exact, np.inf), np.nextafter(midway, -np.inf)),
        exact + reach * random.uniform(-3, 3, exact.shape),
        exact.min(axis=0) + reach * random.random(exact.shape),
    ]
    chosen = draw(st.lists(st.sampled_from(range(len(kinds))), min_size=1, max_size=4))
    entries = np.concatenate([kinds[i] for i in chosen])
    return values, random.choice(entries, draw(st.integers(1, 60)))


def scaled(values: np.ndarray, palette: np.ndarray) -> tuple:
    """Return the power of two that brings magnitudes to 1, and both times that."""
    values = values.astype(np.float64)
    largest = max(np.abs(palette).max(), np.abs(values).max(initial=0))
    scale = power_of_two_scale(float(largest))
    return scale, values * scale, palette * scale


def rgb_to_hed(colors: np.ndarray) -> np.ndarray:
    """Return the amounts of scikit-image's stains, also where they are below 0."""
    density = np.log(np.maximum(colors, 1 / 512)) / np.log(1e-6)
    return density @ hed_from_rgb


@dataclass(frozen=True)
class Case:
    """An image, how to pass it, and what is in it."""

    image: np.ndarray
    channel_axis: int | None
    mask: np.ndarray | None
    colors: np.ndarray  # channels last, without alpha
    valid: np.ndarray  # the pixels to quantize

    @property
    def how(self) -> dict:
        return {"channel_axis": self.channel_axis, "mask": self.mask}

    def colors_of(self, picture: np.ndarray) -> np.ndarray:
        """See another picture of this shape as `colors` sees the image."""
        if self.channel_axis is None:
            return picture[..., np.newaxis]
        last = np.moveaxis(picture, self.channel_axis, -1)
        return last[..., :3] if self.channel_axis == -1 else last


@st.composite
def images(draw: st.DrawFn) -> Case:
    """Draw images of all dtypes and layouts, of few colours: many ties."""
    kind = draw(st.sampled_from(["single", "rgb", "rgba", "data"]))
    least = 1 if kind == "data" else 2
    shape = draw(hnp.array_shapes(min_dims=least, max_dims=3, max_side=6))
    n_channels = {"single": 1, "rgb": 3, "rgba": 3}.get(kind) or draw(st.integers(1, 5))
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    levels = draw(st.lists(_levels(dtype), min_size=1, max_size=9))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    colors = random.choice(np.array(levels, dtype), (*shape, n_channels))

    valid = np.isfinite(colors.astype(np.float64)).all(axis=-1)
    channel_axis, image = -1, colors
    if kind == "single":
        channel_axis, image = None, colors[..., 0]
    elif kind == "rgba":
        alpha = random.integers(0, 3, shape).astype(dtype)
        image = np.concatenate([colors, alpha[..., np.newaxis]], axis=-1, dtype=dtype)
        valid &= alpha > 0
    elif kind == "data":
        channel_axis = draw(st.integers(0, len(shape)))
        image = np.moveaxis(colors, -1, channel_axis)

    mask = random.random(shape) < 0.7 if draw(st.booleans()) else None
    if mask is not None:
        valid &= mask
    if not valid.any():
        first = (0,) * len(shape)
        colors[first], valid[first] = 1, True
        if mask is not None:
            mask[first] = True
        if kind == "rgba":
            image[first] = 1  # a copy, with an opacity
    image = draw(st.sampled_from(_MEMORY))(image)
    return Case(image, channel_axis, mask, colors, valid)


def _levels(dtype: np.dtype) -> st.SearchStrategy:
    if dtype.kind == "f":
        eighths = st.integers(-200, 200).map(lambda i: i / 8)
        return eighths | st.sampled_from([0.0, -0.0, np.nan, np.inf, -np.inf])
    limits = np.iinfo(dtype)
    low, high = max(limits.min, -(2**53) + 1), min(limits.max, 2**53 - 1)
    return st.integers(0, 200).map(lambda i: low + (high - low) // 200 * i)


def _read_only(image: np.ndarray) -> np.ndarray:
    image = image.copy()
    image.flags.writeable = False
    return image


def _strided(image: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * n for n in image.shape), image.dtype)
    every_second = wide[(slice(None, None, 2),) * image.ndim]
    every_second[...] = image
    return every_second


def _unaligned(image: np.ndarray) -> np.ndarray:
    memory = np.zeros(image.nbytes + 1, np.uint8)
    view = memory[1:].view(image.dtype).reshape(image.shape)
    view[...] = image
    return view


_MEMORY = (
    np.ascontiguousarray,
    np.asfortranarray,
    lambda image: np.ascontiguousarray(image[::-1])[::-1],
    _strided,
    _read_only,
    _unaligned,
)


CODED = [("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint16", 1)]
"""Dtypes and channels of colours that have codes."""


@st.composite
def coded_tiles(draw: st.DrawFn) -> list[np.ndarray]:
    """Draw one to four tiles of colours that come again."""
    dtype, n_channels = draw(st.sampled_from(CODED))
    values = st.integers(0, np.iinfo(dtype).max)
    levels = np.array(draw(st.lists(values, min_size=1, max_size=9)), dtype)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(0, 60), min_size=1, max_size=4))
    return [random.choice(levels, (size, n_channels)) for size in sizes]


def histogram_of(parts: list[np.ndarray], n_pixels: int = 10**6) -> Histogram:
    histogram = Histogram(parts[0].dtype, parts[0].shape[1], n_pixels)
    for part in parts:
        histogram.add(part)
    return histogram


@st.composite
def palettes(
    draw: st.DrawFn, channels: int | None = None, counted: bool = False
) -> Palette:
    """Draw palettes of one to eight entries, some of them locked, of few values."""
    n_colors, n_channels = draw(st.integers(1, 8)), channels or draw(st.integers(1, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    counts = random.integers(0, 9, n_colors) * random.integers(0, 2, n_colors)
    return Palette(
        random.integers(0, 20, (n_colors, n_channels)) / draw(st.sampled_from([1, 7])),
        counts=counts if counted or draw(st.booleans()) else None,
        names=draw(
            st.none() | st.just([""] * n_colors) | st.just([*"abcdefgh"[:n_colors]])
        ),
        units=draw(st.none() | st.just("uint8")),
        locked=draw(st.lists(st.integers(0, n_colors - 1), max_size=2)),
        classes=draw(st.none() | st.just([*"xyxyzzxy"[:n_colors]])),
    )


@st.composite
def edits_of(draw: st.DrawFn, palette: Palette) -> Edit:
    """Draw an edit that can be done."""
    entry = st.integers(0, len(palette) - 1)
    free = [i for i in range(len(palette)) if i not in palette.locked]
    keys = ["lightness"]
    keys += ["hue"] if palette.n_channels == 3 else []
    keys += ["population"] if palette.counts is not None else []
    possible = [
        st.builds(Rename, entry, st.text(max_size=3)),
        st.builds(Classify, st.lists(entry, min_size=1), st.sampled_from(["", "x"])),
        st.builds(Lock, st.lists(entry, max_size=4), st.booleans()),
        st.builds(Sort, st.sampled_from(keys)),
    ]
    if free:
        color = [st.integers(0, 20).map(float)] * palette.n_channels
        possible.append(st.builds(Recolor, st.sampled_from(free), st.tuples(*color)))
        some = draw(st.permutations(free))[: draw(st.integers(1, len(free)))]
        if len(some) < len(palette):
            possible.append(st.just(Remove(some)))
        if len(some) > 1:
            possible.append(st.just(Merge(some, draw(st.booleans()))))
        if palette.locked:
            into_locked = [palette.locked[0], *some]
            possible.append(st.just(Merge(into_locked, into_first=True)))
    return draw(st.one_of(possible))
