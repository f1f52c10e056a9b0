"""The colour space of a palette on disk: a word that may be damaged."""

from __future__ import annotations

from reprlib import repr as shortened

from napari_colorquant.core.spaces import COLOR_SPACES

PLAIN_SPACE = "rgb"
"""What a file says by saying nothing, as those of other programs do."""


def known_space(text: str, line: int) -> str:
    """Return the colour space that a file names.

    Parameters
    ----------
    text : str
        What the file says.
    line : int
        Where it says it, from 1.

    Returns
    -------
    str
        One of ``COLOR_SPACES``.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if text not in COLOR_SPACES:
        raise ValueError(
            f"line {line}: the color space {shortened(text)} is unknown: it must be "
            f"one of {', '.join(COLOR_SPACES)}."
        )
    return text
