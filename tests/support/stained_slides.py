"""Slides that are drawn from amounts of stains, so that cells and stains are known."""

import numpy as np
from skimage.draw import disk

HE = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]])
"""Haematoxylin and eosin of one laboratory, and of another."""
OTHER_HE = np.array([[0.55, 0.76, 0.36], [0.20, 0.84, 0.50]])
HDAB = np.array([[0.65, 0.70, 0.29], [0.27, 0.57, 0.78]])
HE, OTHER_HE, HDAB = (
    one / np.linalg.norm(one, axis=1, keepdims=True) for one in (HE, OTHER_HE, HDAB)
)
INKS = {"blue": (25, 60, 170), "green": (20, 120, 60), "black": (22, 20, 25)}


def cells(size=256, n=60):
    """Return amounts of two stains, (size, size, 2), and where the nuclei are.

    The left three quarters are tissue: the second stain, and nuclei of the first.
    """
    random = np.random.default_rng(3)
    amounts = np.zeros((size, size, 2))
    end = 3 * size // 4
    amounts[:, :end, 1] = 0.45 + 0.1 * random.random((size, end))
    nuclei = np.zeros((size, size), bool)
    for row, column in random.integers(10, (size - 10, end - 10), (n, 2)):
        nuclei[disk((row, column), 6)] = True
    amounts[nuclei, 0] = 0.9 + 0.2 * random.random(nuclei.sum())
    amounts[nuclei, 1] *= 0.3
    return amounts, nuclei


def stained(amounts, vectors, staining=1.0, dtype=np.uint8):
    """Return the picture of amounts of stains, with noise of a level of 8 bits."""
    light = 10 ** -(staining * amounts @ vectors)
    noise = np.random.default_rng(5).normal(0, 1, light.shape)
    levels = np.clip(250 * light + noise, 0, 255)
    if np.dtype(dtype).kind == "f":
        return (levels / 255).astype(dtype)
    return np.rint(levels * (np.iinfo(dtype).max / 255)).astype(dtype)
