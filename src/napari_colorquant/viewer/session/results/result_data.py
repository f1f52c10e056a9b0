"""What is taken of a result to compare it with its original, and to save it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import Blocks, as_dask
from napari_colorquant.core.image.image import Image as EngineImage
from napari_colorquant.core.image.image import as_blocks, see_image
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.appearance import (
    ShownChannel,
    hex_of,
    usual_channels,
)
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
    channel_axis_of,
)
from napari_colorquant.files.images.calibration import AXES, check_axes
from napari_colorquant.files.record import is_json, save_record
from napari_colorquant.formats.registry import save_palette as write_palette
from napari_colorquant.viewer.layers.channels import (
    channels_of,
    composite_palette,
    in_rgb,
)
from napari_colorquant.viewer.layers.layer_arrays import own_levels
from napari_colorquant.viewer.layers.layer_properties import (
    has_lazy,
    levels_of,
    picture_info,
    spatial_of,
    without_axis,
)
from napari_colorquant.viewer.layers.palette_display import in_8_bits
from napari_colorquant.viewer.session.results.result import Result
from napari_colorquant.viewer.tasks.quality import ComparedImages, MappedErrors

_OF_ANY = (".csv", ".json")
"""Formats of palettes of any channels."""

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image, Layer
    from numpy.typing import NDArray

    # Where they are called they are imported: they load a compiler, which stalls.
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.files.images.info import PictureInfo
    from napari_colorquant.files.ome_zarr.pyramid import Level, Pyramid


def take_compared(result: Result) -> ComparedImages:
    """Return views of a result and its original, which are both there.

    ValueError if the original has another shape now; also as Result.levels.
    """
    levels, layer, recorded = result.levels(), result.picture, result.recorded
    if not levels or layer is None:
        raise ValueError(
            f"The image that {result.name!r} was made from has another shape now: "
            "quantize it again."
        )
    before = [known_white(one, result.palette) for one in levels]
    if recorded.is_masked:  # what lies outside is as it was, and would look flawless
        pairs = zip(before, result.labels_arrays, strict=True)
        before = [_where_labelled(*pair) for pair in pairs]
    if has_lazy(layer):
        before = [as_blocks(one) for one in before]
    after: list[EngineImage] = []
    if recorded.channels is None:
        lazily = isinstance(before[0], Blocks)
        after = [
            see_image(one, recorded.pixel_axis, lazily=lazily)
            for one in levels_of(layer)
        ]
    return ComparedImages(
        before=tuple(before),
        after=tuple(after),
        labels=result.labels_arrays,
        palette=result.palette,
        rgb=recorded.rgb,
        palettes=_palettes(result),
        slice_axis=recorded.slice_axis,
    )


def _palettes(result: Result) -> tuple[Palette, ...]:
    """Return what the picture is drawn in: a palette, or one a slice."""
    plain = result.recorded.plain.get("palettes")
    return (result.palette,) if plain is None else tuple(map(Palette.from_dict, plain))


def _where_labelled(image: EngineImage, labels: Any) -> EngineImage:
    """Return a level of an image with its labels above 0 as mask."""
    if is_lazy(labels):
        image = as_blocks(image)
    if isinstance(image, Blocks):
        inside = as_dask(labels, "labels") > 0
        return replace(image, mask=inside.rechunk(image.chunks), reach=None)
    return replace(image, mask=labels > 0)


def error_layer(result: Result, mapped: MappedErrors) -> Image:
    """Return the layer that shows the errors, in the place of the picture."""
    from napari.layers import Image

    assert result.picture is not None
    unit = "ΔE2000" if result.recorded.rgb else "distance"
    levels, picture = mapped.levels, result.picture
    axis = None if picture.rgb else result.recorded.pixel_axis
    layer = Image(
        list(levels) if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        name=f"{result.name} error ({unit})",
        colormap="inferno",
        contrast_limits=(0.0, mapped.largest or 1.0),
        **without_axis(spatial_of(picture, picture.ndim), axis),
    )
    layer.colorbar.visible = True
    return layer


def count_entries(result: Result, monitor: Monitor) -> NDArray[np.int64]:
    """Count the pixels of each entry, shape (K,), for `Result.adopt_counts`.

    Blocks of the largest level are counted one by one. ValueError if there are no
    labels.
    """
    # In the worker's thread: it loads a compiler.
    from napari_colorquant.core.quantization.counts import count_lazily

    labels = result.labels_arrays
    if not labels:
        raise ValueError(
            f"{result.name!r} has no labels layer to count: quantize the image again."
        )
    lazy = as_dask(labels[0], "labels")
    return count_lazily(lazy, len(result.palette), monitor)


def take_dithered(result: Result) -> Callable[[Path, Monitor], None]:
    """Return what saves the picture of a result, dithered, as PNG or TIFF.

    ValueError if that is not possible, or as take_compared.
    """
    from napari_colorquant.files.images.dither import check_dithered

    compared, picture = take_compared(result), result.picture
    original = compared.before[0]
    if isinstance(original, Blocks) or picture is None:
        raise ValueError(
            f"{result.name!r} is read block by block, and dithering needs it in "
            "memory: load the image into memory, and quantize it again."
        )
    labels, redrawn = compared.labels[0], compared.redrawn(0).image
    report: Any = None  # nothing of it is saved
    q: Quantization | SliceQuantization = Quantization(
        result.palette, labels, redrawn, report
    )
    if (axis := result.recorded.slice_axis) is not None:
        q = SliceQuantization(_palettes(result), labels, redrawn, (), report, axis)
    check_dithered(original.image, q)
    channel_axis = channel_axis_of(q)
    info = picture_info(picture.as_layer_data_tuple(), labels.ndim, channel_axis)
    return partial(_write_dithered, original.image, q, info)


def _write_dithered(
    image: NDArray[Any],
    q: Quantization | SliceQuantization,
    info: PictureInfo,
    path: Path,
    monitor: Monitor,
) -> None:
    from napari_colorquant.files.images.dither import dithered
    from napari_colorquant.files.images.write import write_picture

    drawn = dithered(image, q)
    monitor.check()
    write_picture(path, drawn, info)


def pyramid_to_save(result: Result) -> tuple[Pyramid, str]:
    """Return what a result's layers show, and a note on what the format cannot hold.

    What is in memory is copied, as the user may paint on meanwhile. ValueError if a
    layer is gone, or if the format cannot hold its axes. The note may be empty.
    """
    from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of

    picture, labels = result.picture, result.labels
    if picture is None or labels is None:
        raise ValueError(layer_gone(result))
    axis = -1 if picture.rgb else result.recorded.pixel_axis
    levels = [
        Level(own, drawn, axis)
        for own, drawn in zip(own_levels(labels), own_levels(picture), strict=True)
    ]
    pyramid = pyramid_of(
        levels,
        result.palette,
        result.record,
        picture.name,
        channels=_channels(result, picture, levels[0]),
        shown=in_8_bits(result.shown()),
        axes=_axes(labels),
        scale=labels.scale.tolist(),
        translate=labels.translate.tolist(),
        units=[_unit(unit) for unit in labels.units],
    )
    return pyramid, _left_out(labels)


def layer_gone(result: Result) -> str:
    """Return which layer of a result is gone, in a sentence, else empty."""
    if result.picture is not None and result.labels is not None:
        return ""
    gone = "picture of" if result.picture is None else "labels layer of"
    return f"The {gone} {result.name!r} is gone: quantize the image again."


def write_zarr(
    path: Path, pyramid: Pyramid, version: str, monitor: Monitor
) -> tuple[str, ...]:
    """Save a result, or go on with what a cancelled save finished; return notes."""
    from napari_colorquant.files.ome_zarr.write import save_pyramid

    return save_pyramid(path, pyramid, monitor, version=version)


def _channels(result: Result, picture: Image, level: Level) -> Sequence[ShownChannel]:
    """Return how the viewer shows the channels of the picture."""
    palette = result.palette
    if channels := channels_of(result.record):  # drawn in RGB
        palette = composite_palette(palette, channels)
    usual = usual_channels(palette, level.picture.dtype, level.n_channels)
    if picture.rgb:
        return usual
    low, high = picture.contrast_limits
    (brightest,) = in_8_bits(np.asarray(picture.colormap.map(1.0)).reshape(1, -1))
    colors = [channel.color for channel in usual]
    if len(usual) == 1:
        colors = [hex_of(brightest)[1:].upper()]
    return [
        ShownChannel(channel.name, color, float(low), float(high))
        for channel, color in zip(usual, colors, strict=True)
    ]


def _axes(layer: Layer) -> str | None:
    """Return the names of a layer's axes, where they are those of the format."""
    names = "".join(label if label in AXES else "?" for label in layer.axis_labels)
    try:
        check_axes(names, layer.ndim)
    except ValueError:
        return None
    return names


