"""Several channels, arrays of one shape, quantized together in one palette."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import inf
from typing import Any

from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.assign.color_map import ColorMap, draw_block
from napari_colorquant.core.channels.channel import Channel
from napari_colorquant.core.channels.joint import quantize_joint
from napari_colorquant.core.channels.stack import (
    Level,
    dtype_of_all,
    outline_of_stack,
    stack_tile,
)
from napari_colorquant.core.compute.arguments import (
    is_sequence,
    is_word,
    number,
    sequence,
    shown,
    strings,
)
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.image import mapped, see_image
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.palette.palette import Palette, as_palette
from napari_colorquant.core.quantization.limits import without_region
from napari_colorquant.core.quantization.painted import check_per_class
from napari_colorquant.core.quantization.report import warn_of
from napari_colorquant.core.quantization.result import Quantization

SCALINGS = ("none", "zscore")
"""How channels are scaled without limits that are passed."""


def quantize_channels(
    channels: Sequence[ArrayLike],
    n_colors: int | str = DEFAULTS.n_colors,
    *,
    scaling: str | Sequence[tuple[float, float]] = "none",
    names: Sequence[str] | None = None,
    method: str = DEFAULTS.method,
    refine: bool = DEFAULTS.refine,
    n_samples: int | None = DEFAULTS.n_samples,
    color_space: str = DEFAULTS.color_space,
    weights: Sequence[float] | None = DEFAULTS.weights,
    background: str | float | ArrayLike | None = DEFAULTS.background,
    balance: float = DEFAULTS.balance,
    fixed: Palette | ArrayLike | None = DEFAULTS.fixed,
    target_psnr: float | None = DEFAULTS.target_psnr,
    target_delta_e: float | None = DEFAULTS.target_delta_e,
    max_distance: float | None = DEFAULTS.max_distance,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    seeds: ArrayLike | None = None,
    per_class: int = 1,
    random_state: int = DEFAULTS.random_state,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Quantize several channels together, each an array of its own.

    A pixel is what all channels have in its place. Channels that are scaled count alike
    whatever their units are; the palette and the picture are in the channels' own units
    all the same. It is what :func:`napari_colorquant.quantize_layers` does with layers.

    While it runs, channels in memory are also held in one array, of float32 if they are
    scaled, and once more as they are redrawn. Where a channel is an array of dask or
    zarr, as much is read as :func:`napari_colorquant.quantize` reads, for z-scores
    twice, and labels and picture are lazy. Channels that have no more pixels than are
    read give the very result that they give in memory.

    Parameters
    ----------
    channels : sequence of array_like, length C
        One a channel, all of one shape of two or more axes. Integers or floats of up to
        64 bits; dtypes may differ. For channels along an axis of one array, pass
        ``list(np.moveaxis(array, axis, 0))``.
    n_colors : int or "auto"
        See :func:`napari_colorquant.quantize`, as for the others.
    scaling : {"none", "zscore"} or sequence of (float, float), length C
        How the channels are made comparable, in float32: they stay as they are; or
        their means become 0 and their standard deviations 1, over all finite pixels, of
        lazy channels over those that are read; or of each channel a pair (low, high),
        in its own units, where low becomes 0 and high 1, and what is beyond stays
        beyond.
    names : sequence of str, length C, optional
        What the channels are called in errors; by default ``"channel 0"`` and so on.
    method : {"kmeans", "wu", "random"}
        How the palette is learned.
    refine : bool
        Polish the palette over every pixel.
    n_samples : int or None
        Pixels to learn from.
    color_space : {"rgb"}
        The channels as they are; other spaces are of light, and refused.
    weights : sequence of float, length C, optional
        What each channel is multiplied by, once scaled, before distances are taken.
    background : "otsu", float, sequence of float or array_like of bool, optional
        A limit for each channel, in its own units: what is at or below it counts as the
        limit before it is scaled, so that pixels that are so in all channels are one
        colour, and get one entry. A number, numbers, Otsu's thresholds, or an empty
        region in the shape of a channel; see :func:`napari_colorquant.quantize`. Of
        channels of integers, numbers are rounded down. What becomes 0 and 1 does not
        depend on it.
    balance : float
        How much rare values are favoured, 0 to 1; see
        :func:`~napari_colorquant.quantize`.
    fixed : Palette or array_like, shape (F, C), optional
        Entries that are in the palette unchanged, in the channels' own units.
    target_psnr : float, optional
        For "auto": PSNR to reach, in dB, of the scaled channels.
    target_delta_e : float, optional
        For "auto": mean ΔE2000 to reach, of three channels.
    max_distance : float, optional
        Leave out pixels that are farther than this from every entry, as the channels
        are scaled: with limits, 1 is from low to high. See
        :func:`napari_colorquant.quantize`.
    mask : array_like of bool, optional
        Pixels to quantize, in the shape of a channel. With a lazy channel it may be
        lazy, too.
    learn_mask : array_like of bool, optional
        Pixels to learn from, of those to quantize, likewise.
    seeds : array_like of int, optional
        Classes that were painted, in the shape of a channel: each one gets entries of
        its own. See :func:`napari_colorquant.quantize`.
    per_class : int
        Entries of each class.
    random_state : int
        Seed.
    progress : callable, optional
        Called with a :class:`Progress` after every piece of work. What it raises stops
        the run and is passed on.

    Returns
    -------
    Quantization
        The palette, one column a channel in its own units, sorted dark to light by the
        scaled channels; the labels, in the shape of a channel; and the redrawn channels
        as one picture, the channels last, in their own units: of the channels' dtype
        where they agree, else of the smallest that holds the values of all, see
        :func:`numpy.result_type`. Errors in the report are of the scaled channels, its
        parameters as they were passed. Of lazy channels, labels and picture are dask
        arrays, in the blocks of the first one that has several.

    Raises
    ------
    TypeError
        If `channels` is no sequence, or as :func:`napari_colorquant.quantize`.
    ValueError
        If the channels differ in shape, `scaling` or `names` do not fit them, or as
        :func:`napari_colorquant.quantize`.

    Warns
    -----
    UserWarning
        As :func:`napari_colorquant.quantize`.

    See Also
    --------
    quantize : Quantize channels that are in one array, as they are.
    quantize_layers : Quantize image layers of napari, one a channel.

    Examples
    --------
    >>> import numpy as np
    >>> dapi = np.array([[0, 0, 100, 100]], dtype=np.uint8)
    >>> gfp = np.array([[0, 0, 4000, 1000]], dtype=np.uint16)
    >>> q = quantize_channels([dapi, gfp], 3, scaling=[(0, 200), (0, 4000)])
    >>> q.labels
    array([[1, 1, 3, 2]], dtype=uint8)
    >>> q.palette.colors[2]
    array([ 100., 4000.])
    >>> q.image.shape, q.image.dtype
    ((1, 4, 2), dtype('uint16'))
    """
    limits, region = without_region(background)
    parameters = Parameters(
        n_colors=n_colors,
        method=method,
        refine=refine,
        n_samples=n_samples,
        color_space=color_space,
        weights=weights,
        background=limits,
        balance=balance,
        fixed=as_palette(fixed),
        target_psnr=target_psnr,
        target_delta_e=target_delta_e,
        max_distance=max_distance,
        random_state=random_state,
    )
    check_per_class(per_class)
    named = _named(channels, names)
    level = _seen(named, mask, learn_mask)
    dtypes = [pixels.dtype.name for pixels in level]
    scaled = _scaled([name for name, _ in named], dtypes, scaling)
    given = ([level], parameters, seeds, per_class)
    with Monitor(progress) as monitor:
        learning = monitor.part(0.0, 0.9)
        scaled, (result,) = quantize_joint(scaled, *given, learning, region)
        if scaled[0].scaling != "none":  # else they are drawn in their own units
            result = _drawn(level, result, monitor.part(0.9, 1.0))
        monitor("assign", 1.0)
    warn_of(result.report.notes)
    return result


