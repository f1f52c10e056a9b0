"""A result as it is saved for other programs: its levels, place, names and colours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.files.images.calibration import check_axes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.palette.appearance import ShownChannel
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.files.ome_zarr.level import Level

_HEX = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """A result of one or several levels, the largest first, to be saved.

    shown: (K, 4) RGBA of the entries. axes: of the labels. scale and translate: of the
    largest level, from which those of the others follow, or one row a level.
    """

    levels: Sequence[Level]
    palette: Palette
    shown: NDArray[np.uint8]
    channels: Sequence[ShownChannel]
    axes: str
    scale: Sequence[Any] | None
    translate: Sequence[Any] | None
    units: Sequence[str | None] | None
    name: str
    record: Mapping[str, Any]
    scales: tuple[tuple[float, ...], ...] = field(init=False)
    translations: tuple[tuple[float, ...], ...] = field(init=False)

    def __post_init__(self) -> None:
        shapes = [level.shape for level in self.levels]
        n = len(shapes[0])
        check_axes(self.axes, n)
        for what, values in (("levels", shapes), ("units", [self.units])):
            for each in values:
                if each is not None and len(each) != n:
                    raise ValueError(
                        f"the {what} have {len(each)} axes and the labels {n}: pass "
                        "one value for each axis."
                    )
        first = self.levels[0]
        for level in self.levels[1:]:
            if (level.label_dtype, level.picture_dtype, level.n_channels) != (
                first.label_dtype,
                first.picture_dtype,
                first.n_channels,
            ):
                raise ValueError(
                    "the levels differ in their dtypes or channels: pass those of one "
                    "image, quantized with one palette."
                )
        scales = _per_level("scale", self.scale, n, len(shapes), 1.0)
        if len(scales) == 1:
            factors = np.array([_factors(shapes[0], shape) for shape in shapes])
            scales = (factors * scales[0]).tolist()
        places = _per_level("translate", self.translate, n, len(shapes), 0.0)
        places = places * len(shapes) if len(places) == 1 else places
        object.__setattr__(self, "scales", tuple(map(tuple, scales)))
        object.__setattr__(self, "translations", tuple(map(tuple, places)))
        if self.units is None:
            object.__setattr__(self, "units", (None,) * n)


def is_hex(text: object) -> bool:
    """Return whether text is a colour of six hexadecimal digits, such as "FF0000"."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def _per_level(
    what: str, values: Sequence[Any] | None, n_axes: int, n_levels: int, usual: float
) -> list[list[float]]:
    """Return numbers for each axis, of the largest level or of every one."""
    if values is None:
        return [[usual] * n_axes]
    table = np.atleast_2d(np.asarray(values, np.float64))
    if table.shape not in {(1, n_axes), (n_levels, n_axes)} or not (
        np.isfinite(table).all() and (what != "scale" or (table > 0).all())
    ):
        raise ValueError(
            f"{what} is {values!r}: pass one finite number for each of the {n_axes} "
            f"axes of the labels{', above 0' if what == 'scale' else ''}."
        )
    rows: list[list[float]] = table.tolist()
    return rows


def _factors(largest: Sequence[int], level: Sequence[int]) -> list[float]:
    """Return how many pixels of the largest level one of a smaller level stands for."""
    factors = []
    for full, size in zip(largest, level, strict=True):
        whole = round(full / size)
        # Rounded up or down, where the last pixel is not a whole one.
        is_whole = size in (full // whole, -(-full // whole))
        factors.append(float(whole) if is_whole else full / size)
    return factors
