"""A result as it is saved for other programs: its levels, place, names and colours."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import as_dask
from napari_colorquant.core.image.pixels import number_of_axis, with_channels
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.appearance import blended, usual_channels
from napari_colorquant.files.images.calibration import check_axes, usual_axes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.core.palette.appearance import ShownChannel
    from napari_colorquant.core.palette.palette import Palette

_HEX = re.compile(r"[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Level:
    """One level of a result: its labels and its picture, in memory or of dask.

    labels: uint8 or uint16. picture: the labels' shape, with a channel axis or none.
    channel_axis: by default seen from the shapes.
    """

    labels: Any
    picture: Any
    channel_axis: int | None = None

    def __post_init__(self) -> None:
        for what in ("labels", "picture"):
            if is_lazy(array := getattr(self, what)):
                object.__setattr__(self, what, as_dask(array, what))
        if self.labels.dtype not in (np.uint8, np.uint16):
            raise TypeError(
                f"the labels have the dtype {self.labels.dtype}: pass those of a "
                "quantization, uint8 or uint16."
            )
        axis = _channel_axis(self.labels.shape, self.picture.shape, self.channel_axis)
        object.__setattr__(self, "channel_axis", axis)

    @property
    def n_channels(self) -> int | None:
        """Entries of the picture's channel axis; None if it has none."""
        axis = self.channel_axis
        return None if axis is None else int(self.picture.shape[axis])

    @property
    def chunks(self) -> tuple[int, ...] | None:
        """Largest block of lazy labels; None in memory."""
        return self.labels.chunksize if is_lazy(self.labels) else None

    @property
    def is_lazy(self) -> bool:
        """Whether any of it is not in memory."""
        return is_lazy(self.labels) or is_lazy(self.picture)

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel: of its label and its colour in the picture."""
        colors = (self.n_channels or 1) * self.picture.dtype.itemsize
        return int(self.labels.dtype.itemsize + colors)

    @cached_property
    def identity(self) -> Mapping[str, Any] | None:
        """The names of the arrays in dask, and what their sources are known by.

        None where nobody can tell whether the pixels have changed.
        """
        from dask.base import tokenize

        from napari_colorquant.files.ome_zarr.identity import array_identity

        sources: str | None = ""
        if self.is_lazy:  # else dask's name is of the content
            sources = array_identity(self.labels, self.picture)
        if sources is None:
            return None
        arrays = tokenize(self.labels, self.picture, self.channel_axis)
        return {"arrays": arrays, "sources": sources}

    def part(self, tile: Tile) -> tuple[Any, Any]:
        """Return labels and picture of a tile, lazy where the arrays are."""
        return self.labels[tile], self.picture[with_channels(tile, self.channel_axis)]


@dataclass(frozen=True, slots=True, eq=False)
class Pyramid:
    """A result of one or several levels, the largest first, to be saved.

    shown: (K, 4) RGBA of the entries. axes: of the labels, as the units; scales and
    translations along them, one row a level.
    """

    levels: Sequence[Level]
    palette: Palette
    shown: NDArray[np.uint8]
    channels: Sequence[ShownChannel]
    axes: str
    scales: tuple[tuple[float, ...], ...]
    translations: tuple[tuple[float, ...], ...]
    units: Sequence[str | None]
    name: str
    record: Mapping[str, Any]

    @property
    def picture_axes(self) -> str:
        """The picture's axes: those of the labels, any "c" first or after t."""
        if self.levels[0].n_channels is None:
            return self.axes
        place = 1 if self.axes.startswith("t") else 0
        return f"{self.axes[:place]}c{self.axes[place:]}"


def pyramid_of(
    levels: Sequence[Level],
    palette: Palette,
    record: Mapping[str, Any],
    name: str,
    *,
    channels: Sequence[ShownChannel] = (),
    names: Sequence[str] = (),
    shown: NDArray[np.uint8] | None = None,
    axes: str | None = None,
    scale: Sequence[Any] | None = None,
    translate: Sequence[Any] | None = None,
    units: Sequence[str | None] | None = None,
) -> Pyramid:
    """Return a result that save_pyramid can save; raise ValueError if it does not fit.

    levels: the largest first. names: for the usual channels, where no channels are
    given. shown: by default the blend of the channels. scale and translate: of the
    largest level, from which those of the others follow, or one row a level.
    """
    first, shapes = levels[0], [level.labels.shape for level in levels]
    n = len(shapes[0])
    if not channels:
        # RGB is on the last axis; on another one there are channels of data.
        rgb = first.channel_axis == n
        channels = usual_channels(
            palette, first.picture.dtype, first.n_channels, rgb=rgb
        )
        if len(names) == len(channels):
            pairs = zip(channels, names, strict=True)
            channels = [replace(channel, name=name) for channel, name in pairs]
    axes = usual_axes(n) if axes is None else axes
    check_axes(axes, n)
    units = [None] * n if units is None else units
    for what, values in (("levels", shapes), ("units", [units])):
        for each in values:
            if len(each) != n:
                raise ValueError(
                    f"the {what} have {len(each)} axes and the labels {n}: pass one "
                    "value for each axis."
                )
    if len({(x.labels.dtype, x.picture.dtype, x.n_channels) for x in levels}) > 1:
        raise ValueError(
            "the levels differ in their dtypes or channels: pass those of one image, "
            "quantized with one palette."
        )
    scales = _per_level("scale", scale, n, len(levels), 1.0)
    if len(scales) == 1:
        factors = np.array([_factors(shapes[0], shape) for shape in shapes])
        scales = (factors * scales[0]).tolist()
    places = _per_level("translate", translate, n, len(levels), 0.0)
    places = places * len(levels) if len(places) == 1 else places
    return Pyramid(
        levels=levels,
        palette=palette,
        shown=blended(palette, channels) if shown is None else shown,
        channels=channels,
        axes=axes,
        scales=tuple(map(tuple, scales)),
        translations=tuple(map(tuple, places)),
        units=units,
        name=name,
        record=record,
    )


def is_hex(text: object) -> bool:
    """Return whether text is a colour of six hexadecimal digits, such as "FF0000"."""
    return isinstance(text, str) and _HEX.fullmatch(text) is not None


def _channel_axis(
    labels: tuple[int, ...], picture: tuple[int, ...], asked: int | None
) -> int | None:
    if picture == labels:
        return None
    n = len(picture)
    fitting = [a for a in range(n) if (*picture[:a], *picture[a + 1 :]) == labels]
    if asked is not None:
        number = number_of_axis(asked, n)
        if number is not None and number % n in fitting:
            return number % n
    if asked is None and len(fitting) == 1:
        return fitting[0]
    if asked is None and fitting:
        raise ValueError(
            f"in a picture of shape {picture} more than one axis may hold the "
            f"channels: pass its number, such as channel_axis={fitting[-1]}."
        )
    raise ValueError(
        f"the picture has the shape {picture} and its labels {labels}: pass those of "
        "one quantization, and as channel_axis the axis that only the picture has."
    )


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
