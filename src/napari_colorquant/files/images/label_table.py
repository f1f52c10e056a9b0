"""Labels as a table of plain numbers, ``.csv``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.formats.file_io import replacing

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray


def write_label_table(path: str | PathLike[str], labels: NDArray[Any]) -> None:
    """Write labels of shape (height, width) as CSV, one line a row of the picture.

    Raise ValueError for another number of axes. Spreadsheets read the file, and
    numpy.loadtxt(path, int, delimiter=",").
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
