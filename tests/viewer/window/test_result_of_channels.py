"""Results of several layers, and of slices, in the workbench."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import Qt

from napari_colorquant import quantize_layer, quantize_layers
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.palette.edits import Lock, Merge, Recolor, Remove, Rename
from napari_colorquant.viewer.layers.channels import channels_of, composite_palette
from napari_colorquant.viewer.session.results.result_list import ResultList
from napari_colorquant.viewer.widgets.palette_table_model import PaletteModel

DAPI = np.array([[0, 0, 100, 100], [0, 0, 100, 200]], np.uint16)
GFP = np.array([[0, 50, 0, 0], [0, 50, 0, 0]], np.uint8)


@pytest.fixture
def joint():
    """Four entries: nothing, half of green, half of blue and all blue."""
    dapi = Image(DAPI, name="Lock", colormap="blue", contrast_limits=(0, 200))
    gfp = Image(GFP, name="gfp", colormap="green", contrast_limits=(0, 100))
    viewer = ViewerModel()
    for layer in quantize_layers([dapi, gfp], 4):
        viewer.add_layer(layer)
    return ResultList().of(viewer.layers[0], list(viewer.layers))


def do(result, edit):
    result.adopt(result.edited(edit)(Monitor()), edit)


def test_the_table_has_a_column_a_channel_in_its_own_units(joint):
    model = PaletteModel()
    known = joint.recorded
    model.show(joint.palette, joint.shown(), rgb=known.rgb, channels=known.channels)
    titles = [
        model.headerData(n, Qt.Orientation.Horizontal)
        for n in range(7, model.columnCount())
    ]
    assert titles == known.channels == ["Lock", "gfp"]
    rows = [[model.index(row, column).data() for column in (7, 8)] for row in range(4)]
    assert sorted(rows) == [["0", "0"], ["0", "50"], ["100", "0"], ["200", "0"]]
    asked = []
    model.edited.connect(asked.append)
    assert model.setData(model.index(0, 7), "25")  # a channel, whatever its name
    assert asked == [Recolor(0, [25, 0])]


def test_edits_redraw_the_composite(joint):
    before = joint.palette
    order = [before.colors.tolist().index(c) for c in ([100.0, 0.0], [200.0, 0.0])]
    do(joint, Merge(order))
    entry = joint.palette.colors.tolist().index([125.0, 0.0])  # 3 and 1 pixels
    assert joint.palette.counts[entry] == 4
    drawn = composite_palette(joint.palette, channels_of(joint.record))
    expected = drawn.drawn(np.uint8)[joint.labels.data - 1]
    np.testing.assert_array_equal(joint.picture.data, expected)
    assert joint.picture.data[1, 3].tolist() == [0, 0, round(255 * 125 / 200)]
    assert list(joint.labels.features["gfp"]) == joint.palette.colors[:, 1].tolist()


def test_removing_needs_one_image(joint):
    with pytest.raises(ValueError, match=r"^Removing is not possible where the chan"):
        joint.edited(Remove([0]))


def test_slices_with_palettes_of_their_own_are_named_and_locked_only():
    movie = np.stack([DAPI, DAPI // 2])
    viewer = ViewerModel()
    for layer in quantize_layer(Image(movie, name="movie"), 3, slice_axis=0):
        viewer.add_layer(layer)
    result = ResultList().of(viewer.layers[0], list(viewer.layers))
    picture = result.picture.data.copy()
    do(result, Rename(0, "nothing"))
    do(result, Lock([0]))
    np.testing.assert_array_equal(result.picture.data, picture)
    with pytest.raises(ValueError, match=r"^Each slice of 'movie"):
        result.edited(Merge([0, 1]))
