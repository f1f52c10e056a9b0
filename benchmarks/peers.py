"""The peers: other ways to redraw a picture with K colours, each as one function.

All take a picture as an array of uint8, shape (height, width, 3), and return one: what
they need in between, such as floats, is made within their time. None dithers.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache, partial
from math import nan
from shutil import which
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from machine import installed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Outcome:
    """A redrawn picture, and the seconds of each step where a peer has the two apart.

    Learning gives the palette, assigning gives the labels and the redrawn picture.
    """

    picture: Picture
    learn: float = nan
    assign: float = nan


@dataclass(frozen=True)
class Peer:
    """One way to redraw a picture.

    `distribution` is what must be installed, empty for a program; `command` is the
    program's command line where the peer is one; `slow` peers run on request only.
    """

    name: str
    distribution: str
    run: Callable[[Picture, int], Outcome]
    slow: bool = False
    command: Callable[[int], list[str]] | None = None

    @property
    def is_installed(self) -> bool:
        """True where it can be run."""
        if self.command:
            return imagemagick() is not None
        return installed(self.distribution) is not None


def ourselves(image: Picture, n_colors: int, **keywords: object) -> Outcome:
    """Run this project, by default as it comes."""
    from napari_colorquant import quantize

    result = quantize(image, n_colors, **keywords)
    seconds = dict(result.report.seconds)
    assign = seconds.pop("assign")
    return Outcome(result.image, sum(seconds.values()), assign)


def scikit_learn(
    image: Picture,
    n_colors: int,
    n_samples: int | None = 1_000,
    n_init: int | str = "auto",
) -> Outcome:
    """Do what scikit-learn's example does, and redraw in 8 bits.

    The codebook is rounded before it is indexed: the same picture in less time than
    rounding every pixel.
    """
    from sklearn.cluster import KMeans
    from sklearn.utils import shuffle

    start = perf_counter()
    pixels = np.reshape(np.array(image, dtype=np.float64) / 255, (-1, 3))
    sample = pixels
    if n_samples is not None:
        n_samples = min(n_samples, len(pixels))
        sample = shuffle(pixels, random_state=0, n_samples=n_samples)
    model = KMeans(n_clusters=n_colors, n_init=n_init, random_state=0).fit(sample)
    learned = perf_counter()
    labels = model.predict(pixels)
    codebook = _rounded(model.cluster_centers_ * 255)
    picture = codebook[labels].reshape(image.shape)
    return Outcome(picture, learned - start, perf_counter() - learned)


def pillow(image: Picture, n_colors: int, method: str, kmeans: int = 0) -> Outcome:
    """Run a quantizer of Pillow's."""
    from PIL import Image

    quantized = Image.fromarray(image).quantize(
        n_colors,
        method=Image.Quantize[method],
        kmeans=kmeans,
        dither=Image.Dither.NONE,
    )
    return Outcome(np.asarray(quantized.convert("RGB")))


def libimagequant(image: Picture, n_colors: int) -> Outcome:
    """Run libimagequant, the library of pngquant.

    Its function that takes a Pillow image unpacks every pixel in Python, which costs
    more than all the rest: bytes are passed instead.
    """
    from imagequant import quantize_raw_rgba_bytes

    height, width, _ = image.shape
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = image
    indices, entries = quantize_raw_rgba_bytes(
        rgba.tobytes(),
        width,
        height,
        dithering_level=0.0,
        max_colors=n_colors,
        max_quality=100,
    )
    codebook = np.array(entries, np.uint8).reshape(-1, 4)[:, :3]
    labels = np.frombuffer(indices, np.uint8)
    return Outcome(codebook[labels].reshape(image.shape))


def opencv_kmeans(image: Picture, n_colors: int) -> Outcome:
    """Run OpenCV's k-means on every pixel: 10 iterations, 1 attempt."""
    import cv2

    cv2.setRNGSeed(0)
    pixels = image.reshape(-1, 3).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_MAX_ITER, 10, 0.0)
    _, labels, centers = cv2.kmeans(
        pixels, n_colors, None, criteria, 1, cv2.KMEANS_PP_CENTERS
    )
    return Outcome(_rounded(centers)[labels.ravel()].reshape(image.shape))


