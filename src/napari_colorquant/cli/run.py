"""What the command asks of the engine: to learn a palette, or to apply one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_colorquant.core.palette import Palette
from napari_colorquant.core.parameters import Parameters

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from napari_colorquant.core.blocks import Blocks
    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.pixels import Pixels
    from napari_colorquant.core.steps import Steps

Asked = Parameters | Palette
"""How to learn a palette, or the palette to apply."""

_OF_8_BITS = {".bmp", ".gif", ".jpe", ".jpeg", ".jpg", ".webp"}


def asked_of(arguments: argparse.Namespace) -> Asked:
    """Return what the arguments ask for.

    Parameters
    ----------
    arguments : argparse.Namespace
        From :func:`~napari_colorquant.cli.options.make_parser`.

    Returns
    -------
    Parameters or Palette
        With colours that are read from their files.

    Raises
    ------
    ValueError
        If they do not fit together or a file is damaged, in words of the engine.
    OSError
        If a file cannot be read.
    """
    if arguments.palette is not None:
        return Palette.load(arguments.palette).uncounted()
    from napari_colorquant.cli.options import parameters_of

    return parameters_of(arguments)


def name_of(arguments: argparse.Namespace) -> str:
    """Return the part of the results' names that says how they were made.

    Parameters
    ----------
    arguments : argparse.Namespace
        The command's.

    Returns
    -------
    str
        The name of the palette's file without its suffix, or the number of colours.
    """
    named: Path | None = arguments.palette
    return str(arguments.colors) if named is None else named.stem


def run_steps(pixels: Pixels, asked: Asked) -> Steps[Quantization]:
    """Quantize an image in memory.

    Parameters
    ----------
    pixels : Pixels
        The image.
    asked : Parameters or Palette
        What is asked for.

    Returns
    -------
    generator of Progress
        The run, which returns the result.
    """
    from napari_colorquant.core.pipeline import apply_steps, quantize_steps

    if isinstance(asked, Palette):
        return apply_steps(pixels, asked)
    return quantize_steps(pixels, asked)


def run_lazily_steps(blocks: Blocks, asked: Asked) -> Steps[Quantization]:
    """Quantize an image that is read part by part.

    Parameters
    ----------
    blocks : Blocks
        The image.
    asked : Parameters or Palette
        What is asked for.

    Returns
    -------
    generator of Progress
        The run, which returns the result.
    """
    from napari_colorquant.core.larger import apply_lazily_steps, quantize_lazily_steps

    if isinstance(asked, Palette):
        return apply_lazily_steps(blocks, asked)
    return quantize_lazily_steps(blocks, asked)


class Whites:
    """What white is in the pictures of one command: the same in all of 16 bits.

    Parameters
    ----------
    passed : float or None
        The value of white that was passed, for all pictures.
    asked : Parameters or Palette
        What is asked for.
    """

    def __init__(self, passed: float | None, asked: Asked) -> None:
        self._passed = passed
        self._palette = asked if isinstance(asked, Palette) else asked.fixed
        self._highest = -1.0

    def look(
        self, sources: Iterable[Path], read: Callable[[Path], Pixels | None]
    ) -> None:
        """Look for the largest value of all RGB pictures of 16 bits, before any is run.

        Parameters
        ----------
        sources : iterable of Path
            The pictures.
        read : callable
            Reads a picture; None where it cannot be.
        """
        from napari_colorquant.core.white import highest, is_guessed

        if self._passed is not None:
            return
        for source in filter(_may_be_of_16_bits, sources):
            pixels = read(source)
            if pixels is not None and is_guessed(pixels, self._palette):
                self._highest = max(self._highest, highest(pixels))

    def put(self, image: Any) -> tuple[Any, tuple[str, ...]]:
        """Say what white is in an image, as far as it is known.

        Parameters
        ----------
        image : Pixels or Blocks
            The image.

        Returns
        -------
        image : Pixels or Blocks
            The same image.
        notes : tuple of str
            What the user should know.
        """
        from napari_colorquant.core.white import guessed_white, is_guessed, with_white

        image = with_white(image, self._passed)
        if self._highest < 0 or not is_guessed(image, self._palette):
            return image, ()
        return guessed_white(image, self._highest, "images")


def _may_be_of_16_bits(source: Path) -> bool:
    """Tell by its first bytes whether a picture need not be looked at."""
    if source.suffix.lower() in _OF_8_BITS:
        return False
    try:
        with source.open("rb") as stream:
            head = stream.read(25)
    except OSError:
        return False
    is_png = head.startswith(b"\x89PNG\r\n\x1a\n")
    return head[24:] == b"\x10" if is_png else True
