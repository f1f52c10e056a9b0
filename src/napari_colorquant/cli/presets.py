"""Presets in a shell: what they set of the options, and what of it an image takes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_colorquant.cli.messages import SHELL
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.core.learn.presets import (
    limit_not_set,
    preset_values,
    told_of_preset,
)

if TYPE_CHECKING:
    import argparse
    from collections.abc import Container

    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.learn.parameters import Parameters


def set_preset(arguments: argparse.Namespace, given: Container[str]) -> None:
    """Put in what --preset sets of the options that were not given.

    arguments.of_preset becomes their names, told_of_preset what is said of them.
    """
    name = arguments.preset
    arguments.of_preset = arguments.told_of_preset = ()
    if name is None:
        return
    values = preset_values(name, is_bytes=True)
    values = {one: value for one, value in values.items() if one not in given}
    notes: tuple[str, ...] = ()
    if values.get("max_distance") and not {"color_space", "weights"} <= set(values):
        # Distances may be in other units where the user says how colors are compared.
        del values["max_distance"]
        notes = _limit_not_set(arguments)
    for one, value in values.items():
        setattr(arguments, one, value)
    parts = (
        SHELL.setting(one, str(value).removesuffix(".0"))
        for one, value in values.items()
        if value is not None
    )
    arguments.of_preset = tuple(values)
    arguments.told_of_preset = (told_of_preset(name, parts), *notes)


def learning_for(
    image: Image, parameters: Parameters, arguments: argparse.Namespace
) -> tuple[Parameters, tuple[str, ...]]:
    """Return the parameters that an image takes, and notes.

    Channels of data are compared as they are, whatever space the preset sets.
    """
    space = parameters.color_space
    is_set = "color_space" in arguments.of_preset
    if not is_set or space == DEFAULTS.color_space or image.outline.is_light:
        return parameters, ()
    note = (
        "Its channels are not red, green and blue: they are compared as they are, "
        f"without the preset's {SHELL.setting('color_space', space)}."
    )
    return replace(parameters, color_space=DEFAULTS.color_space, weights=None), (note,)


def limit_for(
    image: Image, arguments: argparse.Namespace
) -> tuple[float | None, tuple[str, ...]]:
    """Return the max_distance of an image, and notes: a preset's is of 8 bits alone."""
    import numpy as np

    limit: float | None = arguments.max_distance
    if "max_distance" not in arguments.of_preset or image.dtype == np.uint8:
        return limit, ()
    return None, _limit_not_set(arguments)


def _limit_not_set(arguments: argparse.Namespace) -> tuple[str, ...]:
    note = limit_not_set(arguments.preset, {"max_distance": None})
    return () if note is None else (note.in_words(SHELL),)
