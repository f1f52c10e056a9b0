"""What the manifest contributes, reached as a user reaches it."""

from __future__ import annotations

import numpy as np
import pytest
from app_model.types import SubmenuItem
from napari._app_model import get_app_model
from npe2 import PluginManager, PluginManifest

from napari_colorquant import Parameters
from napari_colorquant.core.learn.parameters import DEFAULTS
from napari_colorquant.viewer.layers.channels import SCALINGS
from napari_colorquant.viewer.session.choices.settings import (
    SETTINGS,
    default_parameters,
)
from napari_colorquant.viewer.session.notify import WINDOW
from old_napari import needs_settings, settings_of

PLUGIN = "napari-colorquant"


@pytest.fixture(scope="module")
def manifest():
    return PluginManifest.from_distribution(PLUGIN)


def menu_titles(menu_id):
    return [
        item.title if isinstance(item, SubmenuItem) else item.command.title
        for item in get_app_model().menus.get_menu(menu_id)
    ]


def test_the_menus_have_what_the_plugin_does(viewer):
    widget = "Color quantization (napari-colorquant)"
    command = "Quantize the active layer (napari-colorquant)"
    for menu, titles in {
        "napari/plugins": {widget},
        "napari/layers/segment": {widget, command},
        "napari/layers/measure": {widget},
    }.items():
        assert titles.issubset(menu_titles(menu))


def test_the_menu_opens_the_widget(viewer, qtbot):
    get_app_model().commands.execute_command(f"{PLUGIN}.widget").result()
    docks = viewer.window.dock_widgets
    assert list(docks) == ["Color quantization (napari-colorquant)"]


def test_readers_and_writers_are_no_commands_to_choose(viewer, manifest):
    contributions = manifest.contributions
    for contribution in (*contributions.readers, *contributions.writers):
        command = get_app_model().registered_actions[contribution.command]
        assert not command.enablement.eval({})


def test_the_settings_have_the_engines_defaults(manifest):
    properties = manifest.contributions.configurations["defaults"].properties
    assert {name: setting.default for name, setting in properties.items()} == {
        "method": DEFAULTS.method,
        "aim": "number",
        "n_colors": DEFAULTS.n_colors,
        "target_psnr": 35.0,
        "target_delta_e": 2.0,
        "color_space": DEFAULTS.color_space,
        "weights": "",
        "balance": DEFAULTS.balance,
        "refine": DEFAULTS.refine,
        "n_samples": DEFAULTS.n_samples,
        "random_state": DEFAULTS.random_state,
        "scaling": SCALINGS[0],
        "cluster": "",
    }
    assert properties["scaling"].enum == list(SCALINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_what_its_control_is(manifest, name):
    setting = manifest.contributions.configurations["defaults"].properties[name]
    described = SETTINGS[name]
    said = described.help_in(WINDOW)
    assert (setting.title, setting.description, setting.enum) == (
        described.label,
        said[0].upper() + said[1:],
        [*described.choices] or None,
    )
    assert (setting.minimum, setting.maximum) == (described.minimum, described.maximum)
    if described.first is not None:
        assert setting.default == described.first


@pytest.fixture
def settings():
    return settings_of(PLUGIN).defaults


@needs_settings
def test_the_widget_starts_with_the_settings(viewer_model, settings, open_alone):
    settings.n_colors = 12
    settings.method = "random"
    settings.n_samples = 0
    settings.random_state = 3
    settings.color_space = "lab"
    settings.refine = False
    expected = Parameters(
        n_colors=12,
        method="random",
        n_samples=None,
        random_state=3,
        color_space="lab",
        refine=False,
    )
    assert default_parameters() == expected
    assert open_alone().session.parameters == expected


@pytest.mark.parametrize(
    ("key", "name", "shape"),
    [
        ("china", "china", (427, 640, 3)),
        ("flower", "flower", (427, 640, 3)),
        ("ihc", "IHC", (512, 512, 3)),
        ("retina", "retina", (1411, 1411, 3)),
    ],
)
def test_sample_pictures_open(viewer_model, key, name, shape):
    PluginManager.instance().discover()
    (layer,) = viewer_model.open_sample(PLUGIN, key)
    assert layer.name == name
    assert layer.rgb
    assert layer.data.shape == shape
    assert layer.data.dtype == np.uint8


def quantize_active_layer():
    get_app_model().commands.execute_command(f"{PLUGIN}.quantize_active_layer").result()


def test_the_command_quantizes_with_the_widgets_settings(
    viewer, open_widget, finish, tiny
):
    viewer.add_image(np.zeros((5, 5)), name="other")
    viewer.add_image(tiny, name="tiny", rgb=True)
    widget = open_widget()
    widget.form.n_colors.value = 3
    quantize_active_layer()
    finish(widget)
    assert [layer.name for layer in viewer.layers] == [
        "other",
        "tiny",
        "tiny (3 colors)",
        "tiny (3 colors) labels",
    ]


def test_the_command_opens_the_widget_if_need_be(viewer, finish, qtbot, china):
    viewer.add_image(china, name="china", rgb=True)
    quantize_active_layer()
    assert len(viewer.window.dock_widgets) == 1
    qtbot.waitUntil(lambda: len(viewer.layers) == 3, timeout=60_000)
    assert [layer.name for layer in viewer.layers] == [
        "china",
        "china (64 colors)",
        "china (64 colors) labels",
    ]


@pytest.mark.parametrize(
    ("add", "sentence"),
    [
        (lambda _: None, "No layer is active: select an image layer to quantize."),
        (
            lambda viewer: viewer.add_labels(np.ones((4, 4), int), name="cells"),
            "'cells' is no image layer: select an image layer to quantize.",
        ),
    ],
)
def test_the_command_needs_an_active_image_layer(viewer, notifications, add, sentence):
    add(viewer)
    before = list(viewer.layers)
    quantize_active_layer()
    assert notifications == [("error", sentence)]
    assert list(viewer.layers) == before
