"""An image of a batch: opened, with pixel sizes and white."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.files.images.info import ChannelAxis, PictureInfo
    from napari_colorquant.files.slides.slide import Slide

_MOST_SERIES = 5  # that are named
_OF_8_BITS = {".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".webp"}


@dataclass(frozen=True, slots=True)
class Said:
    """What the user says of all images of a batch, by default what their files say."""

    channel_axis: ChannelAxis = "auto"
    rgb: bool | None = None
    series: int | None = None
    scale: Any = None
    units: Any = None
    data_range: float | None = None


NOTHING_SAID = Said()


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """An image in memory, or one that is read part by part, with its slide.

    info has the sizes, and seen the white, that the user says, else the file.
    """

    seen: Image
    info: PictureInfo
    slide: Slide | None = None

    def levels(self) -> list[Image]:
        """Return the image in all sizes that there are, the largest first."""
        from napari_colorquant.core.image.blocks import see_blocks

        smaller = self.slide.levels[1:] if self.slide else ()
        axis = self.info.channel_axis
        return [self.seen, *(see_blocks(level, axis) for level in smaller)]


@contextmanager
def opened(
    source: Path | str, said: Said = NOTHING_SAID, *, in_parts: bool = False
) -> Iterator[Opened]:
    """Yield an image, readable as long as the context lasts.

    in_parts: whether to read it part by part, where its format allows that.
    """
    from napari_colorquant.core.image.image import see_image
    from napari_colorquant.files.images.info import with_sizes
    from napari_colorquant.files.images.read import open_picture
    from napari_colorquant.files.slides.open import is_slide, open_slide

    how = (said.channel_axis, said.series, said.rgb)
    if in_parts and is_slide(source):
        with open_slide(source, *how) as slide:
            slide = _slide_with_sizes(slide, said.scale, said.units)
            level, axis = slide.levels[0], slide.info.channel_axis
            blocks = see_image(level, axis, lazily=True)
            seen = _with_white(blocks, slide.info, said.data_range)
            yield Opened(seen, slide.info, slide)
    else:
        array, info = open_picture(source, *how)
        n_axes = array.ndim - (info.channel_axis is not None)
        info = with_sizes(info, n_axes, said.scale, said.units)
        pixels = see_image(array, info.channel_axis)
        seen = _with_white(pixels, info, said.data_range)
        yield Opened(seen, info)


def _slide_with_sizes(slide: Slide, scale: Any, units: Any) -> Slide:
    """Put in what the user says of the size of a pixel."""
    from napari_colorquant.files.images.info import with_sizes

    info, scales = slide.info, slide.scales
    n_axes = slide.levels[0].ndim - (info.channel_axis is not None)
    first = scales[0] if scales else (1.0,) * n_axes
    # A size without a unit is none, unless the user says the unit.
    has_units = info.units is not None or units is not None
    known = replace(info, scale=first if scales and has_units else None)
    said = with_sizes(known, n_axes, scale, units)
    if scale is not None and said.scale is not None:
        # Of smaller levels, as many times as they are larger in the file.
        scales = tuple(
            tuple(
                new * one / old
                for new, one, old in zip(said.scale, each, first, strict=True)
            )
            for each in scales or (first,)
        )
    return replace(slide, scales=scales, info=said)


def _with_white(seen: Image, info: PictureInfo, data_range: float | None) -> Image:
    """Return an image with the white that the user says, else its file, if any.

    The file's is taken only for RGB: other channels have no white in it.
    """
    from napari_colorquant.core.palette.white import with_white

    if data_range is None and seen.outline.is_light:
        data_range = info.data_range
    return with_white(seen, data_range)


def highest_of_all(
    sources: Iterable[Path | str],
    said: Said,
    palette: Palette | None,
) -> float:
    """Return the largest value of all RGB pictures of 16 bits whose white is guessed.

    It is minus infinity where there is none, and any value of 16 bits where one has
    such. No other picture is read. What is wrong with one is said when it is run.
    """
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.palette.white import highest, is_guessed, is_of_16_bits

    found = -inf
    if said.data_range is not None:
        return found
    for source in sources:
        if is_of_16_bits(found):
            break
        if not _may_be_guessed(source, said):
            continue
        try:
            with opened(source, said) as image:
                seen = image.seen
        except (OSError, TypeError, ValueError, MemoryError):
            continue
        if isinstance(seen, Pixels) and is_guessed(seen, palette):
            found = max(found, highest(seen))
    return found


def _may_be_guessed(source: Path | str, said: Said) -> bool:
    """Return whether white of a picture may be guessed, of which no pixel is read."""
    from napari_colorquant.files.images.read import TIFF_MAGIC, tiff_has_colors_of_16

    if isinstance(source, str) or source.suffix.lower() in _OF_8_BITS:
        return False
    try:
        with source.open("rb") as stream:
            head = stream.read(25)
    except OSError:
        return False
    if head[:4] in TIFF_MAGIC:
        return tiff_has_colors_of_16(source, said.channel_axis, said.series, said.rgb)
    is_png = head.startswith(b"\x89PNG\r\n\x1a\n")
    return head[24:] == b"\x10" if is_png else True


def with_shared_white(
    seen: Image, palette: Palette | None, high: float
) -> tuple[Image, tuple[str, ...]]:
    """Return an image with the white of all pictures of a batch, and notes.

    high: as of highest_of_all. Where white is known, or high is not, nothing is done.
    """
    from napari_colorquant.core.palette.white import guessed_white, is_guessed

    if high < 0 or not is_guessed(seen, palette):
        return seen, ()
    return guessed_white(seen, high, "images")


def notes_of(
    info: PictureInfo, series: int | None = None, advice: str = ""
) -> tuple[str, ...]:
    """Return sentences that the user has to know of how a file was read.

    series: the one that the user chose, if any. advice: how to choose one.
    """
    if series is not None or len(info.series) < 2:
        return info.notes
    first = [
        f"{number}: {name}" if name else str(number)
        for number, name in enumerate(info.series[:_MOST_SERIES])
    ]
    rest = ", ..." if len(info.series) > _MOST_SERIES else ""
    note = (
        f"It holds {len(info.series)} series ({'; '.join(first)}{rest}), and series "
        f"{info.chosen} was taken{advice}."
    )
    return (note, *info.notes)
