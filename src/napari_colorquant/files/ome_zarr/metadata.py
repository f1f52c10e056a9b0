"""What OME-Zarr says of a result: axes, places, channels, and the labels' colours.

The parts multiscales, omero and image-label of OME-NGFF 0.4 and 0.5,
https://ngff.openmicroscopy.org. The package ome-zarr writes and checks them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.files.record import as_json
from napari_colorquant.formats.json_palette import dumps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.files.ome_zarr.block_plan import LevelPlan
    from napari_colorquant.files.ome_zarr.pyramid import Pyramid

VERSIONS = ("0.4", "0.5")
"""Versions of OME-NGFF that are written: 0.4 is zarr 2, 0.5 is zarr 3."""
RECORD_KEY = "napari-colorquant"
"""Attribute of the image's group that holds the record of the result."""
LABELS = "palette"
"""Name of the labels, in the group ``labels``."""

_KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}


def write_metadata(
    group: Any,
    pyramid: Pyramid,
    plans: Sequence[LevelPlan],
    counts: NDArray[np.int64],
    version: str,
) -> None:
    """Write all metadata of a result into the image's group.

    counts: the pixels of each entry in the largest level.
    """
    from ome_zarr.format import format_from_version
    from ome_zarr.writer import (
        add_metadata,
        write_label_metadata,
        write_multiscales_metadata,
    )

    form = format_from_version(version)
    for target, axes, name, more in (
        (
            group,
            pyramid.picture_axes,
            pyramid.name,
            {"omero": _omero(pyramid, version)},
        ),
        (group["labels"][LABELS], pyramid.axes, LABELS, {}),
    ):
        write_multiscales_metadata(
            target,
            datasets=_datasets(axes, plans),
            fmt=form,
            axes=_axes(axes, dict(zip(pyramid.axes, pyramid.units, strict=True))),
            name=name,
            metadata=more,
        )
    labels = group["labels"]
    if version != "0.4":
        add_metadata(labels, {"version": version}, fmt=form)
    write_label_metadata(
        labels,
        LABELS,
        colors=_colors(pyramid),
        properties=_properties(pyramid, counts),
        fmt=form,
        source={"image": "../../"},
    )
    record = as_json(_counted(pyramid.record, counts))
    group.attrs[RECORD_KEY] = json.loads(dumps(record))


def _axes(axes: str, units: Mapping[str, str | None]) -> list[dict[str, str]]:
    plain = []
    for axis in axes:
        about = {"name": axis, "type": _KINDS[axis]}
        unit = units.get(axis)
        plain.append(about if unit is None else {**about, "unit": unit})
    return plain


def _datasets(axes: str, plans: Sequence[LevelPlan]) -> list[dict[str, Any]]:
    is_moved = any(any(plan.translation) for plan in plans)
    datasets = []
    for number, plan in enumerate(plans):
        scale = _with_channels(axes, plan.scale, 1.0)
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if is_moved:
            place = _with_channels(axes, plan.translation, 0.0)
            transforms.append({"type": "translation", "translation": place})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    return datasets


def _with_channels(axes: str, values: Sequence[float], channels: float) -> list[float]:
    along = iter(values)
    return [channels if axis == "c" else float(next(along)) for axis in axes]


def _omero(pyramid: Pyramid, version: str) -> dict[str, Any]:
    dtype = pyramid.levels[0].picture.dtype
    limits = np.iinfo(dtype) if dtype.kind in "iu" else None
    channels = []
    for channel in pyramid.channels:
        low = channel.start if limits is None else limits.min
        high = channel.end if limits is None else limits.max
        channels.append(
            {
                "label": channel.name,
                "color": channel.color,
                "active": channel.active,
                "coefficient": 1,
                "family": "linear",
                "inverted": False,
                "window": {
                    "min": low,
                    "max": high,
                    "start": channel.start,
                    "end": channel.end,
                },
            }
        )
    model = "greyscale" if len(channels) == 1 else "color"
    return {
        "name": pyramid.name,
        "version": version,
        "channels": channels,
        "rdefs": {"defaultT": 0, "defaultZ": 0, "model": model},
    }


def _colors(pyramid: Pyramid) -> list[dict[str, Any]]:
    shown = enumerate(pyramid.shown.tolist(), 1)
    return [
        {"label-value": 0, "rgba": [0, 0, 0, 0]},
        *({"label-value": label, "rgba": rgba} for label, rgba in shown),
    ]


def _properties(pyramid: Pyramid, counts: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return for each label what the features of a labels layer say."""
    palette = replace(pyramid.palette, counts=counts)
    names = [channel.name for channel in pyramid.channels][: palette.n_channels]
    columns = columns_of(palette, names, pyramid.shown)
    # Not "index": readers give a table of labels such a column themselves.
    columns = {
        "label-value": columns["label"],
        "label": columns["label"],
        "palette-index": columns.pop("index"),
        **columns,
    }
    n_pixels_of_0 = pyramid.levels[0].labels.size - sum(columns["pixels"])
    # Label 0 is there as well: what has a color must have properties.
    not_quantized = {
        **dict.fromkeys(columns),
        "label-value": 0,
        "label": 0,
        "name": "not quantized",
        "pixels": n_pixels_of_0,
    }
    rows = zip(*columns.values(), strict=True)
    return [not_quantized, *(dict(zip(columns, row, strict=True)) for row in rows)]


def _counted(record: Mapping[str, Any], counts: NDArray[np.int64]) -> dict[str, Any]:
    """Return a record with the pixels that were counted, which are no estimates."""
    whole = {
        **record,
        "palette": {**record["palette"], "counts": counts.tolist()},
        "counts_are_estimates": False,
    }
    if "report" in record:
        whole["report"] = {
            **record["report"],
            "n_pixels": int(counts.sum()),
            "n_colors_after": int(np.count_nonzero(counts)),
            "counts_are_estimates": False,
        }
    if "palettes" in record and record["counts_are_estimates"]:  # one a slice
        whole["palettes"] = [{**one, "counts": None} for one in record["palettes"]]
    return whole
