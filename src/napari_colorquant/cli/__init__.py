"""The command ``napari-colorquant``: the engine from a shell, file after file."""

# Nothing is imported here: before `main` has taken it over, Ctrl+C is Python's own.
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Quantize pictures from a shell.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments. By default those of the process, which Ctrl+C then ends with one
        line, from here to its end.

    Returns
    -------
    int
        0; 1 if a picture could not be quantized or its results not written, 130
        if interrupted.

    Raises
    ------
    SystemExit
        With 2 for wrong arguments, also a scheduler that does not answer; with 0 after
        ``--help`` and ``--version``.
    """
    from napari_colorquant.cli import interrupt

    taken_over = argv is None and interrupt.take_over()
    try:
        from napari_colorquant.cli.command import work

        return work(argv)
    finally:
        if taken_over:
            interrupt.let_end()
