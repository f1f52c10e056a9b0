"""Take the screenshots of README and pages: the real widget, driven by real clicks.

Run it in a virtual display: ``xvfb-run -a -s "-screen 0 1600x1200x24" python
script/screenshots.py docs/images [--theme light]``.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from real_window import PLUGIN, WIDGET, click, open_viewer, run, wait_until

# isort: split
import numpy as np
from napari.layers._source import layer_source
from qtpy.QtTest import QTest
from skimage.color import rgb2hed

from napari_colorquant import Classify, Lock, Merge, Rename
from napari_colorquant.viewer.napari_versions import grid_of


def show_channels(viewer, widget, section, run, photograph):
    """Quantize stains in layers of their own together, in a part of the picture."""
    for layer in viewer.layers:
        layer.visible = False
    stains = np.moveaxis(rgb2hed(section.data), -1, 0)[[0, 2]]
    names, colormaps = ("haematoxylin", "DAB"), ("cyan", "red")
    layers = [
        viewer.add_image(
            stain.astype(np.float32),
            name=name,
            colormap=colormap,
            contrast_limits=(0, float(np.quantile(stain, 0.999))),
            blending="additive",
        )
        for stain, name, colormap in zip(stains, names, colormaps, strict=True)
    ]
    viewer.layers.selection = set(layers)
    viewer.reset_view()
    widget.form.n_colors.value = 6
    widget.tabs.setCurrentWidget(widget.palette_tab)
    QTest.qWait(100)
    run(widget.quantize_button)
    photograph("channels-together")
    tissue = viewer.add_shapes(
        [[[60, 60], [60, 450], [450, 450], [450, 60]]],
        shape_type="ellipse",
        name="tissue",
        face_color="transparent",
        edge_color="white",
        edge_width=3,
    )
    viewer.layers.selection = set(layers)
    click(widget.where.button)
    widget.target.within.value = tissue
    run(widget.quantize_button)
    for name in (*names, viewer.layers[-4].name):  # and the picture of all
        viewer.layers[name].visible = False
    photograph("channels")
    widget.target.within.value = None
    viewer.add_image(
        stains,
        name="stains",
        axis_labels=("stain", "y", "x"),
        contrast_limits=(0, float(np.quantile(stains, 0.999))),
    )
    photograph("axis")
    click(widget.where.button)


def show_stains(viewer, widget, run, photograph):
    """Compare the section in stains that are painted, in a scale that is taken."""
    before, names = widget.form.color_space.value, list(viewer.layers)
    widget.form.color_space.value = "stains"
    photograph("stains-window-before")
    painted = np.zeros((512, 512), int)
    painted[383:403, 225:245], painted[30:50, 174:194] = 1, 2
    regions = viewer.add_labels(painted, name="nuclei and DAB")
    widget.form.stains.source.value = regions
    run(widget.form.stains.take)
    run(widget.quantize_button)
    photograph("stains-window")
    widget.form.color_space.value = before
    for layer in [one for one in viewer.layers if one not in names][::-1]:
        viewer.layers.remove(layer)


def show_culture(viewer, widget, run, photograph):
    """Take the channels of a file together, and one entry for their background."""
    sys.path.append(str(Path(__file__).parents[1] / "docs" / "examples"))
    from fluorescence import CHANNELS, make_cells

    for layer in viewer.layers:
        layer.visible = False
    channels, nuclei, _ = make_cells(n_nuclei=40)
    with layer_source(path="culture.tif", reader_plugin="napari"):
        viewer.add_image(
            np.log2(channels),
            channel_axis=0,
            name=list(CHANNELS),
            colormap=list(CHANNELS.values()),
        )
    viewer.reset_view()
    widget.form.n_colors.value = 8
    widget.tabs.setCurrentWidget(widget.palette_tab)
    photograph("siblings")
    click(widget.target.offer)
    empty = viewer.add_labels(np.zeros(nuclei.shape, int), name="no cells")
    empty.data[320:345, 14:38] = 1
    viewer.layers.selection = [viewer.layers[name] for name in CHANNELS]
    click(widget.more.button)
    widget.form.background.value = empty
    run(widget.quantize_button)
    photograph("background")
    widget.session.choose_background("8, 8.3, 8.5")
    photograph("limits")
    widget.session.choose_background("")
    click(widget.more.button)


def measure_classes(viewer, widget, section, run, photograph):
    """Measure a class in two regions that are drawn, and show it in the canvas."""
    glands = viewer.add_shapes(
        [[[30, 20], [30, 240], [250, 240], [250, 20]], [[280, 260], [490, 490]]],
        shape_type=["ellipse", "rectangle"],
        name="glands",
        face_color="transparent",
        edge_color="black",
        edge_width=3,
    )
    viewer.layers.selection.active = section
    tab = widget.measure_tab
    widget.palette_tab.edit(Classify([0, 1, 2], "DAB"))
    widget.tabs.setCurrentWidget(tab)
    photograph("measure-before")
    tab.boxes["regions"].value = glands
    run(tab.measure)
    photograph("measure")
    tab.boxes["by"].value = "class"
    run(tab.measure)
    tab.table.selectRow(0)
    photograph("measure-classes")
    tab.table.clearSelection()
    tab.boxes["by"].value = "entry"
    viewer.layers.remove(glands)
    show_slices(viewer, widget, section, run, photograph)


def show_slices(viewer, widget, section, run, photograph):
    """Measure a window that moves over the picture, slice by slice."""
    before = list(viewer.layers)
    slices = [section.data[20 * n : 20 * n + 120, :160] for n in range(18)]
    movie = viewer.add_image(
        np.stack(slices), name="movie", rgb=True, axis_labels=("t", "y", "x")
    )
    tab = widget.measure_tab
    widget.palette_tab.table.clearSelection()
    viewer.layers.selection.active = movie
    run(widget.quantize_button)
    tab.boxes["slices"].value = -3
    run(tab.measure)
    viewer.dims.set_current_step(0, 6)
    photograph("measure-slices")
    for layer in [one for one in viewer.layers if one not in before][::-1]:
        viewer.layers.remove(layer)
    viewer.layers.selection.active = section


def main() -> None:
    """Drive the widget through its states and photograph each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--width", type=int, help="of the dock, in pixels")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)

    viewer = open_viewer(options.theme, 1280, 720)
    suffix = "" if options.theme == "dark" else f"-{options.theme}"

    def photograph(state: str, settle: int = 800) -> None:
        QTest.qWait(settle)  # thumbnails and layouts follow a little later
        path = options.folder / f"{state}{suffix}.png"
        viewer.window.screenshot(str(path), canvas_only=False, flash=False)

    (section,) = viewer.open_sample(PLUGIN, "ihc")
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    if options.width:
        dock.setFixedWidth(options.width)
    QTest.qWait(500)
    viewer.reset_view()
    photograph("before")

    bench = widget.palette_tab
    finish = partial(run, widget)
    widget.form.n_colors.value = 8
    finish(widget.quantize_button)
    photograph("quantized")
    bench.select([2, 3])
    photograph("widget")
    bench.edit(Merge([2, 3]))
    bench.edit(Rename(0, "cytoplasm, dark"))
    bench.edit(Rename(4, "nuclei"))
    bench.edit(Lock([0, 4]))
    bench.select([4])
    photograph("workbench")
    bench.table.clearSelection()
    click(widget.more.button)
    photograph("options")
    show_stains(viewer, widget, finish, photograph)
    click(widget.more.button)

    measure_classes(viewer, widget, section, finish, photograph)

    widget.tabs.setCurrentWidget(widget.quality_tab)
    QTest.qWait(100)
    finish(widget.quality_tab.measure)
    photograph("quality")
    finish(widget.quality_tab.error_map)
    photograph("error-map")
    widget.tabs.setCurrentWidget(widget.curve_tab)
    QTest.qWait(100)
    finish(widget.curve_tab.button)
    photograph("curve")
    viewer.layers.pop()  # the error map
    widget.tabs.setCurrentWidget(bench)
    widget.form.live.value = True
    wait_until(lambda: any("(live)" in layer.name for layer in viewer.layers))
    photograph("live")
    widget.form.live.value = False
    wait_until(lambda: not any("(live)" in layer.name for layer in viewer.layers))
    bench.select([])
    viewer.layers.selection.active = section
    widget.tabs.setCurrentWidget(widget.quality_tab)
    QTest.qWait(100)
    finish(widget.quality_tab.compare)
    photograph("compare")
    grid_of(viewer).enabled = False

    show_channels(viewer, widget, section, finish, photograph)
    show_culture(viewer, widget, finish, photograph)

    # A large picture, so that the run lasts long enough to be photographed.
    large = np.tile(section.data, (20, 20, 1))
    viewer.add_image(large, name="IHC, 400 times", rgb=True)
    viewer.reset_view()
    widget.form.n_colors.value = 256
    QTest.qWait(800)
    click(widget.quantize_button)
    wait_until(lambda: widget.progress_bar.value > 0.6 * widget.progress_bar.max)
    photograph("during", settle=0)
    click(widget.cancel_button)
    wait_until(lambda: widget.quantize_button.enabled)
    photograph("cancelled")
    viewer.close()


if __name__ == "__main__":
    main()
