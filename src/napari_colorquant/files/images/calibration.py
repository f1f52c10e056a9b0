"""Pixel sizes and units as they are passed: one for all axes, or one for each.

Units are written as OME-NGFF names them, whatever abbreviation of pint was passed:
https://ngff.openmicroscopy.org/0.5/#axes-md.
"""

from __future__ import annotations

import re
from typing import Any

from napari_colorquant.core.compute.arguments import (
    Name,
    is_sequence,
    number,
    sequence,
    shown,
)
from napari_colorquant.core.compute.wording import Argument, Sentence

PREFIXES = {
    **{"yocto": ("y", -24), "zepto": ("z", -21), "atto": ("a", -18)},
    **{"femto": ("f", -15), "pico": ("p", -12), "nano": ("n", -9), "micro": ("µ", -6)},
    **{"milli": ("m", -3), "centi": ("c", -2), "deci": ("d", -1), "": ("", 0)},
    **{"hecto": ("h", 2), "kilo": ("k", 3), "mega": ("M", 6), "giga": ("G", 9)},
    **{"tera": ("T", 12), "peta": ("P", 15), "exa": ("E", 18), "zetta": ("Z", 21)},
    **{"yotta": ("Y", 24)},
}
"""Letters and powers of ten of the prefixes of units."""
METERS = {
    **{"angstrom": 1e-10, "inch": 0.0254, "foot": 0.3048, "yard": 0.9144},
    **{"mile": 1609.344, "parsec": 3.0856775814913673e16},
    **{f"{prefix}meter": float(f"1e{n}") for prefix, (_, n) in PREFIXES.items()},
}
"""Each unit of length that OME-NGFF names, in metres."""
LENGTHS = frozenset(METERS)
TIMES = frozenset(["day", "hour", "minute", *(f"{one}second" for one in PREFIXES)])
"""Units of time that OME-NGFF names."""

_WORD = re.compile(r"\w{1,40}")  # pint reckons with what is none, for however long
_NONE = frozenset(["pixel", "pixels", "px", "frame", "frames"])


def read_units(
    units: Any, n_axes: int, axes: str | None = None
) -> tuple[str | None, ...] | None:
    """Return the unit along each axis as OME-NGFF names it; None if there is none.

    n_axes is without channels. A single unit must be a length, and is not that of axis
    t. "pixel" and "frame" are no unit.
    """
    if units is None:
        return None
    if is_sequence(units):
        passed = sequence(units, Argument("units"), "strings")
        names = tuple(_name(unit, "a unit") for unit in passed)
        _check_number("units", len(names), n_axes)
    else:
        name = _name(units, Argument("units"))
        if name in TIMES:
            raise ValueError(
                Sentence(
                    "{units} is {unit}, which is one of time: pass one of length for "
                    "all axes of space, or one for each axis.",
                    unit=shown(units),
                )
            )
        names = _for_space(name, None, n_axes, axes)
    return names if any(names) else None


def read_scale(
    scale: Any, n_axes: int, axes: str | None = None
) -> tuple[float, ...] | None:
    """Return the size of a pixel along each axis; None for None.

    n_axes is without channels. A single size is that of all axes but t, which gets 1.
    """
    sizes = _numbers("scale", scale, 1.0, n_axes, axes)
    for size in sizes or ():
        if size <= 0:
            raise ValueError(
                Sentence(
                    "a value of {scale} is {size:g}: pass sizes above 0.", size=size
                )
            )
    return sizes


def check_size_of_units(
    scale: tuple[float, ...] | None, units: tuple[str | None, ...] | None
) -> None:
    """Raise ValueError if there are units without a scale."""
    if units is not None and scale is None:
        raise ValueError(
            Sentence(
                "{units} is given without the size of a pixel: pass {scale} too.",
            )
        )


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
    if not is_sequence(values):
        one = number(values, Argument(what), ", or one for each axis")
        return _for_space(one, usual, n_axes, axes)
    found = sequence(values, Argument(what), "numbers")
    _check_number(what, len(found), n_axes)
    each = Sentence("a value of {what}", what=Argument(what))
    return tuple(number(value, each) for value in found)


def _for_space(
    value: Any, usual: Any, n_axes: int, axes: str | None
) -> tuple[Any, ...]:
    return tuple(usual if axis == "t" else value for axis in axes or " " * n_axes)


def _check_number(what: str, n: int, n_axes: int) -> None:
    if n != n_axes:
        values = "1 value" if n == 1 else f"{n} values"
        raise ValueError(
            Sentence(
                "{what} has {values}, and there are {n_axes} axes: pass one value for "
                "all axes of space, or one for each axis.",
                what=Argument(what),
                values=values,
                n_axes=n_axes,
            )
        )


def _name(unit: Any, what: Name) -> str | None:
    """Return a unit as OME-NGFF names it; None for none."""
    if unit is None or (isinstance(unit, str) and unit in _NONE):
        return None
    if isinstance(unit, str) and unit in LENGTHS | TIMES:
        return unit
    import pint  # it loads much

    if not isinstance(unit, str | pint.Unit):
        raise TypeError(
            Sentence(
                "{what} is {unit}: pass a string, such as 'micrometer'.",
                what=what,
                unit=shown(unit),
            )
        )
    untyped: Any = pint
    registry = untyped.get_application_registry()
    name = str(unit).strip()
    try:
        name = str(registry.Unit(name)) if _WORD.fullmatch(name) else ""
    except Exception:  # noqa: BLE001, whatever pint stumbles over in a word that is no unit
        name = ""
    name = {"micron": "micrometer"}.get(name, name)
    if name in _NONE:
        return None
    if name not in LENGTHS | TIMES:
        raise ValueError(
            Sentence(
                "{what} is {unit}: pass one of length or time, such as 'um' or "
                "'micrometer'.",
                what=what,
                unit=shown(unit),
            )
        )
    return name


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
