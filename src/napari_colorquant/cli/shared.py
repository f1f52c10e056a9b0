"""One palette for all pictures of a command, which are opened one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.messages import complaint_of
from napari_colorquant.cli.one_image import check_colors
from napari_colorquant.cli.options import said_in
from napari_colorquant.cli.presets import learning_for
from napari_colorquant.files.batch.inputs import opened

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable
    from pathlib import Path

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.files.batch.outputs import Job


class _Files(Sequence[Any]):
    """Pictures that are read when they are taken, and not kept."""

    def __init__(self, jobs: Sequence[Job], arguments: argparse.Namespace) -> None:
        self._jobs, self._arguments = jobs, arguments

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, number: Any) -> Any:
        return _read(self._jobs[number].source, self._arguments)


def _read(source: Path | str, arguments: argparse.Namespace) -> Pixels:
    with opened(source, said_in(arguments)) as image:
        seen: Any = image.seen
    pixels: Pixels = seen
    return pixels


def that_fit(
    jobs: Iterable[Job], arguments: argparse.Namespace
) -> tuple[list[Job], list[tuple[Path | str, str]]]:
    """Return the jobs whose pictures have a palette together; complaints of others.

    They have the channels, dtype and white of the first that can be read.
    """
    kept: list[Job] = []
    complaints: list[tuple[Path | str, str]] = []
    first: tuple[Any, ...] = ()
    for job in jobs:
        try:
            seen = _read(job.source, arguments)
            if not seen.any_valid():
                raise ValueError("no pixel of the image can be quantized.")
            own = (seen.n_channels, seen.dtype.name, seen.white)
            if kept and own != first:
                raise ValueError(
                    f"it has {_in_words(*own)}, and {kept[0].source} "
                    f"{_in_words(*first)}: a palette is shared by pictures of the same "
                    "channels, dtype and white."
                )
        except Exception as error:  # noqa: BLE001, the other images can be done
            complaints.append((job.source, complaint_of(job.source, error)))
            continue
        first = own
        kept.append(job)
    return kept, complaints


def _in_words(n_channels: int, dtype: str, white: float | None) -> str:
    channels = "1 channel" if n_channels == 1 else f"{n_channels} channels"
    return f"{channels} of {dtype}" + ("" if white is None else f" up to {white:,g}")


def learn_shared(
    jobs: Sequence[Job],
    arguments: argparse.Namespace,
    parameters: Parameters,
    monitor: Monitor,
) -> tuple[Palette, tuple[str, ...]]:
    """Return the palette of all pictures, as fit_palette learns it, and notes."""
    from napari_colorquant.core.learn.fit import what_to_learn
    from napari_colorquant.core.quantization.levels import fit_palette_of
    from napari_colorquant.core.quantization.pool import of_several, pool

    images = _Files(jobs, arguments)
    first = images[0]
    if arguments.rgb is None:
        check_colors(first, parameters)
    parameters, notes = learning_for(first, parameters, arguments)
    if len(images) == 1:
        palette, more = fit_palette_of(first, parameters, monitor)
        return palette, (*notes, *more)
    what_to_learn(first.outline, parameters)  # or an error, before reading
    del first  # of which no more is needed: pictures are read one after another
    given = (images, "pixel", parameters.fixed, parameters.random_state)
    table, of_pool = pool(*given, monitor.part(0.0, 0.5))
    palette, more = fit_palette_of(table, parameters, monitor.part(0.5, 1.0))
    return of_several(palette), (*notes, *of_pool, *more)
