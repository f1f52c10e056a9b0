"""Time and peak memory of one large picture.

python benchmarks/memory.py [--megapixels 100]

The peak is that of the whole process, with the picture, the results and the libraries.
"""

from __future__ import annotations

import argparse
import resource
from time import perf_counter

import numpy as np
from sklearn.datasets import load_sample_image

from napari_colorquant import quantize


def main() -> None:
    """Quantize china.jpg, repeated, and print what it took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megapixels", type=float, default=100)
    options = parser.parse_args()
    china = load_sample_image("china.jpg")
    times = int(np.ceil(np.sqrt(options.megapixels * 1e6 / china[..., 0].size)))
    picture = np.tile(china, (times, times, 1))
    height = round(options.megapixels * 1e6 / picture.shape[1])
    picture = picture[:height].copy()

    quantize(china, 64)  # compiles
    start = perf_counter()
    result = quantize(picture, 64)
    seconds = perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2  # GB, on Linux
    print(f"{picture[..., 0].size / 1e6:.1f} megapixels of RGB uint8: {seconds:.1f} s")
    print(result.report)
    size = picture.nbytes / 1024**3
    print(f"peak memory {peak:.2f} GB, of which the picture {size:.2f} GB")


if __name__ == "__main__":
    main()
