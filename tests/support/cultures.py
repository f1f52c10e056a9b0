"""Cultures in fluorescence that are drawn, so that background and cells are known."""

import numpy as np

GROUND = (160, 190, 220)
"""Counts of the background of each channel, with the camera's offset."""
HIGHEST = (230, 270, 300)
"""Above all counts of the background, and below all of the cells."""


def culture(size=192, n_cells=12):
    """Return three channels of uint16, and the kind of each pixel: 0 is background.

    Round cells have the first marker, and none, one or both of the others: they cover a
    tenth. The camera counts photons, and adds an offset and noise of its own.
    """
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size]
    kind = np.zeros((size, size), int)
    n_drawn = 0
    while n_drawn < n_cells:
        row, column = random.uniform(14, size - 14, 2)
        away = np.hypot(rows - row, columns - column)
        if not kind[away < 16].any():
            n_drawn += 1
            kind[away < 12] = 1 + n_drawn % 4
    markers = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1]])[kind]
    photons = markers * (1500, 900, 700) + np.array(GROUND) - 100
    counts = random.poisson(photons) + random.normal(100, 8, photons.shape)
    return list(np.moveaxis(counts.round().astype(np.uint16), -1, 0)), kind
