"""What the command asks of the engine: to learn a palette, or to apply one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.blocks import Blocks
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.quantization.result import Quantization

Asked = Parameters | Palette
"""How to learn a palette, or the palette to apply."""

_OF_8_BITS = {".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".webp"}


def asked_of(arguments: argparse.Namespace) -> Asked:
    """Return the parameters, or the palette without counts, that are asked for.

    A ValueError is in words of the engine.
    """
    if arguments.palette is not None:
        return Palette.load(arguments.palette).uncounted()
    from napari_colorquant.cli.options import parameters_of

    return parameters_of(arguments)


def name_of(arguments: argparse.Namespace) -> str:
    """Return the palette file's stem, or the number of colours, for results' names."""
    named: Path | None = arguments.palette
    return str(arguments.n_colors) if named is None else named.stem


def quantize_picture(pixels: Pixels, asked: Asked, monitor: Monitor) -> Quantization:
    """Quantize an image in memory."""
    from napari_colorquant.core.quantization.run import apply_to_pixels, quantize_pixels

    if isinstance(asked, Palette):
        return apply_to_pixels(pixels, asked, monitor)
    return quantize_pixels(pixels, asked, monitor)


def quantize_slide(blocks: Blocks, asked: Asked, monitor: Monitor) -> Quantization:
    """Quantize an image that is read part by part."""
    from napari_colorquant.core.quantization.larger import (
        apply_to_blocks,
        quantize_blocks,
    )

    if isinstance(asked, Palette):
        return apply_to_blocks(blocks, asked, monitor)
    return quantize_blocks(blocks, asked, monitor)


class Whites:
    """What white is in the pictures of one command: the same in all of 16 bits."""

    def __init__(self, passed: float | None, asked: Asked) -> None:
        self._passed = passed
        self._palette = asked if isinstance(asked, Palette) else asked.fixed
        self._highest = -1.0

    def look(
        self, sources: Iterable[Path], read: Callable[[Path], Pixels | None]
    ) -> None:
        """Find the largest value of all RGB pictures of 16 bits, before any is run.

        read returns None for a picture that cannot be read.
        """
        from napari_colorquant.core.palette.white import highest, is_guessed

        if self._passed is not None:
            return
        for source in filter(_may_be_of_16_bits, sources):
            pixels = read(source)
            if pixels is not None and is_guessed(pixels, self._palette):
                self._highest = max(self._highest, highest(pixels))

    def put(self, image: Any) -> tuple[Any, tuple[str, ...]]:
        """Return an image with its white, as far as it is known, and notes."""
        from napari_colorquant.core.palette.white import (
            guessed_white,
            is_guessed,
            with_white,
        )

        image = with_white(image, self._passed)
        if self._highest < 0 or not is_guessed(image, self._palette):
            return image, ()
        return guessed_white(image, self._highest, "images")


def _may_be_of_16_bits(source: Path) -> bool:
    """Return whether a picture may have 16 bits, by its suffix and first bytes."""
    if source.suffix.lower() in _OF_8_BITS:
        return False
    try:
        with source.open("rb") as stream:
            head = stream.read(25)
    except OSError:
        return False
    is_png = head.startswith(b"\x89PNG\r\n\x1a\n")
    return head[24:] == b"\x10" if is_png else True
