"""Measure how close a redrawn picture is to the original."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from math import inf, log10
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.color.distinct import MAX_COUNTED
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.statistics import color_counter, statistics_of
from napari_colorquant.core.compute.arguments import flag
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks, see_blocks
from napari_colorquant.core.image.image import Image, as_blocks, mapped
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.image.sampling import (
    MEASURED_PIXELS,
    most_pixels,
    read_first,
)
from napari_colorquant.core.palette.html import facts
from napari_colorquant.core.palette.white import find_white
from napari_colorquant.core.quality.comparison import check_alike, compared, see_two
from napari_colorquant.core.quality.delta_e import (
    Difference,
    check_delta_e,
    check_light,
    difference_of,
    is_light,
)
from napari_colorquant.core.quality.ssim import (
    bands,
    check_planes,
    has_planes,
    mean_ssim,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How close a redrawn picture is to the original.

    Parameters
    ----------
    n_colors_before, n_colors_after : int
        Distinct colours of either picture; for other than 8-bit images of up to three
        channels and 16-bit ones of one, counting stops at 1,048,576.
    mse : float
        Mean over pixels of the squared difference, summed over channels.
    psnr : float
        Peak signal-to-noise ratio in dB, of the mean over pixels and channels.
    data_range : float
        The peak of `psnr` and the range of `ssim`: white where it is known, as of RGB
        in uint16; 255 for uint8, else the range of the original's values.
    ssim : float or None
        Mean structural similarity over channels and planes, -1 to 1; None if
        not measured, or if no window is around a pixel that is compared.
    delta_e : float or None
        Mean colour difference ΔE2000; None if not measured.
    delta_e_95 : float or None
        95th percentile of ΔE2000 over pixels, to float32: one pixel in twenty is
        redrawn worse; None if not measured.
    n_blocks_read : int
        Blocks of a lazy image that were compared, in whole or in part; 0 for an image
        in memory.
    n_blocks : int
        Blocks that the image has. Where more than `n_blocks_read`, all measures are
        those of the pixels that were read.
    """

    n_colors_before: int
    n_colors_after: int
    mse: float
    psnr: float
    data_range: float
    ssim: float | None
    delta_e: float | None
    delta_e_95: float | None
    n_blocks_read: int = 0
    n_blocks: int = 0

    @property
    def is_estimated(self) -> bool:
        """True where the measures are those of some of the blocks."""
        return self.n_blocks_read < self.n_blocks

    def __str__(self) -> str:
        return "\n".join(f"{name:<14} {said}" for name, said in self._rows().items())

    def _repr_html_(self) -> str:
        return facts(self._rows())

    def _rows(self) -> dict[str, str]:
        """Return what was measured, each measure in words by its name."""
        about = "about " if self.is_estimated else ""
        is_lossless = self.psnr == inf
        measured = [
            ("MSE", f"{self.mse:.4g}"),
            ("PSNR", "infinite: lossless" if is_lossless else f"{self.psnr:.2f} dB"),
            ("SSIM", None if self.ssim is None else f"{self.ssim:.4f}"),
            ("ΔE2000", _two_digits(self.delta_e)),
            ("ΔE2000, 95 %", _two_digits(self.delta_e_95)),
        ]
        said = {name: f"{about}{one}" for name, one in measured if one is not None}
        rows = {"colors": f"{self.colors_before} → {self.colors_after}", **said}
        if self.n_blocks:
            rows["blocks"] = f"{self.n_blocks_read:,} of {self.n_blocks:,} read"
        return rows

    @property
    def colors_before(self) -> str:
        """The original's colours in words, such as ``"96,615"``."""
        return _in_words(self.n_colors_before, is_least=self.is_estimated)

    @property
    def colors_after(self) -> str:
        """The redrawn picture's colours in words."""
        return _in_words(self.n_colors_after)


def psnr(mean_squared_error: float, data_range: float) -> float:
    """Return the peak signal-to-noise ratio in dB, infinite where the error is 0.

    The error is the mean over pixels and channels. If only the range is 0, it is -inf.
    """
    if mean_squared_error == 0:
        return inf
    if data_range == 0:
        return -inf
    return 20 * log10(data_range) - 10 * log10(mean_squared_error)


