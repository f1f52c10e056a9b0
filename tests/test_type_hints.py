"""Type hints resolve when the program runs, as magicgui and the like need them."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import numpy as np
import pytest
from magicgui import magicgui
from napari.layers import Image

import napari_colorquant
from napari_colorquant import quantize_layer


def functions_of(name):
    """Return a public function; or a class with its methods and properties."""
    public = getattr(napari_colorquant, name)
    if not inspect.isclass(public):
        return [public]
    members = [
        member.fget if isinstance(member, property) else member
        for key, member in inspect.getmembers(public)
        if key == "__init__" or not key.startswith("_")
    ]
    functions = filter(inspect.isfunction, members)
    # What an estimator inherits of scikit-learn has no hints.
    own = napari_colorquant.__name__
    return [public, *(one for one in functions if one.__module__.startswith(own))]


@pytest.mark.parametrize("name", napari_colorquant.__all__)
def test_the_type_hints_of_a_public_name_resolve(name):
    for function in functions_of(name):
        hints = get_type_hints(function)
        if inspect.isfunction(function):
            named = {*inspect.signature(function).parameters} - {"self"}
            assert named <= {*hints}, function.__qualname__


@pytest.mark.gui
def test_magicgui_makes_a_form_that_quantizes_a_layer(qtbot):
    data = np.arange(300, dtype=np.uint8).reshape(10, 10, 3)
    layer = Image(data, rgb=True, name="drawn")
    form = magicgui(quantize_layer)
    qtbot.addWidget(form.native)
    form.layer.choices = [layer]
    assert form.color_space.choices == ("rgb", "lab", "ab", "oklab", "hed", "stains")
    form.n_colors.value = 5
    form.weights.value = (1.0, 0.5, 0.5)
    form.max_distance.value = 60.0

    picture, labels = form()

    settings = {"weights": (1, 0.5, 0.5), "max_distance": 60}
    expected, expected_labels = quantize_layer(layer, 5, **settings)
    np.testing.assert_array_equal(picture.data, expected.data)
    np.testing.assert_array_equal(labels.data, expected_labels.data)


@pytest.mark.gui
def test_a_form_without_a_change_has_the_defaults_of_the_function(qtbot):
    form = magicgui(quantize_layer)
    qtbot.addWidget(form.native)
    values = form.asdict()
    values.pop("layer")
    parameters = inspect.signature(quantize_layer).parameters
    assert values == {name: parameters[name].default for name in values}
    assert {*values} == {*parameters} - {"layer"}
