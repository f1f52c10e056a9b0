"""The command ``napari-colorquant``: the engine from a shell, file after file."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from napari_colorquant.core.learn import METHODS
from napari_colorquant.core.parameters import AUTO, DEFAULTS, Parameters
from napari_colorquant.core.spaces import COLOR_SPACES

# Only what --help needs is imported here: the engine takes a second to load.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.steps import Progress

ChannelAxis = int | Literal["auto"] | None

_EVERY_PIXEL = "all"

# The engine speaks of arguments, a shell of options.
_SHELL_WORDS = {
    "None for every pixel": f"{_EVERY_PIXEL} for every pixel",
    f"n_colors={AUTO!r}": f"--colors {AUTO}",
    f"n_colors is {AUTO!r}": f"--colors is {AUTO}",
    "color_space='rgb'": "--color-space rgb",
    "pass None,": "pass none,",
    "channel_axis=None": "--channel-axis none",
    "channel_axis=": "--channel-axis ",
    "channel_axis": "--channel-axis",
    "color_space": "--color-space",
    "n_colors": "--colors",
    "n_samples": "--samples",
    "random_state": "--seed",
    "target_delta_e": "--target-delta-e",
    "target_psnr": "--target-psnr",
}


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to quantize, and where its results go.

    Parameters
    ----------
    source : Path
        The picture.
    folder : Path
        Folder of the results.
    n_colors : int or "auto"
        Number of colours asked for, part of the results' names.
    """

    source: Path
    folder: Path
    n_colors: int | str

    def target(self, kind: str, suffix: str) -> Path:
        """Name a result.

        Parameters
        ----------
        kind : str
            ``"colors"`` or ``"indices"``.
        suffix : str
            Format of the file, with its dot.

        Returns
        -------
        Path
            Such as ``china-64-colors.png``, in the folder.
        """
        return self.folder / f"{self.source.stem}-{self.n_colors}-{kind}{suffix}"

    def targets(self) -> list[Path]:
        """List every file that the job may write.

        Returns
        -------
        list of Path
            More than it will write: only the picture tells which formats it takes.
        """
        return [
            *(self.target("colors", s) for s in (".png", ".tif", ".gpl", ".csv")),
            *(self.target("indices", s) for s in (".png", ".tif")),
        ]


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
        With 2 for wrong arguments; with 0 after ``--help`` and ``--version``.
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        parameters = _parameters(arguments)
    except OSError as error:  # the only file that is read so early
        parser.error(f"{arguments.fixed}: {error.strerror}.")
    except ValueError as error:
        parser.error(_in_shell_words(str(error)))
    try:
        return _quantize_all(arguments, parameters)
    except KeyboardInterrupt:
        _say("napari-colorquant: interrupted.", sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="napari-colorquant",
        allow_abbrev=False,
        description="Redraw pictures with few colors. Each gives the redrawn picture, "
        "its palette (.csv, and .gpl for 8-bit RGB) and the palette index of every "
        "pixel, such as china-64-colors.png, .csv and .gpl, and china-64-indices.png.",
        epilog="A pixel of the indices that was not quantized (transparent, NaN) has "
        "the number of colors as its value, one past the last palette entry.",
    )
    parser.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=Path,
        help="picture or stack that tifffile or imageio can read",
    )
    parser.add_argument(
        "--colors",
        metavar="K",
        type=_colors,
        default=DEFAULTS.n_colors,
        help=f"number of colors, or {AUTO}: the fewest that reach a target (default: "
        "%(default)s)",
    )
    parser.add_argument(
        "--target-psnr",
        metavar="DB",
        type=float,
        default=DEFAULTS.target_psnr,
        help=f"for --colors {AUTO}: PSNR to reach, in dB",
    )
    parser.add_argument(
        "--target-delta-e",
        metavar="X",
        type=float,
        default=DEFAULTS.target_delta_e,
        help=f"for --colors {AUTO}: mean CIEDE2000 difference to reach, of RGB",
    )
    parser.add_argument(
        "--method",
        choices=list(METHODS),
        default=DEFAULTS.method,
        help="how the palette is learned (default: %(default)s)",
    )
    parser.add_argument(
        "--no-refine",
        dest="refine",
        action="store_false",
        default=DEFAULTS.refine,
        help="learn from the --samples alone, and do not polish the palette over "
        "every pixel",
    )
    parser.add_argument(
        "--samples",
        metavar="N",
        type=_samples,
        default=DEFAULTS.n_samples,
        help=f"pixels to learn from, or {_EVERY_PIXEL}; a palette that is refined is "
        f"at most started from them (default: {DEFAULTS.n_samples or _EVERY_PIXEL})",
    )
    parser.add_argument(
        "--color-space",
        choices=list(COLOR_SPACES),
        default=DEFAULTS.color_space,
        help="where colors are compared: the channels as they are, CIELAB or stains "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--fixed",
        metavar="FILE",
        type=Path,
        help="palette (.csv, .json, .gpl, .pal, .ase or .aco) whose colors must be in "
        "every palette unchanged; where the file says their units, they are converted "
        "to the picture's own",
    )
    parser.add_argument(
        "--seed",
        metavar="SEED",
        type=int,
        default=DEFAULTS.random_state,
        help="seed of every random draw (default: %(default)s)",
    )
    parser.add_argument(
        "--channel-axis",
        metavar="AXIS",
        type=_channel_axis,
        default="auto",
        help="axis that holds the channels, from 0; none for a single-channel picture; "
        "-1 for RGB or RGBA last (default: none for two axes, else -1)",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path(),
        help="folder for the results, made if missing (default: the current one)",
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite results that are there already"
    )
    parser.add_argument(
        "--quality",
        action="store_true",
        help="measure SSIM, and for RGB the mean CIEDE2000 difference, too",
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {version('napari-colorquant')}",
    )
    return parser


