"""What a run gives: palette, labels, picture and report; of a stack, one a slice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_colorquant.core.image.image import mapped
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.html import paragraph
from napari_colorquant.core.palette.palette import (
    Palette,
    first_of_class,
)
from napari_colorquant.core.quantization.report import Report


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Quantization:
    """A quantized image.

    Of a lazy image, `labels`, `image` and `indices` are dask arrays, in its blocks.

    Parameters
    ----------
    palette : Palette
        The colours, with their pixel counts; of a lazy image that was not read whole
        these are estimates, as the report says.
    labels : ndarray of uint8 or uint16
        Shape of the image without its channel axis. Palette index + 1; 0 where
        not quantized: outside the mask, transparent, NaN or infinite, or farther than
        `max_distance` from every entry.
    image : ndarray
        The redrawn picture, shape and dtype of the input. Alpha is kept, and
        pixels that were not quantized are as they were.
    report : Report
        What the run did.
    """

    palette: Palette
    labels: NDArray[Any]
    image: NDArray[Any]
    report: Report

    @property
    def indices(self) -> NDArray[Any]:
        """Palette indices, uint8 up to 256 colours and uint16 above.

        Pixels that were not quantized have the index 0; only `labels` tells
        them from those of entry 0.
        """
        dtype = np.uint8 if len(self.palette) <= 256 else np.uint16
        of_block = partial(indices_of, dtype=dtype)
        indices: NDArray[Any] = mapped(of_block, self.labels, dtype=dtype)
        return indices

    @property
    def class_labels(self) -> NDArray[Any]:
        """Labels in which all entries of a class have that of its first entry.

        Entries without a class keep their own; so do labels beyond the palette.
        """
        from napari_colorquant.core.assign.labels import relabel

        places = first_of_class(self.palette)
        labels: NDArray[Any] = relabel(self.labels, places, len(self.palette))
        return labels

    def __repr__(self) -> str:
        return f"Quantization({self.report.summary()}; {_arrays_in_words(self)})"

    def __str__(self) -> str:
        return f"{self.report}\n{_arrays_in_words(self)}\n{self.palette}"

    def _repr_html_(self) -> str:
        arrays = paragraph(_arrays_in_words(self))
        return f"{self.report._repr_html_()}{arrays}{self.palette._repr_html_()}"


def check_quantization(quantization: object) -> None:
    """Raise TypeError if a value is no quantization."""
    if not isinstance(quantization, Quantization):
        raise TypeError(
            f"quantization is a {type(quantization).__name__}: pass what `quantize` or "
            "`apply_palette` returned, or the `whole` of what `quantize_slices` did."
        )


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SliceQuantization:
    """A stack that was quantized with one palette a slice.

    Of a lazy stack, `labels`, `image` and `indices` are dask arrays, of a block a slice
    or more.

    Parameters
    ----------
    palettes : tuple of Palette
        One a slice, all of one length, with the slice's counts. An entry that a slice
        has no use for has the colour of a slice nearby, and the count 0. A slice
        without a pixel to learn from has the colours of the nearest one that has any.
    labels : ndarray of uint8 or uint16
        Shape of the image without its channel axis; see :class:`Quantization`.
    image : ndarray
        The redrawn stack, each slice in its own palette.
    reports : tuple of Report
        One a slice.
    report : Report
        Of the stack: numbers and times are added up, blocks too, although one that
        several slices share is counted for each; errors are averaged over pixels, ΔE
        over those of the slices that learned a palette;
        ``n_colors_before`` is that of the slice that has most.
    slice_axis : int
        Axis of the image whose entries are the slices, from 0.
    """

    palettes: tuple[Palette, ...]
    labels: NDArray[Any]
    image: NDArray[Any]
    reports: tuple[Report, ...]
    report: Report
    slice_axis: int

    @property
    def palette(self) -> Palette:
        """The means of the palettes over the pixels of all slices, with all counts."""
        colors = np.stack([palette.colors for palette in self.palettes])
        counts = np.array([palette.counts for palette in self.palettes], np.int64)
        total = counts.sum(axis=0)
        # Entries without a pixel have one color in the slices that know it.
        weights = np.where(total > 0, counts, 1)
        weights = weights / weights.sum(axis=0)
        # Shares first: sums of large colors times counts could overflow.
        means = (colors * weights[..., np.newaxis]).sum(axis=0)
        means = np.clip(means, colors.min(axis=0), colors.max(axis=0))
        # What a slice knows of learning does not hold for means over slices.
        return replace(self.palettes[0].unlearned(), colors=means, counts=total)

    @property
    def whole(self) -> Quantization:
        """The stack as if it had one palette; its image has those of the slices."""
        return Quantization(self.palette, self.labels, self.image, self.report)

    @property
    def indices(self) -> NDArray[Any]:
        """Palette indices, see :attr:`Quantization.indices`."""
        return self.whole.indices

    @property
    def class_labels(self) -> NDArray[Any]:
        """Labels of classes, see :attr:`Quantization.class_labels`."""
        return self.whole.class_labels

    def __repr__(self) -> str:
        slices = f"{len(self.palettes):,} slices on axis {self.slice_axis}"
        arrays = _arrays_in_words(self)
        return f"SliceQuantization({slices}; {self.report.summary()}; {arrays})"

    def __str__(self) -> str:
        return f"{self._palettes_in_words()}\n{self.whole}"

    def _repr_html_(self) -> str:
        return paragraph(self._palettes_in_words()) + self.whole._repr_html_()

    def _palettes_in_words(self) -> str:
        return (
            f"{len(self.palettes):,} slices on axis {self.slice_axis}, each with its "
            "palette: below is their mean"
        )


def _arrays_in_words(quantization: Quantization | SliceQuantization) -> str:
    labels, image = quantization.labels, quantization.image
    return (
        f"labels {labels.dtype} {labels.shape}, image {image.dtype} {image.shape}"
        f"{', lazy' if is_lazy(labels) else ''}"
    )


def indices_of(labels: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return palette indices of a dtype for labels; 0 where the label is 0."""
    indices = np.empty(labels.shape, dtype)
    np.subtract(labels, 1, out=indices, casting="unsafe")
    indices[labels == 0] = 0
    return indices


def channel_axis_of(
    quantization: Quantization | SliceQuantization, slice_axis: int | None = None
) -> int | None:
    """Return a picture's channel axis: -1 for RGB and RGBA, None if it has none.

    slice_axis: an axis that does not hold them where another one may.
    """
    n_channels = quantization.palette.n_channels
    labels, picture = quantization.labels.shape, quantization.image.shape
    return channel_axis_between(labels, picture, n_channels, slice_axis)


def channel_axis_between(
    labels: tuple[int, ...],
    picture: tuple[int, ...],
    n_channels: int,
    slice_axis: int | None = None,
) -> int | None:
    """Return the channel axis of a picture by its shape and that of its labels.

    n_channels: of the palette. slice_axis: as for channel_axis_of. Raise ValueError if
    the shapes do not belong together.
    """
    last = len(labels)
    if picture == labels:
        return None
    if picture[:-1] == labels and n_channels == 3 and picture[-1] in (3, 4):
        return -1
    fits = [i for i in range(last + 1) if (*picture[:i], *picture[i + 1 :]) == labels]
    if len(picture) != last + 1 or not fits:
        raise ValueError(
            f"the picture has the shape {picture} and the labels {labels}: pass those "
            "of one image."
        )
    fits = [axis for axis in fits if axis != slice_axis] or fits
    return last if last in fits else fits[0]
