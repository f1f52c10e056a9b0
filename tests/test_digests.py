"""The bytes of results, pinned: a change of the code's shape must not change them.

A digest that changes on purpose is written again by `python tests/test_digests.py`,
in a commit that says why.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import dask.array as da
import numpy as np
from sklearn.datasets import load_sample_image

from napari_colorquant import (
    Lock,
    Merge,
    Recolor,
    Remove,
    Sort,
    apply_palette,
    edit,
    error_curve,
    quantize,
    quantize_layers,
    quantize_slices,
)

FILE = Path(__file__).with_suffix(".json")

# Floating point is the same to the last bit on processors of one kind alone. Logarithms
# and powers of numpy round in another way with AVX-512: they are computed without it.
WITHOUT_AVX512 = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR AVX512F AVX512CD "
    "AVX512_SKX AVX512_CLX AVX512_CNL"
}
IS_EXACT_HERE = (sys.platform, platform.machine()) == ("linux", "x86_64")
# So does numpy 1.
IS_EXACT_HERE &= np.lib.NumpyVersion(np.__version__) >= "2.0.0"
ROUNDED = ("lab", "hed", "float", "scaled", "example")

CHINA = load_sample_image("china.jpg")[60:220, 200:400]
GRADIENT = np.add.outer(np.arange(90) * 500, np.arange(110) * 180).astype(np.uint16)
NOISE = np.random.default_rng(1)
CHANNELS = NOISE.gamma(2.0, 300.0, (5, 80, 90)).astype(np.uint16)
FLOAT = NOISE.normal(0.0, 1.0, (70, 80, 3)).astype(np.float32)
FLOAT[::9, ::7] = np.nan
STACK = np.stack([CHINA, CHINA // 2, 255 - CHINA])
DISC = np.hypot(*np.ogrid[-80:80, -100:100]) < 70
PAINTED = np.zeros(CHINA.shape[:2], np.uint8)
PAINTED[5:20, 10:60], PAINTED[120:150, 30:90] = 1, 2
RGBA = np.dstack([CHINA, np.where(DISC, 255, 0)]).astype(np.uint8)


def lazy(image, *chunks):
    return da.from_array(image, chunks=chunks)


def edited():
    q = quantize(CHINA, 12)
    recolored = Recolor(0, [1, 2, 3])
    edits = [Merge([2, 5]), recolored, Remove([4]), Lock([1]), Sort("population")]
    return edit(q, CHINA, edits)


def of_layers(**options):
    from napari.layers import Image

    layers = [
        Image(one, name=f"c{i}", contrast_limits=(0, 1500 * i + 900), colormap=colormap)
        for i, (one, colormap) in enumerate(
            zip(CHANNELS[:3], ("red", "green", "blue"), strict=True)
        )
    ]
    return quantize_layers(layers, 6, **options)


CASES = {
    "kmeans": lambda: quantize(CHINA, 16),
    "kmeans, 200 colors": lambda: quantize(CHINA, 200),
    "kmeans, another seed": lambda: quantize(CHINA, 16, random_state=7),
    "wu": lambda: quantize(CHINA, 16, method="wu"),
    "wu, not refined": lambda: quantize(CHINA, 16, method="wu", refine=False),
    "random": lambda: quantize(CHINA, 16, method="random", refine=False),
    "the example's": lambda: quantize(CHINA, 16, refine=False, n_samples=1000),
    "auto": lambda: quantize(CHINA, "auto", target_psnr=30),
    "lab": lambda: quantize(CHINA, 16, color_space="lab"),
    "hed": lambda: quantize(CHINA, 8, color_space="hed"),
    "fixed": lambda: quantize(CHINA, 8, fixed=[[255, 0, 0], [0, 0, 0]]),
    "mask": lambda: quantize(CHINA, 8, mask=DISC),
    "learn_mask": lambda: quantize(CHINA, 8, learn_mask=DISC),
    "seeds": lambda: quantize(CHINA, 8, seeds=PAINTED),
    "seeds, three a class": lambda: quantize(CHINA, 9, seeds=PAINTED, per_class=3),
    "rgba": lambda: quantize(RGBA, 8),
    "grey, 16 bits": lambda: quantize(GRADIENT, 10, channel_axis=None),
    "five channels, 16 bits": lambda: quantize(CHANNELS, 10, channel_axis=0),
    "float": lambda: quantize(FLOAT, 10),
    "int32": lambda: quantize(CHINA.astype(np.int32) * 1000 - 9, 10),
    "slices": lambda: quantize_slices(STACK, 6).whole,
    "lazy slices": lambda: quantize_slices(lazy(STACK, 1, 64, 64, 3), 6).whole,
    "lazy": lambda: quantize(lazy(CHINA, 50, 70, 3), 16),
    "lazy, sampled": lambda: quantize(
        da.tile(lazy(CHINA, 160, 200, 3), (24, 24, 1)), 16
    ),
    "lazy, mask": lambda: quantize(lazy(CHINA, 50, 70, 3), 8, mask=DISC),
    "lazy channels": lambda: quantize(lazy(CHANNELS, 2, 40, 40), 10, channel_axis=0),
    "applied": lambda: apply_palette(CHINA[::-1, 20:], quantize(CHINA, 16).palette),
    "edited": edited,
}

LAYERS = {
    "scaled by limits": {},
    "scaled by z-scores": {"scaling": "zscore"},
    "together, not scaled": {"scaling": "none"},
}


def digest(*arrays):
    """Return the digest of what some arrays hold, their dtypes and their shapes."""
    found = sha256()
    for array in arrays:
        array = np.ascontiguousarray(array)
        found.update(f"{array.dtype.str} {array.shape}".encode())
        found.update(array.tobytes())
    return found.hexdigest()[:16]


def pixels_of(array):
    """Return an array, or a corner of a large one."""
    return np.asarray(array if array.size < 2**22 else array[:300, 3000:3400])


def results():
    """Compute every case: a name and its digest."""
    for name, run in CASES.items():
        q = run()
        arrays = (q.palette.colors, pixels_of(q.labels), pixels_of(q.image))
        yield name, digest(*arrays, np.float64(q.report.mse))
    for name, options in LAYERS.items():
        picture, labels = of_layers(**options)
        yield name, digest(picture.data, labels.data)
    curve = error_curve(CHINA, max_colors=16)
    yield "curve", digest(np.array([point.mse for point in curve.points]))


def found_without_avx512():
    """Compute every case in a process of its own, as numpy looks once what there is."""
    command = [sys.executable, "-W", "ignore", __file__, "--print"]
    environment = {**os.environ, **WITHOUT_AVX512}
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def test_results_are_the_bytes_that_are_pinned():
    pinned, found = json.loads(FILE.read_text()), found_without_avx512()
    assert found.keys() == pinned.keys()
    differing = {name for name in found if found[name] != pinned[name]}
    if not IS_EXACT_HERE:
        differing = {
            name for name in differing if not any(word in name for word in ROUNDED)
        }
    assert differing == set()


if __name__ == "__main__":
    if "--print" in sys.argv:
        print(json.dumps(dict(results())))
    else:
        FILE.write_text(json.dumps(found_without_avx512(), indent=2) + "\n")
