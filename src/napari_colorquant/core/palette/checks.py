"""The fields of a palette, checked one by one, in the form in which it keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.background import check_background, limits_for
from napari_colorquant.core.color.spaces import check_space, check_weights
from napari_colorquant.core.color.stains import check_full
from napari_colorquant.core.compute.arguments import (
    is_word,
    number,
    sequence,
    shown,
    strings,
    whole_numbers,
)
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.core.image.validate import is_lazy, see_array
from napari_colorquant.formats.palette_data import MAX_COLORS, UNITS, white_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

_COLORS = "palette colors"


def checked_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a palette keeps of what was passed for its fields, all of them.

    Raise as Palette.
    """
    colors = _checked_colors(given["colors"])
    n_colors, n_channels = colors.shape
    space, units = given["color_space"], given["units"]
    counts = _checked_counts(given["counts"], n_colors)
    names = given["names"]
    if names is not None:
        names = _one_each(names, n_colors, "names", "name")
    classes = _checked_classes(given["classes"], n_colors)
    check_space(space)
    stains = check_full(given["stains"], space)
    n_weighed = n_channels if stains is None else len(stains)
    weights = check_weights(given["weights"], space, n_weighed)
    background = given["background"]
    if background is not None:
        limits = sequence(background, "background", "numbers")
        background = limits_for(check_background(limits, space), n_channels, "palette")
    _check_units(units)
    return {
        "colors": colors,
        "counts": counts,
        "names": names,
        "color_space": space,
        "units": units,
        "locked": _checked_locked(given["locked"], n_colors),
        "white": _checked_white(given["white"], units),
        "classes": classes,
        "weights": weights,
        "stains": stains,
        "background": background,
        "learned_distance": _checked_distance(given["learned_distance"]),
        "learned_shares": _checked_shares(given["learned_shares"], n_colors),
    }


def check_white(value: Any, units: str, what: str) -> float:
    """Return a value of white as a float; raise if images of a dtype cannot have it.

    It must be a finite number above 0 and not beyond the integers of the dtype.
    """
    white = number(value, Argument(what), above=0)
    if np.dtype(units).kind != "f" and white > white_of(units):
        raise ValueError(
            Sentence(
                "{what} is {value:g}, and {units} holds values up to {most:.15g}: pass "
                "the value of white in the image.",
                what=Argument(what),
                value=white,
                units=units,
                most=white_of(units),
            )
        )
    return white


def _checked_colors(colors: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(colors) if is_lazy(colors) else see_array(colors, _COLORS)
    if array.dtype.kind not in "iuf":
        raise TypeError(
            f"palette colors have the dtype {array.dtype}: pass real numbers."
        )
    if array.ndim != 2 or array.shape[1] < 1:
        raise ValueError(
            f"palette colors have the shape {array.shape}: pass one row a color "
            "and one column a channel."
        )
    if not 1 <= len(array) <= MAX_COLORS:
        raise ValueError(
            f"the palette has {len(array):,} colors: pass 1 to {MAX_COLORS:,}."
        )
    if not np.isfinite(array).all():
        raise ValueError("palette colors must be finite: remove NaN and infinity.")
    return _frozen(array, np.float64)


def _checked_counts(
    counts: ArrayLike | None, n_colors: int
) -> NDArray[np.int64] | None:
    if counts is None:
        return None
    array = see_array(counts, "palette counts")
    if array.dtype.kind not in "iu" or (array.size and array.min() < 0):
        raise ValueError(
            "palette counts must be whole numbers of pixels: pass integers from 0."
        )
    if array.shape != (n_colors,):
        raise ValueError(
            f"palette counts have the shape {array.shape}: pass one count for each of "
            f"the {n_colors} colors."
        )
    return _frozen(array, np.int64)


def _checked_classes(
    classes: Sequence[str] | None, n_colors: int
) -> tuple[str, ...] | None:
    if classes is None:
        return None
    given = _one_each(classes, n_colors, "classes", "class")
    stripped = tuple(one.strip() for one in given)  # "DAB " is "DAB"
    return stripped if any(stripped) else None  # one way to say it


def _check_units(units: object) -> None:
    if units is not None and not is_word(units, UNITS):
        raise ValueError(
            f"the palette's units are {shown(units)}: pass the dtype of an image, "
            f"one of {', '.join(UNITS)}."
        )


def _checked_locked(locked: Sequence[int], n_colors: int) -> tuple[int, ...]:
    entries = tuple(sorted({*whole_numbers(locked, "locked", "a locked entry")}))
    if entries and (entries[0] < 0 or entries[-1] >= n_colors):
        raise ValueError(
            f"the entries {list(entries)} are locked, and the palette has the "
            f"entries 0 to {n_colors - 1}."
        )
    return entries


def _checked_white(white: float | None, units: str | None) -> float | None:
    if white is None:
        return None
    if units is None:
        raise ValueError(
            f"white is {shown(white)} in a palette without units: pass units too, such "
            "as units='uint16'."
        )
    value = check_white(white, units, "white")
    return None if value == white_of(units) else value  # one way to say it


def _checked_distance(distance: float | None) -> float | None:
    if distance is None:
        return None
    value = number(distance, "learned_distance")
    if value < 0:
        raise ValueError(f"learned_distance is {value:g}: pass a number from 0.")
    return value


def _checked_shares(
    shares: Sequence[float] | None, n_colors: int
) -> tuple[float, ...] | None:
    if shares is None:
        return None
    given = sequence(shares, "learned_shares", "numbers")
    found = [number(one, "a share of learned_shares") for one in given]
    if len(found) != n_colors or not all(0 <= one <= 1 for one in found):
        raise ValueError(
            f"learned_shares are {shown(shares)}: pass a number from 0 to 1 for each "
            f"of the {n_colors} colors."
        )
    return tuple(found)


def _one_each(
    words: Sequence[str], n_colors: int, what: str, one: str
) -> tuple[str, ...]:
    """Return one string an entry, or raise; what, one: their name, one's name."""
    found = strings(words, what, f"a {one}")
    if len(found) != n_colors:
        raise ValueError(
            f"the palette has {len(found)} {what}: pass one {one} for each of "
            f"the {n_colors} colors."
        )
    return found


def _frozen(values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array
