"""The pictures that the benchmarks run on."""

from __future__ import annotations

from contextlib import contextmanager
from math import ceil, sqrt
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


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
