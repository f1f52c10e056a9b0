"""CIELAB colours of other programs, as RGB."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BRADFORD = np.array(
    [
        [0.9555766, -0.0230393, 0.0631636],
        [-0.0282895, 1.0099416, 0.0210077],
        [0.0122982, -0.0204830, 1.3299098],
    ]
)
"""From XYZ under D50 to XYZ under D65, by the Bradford method (B. Lindbloom, "Chromatic
Adaptation", http://www.brucelindbloom.com)."""


def rgb_of_lab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB from 0 to 255, not rounded, of (n, 3) CIELAB colours under D50.

    D50 is the white of Adobe's programs; scikit-image's lab2rgb and the colour space
    "lab" have D65. What lies outside of sRGB is clipped, channel by channel.
    """
    from skimage.color import lab2xyz, xyz2rgb

    inside = lab.copy()
    # Z below 0 is no light: scikit-image would warn of it, and set it to 0. A little
    # less, as rounding may carry it beyond.
    inside[:, 2] = np.minimum(lab[:, 2], 200 * ((lab[:, 0] + 16) / 116) - 1e-9)
    rgb = xyz2rgb(lab2xyz(inside, illuminant="D50") @ _BRADFORD.T)
    colors: NDArray[np.float64] = np.clip(255 * rgb, 0.0, 255.0)
    return colors
