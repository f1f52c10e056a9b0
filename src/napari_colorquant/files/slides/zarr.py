"""Zarr that is read part by part: OME-Zarr with its levels and places, and arrays."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.bounded import bounded_store
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.array_ref import ZarrPlace, reason_of, zarr_place
from napari_colorquant.core.palette.appearance import ShownChannel
from napari_colorquant.files.images.info import PictureInfo
from napari_colorquant.files.ome_zarr.identity import folder_identity, is_address
from napari_colorquant.files.ome_zarr.pyramid import is_hex
from napari_colorquant.files.slides.ome_model import (
    Axis,
    Omero,
    Transform,
    read_multiscale,
    read_omero,
)
from napari_colorquant.files.slides.slide import (
    Readable,
    Slide,
    plain_slide,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from os import PathLike

_MOST_IMAGES = 100  # that are looked for, to be told


def zarr_slide(
    source: str | PathLike[str],
    channel_axis: int | str | None,
    series: int | None = None,
) -> Slide:
    """Return the slide of a zarr (folder or address), by default of its first image."""
    import zarr

    try:
        node = zarr.open(bounded_store(source), mode="r")
    except FileNotFoundError as error:
        raise ValueError("there is no zarr: neither a group nor an array.") from error
    except OSError:
        raise
    except Exception as error:  # damage, or what a web service refuses
        raise ValueError(f"cannot be read as a zarr: {reason_of(error)}.") from error
    chosen = series or 0
    images: tuple[str, ...] = ()
    is_many = not isinstance(node, zarr.Array) and _is_many(_ome(node))
    if chosen and not is_many:
        raise ValueError(f"holds one image, and series {chosen} was asked for.")
    if isinstance(node, zarr.Array):
        identity = _identity_of(source, "")
        if channel_axis == "auto":
            channel_axis = None if node.ndim == 2 else -1
        levels = (_readable(node, source),)
        return plain_slide(levels, PictureInfo(None), channel_axis, identity)
    if is_many:
        if chosen < 0 or str(chosen) not in node:
            if chosen == 0:
                raise ValueError("its metadata of OME-Zarr are damaged.")
            raise ValueError(f"holds no image {chosen}, as they are counted from 0.")
        images = tuple(_images(node))
        with _or_damaged():
            node = node[str(chosen)]
    attributes = _ome(node)
    if "plate" in attributes:
        raise ValueError(
            "is a plate of many images: pass one of them, such as plate.zarr/A/1/0."
        )
    if "multiscales" not in attributes:
        raise ValueError(
            "is a group of zarr without an image of OME-Zarr: pass one of its arrays."
        )
    slide = _ome_slide(node, attributes, channel_axis, source)
    return replace(slide, info=replace(slide.info, series=images, chosen=chosen))


def _is_many(attributes: dict[str, Any]) -> bool:
    """Return whether there are images in groups named by their numbers."""
    return "multiscales" not in attributes and "bioformats2raw.layout" in attributes


def _images(group: Any) -> Iterator[str]:
    """Yield an empty name for each image found; a web service cannot list them."""
    for number in range(_MOST_IMAGES):
        if str(number) not in group:
            return
        yield ""


def _identity_of(source: str | PathLike[str], name: str) -> list[Any] | None:
    """Return what the pixels of a zarr are known by, of that in it which is read."""
    if is_address(source):
        return None
    return folder_identity(os.path.join(source, name))


def _readable(array: Any, source: str | PathLike[str]) -> Readable:
    place = ZarrPlace if is_address(source) else zarr_place
    return Readable(array, place(str(source), array.path))


@contextmanager
def _or_damaged() -> Iterator[None]:
    """Turn errors other than OSError into a ValueError: the metadata are damaged."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # zarr stumbles over its own metadata anywhere
        raise ValueError("its metadata of OME-Zarr are damaged.") from error


def _ome(group: Any) -> dict[str, Any]:
    attributes = group.attrs.asdict()
    ome = attributes.get("ome", attributes)
    return ome if isinstance(ome, dict) else {}


def _ome_slide(
    group: Any,
    attributes: dict[str, Any],
    channel_axis: int | str | None,
    source: str | PathLike[str],
) -> Slide:
    image = read_multiscale(attributes["multiscales"])
    axes = _names(image.axes)
    with _or_damaged():
        levels = tuple(_readable(group[one.path], source) for one in image.datasets)
        if {level.ndim for level in levels} != {len(axes)}:
            raise ValueError("the levels have other axes than are named")
        found = axes.index("c") if "c" in axes else None
        common = image.coordinateTransformations
        places = [
            _place([*one.coordinateTransformations, *common], len(axes))
            for one in image.datasets
        ]
    n_channels = 1 if found is None else levels[0].shape[found]
    channels = _shown(read_omero(attributes.get("omero")), n_channels)
    if channel_axis not in ("auto", found):
        raise ValueError(
            Sentence(
                "its channels are in the axis {found}, not {axis}: leave out "
                "{channel_axis}.",
                found=found,
                axis=channel_axis,
            )
        )
    others = [i for i in range(len(axes)) if i != found]
    units = tuple(image.axes[i].unit or None for i in others)
    names = "".join(axes[i] for i in others)
    return Slide(
        levels,
        PictureInfo(found, names, units=units if any(units) else None),
        tuple(tuple(scale[i] for i in others) for scale, _ in places),
        tuple(tuple(place[i] for i in others) for _, place in places),
        channels,
        _identity_of(source, group.path),
    )


def _names(axes: Sequence[Axis]) -> str:
    """Return the axes' letters, whatever names they have."""
    kinds = [
        axis.type or {"t": "time", "c": "channel"}.get(axis.name, "space")
        for axis in axes
    ]
    letters = iter("zyx"[-kinds.count("space") :])
    others = {"time": "t", "channel": "c"}
    names = [others.get(kind) or next(letters, "?") for kind in kinds]
    return "".join(names)


def _place(transforms: Sequence[Transform], n: int) -> tuple[list[float], list[float]]:
    scale, place = [1.0] * n, [0.0] * n
    for one in transforms:
        if one.type == "scale":
            factors = one.scale or ()
            scale = [a * b for a, b in zip(scale, factors, strict=True)]
            place = [a * b for a, b in zip(place, factors, strict=True)]
        elif one.type == "translation":
            shift = one.translation or ()
            place = [a + b for a, b in zip(place, shift, strict=True)]
    return scale, place


def _shown(omero: Omero, n: int) -> tuple[ShownChannel, ...]:
    """Return how the channels are shown, if all that it takes is there."""
    if len(omero.channels) != n:
        return ()
    shown = []
    for number, one in enumerate(omero.channels):
        start, end = one.window.start, one.window.end
        if not is_hex(one.color) or start is None or end is None or end <= start:
            return ()
        name = f"channel {number}" if one.label is None else str(one.label)
        shown.append(ShownChannel(name, one.color, start, end, bool(one.active)))
    return tuple(shown)
