"""What suits a kind of image: docs/workbench.md has the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_colorquant.core.learn.parameters import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping

PRESET_SETS = ("n_colors", "color_space", "weights", "balance", "max_distance")
"""The parameters that a preset sets; it leaves the others as they are."""
PRESETS: Mapping[str, Parameters] = {
    "Photo": Parameters(n_colors=64),
    "H&E": Parameters(n_colors=6, color_space="hed", balance=0.25),
    "IHC (DAB)": Parameters(n_colors=8, color_space="lab", balance=0.25),
    "Fluorescence": Parameters(n_colors=8),
    "Map or chart": Parameters(n_colors=12, max_distance=40.0),
}
"""By title. A max_distance is of 8 bits: in other units it is not set."""
