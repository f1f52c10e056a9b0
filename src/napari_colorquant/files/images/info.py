"""How a file is read: sentences for every kind of output."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.measure.units import check_size_of_units
from napari_colorquant.files.images.calibration import (
    read_scale,
    read_units,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

ChannelAxis = int | str | None
"""A number, ``"auto"`` for what the file says, or None."""

AUTO = "auto"


class RefusedError(ValueError):
    """A picture that can be decoded but would not be what the file shows."""


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """All that a file says of a picture, for every kind of output.

    axes: without channels, of "tzyx"; scale and units along them. data_range: white,
    where less than the dtype holds. series: in words; chosen: the one that was read.
    """

    channel_axis: int | None
    axes: str | None = None
    scale: tuple[float, ...] | None = None
    units: tuple[str | None, ...] | None = None
    channels: tuple[str, ...] = ()
    data_range: float | None = None
    is_imagej: bool = False
    series: tuple[str, ...] = ()
    chosen: int = 0
    notes: tuple[str, ...] = ()


def axis_of_colors(
    axis: int | None, shape: Sequence[int], rgb: bool | None
) -> tuple[int | None, int | None]:
    """Return which axis is to be moved to the end, if any, and the channel axis then.

    axis: of the channels; rgb: whether they are red, green and blue (with 4, opacity,
    too), None where nobody says it. Raise RefusedError if they cannot be.
    """
    n = len(shape)
    if rgb is None or (axis is not None and not -n <= axis < n):
        return None, axis  # what is no axis is refused where the pixels are seen
    if not rgb:
        return None, None if axis is None else axis % n
    if axis is None:
        raise RefusedError("it has no channels that could be red, green and blue.")
    if shape[axis] not in (3, 4):
        raise RefusedError(
            f"it has {shape[axis]} channels, and red, green and blue are 3, or 4 with "
            "opacity."
        )
    return (None if axis == -1 else axis % n), -1


def with_sizes(info: PictureInfo, n_axes: int, scale: Any, units: Any) -> PictureInfo:
    """Return info with the sizes and units that the user says, if any.

    A note says where the file says something else. n_axes is without channels.
    """
    new = replace(
        info,
        scale=read_scale(scale, n_axes, info.axes) or info.scale,
        units=read_units(units, n_axes, info.axes) or info.units,
    )
    if units is not None:
        check_size_of_units(new.scale, new.units)
    if info.scale is None or (new.scale, new.units) == (info.scale, info.units):
        return new
    note = (
        f"The file says that a pixel is {_size_in_words(info)}: "
        f"{_size_in_words(new)} is taken."
    )
    return replace(new, notes=(*info.notes, note))


def _size_in_words(info: PictureInfo) -> str:
    """Return the size of a pixel in words, such as "0.5 x 0.25 micrometer"."""
    scale = info.scale or ()
    names = [unit or "pixel" for unit in info.units or [None] * len(scale)]
    if len(set(names)) == 1:
        return " x ".join(f"{size:g}" for size in scale) + f" {names[0]}"
    pairs = zip(scale, names, strict=True)
    return " x ".join(f"{size:g} {name}" for size, name in pairs)
