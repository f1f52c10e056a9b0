"""Quantize what was taken of one layer or several, or redraw it in a palette."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import axis_of_labels
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.composite import draw_composite
from napari_colorquant.viewer.layers.image_input import ImageInput
from napari_colorquant.viewer.layers.result_layers import RunResult

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.channels.stack import Level
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.painted import LazySeeds


def quantize_input(
    image: ImageInput,
    parameters: Parameters,
    monitor: Monitor,
    *,
    seeds: ArrayLike | LazySeeds | None = None,
    per_class: int = 1,
    slice_axis: int | None = None,
) -> RunResult:
    """Quantize all levels in one palette, learned from the largest, or in one a slice.

    Of lazy levels a bounded number of blocks is read. Colours, also fixed ones, are in
    the image's or channels' own units; pictures of channels are RGB, uint8. slice_axis:
    of one layer, z or t.
    """
    # Here, in the worker's thread: they load a compiler, which would stall a viewer.
    from napari_colorquant.core.channels.quantize_channels import quantize_joint
    from napari_colorquant.core.quantization.levels import quantize_levels
    from napari_colorquant.core.quantization.slices import quantize_stack

    learning, drawing = monitor.part(0.0, 0.9), monitor.part(0.9, 1.0)
    if image.is_together:
        given = (image.channels, image.levels, parameters, seeds, per_class)
        channels, found = quantize_joint(*given, learning)
        return _as_shown(image.levels, channels, found, drawing)
    levels = image.pictures
    results: Sequence[Any]
    if slice_axis is not None:
        results = quantize_stack(levels, parameters, slice_axis, learning)
    else:
        seeded = with_seeds(levels[0], parameters, seeds, per_class, learning)
        results = quantize_levels(levels, *seeded)
    return _as_shown(image.levels, image.channels, results, drawing)


def with_seeds(
    image: Image,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> tuple[Parameters, Monitor]:
    """Learn painted classes, if any; return parameters and the rest of the monitor."""
    from napari_colorquant.core.quantization.seeds import learn_classes

    if seeds is None:
        return parameters, monitor
    given = (image, parameters, seeds, per_class)
    return learn_classes(*given, monitor.part(0.0, 0.2)), monitor.part(0.2, 1.0)


def apply_to_input(image: ImageInput, palette: Palette, monitor: Monitor) -> RunResult:
    """Redraw all levels in a palette that there is, in own units.

    ValueError if the palette has other channels.
    """
    from napari_colorquant.core.channels.quantize_channels import apply_to_joint
    from napari_colorquant.core.quantization.levels import apply_to_levels

    applying, drawing = monitor.part(0.0, 0.9), monitor.part(0.9, 1.0)
    if not image.is_together:
        results = apply_to_levels(image.pictures, palette.uncounted(), applying)
        return _as_shown(image.levels, image.channels, results, drawing)
    n_channels = len(image.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    given = (image.channels, image.levels, palette)
    channels, results = apply_to_joint(*given, applying)
    return _as_shown(image.levels, channels, results, drawing)


def loaded(image: ImageInput, monitor: Monitor) -> tuple[ImageInput, Monitor]:
    """Return an input in memory, which should be small, and the rest of the monitor."""
    from napari_colorquant.core.image.sampling import read_subset

    if not image.is_lazy:
        return image, monitor
    reading = monitor.part(0.0, 0.5)
    levels: list[tuple[Image, ...]] = []
    for level in image.levels:
        pictures: list[Image] = []
        for picture in level:
            n_read = len(levels) * len(level) + len(pictures)
            n = len(image.levels) * len(level)
            part = reading.part(n_read / n, (n_read + 1) / n)
            pictures.append(read_subset(picture, 0, part).pixels)
        levels.append(tuple(pictures))
    return replace(image, levels=tuple(levels)), monitor.part(0.5, 1.0)


def _as_shown(
    levels: Sequence[Level],
    channels: tuple[LayerChannel, ...],
    results: Sequence[Any],
    monitor: Monitor,
) -> RunResult:
    """Return results, one a level, with those of channels drawn in colour."""
    shown = []
    for i, (level, result) in enumerate(zip(levels, results, strict=True)):
        if not channels:
            shown.append(result)
            continue
        palettes = getattr(result, "palettes", (result.palette,))
        axis = getattr(result, "slice_axis", None)
        if axis is not None:
            axis = axis_of_labels(level[0].outline, axis)
        part = monitor.part(i / len(results), (i + 1) / len(results))
        drawn = draw_composite(level, channels, palettes, result.labels, axis, part)
        shown.append(replace(result, image=drawn))
    monitor("assign", 1.0)
    return RunResult(channels, tuple(shown))
