"""A result saved as OME-Zarr from the viewer, part by part in the background."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.notifications import show_error, show_warning
from qtpy.QtWidgets import QFileDialog, QWidget

from napari_colorquant.core.palette.appearance import (
    ShownChannel,
    hex_of,
    usual_channels,
)
from napari_colorquant.files.images.calibration import AXES, check_axes
from napari_colorquant.viewer.layers.channels import channels_of, composite_palette
from napari_colorquant.viewer.layers.layer_arrays import own_levels
from napari_colorquant.viewer.layers.palette_display import in_8_bits
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.result import Result
from napari_colorquant.viewer.widgets.possible import layer_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Layer

    # Where they are called they are imported: they load a compiler, which stalls.
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.files.ome_zarr.level import ArrayLevel
    from napari_colorquant.files.ome_zarr.pyramid import Pyramid

STOPPED = "Cancelled: save it under the same name to go on where it stopped."
_VERSIONS = {"OME-Zarr 0.5 (*.zarr)": "0.5", "OME-Zarr 0.4 (*.zarr)": "0.4"}


def save_zarr(parent: QWidget, runner: JobQueue, result: Result) -> None:
    """Let the user save a result as OME-Zarr, in the background.

    What cannot be saved is told in one sentence.
    """
    if runner.busy:
        show_warning(UNDER_WAY)
        return
    try:
        pyramid, note = pyramid_to_save(result)
    except Exception as error:  # noqa: BLE001, told as what it is
        complain(error)
        return
    chosen = choose_zarr(parent, result.name)
    if chosen is None:
        return
    path, version = chosen
    if path.exists():  # of what is unfinished the name is another one
        show_error(f"{path} exists already: choose another name, or remove it first.")
        return
    if note:
        show_warning(note)

    def show(notes: Sequence[str]) -> None:
        runner.message.emit(f"Saved {result.name} as {path}.")
        for note in notes:
            show_warning(note)

    save = partial(write_zarr, path, pyramid, version)
    runner.start(Job(f"Saving {result.name}", save, show, if_cancelled=STOPPED))


def choose_zarr(parent: QWidget, name: str) -> tuple[Path, str] | None:
    """Ask for a .zarr path and a version of OME-NGFF; None if nothing is chosen."""
    path, kind = QFileDialog.getSaveFileName(
        parent, "Save as OME-Zarr", f"{name}.ome.zarr", ";;".join(_VERSIONS)
    )
    if not path:
        return None
    if not path.lower().endswith(".zarr"):
        path += ".ome.zarr"
    return Path(path), _VERSIONS.get(kind, "0.5")


def pyramid_to_save(result: Result) -> tuple[Pyramid, str]:
    """Return what a result's layers show, and a note on what the format cannot hold.

    What is in memory is copied, as the user may paint on meanwhile. ValueError if a
    layer is gone, or if the format cannot hold its axes. The note may be empty.
    """
    from napari_colorquant.files.ome_zarr.level import ArrayLevel
    from napari_colorquant.files.ome_zarr.save import pyramid_of

    picture, labels = result.picture, result.labels
    if picture is None or labels is None:
        raise ValueError(layer_gone(result))
    axis = -1 if picture.rgb else result.pixel_axis
    levels = [
        ArrayLevel(own, drawn, axis)
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


def write_zarr(
    path: Path, pyramid: Pyramid, version: str, monitor: Monitor
) -> tuple[str, ...]:
    """Save a result, or go on with what a cancelled save finished; return notes."""
    from napari_colorquant.files.ome_zarr.write import save_pyramid

    return save_pyramid(path, pyramid, monitor, version=version)


def _channels(
    result: Result, picture: Image, level: ArrayLevel
) -> Sequence[ShownChannel]:
    """Return how the viewer shows the channels of the picture."""
    palette = result.palette
    if channels := channels_of(result.record):  # drawn in RGB
        palette = composite_palette(palette, channels)
    usual = usual_channels(palette, level.picture_dtype, level.n_channels)
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
