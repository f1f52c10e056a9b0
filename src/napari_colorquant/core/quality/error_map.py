"""Where a redrawn picture is far from the original."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.statistics import Statistics, statistics_of
from napari_colorquant.core.compute.arguments import flag
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import Image, mapped, set_white
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.palette.white import look_for_white
from napari_colorquant.core.quality.comparison import check_alike, compared, see_two
from napari_colorquant.core.quality.delta_e import (
    Difference,
    check_delta_e,
    check_light,
    difference_of,
)


def error_map(
    original: ArrayLike,
    redrawn: ArrayLike,
    *,
    delta_e: bool | None = None,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    data_range: float | None = None,
) -> NDArray[np.float32]:
    """Show where a redrawn picture is far from the original.

    Parameters
    ----------
    original, redrawn : array_like
        Two images of one shape and dtype.
    delta_e : bool or None
        True: the colour difference ΔE2000 (Sharma, Wu and Dalal, 2005,
        doi:10.1002/col.20070) of sRGB colours under D65, as scikit-image has it. False:
        the Euclidean distance between the channels, in the image's units. None: ΔE2000
        of three channels, else the distance.
    channel_axis : int or None
        As for :func:`~napari_colorquant.quantize`.
    mask : array_like of bool, optional
        Pixels to compare, shape of the image without its channel axis.
    data_range : float, optional
        The value of white in the image, as for :func:`~napari_colorquant.quantize`. Of
        a lazy one in uint16 where it is not passed, blocks are read to find it.

    Returns
    -------
    ndarray of float32
        Shape of the image without its channel axis. NaN where a pixel is not compared,
        outside the mask, transparent, NaN or infinite: 0 would say that it is redrawn
        without error. Where one of the images is lazy, a dask array, which is computed
        when it is asked for.

    Raises
    ------
    TypeError
        As :func:`~napari_colorquant.quantize`.
    ValueError
        If the images differ in shape or dtype, no pixel can be compared, or ΔE2000 is
        to be measured of other than three channels or of values that are no light.

    See Also
    --------
    measure_quality : The errors of a whole picture.
    """
    delta_e = delta_e if delta_e is None else flag(delta_e, "delta_e", ", or None")
    with Monitor() as monitor:
        both = see_two(original, redrawn, channel_axis, mask, data_range)
        errors: NDArray[np.float32] = map_errors(*both, delta_e, monitor)
        return errors


def map_errors(
    before: Image, after: Image, delta_e: bool | None, monitor: Monitor
) -> Any:
    """Return the error_map: of lazy pictures as a dask array, computed when asked for.

    Raise as error_map; of lazy values that are no light, when they are computed. Blocks
    may be read now to find white: it is one for all.
    """
    check_alike(before.outline, after.outline)
    if delta_e is None:
        delta_e = before.outline.n_channels == 3
    if delta_e:
        check_delta_e(before.outline)
        before, _ = look_for_white(before, None, 0, monitor.part(0.0, 0.0))
    if isinstance(before, Pixels) and isinstance(after, Pixels):
        return _map_pixels(before, after, delta_e, monitor)
    axis, white = before.outline.own_axis, before.outline.white
    measure = partial(_map_block, axis, delta_e, white)
    return mapped(measure, before, after, before.mask, dtype=np.float32)


def _map_pixels(
    before: Pixels, after: Pixels, delta_e: bool, monitor: Monitor
) -> NDArray[np.float32]:
    """Return the error of every pixel that is valid in before, else NaN."""
    statistics = statistics_of(before, monitor.part(0.0, 1 / 3, "judge"))
    difference: Difference
    if delta_e:
        check_light(before, statistics)
        pairing = monitor.part(1 / 3, 2 / 3)
        difference = difference_of(before, after, statistics, pairing)
    else:
        difference = _distance(statistics)
    errors = np.full(before.shape, np.nan, np.float32)

    def measure(tile: Tile) -> None:
        a, b, valid = compared(before, after, tile)
        target = errors[tile].reshape(-1)  # a view: a tile is a run of pixels
        with np.errstate(over="ignore"):  # beyond float32 is infinite
            target[slice(None) if valid is None else valid] = difference(a, b)

    tiles = before.tiles()
    measured = map_in_order(measure, tiles)
    for _ in monitor.part(2 / 3, 1.0).over("judge", measured, len(tiles)):
        pass
    return errors


def _map_block(
    channel_axis: int | None,
    delta_e: bool,
    white: float | None,
    original: Any,
    redrawn: Any,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    before = set_white(see_pixels(original, channel_axis, mask), white)
    after = see_pixels(redrawn, channel_axis)
    if not before.any_valid():
        return np.full(before.shape, np.nan, np.float32)
    return _map_pixels(before, after, delta_e, Monitor())


def _distance(statistics: Statistics) -> Difference:
    """Return the Euclidean distance, with squares that neither overflow nor vanish."""
    scale = power_of_two_scale(statistics.magnitude)

    def distance(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
        steps = a.astype(np.float64) * scale - b.astype(np.float64) * scale
        found: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", steps, steps))
        return found / scale

    return distance