def faiss_kmeans(image: Picture, n_colors: int) -> Outcome:
    """Run faiss: 25 iterations on every pixel, then an exact search."""
    import faiss

    start = perf_counter()
    pixels = image.reshape(-1, 3).astype(np.float32)
    model = faiss.Kmeans(3, n_colors, niter=25, max_points_per_centroid=len(pixels))
    model.train(pixels)
    learned = perf_counter()
    index = faiss.IndexFlatL2(3)
    index.add(model.centroids)
    _, labels = index.search(pixels, 1)
    picture = _rounded(model.centroids)[labels.ravel()].reshape(image.shape)
    return Outcome(picture, learned - start, perf_counter() - learned)


def imagemagick_colors(image: Picture, n_colors: int) -> Outcome:
    """Run ImageMagick as a program; its start and the pipes are in the time."""
    done = subprocess.run(
        imagemagick_command(n_colors), input=ppm(image), capture_output=True, check=True
    )
    pixels = np.frombuffer(done.stdout, np.uint8)[-image.size :]  # after the header
    return Outcome(pixels.reshape(image.shape))


def imagemagick_command(n_colors: int) -> list[str]:
    """Return the command that reads a PPM from stdin and writes one to stdout."""
    colors = ["+dither", "-colors", str(n_colors), "-depth", "8"]
    return [imagemagick() or "magick", "ppm:-", *colors, "ppm:-"]


@cache
def imagemagick() -> str | None:
    """Return the path of ImageMagick's program, None where there is none."""
    for name in ("magick", "convert"):  # Windows has another convert
        program = which(name)
        if program and "ImageMagick" in _version_of(program):
            return program
    return None


def imagemagick_version() -> str:
    """Return ImageMagick's name and version, for the description of the machine."""
    program = imagemagick()
    if program is None:
        return "ImageMagick not installed"
    return " ".join(_version_of(program).split()[1:3])


def ppm(image: Picture) -> bytes:
    """Return a picture as an uncompressed PPM."""
    height, width, _ = image.shape
    return b"P6\n%d %d\n255\n" % (width, height) + image.tobytes()


def _version_of(program: str) -> str:
    return subprocess.run([program, "-version"], capture_output=True, text=True).stdout


def _rounded(colors: NDArray[np.floating]) -> Picture:
    return np.rint(colors).clip(0, 255).astype(np.uint8)


def _ours(**keywords: object) -> Peer:
    named = "".join(f", {name}={value!r}" for name, value in keywords.items())
    run = partial(ourselves, **keywords)
    return Peer(f"napari-colorquant{named}", "napari-colorquant", run)


OURS = _ours()
VARIANTS = (
    _ours(refine=False),
    _ours(method="wu"),
    _ours(method="wu", refine=False),
    _ours(color_space="lab"),
)
"""Other ways to run this project; those that it does not have are left out."""

EXAMPLE = Peer("scikit-learn example", "scikit-learn", scikit_learn)
PEERS = (
    EXAMPLE,
    Peer(
        "scikit-learn, 10,000 samples",
        "scikit-learn",
        partial(scikit_learn, n_samples=10_000),
    ),
    Peer(
        "scikit-learn, all pixels",
        "scikit-learn",
        partial(scikit_learn, n_samples=None, n_init=1),
        slow=True,
    ),
    Peer(
        "scikit-learn, all pixels, n_init=10",
        "scikit-learn",
        partial(scikit_learn, n_samples=None, n_init=10),
        slow=True,
    ),
    Peer("Pillow MEDIANCUT", "pillow", partial(pillow, method="MEDIANCUT")),
    Peer("Pillow MAXCOVERAGE", "pillow", partial(pillow, method="MAXCOVERAGE")),
    Peer(
        "Pillow MAXCOVERAGE, kmeans=1",
        "pillow",
        partial(pillow, method="MAXCOVERAGE", kmeans=1),
        slow=True,
    ),
    Peer("Pillow FASTOCTREE", "pillow", partial(pillow, method="FASTOCTREE")),
    Peer("imagequant", "imagequant", libimagequant),
    Peer("OpenCV kmeans", "opencv-python-headless", opencv_kmeans),
    Peer("faiss Kmeans", "faiss-cpu", faiss_kmeans),
    Peer("ImageMagick", "", imagemagick_colors, command=imagemagick_command),
)
DISTRIBUTIONS = tuple(dict.fromkeys(p.distribution for p in PEERS if p.distribution))
