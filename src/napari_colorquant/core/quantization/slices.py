"""A palette for each slice of a stack, matched so that labels mean the same in all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import replace
from math import fsum, hypot, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.assign.labels import relabel
from napari_colorquant.core.color.background import OTSU
from napari_colorquant.core.color.spaces import space_of
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.image import (
    Image,
    axis_of_labels,
    see_image,
    see_slices_of_levels,
)
from napari_colorquant.core.image.sampling import NothingValidError, read_subset
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.learn.fit import fitted, full_stains, what_to_learn
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.align import (
    matched_places,
    palettes_of_one_length,
)
from napari_colorquant.core.palette.palette import Palette, as_palette
from napari_colorquant.core.palette.white import (
    in_units_of,
    look_for_white,
    with_white,
)
from napari_colorquant.core.quality.quality import psnr
from napari_colorquant.core.quantization.levels import (
    NOTES,
    in_palette_of,
    quantize_levels,
)
from napari_colorquant.core.quantization.report import Report, warn_of
from napari_colorquant.core.quantization.result import Quantization, SliceQuantization

MOST_MATCHED = 4096
"""Largest palettes that are matched: the distances of all pairs are in memory."""


def quantize_slices(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    slice_axis: int = 0,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    weights: Sequence[float] | None = DEFAULTS.weights,
    stains: ArrayLike | None = DEFAULTS.stains,
    stain_scale: Sequence[float] | None = DEFAULTS.stain_scale,
    background: str | float | Sequence[float] | None = DEFAULTS.background,
    balance: float = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    max_distance: float | None = DEFAULTS.max_distance,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    data_range: float | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> SliceQuantization:
    """Quantize a stack with a palette of its own for each slice, z or t.

    Labels mean the same in all slices: the palette of each one is matched with that of
    the slice before it, entry by entry, so that the sum of the squared differences is
    the least (the assignment problem, solved by ``scipy.optimize``). The first slice's
    entries are sorted dark to light. For one palette for all slices, see
    :func:`quantize`; one slice alone is ``quantize(image[i])``.

    A slice without a valid pixel has the label 0, keeps its values, and has the colours
    of the nearest slice that has a valid one, at a tie of the earlier one. In them are
    assigned the pixels of a slice that has none inside the `learn_mask`. The report's
    notes tell of such slices.

    The stack may be larger than memory: of each slice of an array of dask or zarr, as
    much is read as :func:`quantize` reads of an image, which is all of it up to
    16,777,216 pixels and 128 MiB. Blocks of several slices are read for each of them.

    Parameters
    ----------
    image : array_like
        Integers or floats of up to 64 bits, of three or more axes, the channel axis
        left out; or an array of dask or zarr of such.
    n_colors : int or "auto"
        Of each slice; up to 4,096. See :func:`quantize`, as for the others.
    slice_axis : int
        The axis whose entries are the slices.
    method : {"kmeans", "wu", "random"}
        See :func:`quantize`.
    refine : bool
        See :func:`quantize`.
    n_samples : int or None
        Of each slice.
    color_space : {"rgb", "lab", "ab", "oklab", "hed", "stains"}
        See :func:`quantize`; the slices' entries are compared there too.
    weights : sequence of float, optional
        See :func:`quantize`, likewise.
    stains : array_like, shape (2, 3) or (3, 3), optional
        See :func:`quantize`.
    stain_scale : sequence of float, optional
        See :func:`quantize`.
    background : "otsu", float or sequence of float, optional
        See :func:`quantize`, except for a region.
    balance : float
        See :func:`quantize`.
    fixed : Palette or array_like, shape (F, C), optional
        See :func:`quantize`; they have the same labels in all slices.
    target_psnr : float, optional
        See :func:`quantize`.
    target_delta_e : float, optional
        See :func:`quantize`.
    max_distance : float, optional
        See :func:`quantize`.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        Shape of the image without its channel axis. With a lazy stack it may be lazy,
        too.
    learn_mask : array_like of bool, optional
        Likewise.
    data_range : float, optional
        See :func:`quantize`; one white holds for all slices. Of a lazy stack in uint16
        where it is not passed, blocks of all of it are read to find white.
    random_state : int
        See :func:`quantize`; each slice has the same.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    SliceQuantization
        Palettes, labels, redrawn image and reports.

    Raises
    ------
    TypeError
        As :func:`quantize`.
    ValueError
        As :func:`quantize`, if there is no such axis, or no slice has a valid pixel,
        or one to learn from.

    Warns
    -----
    UserWarning
        As :func:`quantize`.

    Examples
    --------
    >>> import numpy as np
    >>> movie = np.array([[[0, 9]], [[8, 1]]], dtype=np.uint8)
    >>> q = quantize_slices(movie, 2, channel_axis=None)
    >>> q.labels.tolist()
    [[[1, 2]], [[2, 1]]]
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        stains=stains,
        stain_scale=stain_scale,
        background=background,
        balance=balance,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        max_distance=max_distance,
        random_state=random_state,
    )
    stack = with_white(see_image(image, channel_axis, mask, learn_mask), data_range)
    with Monitor(progress) as monitor:
        (result,) = quantize_stack([stack], parameters, slice_axis, monitor)
    warn_of(result.report.notes)
    return result


