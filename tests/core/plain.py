"""What the engine promises, written plainly: slow, and easy to see through."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = (
    *("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"),
    *("float16", "float32", "float64", ">u2", ">i4", ">f4", ">f8"),
)


def nearest_by_search(colors: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Return the index of the nearest entry: every colour against every entry."""
    squared = np.zeros((len(colors), len(palette)))
    for c in range(palette.shape[1]):
        squared += (colors[:, c, None].astype(np.float64) - palette[None, :, c]) ** 2
    return squared.argmin(axis=1)  # the first of equals


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
