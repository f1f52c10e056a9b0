"""The one model of OME-Zarr's metadata as far as they are read; they may be damaged.

OME-NGFF 0.4 and 0.5, https://ngff.openmicroscopy.org. Numbers may be written as text,
as some programs do; what is not read here may be anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
)

from napari_colorquant.files.record import sentence_of


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Axis(_Model):
    """An axis of the arrays."""

    name: str
    type: str | None = None
    unit: str | None = None


class Transform(_Model):
    """A step from pixels to the world."""

    type: str
    scale: list[FiniteFloat] | None = None
    translation: list[FiniteFloat] | None = None


Transforms = Annotated[list[Transform], Field(default_factory=list)]


class Dataset(_Model):
    """A level."""

    path: str
    coordinateTransformations: Transforms


class Multiscale(_Model):
    """An image."""

    axes: Annotated[list[Axis], Field(min_length=1)]
    datasets: Annotated[list[Dataset], Field(min_length=1)]
    coordinateTransformations: Transforms


class Window(_Model):
    """The limits of the contrast."""

    start: FiniteFloat | None = None
    end: FiniteFloat | None = None


class OmeroChannel(_Model):
    """How a channel is shown."""

    label: Any = None
    color: Any = None
    active: Any = True
    window: Window = Window()


class Omero(_Model):
    """How an image is shown."""

    channels: list[OmeroChannel] = []


def read_multiscale(plain: object) -> Multiscale:
    """Return the first image of what is under multiscales, however damaged.

    Raise ValueError, in one sentence, if it is damaged or older than 0.4.
    """
    first = plain[0] if isinstance(plain, list) and plain else None
    if not isinstance(first, Mapping):
        raise ValueError("its metadata of OME-Zarr are damaged: they have no image.")
    axes = first.get("axes")
    if not (isinstance(axes, list) and all(isinstance(axis, dict) for axis in axes)):
        raise ValueError(
            "its OME-Zarr is older than 0.4, which first named the axes: convert it."
        )
    try:
        return Multiscale.model_validate(first)
    except ValidationError as error:
        raise ValueError(_damaged(error)) from None


def read_omero(plain: object) -> Omero:
    """Return how an image is shown; raise ValueError if the data are damaged."""
    try:
        return Omero() if plain is None else Omero.model_validate(plain)
    except ValidationError as error:
        raise ValueError(_damaged(error)) from None


def _damaged(error: ValidationError) -> str:
    return f"its metadata of OME-Zarr are damaged: {sentence_of(error, 'OME-Zarr')}"
