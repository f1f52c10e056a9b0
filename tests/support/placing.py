"""Layers that lie in a place of their own."""

from __future__ import annotations

import numpy as np

SPATIAL = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")


def placed(ndim):
    """Return arguments that place a layer in a way that no default does."""
    angle = np.deg2rad(30)
    rotation = np.eye(ndim)
    rotation[-2:, -2:] = [
        [np.cos(angle), -np.sin(angle)],
        [np.sin(angle), np.cos(angle)],
    ]
    shear = np.eye(ndim)
    shear[-2, -1] = 0.25
    affine = np.eye(ndim + 1)
    affine[:-1, -1] = np.arange(ndim) + 0.5
    return {
        "scale": np.arange(2, ndim + 2) / 4,
        "translate": np.arange(ndim) * 10.0,
        "rotate": rotation,
        "shear": shear,
        "affine": affine,
        "units": ("micrometer",) * ndim,
        "axis_labels": tuple("tzyx"[-ndim:]),
    }