def quantize_stack(
    levels: Sequence[Image],
    parameters: Parameters,
    slice_axis: int,
    monitor: Monitor,
) -> tuple[SliceQuantization, ...]:
    """Quantize each slice of a stack, and return one result per level.

    The first, largest level is learned from: all have its palettes and reports. Raises
    ValueError if axis, levels or a slice do not fit, or nothing can be learned from.
    """
    what_to_learn(levels[0].outline, parameters)
    looking = monitor.part(0.0, 0.0, "survey")
    given = (levels[0], parameters.fixed, parameters.random_state)
    stack, white_notes = look_for_white(*given, looking)
    outline = stack.outline
    if parameters.fixed is not None:
        own = in_units_of(parameters.fixed, outline, "fixed palette")
        parameters = replace(parameters, fixed=own)
    if parameters.color_space == "stains" or parameters.background == OTSU:
        # Those of the stack, for all slices.
        subset = read_subset(stack, parameters.random_state, looking)
        _, parameters, more = fitted(subset.pixels, parameters)
        white_notes += more
    levels = [with_white(level, outline.white) for level in levels]
    slices = see_slices_of_levels(levels, slice_axis)
    given_space = (parameters.color_space, outline, parameters.weights)
    space = space_of(*given_space, full_stains(parameters))
    found: dict[int, tuple[Quantization, ...]] = {}
    places: dict[int, NDArray[np.int64]] = {}
    without_pixels: dict[int, NothingValidError] = {}
    known = np.empty((0, outline.n_channels))
    fixed = np.empty((0, outline.n_channels))
    if parameters.fixed is not None:
        fixed = parameters.fixed.colors
    for number, one in enumerate(slices):
        try:
            of_levels = quantize_levels(one, parameters, _next(monitor, found, slices))
        except NothingValidError as error:
            without_pixels[number] = error
            continue
        except ValueError as error:
            raise _error_of(number, error) from error
        palette = of_levels[0].palette
        if len(palette) > MOST_MATCHED:
            raise ValueError(
                f"the palette of slice {number} has {len(palette):,} colors, and at "
                f"most {MOST_MATCHED:,} are matched with those of other slices: ask "
                "for fewer, or for one palette for all slices."
            )
        place = matched_places(known, palette.colors, fixed, space)
        known = np.concatenate([known, palette.colors[place >= len(known)]])
        known[place] = palette.colors
        found[number] = of_levels
        places[number] = place
    if not found:
        number, least = next(iter(without_pixels.items()))
        raise _error_of(number, least) from least
    learned = tuple(found)
    for number, why in without_pixels.items():
        near, part = _nearest(number, learned), _next(monitor, found, slices)
        try:
            found[number] = in_palette_of(found[near][0], slices[number], why, part)
        except ValueError as error:
            raise _error_of(number, error) from error
        places[number] = places[near]
        part("assign", 1.0)
    in_order = [found[number] for number in range(len(slices))]
    of_slices = [places[number] for number in range(len(slices))]
    firsts = [of_levels[0] for of_levels in in_order]
    palettes = palettes_of_one_length(
        [q.palette for q in firsts], of_slices, len(known)
    )
    axis = int(slice_axis) % stack.image.ndim
    reports = tuple(q.report for q in firsts)
    report = _summed(reports, palettes, parameters)
    report = replace(report, notes=(*white_notes, *report.notes))
    results = []
    for level in zip(*in_order, strict=True):
        labels = [
            relabel(q.labels, place, len(known))
            for q, place in zip(level, of_slices, strict=True)
        ]
        results.append(
            SliceQuantization(
                palettes,
                _stacked(labels, axis_of_labels(outline, axis)),
                _stacked([q.image for q in level], axis),
                reports,
                report,
                axis,
            )
        )
    return tuple(results)


