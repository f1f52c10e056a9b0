"""One look at every pixel before learning: how many, how large, how many colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.distinct import DistinctCounter
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the valid pixels of an image are like.

    Parameters
    ----------
    valid_counts : ndarray of int64, shape (n_tiles,)
        Valid pixels of each tile.
    lowest, highest : float
        Smallest and largest value of any channel.
    n_colors : int
        Number of distinct colours, or a lower bound.
    n_colors_is_exact : bool
        False where the colours were too many to count.
    """

    valid_counts: NDArray[np.int64]
    lowest: float
    highest: float
    n_colors: int
    n_colors_is_exact: bool

    @property
    def n_pixels(self) -> int:
        """Number of valid pixels."""
        return int(self.valid_counts.sum())

    @property
    def magnitude(self) -> float:
        """Largest magnitude of any value, or 1 where all are 0."""
        return max(abs(self.lowest), abs(self.highest)) or 1.0

    def scaled_range(self, scale: float) -> float:
        """Return the range of the values.

        Parameters
        ----------
        scale : float
            What the values are multiplied by; with that of
            :func:`~napari_colorquant.core.scale.power_of_two_scale`, the range of
            values that span all of a dtype does not overflow.

        Returns
        -------
        float
            The highest less the lowest value.
        """
        return self.highest * scale - self.lowest * scale


def survey_steps(pixels: Pixels) -> Steps[Survey]:
    """Look at every tile of an image.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Yields
    ------
    Progress
        After each tile.

    Returns
    -------
    Survey
        For uint8, `lowest` and `highest` are those of the dtype, 0 and 255.

    Raises
    ------
    ValueError
        If no pixel is valid, or an integer is too large to be exact in float64.
    """
    counter = DistinctCounter(pixels.work_dtype, pixels.n_channels)
    is_uint8 = pixels.dtype == np.uint8
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8
    valid_counts, lows, highs = [], [], []
    tiles = pixels.tiles()
    for done, tile in enumerate(tiles, 1):
        values, valid = pixels.values(tile), pixels.valid(tile)
        if valid is not None:
            values = values[valid]
        valid_counts.append(len(values))
        if len(values):
            counter.add(values)
            if is_wide:  # before they are rounded to float64
                values = pixels.colors[tile].reshape(-1, pixels.n_channels)
                values = values if valid is None else values[valid]
            if not is_uint8:
                lows.append(values.min().item())
                highs.append(values.max().item())
        yield Progress("survey", done, len(tiles))
    if not any(valid_counts):
        raise ValueError(
            "no pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite."
        )
    lowest, highest = (0, 255) if is_uint8 else (min(lows), max(highs))
    if is_wide and max(-lowest, highest) > 2**53:
        raise ValueError(
            f"the image holds {pixels.dtype} values beyond 2**53, which are not exact "
            "in floating point: subtract an offset or divide them first."
        )
    return Survey(
        np.array(valid_counts, np.int64),
        float(lowest),
        float(highest),
        counter.count,
        counter.exact,
    )
