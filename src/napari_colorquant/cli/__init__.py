"""The command ``napari-colorquant``: the engine from a shell, file after file."""

# Nothing is imported here: before `main` has taken it over, Ctrl+C is Python's own.
from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Quantize pictures from a shell; return the exit status.

    1: a picture could not be quantized or written; 130: interrupted. SystemExit(2):
    wrong arguments, no scheduler. Without argv, Ctrl+C ends the process with a line.
    """
    from napari_colorquant.cli import interrupt

    taken_over = argv is None and interrupt.take_over()
    try:
        from napari_colorquant.cli.command import work

        return work(argv)
    finally:
        if taken_over:
            interrupt.let_end()
