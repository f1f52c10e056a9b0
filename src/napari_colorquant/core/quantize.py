"""The public functions: learn a palette, assign every pixel, redraw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_colorquant.core.palette import Palette, as_palette
from napari_colorquant.core.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.pipeline import (
    Quantization,
    apply_steps,
    fit_steps,
    quantize_steps,
    seeded_steps,
)
from napari_colorquant.core.pixels import see_pixels
from napari_colorquant.core.report import warn_of
from napari_colorquant.core.steps import Progress, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike


def quantize(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    seeds: ArrayLike | None = None,
    per_class: int = 1,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Learn a palette from an image and redraw the image in it.

    Parameters
    ----------
    image : array_like
        Integers or floats of up to 64 bits, of any range and any number of axes.
    n_colors : int or "auto"
        Number K of palette entries, 2 to 65,535. An image that has no more
        colours than that keeps them all, without loss where the colour space tells
        them apart. "auto": the fewest, up to 1,024, that reach the target, found by
        a few trials.
    method : {"kmeans", "wu", "random"}
        k-means, the means of Wu's boxes, or a codebook of distinct colours picked at
        random.
    refine : bool
        Polish the palette by Lloyd's iterations over every pixel. False learns from
        the sample alone, as scikit-learn's example does. A random codebook stays as
        it was picked.
    n_samples : int or None
        Number of pixels to learn from; None learns from every pixel. With `refine`
        only the start is learned from them, and not even that for 8-bit images of up
        to three channels and 16-bit ones of one: there every colour is counted.
    color_space : {"rgb", "lab", "hed"}
        Space in which colours are compared and averaged: the channels as they are,
        CIELAB under D65 as scikit-image defines it, or scikit-image's stains
        haematoxylin, eosin and DAB (Ruifrok and Johnston, 2001), whose amounts may be
        below 0 here; what is darker than 1/512 of white is one black to them. The last
        two take RGB: integers that span their dtype's range, floats from 0 to 1.
    fixed : Palette or array_like, shape (F, C), optional
        Colours, in the image's own units, that must be in the palette unchanged; the
        other K - F are learned around them.
    target_psnr : float, optional
        For "auto": peak signal-to-noise ratio to reach, in dB, as the report has it.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach, of three channels.
    channel_axis : int or None
        -1: the last axis holds RGB or RGBA, as pictures do. Any other axis
        (also the last one, by its number from 0): its entries are channels of
        data. None: a single-channel image.
    mask : array_like of bool, optional
        Pixels to quantize, shape of the image without its channel axis.
    learn_mask : array_like of bool, optional
        Pixels to learn from, likewise: of those inside `mask` only. By default all.
    seeds : array_like of int, optional
        Classes that were painted: each pixel's, 0 for none. The mean colour of each
        class's pixels becomes an entry of its own, named "class 1" and so on, that is
        `fixed` while the others are learned around them. All are sorted as always.
    per_class : int
        Entries of each class, by k-means among its own pixels.
    random_state : int
        Seed. The same input, parameters and machine give the same result to the
        last byte, however many threads there are.
    progress : callable, optional
        Called with a :class:`Progress` after every piece of work. What it raises
        stops the run and is passed on.

    Returns
    -------
    Quantization
        The palette (sorted dark to light), labels, redrawn image and report.

    Raises
    ------
    TypeError
        If the image's dtype or a parameter's type cannot be used.
    ValueError
        If a shape is ambiguous or wrong, no pixel is valid, or a parameter is
        out of range.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, or "auto" does not reach
        the target.

    See Also
    --------
    fit_palette : Learn the palette only.
    apply_palette : Assign and redraw with a palette that is there already.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.array([[[0, 0, 0], [9, 9, 9], [250, 0, 0]]], dtype=np.uint8)
    >>> q = quantize(image, n_colors=3)
    >>> q.labels
    array([[1, 2, 3]], dtype=uint8)
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask, learn_mask)
    if seeds is None:
        steps = quantize_steps(pixels, parameters)
    else:
        steps = seeded_steps(pixels, parameters, seeds, per_class)
    result = run(steps, progress)
    warn_of(result.report.notes)
    return result


def fit_palette(
    image: ArrayLike,
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Palette:
    """Learn a palette from an image.

    Parameters
    ----------
    image : array_like
        See :func:`quantize`.
    n_colors : int or "auto"
        See :func:`quantize`.
    method : {"kmeans", "wu", "random"}
        See :func:`quantize`.
    refine : bool
        See :func:`quantize`.
    n_samples : int or None
        See :func:`quantize`.
    color_space : {"rgb", "lab", "hed"}
        See :func:`quantize`.
    fixed : Palette or array_like, shape (F, C), optional
        See :func:`quantize`.
    target_psnr : float, optional
        See :func:`quantize`.
    target_delta_e : float, optional
        See :func:`quantize`.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        See :func:`quantize`.
    random_state : int
        See :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Palette
        Sorted dark to light, without counts: it has not been applied yet.

    Raises
    ------
    TypeError
        As :func:`quantize`.
    ValueError
        As :func:`quantize`.

    Warns
    -----
    UserWarning
        If the image has fewer colours than were asked for, or "auto" does not reach
        the target.
    """
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        random_state=random_state,
    )
    pixels = see_pixels(image, channel_axis, mask)
    if parameters.n_colors == AUTO:
        result = run(quantize_steps(pixels, parameters), progress)
        notes, palette = result.report.notes, result.palette.uncounted()
    else:
        learned = run(fit_steps(pixels, parameters), progress)
        notes, palette = learned.notes, learned.palette
    warn_of(notes)
    return palette


def apply_palette(
    image: ArrayLike,
    palette: Palette,
    *,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Redraw an image in a palette that is there already.

    Parameters
    ----------
    image : array_like
        See :func:`quantize`.
    palette : Palette
        Colours in the image's units, one column a channel; they are compared in its
        colour space.
    channel_axis : int or None
        See :func:`quantize`.
    mask : array_like of bool, optional
        See :func:`quantize`.
    progress : callable, optional
        See :func:`quantize`.

    Returns
    -------
    Quantization
        Its palette is `palette` with this image's counts, in the same order.

    Raises
    ------
    TypeError
        If `palette` is no Palette or the image's dtype cannot be used.
    ValueError
        If the palette's channels are not the image's, or as :func:`quantize`.
    """
    if not isinstance(palette, Palette):
        raise TypeError(
            f"palette is a {type(palette).__name__}: pass a Palette, such as "
            "Palette(colors)."
        )
    pixels = see_pixels(image, channel_axis, mask)
    return run(apply_steps(pixels, palette), progress)
