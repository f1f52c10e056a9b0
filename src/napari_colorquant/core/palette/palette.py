"""The palette: the K colours of a quantized image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any, SupportsIndex, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.compute.arguments import is_word, shown, whole_numbers
from napari_colorquant.core.palette.checks import check_white, checked_fields
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.core.palette.views import PaletteViews
from napari_colorquant.formats.palette_data import (
    PLAIN_SPACE,
    UNITS,
    PaletteData,
    white_of,
)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Palette(PaletteViews):
    """The codebook of a vector quantization.

    A palette is a sequence of its colours: it has a length, ``palette[i]`` and a loop
    over them, and ``numpy.asarray`` makes an array of it. ``palette[2:5]`` is a palette
    of some of the entries. Two palettes are equal if all that they hold is.

    Parameters
    ----------
    colors : array_like, shape (K, C)
        One finite colour an entry, in the image's own units; kept as read-only
        float64. K is 1 to 65,535.
    counts : array_like of int, shape (K,), optional
        Pixels of each entry in the image that the palette was last applied to.
    names : sequence of str, optional
        One name an entry.
    color_space : str
        Space in which colours are compared: ``"rgb"``, ``"lab"``, ``"ab"``,
        ``"oklab"``, ``"hed"`` or ``"stains"``.
    units : str, optional
        dtype of the images whose values the colours are, such as ``"uint8"``.
    locked : sequence of int
        Entries to keep when a palette is edited or learned anew.
    white : float, optional
        The value of white in these units, where it is not the largest integer of the
        dtype, or 1 for floats: 4095 of 12 bits that are stored in ``"uint16"``.
    classes : sequence of str, optional
        The name of each entry's class, such as ``"DAB"``, which several may share;
        empty for none.
    weights : sequence of float, optional
        What each channel of the space is multiplied by before distances; one a channel.
    stains : array_like, shape (2, 3) or (3, 3), optional
        Of ``"stains"``: the optical densities of red, green and blue of each stain at
        full staining, in the slide that the palette was learned from.
    background : sequence of float, shape (C,), optional
        Of ``"rgb"``: a limit for each channel, in the palette's units. What is at or
        below it in an image counts as the limit.
    learned_distance : float, optional
        How far pixels were from their entries where the palette was learned: the root
        of the mean squared distance, in the space in which colours are compared.
    learned_shares : sequence of float, shape (K,), optional
        The share of the pixels that each entry had there, 0 to 1.

    Attributes
    ----------
    colors : ndarray of float64, shape (K, C)
        Entry *i* counts from 0; in a labels layer it has the label *i* + 1.
    counts : ndarray of int64, shape (K,), or None
        None while the palette has not been applied.
    names : tuple of str, or None
        None where the entries have no names.
    color_space : str
        Where a pixel's nearest entry is looked for; `colors` are in the image's own
        units all the same.
    units : str, or None
        None where it is not known.
    locked : tuple of int
        In ascending order.
    white : float, or None
        None for the largest integer of the units, or 1 for floats.
    classes : tuple of str, or None
        None where no entry has a class.
    weights : tuple of float, or None
        None where all are 1.
    stains : tuple of tuple of float, or None
        None in other colour spaces. The length of each row is its scale.
    background : tuple of float, or None
        None where every value counts.
    learned_distance : float, or None
        None where nobody knows, as of a palette that was typed, or whose colours were
        edited. In ``"rgb"`` it is in the units of `colors`, and converted with them.
    learned_shares : tuple of float, or None
        Likewise.

    Raises
    ------
    TypeError
        If the colours, white, weights, or what is known of learning are no numbers,
        the names or classes no strings, or an entry that is locked no whole number.
    ValueError
        If a shape is wrong, a colour is not finite, K is out of range, the units are
        no dtype of images, white is not above 0, beyond its units or without any, an
        entry that is locked does not exist, the weights are not one from 1e-6 to 1e6
        for each channel of the space, the stains are missing in ``"stains"``, there in
        another space, or not two or three different colours, or the background is not
        one finite number a channel in ``"rgb"``; if the learned distance is below 0, or
        the learned shares are not one from 0 to 1 for each entry.
    """

    def __init__(
        self,
        colors: ArrayLike,
        counts: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        color_space: str = "rgb",
        units: str | None = None,
        locked: Sequence[int] = (),
        white: float | None = None,
        classes: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        stains: ArrayLike | None = None,
        background: Sequence[float] | None = None,
        learned_distance: float | None = None,
        learned_shares: Sequence[float] | None = None,
    ) -> None:
        given = {
            "colors": colors,
            "counts": counts,
            "names": names,
            "color_space": color_space,
            "units": units,
            "locked": locked,
            "white": white,
            "classes": classes,
            "weights": weights,
            "stains": stains,
            "background": background,
            "learned_distance": learned_distance,
            "learned_shares": learned_shares,
        }
        for name, value in checked_fields(given).items():
            object.__setattr__(self, name, value)

    @overload
    def __getitem__(self, entry: SupportsIndex) -> NDArray[np.float64]: ...

    @overload
    def __getitem__(self, entry: slice) -> Palette: ...

    def __getitem__(self, entry: Any) -> Any:
        """Return the colour of an entry, (C,), or a palette of those of a slice."""
        n = len(self)
        if isinstance(entry, slice):
            return self.select(range(n)[entry])
        (row,) = whole_numbers([entry], "entries", "an entry")
        if not -n <= row < n:
            raise IndexError(
                f"there is no entry {row}: the palette has the entries 0 to {n - 1}."
            )
        return self.colors[row]

    def uncounted(self) -> Palette:
        """Return the palette as it was before it was applied.

        Returns
        -------
        Palette
            Without counts.
        """
        return replace(self, counts=None)

    def unlearned(self) -> Palette:
        """Return the palette without what is known of where it was learned.

        Returns
        -------
        Palette
            Without `learned_distance` and `learned_shares`, which do not hold for other
            colours.
        """
        return replace(self, learned_distance=None, learned_shares=None)

    def select(self, entries: Sequence[int]) -> Palette:
        """Return some of the entries as a palette, say the locked ones.

        Parameters
        ----------
        entries : sequence of int
            Indices, in the order wanted.

        Returns
        -------
        Palette
            These alone, with their names, classes, counts and locks; and what is known
            of learning, if all are there.

        Raises
        ------
        IndexError
            If there is no such entry.
        TypeError
            If an entry is no whole number.
        ValueError
            If there are none.
        """
        rows = list(whole_numbers(entries, "entries", "an entry"))
        for row in rows:
            if not 0 <= row < len(self):
                raise IndexError(
                    f"there is no entry {row}: the palette has the entries 0 to "
                    f"{len(self) - 1}."
                )
        classes, shares = self.classes, self.learned_shares
        # Pixels of entries that are left out go to others, and lie farther from them.
        is_whole = sorted(rows) == list(range(len(self)))
        known = self if is_whole else self.unlearned()
        return replace(
            known,
            colors=self.colors[rows],
            counts=None if self.counts is None else self.counts[rows],
            names=None if self.names is None else tuple(self.names[i] for i in rows),
            locked=tuple(new for new, old in enumerate(rows) if old in self.locked),
            classes=classes and tuple(classes[i] for i in rows),
            learned_shares=tuple(shares[i] for i in rows)
            if shares and is_whole
            else None,
        )

    def in_units(self, units: str, white: float | None = None) -> Palette:
        """Return the palette in the units of other images.

        Black is 0 in all units. Each value is multiplied by the new white and divided
        by the old one: 8-bit colours become what ``image / 255`` holds, to the last
        bit, and 16-bit colours that were made of them come back as they were.

        Parameters
        ----------
        units : str
            dtype of the images.
        white : float, optional
            The value of white in them, by default the largest integer of the dtype, or
            1 for floats.

        Returns
        -------
        Palette
            With converted colours.

        Raises
        ------
        TypeError
            If `white` is no number.
        ValueError
            If the palette's own units are not known, these are no dtype of images, or
            white is not a value above 0 that they can have.
        """
        if not is_word(units, UNITS):
            raise ValueError(
                f"the units are {shown(units)}: pass one of {', '.join(UNITS)}."
            )
        own = self.white_value
        if own is None:
            raise ValueError(
                "the palette's units are not known: make it with units='uint8', or "
                "those that its colors have."
            )
        if white is None:
            white = white_of(units)
        white = check_white(white, units, "white")
        # Not by their quotient, which is rounded.
        colors, distance = self.colors * white / own, self.learned_distance
        if distance is not None and self.color_space == PLAIN_SPACE:
            distance = distance * white / own
        limits = self.background and [one * white / own for one in self.background]
        known: Any = {"units": units, "white": white, "background": limits}
        converted = replace(self, learned_distance=distance)
        return replace(converted, colors=colors, **known)

    @staticmethod
    def from_dict(plain: Mapping[str, Any]) -> Palette:
        """Return the palette that :meth:`as_dict` made plain data of.

        Parameters
        ----------
        plain : mapping
            All but ``"colors"`` may be missing.

        Returns
        -------
        Palette
            The palette.

        Raises
        ------
        TypeError
            As :class:`Palette`.
        ValueError
            As :class:`Palette`, or if there are no colours.
        """
        if not isinstance(plain, Mapping):
            raise TypeError(f"plain is {shown(plain)}: pass a dict.")
        if "colors" not in plain:
            raise ValueError("there are no colors.")
        names = [field.name for field in fields(Palette)]
        return Palette(**{name: plain[name] for name in names if name in plain})

    def save(self, path: str | PathLike[str]) -> None:
        """Write the palette in the format that the path's suffix names.

        Parameters
        ----------
        path : str or path-like
            ``.json`` keeps everything, ``.csv`` all but the locks; both take any
            channels. ``.gpl`` (GIMP), ``.pal`` (JASC), ``.ase`` (Adobe Swatch Exchange)
            and ``.aco`` (Photoshop swatches) take RGB for other programs; all but
            ``.pal`` with names, none with classes.

        Raises
        ------
        ValueError
            If the suffix is unknown or the format cannot hold the palette.
        OSError
            If the file cannot be written.
        """
        from napari_colorquant.formats.registry import save_palette

        save_palette(self, path, columns_of(self))

    @staticmethod
    def load(path: str | PathLike[str]) -> Palette:
        """Read a palette that :meth:`save`, or another program, wrote.

        Parameters
        ----------
        path : str or path-like
            A file ending in ``.json``, ``.csv``, ``.gpl``, ``.pal``, ``.ase`` or
            ``.aco``.

        Returns
        -------
        Palette
            The palette in the file.

        Raises
        ------
        ValueError
            If the suffix is unknown or the file is damaged.
        OSError
            If the file cannot be read.
        """
        from napari_colorquant.formats.registry import load_palette

        data = load_palette(path)
        try:
            return palette_of(data)
        except ValueError as error:
            raise ValueError(f"{Path(path)}: {error}") from error


def palette_of(data: PaletteData) -> Palette:
    """Return a palette of what a file says; raise ValueError as Palette."""
    return Palette(*(getattr(data, field.name) for field in fields(data)))


def label_dtype(n_colors: int) -> np.dtype[np.unsignedinteger]:
    """Return uint8 for up to 255 entries and uint16 above, as label 0 is no entry."""
    return np.dtype(np.uint8 if n_colors <= 255 else np.uint16)


def first_of_class(palette: Palette) -> NDArray[np.int64]:
    """Return, for each entry, the first one of its class, (K,); itself if it has none.

    Entries share a class by its name.
    """
    firsts: dict[str, int] = {}
    classes = palette.classes or ("",) * len(palette)
    return np.array(
        [firsts.setdefault(one, i) if one else i for i, one in enumerate(classes)]
    )


def as_palette(colors: Palette | ArrayLike | None) -> Palette | None:
    """Return a palette for colours, (K, C), or for a palette itself; None for None."""
    if colors is None or isinstance(colors, Palette):
        return colors
    return Palette(colors)
