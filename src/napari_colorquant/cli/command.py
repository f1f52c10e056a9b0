"""What the command does with its arguments."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

# Only what --help needs is imported here and below: the engine takes a second to load.
from napari_colorquant.cli import interrupt
from napari_colorquant.cli.checks import (
    check_given,
    check_output,
    check_sizes,
    check_together,
    clean_of,
    given_in,
)
from napari_colorquant.cli.messages import SHELL, say
from napari_colorquant.cli.options import make_parser
from napari_colorquant.cli.presets import set_preset
from napari_colorquant.cli.run import asked_of, run
from napari_colorquant.cli.tables import check_summary
from napari_colorquant.core.compute.connection import connected
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.files.batch.outputs import is_ome_zarr
from napari_colorquant.files.batch.sources import expanded

if TYPE_CHECKING:
    from collections.abc import Sequence


def work(argv: Sequence[str] | None) -> int:
    """Do what the arguments ask for, as cli.main; return the exit status."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    given = given_in(parser, argv, arguments)
    try:
        arguments.images = expanded(arguments.images)
        is_zarr = is_ome_zarr(arguments.output)
        arguments.clean = clean_of(arguments)
        check_given(arguments, given, is_zarr)
        set_preset(arguments, given)
        check_output(arguments, is_zarr)
        check_together(arguments, is_zarr)
        check_sizes(arguments)
        check_summary(arguments)
        asked = asked_of(arguments)
    except (OSError, TypeError, ValueError) as error:
        parser.error(sentence_of(error, SHELL))
    with ExitStack() as stack:
        try:
            stack.enter_context(connected(arguments.scheduler))
        except (ConnectionError, ModuleNotFoundError, ValueError) as error:
            parser.error(f"argument --scheduler: {error}")
        try:
            return run(arguments, asked)
        except KeyboardInterrupt:  # where somebody else handles the key
            say(interrupt.line(), sys.stderr)
            return interrupt.STATUS
