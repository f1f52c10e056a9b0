"""An image of one or several levels that is read part by part, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
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

    axes: without channels; scales and translations along them, one row a level. None:
    the file does not say. identity: see files.identity; None where nobody can tell.
    """

    levels: tuple[Readable, ...]
    channel_axis: int | None
    axes: str
    scales: tuple[tuple[float, ...], ...] | None
    translations: tuple[tuple[float, ...], ...] | None
    units: tuple[str | None, ...] | None
    channels: tuple[ShownChannel, ...]
    identity: list[Any] | None
    info: PictureInfo | None = None

    def __post_init__(self) -> None:
        for level in self.levels:
            # All channels of a pixel are read at once: a chunk of one each costs more.
            level.chunks = tuple(
                size if axis == self.channel_axis else chunk
                for axis, (size, chunk) in enumerate(
                    zip(level.shape, level.chunks, strict=True)
                )
            )


def plain_slide(
    levels: tuple[Readable, ...],
    channel_axis: int | str | None,
    axes: str | None,
    identity: list[Any] | None,
) -> Slide:
    """Return a slide of which no more is known than its axes.

    axes: without channels, by default the last of "tzyx". Raise TypeError or ValueError
    if dtype, shape or channel axis do not fit.
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
    n = len(outline.shape)
    names = usual_axes(n) if axes is None else axes
    return Slide(levels, channel_axis, names, None, None, None, (), identity)