def measure_quality(
    original: ArrayLike,
    redrawn: ArrayLike,
    *,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    ssim: bool | None = False,
    delta_e: bool | None = False,
    data_range: float | None = None,
) -> Quality:
    """Compare a redrawn picture with the original.

    Parameters
    ----------
    original, redrawn : array_like
        Two images of one shape and dtype. Lazy ones of up to 16,777,216 pixels are
        compared whole, or fewer where they take more than 64 MiB each; of larger ones,
        4,194,304 pixels at most, in blocks that are drawn at random.
    channel_axis : int or None
        As for :func:`~napari_colorquant.quantize`.
    mask : array_like of bool, optional
        Pixels to compare, shape of the image without its channel axis.
    ssim : bool or None
        Measure the structural similarity (Wang et al., 2004,
        doi:10.1109/TIP.2003.819861) plane by plane, by scikit-image, in windows
        of 7 x 7 pixels of which all are compared; where there is no such window, in
        those around the pixels that are. None: if the planes are large enough, and read
        whole.
    delta_e : bool or None
        Measure the mean and the 95th percentile of ΔE2000 (Sharma, Wu and Dalal, 2005,
        doi:10.1002/col.20070) of sRGB colours under D65, by scikit-image. None: of
        three channels of unsigned integers, or of floats from 0 to white.
    data_range : float, optional
        The value of white in the image, as for :func:`~napari_colorquant.quantize`: the
        peak of PSNR, the range of SSIM, and white to ΔE2000. Pass what was passed
        there. Of other channels than RGB it is the peak and the range alone.

    Returns
    -------
    Quality
        The measures.

    Raises
    ------
    TypeError
        As :func:`~napari_colorquant.quantize`.
    ValueError
        If the images differ in shape or dtype, ΔE2000 is asked for without
        three channels or of values that are no light, the original has values above
        white, or SSIM with planes smaller than its 7 x 7 window, or of an image that is
        not read whole.

    See Also
    --------
    error_map : The error of every pixel.
    """
    ssim = ssim if ssim is None else flag(ssim, "ssim", ", or None")
    delta_e = delta_e if delta_e is None else flag(delta_e, "delta_e", ", or None")
    with Monitor() as monitor:
        both = see_two(original, redrawn, channel_axis, mask, data_range)
        return measure(*both, monitor, ssim=ssim, delta_e=delta_e)


def measure(
    before: Image,
    after: Image,
    monitor: Monitor,
    *,
    ssim: bool | None = None,
    delta_e: bool | None = None,
) -> Quality:
    """Compare a redrawn picture with the original, of lazy ones a subset.

    What is valid in the original is compared; None measures what applies. Pictures that
    are read whole have the same measures as in memory. Raise as measure_quality.
    """
    check_alike(before.outline, after.outline)
    if isinstance(before, Pixels) and isinstance(after, Pixels):
        return _measure(before, after, monitor, ssim, delta_e)
    outline, pair = before.outline, _paired(as_blocks(before), as_blocks(after))
    if pair.n_pixels > most_pixels(pair):
        if ssim:
            raise ValueError(
                "SSIM compares windows of whole planes, and of an image larger than "
                "memory only some pixels are read: leave ssim out, or pass a part of "
                "the image."
            )
        ssim = False
    subset, monitor = read_first(pair, 0, monitor, MEASURED_PIXELS)
    quality = _measure(*_parted(subset.pixels, outline), monitor, ssim, delta_e)
    return replace(quality, n_blocks_read=subset.n_blocks_read, n_blocks=pair.n_blocks)