def _unit(unit: Any) -> str | None:
    name = str(unit)
    return None if name == "pixel" else name


def _left_out(layer: Layer) -> str:
    """Return a sentence on what of a layer's place is not saved; empty for nothing."""
    identity = np.eye(layer.ndim + 1)
    turned = not np.allclose(layer.rotate, np.eye(layer.ndim)) or np.any(layer.shear)
    if not turned and np.allclose(layer.affine.affine_matrix, identity):
        return ""
    return (
        "OME-Zarr keeps a layer's scale and place alone: its rotation, shear and "
        "affine transform are not saved."
    )


def save_palette(result: Result, path: str) -> None:
    """Save the palette of a result, as JSON with its record if it is of an image."""
    if is_json(path) and result.recorded.is_of_an_image:
        save_record(result.record, path)
        return
    palette = _palette_for(result, Path(path))
    columns = columns_of(palette, result.recorded.columns, in_8_bits(result.shown()))
    write_palette(palette, path, columns)


def _palette_for(result: Result, path: Path) -> Palette:
    """Return the palette of a result, as shown if the format holds only RGB."""
    recorded = result.recorded
    of_channels = recorded.is_of_known_channels and not recorded.rgb
    has_channels = recorded.channels is not None or recorded.pixel_axis is not None
    if path.suffix.lower() in _OF_ANY or not (of_channels and has_channels):
        return result.palette
    return in_rgb(result.palette, result.shown()[:, :3])