def _nearest(number: int, numbers: Iterable[int]) -> int:
    """Return the nearest of one or more numbers, at a tie the smaller one."""
    return min(numbers, key=lambda other: (abs(other - number), other))


def _next(monitor: Monitor, done: Sized, of: Sized) -> Monitor:
    """Return the part of the next one, where some of several are done."""
    return monitor.part(len(done) / len(of), (len(done) + 1) / len(of))


def _error_of(number: int, error: ValueError) -> ValueError:
    return ValueError(f"slice {number} of the stack: {error}")


def _stacked(slices: Sequence[Any], axis: int) -> Any:
    if is_lazy(slices[0]):
        import dask.array as da

        return da.stack(slices, axis=axis)
    return np.stack(slices, axis=axis)


def _summed(
    reports: Sequence[Report], palettes: Sequence[Palette], parameters: Parameters
) -> Report:
    n_pixels = sum(one.n_pixels for one in reports)
    shares = [one.n_pixels / max(1, n_pixels) for one in reports]
    mse = fsum(s * one.mse for s, one in zip(shares, reports, strict=True))
    data_range = max(one.data_range for one in reports)
    return replace(
        reports[0],
        parameters=parameters,
        n_pixels=n_pixels,
        n_unassigned=sum(one.n_unassigned for one in reports),
        n_unassigned_is_estimate=any(one.n_unassigned_is_estimate for one in reports),
        n_sampled=sum(one.n_sampled for one in reports),
        n_colors_before=max(one.n_colors_before for one in reports),
        n_colors_before_is_exact=len(reports) == 1
        and reports[0].n_colors_before_is_exact,
        n_colors_after=int(
            np.any([np.asarray(one.counts) > 0 for one in palettes], axis=0).sum()
        ),
        mse=mse,
        psnr=psnr(mse / palettes[0].n_channels, data_range),
        data_range=data_range,
        distance=_mean_distance(reports),
        delta_e=_mean_delta_e(reports),
        seconds={
            step: fsum(one.seconds[step] for one in reports)
            for step in reports[0].seconds
        },
        tried=(),
        notes=_summed_notes(reports),
        n_blocks_read=sum(one.n_blocks_read for one in reports),
        n_blocks=sum(one.n_blocks for one in reports),
        counts_are_estimates=any(one.counts_are_estimates for one in reports),
    )


def _mean_distance(reports: Sequence[Report]) -> float | None:
    """Return the root of the mean over pixels of squared distances, where all know."""
    known = [(r.n_pixels, r.distance) for r in reports if r.n_pixels]
    n_pixels = sum(n for n, _ in known)
    if not known or any(distance is None for _, distance in known):
        return None
    return hypot(*(sqrt(n / n_pixels) * (far or 0.0) for n, far in known))


def _mean_delta_e(reports: Sequence[Report]) -> float | None:
    """Return the mean over pixels of slices with a ΔE; others have none."""
    known = [
        (r.n_pixels, r.delta_e) for r in reports if r.n_pixels and r.delta_e is not None
    ]
    n_pixels = sum(n for n, _ in known)
    return fsum(n / n_pixels * error for n, error in known) if known else None


def _summed_notes(reports: Sequence[Report]) -> tuple[str, ...]:
    """Return each kind of note once, with the number of slices that have it."""
    kinds: dict[str, list[str]] = {}
    for i, one in enumerate(reports):
        for note in one.notes:
            kind = note if note in NOTES else ""
            kinds.setdefault(kind, []).append(f"Slice {i}: {note}")
    return tuple(
        notes[0]
        if len(notes) == 1
        else f"{notes[0]} So it is in {len(notes)} of {len(reports)} slices."
        for notes in kinds.values()
    )
