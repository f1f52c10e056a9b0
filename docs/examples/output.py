"""Where an example saves its picture, as its command line says."""

from __future__ import annotations

import argparse
from pathlib import Path


def picture_path(script, description):
    """Read the command line of an example.

    Parameters
    ----------
    script : str
        The example's file: its picture has the same name.
    description : str
        What ``--help`` tells.

    Returns
    -------
    pathlib.Path
        The picture, in the folder that ``--output`` names.
    """
    name = f"{Path(script).stem}.png"
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        type=Path,
        default=Path(__file__).parents[1] / "images",
        help=f"where {name} is written (default: %(default)s)",
    )
    return parser.parse_args().output / name


def save_picture(figure, path):
    """Save a figure; its folder is made where it is missing.

    Parameters
    ----------
    figure : PIL.Image.Image
        The figure.
    path : pathlib.Path
        The file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.save(path, optimize=True)
