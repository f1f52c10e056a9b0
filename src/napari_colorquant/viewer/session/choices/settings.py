"""The user's last choices, kept in napari's preferences from session to session.

From 0.9 on, napari keeps a plugin's settings in a file of their own, reads it when they
are first asked for, and writes it whenever one of them changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_colorquant.core.color.background import (
    read_background,
    written_background,
)
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.learn.descriptions import (
    DESCRIPTIONS,
    EVERY_PIXEL,
    NO_LIMIT,
    Description,
)
from napari_colorquant.core.learn.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.learn.presets import PRESET_SETS, preset_values
from napari_colorquant.formats.palette_data import read_weights, written_weights
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.napari_versions import plugin_settings

AIMS = {"number": "n_colors", "psnr": "target_psnr", "delta_e": "target_delta_e"}
"""What may be aimed for, as it is stored, and the parameter that says it."""
AIM = Description(
    label="Aim for",
    help="a number of colors, or the fewest that come close enough",
    details=": by the peak signal-to-noise ratio, or by the mean color difference that "
    "an eye sees (2 is hardly visible).",
    choices={"number": "Number of colors", "psnr": "PSNR (dB)", "delta_e": "ΔE2000"},
)
CONTROLS: Mapping[str, Description] = {"aim": AIM, **DESCRIPTIONS}
"""What has a control."""
_OF_ONE_IMAGE = ("background", "max_distance")
SETTINGS = {name: CONTROLS[name] for name in CONTROLS if name not in _OF_ONE_IMAGE}
"""What has a setting, called so in the manifest: not what is in units of one image."""


def choices_of(parameters: Parameters) -> dict[str, Any]:
    """Return what controls and settings hold for parameters: no None and no "auto".

    Only what is aimed for is in it, of the number of colours and the targets.
    """
    values = {name: getattr(parameters, name) for name in DESCRIPTIONS}
    values["n_samples"] = values["n_samples"] or EVERY_PIXEL
    values["max_distance"] = values["max_distance"] or NO_LIMIT
    values["weights"] = written_weights(parameters.weights)
    values["background"] = written_background(parameters.background)
    values = {name: it for name, it in values.items() if it not in (None, AUTO)}
    return {"aim": next(aim for aim in AIMS if AIMS[aim] in values), **values}


def parameters_of(choices: Mapping[str, Any], **of_one_image: Any) -> Parameters:
    """Return the parameters of choices; ValueError if they do not fit together.

    of_one_image: parameters that have no setting, as they are.
    """
    values = {name: choices[name] for name in DESCRIPTIONS} | of_one_image
    aimed = AIMS[choices["aim"]]
    values |= dict.fromkeys(AIMS.values()) | {"n_colors": AUTO, aimed: values[aimed]}
    if values["n_samples"] == EVERY_PIXEL:
        values["n_samples"] = None
    if values["max_distance"] == NO_LIMIT:
        values["max_distance"] = None
    values["weights"] = read_weights(values["weights"]) or None
    values["background"] = read_background(values["background"])
    return Parameters(**values)


def choices_of_preset(preset: str, *, is_bytes: bool) -> dict[str, Any]:
    """Return what a preset sets; is_bytes: distances are in values of 8 bits."""
    values = choices_of(Parameters(**preset_values(preset, is_bytes=is_bytes)))
    return {name: values[name] for name in ("aim", *PRESET_SETS)}


def default_parameters() -> Parameters:
    """Return the remembered parameters, with which a new widget starts.

    The engine's own where napari has no settings for the plugin (older than 0.9, not
    registered, as in a script, or a damaged file), or where they do not fit together.
    """
    stored = _stored()
    if stored is None:
        return DEFAULTS
    try:
        return parameters_of(choices_of(DEFAULTS) | stored.model_dump())
    except ValueError:
        return DEFAULTS


def default_scaling() -> str:
    """Return the remembered scaling, or the first of SCALINGS where there is none."""
    stored = _stored()
    return SCALINGS[0] if stored is None else str(stored.scaling)


def remember(parameters: Parameters, scaling: str = SCALINGS[0]) -> None:
    """Keep parameters for the next widget, in this session and later ones.

    Fixed colours, background and max_distance are of one image, and are not kept.
    ValueError if napari's preferences cannot hold a value.
    """
    stored = _stored()
    if stored is None:
        return
    values = choices_of(parameters)
    chosen = {name: values[name] for name in values if name in SETTINGS}
    chosen["scaling"] = scaling
    try:
        type(stored)(**chosen)  # or some would be stored before one is refused
    except ValueError as error:
        raise ValueError(
            "the preferences hold sample sizes and seeds up to 2,147,483,647, and "
            "targets from 0.1 to 200: these parameters cannot be remembered."
        ) from error
    _store(stored, chosen)


def default_cluster() -> str:
    """Return the remembered address of a cluster; empty for none."""
    stored = _stored()
    return "" if stored is None else str(stored.cluster)


def remember_cluster(address: str) -> None:
    """Keep the address of a cluster's scheduler, or '', for the next widget."""
    stored = _stored()
    if stored is not None and stored.cluster != address:
        _store(stored, {"cluster": address})


def reset() -> None:
    """Go back to the engine's defaults, in this session and later ones."""
    stored = _stored()
    if stored is not None:
        _store(stored, type(stored)().model_dump())


def _stored() -> Any:
    """Return the plugin's part of napari's settings, or None where there is none."""
    try:
        settings = plugin_settings("napari-colorquant")
        return None if settings is None else settings.defaults
    # Every error: a damaged file, also another plugin's, makes napari stumble anywhere,
    # and must not keep the widget from opening.
    except Exception:  # noqa: BLE001, as said above
        return None


def _store(stored: Any, values: dict[str, Any]) -> None:
    from napari.utils.notifications import show_warning

    try:
        stored.update(values)  # in one go: napari writes its file once
    except OSError as error:
        show_warning(
            "The choices are kept until napari closes, but could not be saved: "
            f"{sentence_of(error)}"
        )
