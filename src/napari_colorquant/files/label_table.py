"""Labels as a table of plain numbers, ``.csv``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.files.replace import replacing

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray


def write_label_table(path: str | PathLike[str], labels: NDArray[Any]) -> None:
    """Write the label of every pixel, one line a row of the picture.

    Whole numbers between commas: what ``numpy.loadtxt(path, int, delimiter=",")`` and
    any spreadsheet read.

    Parameters
    ----------
    path : str or path-like
        File to write; one of that name is replaced.
    labels : ndarray of unsigned int, shape (height, width)
        Palette index + 1; 0 where not quantized.

    Raises
    ------
    ValueError
        If the labels have another number of axes.
    OSError
        If the file cannot be written.
    """
    if labels.ndim != 2:
        raise ValueError(
            f"{Path(path)}: a table has two axes, and the labels have the shape "
            f"{labels.shape}: save them as .tif."
        )
    # Several times as fast as numpy.savetxt, which formats each number anew.
    texts = [str(label) for label in range(int(labels.max()) + 1)]
    with replacing(path) as stream:
        for row in labels:
            line = ",".join([texts[label] for label in row.tolist()])
            stream.write(f"{line}\n".encode("ascii"))
