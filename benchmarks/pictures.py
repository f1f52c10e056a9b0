"""The pictures that the benchmarks run on."""

from __future__ import annotations

from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

SIDE = 200
"""Rows and columns of what is drawn."""
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
STAINS = {
    "IHC": ((0.65, 0.70, 0.29), (0.27, 0.57, 0.78)),
    "H&E": ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11)),
}
"""Optical densities of red, green and blue of haematoxylin and of DAB or eosin."""
AMOUNTS = {
    ("IHC", 3): [(0.02, 0), (0.9, 0.05), (0.25, 1.1)],
    ("IHC", 4): [(0.02, 0), (0.22, 0.03), (0.9, 0.05), (0.3, 1.2)],
    ("H&E", 3): [(0.02, 0.02), (0.15, 0.45), (0.9, 0.35)],
    ("H&E", 4): [(0.02, 0.02), (0.1, 0.4), (0.9, 0.35), (0.1, 1.2)],
}
HUES = ((200, 150, 150), (150, 190, 150), (150, 150, 205))
INK = (60, 130, 80)


def bundled() -> dict[str, NDArray[np.uint8]]:
    """Return the two pictures that come with scikit-learn."""
    from sklearn.datasets import load_sample_image

    return {name: load_sample_image(f"{name}.jpg") for name in ("china", "flower")}


def china() -> NDArray[np.uint8]:
    """Return the picture of the scikit-learn example."""
    return bundled()["china"]


def in_folder(folder: Path) -> dict[str, NDArray[np.uint8]]:
    """Read every PNG, JPEG and TIFF of a folder as 8-bit RGB."""
    from PIL import Image

    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise SystemExit(
            f"{folder} has no picture: pass a folder of PNG, JPEG or TIFF."
        )
    pictures = {}
    for path in paths:
        with Image.open(path) as picture:
            pictures[path.name] = np.array(picture.convert("RGB"))
    return pictures


def tiled(megapixels: float) -> NDArray[np.uint8]:
    """Repeat china.jpg side by side: large, with the colours of a small picture."""
    times = _times(megapixels)
    return _of_size(np.tile(china(), (times, times, 1)), megapixels)


def enlarged(image: NDArray[np.uint8], times: int) -> NDArray[np.uint8]:
    """Return a picture so many times as wide and high, with very many colours.

    It is interpolated, and each value gets normal noise of two levels.
    """
    large = zoom(image.astype(np.float32), (times, times, 1), order=1)
    noise = np.random.default_rng(0).normal(0, 2, large.shape)
    return np.rint(large + noise).clip(0, 255).astype(np.uint8)


def noisy(
    megapixels: float, n_channels: int = 3, dtype: DTypeLike = np.uint8
) -> NDArray[Any]:
    """Enlarge china.jpg by whole pixels and give each one a little noise of its own.

    The noise is -2 to 2 of 255 levels. Channels after the third are the first three
    once more, moved down. uint16 gets random lower bytes; float32 is that in 0 to 1.
    """
    dtype = np.dtype(dtype)
    random = np.random.default_rng(0)
    times = _times(megapixels)
    channels = [
        np.roll(china(), 50 * (c // 3), axis=0)[..., c % 3] for c in range(n_channels)
    ]
    small = np.stack(channels, axis=-1).astype(np.int16)
    large = _of_size(small.repeat(times, axis=0).repeat(times, axis=1), megapixels)
    large += random.integers(-2, 3, large.shape, dtype=np.int16)
    bytes_ = large.clip(0, 255).astype(np.uint8)
    if dtype == np.uint8:
        return bytes_
    words = bytes_.astype(np.uint16) << 8
    words |= random.integers(0, 256, words.shape, dtype=np.uint16)
    if dtype == np.uint16:
        return words
    return words.astype(np.float32) / np.float32(65_535)


def areas(n: int, random: np.random.Generator, smoothness: float) -> NDArray[np.intp]:
    """Return n classes, from 0, in smooth areas whose shares are drawn at random."""
    heights = gaussian_filter(
        random.normal(size=(n, SIDE, SIDE)), (0, smoothness, smoothness)
    )
    heights /= heights.std(axis=(1, 2), keepdims=True)
    wanted, offsets = random.dirichlet([4] * n), np.zeros((n, 1, 1))
    for _ in range(60):
        classes = (heights + offsets).argmax(axis=0)
        shares = np.bincount(classes.ravel(), minlength=n) / classes.size
        offsets[:, 0, 0] += np.log((wanted + 1e-3) / (shares + 1e-3)) / 4
    return classes


def section(
    kind: str, n: int, random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Draw classes by their amounts of stain, which vary by a fifth, in white light.

    The classes are returned beside the picture.
    """
    classes = areas(n, random, 4)
    amounts = gaussian_filter(np.array(AMOUNTS[kind, n])[classes], (0.8, 0.8, 0))
    amounts *= np.exp(random.normal(0, 0.18, amounts.shape))
    light = 243 * 10 ** -(amounts @ np.array(STAINS[kind]))
    light += random.normal(0, 3, light.shape)
    return _whole(light), classes


def shaded_hues() -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Draw three hues, each from dark to light; return the picture and the hues."""
    hues = np.kron([[0, 1, 2], [2, 0, 1]], np.ones((20, 30), np.intp))
    light = np.linspace(0.4, 1.0, hues.shape[1])[:, np.newaxis]
    return _whole(np.array(HUES)[hues] * light), hues


def with_specks(
    picture: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Draw specks of green ink on 0.2% of a picture; return it, and where they are."""
    rows, columns = np.indices(picture.shape[:2])
    specks = np.zeros(picture.shape[:2], bool)
    while specks.mean() < 0.002:
        row, column = random.integers(3, np.array(specks.shape) - 3)
        specks |= np.hypot(rows - row, columns - column) < 3.5
    drawn = picture.astype(float)
    drawn[specks] = INK + random.normal(0, 6, (np.count_nonzero(specks), 3))
    return _whole(drawn), specks


def _whole(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return levels.round().clip(0, 255).astype(np.uint8)


def thumbnail(image: NDArray[Any], side: int = 128) -> NDArray[Any]:
    """Pick pixels evenly: something small to load and compile everything with."""
    step = max(1, min(image.shape[:2]) // side)
    return np.ascontiguousarray(image[::step, ::step])


@contextmanager
def in_file(image: NDArray[Any]) -> Iterator[Path]:
    """Put a picture where a fresh process can read it without further memory."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture.npy"
        np.save(path, image)
        yield path


def _times(megapixels: float) -> int:
    return ceil(sqrt(megapixels * 1e6 / china()[..., 0].size))


def _of_size(image: NDArray[Any], megapixels: float) -> NDArray[Any]:
    height = round(megapixels * 1e6 / image.shape[1])
    return image[:height].copy()
