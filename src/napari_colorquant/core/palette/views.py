"""What a palette is to Python, numpy, pandas, matplotlib and notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.palette.appearance import appearance, hex_of
from napari_colorquant.core.palette.html import (
    in_words,
    paragraph,
    swatch,
    table,
)
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.formats.palette_data import PLAIN_SPACE, PaletteData

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap
    from pandas import DataFrame
else:  # hints resolve without loading them
    DataFrame = ListedColormap = Any

_ARRAYS = ("colors", "counts")
"""Fields that are compared as arrays."""
_PRINTED = 32
"""Entries that a print lists: of more, the first ones and how many there are."""
_IN_HTML = 64
"""Likewise in a notebook."""
_IN_LINE = 8
"""Likewise where a palette is one line."""


class PaletteViews(PaletteData):
    """A palette as a sequence of colours, an array, a table and a colormap."""

    __slots__ = ()

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        return iter(self.colors)

    def __contains__(self, color: object) -> bool:
        """Return whether an entry has just this colour, in the palette's units."""
        try:
            wanted = np.asarray(color, np.float64)
        except (TypeError, ValueError):
            return False
        if wanted.shape != (self.n_channels,):
            return False
        return bool((self.colors == wanted).all(axis=1).any())

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        wanted = np.dtype(np.float64 if dtype is None else dtype)
        if copy is False and wanted != self.colors.dtype:
            raise ValueError(
                f"the colors are float64: an array of {wanted} cannot be made without "
                "a copy."
            )
        return self.colors.astype(wanted, copy=bool(copy))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PaletteViews):
            return NotImplemented
        return self is other or (
            np.array_equal(self.colors, other.colors)
            and _is_same(self.counts, other.counts)
            and self._words() == other._words()
        )

    def __hash__(self) -> int:
        # Adding 0 makes 0 of -0, which is equal to it and has other bytes.
        return hash((self.colors.shape, (self.colors + 0.0).tobytes(), self._words()))

    def _words(self) -> tuple[object, ...]:
        """Return all fields but the arrays."""
        named = (one.name for one in fields(PaletteData))
        return tuple(getattr(self, one) for one in named if one not in _ARRAYS)

    @property
    def hex(self) -> list[str]:
        """The colours for a screen, such as ``"#b22222"``, one an entry.

        Three channels are red, green and blue, 0 to white; others are shown in grey, or
        blended of one colour a channel, over the palette's own range.
        """
        return [hex_of(color) for color in appearance(self)]

    def to_dataframe(self) -> DataFrame:
        """Return the palette as a table, one row an entry.

        Returns
        -------
        pandas.DataFrame
            ``label`` counts from 1, ``index`` from 0; ``name`` and ``class`` are empty
            where an entry has none; ``hex`` is as `hex`; one column a channel, in the
            palette's units; ``pixels`` (Int64, missing where the palette has no counts)
            and ``percent`` of them, 0 to 100; ``learned_percent``, the share where the
            palette was learned, where that is known.
        """
        import pandas as pd

        columns: dict[str, Any] = {**columns_of(self)}
        n = len(self)
        columns["name"] = list(self.names or [""] * n)
        columns["pixels"] = pd.array(columns["pixels"], dtype="Int64")
        columns["percent"] = np.array(columns["percent"], np.float64)
        if self.learned_shares is not None:
            shares = np.array(self.learned_shares)
            columns["learned_percent"] = 100.0 * shares
        classes = {} if "class" in columns else {"class": [""] * n}
        frame = pd.DataFrame({**columns, **classes})
        first = ["label", "index", "name", "class"]
        return frame[[*first, *(one for one in frame.columns if one not in first)]]

    def to_colormap(self) -> ListedColormap:
        """Return the palette as a colormap of matplotlib.

        Returns
        -------
        matplotlib.colors.ListedColormap
            One colour an entry, as `hex` shows it. Palette indices are drawn by
            ``plt.imshow(q.indices, cmap=colormap, vmin=0, vmax=len(palette) - 1,
            interpolation="nearest")``.
        """
        from matplotlib.colors import ListedColormap

        rgb = appearance(self)[:, :3] / 255.0
        return ListedColormap(rgb, name="palette")

    def drawn(self, dtype: DTypeLike) -> NDArray[np.generic]:
        """Return the colours as a picture of that dtype shows them.

        Parameters
        ----------
        dtype : dtype
            Colours are clipped to its range, and for integers rounded half to even.

        Returns
        -------
        ndarray of `dtype`, shape (K, C)
            The colours to draw with.

        Raises
        ------
        TypeError
            If it is no dtype of images.
        """
        try:
            dtype = np.dtype(dtype)
        except (TypeError, ValueError):
            raise TypeError(
                f"dtype is {shown(dtype)}: pass that of an image."
            ) from None
        if dtype.kind not in "biuf":
            raise TypeError(f"dtype is {dtype}: pass that of an image.")
        if dtype.kind == "f":
            largest = float(np.finfo(dtype).max)
            return np.clip(self.colors, -largest, largest).astype(dtype)
        if dtype.kind == "b":
            return np.rint(np.clip(self.colors, 0, 1)).astype(dtype)
        limits = np.iinfo(dtype)
        rounded = np.rint(self.colors)
        inside = np.clip(rounded, limits.min, limits.max)
        if dtype.itemsize == 8:
            # float(2**63 - 1) rounds up to 2**63, which overflows: clip below it.
            inside = np.minimum(inside, np.nextafter(float(limits.max) + 1.0, 0.0))
        return inside.astype(dtype)

    def __repr__(self) -> str:
        more = len(self) - _IN_LINE
        colors = [*self.hex[:_IN_LINE], *([f"and {more:,} more"] if more > 0 else [])]
        return f"Palette({', '.join(colors)}; {', '.join(self._kind())})"

    def __str__(self) -> str:
        heads, rows = self._rows(_PRINTED)
        lines = [heads, *([in_words(one) for one in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        texts = [isinstance(one, str) for one in rows[0]]
        aligned = [
            "  ".join(
                one.ljust(width) if is_text else one.rjust(width)
                for one, width, is_text in zip(line, widths, texts, strict=True)
            ).rstrip()
            for line in lines
        ]
        return "\n".join([*self._facts(), *aligned, *self._rest(_PRINTED)])

    def _repr_html_(self) -> str:
        heads, rows = self._rows(_IN_HTML)
        colored = [
            [swatch(color), *row] for color, row in zip(self.hex, rows, strict=False)
        ]
        above = paragraph(" · ".join(self._facts()))
        below = map(paragraph, self._rest(_IN_HTML))
        return "".join([above, table(["", *heads], colored), *below])

    def _kind(self) -> list[str]:
        """Return the number of channels, the units and the space in words."""
        n = self.n_channels
        return [
            f"{n} channel{'s' * (n != 1)}",
            *([self.units] if self.units else []),
            *([] if self.white is None else [f"white {self.white:g}"]),
            *([] if self.color_space == PLAIN_SPACE else [self.color_space]),
        ]

    def _facts(self) -> list[str]:
        """Return what holds for all entries, each fact in words."""
        n, distance = len(self), self.learned_distance
        facts = [f"{n:,} color{'s' * (n != 1)}: {', '.join(self._kind())}"]
        if self.weights is not None:
            facts.append(f"weights {', '.join(f'{one:g}' for one in self.weights)}")
        if self.background is not None:
            limits = ", ".join(f"{one:g}" for one in self.background)
            facts.append(f"background up to {limits}")
        if distance is not None:
            facts.append(f"learned from pixels at a distance of {distance:.4g}")
        return facts

    def _rows(self, most: int) -> tuple[list[str], list[list[Any]]]:
        """Return the heads and the rows of the first entries, of what is known."""
        columns = columns_of(self)
        known: dict[str, list[Any]] = {
            name: columns[name][:most]
            for name in ("label", "name", "class", "hex", "pixels")
            if any(value not in (None, "") for value in columns.get(name, ()))
        }
        if self.counts is not None:
            known["percent"] = columns["percent"][:most]
        if self.learned_shares is not None:
            shares = self.learned_shares[:most]
            known["learned %"] = [100.0 * one for one in shares]
        if self.locked:
            locked = {*self.locked}
            words = ["locked" if i in locked else "" for i in range(len(self))]
            known["locked"] = words[:most]
        return list(known), [list(row) for row in zip(*known.values(), strict=True)]

    def _rest(self, most: int) -> list[str]:
        """Return a line on the entries after the first ones, if there are any."""
        more = len(self) - most
        if more <= 0:
            return []
        return [f"and {more:,} more: to_dataframe() has all entries"]


def _is_same(one: NDArray[Any] | None, other: NDArray[Any] | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)
