"""Layers that show the results of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.image_input import ImageInput
from napari_colorquant.viewer.layers.metadata import run_metadata
from napari_colorquant.viewer.layers.ownership import pair_names, remember
from napari_colorquant.viewer.layers.palette_display import (
    label_colormap,
    palette_table,
    shown_colors,
    shown_composite,
)

if TYPE_CHECKING:
    from napari.layers import Image, Labels
    from numpy.typing import NDArray

    from napari_colorquant.core.quantization.report import Report


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """What a run gives, one Quantization or SliceQuantization a level.

    channels: as they were scaled, none of RGB and grey: the palette is in their own
    units, the image RGB, uint8. Of several layers, errors in the report are of the
    scaled channels, its parameters as asked for.
    """

    channels: tuple[LayerChannel, ...]
    levels: tuple[Any, ...]

    @property
    def report(self) -> Report:
        """The report of the largest level."""
        report: Report = self.levels[0].report
        return report


def result_layers(image: ImageInput, result: RunResult) -> tuple[Image, Labels]:
    """Return the picture and labels layers of a result.

    With a palette a slice, the picture has each slice in its own; the labels are shown
    in their means.
    """
    return layers_of(
        image,
        result.levels[0].palette,
        [level.image for level in result.levels],
        [level.labels for level in result.levels],
        run_metadata(image, result.channels, result.levels[0]),
        result.channels,
    )


def layers_of(
    source: ImageInput,
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


def as_composite(image: ImageInput) -> ImageInput:
    """Return an input without pixels that places a picture of all channels as RGB."""
    return replace(
        image,
        levels=(),
        rgb=True,
        spatial=image.labels_spatial,
        display={},
        channel_axis=None,
    )


def picture_layer(
    source: ImageInput,
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
