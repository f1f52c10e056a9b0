"""What the first run in a process would wait for, done when the widget opens."""

from __future__ import annotations

from functools import cache
from threading import Thread

import numpy as np

from napari_colorquant.viewer.layers import label_colormap


@cache
def warm_up() -> None:
    """Load and compile the engine in a thread, and napari's own part here.

    The first time that napari shows a labels layer with a colormap of ours, it
    compiles for a second in the thread of its window: better while the widget opens
    than when a result appears. Not in our thread, as the code that it compiles must
    not be called from two threads at once.

    A second call does nothing.
    """
    # First, as compilers take turns: the window would wait for the thread.
    label_colormap(np.ones((1, 4))).map(np.zeros(1, np.uint8))
    Thread(target=_run_the_engine, name="napari-colorquant warm-up").start()


def _run_the_engine() -> None:
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.quantize import apply_palette, quantize

    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    quantize(image, 2)
    many = np.arange(3 * 256).reshape(256, 3) / 3  # their labels take two bytes
    apply_palette(image, Palette(many))
