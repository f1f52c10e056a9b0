"""The user's last choices, kept in napari's preferences from session to session.

napari keeps a plugin's settings in a file of their own, reads it when they are first
asked for, and writes it whenever one of them changes.
"""

from __future__ import annotations

from typing import Any

from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.learn.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.viewer.layers.channels import SCALINGS

EVERY_PIXEL = 0
"""How a sample size of "every pixel" is stored: settings hold no None."""
BY_NUMBER, BY_PSNR, BY_DELTA_E = "number", "psnr", "delta_e"
"""What is aimed for, as it is stored: settings hold no number that may be "auto"."""


def default_parameters() -> Parameters:
    """Return the remembered parameters, with which a new widget starts.

    The engine's own where napari has no settings for the plugin (not registered, as in
    a script, or a damaged file), or where they do not fit together.
    """
    stored = _stored()
    if stored is None:
        return DEFAULTS
    try:
        return Parameters(
            method=stored.method,
            n_colors=stored.n_colors if stored.aim == BY_NUMBER else AUTO,
            target_psnr=stored.target_psnr if stored.aim == BY_PSNR else None,
            target_delta_e=stored.target_delta_e if stored.aim == BY_DELTA_E else None,
            color_space=stored.color_space,
            refine=stored.refine,
            n_samples=None if stored.n_samples == EVERY_PIXEL else stored.n_samples,
            random_state=stored.random_state,
        )
    except ValueError:
        return DEFAULTS


def default_scaling() -> str:
    """Return the remembered scaling, or the first of SCALINGS where there is none."""
    stored = _stored()
    return SCALINGS[0] if stored is None else str(stored.scaling)


def remember(parameters: Parameters, scaling: str = SCALINGS[0]) -> None:
    """Keep parameters for the next widget, in this session and later ones.

    Fixed colours are those of one image, and are not kept. ValueError if napari's
    preferences cannot hold a value.
    """
    stored = _stored()
    if stored is None:
        return
    n_samples = parameters.n_samples
    chosen = {
        "method": parameters.method,
        "color_space": parameters.color_space,
        "refine": parameters.refine,
        "n_samples": EVERY_PIXEL if n_samples is None else n_samples,
        "random_state": parameters.random_state,
        "scaling": scaling,
    }
    if parameters.target_psnr is not None:
        chosen |= {"aim": BY_PSNR, "target_psnr": parameters.target_psnr}
    elif parameters.target_delta_e is not None:
        chosen |= {"aim": BY_DELTA_E, "target_delta_e": parameters.target_delta_e}
    else:
        chosen |= {"aim": BY_NUMBER, "n_colors": parameters.n_colors}
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


def forget() -> None:
    """Go back to the engine's defaults, in this session and later ones."""
    stored = _stored()
    if stored is not None:
        _store(stored, type(stored)().model_dump())


def _stored() -> Any:
    """Return the plugin's part of napari's settings, or None where there is none."""
    from napari.settings import get_plugin_settings

    try:
        return get_plugin_settings("napari-colorquant").defaults
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
