"""Labels and pictures in layers: how they are put there, compared and copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import as_dask
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.viewer.layers.layer_properties import levels_of

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette


def own_levels(layer: Image | Labels) -> tuple[Any, ...]:
    """Return copies of a layer's levels that painting does not change.

    Lazy ones are dask arrays that keep the name, which `is_same` compares.
    """
    return tuple(
        # By the name that it has in the layer: see `is_same`.
        one.copy()
        if hasattr(one, "dask")
        else as_dask(one, "layer").copy()
        if is_lazy(one)
        else np.array(one)
        for one in levels_of(layer)
    )


def is_same(shown: Any, own: Any) -> bool:
    """Return whether a layer still shows the data that were put into it.

    It is False once the layer has been painted on. Of lazy data only the name is
    compared.
    """
    if is_lazy(own):
        # Others than dask's write to a file when they are painted, and `own` reads it.
        return is_lazy(shown) and getattr(shown, "name", own.name) == own.name
    return not is_lazy(shown) and np.array_equal(shown, own)


def put_labels(layer: Labels, arrays: Sequence[Any]) -> None:
    """Copy labels, one array a level, into a layer, which may be painted on later."""
    shown = levels_of(layer)
    if not any(map(is_lazy, arrays)) and all(
        isinstance(one, np.ndarray) and one.flags.writeable and one.dtype == new.dtype
        for one, new in zip(shown, arrays, strict=True)
    ):
        for target, array in zip(shown, arrays, strict=True):
            np.copyto(target, array)
    else:
        copies = [array.copy() for array in arrays]
        layer.data = copies if layer.multiscale else copies[0]


def redraw(
    picture: Image,
    labels: Sequence[Any],
    palette: Palette,
    channel_axis: int | None,
    first: Sequence[Any] = (),
) -> None:
    """Draw labels, one array a level, into a picture in a palette.

    channel_axis: -1 for RGB and RGBA; first: what pixels with label 0 show, by default
    what the layer shows; needed where this is lazy.
    """
    from napari_colorquant.core.quantization.edit import redraw_picture

    if not any(map(is_lazy, (*first, *labels))):
        levels = _writeable_levels(picture)
        for level, base, own in zip(levels, first or levels, labels, strict=False):
            redraw_picture(see_image(base, channel_axis), own, palette, level)
        picture.refresh()
        return
    drawn = [
        redraw_picture(see_image(level, channel_axis, lazily=True), own, palette)
        for level, own in zip(first or levels_of(picture), labels, strict=False)
    ]
    if drawn:
        picture.data = drawn if picture.multiscale else drawn[0]


def set_visible(layer: Layer, visible: bool) -> None:
    """Show or hide a layer, if it is not so already."""
    if layer.visible != visible:  # or napari would take the tool from the mouse
        layer.visible = visible


def _writeable_levels(layer: Image) -> Sequence[NDArray[Any]]:
    levels = levels_of(layer)
    if not all(isinstance(one, np.ndarray) and one.flags.writeable for one in levels):
        levels = [np.array(one) for one in levels]
        layer.data = levels if layer.multiscale else levels[0]
    return levels
