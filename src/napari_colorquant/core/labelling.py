"""An image's labels with their palette, edited together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.arguments import sequence, shown
from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.core.blocks import Blocks, as_blocks, as_dask, see_blocks
from napari_colorquant.core.editing import edit_palette
from napari_colorquant.core.edits import Edit, Remove
from napari_colorquant.core.palette import label_dtype
from napari_colorquant.core.parallel import map_chunks, map_in_order
from napari_colorquant.core.pipeline import (
    Quantization,
    apply_steps,
    check_quantization,
)
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.quality import measure_quality
from napari_colorquant.core.redraw import draw_tile, drawn_labels
from napari_colorquant.core.slicing import axis_of_labels, outline_of, see_slices
from napari_colorquant.core.steps import Steps, complete
from napari_colorquant.core.white import known_white

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.palette import Palette


@dataclass(frozen=True, slots=True, eq=False)
class Labelling:
    """Hold the labels of an image and the palette that they number.

    labels: one array a level, never written to, of dask for a lazy image, none for a
    palette alone. 0, and what is beyond the palette, belongs to no entry.
    """

    palette: Palette
    labels: tuple[NDArray[Any], ...] = ()
    counts_are_estimates: bool = False


def edit(
    quantization: Quantization,
    image: ArrayLike,
    edits: Edit | Sequence[Edit],
    *,
    channel_axis: int | None = -1,
) -> Quantization:
    """Edit the palette of a quantized image, and with it the image and its labels.

    Parameters
    ----------
    quantization : Quantization
        What :func:`napari_colorquant.quantize` or ``apply_palette`` returned; left as
        it is.
    image : array_like
        The image that was quantized. Where an entry is removed, each of its pixels goes
        to the nearest one that remains; the errors are measured again, those of an
        image larger than memory on the pixels that are read to learn from.
    edits : Edit or sequence of Edit
        :class:`Recolor`, :class:`Merge`, :class:`Remove`, :class:`Rename`,
        :class:`Lock` and :class:`Sort`, done one after another: each one counts the
        entries as the one before has left them.
    channel_axis : int or None
        As for :func:`napari_colorquant.quantize`.

    Returns
    -------
    Quantization
        With the edited palette. Of a lazy image, labels and picture are lazy, and where
        an entry was removed from one larger than memory, the counts are estimates.

    Raises
    ------
    TypeError
        If it is no quantization, something is no edit, or as
        :func:`napari_colorquant.quantize`.
    ValueError
        If an edit cannot be done, or the image has another shape.

    Examples
    --------
    >>> q = quantize(image, 8)
    >>> q = edit(q, image, [Merge([2, 3]), Rename(0, "nuclei"), Lock([0])])
    """
    check_quantization(quantization)
    levels: tuple[Pixels, ...] | tuple[Blocks, ...]
    lazy = is_lazy(quantization.labels)
    if lazy:
        levels = (known_white(see_blocks(image, channel_axis), quantization.palette),)
    else:
        levels = (known_white(see_pixels(image, channel_axis), quantization.palette),)
    if levels[0].shape != quantization.labels.shape:
        raise ValueError(
            f"the image has the shape {levels[0].image.shape} and the labels "
            f"{quantization.labels.shape}: pass the image that was quantized."
        )
    if isinstance(edits, Edit):
        edits = [edits]
    edits = sequence(edits, "edits", "edits, such as Merge([2, 3])")
    for one in edits:
        if not isinstance(one, Edit):
            raise TypeError(f"an edit is {shown(one)}: pass one such as Merge([2, 3]).")
    labelling = Labelling(
        quantization.palette,
        (quantization.labels,),
        quantization.report.counts_are_estimates,
    )
    for one in edits:
        labelling = complete(edit_steps(labelling, one, levels))
    (labels,), palette = labelling.labels, labelling.palette
    if lazy:
        from napari_colorquant.core.lazy_labelling import redrawn as redrawn_lazily

        picture = see_blocks(quantization.image, channel_axis)
        redrawn: NDArray[Any] = redrawn_lazily(picture, labels, palette)
        counts = palette.counts
    else:
        redrawn = quantization.image.copy()
        redraw_picture(see_pixels(redrawn, channel_axis), labels, palette)
        counts = count_labels(labels, len(palette))
    outline = levels[0].outline if isinstance(levels[0], Blocks) else levels[0]
    quality = measure_quality(
        image,
        redrawn,
        channel_axis=channel_axis,
        mask=labels > 0,
        data_range=outline.white,
    )
    report = replace(
        quantization.report,
        mse=quality.mse,
        psnr=quality.psnr,
        delta_e=None,
        n_colors_after=0 if counts is None else int(np.count_nonzero(counts)),
        counts_are_estimates=labelling.counts_are_estimates,
    )
    return Quantization(palette, labels, redrawn, report)


def edit_steps(
    labelling: Labelling,
    edit: Edit,
    levels: Sequence[Pixels] | Sequence[Blocks] = (),
) -> Steps[Labelling]:
    """Return a labelling after an edit; labels that do not change are the same arrays.

    levels: the image, one a level of the labels, needed to remove entries. Progress is
    yielded only while the pixels of removed entries are assigned.
    """
    palette, places = edit_palette(labelling.palette, edit)
    if not labelling.labels or np.array_equal(places, np.arange(len(places))):
        return replace(labelling, palette=palette)
    if isinstance(edit, Remove) and len(levels) != len(labelling.labels):
        raise ValueError(
            "removing needs the image, as each pixel goes to its own nearest entry, "
            "and the image is gone: merge the entry with another one."
        )
    if any(map(is_lazy, labelling.labels)) or any(
        isinstance(one, Blocks) for one in levels
    ):
        from napari_colorquant.core.lazy_labelling import relabelled_steps

        blocks = [one if isinstance(one, Blocks) else as_blocks(one) for one in levels]
        return (yield from relabelled_steps(labelling, edit, palette, places, blocks))
    if isinstance(edit, Remove):
        relabelled = []
        for labels, pixels in zip(labelling.labels, levels, strict=True):
            assert isinstance(pixels, Pixels)  # as the labels are in memory
            new = relabel(labels, places, len(palette))
            found = yield from _assign_anew(pixels, labels, edit.entries, palette)
            if found is not None:
                np.copyto(new, found, where=found > 0)
            relabelled.append(new)
        return counted(Labelling(palette, tuple(relabelled)))
    moved = (relabel(labels, places, len(palette)) for labels in labelling.labels)
    return replace(labelling, palette=palette, labels=tuple(moved))


def relabel(
    labels: NDArray[Any], places: NDArray[np.int64], n_colors: int
) -> NDArray[Any]:
    """Return labels renumbered by the new index of each entry; GONE becomes label 0.

    Labels beyond the palette stay. n_colors: entries of the new palette.
    """
    largest = int(labels.max())
    table = np.arange(max(len(places), largest) + 1)
    table[1 : len(places) + 1] = places + 1
    beyond = largest if largest > len(places) else 0
    renumbered = table.astype(label_dtype(max(n_colors, beyond)))
    flat, new = labels.reshape(-1), np.empty(labels.size, renumbered.dtype)

    def renumber(first: int, last: int) -> None:
        # Not table[...]: it would hold all other threads up meanwhile. No label is
        # beyond the table, and nothing is clipped.
        np.take(renumbered, flat[first:last], out=new[first:last], mode="clip")

    map_chunks(renumber, labels.size)
    return new.reshape(labels.shape)


def redraw_picture(picture: Pixels, labels: NDArray[Any], palette: Palette) -> None:
    """Write palette colours to a picture, where the label is one of the palette's.

    Opacities and all other pixels stay.
    """
    drawn = drawn_labels(palette, picture)

    def draw(tile: Tile) -> None:
        tile_labels = labels[tile].reshape(-1)
        tile_labels = tile_labels * (tile_labels <= len(palette))  # what is painted: 0
        draw_tile(picture, tile, tile_labels, drawn)

    for _ in map_in_order(draw, picture.tiles()):
        pass


def redrawn_in_palettes(
    image: Pixels | Blocks,
    labels: Any,
    palettes: Sequence[Palette],
    slice_axis: int | None = None,
) -> Pixels | Blocks:
    """Return a copy of an image, without its masks and white, with labels drawn in it.

    palettes: one, or one a slice. Pixels whose label is 0 or beyond the palette stay.
    """
    if isinstance(image, Pixels):
        axis = -1 if image.alpha is not None else image.channel_axis
        copy = see_pixels(image.image.copy(), axis)
        for part, own, palette in _in_slices(copy, labels, palettes, slice_axis):
            redraw_picture(part, own, palette)
        return copy
    from napari_colorquant.core.lazy_labelling import redrawn

    drawn = [
        redrawn(part, as_dask(own, "labels"), palette)
        for part, own, palette in _in_slices(image, labels, palettes, slice_axis)
    ]
    stacked = drawn[0]
    if slice_axis is not None:
        import dask.array as da

        stacked = da.stack(drawn, axis=slice_axis)
    return see_blocks(stacked, image.channel_axis)


def _in_slices(
    image: Any, labels: Any, palettes: Sequence[Palette], slice_axis: int | None
) -> Iterator[tuple[Any, Any, Palette]]:
    if slice_axis is None:
        yield image, labels, palettes[0]
        return
    axis = axis_of_labels(outline_of(image), slice_axis)
    parts = see_slices(image, slice_axis)
    for number, (part, palette) in enumerate(zip(parts, palettes, strict=True)):
        yield part, labels[(slice(None),) * axis + (number,)], palette


def count_labels(labels: NDArray[Any], n_colors: int) -> NDArray[np.int64]:
    """Return the pixels of each of K entries; other labels are left out."""
    counts = np.zeros(n_colors + 2, np.int64)
    # Chunks, as `bincount` makes eight bytes of each label.
    for chunk in np.array_split(labels.reshape(-1), labels.size // 2**20 + 1):
        within = np.minimum(chunk, np.int64(n_colors + 1))
        counts += np.bincount(within, minlength=n_colors + 2)
    return counts[1:-1]


def counted(labelling: Labelling) -> Labelling:
    """Return a labelling with new counts, those of the largest level."""
    counts = count_labels(labelling.labels[0], len(labelling.palette))
    return Labelling(replace(labelling.palette, counts=counts), labelling.labels)


def _assign_anew(
    pixels: Pixels, labels: NDArray[Any], entries: Sequence[int], palette: Palette
) -> Steps[NDArray[Any] | None]:
    """Return labels for the pixels of removed entries; None where there are none."""
    table = np.zeros(max(max(entries) + 1, int(labels.max())) + 1, bool)
    table[np.array(entries) + 1] = True
    removed = replace(pixels, mask=np.take(table, labels, mode="clip"))
    if not removed.any_valid():
        return None  # none, or painted where there is no color
    assigned = yield from apply_steps(removed, palette)
    return assigned.labels
