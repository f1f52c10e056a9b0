"""Pixel sizes and units as they are passed: one for all axes, or one for each."""

from __future__ import annotations

from typing import Any

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.measure.units import (
    names_along,
    numbers_along,
    refuse_no_size,
)


def read_units(
    units: Any, n_axes: int, axes: str | None = None
) -> tuple[str | None, ...] | None:
    """Return the unit along each axis as OME-NGFF names it; None if there is none.

    n_axes is without channels. A single unit must be a length, and is not that of axis
    t. "pixel" and "frame" are no unit.
    """
    names = names_along(units, n_axes)
    if not isinstance(names, tuple):
        names = _for_space(names, None, n_axes, axes)
    return names if any(names) else None


def read_scale(
    scale: Any, n_axes: int, axes: str | None = None
) -> tuple[float, ...] | None:
    """Return the size of a pixel along each axis; None for None.

    n_axes is without channels. A single size is that of all axes but t, which gets 1.
    """
    sizes = _numbers("scale", scale, 1.0, n_axes, axes)
    refuse_no_size(sizes or ())
    return sizes


def read_translate(
    translate: Any, n_axes: int, axes: str | None = None
) -> tuple[float, ...] | None:
    """Return where the centre of the first pixel is along each axis; None for None.

    n_axes is without channels. A single value is that of all axes but t, which gets 0.
    """
    return _numbers("translate", translate, 0.0, n_axes, axes)


def _numbers(
    what: str, values: Any, usual: float, n_axes: int, axes: str | None
) -> tuple[float, ...] | None:
    if values is None:
        return None
    found = numbers_along(what, values, n_axes)
    if isinstance(found, float):
        return _for_space(found, usual, n_axes, axes)
    return found


def _for_space(
    value: Any, usual: Any, n_axes: int, axes: str | None
) -> tuple[Any, ...]:
    return tuple(usual if axis == "t" else value for axis in axes or " " * n_axes)


AXES = "tzyx"
"""Axes that labels may have, in the order of OME-NGFF; the picture's "c" is after t."""


def check_axes(axes: str, n_axes: int) -> None:
    """Raise ValueError unless axes are n_axes of "tzyx" in this order, yx last."""
    is_text = isinstance(axes, str)
    known = "".join(axis for axis in AXES if is_text and axis in axes)
    if len(known) != n_axes or axes != known or not known.endswith("yx"):
        raise ValueError(
            f"the axes are {shown(axes)}, for labels of {n_axes} axes: pass as many of "
            "'tzyx', in this order, with y and x last."
        )


def usual_axes(n_axes: int) -> str:
    """Return the last n_axes of "tzyx"; raise ValueError if these are not 2 to 4."""
    if not 2 <= n_axes <= len(AXES):
        raise ValueError(
            f"the labels have {n_axes} axes: OME-Zarr holds 2 to {len(AXES)}, which "
            "are t, z, y and x."
        )
    return AXES[-n_axes:]
