"""Results that an earlier command has written, as they are measured again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.batch.outputs import Job


def existing_result(job: Job, seen: Image) -> Quantization:
    """Return the labels and the palette of a job's files; it has no report.

    Raise ValueError if they are not of the image that is seen.
    """
    import numpy as np

    from napari_colorquant.core.palette.palette import Palette, label_dtype
    from napari_colorquant.core.quantization.result import Quantization
    from napari_colorquant.files.regions.images import read_values

    palette = Palette.load(job.target("colors", ".csv"))
    path = next(
        path
        for path in (job.target("indices", end) for end in (".png", ".tif"))
        if path.exists()
    )
    indices, n = read_values(path), len(palette)
    if (
        indices.size != np.prod(seen.shape)
        or palette.n_channels != seen.outline.n_channels
    ):
        raise ValueError(
            f"{path} is not of this image: run the command with --force instead of "
            "--skip-existing."
        )
    # One past the last entry is what was not quantized.
    labels = np.where(indices < n, indices.astype(np.int64) + 1, 0)
    labels = labels.astype(label_dtype(n)).reshape(seen.shape)
    no_report: Any = None
    return Quantization(palette, labels, seen.image, no_report)
