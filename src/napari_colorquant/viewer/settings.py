"""The user's defaults, from napari's preferences."""

from __future__ import annotations

from napari_colorquant.core.parameters import DEFAULTS, Parameters

EVERY_PIXEL = 0
"""How a sample size of "every pixel" is stored: settings hold no None."""


def default_parameters() -> Parameters:
    """Return the parameters that a new widget starts with.

    Returns
    -------
    napari_colorquant.Parameters
        Those of napari's preferences, under the plugin's name; the engine's own
        where napari has no settings for the plugin (it is not registered, as in
        a script) or where they do not fit together (a sample smaller than the
        palette).
    """
    from napari.settings import get_plugin_settings

    try:
        stored = get_plugin_settings("napari-colorquant").defaults
    except (KeyError, AttributeError):
        return DEFAULTS
    try:
        return Parameters(
            method=stored.method,
            n_colors=stored.n_colors,
            color_space=stored.color_space,
            refine=stored.refine,
            n_samples=None if stored.n_samples == EVERY_PIXEL else stored.n_samples,
            random_state=stored.random_state,
        )
    except ValueError:
        return DEFAULTS
