"""A result compared with its original: quality measures, and a map of the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import Image as EngineImage
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.files.images.write import indexed_bytes, picture_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.quality.quality import Quality


class QualityResult(NamedTuple):
    """How good a result is, with sizes as PNG files in bytes.

    as_png: the original; as_indexed: the result. None if PNG cannot hold it, or if it
    is lazy.
    """

    quality: Quality
    as_png: int | None
    as_indexed: int | None


class MappedErrors(NamedTuple):
    """The errors, float32, one array a level without a channel axis, and the largest.

    Of an image in memory, only the largest level is there. Of a lazy image, largest is
    among the pixels that were read.
    """

    levels: tuple[Any, ...]
    largest: float


@dataclass(frozen=True, slots=True, eq=False)
class ComparedImages:
    """What is compared, taken when it starts; the largest level is first.

    before, after: all Blocks if one is lazy; after: empty if the picture shows channels
    together, and drawn from labels. palettes: one, or one a slice along slice_axis.
    """

    before: tuple[EngineImage, ...]
    after: tuple[EngineImage, ...]
    labels: tuple[NDArray[Any], ...]
    palette: Palette
    rgb: bool
    palettes: tuple[Palette, ...]
    slice_axis: int | None

    def redrawn(self, number: int) -> EngineImage:
        """Return a level of the redrawn picture, in the channels of the original."""
        if self.after:
            return self.after[number]
        from napari_colorquant.core.quantization.edit import redrawn_in_palettes

        return redrawn_in_palettes(
            self.before[number], self.labels[number], self.palettes, self.slice_axis
        )


def measure_result(compared: ComparedImages, monitor: Monitor) -> QualityResult:
    """Measure a result tile by tile, then encode the files to get their sizes."""
    # Here, in the worker's thread: they load a compiler.
    from napari_colorquant.core.quality.quality import measure

    before = compared.before[0]
    quality = measure(before, compared.redrawn(0), monitor)
    if isinstance(before, Blocks):
        return QualityResult(quality, None, None)
    as_png = picture_bytes(before.image)
    monitor.check()
    as_indexed = indexed_bytes(compared.labels[0], compared.palette)
    return QualityResult(quality, as_png, as_indexed)


def map_error(compared: ComparedImages, monitor: Monitor) -> MappedErrors:
    """Measure the error of every pixel.

    A lazy result's errors are computed where they are looked at, in every level; only
    some blocks are read, to find large errors.
    """
    from napari_colorquant.core.image.sampling import MEASURED_PIXELS, read_subset
    from napari_colorquant.core.quality.error_map import map_errors

    first = compared.before[0]
    delta_e = compared.rgb and first.dtype.kind in "uf"
    lazily = isinstance(first, Blocks)
    levels = [
        map_errors(before, compared.redrawn(number), delta_e, monitor)
        for number, before in enumerate(compared.before)
        if lazily or number == 0
    ]
    most = MEASURED_PIXELS if lazily else None
    subset = read_subset(see_image(levels[0], None), 0, monitor, most)
    return MappedErrors(tuple(levels), _largest(subset.pixels.colors))


def _largest(errors: NDArray[np.float32]) -> float:
    return float(np.nanmax(errors, initial=0.0))
