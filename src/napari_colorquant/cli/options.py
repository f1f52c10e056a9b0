"""What can be asked for in a shell: the options, and how the engine is told of them."""

from __future__ import annotations

import argparse
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from napari_colorquant.cli.messages import SHELL, escaped
from napari_colorquant.cli.values import (
    background,
    channel_axis,
    colors,
    image,
    number,
    numbers,
    path,
    samples,
    scale,
    stain_scale,
    stains,
    units,
    whole_from,
    whole_number,
)
from napari_colorquant.cli.warm_up import WarmUp
from napari_colorquant.core.color.stains import stand_in
from napari_colorquant.core.learn.descriptions import DESCRIPTIONS
from napari_colorquant.core.learn.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.learn.presets import PRESETS

if TYPE_CHECKING:
    from napari_colorquant.files.batch.inputs import Said

_ASKED = [field.name for field in fields(Parameters)]
_OF_APPLYING = {"max_distance", "stains", "stain_scale"}
OF_LEARNING = ["preset", *(name for name in _ASKED if name not in _OF_APPLYING)]


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints show what is in a name."""

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command's arguments; its defaults are the engine's."""
    parser = _Parser(
        prog="napari-colorquant",
        allow_abbrev=False,
        description="Redraw pictures with few colors. Each gives the redrawn picture, "
        "its palette (.csv, and .gpl for 8-bit RGB) and the palette index of every "
        "pixel, such as china-64-colors.png, .csv and .gpl, and china-64-indices.png.",
        epilog="A pixel of the indices that was not quantized (transparent, NaN, too "
        "far) has the number of colors as its value, one past the last palette entry.",
    )
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=image,
        help="picture or stack that tifffile or imageio can read; a folder, for all "
        "pictures in it; or a pattern such as 'slides/*.tif'; with an --output that "
        "ends in .zarr also an OME-Zarr, an array of zarr, or the address of one",
    )
    _add(
        parser,
        "n_colors",
        f", or {AUTO}: the fewest that reach a target",
        metavar="K",
        type=colors,
    )
    kinds = ", ".join(f"{name} ({one.title})" for name, one in PRESETS.items())
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        help=f"what suits a kind of image: {kinds}; it sets the number of colors, "
        "--color-space, --balance and --max-distance where they are not given, and a "
        "line says so",
    )
    for target, metavar in (("target_psnr", "DB"), ("target_delta_e", "X")):
        told = f"for --colors {AUTO}: {DESCRIPTIONS[target].help_in(SHELL)}"
        _add(parser, target, help=told, metavar=metavar, type=number)
    _add(parser, "method")
    _add(
        parser,
        "refine",
        action="store_false",
        help="learn from the --samples alone, and do not polish the palette over "
        "every pixel",
    )
    _add(parser, "n_samples", metavar="N", type=samples)
    _add(parser, "color_space", DESCRIPTIONS["color_space"].details.rstrip("."))
    told = f"{DESCRIPTIONS['weights'].help_in(SHELL)} (default: all alike)"
    _add(parser, "weights", help=told, metavar="W,W,W", type=numbers)
    parser.add_argument(
        "--stains",
        metavar="FILE|R,G,B;R,G,B",
        type=stains,
        help="for --color-space stains, or a --palette of stains: optical densities of "
        "each stain, or a palette that has them (default: those of two, estimated from "
        "each picture)",
    )
    parser.add_argument(
        "--stains-from",
        metavar="FOLDER",
        type=Path,
        help="in place of --stains: a folder with regions of each picture, as "
        "--regions has them, of which the first shows the first stain alone, the "
        "second the next, and a third one the third",
    )
    parser.add_argument(
        "--stain-scale",
        metavar="FILE|D,D",
        type=stain_scale,
        help="for --color-space stains, or a --palette of stains: the optical density "
        "of each stain that is full staining, the same in all pictures, or a palette "
        "that has them (default: its 99th percentile in the tissue of each)",
    )
    parser.add_argument(
        "--background",
        metavar="otsu|V,V",
        type=background,
        help="what is at or below this value counts as this value, so that the "
        "background of fluorescence is one color: a number, one for each channel, or "
        "otsu, for Otsu's threshold of each channel of each picture (default: every "
        "value counts)",
    )
    _add(parser, "balance", metavar="B", type=number)
    told = DESCRIPTIONS["max_distance"].help_in(SHELL)
    _add(
        parser,
        "max_distance",
        help=f"{told}; in the picture's own units, or those of the space in which "
        "colors are compared (default: none is left out)",
        metavar="D",
        type=number,
    )
    for option, metavar, told in (
        ("--majority", "R", "give a pixel the color that most within R pixels have"),
        ("--min-region", "N", "give regions of fewer than N pixels to neighbors"),
    ):
        told, kind = f"{told} (default: leave them)", whole_number
        parser.add_argument(option, metavar=metavar, type=kind, default=0, help=told)
    parser.add_argument(
        "--ndim",
        metavar="{2,3}",
        type=whole_number,
        default=2,
        help="what these two options clean: 2 for each plane of a stack by itself, 3 "
        "for volumes (default: %(default)s)",
    )
    parser.add_argument(
        "--fixed",
        metavar="FILE",
        type=path,
        help="palette (.csv, .json, .gpl, .pal, .ase or .aco) whose colors must be in "
        "every palette unchanged; where the file says their units, they are converted "
        "to the picture's own",
    )
    parser.add_argument(
        "--palette",
        metavar="FILE",
        type=path,
        help="palette (.csv, .json, .gpl, .pal, .ase or .aco) to apply as it is: "
        "nothing is learned, its entries keep their order, and its name is part of the "
        "results' names, such as china-legend-colors.png",
    )
    parser.add_argument(
        "--shared",
        action="store_true",
        help="learn one palette for all images, of which each pixel counts the same; "
        "they have the same channels and dtype",
    )
    parser.add_argument(
        "--data-range",
        metavar="WHITE",
        type=number,
        help="value of white in RGB pictures, such as 4095 (default: the palette's, "
        "else that of the bits that the pictures use, one for all of 16 bits; 1 for "
        "floats)",
    )
    _add(parser, "random_state", metavar="SEED", type=whole_number)
    parser.add_argument(
        "--channel-axis",
        metavar="AXIS",
        type=channel_axis,
        default="auto",
        help="axis that holds the channels, from 0; none for a single-channel picture; "
        "-1 for RGB or RGBA last (default: what the file says)",
    )
    parser.add_argument(
        "--rgb",
        action=argparse.BooleanOptionalAction,
        help="whether the channels are red, green and blue, with a fourth opacity, in "
        "whatever axis they are (default: what the file says)",
    )
    parser.add_argument(
        "--series",
        metavar="N",
        type=whole_from(0),
        help="which picture of a file that holds several, from 0 (default: the first, "
        "and a line that says so)",
    )
    parser.add_argument(
        "--scale",
        metavar="SIZE",
        type=scale,
        help="size of a pixel, where the file does not say it: one number for all axes "
        "of space, or one for each axis, such as 2,0.5,0.5",
    )
    parser.add_argument(
        "--units",
        metavar="UNIT",
        type=units,
        help="unit of that size, such as um: one, or one for each axis",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=path,
        default=Path(),
        help="folder for the results, made if missing (default: the current one); or, "
        "ending in .zarr, an OME-Zarr to make of one image, which may be larger than "
        "memory: the same command goes on with it where it was interrupted",
    )
    parser.add_argument(
        "--ome-zarr-version",
        choices=["0.4", "0.5"],
        default="0.5",
        help="version of an OME-Zarr (default: %(default)s)",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite results that are there already"
    )
    parser.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave images alone whose results are all there, as after an "
        "interruption; with --summary they are measured, too",
    )
    parser.add_argument(
        "--quality",
        action="store_true",
        help="measure SSIM, and for RGB the mean CIEDE2000 difference, too",
    )
    parser.add_argument(
        "--dither",
        choices=["floyd-steinberg"],
        help="mix the colors of the redrawn picture alone from pixel to pixel, for "
        "the web; indices, tables and errors are those without",
    )
    parser.add_argument(
        "--annotations",
        action="store_true",
        help="write the outlines of the palette's classes, or of its colors, too, as "
        "annotations that QuPath opens, such as china-64-classes.geojson",
    )
    parser.add_argument(
        "--summary",
        metavar="FILE.csv",
        type=path,
        help="table of all images to write: pixels, area and percent of every entry; "
        "an image that failed has one row, whose name is 'not measured'",
    )
    parser.add_argument(
        "--by",
        choices=["entry", "class"],
        help="what a row of that table is of (default: entry)",
    )
    parser.add_argument(
        "--regions",
        metavar="FOLDER",
        type=path,
        help="folder with the regions to measure each picture in, by its name: "
        "china.png or .tif (a mask, or numbers of regions), .roi or .zip of ImageJ, or "
        ".geojson of QuPath",
    )
    parser.add_argument(
        "--slice-axis",
        metavar="AXIS",
        type=whole_number,
        help="axis of slices, such as 0 for the time of a movie: each has rows of its "
        "own in the --summary, and a palette of its own, matched with the others, "
        "unless --palette or --shared gives one for all",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print a line of JSON for each image instead of a sentence",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=whole_from(1),
        default=1,
        help="how many images to work on side by side, each in a process of its own; "
        "the results are the same (default: %(default)s)",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="say what went wrong and no more"
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        default="",
        help="dask cluster to run on, such as tcp://10.0.0.7:8786: its workers share "
        "the images, or the parts of an image for an OME-Zarr; one image that is read "
        "whole is quantized on this machine",
    )
    parser.add_argument(
        "--warm-up",
        action=WarmUp,
        help="compile the engine once and exit, as for the image of a container, so "
        "that no run in it has to",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {version('napari-colorquant')}",
    )
    return parser


