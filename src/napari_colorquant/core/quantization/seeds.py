"""Classes that were painted: each one's colours become entries of its own.

Seeds are numbers of classes, 0 where nothing was painted; pixels that are not quantized
are left out. The entries are named "class 1" and so on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.background import OTSU
from napari_colorquant.core.color.spaces import dark_to_light, space_of
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.learn.fit import fit, fitted
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quantization.limits import with_limits
from napari_colorquant.core.quantization.painted import read_painted, refuse_unpainted

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.quantization.painted import LazySeeds


def learn_classes(
    image: Image,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
) -> Parameters:
    """Learn entries of painted classes; return parameters in which they are fixed.

    One entry is the class mean in the run's colour space; more are from k-means. They
    follow other fixed entries in class order; as a whole palette, dark to light.
    """
    if parameters.background == OTSU:  # of the image, not of what is painted
        parameters = with_limits(image, parameters, monitor.part(0.0, 0.0))
    if parameters.color_space == "stains":
        # A mean of densities is the same whatever the stains, which are not known yet.
        others = {"weights": None, "stains": None, "stain_scale": None}
        in_hed: Any = {"color_space": "hed", **others}
        asked = {name: getattr(parameters, name) for name in in_hed}
        other = replace(parameters, **in_hed)
        return replace(learn_classes(image, other, seeds, per_class, monitor), **asked)
    end = 1.0 if isinstance(image, Blocks) else 0.0  # reading takes nearly all of it
    given = (image, parameters, seeds, per_class)
    pixels, array = read_painted(*given, monitor.part(0.0, end))
    monitor = monitor.part(end, 1.0)
    pixels, parameters, _ = fitted(pixels, parameters)
    space = space_of(parameters.color_space, pixels, parameters.weights)
    tiles = pixels.tiles()
    sums: dict[int, NDArray[np.float64]] = {}
    counts: dict[int, int] = {}
    for tile in monitor.over("survey", tiles, len(tiles)):
        painted = array[tile].reshape(-1)
        classes = np.unique(painted[painted > 0]).tolist()
        if classes:
            values, valid = pixels.values(tile), pixels.valid(tile)
            for number in classes:
                own = painted == number
                own = own if valid is None else own & valid
                points = space.forward(values[own])
                nothing = np.zeros(pixels.n_channels)
                sums[number] = sums.get(number, nothing) + points.sum(axis=0)
                counts[number] = counts.get(number, 0) + len(points)
    refuse_unpainted(counts)
    colors, names = [], []
    for number in sorted(counts):
        if per_class == 1:
            of_class = space.backward((sums[number] / counts[number])[np.newaxis])
        else:
            own = array == number
            learning = monitor.part(1.0, 1.0, "learn")
            of_class = _learned(pixels, own, parameters, per_class, learning)
        colors.append(of_class)
        names += [f"class {number}"] * len(of_class)
    return _with_fixed(parameters, np.concatenate(colors), names)


def _learned(
    pixels: Pixels,
    own: NDArray[np.bool_],
    parameters: Parameters,
    n_colors: int,
    monitor: Monitor,
) -> NDArray[np.float64]:
    """Return the centroids of a class's own pixels, fewer if it has fewer colours."""
    mask = own if pixels.mask is None else own & pixels.mask
    alone = replace(
        parameters,
        n_colors=n_colors,
        method="kmeans",
        fixed=None,
        target_psnr=None,
        target_delta_e=None,
    )
    of_class = replace(pixels, mask=mask, learn_mask=None)
    return fit(of_class, alone, monitor).palette.colors


def _with_fixed(
    parameters: Parameters, colors: NDArray[np.float64], names: list[str]
) -> Parameters:
    fixed = parameters.fixed
    if fixed is None:
        classes = Palette(colors, names=names)
        if len(classes) == parameters.n_colors:  # the palette keeps their order
            classes = classes.select(dark_to_light(colors).tolist())
        return replace(parameters, fixed=classes)
    if fixed.n_channels != colors.shape[1]:
        return parameters  # which the engine refuses
    joined = Palette(
        np.concatenate([fixed.colors, colors]),
        names=[*(fixed.names or [""] * len(fixed)), *names],
        color_space=fixed.color_space,
        weights=fixed.weights,
        stains=fixed.stains,
        background=fixed.background,
        units=fixed.units,
        locked=fixed.locked,
        white=fixed.white,
        classes=fixed.classes and [*fixed.classes, *[""] * len(names)],
    )
    return replace(parameters, fixed=joined)
