"""What is done with an image or channels that were taken: quantized, or redrawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast

from napari_colorquant.core.color.stains import stand_in
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import axis_of_labels, without_masks
from napari_colorquant.core.image.validate import is_layer, is_lazy
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.composite import draw_composite
from napari_colorquant.viewer.layers.image_input import ImageInput
from napari_colorquant.viewer.layers.region_masks import Region
from napari_colorquant.viewer.layers.result_layers import RunResult
from napari_colorquant.viewer.tasks.work import Work, coarse_work, locate

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Labels, Shapes
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.channels.stack import Level
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quality.curve import Curve, CurvePoint
    from napari_colorquant.core.quantization.painted import LazySeeds
    from napari_colorquant.core.quantization.run import GivenStains

R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Applied:
    """A palette to redraw images in, and what is said of them.

    max_distance: how far pixels may be from their entry. stains, stain_scale: of the
    images; None for those that are estimated of each.
    """

    palette: Palette
    max_distance: float | None = None
    stains: ArrayLike | None = None
    stain_scale: Sequence[float] | None = None

    @property
    def given(self) -> GivenStains:
        """The stains that are not to be estimated; ValueError if they do not fit."""
        from napari_colorquant.core.quantization.levels import given_for

        return given_for(self.palette, self.stains, self.stain_scale)


A = TypeVar("A", "Parameters", Applied)


def quantize_work(work: Work, parameters: Parameters, monitor: Monitor) -> RunResult:
    """Quantize what was taken."""
    return quantize_input(
        work.image,
        with_found_limits(work, parameters, monitor),
        monitor,
        seeds=work.seeds,
        per_class=work.per_class,
        slice_axis=work.slice_axis,
    )


def quantize_coarse(work: Work, parameters: Parameters, monitor: Monitor) -> RunResult:
    """Quantize a coarser view in memory."""
    if work.whole is not None:
        parameters = with_found_limits(work.whole, parameters, monitor)
        if work.seeds is not work.whole.seeds:
            parameters = _classes_of(work.whole, parameters, monitor.part(0.0, 0.5))
            monitor = monitor.part(0.5, 1.0)
        work = replace(work, whole=None)
    image, monitor = loaded(work.image, monitor)
    return quantize_work(replace(work, image=image), parameters, monitor)


def _classes_of(work: Work, parameters: Parameters, monitor: Monitor) -> Parameters:
    from napari_colorquant.core.channels.joint import classes_of_joint
    from napari_colorquant.core.quantization.seeds import learn_classes

    assert work.seeds is not None
    image, given = work.image, (parameters, work.seeds, work.per_class, monitor)
    if image.is_together:
        return classes_of_joint(image.channels, image.levels, *given)
    return learn_classes(image.largest, *given)


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
    from napari_colorquant.core.channels.joint import quantize_joint
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


def with_found_limits(
    work: Work, parameters: Parameters, monitor: Monitor
) -> Parameters:
    """Return parameters with the limits of the background where the work is empty.

    ValueError if the region covers no pixel.
    """
    from napari_colorquant.core.channels.joint import with_own_limits
    from napari_colorquant.core.quantization.limits import ANY_LIMIT, with_limits

    region, empty = work.empty, cast("Any", work.empty)
    if region is None:
        return parameters
    if isinstance(region, Region):
        empty = region.masks()[0]
        if not is_lazy(empty) and not empty.any():
            raise ValueError(
                f"the region {region.name!r} covers no pixel of {work.name!r}: "
                "pass one that lies where it is empty."
            )
    asked = replace(parameters, background=ANY_LIMIT)
    looking = monitor.part(0.0, 0.0, "read")
    if work.image.is_together:
        return with_own_limits(work.image.levels[0], asked, looking, empty)
    return with_limits(work.image.largest, asked, looking, empty)


def given_or_painted(
    stains: Labels | Shapes | ArrayLike | None,
    scales: Sequence[float] | None,
    weights: Sequence[float] | None = None,
) -> tuple[ArrayLike | None, Labels | Shapes | None]:
    """Return vectors for the parameters, and the layer where stains are painted.

    Where there is such a layer, the vectors stand for those that `with_stains` learns.
    """
    if not is_layer(stains):
        return cast("ArrayLike | None", stains), None
    return stand_in(scales, weights), cast("Labels | Shapes", stains)


def with_stains(
    image: Image, asked: A, painted: ArrayLike | LazySeeds | None, monitor: Monitor
) -> tuple[A, Monitor]:
    """Learn painted stains, if any; return what is asked, and the rest of the monitor.

    painted: the number of the stain of each pixel, 0 where none is.
    """
    from napari_colorquant.core.quantization.stained import painted_stains

    if painted is None:
        return asked, monitor
    given = (without_masks(image), painted, monitor.part(0.0, 0.2))
    learned = replace(asked, stains=painted_stains(*given))
    return learned, monitor.part(0.2, 1.0)


def scales_of_work(
    work: Work, parameters: Parameters, monitor: Monitor
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Measure the density of full staining of each stain, (n,); return notes, too."""
    from napari_colorquant.core.quantization.stained import scales_of

    vectors: Any = parameters.stains
    return scales_of(work.image.largest, vectors, monitor)


def apply_to_work(work: Work, applied: Applied, monitor: Monitor) -> RunResult:
    """Redraw all levels in one palette that there is, in own units; also all slices.

    ValueError if the palette has other channels, or the stains do not fit it.
    """
    from napari_colorquant.core.channels.joint import apply_to_joint
    from napari_colorquant.core.quantization.levels import apply_to_levels

    image, palette, max_distance = work.image, applied.palette, applied.max_distance
    applying, drawing = monitor.part(0.0, 0.9), monitor.part(0.9, 1.0)
    if not image.is_together:
        asked = (image.pictures, palette.uncounted(), applying, max_distance)
        results = apply_to_levels(*asked, applied.given)
        return _as_shown(image.levels, image.channels, results, drawing)
    n_channels = len(image.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    given = (image.channels, image.levels, palette)
    channels, results = apply_to_joint(*given, applying, max_distance)
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
    from napari_colorquant.core.channels.joint import with_own_limits
    from napari_colorquant.core.channels.stack import joint
    from napari_colorquant.core.quantization.curve import curve_of

    image = work.image.largest
    parameters = with_found_limits(work, parameters, monitor)
    if work.image.is_together:
        given = (work.image.channels, work.image.levels[:1])
        looking = monitor.part(0.0, 0.0)
        parameters = with_own_limits(work.image.levels[0], parameters, looking)
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
    with, and its result. given: what do takes besides: what is asked first, the monitor
    last.
    """
    work = locate(work)
    asked, *others, monitor = given
    # Of the whole image: a coarser view could lose what is painted.
    asked, monitor = with_stains(work.image.largest, asked, work.stains, monitor)
    if is_live:
        work = coarse_work(work)
    return work, do(work, asked, *others, monitor)
