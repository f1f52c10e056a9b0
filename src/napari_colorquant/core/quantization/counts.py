"""The pixels of each palette entry: counted block by block, or estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_colorquant.core.assign.labels import count_labels
from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image.blocks import Blocks, block_tiles
from napari_colorquant.core.image.sampling import Parts, most_pixels
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.quantization.report import with_fit
from napari_colorquant.core.quantization.result import Quantization, check_quantization

if TYPE_CHECKING:
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Tile


def count_all(
    quantization: Quantization,
    *,
    progress: Callable[[Progress], object] | None = None,
) -> Quantization:
    """Count the pixels of each palette entry where there are only estimates.

    All blocks of the image are read and assigned for it.

    Parameters
    ----------
    quantization : Quantization
        What :func:`napari_colorquant.quantize` or ``apply_palette`` returned.
    progress : callable, optional
        Called with a :class:`Progress` after every block. What it raises stops the run
        and is passed on.

    Returns
    -------
    Quantization
        With exact counts in its palette. The errors in the report are still those of
        the blocks that were read to learn from.

    Raises
    ------
    TypeError
        If it is no quantization.

    Examples
    --------
    >>> q = quantize(slide, 32)
    >>> q.report.counts_are_estimates
    True
    >>> q = count_all(q)
    """
    check_quantization(quantization)
    if not (quantization.report.counts_are_estimates and is_lazy(quantization.labels)):
        return quantization
    palette = quantization.palette
    with Monitor(progress) as monitor:
        counts = count_lazily(quantization.labels, len(palette), monitor)
    report = replace(
        quantization.report,
        n_pixels=int(counts.sum()),
        n_colors_after=int(np.count_nonzero(counts)),
        counts_are_estimates=False,
    )
    palette = replace(palette, counts=counts)
    if report.parameters is None:  # an entry may have pixels in other blocks
        report = with_fit(report, palette, is_sampled=False)
    return replace(quantization, palette=palette, report=report)


def estimate_counts(
    image: Image, labels: Any, n_colors: int, monitor: Monitor
) -> tuple[NDArray[np.int64], bool]:
    """Return the pixels of each of K entries, and whether all were counted.

    Of a lazy image with more pixels than a subset, parts from all over it are counted,
    and the counts are scaled to the whole.
    """
    if not isinstance(image, Blocks):
        return count_labels(labels, n_colors), True
    most = most_pixels(image)
    if image.n_pixels <= most:
        return count_lazily(labels, n_colors, monitor), True
    tiles, share = Parts(image, most).sample()
    counts = count_lazily(labels, n_colors, monitor, tiles)
    return np.rint(counts * share).astype(np.int64), False


def count_lazily(
    labels: Any,
    n_colors: int,
    monitor: Monitor,
    tiles: Sequence[Sequence[Tile]] | None = None,
) -> NDArray[np.int64]:
    """Return the pixels of each of K entries, counted block by block.

    Workers of an active cluster do it; raise ConnectionError if its scheduler is gone.
    Label 0 and labels beyond the palette are left out. tiles: parts to count, those of
    a block together; all by default.
    """
    counts = np.zeros(n_colors, np.int64)
    if tiles is None:
        tiles = [[tile] for tile in block_tiles(labels.chunks)]
    count = partial(_count_parts, n_colors)
    jobs = ((count, *(labels[tile] for tile in group)) for group in tiles)
    with active_cluster(monitor, "count") as cluster:
        found = computed_in_order(jobs, cluster, monitor)
        for part in monitor.over("count", found, len(tiles)):
            counts += part
    return counts


def _count_parts(n_colors: int, *parts: NDArray[Any]) -> NDArray[np.int64]:
    counts = np.zeros(n_colors, np.int64)
    for labels in parts:
        counts += count_labels(labels, n_colors)
    return counts
