"""Live results: what the controls say, on as many pixels as can be done at once."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.pixels import see_pixels
from napari_colorquant.viewer.layers import result_layers
from napari_colorquant.viewer.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari import Viewer
    from napari.layers import Image, Labels

    from napari_colorquant.core.pipeline import Quantization

MAX_PIXELS = 2**20
"""Pixels of a live result: done in a moment, and enough to judge it by."""
_PLACES = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_DISPLAY = ("colormap", "contrast_limits_range", "contrast_limits", "gamma")


def coarse(source: Source, max_pixels: int = MAX_PIXELS) -> Source:
    """Take a coarser view of a source.

    Parameters
    ----------
    source : Source
        What is shown.
    max_pixels : int
        Most pixels of the view.

    Returns
    -------
    Source
        Of one level: the largest one that is small enough, or every n-th pixel of the
        smallest, in the same place of the world. The source itself if it is small.
    """
    first = source.levels[0]
    level = next(
        (one for one in source.levels if np.prod(one.shape) <= max_pixels),
        source.levels[-1],
    )
    steps = _steps(level.shape, max_pixels)
    if level is first and max(steps) == 1:
        return replace(source, levels=(first,))
    every = [slice(None, None, step) for step in steps]
    if level.channel_axis is not None:
        every.insert(level.channel_axis % level.image.ndim, slice(None))
    axis = -1 if source.rgb else level.channel_axis
    pixels = tuple(slice(None, None, step) for step in steps)
    masks = [
        None if mask is None else mask[pixels]
        for mask in (level.mask, level.learn_mask)
    ]
    small = see_pixels(level.image[tuple(every)], axis, *masks)
    larger = np.array(steps) * np.array(first.shape) / np.array(level.shape)
    spatial = {**source.spatial, "scale": np.array(source.spatial["scale"]) * larger}
    return replace(source, levels=(small,), spatial=spatial)


def _steps(shape: Sequence[int], max_pixels: int) -> list[int]:
    """Choose every n-th pixel: in the plane first, and along other axes if need be."""
    steps = [1] * len(shape)
    too_many = np.prod(shape) / max_pixels
    if too_many > 1:
        step = min(ceil(np.sqrt(too_many)), max(1, min(shape[-2:]) // 32))
        steps[-2:] = [step, step]
        rest = too_many / step**2
        stack, plane = range(len(shape) - 2), range(len(shape) - 2, len(shape))
        # A strip is left, which is too thin to be made coarser in both directions.
        longer_first = sorted(plane, key=lambda axis: -shape[axis])
        for axis in (*stack, *longer_first):
            if rest > 1:
                more = min(ceil(rest), ceil(shape[axis] / steps[axis]))
                steps[axis] *= more
                rest /= more
    return steps


class LiveLayers:
    """The two layers that show the live result, updated in place.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers: tuple[Image, Labels] | None = None
        self._names: list[str] = []

    def owns(self, layer: object) -> bool:
        """Return whether a layer shows the live result.

        Parameters
        ----------
        layer : napari.layers.Layer
            Any layer.

        Returns
        -------
        bool
            False for full results, and all that is the user's.
        """
        return any(layer is own for own in self._layers or ())

    @property
    def layers(self) -> tuple[Image, Labels] | None:
        """The layers, as long as the user has removed neither."""
        if self._layers is not None and all(
            layer in self._viewer.layers for layer in self._layers
        ):
            return self._layers
        return None

    def show(
        self, source: Source, results: Sequence[Quantization], *, is_final: bool
    ) -> tuple[Image, Labels]:
        """Show a result, in the layers of the last one if they fit.

        Parameters
        ----------
        source : Source
            What was quantized.
        results : sequence of Quantization
            One a level.
        is_final : bool
            They are a result like any other then, and the next live one gets layers of
            its own.

        Returns
        -------
        image_layer : napari.layers.Image
            The picture.
        labels_layer : napari.layers.Labels
            The labels.
        """
        new = result_layers(source, results)
        if not is_final:
            for layer in new:
                layer.name += " (live)"
        own = self.layers
        if own is not None and _fits(own[0], new[0]):
            for i, (layer, other) in enumerate(zip(own, new, strict=True)):
                _update(layer, other)
                if layer.name == self._names[i]:  # or the user has given it a name
                    layer.name = other.name
                    self._names[i] = layer.name
        else:
            for layer in reversed(own or ()):
                self._viewer.layers.remove(layer)
            own = self._layers = new
            for layer in new:
                self._viewer.add_layer(layer)
            self._names = [layer.name for layer in new]
        self._layers = None if is_final else own
        return own


def _fits(layer: Image, other: Image) -> bool:
    return (
        layer.rgb == other.rgb
        and layer.ndim == other.ndim
        and not layer.multiscale
        and not other.multiscale
    )


def _update(layer: Any, other: Any) -> None:
    """Make a layer of the plugin's own show what another one shows."""
    layer.data = other.data
    for place in _PLACES:
        setattr(layer, place, getattr(other, place))
    if hasattr(other, "features"):
        layer.colormap = other.colormap
        layer.features = other.features
    else:  # also of RGB, as white is 255 in one picture and 1 in another
        for display in _DISPLAY:
            setattr(layer, display, getattr(other, display))
    layer.metadata = other.metadata
