"""TIFF that is read part by part, with the levels of a series."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.images.info import RefusedError
from napari_colorquant.files.images.tiff_colors import Conversion, ConvertedArray
from napari_colorquant.files.images.tiff_info import LostPages, tiff_info
from napari_colorquant.files.ome_zarr.identity import file_identity
from napari_colorquant.files.slides.slide import Readable, plain_slide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from napari_colorquant.files.slides.slide import Slide


@dataclass(frozen=True, slots=True)
class TiffPlace:
    """Where a level of a TIFF is.

    level: 0 for the largest. changed: what its files are known by.
    """

    path: str
    level: int
    changed: str
    channel_axis: int | str | None
    series: int | None
    rgb: bool | None

    def open(self) -> Any:
        """Open the level as a ConvertedArray, for as long as it is used."""
        import tifffile

        tiff = tifffile.TiffFile(self.path)
        series, conversion, _ = tiff_info(
            tiff, self.channel_axis, self.series, self.rgb
        )
        return _levels(series, conversion)[self.level]


@contextmanager
def tiff_slide(
    source: str | PathLike[str],
    channel_axis: int | str | None,
    number: int | None = None,
    rgb: bool | None = None,
) -> Iterator[Slide]:
    """Yield the slide of a TIFF, which can be read as long as the context lasts."""
    import tifffile

    with ExitStack() as stack:
        try:
            with LostPages() as pages:
                tiff = stack.enter_context(tifffile.TiffFile(source))
                series, conversion, info = tiff_info(tiff, channel_axis, number, rgb)
                levels = _levels(series, conversion)
                if pages.are_lost:
                    raise EOFError("the chain of pages leads out of the file")
        except (OSError, RefusedError):
            raise
        except Exception as error:  # damage makes a decoder stumble anywhere
            raise ValueError("cannot be read as a TIFF: it is damaged.") from error
        # A series of OME-TIFF may be in several files.
        files = [one.filehandle.path for one in getattr(tiff, "_files", {}).values()]
        identity = [
            *file_identity(sorted({os.path.realpath(source), *files})),
            info.chosen,
        ]
        asked = (str(identity), channel_axis, number, rgb)
        path = os.path.realpath(source)
        readable = tuple(
            Readable(level, TiffPlace(path, n, *asked))
            for n, level in enumerate(levels)
        )
        yield plain_slide(readable, info, info.channel_axis, identity)


def _levels(series: Any, conversion: Conversion) -> list[Any]:
    import zarr

    node = zarr.open(series.aszarr(), mode="r")
    arrays: list[Any] = (
        [node]
        if isinstance(node, zarr.Array)
        else [node[str(number)] for number in range(len(series.levels))]
    )
    if not all(all(array.chunks) for array in arrays):
        raise EOFError("a tile has no pixels")
    return [ConvertedArray(array, conversion) for array in arrays]
