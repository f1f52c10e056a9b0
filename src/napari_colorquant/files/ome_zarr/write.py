"""Write a result as OME-Zarr, part by part: it can be stopped, and taken up again."""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from importlib.metadata import version as version_of
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.compute.executor import n_cores
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.files.ome_zarr.arrays import Target, jobs_of, make_arrays
from napari_colorquant.files.ome_zarr.block_plan import plans_of
from napari_colorquant.files.ome_zarr.metadata import VERSIONS, write_metadata
from napari_colorquant.files.ome_zarr.resume import Unfinished
from napari_colorquant.formats.file_io import marked
from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.files.ome_zarr.block_plan import LevelPlan
    from napari_colorquant.files.ome_zarr.pyramid import Pyramid

MEMORY = 2**29
"""Bytes that parts which are written side by side may take, if more than one is."""
_COPIES = 4  # of a part: read, redrawn, put in order, and its chunks packed
_MARKS = ("zarr.json", ".zgroup", ".zarray")


def save_pyramid(
    path: str | PathLike[str],
    pyramid: Pyramid,
    monitor: Monitor,
    *,
    version: str = "0.5",
    overwrite: bool = False,
    resume: bool = True,
    asked: Mapping[str, Any] | None = None,
) -> tuple[str, ...]:
    """Save a result as OME-Zarr, with progress after each part; return notes.

    It is in .NAME.partial until it is whole; a run that is stopped leaves that for a
    later one. asked: plain data by which Unfinished.asked finds the palette then.
    """
    path = Path(path)
    need_packages()
    if not is_word(version, VERSIONS):
        raise ValueError(
            f"the version is {shown(version)}: pass one of {', '.join(VERSIONS)}."
        )
    check_target(path, overwrite)
    with _naming(path):
        unfinished = Unfinished(path)
        with unfinished.claimed():
            plans = plans_of(pyramid)
            job = _job(pyramid, plans, version)
            done, notes = _taken_up(unfinished, job, resume)
            if done is None:
                unfinished.begin(job, pyramid.record, asked)
                done = set()
            else:
                _remove_strays(unfinished.content)
            group = make_arrays(unfinished.content, pyramid, plans, version)
            counts = _write(pyramid, plans, unfinished, done, monitor)
            write_metadata(group, pyramid, plans, counts, version)
            check_target(path, overwrite)
            unfinished.give_name()
    LOGGER.info("wrote %s", path)
    return notes


def _job(pyramid: Pyramid, plans: Sequence[LevelPlan], version: str) -> dict[str, Any]:
    """Return plain data that are others where any byte of the result is."""
    return {
        "version": version_of("napari-colorquant"),
        "ome-zarr": version,
        "levels": [
            {
                "identity": level.identity,
                "shape": list(plan.shape),
                "dtypes": [level.labels.dtype.str, level.picture.dtype.str],
                "chunks": list(plan.chunks),
                "parts": len(plan.parts),
            }
            for level, plan in zip(pyramid.levels, plans, strict=False)
        ],
    }


def _taken_up(
    unfinished: Unfinished, job: Mapping[str, Any], resume: bool
) -> tuple[set[str] | None, tuple[str, ...]]:
    """Return what is finished of a job, and notes; None where it must begin anew."""
    if not resume or unfinished.ledger() is None:
        return None, ()
    begun_anew = f"{unfinished.path}: an interrupted save of it was begun anew, as "
    if any(level["identity"] is None for level in job["levels"]):
        why = "nobody can tell whether the pixels of its image have changed since."
        return None, (begun_anew + why,)
    done = unfinished.done(job)
    if done is None:
        why = "the image, the palette or an option is another one now."
        return None, (begun_anew + why,)
    return done, ()


def need_packages() -> None:
    """Raise ImportError if the packages for OME-Zarr are not installed."""
    try:
        # As it is loaded, it warns of what it has deprecated itself.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            import ome_zarr.writer  # noqa: F401, whether it is there
    except ImportError as error:
        raise ImportError(
            "OME-Zarr needs packages that are not installed: run "
            '`pip install "napari-colorquant[ome-zarr]"`.'
        ) from error


def check_target(path: Path, overwrite: bool) -> None:
    """Raise FileExistsError if path exists, unless overwrite and it is a zarr."""
    if not path.is_symlink() and not path.exists():
        return
    if not overwrite:
        raise FileExistsError(
            Sentence(
                "{path}: exists already: choose another name, or pass "
                "{overwrite:=True}.",
                path=path,
            )
        )
    is_zarr = not path.is_symlink() and any((path / mark).is_file() for mark in _MARKS)
    if not is_zarr:
        raise FileExistsError(
            f"{path}: exists already and is no folder of a zarr, which alone is "
            "overwritten: choose another name."
        )


def _write(
    pyramid: Pyramid,
    plans: Sequence[LevelPlan],
    unfinished: Unfinished,
    done: set[str],
    monitor: Monitor,
) -> NDArray[np.int64]:
    """Write what is not done; return how many pixels each entry has.

    Where a cluster is active, its workers write what is not in memory here.
    """
    total = sum(len(plan.parts) for plan in plans)
    n_done = 0
    counts = np.zeros(len(pyramid.palette), np.int64)
    is_lazy = any(level.is_lazy for level in pyramid.levels)
    with (
        active_cluster(monitor, "write") if is_lazy else nullcontext() as cluster,
        unfinished.noting() as note,
        marked(unfinished.folder) as mark,
    ):
        axis = pyramid.picture_axes.find("c")
        folder, full_mark = map(os.path.abspath, (unfinished.content, mark))
        first = Target(folder, 0, None if axis < 0 else axis, len(counts), full_mark)
        for number, plan in enumerate(plans):
            level = plan.source
            parts = {f"{number}/{i}": tile for i, tile in enumerate(plan.parts)}
            if number > 0:  # of the largest level, what is done is counted
                parts = {name: parts[name] for name in parts if name not in done}
            if len(parts) < len(plan.parts):
                n_done += len(plan.parts) - len(parts)
                monitor("write", n_done / total)
            # Levels are derived from files: by whoever has written these.
            far = cluster if level is None or level.is_lazy else None
            jobs = jobs_of(replace(first, number=number), level, parts, done)
            part = monitor.part(n_done / total, (n_done + len(parts)) / total)
            n_done += len(parts)
            computed = computed_in_order(jobs, far, part, _n_threads(pyramid, plan))
            written = part.over("write", computed, len(parts))
            for name, counted in zip(parts, written, strict=True):
                if number == 0:
                    counts += counted
                if name not in done:
                    note(name)
    if cluster is not None:  # workers may have been lost
        _remove_strays(unfinished.content)
    return counts


def _n_threads(pyramid: Pyramid, plan: LevelPlan) -> int:
    """Return how many parts of a level are written side by side."""
    sizes = [prod(one.stop - one.start for one in tile) for tile in plan.parts]
    n_bytes = pyramid.levels[0].pixel_bytes * int(max(sizes))
    return max(1, min(n_cores(), MEMORY // (_COPIES * n_bytes)))


def _remove_strays(folder: Path) -> None:
    """Remove what zarr had begun to write when a run was killed."""
    for stray in folder.rglob("*.partial"):
        stray.unlink()


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let errors of the system name what the user asked for, not a chunk of it."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
