"""Results saved as OME-Zarr, which may be larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from napari_colorquant.core.compute.arguments import flag, is_sequence, shown
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.quantization.report import warn_of
from napari_colorquant.core.quantization.result import Quantization, SliceQuantization
from napari_colorquant.files.images.calibration import (
    check_axes,
    read_scale,
    read_translate,
    read_units,
    usual_axes,
)
from napari_colorquant.files.ome_zarr.pyramid import Level, pyramid_of
from napari_colorquant.files.ome_zarr.write import save_pyramid
from napari_colorquant.files.record import record_of

Result = Quantization | SliceQuantization


def save_ome_zarr(
    path: str | PathLike[str],
    quantization: Result | Sequence[Result],
    *,
    channel_axis: int | None = None,
    axes: str | None = None,
    scale: float | Sequence[float] | None = None,
    translate: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    name: str | None = None,
    version: str = "0.5",
    overwrite: bool = False,
    resume: bool = True,
    progress: Callable[[Progress], object] | None = None,
) -> None:
    """Save the picture and the labels of a quantization as OME-Zarr, with a pyramid.

    They are written part by part, so that they may be larger than memory; each part is
    computed once. The labels are in the group ``labels/palette``: palette index + 1,
    and 0 where not quantized, with the palette's colours, names and counts, which other
    programs show. Where the smallest level is not small, levels are added of every
    second pixel in y and x of the level before; labels are never averaged.

    Parameters
    ----------
    path : str or path-like
        Folder to make, such as ``"china.zarr"``.
    quantization : Quantization or SliceQuantization, or a sequence of these
        What :func:`napari_colorquant.quantize` returned, of an image in memory or a
        lazy one; or one for each level of an image, the largest first, all with the
        palette of the first. Of what ``quantize_slices`` returned, the picture is in
        the palettes of the slices, and the labels have the means of these.
    channel_axis : int, optional
        Where the picture's channels are. By default it is seen from the shapes.
    axes : str, optional
        Names of the labels' axes, by default the last of ``"tzyx"``.
    scale : float or sequence of float, optional
        Size of a pixel: one number for all axes of space, or one for each of the
        labels' axes; by default 1.
    translate : float or sequence of float, optional
        Where the centre of the first pixel is, likewise; by default 0.
    units : str or sequence of str or None, optional
        Units, likewise, such as ``"micrometer"`` or ``"um"``: what pint reads. They are
        written as OME-NGFF names them.
    name : str, optional
        What the image is called, by default as the folder.
    version : str
        Version of OME-NGFF: ``"0.5"``, in zarr 3, or ``"0.4"``, in zarr 2.
    overwrite : bool
        Replace a zarr of that name, once the new one is whole.
    resume : bool
        Take up an interrupted save of the same quantization: what it has finished is
        not computed again. One of another quantization is begun anew, with a warning;
        so is one of an image of which nobody can tell whether its pixels have changed
        since, such as one at an address.
    progress : callable, optional
        Called with a :class:`Progress` after every part. What it raises stops the
        saving and is passed on; what is finished then is in a hidden folder beside
        `path`, to be taken up by the same call, and nothing under the final name.

    Raises
    ------
    FileExistsError
        If there is something of that name, or it is being saved at this moment.
    ImportError
        If the packages that it takes are not installed.
    TypeError
        If it is no quantization.
    ValueError
        If the arguments do not fit the quantization.
    OSError
        If it cannot be written.

    Examples
    --------
    >>> q = quantize(slide, 32)
    >>> save_ome_zarr("slide-32.zarr", q, scale=0.5, units="micrometer")
    """
    levels: Any = [quantization] if isinstance(quantization, Result) else quantization
    levels = tuple(levels) if is_sequence(levels) else (levels,)
    wrong = [one for one in levels if not isinstance(one, Result)]
    if wrong or not levels:
        what = f"a {type(wrong[0]).__name__}" if wrong else "nothing"
        raise TypeError(
            f"{what} was passed to be saved: pass what `quantize` returned, or a list "
            "of such for the levels of one image."
        )
    if len({_colors(level) for level in levels}) > 1:
        raise ValueError(
            "the levels have palettes of their own: quantize the largest, and make the "
            "others with `apply_palette`."
        )
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name is {shown(name)}: pass a string, or None.")
    overwrite, resume = flag(overwrite, "overwrite"), flag(resume, "resume")
    n_axes = levels[0].labels.ndim
    axes = usual_axes(n_axes) if axes is None else axes
    check_axes(axes, n_axes)
    arrays = [Level(one.labels, one.image, channel_axis) for one in levels]
    pyramid = pyramid_of(
        arrays,
        levels[0].palette,
        record_of(levels[0]),
        Path(path).stem if name is None else name,
        axes=axes,
        scale=read_scale(scale, n_axes, axes),
        translate=read_translate(translate, n_axes, axes),
        units=read_units(units, n_axes, axes),
    )
    with Monitor(progress) as monitor:
        notes = save_pyramid(
            path,
            pyramid,
            monitor,
            version=version,
            overwrite=overwrite,
            resume=resume,
        )
    warn_of(notes)


def _colors(level: Result) -> tuple[bytes, ...]:
    """Return the colours of all its palettes."""
    palettes = (level.palette,) if isinstance(level, Quantization) else level.palettes
    return tuple(palette.colors.tobytes() for palette in palettes)
