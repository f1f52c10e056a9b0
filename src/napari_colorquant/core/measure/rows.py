"""The rows that a table of areas or objects has: one an entry, or one a class."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.validate import is_layer
from napari_colorquant.core.palette.appearance import (
    blended,
    hex_of,
    usual_channels,
)
from napari_colorquant.core.palette.palette import first_of_class
from napari_colorquant.core.quantization.result import Quantization, SliceQuantization

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette

KINDS = ("entry", "class")
"""What a row may be of."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What is measured of a palette, in the order of labels.

    labels: of each row, (R,); row_of: the row of each entry, (K,).
    """

    labels: NDArray[np.int64]
    row_of: NDArray[np.int64]
    names: tuple[str, ...]
    classes: tuple[str, ...]


def check_measured(q: object) -> Quantization | SliceQuantization:
    """Return what is measured; raise TypeError if it is no quantization of labels."""
    if is_layer(q):
        raise TypeError(
            f"q is the layer {shown(getattr(q, 'name', None))}: pass a labels layer of "
            "a result to `measure_layer`."
        )
    if not isinstance(q, Quantization | SliceQuantization):
        raise TypeError(
            f"q is {shown(q)}: pass what `quantize`, `apply_palette` or "
            "`quantize_slices` returned."
        )
    if q.labels.dtype.kind not in "biu":
        raise TypeError(
            f"the labels have the dtype {q.labels.dtype}: pass whole numbers from 0."
        )
    return q


def check_by(by: object) -> str:
    """Return what a row is of; raise ValueError if it is none of KINDS."""
    if not is_word(by, KINDS):
        raise ValueError(
            Sentence("{by} is {value}: pass 'entry' or 'class'.", value=shown(by))
        )
    return str(by)


def rows_of(palette: Palette, by: str) -> Rows:
    """Return the rows of a palette; entries that share a class are one by "class".

    Raise ValueError where the row of an entry would have the name of a class.
    """
    n = len(palette)
    names = palette.names or ("",) * n
    classes = palette.classes or ("",) * n
    for label, (name, own) in enumerate(zip(names, classes, strict=True), 1):
        if by == "class" and name and not own and name in classes:
            raise ValueError(
                f"the class {name!r} has the name of the entry with the label {label}, "
                "which has no class: rename one of them, or put the entry into the "
                "class."
            )
    firsts = np.arange(n) if by == "entry" else first_of_class(palette)
    entries, row_of = np.unique(firsts, return_inverse=True)
    kept = entries.tolist()
    return Rows(
        entries + 1,
        row_of.astype(np.int64),
        tuple((classes[i] if by == "class" else "") or names[i] for i in kept),
        tuple(classes[i] for i in kept),
    )


def mean_palette(palette: Palette, rows: Rows) -> Palette:
    """Return a palette of one entry a row: the mean colour and the pixels of a class.

    The mean is that of its pixels, or of its entries where no number is known.
    """
    n = len(rows.labels)
    known = np.ones(len(palette)) if palette.counts is None else palette.counts
    weights = np.asarray(known, np.float64)
    total = np.bincount(rows.row_of, weights, n)
    weights = np.where(total[rows.row_of] > 0, weights, 1.0)
    weights /= np.bincount(rows.row_of, weights, n)[rows.row_of]
    scale = power_of_two_scale(float(np.abs(palette.colors).max()))
    means = np.zeros((n, palette.n_channels))
    np.add.at(means, rows.row_of, palette.colors * scale * weights[:, np.newaxis])
    counts = None
    if palette.counts is not None:
        counts = np.zeros(n, np.int64)
        np.add.at(counts, rows.row_of, palette.counts)
    firsts = palette.select((rows.labels - 1).tolist())
    return replace(firsts, colors=means / scale, counts=counts)


def hexes_of(palette: Palette, rows: Rows) -> list[str]:
    """Return the web colour of each row, the mean of a class, as all tables have it."""
    # In the limits of all entries, so that those without a class keep their colours.
    channels = usual_channels(palette, palette.units, palette.n_channels)
    return [hex_of(color) for color in blended(mean_palette(palette, rows), channels)]
