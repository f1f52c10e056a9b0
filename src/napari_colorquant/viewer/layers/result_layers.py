"""Layers that show the results of runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.channels import ChannelResult, LayerChannel
from napari_colorquant.viewer.layers.metadata import channels_metadata, run_metadata
from napari_colorquant.viewer.layers.ownership import pair_names, remember
from napari_colorquant.viewer.layers.palette_display import (
    label_colormap,
    palette_table,
    shown_colors,
    shown_composite,
)
from napari_colorquant.viewer.layers.source import Source

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )


def result_layers(
    source: Source, results: Sequence[Quantization]
) -> tuple[Image, Labels]:
    """Return the picture and labels layers of results, one a level."""
    return layers_of(
        source,
        results[0].palette,
        [result.image for result in results],
        [result.labels for result in results],
        run_metadata(source, results),
        source.channels,
    )


def layers_of(
    source: Source,
    palette: Palette,
    pictures: Sequence[NDArray[Any]],
    labels: Sequence[NDArray[Any]],
    metadata: dict[str, Any],
    channels: Sequence[LayerChannel] = (),
) -> tuple[Image, Labels]:
    """Return the picture and labels layers for a palette, a picture and labels.

    pictures and labels are one array a level; metadata are those of both layers. With
    channels, the palette is in their own units, and the picture RGB.
    """
    from napari.layers import Labels

    if channels:
        source = as_composite(source)
        shown = shown_composite(palette, channels)
        names = [channel.name for channel in channels]
        table = palette_table(palette, shown, rgb=False, names=names)
    else:
        shown = shown_colors(palette, rgb=source.rgb, display=source.display)
        table = palette_table(
            palette, shown, rgb=source.rgb, gamma=source.display["gamma"]
        )
    picture_name, labels_name = pair_names(source.name, len(palette))
    image_layer = picture_layer(source, pictures, picture_name, metadata)
    labels_layer = Labels(
        list(labels) if len(labels) > 1 else labels[0],
        multiscale=len(labels) > 1,
        name=labels_name,
        colormap=label_colormap(shown),
        features=table,
        metadata=metadata,
        visible=False,
        **source.labels_spatial,
    )
    remember(image_layer, labels_layer)
    return image_layer, labels_layer


def slice_layers(
    source: Source, results: Sequence[SliceQuantization]
) -> tuple[Image, Labels]:
    """Return the layers of a stack with one palette a slice.

    The picture has each slice in its own palette; the labels are shown in the means of
    the palettes. The record also has slice_axis and palettes.
    """
    return layers_of(
        source,
        results[0].palette,
        [result.image for result in results],
        [result.labels for result in results],
        run_metadata(source, results),
        source.channels,
    )


def channel_layers(
    source: ChannelSource, result: ChannelResult
) -> tuple[Image, Labels]:
    """Return the layers of a result of several layers, one a channel."""
    placed = as_composite(source)
    return layers_of(
        placed,
        result.levels[0].palette,
        [level.image for level in result.levels],
        [level.labels for level in result.levels],
        channels_metadata(source, result),
        result.channels,
    )


def as_composite(source: Source | ChannelSource) -> Source:
    """Return a source without pixels that places a picture of all channels as RGB."""
    spatial = source.spatial
    if isinstance(source, Source):
        spatial = source.labels_spatial
    return Source(
        name=source.name,
        levels=(),
        rgb=True,
        multiscale=source.multiscale,
        spatial=spatial,
        display={},
        origin={},
    )


def picture_layer(
    source: Source,
    levels: Sequence[NDArray[Any]],
    name: str,
    metadata: dict[str, Any],
) -> Image:
    """Return an image layer, one array a level, placed and shown like its source."""
    from napari.layers import Image

    return Image(
        list(levels) if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        rgb=source.rgb,
        name=name,
        metadata=metadata,
        **source.display,
        **source.spatial,
    )
