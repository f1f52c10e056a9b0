"""Random sequences of what a user may do: layers of the user's never change.

`COLORQUANT_SEQUENCES=500 script/test -k clicks` looks for more.
"""

from __future__ import annotations

import os
from copy import deepcopy
from random import Random

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from napari.layers._layer_actions import (
    _convert_to_image,
    _convert_to_labels,
    _duplicate_layer,
    _split_stack,
)
from napari.layers.utils._link_layers import get_linked_layers

from napari_colorquant.core.palette.edits import (
    Lock,
    Merge,
    Recolor,
    Remove,
    Rename,
    Sort,
)
from napari_colorquant.viewer.napari_versions import grid_of
from napari_colorquant.viewer.widgets.main_widget import QuantizeWidget

KEY = "napari-colorquant"
MORE = os.environ.get("COLORQUANT_SEQUENCES")
SEEDS = range(int(MORE)) if MORE else (2, 6, 9)  # which found copies that were edited
N_ACTIONS = 25


class User:
    """Somebody who clicks at random, and remembers what their layers were like."""

    def __init__(self, seed, wait):
        self.random, self.wait = Random(seed), wait
        self.viewer = ViewerModel()
        self.own = {}  # the user's layers, and what they were like
        self.done = []
        values = np.random.default_rng(seed)
        self.add(
            lambda: self.viewer.add_image(
                values.integers(0, 256, (6, 8, 3), np.uint8), name="rgb", rgb=True
            )
        )
        self.add(
            lambda: self.viewer.add_image(
                values.integers(0, 99, (6, 8), np.uint8), name="grey"
            )
        )
        self.widget = QuantizeWidget(self.viewer)
        self.widget.form.n_colors.value = 4

    def add(self, do):
        """Do something whose new layers are the user's."""
        before = list(self.viewer.layers)
        do()
        for layer in self.viewer.layers:
            if all(layer is not one for one in before):
                self.own[layer] = looks(layer)

    def act(self):
        action = self.random.choice(ACTIONS)
        self.done.append(action.__name__)
        if action in OF_THE_USER:
            self.add(lambda: action(self))
        else:
            action(self)
        self.wait(self.widget)

    def any_layer(self):
        return self.random.choice(list(self.viewer.layers) or [None])

    def check(self):
        for layer, before in self.own.items():
            now = looks(layer)
            for what, value in before.items():
                if value is Ellipsis:
                    continue
                message = f"{what} of {before['name']} after {', '.join(self.done)}"
                assert same(now[what], value), message


def looks(layer):
    """Return what must not change of a layer."""
    is_labels = isinstance(layer, Labels)
    colormap = layer.colormap
    return {
        "data": np.array(layer.data),
        "name": layer.name,
        "colormap": deepcopy(getattr(colormap, "color_dict", colormap.name)),
        "features": layer.features.to_dict("list") if is_labels else None,
        "metadata": deepcopy(layer.metadata),
    }


def same(one, other):
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other


# ------------------------------------------------------------ what a user does
def quantize(user):
    user.widget.quantize()


def quantize_other_number(user):
    user.widget.form.n_colors.value = user.random.randint(2, 5)


def switch_live(user):
    user.widget.form.live.value = not user.widget.form.live.value


def apply(user):
    user.widget.session.apply_palette()


def compare(user):
    user.widget.session.compare_methods()


def leave_grid(user):
    grid_of(user.viewer).enabled = False


def edit(user):
    result = user.widget.palette_tab.result
    if result is not None:
        n, n_channels = len(result.palette), result.palette.n_channels
        first, last = user.random.randrange(n), n - 1
        edits = [Recolor(first, [7] * n_channels), Rename(first, "x"), Sort("hue")]
        edits += [Lock([first], True), Remove([first]), Sort("population")]
        edits += [Merge([0, last])] if last else []
        user.widget.palette_tab.edit(user.random.choice(edits))


