"""Judging a result: its quality in figures, and its error as a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from napari.utils.notifications import show_error
from psygnal import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_colorquant.core.palette import Palette
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.steps import Progress, Steps
from napari_colorquant.files.sizes import indexed_bytes, picture_bytes
from napari_colorquant.viewer.quality_panel import QualityPanel
from napari_colorquant.viewer.result import Result
from napari_colorquant.viewer.runner import Run, Runner
from napari_colorquant.viewer.source import levels_of, spatial_of

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_colorquant.core.quality import Quality

_READY = "Press Measure to compare the result with its original."


class Judged(NamedTuple):
    """How good a result is.

    Parameters
    ----------
    quality : Quality
        The measures.
    as_png, as_indexed : int or None
        Bytes of the original as PNG, and of the result as an indexed one; None where
        PNG cannot hold it.
    """

    quality: Quality
    as_png: int | None
    as_indexed: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What is compared, taken when it starts.

    Parameters
    ----------
    before, after : Pixels
        The original and the redrawn picture.
    labels : ndarray of uint8 or uint16
        Palette index + 1.
    palette : Palette
        The palette.
    rgb : bool
        Whether the channels are red, green and blue.
    """

    before: Pixels
    after: Pixels
    labels: NDArray[Any]
    palette: Palette
    rgb: bool


class JudgePage(QWidget):
    """The quality of the result that is shown.

    Parameters
    ----------
    runner : Runner
        Where measuring runs.
    result : callable
        Returns the result to judge, or None.
    add_layer : callable
        Adds a layer to the viewer.
    buttons : list of QWidget
        More to press, below.

    Attributes
    ----------
    said : psygnal.Signal
        What has been done, in a line for the user.
    """

    said = Signal(str)

    def __init__(
        self,
        runner: Runner,
        result: Callable[[], Result | None],
        add_layer: Callable[[Image], None],
        buttons: list[QWidget],
    ) -> None:
        super().__init__()
        self._runner, self._result, self._add_layer = runner, result, add_layer
        self.panel = QualityPanel()
        self.panel.clear(_READY)
        self.measure = QPushButton("Measure")
        self.measure.setToolTip("Compare the result with its original, pixel by pixel.")
        self.error_map = QPushButton("Error map")
        self.error_map.setToolTip(
            "Add a layer that shows how far each pixel is from the original: as "
            "ΔE2000, or as the distance in the channels' units."
        )
        self.measure.clicked.connect(self._measure)
        self.error_map.clicked.connect(self._map)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.panel)
        for button in (self.measure, self.error_map, *buttons):
            layout.addWidget(button)
        layout.addStretch(1)

    def forget(self) -> None:
        """Show no figures: they are not those of the result any more."""
        self.panel.clear(_READY)

    def _measure(self) -> None:
        def show(result: Result, judged: Judged) -> None:
            if result is self._result():
                self.panel.show_quality(*judged)
                self.said.emit(f"Measured {result.name}.")

        self._start("Measuring", judged_steps, show)

    def _map(self) -> None:
        def show(result: Result, errors: NDArray[np.float32]) -> None:
            layer = error_layer(result, errors)
            self._add_layer(layer)
            self.said.emit(f"Added {layer.name}.")

        self._start("Mapping the error of", mapped_steps, show)

    def _start(
        self,
        doing: str,
        make_steps: Callable[[Compared], Steps[Any]],
        show: Callable[[Result, Any], None],
    ) -> None:
        result = self._result()
        if result is None or result.picture is None:
            show_error("There is no result to judge: quantize an image first.")
            return
        if result.channels is not None:
            show_error(
                f"the picture of {result.name!r} is a blend of several layers, and "
                "there is no image to compare it with: its error was told when it was "
                "made."
            )
            return
        compared = take_compared(result)
        if compared is None:
            show_error(
                f"The image that {result.name!r} was made from is gone: open it, and "
                "quantize it again."
            )
            return
        self._runner.start(
            Run(
                f"{doing} {result.name}",
                make_steps(compared),
                lambda found: show(result, found),
                result.picture,
            )
        )


def take_compared(result: Result) -> Compared | None:
    """Take from a result what is compared.

    Parameters
    ----------
    result : Result
        With its picture.

    Returns
    -------
    Compared or None
        Views of the largest level; None where the original is gone.
    """
    levels, layer = result.levels(), result.picture
    if not levels or layer is None:
        return None
    return Compared(
        before=levels[0],
        after=see_pixels(levels_of(layer)[0], result.pixel_axis),
        labels=result.labels_arrays[0],
        palette=result.palette,
        rgb=result.rgb,
    )


def judged_steps(compared: Compared) -> Steps[Judged]:
    """Measure a result.

    Parameters
    ----------
    compared : Compared
        The result and its original.

    Yields
    ------
    Progress
        Tile by tile; then the files are encoded.

    Returns
    -------
    Judged
        How good it is.
    """
    from napari_colorquant.core.quality import judge_steps  # it loads a compiler

    quality = yield from judge_steps(compared.before, compared.after)
    as_png = picture_bytes(compared.before.image)
    yield Progress("judge", 1, 1)  # a place to stop
    as_indexed = indexed_bytes(compared.labels, compared.palette)
    return Judged(quality, as_png, as_indexed)


def mapped_steps(compared: Compared) -> Steps[NDArray[np.float32]]:
    """Measure the error of every pixel of a result.

    Parameters
    ----------
    compared : Compared
        The result and its original.

    Yields
    ------
    Progress
        Tile by tile.

    Returns
    -------
    ndarray of float32
        Shape of the image without its channel axis.
    """
    from napari_colorquant.core.error_map import error_map_steps  # it, too

    before, after = compared.before, compared.after
    delta_e = compared.rgb and before.dtype.kind in "uf"
    return (yield from error_map_steps(before, after, delta_e=delta_e))


def error_layer(result: Result, errors: NDArray[np.float32]) -> Image:
    """Make the layer that shows the errors of a result.

    Parameters
    ----------
    result : Result
        The result.
    errors : ndarray of float32
        What :func:`mapped_steps` returned.

    Returns
    -------
    napari.layers.Image
        In the place of the picture, with a perceptual colormap and a colour bar.
    """
    from napari.layers import Image

    assert result.picture is not None
    unit = "ΔE2000" if result.rgb else "distance"
    largest = float(np.nanmax(errors, initial=0.0))
    layer = Image(
        errors,
        name=f"{result.name} error ({unit})",
        colormap="inferno",
        contrast_limits=(0.0, largest or 1.0),
        **spatial_of(result.picture, errors.ndim),
    )
    layer.colorbar.visible = True
    return layer
