"""The page that judges a result: quality measures, and a map of the error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from napari.utils.notifications import show_error
from psygnal import Signal
from qtpy.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks, as_blocks, as_dask, see_blocks
from napari_colorquant.core.image.pixels import Pixels, see_pixels
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.palette.white import known_white
from napari_colorquant.files.images.sizes import indexed_bytes, picture_bytes
from napari_colorquant.viewer.layers.layer_properties import (
    has_lazy,
    levels_of,
    spatial_of,
    without_axis,
)
from napari_colorquant.viewer.session.jobs import UNDER_WAY, Job, JobQueue
from napari_colorquant.viewer.session.notify import complain
from napari_colorquant.viewer.session.result import Result
from napari_colorquant.viewer.widgets.possible import offer, why_not_judge
from napari_colorquant.viewer.widgets.quality_panel import QualityPanel

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_colorquant.core.quality.quality import Quality

_READY = "Press Measure to compare the result with its original."
_MEASURE = "Compare the result with its original, pixel by pixel."
_MAP = (
    "Add a layer that shows how far each pixel is from the original: as ΔE2000, or as "
    "the distance in the channels' units."
)


class QualityResult(NamedTuple):
    """How good a result is, with sizes as PNG files in bytes.

    as_png: the original; as_indexed: the result. None if PNG cannot hold it, or if it
    is lazy.
    """

    quality: Quality
    as_png: int | None
    as_indexed: int | None


class MappedErrors(NamedTuple):
    """The errors, float32, one array a level without a channel axis, and the largest.

    Of an image in memory, only the largest level is there. Of a lazy image, largest is
    among the pixels that were read.
    """

    levels: tuple[Any, ...]
    largest: float


@dataclass(frozen=True, slots=True, eq=False)
class ComparedImages:
    """What is compared, taken when it starts; the largest level is first.

    before, after: all Blocks if one is lazy; after: empty if the picture shows channels
    together, and drawn from labels. palettes: one, or one a slice along slice_axis.
    """

    before: tuple[Pixels, ...] | tuple[Blocks, ...]
    after: tuple[Pixels, ...] | tuple[Blocks, ...]
    labels: tuple[NDArray[Any], ...]
    palette: Palette
    rgb: bool
    palettes: tuple[Palette, ...]
    slice_axis: int | None

    def redrawn(self, number: int) -> Pixels | Blocks:
        """Return a level of the redrawn picture, in the channels of the original."""
        if self.after:
            return self.after[number]
        from napari_colorquant.core.quantization.edit import redrawn_in_palettes

        return redrawn_in_palettes(
            self.before[number], self.labels[number], self.palettes, self.slice_axis
        )


class QualityTab(QWidget):
    """The page for the quality of the shown result, with more buttons below.

    runner measures; result returns the result or None; add_layer adds a layer to the
    viewer. said is emitted with one line for the user on what was done.
    """

    said = Signal(str)

    def __init__(
        self,
        runner: JobQueue,
        result: Callable[[], Result | None],
        add_layer: Callable[[Image], None],
        buttons: list[QWidget],
    ) -> None:
        super().__init__()
        self._runner, self._result, self._add_layer = runner, result, add_layer
        self.panel = QualityPanel()
        self.panel.clear(_READY)
        self.measure = QPushButton("Measure")
        self.error_map = QPushButton("Error map")
        self.offer_actions()
        self.measure.clicked.connect(self._measure)
        self.error_map.clicked.connect(self._map)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.panel)
        grid = QGridLayout()
        grid.setSpacing(2)
        for place, button in enumerate((self.measure, self.error_map, *buttons)):
            grid.addWidget(button, place // 2, place % 2)
            grid.setColumnStretch(place % 2, 1)
        layout.addLayout(grid)
        layout.addStretch(1)

    def forget(self) -> None:
        """Clear the figures, which are not those of the result any more."""
        self.panel.clear(_READY)

    def offer_actions(self) -> None:
        """Enable the buttons that can be used now."""
        why_not = UNDER_WAY if self._runner.busy else why_not_judge(self._result())
        offer(self.measure, _MEASURE, why_not)
        offer(self.error_map, _MAP, why_not)

    def _measure(self) -> None:
        def show(result: Result, judged: QualityResult) -> None:
            if result is self._result():
                self.panel.show_quality(*judged)
                self.said.emit(f"Measured {result.name}.")

        self._start("Measuring", judge, show)

    def _map(self) -> None:
        def show(result: Result, mapped: MappedErrors) -> None:
            layer = error_layer(result, mapped)
            self._add_layer(layer)
            self.said.emit(f"Added {layer.name}.")

        self._start("Mapping the error of", map_error, show)

    def _start(
        self,
        doing: str,
        do: Callable[[ComparedImages, Monitor], Any],
        show: Callable[[Result, Any], None],
    ) -> None:
        result = self._result()
        why_not = why_not_judge(result)
        if result is None or why_not:
            show_error(why_not)
            return
        try:
            compared = take_compared(result)
        except Exception as error:  # noqa: BLE001, told as what it is
            complain(error)
            return
        if compared is None:
            show_error(
                f"The image that {result.name!r} was made from has another shape now: "
                "quantize it again."
            )
            return
        self._runner.start(
            Job(
                f"{doing} {result.name}",
                partial(do, compared),
                lambda found: show(result, found),
                (result.picture,),
            )
        )


def take_compared(result: Result) -> ComparedImages | None:
    """Return views of a result and its original.

    None if the original or the picture is gone, or the original has another shape now.
    """
    levels, layer = result.levels(), result.picture
    if not levels or layer is None:
        return None
    axis = result.pixel_axis
    before: Any = tuple(known_white(one, result.palette) for one in levels)
    if result.is_masked:  # what lies outside is as it was, and would count as flawless
        before = tuple(map(_where_labelled, before, result.labels_arrays))
    after: tuple[Pixels, ...] | tuple[Blocks, ...]
    if has_lazy(layer) or any(isinstance(one, Blocks) for one in before):
        before = tuple(
            one if isinstance(one, Blocks) else as_blocks(one) for one in before
        )
    if result.channels is not None:
        after = ()
    elif any(isinstance(one, Blocks) for one in before):
        after = tuple(see_blocks(one, axis) for one in levels_of(layer))
    else:
        after = tuple(see_pixels(one, axis) for one in levels_of(layer))
    return ComparedImages(
        before=before,
        after=after,
        labels=result.labels_arrays,
        palette=result.palette,
        rgb=result.rgb,
        palettes=result.palettes,
        slice_axis=result.slice_axis,
    )


def _where_labelled(level: Any, labels: Any) -> Any:
    """Return a level of an image with its labels above 0 as mask."""
    if isinstance(level, Blocks):
        inside = as_dask(labels, "labels") > 0
        return replace(level, mask=inside.rechunk(level.chunks), reach=None)
    if is_lazy(labels):
        return _where_labelled(as_blocks(level), labels)
    return replace(level, mask=labels > 0)


def judge(compared: ComparedImages, monitor: Monitor) -> QualityResult:
    """Measure a result tile by tile, then encode the files to get their sizes."""
    # Here, in the worker's thread: they load a compiler.
    from napari_colorquant.core.quality.quality import measure, measure_lazily

    before, after = compared.before[0], compared.redrawn(0)
    if isinstance(before, Blocks) or isinstance(after, Blocks):
        assert isinstance(before, Blocks)
        assert isinstance(after, Blocks)  # as the other one is
        quality = measure_lazily(before, after, monitor)
        return QualityResult(quality, None, None)
    quality = measure(before, after, monitor)
    as_png = picture_bytes(before.image)
    monitor.check()
    as_indexed = indexed_bytes(compared.labels[0], compared.palette)
    return QualityResult(quality, as_png, as_indexed)


def map_error(compared: ComparedImages, monitor: Monitor) -> MappedErrors:
    """Measure the error of every pixel.

    A lazy result's errors are computed where they are looked at, in every level; only
    some blocks are read, to find large errors.
    """
    from napari_colorquant.core.image.sampling import MEASURED_PIXELS, read_subset
    from napari_colorquant.core.quality.error_map import lazy_error_map, map_errors

    delta_e = compared.rgb and compared.before[0].dtype.kind in "uf"
    lazy = [
        lazy_error_map(before, after, delta_e)
        for number, before in enumerate(compared.before)
        if isinstance(before, Blocks)
        and isinstance(after := compared.redrawn(number), Blocks)
    ]
    if lazy:
        errors = see_blocks(lazy[0], None)
        subset = read_subset(errors, 0, monitor, most=MEASURED_PIXELS)
        return MappedErrors(tuple(lazy), _largest(subset.pixels.colors))
    before, after = compared.before[0], compared.redrawn(0)
    assert isinstance(before, Pixels)
    assert isinstance(after, Pixels)  # as none is lazy
    found = map_errors(before, after, delta_e, monitor)
    return MappedErrors((found,), _largest(found))


def _largest(errors: NDArray[np.float32]) -> float:
    return float(np.nanmax(errors, initial=0.0))


def error_layer(result: Result, mapped: MappedErrors) -> Image:
    """Return the layer that shows the errors, in the place of the picture."""
    from napari.layers import Image

    assert result.picture is not None
    unit = "ΔE2000" if result.rgb else "distance"
    levels, picture = mapped.levels, result.picture
    axis = None if picture.rgb else result.pixel_axis
    layer = Image(
        list(levels) if len(levels) > 1 else levels[0],
        multiscale=len(levels) > 1,
        name=f"{result.name} error ({unit})",
        colormap="inferno",
        contrast_limits=(0.0, mapped.largest or 1.0),
        **without_axis(spatial_of(picture, picture.ndim), axis),
    )
    layer.colorbar.visible = True
    return layer