def _colors(text: str) -> int | str:
    return AUTO if text == AUTO else _whole_number(text, AUTO)


def _samples(text: str) -> int | None:
    return None if text == _EVERY_PIXEL else _whole_number(text, _EVERY_PIXEL)


def _channel_axis(text: str) -> ChannelAxis:
    if text == "none":
        return None
    if text == "auto":
        return "auto"
    return _whole_number(text, "none")


def _whole_number(text: str, word: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a whole number nor {word!r}"
        ) from None


def _parameters(arguments: argparse.Namespace) -> Parameters:
    fixed = DEFAULTS.fixed
    if arguments.fixed is not None:
        from napari_colorquant.files.palettes import load_palette

        fixed = load_palette(arguments.fixed)
    return Parameters(
        n_colors=arguments.colors,
        method=arguments.method,
        refine=arguments.refine,
        n_samples=arguments.samples,
        color_space=arguments.color_space,
        fixed=fixed,
        target_psnr=arguments.target_psnr,
        target_delta_e=arguments.target_delta_e,
        random_state=arguments.seed,
    )


def _quantize_all(arguments: argparse.Namespace, parameters: Parameters) -> int:
    jobs, complaints = _plan(arguments, parameters.n_colors)
    for complaint in complaints:
        _say(complaint, sys.stderr)
    failed = bool(complaints)
    if jobs:
        try:
            arguments.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            _say(
                f"{arguments.output}: no folder can be made there: {error.strerror}.",
                sys.stderr,
            )
            return 1
    for number, job in enumerate(jobs, 1):
        try:
            with _progress_bar(f"{number}/{len(jobs)} {job.source.name}") as progress:
                line, notes = _quantize_one(job, arguments, parameters, progress)
        except (OSError, TypeError, ValueError, MemoryError) as error:
            _say(_complaint(job.source, error), sys.stderr)
            failed = True
            continue
        for note in notes:
            _say(f"{job.source}: {note}", sys.stderr)
        _say(line, sys.stdout)
    return int(failed)


def _plan(
    arguments: argparse.Namespace, n_colors: int | str
) -> tuple[list[Job], list[str]]:
    """Say which pictures can be worked on without harm to a file, before any is."""
    sources: list[Path] = arguments.images
    inputs = {os.path.realpath(source) for source in sources}
    if arguments.fixed is not None:
        inputs.add(os.path.realpath(arguments.fixed))
    claimed: dict[str, Path] = {}
    jobs, complaints = [], []
    for source in sources:
        job = Job(source, arguments.output, n_colors)
        # Some file systems take A and a for the same name.
        name = source.stem.casefold()
        existing = [path for path in job.targets() if os.path.lexists(path)]
        if name in claimed:
            complaints.append(
                f"{source}: its results would overwrite those of {claimed[name]}: "
                "run it with another --output."
            )
        elif overwritten := [p for p in existing if os.path.realpath(p) in inputs]:
            complaints.append(
                f"{source}: its results would overwrite the input {overwritten[0]}: "
                "run it with another --output."
            )
        elif existing and not arguments.force:
            complaints.append(
                f"{source}: {existing[0]} exists already: add --force to overwrite it."
            )
        else:
            claimed[name] = source
            jobs.append(job)
    return jobs, complaints


