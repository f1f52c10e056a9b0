"""The units of pixels, and what a pixel measures along the axes of space.

Units have the names of OME-NGFF, whatever abbreviation of pint was passed:
https://ngff.openmicroscopy.org/0.5/#axes-md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.arguments import (
    Name,
    is_sequence,
    number,
    sequence,
    shown,
)
from napari_colorquant.core.compute.wording import Argument, Sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIXES = {
    **{"yocto": ("y", -24), "zepto": ("z", -21), "atto": ("a", -18)},
    **{"femto": ("f", -15), "pico": ("p", -12), "nano": ("n", -9)},
    **{"micro": ("µ", -6), "milli": ("m", -3), "centi": ("c", -2), "deci": ("d", -1)},
    "": ("", 0),
    **{"hecto": ("h", 2), "kilo": ("k", 3), "mega": ("M", 6), "giga": ("G", 9)},
    **{"tera": ("T", 12), "peta": ("P", 15), "exa": ("E", 18)},
    **{"zetta": ("Z", 21), "yotta": ("Y", 24)},
}
METERS = {
    "angstrom": ("Å", Fraction(1, 10**10)),
    "foot": ("ft", Fraction(3048, 10**4)),
    "inch": ("in", Fraction(254, 10**4)),
    "mile": ("mi", Fraction(1_609_344, 10**3)),
    "parsec": ("pc", Fraction(30_856_775_814_913_673)),
    "yard": ("yd", Fraction(9144, 10**4)),
    **{
        f"{prefix}meter": (f"{letter}m", Fraction(10) ** power)
        for prefix, (letter, power) in PREFIXES.items()
    },
}
"""The abbreviation of each unit of length, and how many meters it is."""
LENGTHS = frozenset(METERS)
"""Units of length that OME-NGFF names."""
TIMES = frozenset(
    ["day", "hour", "minute", *(f"{prefix}second" for prefix in PREFIXES)]
)
"""Units of time that OME-NGFF names."""

_WORD = re.compile(r"\w{1,40}")  # pint reckons with what is none, for however long
_NONE = frozenset(["pixel", "pixels", "px", "frame", "frames"])
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class PixelSize:
    """What a pixel of labels measures along its axes of space.

    axes: their numbers; sizes: one an axis, all in one unit, which None calls pixel.
    """

    axes: tuple[int, ...]
    sizes: tuple[float, ...]
    unit: str | None

    @property
    def area(self) -> float:
        """The length, area or volume of a pixel."""
        return prod(self.sizes)

    def symbol(self, power: int | None = None) -> str:
        """Return a unit such as "µm²"; power: by default the number of axes."""
        power = len(self.axes) if power is None else power
        short = "pixel" if self.unit is None else METERS[self.unit][0]
        return short if power == 1 else short + str(power).translate(_RAISED)


def size_of_pixel(
    scale: Any, units: Any, n_axes: int, slice_axis: int | None = None
) -> PixelSize:
    """Return what a pixel measures; raise TypeError or ValueError for what is no size.

    The axes of space are all of the labels' n_axes but slice_axis, from 0, and those
    whose unit is one of time. scale, units: as for measure_areas.
    """
    apart = tuple(axis for axis in range(n_axes) if axis != slice_axis)
    named = dict(zip(apart, _units_along(units, n_axes, apart), strict=True))
    axes = tuple(axis for axis in apart if named[axis] not in TIMES)
    if not axes:
        raise ValueError(
            Sentence("{units} has no unit of length: no axis is left to measure along.")
        )
    names = tuple(named[axis] for axis in axes)
    sizes = _sizes_along(scale, n_axes, axes)
    check_size_of_units(None if scale is None else sizes, names if any(names) else None)
    *others, unit = names
    if (unit is None and any(others)) or (unit is not None and None in others):
        raise ValueError(
            Sentence(
                "{units} is {units_}, and a length does not convert to pixels: pass "
                "one of length for each axis of space.",
                units_=shown(units),
            )
        )
    if unit is not None:
        meters = METERS[unit][1]
        factors = (float(METERS[str(name)][1] / meters) for name in names)
        sizes = tuple(size * by for size, by in zip(sizes, factors, strict=True))
    return PixelSize(axes, sizes, unit)


def _units_along(
    units: Any, n_axes: int, apart: Sequence[int]
) -> tuple[str | None, ...]:
    """Return the unit along each of some axes, passed for these or for all n_axes."""
    names = names_along(units, n_axes, len(apart))
    if not isinstance(names, tuple):
        return (names,) * len(apart)
    return names if len(names) == len(apart) else tuple(names[axis] for axis in apart)


def _sizes_along(scale: Any, n_axes: int, axes: Sequence[int]) -> tuple[float, ...]:
    """Return the size along each of some axes, passed for these or for all n_axes."""
    if scale is None:
        return (1.0,) * len(axes)
    sizes = numbers_along("scale", scale, n_axes, len(axes))
    if isinstance(sizes, float):
        sizes = (sizes,) * len(axes)
    elif len(sizes) != len(axes):
        sizes = tuple(sizes[axis] for axis in axes)
    refuse_no_size(sizes)
    return sizes


def unit_name(unit: Any, what: Name) -> str | None:
    """Return a unit as OME-NGFF names it; None for none, for a pixel and a frame."""
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


def names_along(units: Any, *n_axes: int) -> str | tuple[str | None, ...] | None:
    """Return units as one name, which is none of time, or as one for each axis.

    n_axes: how many axes there may be; a sentence names the first.
    """
    if is_sequence(units):
        passed = _one_each("units", units, "strings", n_axes)
        return tuple(unit_name(unit, "a unit") for unit in passed)
    name = unit_name(units, Argument("units"))
    if name in TIMES:
        raise ValueError(
            Sentence(
                "{units} is {unit}, which is one of time: pass one of length for "
                "all axes of space, or one for each axis.",
                unit=shown(units),
            )
        )
    return name


def numbers_along(what: str, values: Any, *n_axes: int) -> float | tuple[float, ...]:
    """Return the values of an argument as one number, or as one for each axis.

    n_axes: how many axes there may be; a sentence names the first.
    """
    if not is_sequence(values):
        return number(values, Argument(what), ", or one for each axis")
    found = _one_each(what, values, "numbers", n_axes)
    each = Sentence("a value of {what}", what=Argument(what))
    return tuple(number(value, each) for value in found)


def _one_each(
    what: str, values: Any, nouns: str, n_axes: tuple[int, ...]
) -> Sequence[Any]:
    """Return a sequence; raise ValueError unless it has one value for each axis."""
    found = sequence(values, Argument(what), nouns)
    if len(found) not in n_axes:
        raise ValueError(
            Sentence(
                "{what} has {values}, and there are {n_axes} axes: pass one value for "
                "all axes of space, or one for each axis.",
                what=Argument(what),
                values="1 value" if len(found) == 1 else f"{len(found)} values",
                n_axes=n_axes[0],
            )
        )
    return found


def refuse_no_size(sizes: Sequence[float]) -> None:
    """Raise ValueError if a value of scale is 0 or negative."""
    for size in sizes:
        if size <= 0:
            raise ValueError(
                Sentence(
                    "a value of {scale} is {size:g}: pass sizes above 0.", size=size
                )
            )
