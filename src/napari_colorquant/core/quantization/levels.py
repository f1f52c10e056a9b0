"""An image in one or more levels, all in memory or all lazy: the runs of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.quantization.larger import apply_to_levels, quantize_levels
from napari_colorquant.core.quantization.lazy_seeds import learn_seeds_lazily
from napari_colorquant.core.quantization.run import apply_to_pixels, quantize_pixels
from napari_colorquant.core.quantization.seeds import learn_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.lazy_seeds import LazySeeds
    from napari_colorquant.core.quantization.result import Quantization


def quantize_pyramid(
    levels: Sequence[Pixels | Blocks], parameters: Parameters, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Quantize all levels in one palette, learned from the largest, which is the first.

    Of a lazy one, a bounded number of its blocks is read: other levels lack counts.
    """
    first, *others = levels
    if isinstance(first, Blocks):
        return quantize_levels(cast("Sequence[Blocks]", levels), parameters, monitor)
    learning = monitor.part(0.0, 0.8 if others else 1.0)
    result = quantize_pixels(first, parameters, learning)
    applied = apply_to_pyramid(others, result.palette, monitor.part(0.8, 1.0))
    return result, *applied


def apply_to_pyramid(
    levels: Sequence[Pixels | Blocks], palette: Palette, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Redraw all levels in a palette that there is; of lazy ones, the first is read."""
    if levels and isinstance(levels[0], Blocks):
        return apply_to_levels(cast("Sequence[Blocks]", levels), palette, monitor)
    pictures, n_levels = cast("Sequence[Pixels]", levels), len(levels)
    return tuple(
        apply_to_pixels(pixels, palette, monitor.part(i / n_levels, (i + 1) / n_levels))
        for i, pixels in enumerate(pictures)
    )


def learn_classes(
    image: Pixels | Blocks,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
) -> Parameters:
    """Learn painted classes; return parameters in which their entries are fixed.

    ValueError if the seeds do not fit, or there is nothing to learn from.
    """
    if isinstance(image, Blocks):
        return learn_seeds_lazily(image, seeds, parameters, per_class, monitor)
    painted = cast("ArrayLike", seeds)  # not of a layer, where the image is not lazy
    return learn_seeds(image, painted, parameters, per_class, monitor)
