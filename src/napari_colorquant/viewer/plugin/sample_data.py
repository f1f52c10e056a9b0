"""Pictures for File > Open Sample; all are part of the libraries that we use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

LayerData = tuple["NDArray[Any]", dict[str, Any], str]


def china() -> list[LayerData]:
    """Open scikit-learn's photo of the Summer Palace: RGB, 427 x 640, uint8."""
    from sklearn.datasets import load_sample_image

    return [_picture(load_sample_image("china.jpg"), "china")]


def flower() -> list[LayerData]:
    """Open scikit-learn's photo of a flower: RGB, 427 x 640, uint8."""
    from sklearn.datasets import load_sample_image

    return [_picture(load_sample_image("flower.jpg"), "flower")]


def immunohistochemistry() -> list[LayerData]:
    """Open scikit-image's picture of stained colonic glands: RGB, 512 x 512, uint8."""
    from skimage.data import immunohistochemistry as load

    return [_picture(load(), "IHC")]


def retina() -> list[LayerData]:
    """Open scikit-image's picture of a human retina: RGB, 1411 x 1411, uint8."""
    from skimage.data import retina as load

    return [_picture(load(), "retina")]


def _picture(pixels: NDArray[Any], name: str) -> LayerData:
    return pixels, {"name": name, "rgb": True}, "image"
