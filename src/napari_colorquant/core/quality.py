"""How close a redrawn picture is to the original."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.scale import power_of_two_scale
from napari_colorquant.core.steps import run
from napari_colorquant.core.survey import color_counter, survey_steps

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.histogram import DistinctColors


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How close a redrawn picture is to the original.

    Parameters
    ----------
    n_colors_before, n_colors_after : int
        Distinct colours of either picture.
    mse : float
        Mean over pixels of the squared difference, summed over channels.
    psnr : float
        Peak signal-to-noise ratio in dB, of the mean over pixels and channels.
    data_range : float
        The peak of `psnr` and the range of `ssim`: 255 for uint8, else the range
        of the original's values.
    ssim : float or None
        Mean structural similarity over channels and planes, -1 to 1; None if
        not asked for.
    delta_e : float or None
        Mean colour difference ΔE2000; None if not asked for.
    """

    n_colors_before: int
    n_colors_after: int
    mse: float
    psnr: float
    data_range: float
    ssim: float | None
    delta_e: float | None


def psnr(mean_squared_error: float, data_range: float) -> float:
    """Return the peak signal-to-noise ratio.

    Parameters
    ----------
    mean_squared_error : float
        Mean over pixels and channels.
    data_range : float
        The peak.

    Returns
    -------
    float
        In dB; infinite where the error is 0, minus infinite where only the range is.
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
    ssim: bool = False,
    delta_e: bool = False,
) -> Quality:
    """Compare a redrawn picture with the original.

    Parameters
    ----------
    original, redrawn : array_like
        Two images of one shape and dtype.
    channel_axis : int or None
        As for :func:`~napari_colorquant.quantize`.
    mask : array_like of bool, optional
        Pixels to compare, shape of the image without its channel axis.
    ssim : bool
        Measure the structural similarity (Wang et al., 2004,
        doi:10.1109/TIP.2003.819861) plane by plane, by scikit-image. Pixels
        that are not compared count as equal.
    delta_e : bool
        Measure the mean ΔE2000 (Sharma, Wu and Dalal, 2005,
        doi:10.1002/col.20070) of sRGB colours under D65, by scikit-image.
        Integers span their dtype's range, floats 0 to 1.

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
        three channels, or SSIM with planes smaller than its 7 x 7 window.
    """
    before = see_pixels(original, channel_axis, mask)
    after = see_pixels(redrawn, channel_axis, mask)
    if before.image.shape != after.image.shape or before.dtype != after.dtype:
        raise ValueError(
            f"the original has the shape {before.image.shape} and dtype "
            f"{before.dtype}, the redrawn image {after.image.shape} and {after.dtype}: "
            "pass two images of one shape and dtype."
        )
    if delta_e:
        check_delta_e(before)
    if ssim and (len(before.shape) < 2 or min(before.shape[-2:]) < 7):
        raise ValueError(
            f"SSIM needs planes of at least 7 x 7 pixels, and the image has the shape "
            f"{before.shape}: leave ssim out."
        )

    survey = run(survey_steps(before))
    scale = power_of_two_scale(survey.magnitude)
    after_colors = color_counter(after)
    squared_error = difference = 0.0
    for tile in before.tiles():
        valid = before.valid(tile)
        chosen = slice(None) if valid is None else valid
        a, b = before.values(tile)[chosen], after.values(tile)[chosen]
        after_colors.add(np.ascontiguousarray(b))
        squared_error += float(
            ((a.astype(np.float64) * scale - b.astype(np.float64) * scale) ** 2).sum()
        )
        if delta_e:
            difference += float(_delta_e(a, b, before.dtype).sum())
    scaled_mse = squared_error / survey.n_pixels
    data_range = survey.scaled_range(1.0)
    return Quality(
        n_colors_before=survey.n_colors,
        n_colors_after=after_colors.count,
        mse=scaled_mse / scale / scale,
        psnr=psnr(scaled_mse / before.n_channels, survey.scaled_range(scale)),
        data_range=data_range,
        ssim=_mean_ssim(before, after, survey.scaled_range(scale), scale)
        if ssim
        else None,
        delta_e=difference / survey.n_pixels if delta_e else None,
    )


def check_delta_e(pixels: Pixels) -> None:
    """Refuse an image whose colours have no ΔE2000.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Raises
    ------
    ValueError
        If it has not three channels.
    """
    if pixels.n_channels != 3:
        noun = "channel" if pixels.n_channels == 1 else "channels"
        raise ValueError(
            f"ΔE2000 needs RGB, and the image has {pixels.n_channels} {noun}: ask for "
            "PSNR in its place."
        )


def mean_delta_e(
    pixels: Pixels,
    redrawn: NDArray[Any],
    distinct: DistinctColors | None = None,
    drawn: NDArray[Any] | None = None,
) -> float:
    """Return the mean colour difference of a redrawn picture.

    Parameters
    ----------
    pixels : Pixels
        The image, of three channels.
    redrawn : ndarray
        A picture of its shape and dtype.
    distinct : DistinctColors, optional
        All colours of the valid pixels: each is then compared once, however many
        pixels it has.
    drawn : ndarray, shape (n, 3), optional
        What each of those is redrawn as.

    Returns
    -------
    float
        Mean ΔE2000 over the valid pixels.

    Raises
    ------
    ValueError
        As :func:`check_delta_e`.
    """
    check_delta_e(pixels)
    if distinct is not None and drawn is not None:
        difference = _delta_e(distinct.colors(), drawn, pixels.dtype)
        return float(difference @ distinct.counts) / int(distinct.counts.sum())
    after = see_pixels(
        redrawn, -1 if pixels.alpha is not None else pixels.channel_axis, pixels.mask
    )
    total, n_pixels = 0.0, 0
    for tile in pixels.tiles():
        valid = pixels.valid(tile)
        chosen = slice(None) if valid is None else valid
        a, b = pixels.values(tile)[chosen], after.values(tile)[chosen]
        total += float(_delta_e(a, b, pixels.dtype).sum())
        n_pixels += len(a)
    return total / n_pixels


def _delta_e(
    a: NDArray[Any], b: NDArray[Any], dtype: np.dtype[Any]
) -> NDArray[np.float64]:
    from skimage.color import deltaE_ciede2000, rgb2lab

    white = np.iinfo(dtype).max if dtype.kind in "iu" else 1.0
    lab_a, lab_b = (rgb2lab(values / white) for values in (a, b))
    difference: NDArray[np.float64] = deltaE_ciede2000(lab_a, lab_b)
    return difference


def _mean_ssim(before: Pixels, after: Pixels, data_range: float, scale: float) -> float:
    from skimage.metrics import structural_similarity

    if data_range == 0:
        return 1.0  # one colour, and no structure to differ in
    similarities = []
    for plane in np.ndindex(before.shape[:-2]):
        tile = tuple(slice(i, i + 1) for i in plane)
        valid = before.valid(tile)
        height, width = before.shape[-2:]
        a, b = (
            pixels.values(tile).astype(np.float64) * scale for pixels in (before, after)
        )
        if valid is not None:
            a[~valid] = b[~valid] = 0
        shape = (height, width, before.n_channels)
        similarities.append(
            structural_similarity(
                a.reshape(shape),
                b.reshape(shape),
                data_range=data_range,
                channel_axis=-1,
            )
        )
    return float(np.mean(similarities))
