"""An image of one or several levels that is read part by part, whatever its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.stored import Stored, reason_of
from napari_colorquant.core.wording import Sentence
from napari_colorquant.files.pictures import NO_CODECS
from napari_colorquant.files.pyramid import usual_axes

if TYPE_CHECKING:
    from napari_colorquant.core.appearance import ShownChannel
    from napari_colorquant.files.picture_info import PictureInfo


class Readable(Stored):
    """A stored array that says in one sentence what cannot be read of it.

    Parameters
    ----------
    array : zarr.Array
        The array, as it is open here.
    place : object
        Where it is; see :class:`~napari_colorquant.core.stored.Stored`.
    """

    def damaged(self, part: str, error: Exception) -> ValueError:
        """Return the error of a part that cannot be read.

        Parameters
        ----------
        part : str
            Which.
        error : Exception
            What stumbled over it.

        Returns
        -------
        ValueError
            One sentence, to be said of the file.
        """
        if "imagecodecs" in str(error):
            return ValueError(NO_CODECS)
        return ValueError(f"its pixels [{part}] cannot be read: {reason_of(error)}.")


@dataclass(frozen=True, slots=True, eq=False)
class Slide:
    """An image of one or several levels, of which nothing has been read.

    Parameters
    ----------
    levels : tuple of Readable
        The largest first.
    channel_axis : int or None
        As for :func:`~napari_colorquant.core.pixels.see_pixels`.
    axes : str
        Names of the other axes, of ``"tzyx"``.
    scales, translations : tuple of tuple of float, or None
        Along these, one a level; None where the file does not say.
    units : tuple of str or None, or None
        Likewise, one an axis.
    channels : tuple of ShownChannel
        How the channels are shown; empty where the file does not say.
    identity : list or None
        What its pixels are known by, plain data; None where nobody can tell. See
        :mod:`napari_colorquant.files.identity`.
    info : PictureInfo, optional
        What else the file says.
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


def plain_slide(
    levels: tuple[Readable, ...],
    channel_axis: int | str | None,
    axes: str | None,
    identity: list[Any] | None,
) -> Slide:
    """Make a slide of which no more is known than its axes.

    Parameters
    ----------
    levels : tuple of Readable
        The largest first.
    channel_axis : int or None
        As for :func:`~napari_colorquant.core.pixels.see_pixels`.
    axes : str, optional
        Names of the other axes, by default the last of ``"tzyx"``.
    identity : list or None
        See :class:`Slide`.

    Returns
    -------
    Slide
        Without places, units and channels.

    Raises
    ------
    TypeError
        If the dtype cannot be quantized, or the channel axis is no number.
    ValueError
        If the shape does not fit the channel axis.
    """
    from napari_colorquant.core.blocks import see_blocks

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
