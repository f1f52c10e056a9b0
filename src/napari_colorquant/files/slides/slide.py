"""An image of one or several levels that is read part by part, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.array_ref import Stored, reason_of
from napari_colorquant.files.images.calibration import usual_axes
from napari_colorquant.files.images.read import NO_CODECS

if TYPE_CHECKING:
    from napari_colorquant.core.palette.appearance import ShownChannel
    from napari_colorquant.files.images.info import PictureInfo


class Readable(Stored):
    """A stored array that says in one sentence what cannot be read of it."""

    def damaged(self, part: str, error: Exception) -> ValueError:
        """Return the error of a part that cannot be read."""
        if "imagecodecs" in str(error):
            return ValueError(NO_CODECS)
        return ValueError(f"its pixels [{part}] cannot be read: {reason_of(error)}.")


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An image of one or several levels, the largest first; nothing has been read.

    info: with its axes; scales and translations are along them, one row a level. None:
    the file does not say. identity: see ome_zarr.identity; None where nobody can tell.
    """

    levels: tuple[Readable, ...]
    info: PictureInfo
    scales: tuple[tuple[float, ...], ...] | None = None
    translations: tuple[tuple[float, ...], ...] | None = None
    channels: tuple[ShownChannel, ...] = ()
    identity: list[Any] | None = None

    def __post_init__(self) -> None:
        axis = self.info.channel_axis
        if axis is None:
            return
        for level in self.levels:
            # All channels of a pixel are read at once: a chunk of one each costs more.
            chunks = list(level.chunks)
            chunks[axis] = level.shape[axis]
            level.chunks = tuple(chunks)


def plain_slide(
    levels: tuple[Readable, ...],
    info: PictureInfo,
    channel_axis: int | str | None,
    identity: list[Any] | None,
) -> Slide:
    """Return a slide of which no more is known than info.

    Its axes are by default the last of "tzyx". Raise TypeError or ValueError if dtype,
    shape or channel axis do not fit.
    """
    from napari_colorquant.core.image.blocks import see_blocks

    if isinstance(channel_axis, str):
        raise TypeError(
            Sentence(
                "{channel_axis} is {axis!r}: pass a number or {channel_axis:None}.",
                axis=channel_axis,
            )
        )
    outline = see_blocks(levels[0], channel_axis).outline  # or an error
    axes = usual_axes(len(outline.shape)) if info.axes is None else info.axes
    known = replace(info, channel_axis=channel_axis, axes=axes)
    scales = None if info.scale is None else (info.scale,)
    return Slide(levels, known, scales, identity=identity)
