"""What can be done with what a run works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.result_layers import (
    channel_layers,
    result_layers,
    slice_layers,
)
from napari_colorquant.viewer.layers.source import Source
from napari_colorquant.viewer.tasks.channels import (
    apply_to_channels,
    loaded_channels,
    quantize_channel_source,
)
from napari_colorquant.viewer.tasks.compare import compare_methods, original_levels
from napari_colorquant.viewer.tasks.quantize import (
    apply_to_source,
    quantize_loaded,
    quantize_source,
    quantize_source_slices,
)
from napari_colorquant.viewer.tasks.work import Work, coarse_work, locate

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.curve import Curve, CurvePoint
    from napari_colorquant.core.quantization.report import Report

R = TypeVar("R")


def quantize_work(work: Work, parameters: Parameters, monitor: Monitor) -> Any:
    """Quantize what was taken; work_layers takes the result."""
    source, painted = work.source, (work.seeds, work.per_class)
    if isinstance(source, ChannelSource):
        return quantize_channel_source(source, parameters, *painted, monitor)
    if work.slice_axis is not None:
        return quantize_source_slices(source, parameters, work.slice_axis, monitor)
    return quantize_source(source, parameters, *painted, monitor)


def quantize_coarse(work: Work, parameters: Parameters, monitor: Monitor) -> Any:
    """Quantize a coarser view in memory; work_layers takes the result."""
    if work.whole is not None:
        parameters = _classes_of(work.whole, parameters, monitor.part(0.0, 0.5))
        work, monitor = replace(work, whole=None), monitor.part(0.5, 1.0)
    source = work.source
    if isinstance(source, Source) and source.is_lazy:
        return quantize_loaded(source, parameters, work.slice_axis, monitor)
    if isinstance(source, ChannelSource) and source.is_lazy:
        source = loaded_channels(source, monitor.part(0.0, 0.5))
        given = (source, parameters, None, 1)
        return quantize_channel_source(*given, monitor.part(0.5, 1.0))
    return quantize_work(work, parameters, monitor)


def _classes_of(work: Work, parameters: Parameters, monitor: Monitor) -> Parameters:
    from napari_colorquant.core.channels.quantize_channels import classes_of_joint
    from napari_colorquant.core.quantization.levels import learn_classes

    assert work.seeds is not None
    source, given = work.source, (parameters, work.seeds, work.per_class, monitor)
    if isinstance(source, ChannelSource):
        return classes_of_joint(source.channels, source.levels, *given)
    return learn_classes(source.levels[0], *given)


def apply_to_work(work: Work, palette: Palette, monitor: Monitor) -> Any:
    """Redraw what was taken in one palette, also all slices.

    Return what work_layers takes of this work without its slice_axis.
    """
    if isinstance(work.source, ChannelSource):
        return apply_to_channels(work.source, palette, monitor)
    return apply_to_source(work.source, palette, monitor)


def compare_work(work: Work, parameters: Parameters, monitor: Monitor) -> Any:
    """Quantize by every method, for work of one layer and one palette.

    Return the levels of the original and the results of compare_methods.
    """
    source, painted = work.source, (work.seeds, work.per_class)
    assert isinstance(source, Source)  # see `for_comparison`
    results = compare_methods(source, parameters, *painted, monitor.part(0.0, 0.95))
    return original_levels(source, monitor.part(0.95, 1.0)), results


def curve_of_work(
    work: Work,
    parameters: Parameters,
    found: Callable[[CurvePoint], object],
    monitor: Monitor,
) -> Curve:
    """Measure the errors of palettes of what was taken; one palette for all slices.

    found gets each point at once. Of several layers, the errors are those of the scaled
    channels.
    """
    from napari_colorquant.core.channels.channel import scaled_parameters
    from napari_colorquant.core.channels.stack import joint
    from napari_colorquant.core.quantization.curve import (
        curve_of_blocks,
        curve_of_pixels,
    )
    from napari_colorquant.core.quantization.levels import learn_classes

    source, start = work.source, 0.0
    image: Pixels | Blocks
    if isinstance(source, ChannelSource):
        given, start = (source.channels, source.levels[:1]), 0.25
        channels, (image,) = joint(*given, monitor.part(0.0, start))
        parameters = scaled_parameters(parameters, channels)
    else:
        image = source.levels[0]
    if work.seeds is not None:
        learning, start = monitor.part(start, 0.5), 0.5
        parameters = learn_classes(
            image, parameters, work.seeds, work.per_class, learning
        )
    measuring = monitor.part(start, 1.0)
    if isinstance(image, Blocks):
        return curve_of_blocks(image, parameters, found, measuring)
    return curve_of_pixels(image, parameters, found, measuring)


def do_located(
    work: Work, do: Callable[..., R], *given: Any, is_live: bool
) -> tuple[Work, R]:
    """Locate in a thread what was taken in the window's, as regions take a while.

    Then do something with it, or with a coarser view if live; return what it was done
    with, and its result. given: what do takes besides, the monitor last.
    """
    work = locate(work)
    if is_live:
        work = coarse_work(work)
    return work, do(work, *given)


def work_layers(work: Work, results: Any) -> tuple[Image, Labels]:
    """Return the picture and the labels that show a result."""
    if isinstance(work.source, ChannelSource):
        return channel_layers(work.source, results)
    if work.slice_axis is not None:
        return slice_layers(work.source, results)
    return result_layers(work.source, results)


def work_report(work: Work, results: Any) -> Report:
    """Return the report of the largest level."""
    if isinstance(work.source, ChannelSource):
        report: Report = results.levels[0].report
    else:
        report = results[0].report
    return report
