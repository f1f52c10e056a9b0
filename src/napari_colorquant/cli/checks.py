"""What is refused of the arguments of a command, before any image is read."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from napari_colorquant.cli.messages import SHELL
from napari_colorquant.cli.options import OF_LEARNING
from napari_colorquant.core.learn.parameters import check_distance
from napari_colorquant.core.palette.edits import Clean

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path


def given_in(
    parser: argparse.ArgumentParser,
    argv: Sequence[str] | None,
    arguments: argparse.Namespace,
) -> frozenset[str]:
    """Return the names of those arguments that the user gave, whatever their values."""
    not_given, names = object(), vars(arguments)
    untouched = argparse.Namespace(**dict.fromkeys(names, not_given))
    found = vars(parser.parse_args(argv, untouched))
    return frozenset(name for name in names if found[name] is not not_given)


def check_given(
    arguments: argparse.Namespace, given: Container[str], is_zarr: bool
) -> None:
    """Raise ValueError if an option is given that would do nothing."""
    _check_palette(arguments, given)
    if "ome_zarr_version" in given and not is_zarr:
        raise ValueError(
            "--ome-zarr-version is for an --output that ends in .zarr: leave it out, "
            "or name such an output."
        )
    if arguments.rgb is not None and arguments.channel_axis in (None, -1):
        channel_axis = SHELL.setting("channel_axis", repr(arguments.channel_axis))
        raise ValueError(
            f"{SHELL.setting('rgb', repr(arguments.rgb))} and {channel_axis} both say "
            "what the channels are: leave one of them out."
        )
    if "ndim" in given and arguments.clean.is_off:
        raise ValueError(
            "--ndim says what --majority and --min-region clean: add one of them, or "
            "leave it out."
        )


def _check_palette(arguments: argparse.Namespace, given: Container[str]) -> None:
    """Raise ValueError if options of learning are given beside --palette."""
    if arguments.palette is None:
        return
    if arguments.shared:
        raise ValueError(
            "--shared learns one palette for all images, and --palette gives one: "
            "leave one of them out."
        )
    for name in OF_LEARNING:
        if name in given:
            raise ValueError(
                f"{SHELL.name(name)} is for learning a palette, and --palette applies "
                "one as it is: leave one of them out."
            )


def check_together(arguments: argparse.Namespace, is_zarr: bool) -> None:
    """Raise ValueError if options of several images do not go together."""
    if arguments.jobs > 1 and arguments.scheduler:
        raise ValueError(
            "--jobs works on images on this machine, and --scheduler on a cluster: "
            "leave one of them out."
        )
    if not (arguments.skip_existing and arguments.summary):
        return
    if is_zarr:
        raise ValueError(
            "an --output that ends in .zarr is not measured again: leave out "
            "--skip-existing or --summary."
        )
    if arguments.slice_axis is not None and not (arguments.palette or arguments.shared):
        raise ValueError(
            "--skip-existing measures from the files for the --summary, which do not "
            "hold the palettes of slices: leave one of them out."
        )


def check_output(arguments: argparse.Namespace, is_zarr: bool) -> None:
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
    if arguments.annotations:
        raise ValueError(
            f"--annotations outlines pictures in memory: leave it out with {output}."
        )
    if arguments.shared:
        raise ValueError(
            f"--shared is for several images, and {output} holds the result of one: "
            "leave one of them out."
        )


def check_sizes(arguments: argparse.Namespace) -> None:
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


def check_stains_from(arguments: argparse.Namespace) -> None:
    """Raise ValueError if stains are learned from regions for nothing."""
    folder: Path | None = arguments.stains_from
    if folder is None:
        return
    if arguments.stains is not None:
        refuse_stains_from("--stains gives them")
    if arguments.shared:
        refuse_stains_from("--shared needs the same for all pictures, from --stains")
    if arguments.palette is None and arguments.color_space != "stains":
        refuse_stains_from(f"--color-space is {arguments.color_space}, and not stains")
    if not folder.is_dir():
        raise ValueError(f"--stains-from: {folder} is no folder.")


def refuse_stains_from(why: str) -> NoReturn:
    """Raise ValueError; why: what is given beside it."""
    raise ValueError(
        f"--stains-from learns the stains of each picture, and {why}: leave one of "
        "them out."
    )


def clean_of(arguments: argparse.Namespace) -> Clean:
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
