"""Measure pictures that may be larger than memory, on what is read of both."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.blocks import Blocks, from_blocks, in_one, see_blocks
from napari_colorquant.core.comparison import check_alike
from napari_colorquant.core.excerpt import JUDGED_PIXELS, excerpt_steps, most_pixels
from napari_colorquant.core.pixels import Pixels, see_pixels
from napari_colorquant.core.quality import Quality, judge_steps
from napari_colorquant.core.steps import Steps, half_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


def judge_lazily_steps(
    before: Blocks,
    after: Blocks,
    *,
    ssim: bool | None = None,
    delta_e: bool | None = None,
) -> Steps[Quality]:
    """Compare a redrawn picture with the original on an excerpt of both.

    What is valid in the original is compared. Pictures that are read whole have the
    same measures as in memory. Raise ValueError as measure_quality.
    """
    check_alike(before.outline, after.outline)
    pair = _paired(before, after)
    if pair.n_pixels > most_pixels(pair):
        if ssim:
            raise ValueError(
                "SSIM compares windows of whole planes, and of an image larger than "
                "memory only some pixels are read: leave ssim out, or pass a part of "
                "the image."
            )
        ssim = False
    excerpt = yield from half_of(excerpt_steps(pair, 0, most=JUDGED_PIXELS), 0)
    one, other = _parted(excerpt.pixels, before.outline)
    judging = judge_steps(one, other, ssim=ssim, delta_e=delta_e)
    quality = yield from half_of(judging, 1)
    return replace(quality, n_blocks_read=excerpt.n_blocks_read, n_blocks=pair.n_blocks)


def _paired(before: Blocks, after: Blocks) -> Blocks:
    """Return one image with the channels of both pictures, to read them together.

    Valid is what is valid in the original. All is done by blocks, because dask lists
    every task of a sliced or concatenated array each time it is read.
    """
    import dask.array as da

    every, mask = tuple(range(before.image.ndim)), before.mask
    if before.outline.alpha is not None:
        see = partial(_opaque_block, before.channel_axis)
        opaque = from_blocks(see, before, dtype=bool)
        mask = opaque if mask is None else mask & opaque
    channels, axis = before.image.ndim, len(before.shape)  # a new axis, the last one
    pair = da.blockwise(
        partial(_pair_block, before.channel_axis),
        (*before.axes, channels),
        *(before.image, every, after.image.rechunk(before.image.chunks), every),
        new_axes={channels: 2 * before.outline.n_channels},
        dtype=before.dtype,
        meta=np.empty((0,) * (axis + 1), before.dtype),
    )
    return see_blocks(pair, axis, mask)


def _opaque_block(channel_axis: int | None, image: Any) -> NDArray[np.bool_]:
    alpha = see_pixels(in_one(image), channel_axis).alpha
    assert alpha is not None
    return alpha > 0


def _pair_block(channel_axis: int | None, before: Any, after: Any) -> NDArray[Any]:
    colors = [see_pixels(in_one(one), channel_axis).colors for one in (before, after)]
    return np.concatenate(colors, axis=-1)


def _parted(pair: Pixels, outline: Pixels) -> tuple[Pixels, Pixels]:
    def part(colors: NDArray[Any]) -> Pixels:
        pixels = see_pixels(colors, colors.ndim - 1, pair.mask)
        return replace(pixels, is_light=outline.is_light, white=outline.white)

    n = outline.n_channels
    return part(pair.colors[..., :n]), part(pair.colors[..., n:])
