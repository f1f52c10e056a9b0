from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms

from napari_colorquant.formats.rgb8 import rgb_of_lab


# The corners of sRGB in CIELAB under D50, as B. Lindbloom's calculator gives them.
@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((100, 0, 0), (255, 255, 255)),
        ((54.29, 80.81, 69.89), (255, 0, 0)),
        ((87.82, -79.27, 80.99), (0, 255, 0)),
        ((29.57, 68.30, -112.03), (0, 0, 255)),
        ((90.67, -50.67, -14.96), (0, 255, 255)),
        ((60.17, 93.55, -60.50), (255, 0, 255)),
        ((97.61, -15.75, 93.39), (255, 255, 0)),
    ],
)
def test_the_corners_of_srgb(lab, rgb):
    converted = rgb_of_lab(np.array([lab], float))
    np.testing.assert_allclose(converted, [rgb], rtol=0, atol=0.6)


def test_colors_are_those_of_a_color_management_system():
    # Pillow's 8 bits hold L* in steps of 100 / 255, a* and b* as they are.
    axis = range(-100, 101, 20)
    lab = np.stack(np.meshgrid([51, 128, 204], axis, axis), -1).reshape(-1, 3)
    is_light = (
        lab[:, 2] <= 200 * (lab[:, 0] * 100 / 255 + 16) / 116
    )  # Z is not negative
    lab = lab[is_light]
    assert len(lab) == 341
    size = 1, len(lab)
    picture = Image.frombytes("LAB", size, (lab % 256).astype(np.uint8).tobytes())
    shown = ImageCms.profileToProfile(
        picture,
        ImageCms.createProfile("LAB"),
        ImageCms.createProfile("sRGB"),
        outputMode="RGB",
        flags=ImageCms.Flags.NOOPTIMIZE,  # no table, between whose entries it guesses
    )
    ours = rgb_of_lab(lab * [100 / 255, 1, 1])
    assert np.abs(np.asarray(shown)[:, 0] - ours).max() < 0.6


def test_what_light_cannot_show_is_clipped_without_a_warning():
    corners = [[0, 50, 100], [-128, 0, 128], [-128, 0, 128]]
    lab = np.stack(np.meshgrid(*corners), -1).reshape(-1, 3).astype(float)
    before = lab.copy()
    with warnings.catch_warnings(action="error"):
        rgb = rgb_of_lab(lab)
    assert np.array_equal(lab, before)
    assert rgb.min() == 0
    assert rgb.max() == 255
