"""What can be done with what a run works on, one piece of work at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from napari_colorquant.core.compute.progress import Progress, Steps, half_of, standing
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.result_layers import (
    channel_layers,
    result_layers,
    slice_layers,
)
from napari_colorquant.viewer.layers.source import Source
from napari_colorquant.viewer.tasks.channels import (
    apply_to_channels,
    classes_of_channels,
    joint_steps,
    quantize_channels,
)
from napari_colorquant.viewer.tasks.compare import compare_methods
from napari_colorquant.viewer.tasks.lazy_channels import (
    lazy_joint_steps,
    loaded_channels_steps,
)
from napari_colorquant.viewer.tasks.quantize import (
    apply_to_source,
    classes_of_source,
    quantize_loaded,
    quantize_source,
    quantize_source_slices,
)
from napari_colorquant.viewer.tasks.scaling import scaled_parameters
from napari_colorquant.viewer.tasks.work import Work, coarse_work, locate

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.curve import Curve
    from napari_colorquant.core.quantization.report import Report

R = TypeVar("R")


def quantize_work(work: Work, parameters: Parameters) -> Steps[Any]:
    """Return the steps that quantize what was taken; work_layers takes their result."""
    source, painted = work.source, (work.seeds, work.per_class)
    if isinstance(source, ChannelSource):
        return quantize_channels(source, parameters, *painted)
    if work.slice_axis is not None:
        return quantize_source_slices(source, parameters, work.slice_axis)
    return quantize_source(source, parameters, *painted)


def quantize_coarse(work: Work, parameters: Parameters) -> Steps[Any]:
    """Quantize a coarser view in memory; work_layers takes the result."""
    source, whole = work.source, work.whole
    if whole is not None:
        parameters = yield from half_of(_classes_of(whole, parameters), 0)
        steps = quantize_coarse(replace(work, whole=None), parameters)
        return (yield from half_of(steps, 1))
    if isinstance(source, Source) and source.lazy_levels:
        return (yield from quantize_loaded(source, parameters, work.slice_axis))
    if isinstance(source, ChannelSource) and source.lazy_levels:
        source = yield from half_of(loaded_channels_steps(source), 0)
        return (yield from half_of(quantize_channels(source, parameters), 1))
    return (yield from quantize_work(work, parameters))


def _classes_of(work: Work, parameters: Parameters) -> Steps[Parameters]:
    assert work.seeds is not None
    if isinstance(work.source, ChannelSource):
        return classes_of_channels(work.source, parameters, work.seeds, work.per_class)
    return classes_of_source(work.source, parameters, work.seeds, work.per_class)


def apply_to_work(work: Work, palette: Palette) -> Steps[Any]:
    """Return the steps that redraw what was taken in one palette, also all slices.

    They return what work_layers takes of this work without its slice_axis.
    """
    if isinstance(work.source, ChannelSource):
        return apply_to_channels(work.source, palette)
    return apply_to_source(work.source, palette)


def compare_work(work: Work, parameters: Parameters) -> Steps[Any]:
    """Return the steps of compare_methods, for work of one layer and one palette."""
    assert isinstance(work.source, Source)  # see `for_comparison`
    return compare_methods(work.source, parameters, work.seeds, work.per_class)


def curve_steps_of(
    work: Work, parameters: Parameters
) -> Generator[object, None, Curve]:
    """Measure the errors of palettes of what was taken; one palette for all slices.

    Yield Progress and CurvePoints. Of several layers, the errors are those of the
    scaled channels.
    """
    from napari_colorquant.core.quantization.curve import (
        curve_lazily_steps,
        curve_steps,
    )
    from napari_colorquant.core.quantization.lazy_seeds import lazy_seeds_steps
    from napari_colorquant.core.quantization.seeds import seeds_steps

    source = work.source
    if isinstance(source, Source) and source.lazy_levels:
        if work.seeds is None:
            return (yield from curve_lazily_steps(source.lazy_levels[0], parameters))
        learning = classes_of_source(source, parameters, work.seeds, work.per_class)
        parameters = yield from half_of(learning, 0)
        steps = curve_lazily_steps(source.lazy_levels[0], parameters)
        return (yield from half_of(steps, 1))
    if isinstance(source, ChannelSource) and source.lazy_levels:
        lazily = lazy_joint_steps(source)
        channels, levels = yield from half_of(half_of(lazily, 0), 0)
        parameters = scaled_parameters(parameters, channels)
        if work.seeds is not None:
            learning = lazy_seeds_steps(
                levels[0], work.seeds, parameters, work.per_class
            )
            parameters = yield from half_of(half_of(learning, 1), 0)
        return (yield from half_of(curve_lazily_steps(levels[0], parameters), 1))
    is_joint = isinstance(source, ChannelSource)
    if isinstance(source, ChannelSource):
        channels, pixels = yield from half_of(joint_steps(source), 0)
        parameters = scaled_parameters(parameters, channels)
    else:
        pixels = source.levels_in_memory[0]
    if work.seeds is not None:
        seeds = cast("NDArray[Any]", work.seeds)
        learning = seeds_steps(pixels, seeds, parameters, work.per_class)
        begun = Progress("survey", int(is_joint), 2)
        parameters = yield from standing(learning, begun)
    steps = curve_steps(pixels, parameters)
    return (yield from half_of(steps, 1) if is_joint else steps)


def located_steps(
    work: Work,
    make_steps: Callable[[Work], Generator[Any, None, R]],
    *,
    is_live: bool = False,
) -> Generator[Any, None, tuple[Work, R]]:
    """Locate in a thread what was taken in the window's, as regions take a while.

    Then run make_steps on it, or on a coarser view if live; return what they worked on,
    and what they return.
    """
    work = locate(work)
    if is_live:
        work = coarse_work(work)
    return work, (yield from make_steps(work))


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
