"""Tables of areas of labels that a test tells."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_colorquant import Palette, measure_areas
from napari_colorquant.core.quantization.result import Quantization

COLORS = np.array([[20, 10, 0], [200, 30, 40], [250, 250, 250]], np.uint8)
HEXES = ["#140a00", "#c81e28", "#fafafa"]


def table_of(labels, name="a", **options):
    """Return the table of labels of three entries, the second of which is DAB."""
    labels = np.asarray(labels, np.uint8)
    palette = Palette(COLORS.astype(float), names=("", "DAB", ""))
    picture = np.vstack([COLORS[:1], COLORS])[labels]
    q = Quantization(palette, labels, picture, None)
    return measure_areas(q, name=name, **options)


def joined(*tables):
    """Return one table of several."""
    return pd.concat(tables, ignore_index=True)
