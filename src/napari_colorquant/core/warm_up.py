"""Small runs that have the engine compiled, which is then kept on disk."""

from __future__ import annotations

from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.assign.redraw import redraw
from napari_colorquant.core.color.codes import has_codes
from napari_colorquant.core.color.marks import ColorMarks
from napari_colorquant.core.color.statistics import color_counter
from napari_colorquant.core.compute.compiled import before_each, kept_in
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quality.error_map import error_map
from napari_colorquant.core.quality.quality import measure_quality
from napari_colorquant.core.quantization.clean import clean_labels
from napari_colorquant.core.quantization.quantize import apply_palette, quantize

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DTYPES = ("uint8", "uint16", "float32", "float64")
_CHANNELS = (1, 2, 3, 4)
"""Numbers of channels that are told apart: those beyond are searched as four are."""


class WarmedUp(NamedTuple):
    """What was compiled: how many functions, in what time, and where they are kept.

    folder: None where nothing can be written.
    """

    n_compiled: int
    seconds: float
    folder: Path | None


def compile_for_pictures() -> None:
    """Have compiled what pictures of 8-bit RGB need."""
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    quantize(image, 2)
    apply_palette(image, _palette(3, 256))  # whose labels take two bytes
    apply_palette(image, _palette(3, 2), mask=image[..., 0] > 0)  # is drawn apart
    _count_in_threads(image)


def compile_all() -> WarmedUp:
    """Have compiled what usual runs need, of images in memory and lazy ones.

    It finds what was compiled before, and counts what was not. Runs of other dtypes
    still compile what they need.
    """
    compiled: list[object] = []
    start = perf_counter()
    with before_each(lambda: compiled.append(None)):
        compile_for_pictures()
        for dtype, n_channels in product(_DTYPES, _CHANNELS):
            _compile_for(_image(dtype, n_channels))
        for dtype in _DTYPES:  # labels of two bytes are summed, too
            many = _image_of_400_colors(dtype)
            quantize(many, 300)
            quantize(many, 300, mask=np.indices(many.shape[:2])[1] > 0)
        rgb = _image("uint8", 3)
        for space in ("lab", "ab", "oklab", "hed"):
            quantize(rgb, 2, color_space=space, max_distance=1e9)
        for method in ("wu", "random"):
            quantize(rgb, 2, method=method)
        quantized = quantize(rgb, 2, balance=0.5, fixed=[[0, 0, 0]])
        clean_labels(quantized, rgb, majority=1, min_region=2)
        measure_quality(rgb, quantized.image)
        error_map(rgb, quantized.image)
    return WarmedUp(len(compiled), perf_counter() - start, kept_in(redraw))


def _compile_for(image: NDArray[Any]) -> None:
    """Have compiled what images of a dtype and number of channels need."""
    import dask.array as da

    how: dict[str, Any] = {} if image.shape[2] == 3 else {"channel_axis": 2}
    quantize(image, 2, **how)
    mask = image[..., 0] > 0
    for n_colors in (2, 128, 256):  # compared, in cells, with labels of two bytes
        palette = _palette(image.shape[2], n_colors)
        apply_palette(image, palette, mask=mask, max_distance=1e9, **how)
        lazy: Any = apply_palette(da.from_array(image), palette, **how).image
        lazy.compute()
    _count_in_threads(image)


def _count_in_threads(image: NDArray[Any]) -> None:
    # Only an image of several tiles is counted by several threads, and only a large
    # one has its colours marked.
    pixels = see_pixels(image, 2)
    counters: list[Any] = [color_counter(pixels), color_counter(pixels)]
    counters[0].merge(counters[1])
    if has_codes(image.dtype, image.shape[2]) and image.shape[2] == 3:
        ColorMarks(image.dtype, 3).add(image.reshape(-1, 3))


def _image_of_400_colors(dtype: str) -> NDArray[Any]:
    rows, columns = np.indices((20, 20))
    return np.stack([rows, columns, rows], axis=2).astype(dtype)


def _image(dtype: str, n_channels: int) -> NDArray[Any]:
    values = np.arange(64 * n_channels).reshape(8, 8, n_channels)
    largest = 1 if np.dtype(dtype).kind == "u" else values.max()
    return (values / largest).astype(dtype)


def _palette(n_channels: int, n_colors: int) -> Palette:
    return Palette(np.arange(n_channels * n_colors).reshape(-1, n_channels) / 999)
