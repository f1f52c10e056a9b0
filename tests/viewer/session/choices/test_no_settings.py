"""Where napari has no settings of the plugin, the engine's defaults are used."""

from __future__ import annotations

import pytest

from napari_colorquant import Parameters
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.session.choices.settings import (
    default_cluster,
    default_parameters,
    default_scaling,
    remember,
    remember_cluster,
    reset,
)


def test_a_napari_that_keeps_no_settings_of_plugins(monkeypatch, notifications):
    # As napari 0.7 and 0.8.
    monkeypatch.delattr("napari.settings.get_plugin_settings", raising=False)
    remember(Parameters(n_colors=300), SCALINGS[1])
    remember_cluster("tcp://127.0.0.1:8786")
    assert default_parameters() == DEFAULTS
    assert default_scaling() == SCALINGS[0]
    assert default_cluster() == ""
    assert notifications == []


@pytest.mark.parametrize("error", [KeyError("napari-colorquant"), AssertionError()])
def test_a_plugin_that_napari_does_not_know(monkeypatch, error):
    def know_no_plugin(_name):
        raise error

    monkeypatch.setattr(
        "napari.settings.get_plugin_settings", know_no_plugin, raising=False
    )
    remember(Parameters(n_colors=300))
    reset()
    assert default_parameters() == DEFAULTS