def _drawn(level: Level, result: Quantization, monitor: Monitor) -> Quantization:
    """Return a result with the channels redrawn in their own units."""
    dtype = dtype_of_all(level)
    color_map = ColorMap.of(result.palette, outline_of_stack(level, dtype))
    draw = partial(_draw_tile, color_map)
    kind: Any = {"dtype": dtype, "channels": (result.labels.ndim, len(level))}
    image = mapped(draw, result.labels, *level, **kind, monitor=monitor)
    return replace(result, image=image)


def _draw_tile(
    color_map: ColorMap, labels: NDArray[Any], *values: NDArray[Any]
) -> NDArray[Any]:
    """Return channels in one array, with each labelled pixel in the label's colour."""
    stack = stack_tile(*values, scales=(), dtype=color_map.dtype)
    return draw_block(color_map, stack, labels)


def _named(channels: Any, names: Any) -> list[tuple[str, Any]]:
    """Return each channel with its name, or raise if there is none, or another one."""
    if not is_sequence(channels) or hasattr(channels, "dtype"):
        raise TypeError(
            f"channels is {shown(channels)}: pass a list of arrays, one a channel."
        )
    if len(channels) == 0:
        raise ValueError("channels is empty: pass a list of arrays, one a channel.")
    if names is None:
        return [(f"channel {i}", channel) for i, channel in enumerate(channels)]
    known = strings(names, "names", "a name")
    _check_number(len(known), "names", len(channels))
    return list(zip(known, channels, strict=True))


