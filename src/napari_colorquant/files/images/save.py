"""The picture and the labels of a quantization as PNG or TIFF, from a script."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.measure.units import check_size_of_units
from napari_colorquant.core.palette.appearance import appearance
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
    channel_axis_of,
)
from napari_colorquant.files.images.calibration import (
    AXES,
    check_axes,
    read_scale,
    read_units,
)
from napari_colorquant.files.images.dither import check_dither, dithered
from napari_colorquant.files.images.info import PictureInfo
from napari_colorquant.files.images.write import write_indices, write_picture

MOST_BYTES = 2**31
"""A larger lazy array is not loaded."""


def save_labels(
    path: str | PathLike[str],
    quantization: Quantization | SliceQuantization,
    *,
    scale: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    axes: str | None = None,
) -> None:
    """Save the palette index of every pixel as a PNG or TIFF that shows the colours.

    The values are palette indices, from 0; what was not quantized has the number of
    colours as its value. In napari, **File > Save Selected Layers** writes the same.

    Parameters
    ----------
    path : str or path-like
        Ending in ``.png``, for up to 256 colours in two axes, or ``.tif`` or ``.tiff``,
        for any. A file of that name is replaced.
    quantization : Quantization or SliceQuantization
        What :func:`~napari_colorquant.quantize` or
        :func:`~napari_colorquant.quantize_slices` returned. A lazy one is computed.
    scale : float or sequence of float, optional
        Size of a pixel: one number for all axes of space, or one for each of the
        labels' axes. A PNG has it where `units` is a length.
    units : str or sequence of str or None, optional
        Units, likewise, such as ``"um"`` or ``"micrometer"``: what pint reads.
    axes : str, optional
        Names of the labels' axes, by default the last of ``"tzyx"``.

    Raises
    ------
    TypeError
        If it is no quantization.
    ValueError
        If the arguments do not fit it, the suffix is another one, the format cannot
        hold the labels, or they are lazy and too large.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> q = quantize(image, 8)
    >>> save_labels("section-labels.tif", q, scale=0.5, units="um")
    """
    info = _info_of(quantization, scale, units, axes)
    palette, labels = quantization.palette, quantization.labels
    shown = appearance(palette, rgb=None if info.channel_axis == -1 else False)
    write_indices(path, _in_memory(path, labels, "labels"), palette, shown, info)


def save_picture(
    path: str | PathLike[str],
    quantization: Quantization | SliceQuantization,
    *,
    image: ArrayLike | None = None,
    dither: str | None = None,
    scale: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    axes: str | None = None,
) -> None:
    """Save the redrawn picture as PNG or TIFF, without loss.

    In napari, **File > Save Selected Layers** writes the same, and **More > Save a
    dithered picture** in the Palette tab with `dither`.

    Parameters
    ----------
    path : str or path-like
        Ending in ``.png``, for grey of 8 or 16 bits and RGB of 8 bits, or ``.tif`` or
        ``.tiff``, for any picture. A file of that name is replaced.
    quantization : Quantization or SliceQuantization
        See :func:`~napari_colorquant.save_labels`.
    image : array_like of uint8, optional
        The image that was quantized, grey or with red, green and blue: only to dither.
    dither : {"floyd-steinberg"}, optional
        How the error of a pixel is handed on to its neighbours, so that from afar the
        palette's colours mix to others: for the web, with up to 256 colours. The
        pixels are then no longer those of the labels, and MSE is larger.
    scale : float or sequence of float, optional
        See :func:`~napari_colorquant.save_labels`.
    units : str or sequence of str or None, optional
        See :func:`~napari_colorquant.save_labels`.
    axes : str, optional
        See :func:`~napari_colorquant.save_labels`.

    Raises
    ------
    TypeError
        As :func:`~napari_colorquant.save_labels`.
    ValueError
        As :func:`~napari_colorquant.save_labels`, of the picture; or if it cannot be
        dithered: slices with palettes of their own, for example.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> q = quantize(image, 8)
    >>> save_picture("section.tif", q, scale=0.5, units="um")
    >>> save_picture("section.png", q, image=image, dither="floyd-steinberg")
    """
    check_dither(dither)
    info = _info_of(quantization, scale, units, axes)
    picture = _in_memory(path, quantization.image, "picture")
    if dither is not None:
        if image is None:
            raise ValueError("dithering needs the image: pass image= as well.")
        picture = dithered(_in_memory(path, image, "image"), quantization)
    elif image is not None:
        raise ValueError("image is only to dither: pass dither= too, or leave it out.")
    write_picture(path, picture, info)


def _info_of(
    quantization: object, scale: Any, units: Any, axes: str | None
) -> PictureInfo:
    """Return what is written beside the pixels; raise if the arguments do not fit."""
    quantization = check_saved(quantization)
    n_axes = quantization.labels.ndim
    if axes is not None:
        check_axes(axes, n_axes)
    elif n_axes <= len(AXES):
        axes = AXES[-n_axes:]
    sizes, names = read_scale(scale, n_axes, axes), read_units(units, n_axes, axes)
    check_size_of_units(sizes, names)
    return PictureInfo(channel_axis_of(quantization), axes, sizes, names)


def check_saved(quantization: object) -> Quantization | SliceQuantization:
    """Return what is saved; raise TypeError if it is no quantization."""
    if not isinstance(quantization, Quantization | SliceQuantization):
        raise TypeError(
            f"quantization is a {type(quantization).__name__}: pass what `quantize` or "
            "`quantize_slices` returned."
        )
    return quantization


def _in_memory(path: Any, array: Any, what: str) -> NDArray[Any]:
    if is_lazy(array) and array.nbytes > MOST_BYTES:
        raise ValueError(
            f"{Path(path)}: the {what} would take {array.nbytes / 2**30:,.0f} GB of "
            "memory: save both with `save_ome_zarr`, block by block."
        )
    return np.asarray(array)