def _quantize_one(
    job: Job,
    arguments: argparse.Namespace,
    parameters: Parameters,
    progress: Callable[[Progress], object],
) -> tuple[str, tuple[str, ...]]:
    """Quantize a picture, write its results; return a line about it, and notes."""
    from napari_colorquant.core.pipeline import quantize_steps
    from napari_colorquant.core.pixels import see_pixels
    from napari_colorquant.core.steps import run
    from napari_colorquant.files.pictures import read_picture

    image = read_picture(job.source)
    parameters = _in_units_of(image, parameters)
    axis: int | None = arguments.channel_axis
    if arguments.channel_axis == "auto":
        axis = None if image.ndim == 2 else -1
    pixels = see_pixels(image, axis)
    result = run(quantize_steps(pixels, parameters), progress)
    said = [result.report.summary()]
    if arguments.quality:
        said += _more_quality(image, result, axis)
    written = _write(job, result)
    said.append(", ".join(path.name for path in written))
    return f"{job.source}: {' · '.join(said)}", result.report.notes


def _in_units_of(image: NDArray[Any], parameters: Parameters) -> Parameters:
    """Convert fixed colours whose units are known to those of the picture."""
    from napari_colorquant.core.palette import UNITS

    fixed, units = parameters.fixed, image.dtype.name
    if fixed is None or fixed.units is None or units not in UNITS:
        return parameters
    return replace(parameters, fixed=fixed.in_units(units))


def _more_quality(
    image: NDArray[Any], result: Quantization, axis: int | None
) -> list[str]:
    """Measure what applies to the picture, in words."""
    from napari_colorquant.core.quality import measure_quality

    quality = measure_quality(
        image,
        result.image,
        channel_axis=axis,
        ssim=None,
        delta_e=None if axis == -1 else False,  # channels of data are no colors
    )
    said = []
    if quality.ssim is not None:
        said.append(f"SSIM {quality.ssim:.3f}")
    if quality.delta_e is not None:
        said.append(f"mean ΔE2000 {quality.delta_e:.2f}")
    return said


def _write(job: Job, result: Quantization) -> list[Path]:
    """Write the results of a picture; return their paths."""
    import numpy as np

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.files.indices import indices_suffix, write_indices
    from napari_colorquant.files.pictures import picture_suffix, write_picture

    palette, is_8_bit = result.palette, result.image.dtype == np.uint8
    picture = job.target("colors", picture_suffix(result.image))
    write_picture(picture, result.image)
    table = job.target("colors", ".csv")
    palette.save(table)
    written = [picture, table]
    if is_8_bit and palette.n_channels == 3:
        swatches = job.target("colors", ".gpl")
        drawn = palette.drawn(np.uint8)
        Palette(drawn, None, palette.names, palette.color_space).save(swatches)
        written.append(swatches)
    indices = job.target("indices", indices_suffix(result.labels, palette))
    limits = (palette.colors.min(), palette.colors.max())
    write_indices(indices, result.labels, palette, (0, 255) if is_8_bit else limits)
    written.append(indices)
    return written


@contextmanager
def _progress_bar(title: str) -> Iterator[Callable[[Progress], object]]:
    """Show a bar on stderr while a picture is worked on, if that is a terminal."""
    from tqdm import tqdm

    looks = "{l_bar}{bar}| {elapsed}"
    with tqdm(desc=title, total=1, disable=None, leave=False, bar_format=looks) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total  # not known until the picture has been read
            bar.update(progress.done - bar.n)

        yield show


def _complaint(source: Path, error: Exception) -> str:
    """Say in one sentence what went wrong, beginning with the file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or source}: {error.strerror}."
    if isinstance(error, MemoryError):
        return f"{source}: there is not enough memory for it."
    sentence = _in_shell_words(str(error))
    return sentence if sentence.startswith(str(source)) else f"{source}: {sentence}"


def _in_shell_words(sentence: str) -> str:
    for engine, shell in _SHELL_WORDS.items():
        sentence = sentence.replace(engine, shell)
    return sentence


def _say(line: str, stream: TextIO) -> None:
    # A redirected stream may have a narrow encoding, and a file name any bytes.
    encoding = stream.encoding or "utf-8"
    print(line.encode(encoding, "replace").decode(encoding), file=stream, flush=True)


if __name__ == "__main__":
    sys.exit(main())