def _check_number(found: int, of: str, n_channels: int) -> None:
    if found != n_channels:
        raise ValueError(
            f"the number of {of} is {found} and that of the channels {n_channels}: "
            "pass one a channel."
        )


def _seen(named: Sequence[tuple[str, Any]], mask: Any, learn_mask: Any) -> Level:
    """Return the channels with their masks as the engine sees them, or raise."""
    lazily = any(is_lazy(channel) for _, channel in named)
    level: list[Any] = []
    for name, channel in named:
        try:
            level.append(see_image(channel, None, lazily=lazily))
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name!r}: {error}") from error
        first, last = level[0].shape, level[-1].shape
        if first != last:
            raise ValueError(
                f"the channels {named[0][0]!r} and {name!r} have the shapes {first} "
                f"and {last}: pass arrays of one shape."
            )
    return tuple(see_image(one.image, None, mask, learn_mask) for one in level)


def _scaled(
    names: Sequence[str], dtypes: Sequence[str], scaling: Any
) -> tuple[Channel, ...]:
    """Return the channels with their scaling, or raise if it does not fit them."""
    pairs = list(zip(names, dtypes, strict=True))
    if is_word(scaling, SCALINGS):
        return tuple(Channel(name, dtype, scaling) for name, dtype in pairs)
    if not is_sequence(scaling):
        raise ValueError(
            f"scaling is {shown(scaling)}: pass 'none', 'zscore', or a pair (low, "
            "high) a channel."
        )
    limits = sequence(scaling, "scaling", "pairs (low, high)")
    _check_number(len(limits), "pairs in scaling", len(pairs))
    channels = []
    for (name, dtype), pair in zip(pairs, limits, strict=True):
        own = sequence(pair, f"scaling of {name!r}", "two numbers")
        known = [number(one, f"a limit of {name!r}") for one in own]
        if len(known) != 2 or not 0 < known[1] - known[0] < inf:
            raise ValueError(
                f"the limits of {name!r} are {shown(pair)}: pass a lower number and a "
                "higher one."
            )
        low, high = known
        channels.append(Channel(name, dtype, "limits", low, high - low))
    return tuple(channels)
