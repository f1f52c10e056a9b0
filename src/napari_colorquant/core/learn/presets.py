"""What suits a kind of image: docs/workbench.md has the figures."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.learn.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PRESET_SETS = ("n_colors", "color_space", "weights", "balance", "max_distance")
"""The parameters that a preset sets; it leaves the others as they are."""


@dataclass(frozen=True, slots=True)
class Preset:
    """What a window calls a preset, and what it sets; a limit is of 8 bits."""

    title: str
    parameters: Parameters


PRESETS: Mapping[str, Preset] = {
    "photo": Preset("Photo", Parameters(n_colors=64)),
    "he": Preset("H&E", Parameters(n_colors=6, color_space="hed", balance=0.25)),
    "ihc": Preset("IHC (DAB)", Parameters(n_colors=8, color_space="lab", balance=0.25)),
    "fluorescence": Preset("Fluorescence", Parameters(n_colors=8)),
    "map": Preset("Map or chart", Parameters(n_colors=12, max_distance=40.0)),
}
"""By the names that a shell and a script call them."""


def preset(name: str, image: Any) -> dict[str, Any]:
    """Return the arguments of `quantize` that suit a kind of image.

    They are passed as ``quantize(image, **preset("ihc", image))``. To set one of them
    yourself, write ``**(preset("ihc", image) | {"n_colors": 12})``. The window and the
    shell have the same presets.

    Parameters
    ----------
    name : {"photo", "he", "ihc", "fluorescence", "map"}
        The kind of image: a photograph; a slide that is stained with H&E; one that is
        stained with haematoxylin and DAB; channels of fluorescence; a map or a chart.
    image : array
        An array of numpy, dask or zarr. Its dtype alone is looked at.

    Returns
    -------
    dict
        `n_colors`, `color_space`, `weights`, `balance` and `max_distance`.

    Warns
    -----
    UserWarning
        If the preset has a `max_distance`, which is in values of 8 bits, and the image
        is not of uint8: it is None then.

    Raises
    ------
    TypeError
        If the image has no dtype.
    ValueError
        If the name is unknown.
    """
    if not is_word(name, PRESETS):
        raise ValueError(
            Sentence(
                "{preset} {name} is unknown: pass one of {known}.",
                name=shown(name),
                known=", ".join(map(repr, PRESETS)),
            )
        )
    dtype = getattr(image, "dtype", None)
    if dtype is None:
        raise TypeError(f"image is {shown(image)}: pass an array, which has a dtype.")
    values = preset_values(name, is_bytes=dtype == np.uint8)
    if (note := limit_not_set(name, values)) is not None:
        warnings.warn(note, UserWarning, stacklevel=2)
    return values


def preset_values(name: str, *, is_bytes: bool) -> dict[str, Any]:
    """Return what a preset sets; is_bytes: distances are in values of 8 bits."""
    parameters = PRESETS[name].parameters
    values = {one: getattr(parameters, one) for one in PRESET_SETS}
    return values if is_bytes else values | {"max_distance": None}


def told_of_preset(name: str, parts: Iterable[str]) -> str:
    """Return the sentence of what a preset has set, each part in words of the place."""
    return f"{PRESETS[name].title} is set. {' · '.join(parts)}"


def limit_not_set(name: str, values: Mapping[str, Any]) -> Sentence | None:
    """Return what to say where values lack the limit of a preset; None if they do not.

    values: as of preset_values.
    """
    limit = PRESETS[name].parameters.max_distance
    if limit is None or values["max_distance"]:
        return None
    return Sentence(
        "The preset leaves out what is over {limit:g} of 255 in images of 8 bits "
        "alone: set {max_distance} yourself.",
        limit=limit,
    )
