"""Save Selected Layers: what the layers of palette indices are written as."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_colorquant.core.compute.wording import is_expected
from napari_colorquant.core.palette.appearance import appearance
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.table import channel_names, columns_of
from napari_colorquant.files.ome_zarr.pyramid import is_hex
from napari_colorquant.viewer.layers.channels import channels_of, composite_palette
from napari_colorquant.viewer.layers.layer_properties import (
    LayerData,
    picture_info,
    refuse_too_large,
    unread,
)
from napari_colorquant.viewer.layers.metadata import METADATA_KEY, record_in


def write_indexed_png(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the largest level of one labels layer as an indexed PNG; return its path.

    RuntimeError if the layer has no palette of this plugin, or PNG cannot hold it.
    """
    from napari_colorquant.files.images.write import write_indices

    target = _with_suffix(path, ".png")
    with _words_kept():
        palette, labels, shown = _shown_of(layers)
        info = picture_info(layers[0], labels.ndim)
        write_indices(target, labels, palette, shown, info)
    return [target]


def write_palette_tiff(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the largest level of one labels layer as a TIFF with a palette.

    Return its path. RuntimeError if the layer has no palette of this plugin.
    """
    from napari_colorquant.files.images.write import write_indices

    target = _with_suffix(path, ".tif", ".tiff")
    with _words_kept():
        palette, labels, shown = _shown_of(layers)
        info = picture_info(layers[0], labels.ndim)
        write_indices(target, labels, palette, shown, info)
    return [target]


def write_tables(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the palette of one labels layer as a.csv and the labels as a-labels.csv.

    Of a multiscale layer, the largest level. RuntimeError if it has no palette of ours,
    is no plane, or if the labels would replace a file that has no palette beside it.
    """
    from napari_colorquant.files.images.write import write_label_table
    from napari_colorquant.formats.registry import save_palette

    target = _with_suffix(path, ".csv")
    table = Path(target)
    beside = table.with_name(f"{table.stem}-labels.csv")
    with _words_kept():
        palette, labels = _indices_of(layers)
        # The user was asked about the palette's file alone.
        if beside.exists() and not table.exists():
            raise ValueError(
                f"{beside}: the labels would replace this file: choose another name."
            )
        write_label_table(beside, labels)
        meta = layers[0][1]
        record = meta["metadata"][METADATA_KEY]
        channels = [channel.name for channel in channels_of(record)]
        names = channels or channel_names(palette.n_channels, rgb=record.get("rgb"))
        shown = _shown_in(meta.get("features"), palette)
        save_palette(palette, table, columns_of(palette, names, shown))
    return [target, str(beside)]


def write_annotations(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write the classes of one labels layer as annotations of QuPath; return its path.

    Of a multiscale layer, the largest level. RuntimeError if it has no palette of ours,
    or is no plane.
    """
    from napari_colorquant.files.regions import annotations

    target = _with_suffix(path, ".geojson")
    with _words_kept():
        palette, labels, _ = _shown_of(layers)
        annotations.write_annotations(target, labels, palette)
    return [target]


def _shown_in(features: Any, palette: Palette) -> NDArray[np.uint8] | None:
    """Return the colours of the entries that a layer's features tell, if they do."""
    if features is None or not {"label", "hex"} <= {*features.columns}:
        return None
    told = dict(zip(features["label"], map(str, features["hex"]), strict=True))
    texts = [told.get(label, "") for label in range(1, len(palette) + 1)]
    if not all(text[:1] == "#" and is_hex(text[1:]) for text in texts):
        return None
    return np.array([list(bytes.fromhex(text[1:])) for text in texts], np.uint8)


@contextmanager
def _words_kept() -> Iterator[None]:
    # napari takes a ValueError of a writer for its own of finding none, and says only
    # that there is none. In its window it shows a traceback of all others.
    try:
        yield
    except (ValueError, OSError, MemoryError) as error:
        is_words = isinstance(error, ValueError)
        told = RuntimeError(*error.args) if is_words else error
        if "napari.utils.notifications" in sys.modules and is_expected(error):
            from napari_colorquant.viewer.session.notify import plain

            told = plain(told)
        if told is error:
            raise
        raise told from error


def _with_suffix(path: str, *suffixes: str) -> str:
    # A layer's name may have a dot, which is no suffix.
    return path if path.lower().endswith(suffixes) else path + suffixes[0]


def _indices_of(
    layers: Sequence[LayerData],
) -> tuple[Palette, NDArray[np.integer[Any]]]:
    """Return the palette of a layer, and the labels that belong to it."""
    ((data, meta, _),) = layers
    record = record_in(
        meta.get("metadata", {}),
        meta.get("name"),
        f"{meta.get('name')!r} has no palette of napari-colorquant: save it in another "
        "way, or quantize an image and save its labels.",
    )
    palette = Palette.from_dict(record["palette"])
    largest = data[0] if meta.get("multiscale") else data
    refuse_too_large(largest, str(meta.get("name")))
    labels = np.asarray(unread(largest))
    low, high = labels.min(), labels.max()
    if low < 0 or high > len(palette):
        raise ValueError(
            f"{meta.get('name')!r} has labels from {low} to {high}, and its palette "
            f"has those from 1 to {len(palette)}: undo the change."
        )
    return palette, labels


def _shown_of(
    layers: Sequence[LayerData],
) -> tuple[Palette, NDArray[np.integer[Any]], NDArray[np.uint8]]:
    """Return palette and labels of a picture, and the entries as they are shown.

    Of several layers, the palette is that of the composite.
    """
    palette, labels = _indices_of(layers)
    record = layers[0][1]["metadata"][METADATA_KEY]
    channels = channels_of(record)
    if channels:
        palette = composite_palette(palette, channels)
        return palette, labels, appearance(palette)
    return palette, labels, appearance(palette, rgb=record.get("rgb"))


def write_picture(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write an image layer as PNG or TIFF, with the size of its pixels.

    Of a multiscale layer the largest level. RuntimeError if the format cannot hold it.
    """
    from napari_colorquant.files.images import write

    target = _with_suffix(path, ".tif", ".tiff", ".png")
    ((data, meta, _),) = layers
    with _words_kept():
        largest = data[0] if meta.get("multiscale") else data
        refuse_too_large(largest, str(meta.get("name")))
        image = np.asarray(largest)
        is_color = bool(meta.get("rgb"))
        info = picture_info(layers[0], image.ndim - is_color, -1 if is_color else None)
        write.write_picture(target, image, info)
    return [target]