def _add(
    parser: argparse.ArgumentParser, name: str, added: str = "", **how: Any
) -> None:
    """Add the option of a parameter; added: what its help says in a shell only."""
    described = DESCRIPTIONS[name]
    how.setdefault("help", f"{described.help_in(SHELL)}{added} (default: %(default)s)")
    if described.choices:
        how["choices"] = list(described.choices)
    default = getattr(DEFAULTS, name)
    parser.add_argument(SHELL.name(name), dest=name, default=default, **how)


def parameters_of(arguments: argparse.Namespace) -> Parameters:
    """Return what the arguments ask of the engine; load the fixed colours.

    A ValueError is in words of the engine.
    """
    values = {name: getattr(arguments, name) for name in _ASKED}
    if arguments.stains_from is not None:  # each picture's own, in its turn
        values["stains"] = stand_in(arguments.stain_scale, arguments.weights)
    if arguments.fixed is not None:
        from napari_colorquant.core.palette.palette import Palette

        values["fixed"] = Palette.load(arguments.fixed)
    return Parameters(**values)


def said_in(arguments: argparse.Namespace) -> Said:
    """Return what the arguments say of all images."""
    from napari_colorquant.files.batch.inputs import Said

    return Said(
        **{field.name: getattr(arguments, field.name) for field in fields(Said)}
    )
