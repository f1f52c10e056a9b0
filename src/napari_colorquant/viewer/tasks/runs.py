"""What can be done with what a run works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.layers.result_layers import RunResult
from napari_colorquant.viewer.tasks.compare import compare_methods, original_levels
from napari_colorquant.viewer.tasks.quantize import (
    apply_to_input,
    loaded,
    quantize_input,
    with_seeds,
)
from napari_colorquant.viewer.tasks.work import Work, coarse_work, locate

if TYPE_CHECKING:
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.curve import Curve, CurvePoint

R = TypeVar("R")


def quantize_work(work: Work, parameters: Parameters, monitor: Monitor) -> RunResult:
    """Quantize what was taken; work_layers takes the result."""
    return quantize_input(
        work.image,
        parameters,
        monitor,
        seeds=work.seeds,
        per_class=work.per_class,
        slice_axis=work.slice_axis,
    )


def quantize_coarse(work: Work, parameters: Parameters, monitor: Monitor) -> RunResult:
    """Quantize a coarser view in memory; work_layers takes the result."""
    if work.whole is not None:
        parameters = _classes_of(work.whole, parameters, monitor.part(0.0, 0.5))
        work, monitor = replace(work, whole=None), monitor.part(0.5, 1.0)
    image, monitor = loaded(work.image, monitor)
    return quantize_work(replace(work, image=image), parameters, monitor)


def _classes_of(work: Work, parameters: Parameters, monitor: Monitor) -> Parameters:
    from napari_colorquant.core.channels.quantize_channels import classes_of_joint
    from napari_colorquant.core.quantization.seeds import learn_classes

    assert work.seeds is not None
    image, given = work.image, (parameters, work.seeds, work.per_class, monitor)
    if image.is_together:
        return classes_of_joint(image.channels, image.levels, *given)
    return learn_classes(image.largest, *given)


def apply_to_work(work: Work, palette: Palette, monitor: Monitor) -> RunResult:
    """Redraw what was taken in one palette, also all slices.

    work_layers takes the result.
    """
    return apply_to_input(work.image, palette, monitor)


def compare_work(
    work: Work, parameters: Parameters, monitor: Monitor
) -> tuple[list[Any], dict[str, RunResult]]:
    """Quantize by every method, for work of one layer and one palette.

    Return the levels of the original and the results of compare_methods.
    """
    comparing = monitor.part(0.0, 0.95)
    given = (work.image, parameters, work.seeds, work.per_class)
    results = compare_methods(*given, comparing)
    return original_levels(work.image, monitor.part(0.95, 1.0)), results


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
    from napari_colorquant.core.channels.scaling import scaled_parameters
    from napari_colorquant.core.channels.stack import joint
    from napari_colorquant.core.quantization.curve import curve_of

    image = work.image.largest
    if work.image.is_together:
        given = (work.image.channels, work.image.levels[:1])
        channels, (image,) = joint(*given, monitor.part(0.0, 0.25))
        parameters = scaled_parameters(parameters, channels)
        monitor = monitor.part(0.25, 1.0)
    asked = (image, parameters, work.seeds, work.per_class)
    parameters, monitor = with_seeds(*asked, monitor)
    return curve_of(image, parameters, found, monitor)


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
