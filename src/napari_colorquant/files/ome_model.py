"""The one model of what is read of OME-Zarr's metadata, which may be damaged.

Of the OME-NGFF specification 0.4 and 0.5, https://ngff.openmicroscopy.org. Numbers may
be written as text, as some programs do; what is not read here may be anything.
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
    """Read the metadata of an image.

    Parameters
    ----------
    plain : object
        What is under ``multiscales``, however damaged: the first is read.

    Returns
    -------
    Multiscale
        The metadata.

    Raises
    ------
    ValueError
        If they are damaged, or older than 0.4: in one sentence.
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
    """Read how an image is shown.

    Parameters
    ----------
    plain : object
        What is under ``omero``, however damaged; None if there is nothing.

    Returns
    -------
    Omero
        Its channels, if it has any.

    Raises
    ------
    ValueError
        If they are damaged: in one sentence.
    """
    try:
        return Omero() if plain is None else Omero.model_validate(plain)
    except ValidationError as error:
        raise ValueError(_damaged(error)) from None


def _damaged(error: ValidationError) -> str:
    return f"its metadata of OME-Zarr are damaged: {sentence_of(error, 'OME-Zarr')}"