def undo(user):
    user.widget.palette_tab._undo()


def redo(user):
    user.widget.palette_tab._redo()


def highlight(user):
    bench = user.widget.palette_tab
    if bench.result is not None:
        bench.select([user.random.randrange(len(bench.result.palette))])


def highlight_nothing(user):
    user.widget.palette_tab.table.clearSelection()


def choose_result(user):
    bench = user.widget.palette_tab
    if bench.palettes.count():
        bench._on_chosen(user.random.randrange(bench.palettes.count()))


def reopen(user):
    user.widget.disconnect()
    user.widget = QuantizeWidget(user.viewer)
    user.widget.form.n_colors.value = 3


def offer_record(user):
    records = [one.metadata[KEY] for one in user.viewer.layers if KEY in one.metadata]
    if records:
        record = deepcopy(user.random.choice(records))
        user.widget.session.opening.offer_record(record, "saved")


def select(user):
    user.viewer.layers.selection.active = user.any_layer()


def select_more(user):
    layer = user.any_layer()
    if layer is not None:
        user.viewer.layers.selection.add(layer)


def remove(user):
    layer = user.any_layer()
    if layer is not None and len(user.viewer.layers) > 2:
        user.viewer.layers.remove(layer)


def move(user):
    n = len(user.viewer.layers)
    if n:
        user.viewer.layers.move(user.random.randrange(n), user.random.randrange(n))


def duplicate(user):
    layer = user.any_layer()
    if layer is not None and user.random.random() < 0.7:
        user.viewer.layers.selection = {layer}
    _duplicate_layer(user.viewer.layers)


def select_a_copy(user):
    copies = [one for one in user.own if one in user.viewer.layers]
    copies = [one for one in copies if KEY in one.metadata]
    if copies:
        user.viewer.layers.selection.active = user.random.choice(copies)


def convert(user):
    layer = user.any_layer()
    if layer is None or (isinstance(layer, Image) and layer.rgb):
        return
    user.viewer.layers.selection = {layer}
    turn = _convert_to_image if isinstance(layer, Labels) else _convert_to_labels
    turn(user.viewer.layers)


def split(user):
    active = user.viewer.layers.selection.active
    if isinstance(active, Image) and active.rgb:
        _split_stack(user.viewer.layers)


def remove_the_originals(user):
    """Leave the copies alone, as somebody who tidies up does."""
    for layer in list(user.viewer.layers):
        if KEY in layer.metadata and layer not in user.own:
            user.viewer.layers.remove(layer)


OF_THE_USER = [duplicate, convert, split]
ACTIONS = [
    *(quantize, quantize, quantize_other_number, switch_live, apply, compare),
    *(leave_grid, edit, edit, edit, edit, edit, undo, undo, redo),
    *(highlight, highlight, highlight_nothing, choose_result, reopen, offer_record),
    *(select, select, select_a_copy, select_a_copy, select_more, remove, move),
    *(duplicate, duplicate, duplicate, convert, split, remove_the_originals),
]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.filterwarnings("ignore:projection mode")
@pytest.mark.usefixtures("ready")
def test_layers_of_the_users_never_change(seed, qtbot, monkeypatch, notifications):
    monkeypatch.setattr(
        "napari_colorquant.viewer.widgets.palette_tab.ask_about_strokes",
        lambda *_: True,
    )

    def wait(widget):
        def is_done():
            runner = widget.session.jobs
            return not (runner.busy or runner.is_live or widget._pause.isActive())

        widget._pause.setInterval(0)
        qtbot.waitUntil(is_done, timeout=60_000)

    user = User(seed, wait)
    try:
        for _ in range(N_ACTIONS):
            user.act()
            user.check()
            kept = [one for one in user.own if one in user.viewer.layers]
            for layer in kept:  # and it is not linked to one that may change
                assert not get_linked_layers(layer)
    finally:
        user.widget.disconnect()
