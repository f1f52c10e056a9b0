"""The command ``napari-colorquant``: the engine from a shell, file after file."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

# Only what --help needs is imported here and below: the engine takes a second to load.
from napari_colorquant.cli.jobs import quantize_all, say
from napari_colorquant.cli.larger import SUFFIX, save_all
from napari_colorquant.cli.options import (
    SHELL,
    check_output,
    make_parser,
    parameters_of,
)
from napari_colorquant.core.cluster import connected
from napari_colorquant.core.wording import sentence_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Quantize pictures from a shell.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments, by default those of the process.

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
    parser = make_parser()
    arguments = parser.parse_args(argv)
    is_one = arguments.output.suffix.lower() == SUFFIX
    try:
        check_output(arguments, is_one)
        parameters = parameters_of(arguments)
    except (OSError, TypeError, ValueError) as error:
        parser.error(sentence_of(error, SHELL))
    with ExitStack() as stack:
        try:
            stack.enter_context(connected(arguments.scheduler))
        except (ConnectionError, ModuleNotFoundError, ValueError) as error:
            parser.error(f"argument --scheduler: {error}")
        try:
            work = save_all if is_one else quantize_all
            return work(arguments, parameters)
        except KeyboardInterrupt:
            say("napari-colorquant: interrupted.", sys.stderr)
            return 130
