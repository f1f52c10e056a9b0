"""What a run works on, taken when it starts, and what can be done with it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.core.steps import Progress, Steps, half_of, standing
from napari_colorquant.viewer.channel_source import ChannelSource, take_channels
from napari_colorquant.viewer.coarse import MAX_PIXELS, coarse, coarse_channels
from napari_colorquant.viewer.compare import compare_methods
from napari_colorquant.viewer.layer_parts import origin_of
from napari_colorquant.viewer.layers import channel_layers, result_layers, slice_layers
from napari_colorquant.viewer.regions import seeds_of
from napari_colorquant.viewer.scope import Scope, layer_at
from napari_colorquant.viewer.source import Source, take_source
from napari_colorquant.viewer.source_steps import (
    apply_to_source,
    quantize_loaded,
    quantize_source,
    quantize_source_slices,
    refuse_lazy_seeds,
)
from napari_colorquant.viewer.stack import (
    apply_to_channels,
    joint_steps,
    quantize_channels,
)

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.blocks import Blocks
    from napari_colorquant.core.curve import Curve
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.pixels import Pixels
    from napari_colorquant.core.report import Report


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a run works on, taken when it starts.

    Parameters
    ----------
    source : Source or ChannelSource
        The pixels, of one layer or of several.
    layers : tuple of napari.layers.Image
        The layers that they were taken from.
    seeds : ndarray of int or None
        Painted classes on the largest level.
    per_class : int
        Entries of each class.
    slice_axis : int or None
        Axis whose slices get a palette each.
    """

    source: Source | ChannelSource
    layers: tuple[Image, ...]
    seeds: NDArray[Any] | None = None
    per_class: int = 1
    slice_axis: int | None = None

    @property
    def name(self) -> str:
        """What the user knows it by."""
        return self.source.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user has to know of the layers that show a result."""
        if isinstance(self.source, ChannelSource) or not self.source.channel_axis:
            return ()
        axis = self.source.channel_axis
        labels = self.source.spatial["axis_labels"]
        return (
            f"napari lines layers up by their last axes: the labels of {self.name!r} "
            f"lack the axis {labels[axis]!r}, and its slider moves them along "
            f"{labels[axis - 1]!r}.",
        )

    @property
    def only_layer(self) -> Image | None:
        """The layer, where there is one alone."""
        return None if isinstance(self.source, ChannelSource) else self.layers[0]


def take_work(scope: Scope) -> Work:
    """Take from layers what a run needs.

    Parameters
    ----------
    scope : Scope
        What is asked for.

    Returns
    -------
    Work
        Views of the layers' data, and copies of what places and shows them.

    Raises
    ------
    TypeError
        If the data cannot be quantized.
    ValueError
        If layers, regions, slices and classes do not fit together.
    """
    seen = [layer_at(layer, scope.position) for layer in scope.layers]
    where = (None, None, scope.within, scope.learn_within)
    source: Source | ChannelSource
    if len(seen) > 1:
        source = take_channels(seen, scope.scaling, *where)
        channels = zip(source.channels, scope.layers, strict=True)
        source = replace(
            source,
            channels=tuple(replace(a, origin=origin_of(b)) for a, b in channels),
            position=scope.position,
        )
    else:
        source = take_source(seen[0], *where, channel_axis=scope.channel_axis)
        origin = origin_of(scope.layers[0])
        source = replace(source, origin=origin, position=scope.position)
    first = _largest(source)
    _check_regions(scope, source.name, first.mask, first.learn_mask)
    if isinstance(source, Source):
        refuse_lazy_seeds(source, scope.seeds)
    seeds = seeds_of(seen[0], scope.seeds, channel_axis=scope.channel_axis)
    if seeds is not None:
        _check_seeds(scope, source.name, seeds, first.mask)
    return Work(source, scope.layers, seeds, scope.per_class, scope.slice_axis)


def coarse_work(work: Work) -> Work:
    """Take a coarser view of what a run works on; see :func:`coarse`.

    Parameters
    ----------
    work : Work
        What is shown.

    Returns
    -------
    Work
        The same, of as many pixels as can be done at once.

    Raises
    ------
    ValueError
        If there are painted classes, and more pixels: the classes could get lost.
    """
    source = work.source
    if work.seeds is not None and prod(_largest(source).shape) > MAX_PIXELS:
        raise ValueError(
            f"{work.name!r} is too large for a live result with painted classes: press "
            "Quantize."
        )
    if isinstance(source, ChannelSource):
        return replace(work, source=coarse_channels(source))
    return replace(work, source=coarse(source))


def quantize_work(work: Work, parameters: Parameters) -> Steps[Any]:
    """Quantize what was taken.

    Parameters
    ----------
    work : Work
        What to quantize.
    parameters : Parameters
        How.

    Returns
    -------
    generator
        The steps; they return what :func:`work_layers` takes.
    """
    source, painted = work.source, (work.seeds, work.per_class)
    if isinstance(source, ChannelSource):
        return quantize_channels(source, parameters, *painted)
    if work.slice_axis is not None:
        return quantize_source_slices(source, parameters, work.slice_axis)
    return quantize_source(source, parameters, *painted)


def quantize_coarse(work: Work, parameters: Parameters) -> Steps[Any]:
    """Quantize a coarser view, in memory.

    Parameters
    ----------
    work : Work
        What :func:`coarse_work` returned.
    parameters : Parameters
        How.

    Returns
    -------
    generator
        The steps; they return what :func:`work_layers` takes.
    """
    source = work.source
    if isinstance(source, Source) and source.lazy_levels:
        return quantize_loaded(source, parameters)
    return quantize_work(work, parameters)


def apply_to_work(work: Work, palette: Palette) -> Steps[Any]:
    """Redraw what was taken in a palette that there is: all slices in the same.

    Parameters
    ----------
    work : Work
        What to redraw.
    palette : Palette
        Colours of as many channels.

    Returns
    -------
    generator
        The steps; they return what :func:`work_layers` takes of this work without its
        ``slice_axis``.
    """
    if isinstance(work.source, ChannelSource):
        return apply_to_channels(work.source, palette)
    return apply_to_source(work.source, palette)


def compare_work(work: Work, parameters: Parameters) -> Steps[Any]:
    """Quantize what was taken by every method.

    Parameters
    ----------
    work : Work
        Of one layer, and one palette.
    parameters : Parameters
        How.

    Returns
    -------
    generator
        The steps of :func:`~napari_colorquant.viewer.compare.compare_methods`.

    Raises
    ------
    ValueError
        If there are several layers, or palettes.
    """
    if isinstance(work.source, ChannelSource):
        raise ValueError(
            "the methods are compared on one image, and several channels are selected: "
            "select one layer, or quantize them by each method in turn."
        )
    if work.slice_axis is not None:
        raise ValueError(
            "the methods are compared by one palette each: let all slices share one "
            "palette, or choose the current one alone."
        )
    return compare_methods(work.source, parameters, work.seeds, work.per_class)


def curve_steps_of(
    work: Work, parameters: Parameters
) -> Generator[object, None, Curve]:
    """Measure the errors of palettes of what was taken; one palette for all slices.

    Parameters
    ----------
    work : Work
        What to quantize.
    parameters : Parameters
        How.

    Yields
    ------
    Progress or CurvePoint
        See :func:`~napari_colorquant.core.curve.curve_steps`.

    Returns
    -------
    Curve
        The errors; of several layers, those of the scaled channels.
    """
    from napari_colorquant.core.curve import curve_lazily_steps, curve_steps
    from napari_colorquant.core.seeds import seeds_steps

    source = work.source
    if isinstance(source, Source) and source.lazy_levels:
        refuse_lazy_seeds(source, work.seeds)
        return (yield from curve_lazily_steps(source.lazy_levels[0], parameters))
    is_joint = isinstance(source, ChannelSource)
    if isinstance(source, ChannelSource):
        joint = joint_steps(source, parameters)
        pixels, parameters = yield from half_of(joint, 0)
    else:
        pixels = source.levels_in_memory[0]
    if work.seeds is not None:
        learning = seeds_steps(pixels, work.seeds, parameters, work.per_class)
        begun = Progress("survey", int(is_joint), 2)
        parameters = yield from standing(learning, begun)
    steps = curve_steps(pixels, parameters)
    return (yield from half_of(steps, 1) if is_joint else steps)


def work_layers(work: Work, results: Any) -> tuple[Image, Labels]:
    """Make the two layers that show a result.

    Parameters
    ----------
    work : Work
        What was quantized.
    results : object
        What came of it.

    Returns
    -------
    image_layer : napari.layers.Image
        The picture.
    labels_layer : napari.layers.Labels
        The labels.
    """
    if isinstance(work.source, ChannelSource):
        return channel_layers(work.source, results)
    if work.slice_axis is not None:
        return slice_layers(work.source, results)
    return result_layers(work.source, results)


def work_report(work: Work, results: Any) -> Report:
    """Return the report of a result.

    Parameters
    ----------
    work : Work
        What was quantized.
    results : object
        What came of it.

    Returns
    -------
    Report
        Of the largest level.
    """
    if isinstance(work.source, ChannelSource):
        report: Report = results.levels[0].report
    elif work.slice_axis is not None:
        report = results.report
    else:
        report = results[0].report
    return report


def _largest(source: Source | ChannelSource) -> Pixels | Blocks:
    """Return the largest level; of several layers, the first one's."""
    if isinstance(source, ChannelSource):
        return source.levels[0][0]
    return source.levels[0]


