"""The last choices, through napari's real settings file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import napari_colorquant
from napari_colorquant import Palette, Parameters
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.session.choices.settings import (
    default_parameters,
    default_scaling,
    remember,
    reset,
)
from old_napari import needs_settings, read_again, settings_of

pytestmark = needs_settings

OTHERS = Parameters(
    n_colors=300,
    method="random",
    refine=False,
    n_samples=None,
    color_space="hed",
    weights=(0.1, 1, 2 / 3),
    balance=0.7,
    random_state=2**31 - 1,
)
CHOICES = [
    DEFAULTS,
    OTHERS,
    Parameters(n_colors="auto", target_psnr=100 / 3),
    Parameters(n_colors="auto", target_delta_e=0.1, method="wu", n_samples=1024),
    Parameters(n_colors=65_535, n_samples=2**31 - 1),
]


def refuse_to_write(*_arguments, **_more):
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("parameters", CHOICES)
def test_choices_are_remembered_in_this_session_and_in_the_next(parameters):
    remember(parameters)
    assert default_parameters() == parameters
    read_again()
    assert default_parameters() == parameters


@pytest.mark.parametrize("before", CHOICES)
@pytest.mark.parametrize("after", CHOICES)
def test_later_choices_replace_earlier_ones(before, after):
    remember(before)
    read_again()
    remember(after)
    read_again()
    assert default_parameters() == after


def test_choices_are_remembered_from_one_process_to_another(settings_file):
    def run(code):
        home = Path(napari_colorquant.__file__).parents[1]
        imports = (
            "from napari_colorquant import Parameters\n"
            "from napari_colorquant.viewer.session.choices.settings import *\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", imports + code],
            env=os.environ
            | {
                "PYTHONPATH": str(home),
                "NAPARI_CONFIG": str(settings_file.with_name("settings.yaml")),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    run(f"remember({OTHERS})")
    assert run("print(default_parameters())") == repr(OTHERS)


def test_only_what_is_not_the_default_is_in_the_file(settings_file):
    assert not settings_file.exists()
    remember(DEFAULTS)
    assert not settings_file.exists()
    remember(Parameters(n_colors="auto", target_psnr=40, n_samples=None))
    assert yaml.safe_load(settings_file.read_text()) == {
        "defaults": {"aim": "psnr", "target_psnr": 40.0, "n_samples": 0}
    }


def test_the_file_is_written_once(monkeypatch):
    written = []
    model = type(settings_of("napari-colorquant"))
    monkeypatch.setattr(model, "save", lambda *_: written.append(1))
    remember(OTHERS)
    assert len(written) == 1
    remember(OTHERS)  # the same again
    assert len(written) == 1
    reset()
    assert len(written) == 2


def test_a_target_keeps_the_number_of_colors_and_the_other_target():
    remember(Parameters(n_colors=12))
    remember(Parameters(n_colors="auto", target_psnr=40))
    remember(Parameters(n_colors="auto", target_delta_e=3))
    stored = settings_of("napari-colorquant").defaults
    kept = (stored.aim, stored.n_colors, stored.target_psnr, stored.target_delta_e)
    assert kept == ("delta_e", 12, 40.0, 3.0)


def test_fixed_colors_are_not_remembered():
    remember(Parameters(n_colors=9, fixed=Palette([[1, 2, 3]])))
    read_again()
    assert default_parameters() == Parameters(n_colors=9)


def test_choices_are_forgotten():
    remember(OTHERS)
    reset()
    assert default_parameters() == DEFAULTS
    read_again()
    assert default_parameters() == DEFAULTS


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(random_state=2**31),
        Parameters(n_samples=2**31),
        Parameters(n_colors="auto", target_psnr=0.05),
        Parameters(n_colors="auto", target_delta_e=201, method="wu"),
    ],
)
def test_what_no_widget_can_show_is_not_remembered(parameters, settings_file):
    with pytest.raises(ValueError, match="these parameters cannot be remembered"):
        remember(parameters)
    assert default_parameters() == DEFAULTS
    assert not settings_file.exists()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "'a string'",
        "a: b: c: {",
        "\x00\x01",
        "config_path: /nowhere/else.yaml",
        "defaults: 5",
        "defaults: [1]",
        "others: {n_colors: 3}",
        "defaults: {n_colors: 1}",
        "defaults: {n_colors: 65536}",
        "defaults: {n_colors: auto}",
        "defaults: {n_samples: -1}",
        "defaults: {n_samples: 2147483648}",
        "defaults: {n_samples: 10}",
        "defaults: {random_state: 4294967296}",
        "defaults: {method: median, color_space: Lab, refine: maybe}",
        "defaults: {aim: everything}",
        "defaults: {target_psnr: .nan, target_delta_e: .inf}",
        "defaults: {aim: psnr, n_samples: 100}",
    ],
)
def test_damaged_or_unfit_values_are_not_used(settings_file, text):
    settings_file.write_text(text)
    assert default_parameters() == DEFAULTS


@pytest.mark.parametrize("text", ["a: b: c: {", "defaults: {n_colors: 1}"])
def test_what_is_remembered_replaces_damaged_values(settings_file, text):
    settings_file.write_text(text)
    remember(OTHERS)
    read_again()
    assert default_parameters() == OTHERS


def test_one_damaged_value_leaves_the_others(settings_file):
    settings_file.write_text("defaults: {n_colors: 1, method: wu, target_psnr: 30}")
    assert default_parameters() == Parameters(method="wu")


def test_a_file_that_cannot_be_written_is_told(notifications, monkeypatch):
    model = type(settings_of("napari-colorquant"))
    monkeypatch.setattr(model, "save", refuse_to_write)
    remember(OTHERS)
    assert default_parameters() == OTHERS
    assert notifications == [
        (
            "warning",
            "The choices are kept until napari closes, but could not be saved: "
            "Permission denied.",
        )
    ]


def test_the_scaling_of_channels_is_remembered_and_forgotten(settings_file):
    assert default_scaling() == "contrast_limits"
    remember(DEFAULTS, "zscore")
    assert yaml.safe_load(settings_file.read_text())["defaults"] == {
        "scaling": "zscore"
    }
    read_again()
    assert default_scaling() == "zscore"
    reset()
    assert default_scaling() == "contrast_limits"
