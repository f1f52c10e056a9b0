"""Palettes of all kinds, for the formats that keep everything."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import COLOR_SPACES, UNITS

STAINS = [
    [[0.65, 0.7, 0.29], [0.07, 1 / 3, 0.11]],
    [[0.65, 0.7, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]],
]


@st.composite
def palettes(draw: st.DrawFn, *, locks: bool) -> Palette:
    """Draw a palette of any channels and any finite numbers, perhaps with locks."""
    shape = st.tuples(st.integers(1, 20), st.integers(1, 6))
    finite = st.floats(allow_nan=False, allow_infinity=False)
    colors = draw(hnp.arrays(np.float64, shape, elements=finite))
    n = len(colors)
    counts = st.lists(st.integers(0, 2**63 - 1), min_size=n, max_size=n)
    names = st.lists(st.text(max_size=8), min_size=n, max_size=n)
    space = draw(st.sampled_from(COLOR_SPACES))
    stains = draw(st.sampled_from(STAINS)) if space == "stains" else None
    n_weights = {"rgb": colors.shape[1], "ab": 2}.get(space, len(stains or "rgb"))
    numbers = st.floats(1e-6, 1e6)
    shares = st.lists(st.floats(0, 1), min_size=n, max_size=n)
    weights = st.lists(numbers, min_size=n_weights, max_size=n_weights)
    limits = st.lists(finite, min_size=colors.shape[1], max_size=colors.shape[1])
    return Palette(
        colors,
        draw(st.none() | counts),
        draw(st.none() | names),
        space,
        draw(st.none() | st.sampled_from(UNITS)),
        draw(st.lists(st.integers(0, n - 1))) if locks else (),
        classes=draw(st.none() | names),
        weights=draw(st.none() | weights),
        stains=stains,
        background=draw(st.none() | limits) if space == "rgb" else None,
        learned_distance=draw(st.none() | st.floats(0, 1e300)),
        learned_shares=draw(st.none() | shares),
    )
