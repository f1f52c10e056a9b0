"""What the command does with its arguments."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

# Only what --help needs is imported here and below: the engine takes a second to load.
from napari_colorquant.cli import interrupt
from napari_colorquant.cli.messages import SHELL, say
from napari_colorquant.cli.options import (
    check_palette,
    check_together,
    make_parser,
)
from napari_colorquant.cli.run import asked_of, run
from napari_colorquant.cli.tables import check_summary
from napari_colorquant.core.compute.connection import connected
from napari_colorquant.core.compute.wording import sentence_of
from napari_colorquant.core.learn.parameters import check_distance
from napari_colorquant.core.palette.edits import Clean
from napari_colorquant.files.batch.outputs import is_ome_zarr
from napari_colorquant.files.batch.sources import expanded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def work(argv: Sequence[str] | None) -> int:
    """Do what the arguments ask for, as cli.main; return the exit status."""
    parser = make_parser()
    arguments = parser.parse_args(argv)
    try:
        arguments.images = expanded(arguments.images)
        check_palette(parser, argv)
        is_zarr = is_ome_zarr(arguments.output)
        _check_output(arguments, is_zarr)
        check_together(arguments, is_zarr)
        _check_sizes(arguments)
        arguments.clean = _clean_of(arguments)
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


def _check_output(arguments: argparse.Namespace, is_zarr: bool) -> None:
    """Raise ValueError if one result is to hold several pictures, or be measured."""
    if not is_zarr:
        return
    output = "an --output that ends in .zarr"
    if len(arguments.images) > 1:
        raise ValueError(
            f"{arguments.output} holds the result of one image, and there are "
            f"{len(arguments.images)}: run the command for each."
        )
    if arguments.quality:
        raise ValueError(
            "--quality measures pictures that are in memory: leave it out with "
            f"{output}."
        )
    if arguments.dither:
        raise ValueError(
            f"--dither is for pictures in files: leave it out with {output}."
        )
    if arguments.shared:
        raise ValueError(
            f"--shared is for several images, and {output} holds the result of one: "
            "leave one of them out."
        )


def _check_sizes(arguments: argparse.Namespace) -> None:
    """Raise ValueError if pixel sizes, units, white or limit fit no image at all."""
    from napari_colorquant.core.compute.arguments import number
    from napari_colorquant.core.compute.wording import Argument
    from napari_colorquant.files.images.calibration import read_scale, read_units

    check_distance(arguments.max_distance)
    for read, values in ((read_scale, arguments.scale), (read_units, arguments.units)):
        # How many axes there are is known only of an image.
        read(values, len(values) if isinstance(values, tuple) else 1)
    if arguments.data_range is not None:
        number(arguments.data_range, Argument("data_range"), above=0)


def _clean_of(arguments: argparse.Namespace) -> Clean:
    """Return how labels are cleaned of noise; a ValueError is in words of the engine.

    Also where they are not cleaned, as slices have palettes of their own.
    """
    clean = Clean(arguments.majority, arguments.min_region, arguments.ndim)
    is_shared = arguments.palette or arguments.shared
    if clean.is_off or is_shared or arguments.slice_axis is None:
        return clean
    option = "--majority" if clean.majority else "--min-region"
    raise ValueError(
        f"{option} cleans results of one palette, and --slice-axis learns one for each "
        "slice: add --shared or --palette, or leave one of them out."
    )
