"""The run of several channels in one palette, of any number of levels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.channels.channel import (
    Channel,
    in_own_units,
    scaled_palette,
    scaled_parameters,
    with_classes,
)
from napari_colorquant.core.channels.stack import (
    C,
    Level,
    joint,
    outline_of_stack,
    unscaled,
)
from napari_colorquant.core.color.background import OTSU, limits_for
from napari_colorquant.core.image.pixels import limit_in
from napari_colorquant.core.learn.fit import refuse_other_background, what_to_learn
from napari_colorquant.core.quantization.levels import (
    apply_to_levels,
    quantize_levels,
)
from napari_colorquant.core.quantization.limits import with_limits
from napari_colorquant.core.quantization.seeds import learn_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.painted import LazySeeds
    from napari_colorquant.core.quantization.result import Quantization


def quantize_joint(
    channels: Sequence[C],
    levels: Sequence[Level],
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
    region: Any = None,
) -> tuple[tuple[C, ...], tuple[Quantization, ...]]:
    """Quantize the channels of all levels in one palette, learned from the largest.

    Return the channels as scaled, and a quantization a level, whose image is of scaled
    channels. Palettes and background, also those in parameters, are in the channels'
    own units. region: where the largest level is empty, for its background, or None.
    """
    outline = outline_of_stack(levels[0])
    what_to_learn(outline, parameters)  # or an error, before a pixel is read
    parameters = with_own_limits(levels[0], parameters, monitor.part(0.0, 0.0), region)
    limits = limits_for(parameters.background, len(levels[0]))
    refuse_other_background(parameters.fixed, limits)
    scaled, stacks = joint(channels, levels, monitor.part(0.0, 0.25))
    asked = scaled_parameters(parameters, scaled)
    if seeds is not None:
        learning = monitor.part(0.25, 0.5)
        seeded = learn_classes(stacks[0], asked, seeds, per_class, learning)
        parameters = with_classes(parameters, seeded, scaled)
        asked = scaled_parameters(parameters, scaled)
    found = quantize_levels(stacks, asked, monitor.part(0.5, 1.0))
    own = in_own_units(found[0].palette, scaled, parameters.fixed, limits)
    return scaled, _in_palette(found, own, parameters)


def with_own_limits(
    level: Level, parameters: Parameters, monitor: Monitor, region: Any = None
) -> Parameters:
    """Return parameters with a limit for each channel, where they have a background.

    They are in the channels' own units, of integers rounded down. region: where the
    level is empty, or None.
    """
    if parameters.background is None:
        return parameters
    if region is not None or parameters.background == OTSU:
        together = unscaled(level, monitor.part(0.0, 0.0))
        parameters = with_limits(together, parameters, monitor, region)
    limits = limits_for(parameters.background, len(level))
    assert limits is not None  # they are found
    each = zip(level, limits, strict=True)
    own = [limit_in(one.dtype, limit) for one, limit in each]
    return replace(parameters, background=own)


def apply_to_joint(
    channels: Sequence[C],
    levels: Sequence[Level],
    palette: Palette,
    monitor: Monitor,
    max_distance: float | None = None,
) -> tuple[tuple[C, ...], tuple[Quantization, ...]]:
    """Redraw the channels of all levels in a palette of their own units.

    Return what quantize_joint returns. Colours are compared as the channels are scaled,
    also with max_distance.
    """
    scaled, stacks = joint(channels, levels, monitor.part(0.0, 0.5))
    own = palette.uncounted()
    asked = scaled_palette(own, scaled)
    assert asked is not None
    found = apply_to_levels(stacks, asked, monitor.part(0.5, 1.0), max_distance)
    return scaled, _in_palette(found, own, None)


def classes_of_joint(
    channels: Sequence[Channel],
    levels: Sequence[Level],
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
) -> Parameters:
    """Learn painted classes on the largest level; return them as fixed entries.

    Fixed colours, given and returned, are in the channels' own units.
    """
    parameters = with_own_limits(levels[0], parameters, monitor.part(0.0, 0.0))
    scaled, (stack,) = joint(channels, levels[:1], monitor.part(0.0, 0.5))
    asked = scaled_parameters(parameters, scaled)
    learning = monitor.part(0.5, 1.0)
    seeded = learn_classes(stack, asked, seeds, per_class, learning)
    return with_classes(parameters, seeded, scaled)


def _in_palette(
    found: Sequence[Quantization], own: Palette, parameters: Parameters | None
) -> tuple[Quantization, ...]:
    """Return results with the palette, and parameters, in the channels' own units."""
    return tuple(
        replace(
            one,
            palette=replace(own, counts=one.palette.counts),
            report=replace(one.report, parameters=one.report.parameters and parameters),
        )
        for one in found
    )
