"""What a run works on, taken when it starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.image_input import (
    ImageInput,
    take_channels,
    take_source,
    with_regions,
)
from napari_colorquant.viewer.layers.layer_properties import origin_of
from napari_colorquant.viewer.layers.preview import MAX_PIXELS, coarse
from napari_colorquant.viewer.layers.region_masks import Region, take_region
from napari_colorquant.viewer.layers.target import Target, layer_at

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.quantization.painted import LazySeeds

R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What a run works on, taken when it starts.

    locate makes masks of within and learn_within, seeds of painted and stains of
    stained. empty: where the limits of the background are found; an array is bool, in
    the shape of the largest level. whole: the original of a coarser view; classes and
    limits are learned there, as the view could lose them.
    """

    image: ImageInput
    layers: tuple[Image, ...]
    seeds: ArrayLike | LazySeeds | None = None
    stains: ArrayLike | LazySeeds | None = None
    per_class: int = 1
    slice_axis: int | None = None
    within: Region | None = None
    learn_within: Region | None = None
    painted: Region | None = None
    stained: Region | None = None
    empty: Region | ArrayLike | None = None
    whole: Work | None = None

    @property
    def name(self) -> str:
        """What the user knows it by."""
        return self.image.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user has to know of the layers that show a result."""
        axis, labels = self.image.channel_axis, self.image.spatial["axis_labels"]
        if not axis:
            return ()
        return (
            f"napari lines layers up by their last axes: the result of {self.name!r} "
            f"lacks the axis {labels[axis]!r}, and its slider moves it along "
            f"{labels[axis - 1]!r}.",
        )

    @property
    def only_layer(self) -> Image | None:
        """The layer, where there is one alone."""
        return None if self.image.is_together else self.layers[0]


def take_work(target: Target, data_range: float | None = None) -> Work:
    """Take views of layers' data, and copies of what places, shows and limits them.

    Pass it to locate, in the run's thread, which computes regions. TypeError if data
    cannot be quantized, ValueError if layers, regions, slices and classes do not fit.
    """
    seen = [layer_at(layer, target.position) for layer in target.layers]
    if len(seen) > 1:
        image = take_channels(seen, target.scaling)
    else:
        axis, white = target.channel_axis, data_range
        image = take_source(seen[0], channel_axis=axis, data_range=white)
        image = replace(image, origin=origin_of(target.layers[0]))
    # Where the layers come from, and not the views of them.
    origins = [origin_of(layer) for layer in target.layers]
    if len(origins) < len(image.channels):
        origins = origins * len(image.channels)
    channels = tuple(map(_from, image.channels, origins))
    image = replace(image, channels=channels, position=target.position)
    return work_of(image, target, seen[0])


def work_of(
    image: ImageInput,
    target: Target,
    layer: Image,
    seeds: ArrayLike | None = None,
    empty: ArrayLike | None = None,
) -> Work:
    """Return the work on an image, with copies of the regions of a target.

    layer: whose grid is that of the regions. seeds, empty: arrays in place of layers.
    """
    grid = (layer, target.channel_axis)
    return Work(
        image,
        target.layers,
        seeds,
        per_class=target.per_class,
        slice_axis=target.slice_axis,
        within=take_region(target.within, *grid),
        learn_within=take_region(target.learn_within, *grid),
        painted=take_region(target.seeds, *grid),
        stained=take_region(target.stains, *grid),
        empty=empty if target.empty is None else take_region(target.empty, *grid),
    )


def locate(work: Work) -> Work:
    """Compute masks, painted classes and stains of what was taken; safe in any thread.

    ValueError if a region covers no pixel, no class is painted where it is quantized,
    or no stain on the image; of lazy ones that is found when blocks are read.
    """
    image = with_regions(work.image, work.within, work.learn_within)
    first = image.largest
    _check_regions(work, first.mask, first.learn_mask)
    seeds, stains = work.seeds, None
    if work.painted is not None:
        seeds = work.painted.labels()
        if isinstance(seeds, np.ndarray):  # or it is said when blocks are read
            _check_seeds(work, seeds, first.mask)
    if work.stained is not None:
        stains = work.stained.labels()
        if isinstance(stains, np.ndarray):
            _check_painted(work, work.stained, stains, "stain")
    located: Any = dict.fromkeys(("within", "learn_within", "painted", "stained"))
    return replace(work, image=image, seeds=seeds, stains=stains, **located)


def coarse_work(work: Work) -> Work:
    """Return a coarser view of the work, of as many pixels as can be done at once."""
    image, view = work.image, coarse(work.image)
    is_large = prod(image.largest.shape) > MAX_PIXELS
    seeds = None if is_large or image.is_lazy else work.seeds
    if seeds is work.seeds and work.empty is None:
        return replace(work, image=view)
    return replace(work, image=view, seeds=seeds, empty=None, whole=work)


def _from(channel: LayerChannel, origin: dict[str, Any]) -> LayerChannel:
    return replace(channel, origin=origin)


def _check_regions(work: Work, mask: Any, learn_mask: Any) -> None:
    if is_lazy(mask) or is_lazy(learn_mask):
        return  # said when blocks are read: it takes all of them to know
    where, within, learn_within = repr(work.name), work.within, work.learn_within
    given = work.image.largest
    if given.mask is not None:
        where += " inside its mask"
    if within is not None:
        if not mask.any():
            raise ValueError(
                f"the region {within.name!r} covers no pixel of {where}: pass one "
                "that lies on it."
            )
        where += f" in {within.name!r}"
    if given.learn_mask is not None:
        where += " inside its learn_mask"
    if learn_within is None or learn_mask.any():
        return
    raise ValueError(
        f"the region {learn_within.name!r} covers no pixel of {where}: there is "
        "nothing to learn from."
    )


def _check_seeds(work: Work, seeds: NDArray[Any], mask: Any) -> None:
    assert work.painted is not None
    _check_painted(work, work.painted, seeds, "class")
    if work.within is not None and not (seeds[mask] > 0).any():
        raise ValueError(
            f"the classes of {work.painted.name!r} lie outside of "
            f"{work.within.name!r}: paint them inside."
        )


def _check_painted(work: Work, region: Region, labels: NDArray[Any], what: str) -> None:
    if not (labels > 0).any():
        raise ValueError(
            f"nothing is painted in {region.name!r} where {work.name!r} lies: paint "
            f"some pixels of each {what}."
        )