def _check_regions(scope: Scope, name: str, mask: Any, learn_mask: Any) -> None:
    if is_lazy(mask) or is_lazy(learn_mask):
        return  # said when blocks are read: it takes all of them to know
    if scope.within is not None and mask is not None and not mask.any():
        raise ValueError(
            f"the region {scope.within.name!r} covers no pixel of {name!r}: choose "
            "one that lies on it."
        )
    if scope.learn_within is None or learn_mask is None or learn_mask.any():
        return
    where = repr(name) if scope.within is None else f"{name!r} in {scope.within.name!r}"
    raise ValueError(
        f"the region {scope.learn_within.name!r} covers no pixel of {where}: there is "
        "nothing to learn from."
    )


def _check_seeds(
    scope: Scope, name: str, seeds: NDArray[Any], mask: NDArray[np.bool_] | None
) -> None:
    assert scope.seeds is not None
    if not (seeds > 0).any():
        raise ValueError(
            f"nothing is painted in {scope.seeds.name!r} where {name!r} lies: paint "
            "some pixels of each class."
        )
    if mask is not None and not (seeds[mask] > 0).any():
        raise ValueError(
            f"the classes of {scope.seeds.name!r} lie outside of "
            f"{scope.within.name if scope.within else name!r}: paint them inside."
        )
