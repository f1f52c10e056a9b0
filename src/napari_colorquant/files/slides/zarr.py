"""Zarr that is read part by part: OME-Zarr with its levels and places, and arrays."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.bounded import bounded_store
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.array_ref import ZarrPlace, reason_of, zarr_place
from napari_colorquant.core.palette.appearance import ShownChannel
from napari_colorquant.files.images.info import AUTO, PictureInfo, axis_of_colors
from napari_colorquant.files.images.tiff_colors import Conversion, ConvertedArray
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
_RGB = ["FF0000", "00FF00", "0000FF"]
_NAMES_OF_RGB = ["red", "green", "blue"]
_TAKEN_AS_RGB = Sentence(
    "The file shows its 3 channels in red, green and blue: they are taken as RGB. With "
    "{rgb:=False} they are channels of data."
)


def zarr_slide(
    source: str | PathLike[str],
    channel_axis: int | str | None,
    series: int | None = None,
    rgb: bool | None = None,
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
        moved = None
        if not isinstance(channel_axis, str):  # which is refused below
            moved, channel_axis = axis_of_colors(channel_axis, node.shape, rgb)
        levels = (_readable(node, source, moved),)
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
    slide = _ome_slide(node, attributes, channel_axis, source, rgb)
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


@dataclass(frozen=True, slots=True)
class _ColorsLast:
    """Where an array of zarr is, one axis of which is seen as the last."""

    place: ZarrPlace
    moved: int

    @property
    def path(self) -> str:
        return self.place.path

    def open(self) -> ConvertedArray:
        return ConvertedArray(self.place.open(), Conversion(self.moved))


def _readable(array: Any, source: str | PathLike[str], moved: int | None) -> Readable:
    """Return an array that can be read; moved: the axis that is to be the last."""
    place = (ZarrPlace if is_address(source) else zarr_place)(str(source), array.path)
    if moved is None:
        return Readable(array, place)
    converted = ConvertedArray(array, Conversion(moved))
    return Readable(converted, _ColorsLast(place, moved))


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
    rgb: bool | None,
) -> Slide:
    image = read_multiscale(attributes["multiscales"])
    axes = _names(image.axes)
    with _or_damaged():
        arrays = [group[one.path] for one in image.datasets]
        if {array.ndim for array in arrays} != {len(axes)}:
            raise ValueError("the levels have other axes than are named")
        found = axes.index("c") if "c" in axes else None
        common = image.coordinateTransformations
        places = [
            _place([*one.coordinateTransformations, *common], len(axes))
            for one in image.datasets
        ]
    n_channels = 1 if found is None else arrays[0].shape[found]
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
    notes: tuple[str, ...] = ()
    if rgb is None and channel_axis == AUTO and _show_rgb(channels, arrays[0].dtype):
        rgb, notes = True, (_TAKEN_AS_RGB,)
    moved, axis = axis_of_colors(found, arrays[0].shape, rgb)
    others = [i for i in range(len(axes)) if i != found]
    units = tuple(image.axes[i].unit or None for i in others)
    names = "".join(axes[i] for i in others)
    known = any(units)
    return Slide(
        tuple(_readable(array, source, moved) for array in arrays),
        PictureInfo(axis, names, units=units if known else None, notes=notes),
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


def _show_rgb(channels: Sequence[ShownChannel], dtype: Any) -> bool:
    """Return whether channels, as they are shown, are the picture of RGB.

    Three of uint8 in red, green and blue, from 0 to 255 or called so. In other dtypes,
    programs show three channels of fluorescence like this, too.
    """
    if dtype != np.uint8 or [one.color.upper() for one in channels] != _RGB:
        return False
    are_named = [one.name.strip().casefold() for one in channels] == _NAMES_OF_RGB
    are_whole = all((one.start, one.end) == (0, 255) for one in channels)
    return all(one.active for one in channels) and (are_named or are_whole)
