"""The methods, or results, side by side, as the three figures of the example."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.composite import draw_composite
from napari_colorquant.viewer.layers.image_input import ImageInput
from napari_colorquant.viewer.layers.layer_arrays import set_visible
from napari_colorquant.viewer.layers.metadata import run_metadata
from napari_colorquant.viewer.layers.ownership import remember
from napari_colorquant.viewer.layers.result_layers import (
    RunResult,
    as_composite,
    picture_layer,
)
from napari_colorquant.viewer.napari_versions import canvas_size_of, grid_of
from napari_colorquant.viewer.tasks.quantize import (
    quantize_input,
    with_found_limits,
    with_seeds,
)
from napari_colorquant.viewer.tasks.work import Work

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Layer
    from numpy.typing import ArrayLike

    from napari_colorquant.core.quantization.painted import LazySeeds


def compare_methods(
    image: ImageInput,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> dict[str, RunResult]:
    """Quantize an image by every method; return each method's result.

    The method of parameters is ignored. Classes are learned once, on the largest level.
    """
    given = (image.largest, parameters, seeds, per_class)
    parameters, trying = with_seeds(*given, monitor)
    results = {}
    for i, method in enumerate(METHODS):
        part = trying.part(i / len(METHODS), (i + 1) / len(METHODS))
        asked = replace(parameters, method=method)
        results[method] = quantize_input(image, asked, part)
    return results


def compare_work(
    work: Work, parameters: Parameters, monitor: Monitor
) -> tuple[list[Any], dict[str, RunResult]]:
    """Quantize by every method, for work of one layer and one palette.

    Return the levels of the original and the results of compare_methods.
    """
    comparing = monitor.part(0.0, 0.95)
    parameters = with_found_limits(work, parameters, monitor)
    given = (work.image, parameters, work.seeds, work.per_class)
    results = compare_methods(*given, comparing)
    return original_levels(work.image, monitor.part(0.95, 1.0)), results


def comparison_layers(
    image: ImageInput,
    results: Mapping[str, RunResult],
    originals: Sequence[Any] | None = None,
) -> list[Image]:
    """Return layers captioned by their names: the original, then one a method.

    The original shares its data, unless it has an axis of channels, which are shown
    together. originals: from `original_levels` in a thread, as it takes a while.
    """
    reports = [result.report for result in results.values()]
    shown = as_composite(image) if image.channels else image
    original = picture_layer(
        shown,
        original_levels(image, Monitor()) if originals is None else originals,
        f"Original · {reports[0].colors_before} colors",
        {},
    )
    titles = DESCRIPTIONS["method"].choices
    redrawn = [
        picture_layer(
            shown,
            [level.image for level in result.levels],
            f"{titles[method]} · {result.report.n_colors_after:,} colors · "
            f"{result.report.quality.removeprefix('PSNR ')}",
            run_metadata(image, result.channels, result.levels[0]),
        )
        for method, result in results.items()
    ]
    for layer in redrawn:
        remember(layer)
    layers = [original, *redrawn]
    for layer in layers:
        layer.name_overlay.visible = True
    return layers


def original_levels(image: ImageInput, monitor: Monitor) -> list[Any]:
    """Return the levels of an image as a comparison shows it.

    Channels along an axis are drawn together as RGB, which takes a while.
    """
    originals: list[Any] = []
    nothing = Palette(np.zeros((1, max(1, len(image.channels)))))
    for level in image.levels:
        if not image.channels:
            originals.append(level[0].image)
            continue
        labels: Any = np.zeros(level[0].shape, np.uint8)
        if isinstance(level[0], Blocks):
            import dask.array as da

            labels = da.zeros(labels.shape, np.uint8, chunks=level[0].chunks)
        given = (level, image.channels, (nothing,), labels, None)
        originals.append(draw_composite(*given, monitor))
    monitor("assign", 1.0)
    return originals


def layers_side_by_side(
    originals: Sequence[Image], pictures: Sequence[Image]
) -> list[Image]:
    """Return new layers for a comparison of results, captioned; the data are shared."""
    from napari.layers import Layer

    layers = []
    for title, chosen in (("Original", originals), ("Result", pictures)):
        for layer in chosen:
            data, state, kind = layer.as_layer_data_tuple()
            name = f"{title} · {layer.name}"
            own: dict[str, Any] = {"name": name, "metadata": {}, "visible": True}
            copy = Layer.create(data, {**state, **own}, kind)
            copy.name_overlay.visible = True
            layers.append(copy)
    return layers


def show_side_by_side(viewer: Viewer, layers: list[Image]) -> Callable[[], None]:
    """Show new layers alone in the grid, in reading order; return what leaves it.

    Up to three are in one row, more in two. Leaving restores what was shown. Adding or
    showing a layer also leaves: it would take the place of another one.
    """
    grid = grid_of(viewer)
    # This leaves an earlier comparison, and so brings back what was seen.
    grid.enabled = False
    shown_before: dict[Layer, bool] = {layer: layer.visible for layer in viewer.layers}
    grid_before = (grid.shape, grid.stride)
    for layer in viewer.layers:
        layer.visible = False
    n_columns = len(layers) if len(layers) <= 3 else ceil(len(layers) / 2)
    font_size = _fitting_font_size(viewer, layers, n_columns)
    # The uppermost layer goes first: before napari 0.9, hidden layers take places in
    # the grid too, which are then the last ones.
    for layer in reversed(layers):
        layer.name_overlay.font_size = font_size
        viewer.add_layer(layer)
    grid.stride = -1
    grid.shape = (ceil(len(layers) / n_columns), n_columns)
    grid.enabled = True
    viewer.reset_view()

    is_shown = True

    def restore() -> None:
        nonlocal is_shown
        if grid.enabled:
            return
        is_shown = False
        grid.events.enabled.disconnect(restore)
        viewer.layers.events.inserted.disconnect(leave)
        for layer, visible in shown_before.items():
            layer.events.visible.disconnect(leave)
            set_visible(layer, visible or layer.visible)  # or it has just been shown
        grid.shape, grid.stride = grid_before
        for layer in layers:
            layer.visible = False

    def leave(_event: object = None) -> None:
        if is_shown:
            grid.enabled = False

    grid.events.enabled.connect(restore)
    # Once napari has done its own: it draws all layers when the grid is left.
    viewer.layers.events.inserted.connect(leave, position="last")
    for layer in shown_before:
        layer.events.visible.connect(leave, position="last")
    return leave


def _fitting_font_size(viewer: Viewer, layers: list[Image], n_columns: int) -> float:
    """Return the largest size, 6 to 10 points, at which the captions should fit."""
    margin, pixels_a_point = 20, 0.9  # of an average character, at 96 dots an inch
    cell_width = canvas_size_of(viewer)[1] / n_columns - margin
    longest = max(len(layer.name) for layer in layers)
    return float(min(10.0, max(6.0, cell_width / longest / pixels_a_point)))