def _measure(
    before: Pixels,
    after: Pixels,
    monitor: Monitor,
    ssim: bool | None,
    delta_e: bool | None,
) -> Quality:
    """Compare pictures in memory tile by tile.

    ΔE2000 takes four bytes a pixel, for its percentile.
    """
    if delta_e:
        check_delta_e(before)
    before, _ = find_white(before)
    if ssim:
        check_planes(before)
    if ssim is None:
        ssim = has_planes(before)
    if delta_e is None and (before.n_channels != 3 or before.dtype.kind not in "uf"):
        delta_e = False
    tiles = before.tiles()
    n_tiles = len(tiles)
    n_bands = len(bands(before)) if ssim else 0
    n_passes = 2 if delta_e is False else 3
    share = n_tiles / (n_passes * n_tiles + n_bands)  # of one pass

    statistics = statistics_of(before, monitor.part(0.0, share, "judge"))
    if delta_e:
        check_light(before, statistics)
    difference: Difference | None = None
    if delta_e or (delta_e is None and is_light(before, statistics)):
        pairing = monitor.part(share, 2 * share)
        difference = difference_of(before, after, statistics, pairing)
    scale = power_of_two_scale(statistics.magnitude)
    differences = np.empty(statistics.n_pixels if difference else 0, np.float32)
    ends = np.cumsum(statistics.valid_counts)

    def compare(job: tuple[Tile, int]) -> tuple[NDArray[Any], float, float]:
        tile, end = job
        a, b, _ = compared(before, after, tile)
        squares = (a.astype(np.float64) * scale - b.astype(np.float64) * scale) ** 2
        if difference is None:
            return b, float(squares.sum()), 0.0
        found = difference(a, b)
        differences[end - len(found) : end] = found
        return b, float(squares.sum()), float(found.sum())

    after_colors = color_counter(after)
    squared_error = sum_of_differences = 0.0
    jobs = zip(tiles, ends.tolist(), strict=True)
    comparing = monitor.part((n_passes - 1) * share, n_passes * share)
    results = map_in_order(compare, jobs)
    for b, squares, found in comparing.over("judge", results, n_tiles):
        after_colors.add(np.ascontiguousarray(b))
        squared_error += squares
        sum_of_differences += found
    scaled_mse = squared_error / statistics.n_pixels
    scaled_range = statistics.scaled_range(scale)
    similarity = None
    if ssim:
        last = monitor.part(n_passes * share, 1.0)
        similarity = mean_ssim(before, after, scaled_range, scale, last)
    return Quality(
        n_colors_before=statistics.n_colors,
        n_colors_after=after_colors.count,
        mse=scaled_mse / scale / scale,
        psnr=psnr(scaled_mse / before.n_channels, scaled_range),
        data_range=statistics.scaled_range(1.0),
        ssim=similarity,
        delta_e=sum_of_differences / statistics.n_pixels if difference else None,
        delta_e_95=_percentile(differences, 95) if difference else None,
    )


def _in_words(n_colors: int, *, is_least: bool = False) -> str:
    prefix = "over " if is_least or n_colors == MAX_COUNTED else ""
    return f"{prefix}{n_colors:,}"


def _two_digits(value: float | None) -> str | None:
    return None if value is None else f"{value:.2f}"


def _percentile(values: NDArray[np.float32], percent: float) -> float:
    """Return a percentile, interpolated between values, and reorder the values."""
    return float(np.percentile(values, percent, overwrite_input=True))


def _paired(before: Blocks, after: Blocks) -> Blocks:
    """Return one image with the channels of both pictures, to read them together.

    Valid is what is valid in the original. All is done by blocks, because dask lists
    every task of a sliced or concatenated array each time it is read.
    """
    mask = before.mask
    if before.outline.alpha is not None:
        see = partial(_opaque_block, before.channel_axis)
        opaque = mapped(see, before, dtype=bool)
        mask = opaque if mask is None else mask & opaque
    axis, n_channels = len(before.shape), 2 * before.outline.n_channels
    join = partial(_pair_block, before.channel_axis)
    channels = (axis, n_channels)
    pair = mapped(join, before, after, dtype=before.dtype, channels=channels)
    return see_blocks(pair, axis, mask)


def _opaque_block(channel_axis: int | None, image: Any) -> NDArray[np.bool_]:
    alpha = see_pixels(image, channel_axis).alpha
    assert alpha is not None
    return alpha > 0


def _pair_block(channel_axis: int | None, before: Any, after: Any) -> NDArray[Any]:
    colors = [see_pixels(one, channel_axis).colors for one in (before, after)]
    return np.concatenate(colors, axis=-1)


def _parted(pair: Pixels, outline: Pixels) -> tuple[Pixels, Pixels]:
    def part(colors: NDArray[Any]) -> Pixels:
        pixels = see_pixels(colors, colors.ndim - 1, pair.mask)
        return replace(pixels, is_light=outline.is_light, white=outline.white)

    n = outline.n_channels
    return part(pair.colors[..., :n]), part(pair.colors[..., n:])
