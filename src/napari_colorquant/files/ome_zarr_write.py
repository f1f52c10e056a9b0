"""Write a result as OME-Zarr, part by part: it can be stopped, and taken up again."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from napari_colorquant.core.labelling import count_labels
from napari_colorquant.core.parallel import map_in_order, n_cores
from napari_colorquant.core.steps import Progress, Steps
from napari_colorquant.files.block_plan import chunks_of, parts_of
from napari_colorquant.files.level import n_bytes, with_channels
from napari_colorquant.files.ome_zarr_metadata import (
    LABELS,
    VERSIONS,
    picture_axes,
    write_metadata,
)
from napari_colorquant.files.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Tile
    from napari_colorquant.files.level import Level
    from napari_colorquant.files.pyramid import Pyramid

SMALL = 1024
"""Levels are added until height and width are no more than this."""
MEMORY = 2**29
"""Bytes that parts which are written side by side may take, if more than one is."""
_COPIES = 4  # of a part: read, redrawn, put in order, and its chunks packed
_MARKS = ("zarr.json", ".zgroup", ".zarray")


def save_steps(
    path: str | PathLike[str],
    pyramid: Pyramid,
    *,
    version: str = "0.5",
    overwrite: bool = False,
    resume: bool = True,
    asked: Mapping[str, Any] | None = None,
) -> Steps[None]:
    """Save a result as OME-Zarr, one part at a time.

    What is under way is in the folder ``.NAME.partial`` beside `path`. Closing the
    generator leaves it there, and nothing under the final name.

    Parameters
    ----------
    path : str or path-like
        Folder to make, such as ``"china.zarr"``.
    pyramid : Pyramid
        The result.
    version : str
        Version of OME-NGFF, ``"0.4"`` or ``"0.5"``.
    overwrite : bool
        Replace a zarr of that name, once the new one is whole.
    resume : bool
        Take up an interrupted save of the same result: what it has finished is not
        computed again. One of another result is begun anew in any case.
    asked : mapping, optional
        Plain data that say what was asked for, by which a later run finds the palette
        that was learned for it; see
        :meth:`~napari_colorquant.files.unfinished.Unfinished.asked`.

    Yields
    ------
    Progress
        Of the step ``"write"``, after each part.

    Raises
    ------
    FileExistsError
        If there is something of that name.
    ImportError
        If the packages that it takes are not installed.
    ValueError
        If the version is another one, or the image cannot be read.
    OSError
        If it cannot be written; its `filename` is `path`.
    """
    path = Path(path)
    need_packages()
    if version not in VERSIONS:
        raise ValueError(
            f"the version is {version!r}: pass one of {', '.join(VERSIONS)}."
        )
    check_target(path, overwrite)
    with _naming(path):
        plans = _plans(pyramid)
        unfinished = Unfinished(path)
        job = {
            "version": version_of("napari-colorquant"),
            "ome-zarr": version,
            "levels": [
                {
                    "identity": dict(level.identity),
                    "shape": list(level.shape),
                    "dtypes": [level.label_dtype.str, level.picture_dtype.str],
                    "chunks": list(plan.chunks),
                    "parts": len(plan.parts),
                }
                for level, plan in zip(pyramid.levels, plans, strict=False)
            ],
        }
        done = unfinished.done(job) if resume else None
        if done is None:
            unfinished.begin(job, pyramid.record, asked)
            done = set()
        else:
            _remove_strays(unfinished.content)
        writer = _Writer(unfinished.content, pyramid, plans, version)
        counts = yield from _write_steps(writer, unfinished, done)
        palette = replace(pyramid.palette, counts=counts)
        write_metadata(
            writer.group,
            pyramid,
            palette,
            _counted(pyramid.record, counts),
            [plan.scale for plan in plans],
            [plan.translation for plan in plans],
            version,
        )
        check_target(path, overwrite)
        unfinished.give_name()


def need_packages() -> None:
    """Refuse to go on where the packages for OME-Zarr are not installed.

    Raises
    ------
    ImportError
        In a sentence that says how to install them.
    """
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
    """Refuse to write where something is already.

    Parameters
    ----------
    path : Path
        What to write.
    overwrite : bool
        Whether a zarr may be replaced; anything else may not.

    Raises
    ------
    FileExistsError
        If something is there.
    """
    if not path.is_symlink() and not path.exists():
        return
    if not overwrite:
        raise FileExistsError(
            f"{path}: exists already: choose another name, or pass overwrite=True."
        )
    is_zarr = not path.is_symlink() and any((path / mark).is_file() for mark in _MARKS)
    if not is_zarr:
        raise FileExistsError(
            f"{path}: exists already and is no folder of a zarr, which alone is "
            "overwritten: choose another name."
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How a level is written; without a `source` it is derived from the one before."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    parts: list[Tile]
    source: Level | None
    scale: tuple[float, ...]
    translation: tuple[float, ...]


def _plans(pyramid: Pyramid) -> list[_Plan]:
    pixel = n_bytes(pyramid.levels[0])
    plans = []
    for level, scale, place in zip(
        pyramid.levels, pyramid.scales, pyramid.translations, strict=True
    ):
        chunks = chunks_of(level.shape, level.chunks)
        parts = parts_of(level.shape, chunks, level.chunks, pixel)
        plans.append(_Plan(level.shape, chunks, parts, level, scale, place))
    while max(plans[-1].shape[-2:]) > SMALL:
        last = plans[-1]
        *others, y, x = last.shape
        shape = (*others, -(-y // 2), -(-x // 2))
        *rest, height, width = last.scale
        scale = (*rest, 2 * height, 2 * width)
        chunks = tuple(min(a, b) for a, b in zip(last.chunks, shape, strict=True))
        # Four pixels are read for each.
        parts = parts_of(shape, chunks, None, 4 * pixel)
        # The first pixel stays: so does its centre.
        plans.append(_Plan(shape, chunks, parts, None, scale, last.translation))
    return plans


def _write_steps(
    writer: _Writer, unfinished: Unfinished, done: set[str]
) -> Steps[NDArray[np.int64]]:
    """Write what is not done; return how many pixels each entry has."""
    total = sum(len(plan.parts) for plan in writer.plans)
    n_done = 0
    counts = np.zeros(len(writer.pyramid.palette), np.int64)

    def work(job: tuple[int, int]) -> NDArray[np.int64] | None:
        return (writer.count if _name(*job) in done else writer.write)(job)

    with unfinished.noting() as note:
        for number, plan in enumerate(writer.plans):
            jobs = [(number, part) for part in range(len(plan.parts))]
            results = map_in_order(work, jobs, writer.n_threads(number))
            for job, counted in zip(jobs, results, strict=True):
                if counted is not None:
                    counts += counted
                if (name := _name(*job)) not in done:
                    note(name)
                n_done += 1
                yield Progress("write", n_done, total)
    return counts


def _name(level: int, part: int) -> str:
    return f"{level}/{part}"


class _Writer:
    """The arrays of a result, and how a part of them is written."""

    def __init__(
        self, folder: Path, pyramid: Pyramid, plans: Sequence[_Plan], version: str
    ) -> None:
        import zarr

        self.pyramid, self.plans, self._version = pyramid, plans, version
        zarr_format: Literal[2, 3] = 2 if version == "0.4" else 3
        self.group = zarr.open_group(folder, mode="a", zarr_format=zarr_format)
        labels = self.group.require_group("labels").require_group(LABELS)
        first, axes = pyramid.levels[0], picture_axes(pyramid)
        self._place = axes.index("c") if "c" in axes else None
        self._labels = [
            self._array(labels, str(number), plan, first.label_dtype, pyramid.axes)
            for number, plan in enumerate(plans)
        ]
        self._pictures = [
            self._array(
                self.group,
                str(number),
                plan,
                first.picture_dtype.newbyteorder("="),
                axes,
            )
            for number, plan in enumerate(plans)
        ]

    def _array(
        self, group: Any, name: str, plan: _Plan, dtype: np.dtype[Any], axes: str
    ) -> Any:
        if name in group:  # an interrupted run made it
            return group[name]
        shape, chunks = plan.shape, plan.chunks
        if "c" in axes:
            place, n_channels = axes.index("c"), self.pyramid.levels[0].n_channels or 1
            shape = (*shape[:place], n_channels, *shape[place:])
            chunks = (*chunks[:place], 1, *chunks[place:])
        return group.create_array(
            name,
            shape=shape,
            chunks=chunks,
            dtype=dtype,
            **_storage(self._version, dtype, axes),
        )

    def n_threads(self, number: int) -> int:
        """Return how many parts of a level are written side by side."""
        pixel = n_bytes(self.pyramid.levels[0])
        largest = max(_n_pixels(part) for part in self.plans[number].parts)
        return max(1, min(n_cores(), MEMORY // (_COPIES * pixel * largest)))

    def write(self, job: tuple[int, int]) -> NDArray[np.int64] | None:
        """Write a part; of the largest level return the pixels of each entry."""
        number, part = job
        plan = self.plans[number]
        tile = plan.parts[part]
        if plan.source is None:
            labels, picture = self._every_second(number - 1, tile)
        else:
            labels, picture = plan.source.read(tile)
            if self._place is not None:
                picture = np.moveaxis(picture, 0, self._place)
        self._labels[number][tile] = labels
        self._pictures[number][with_channels(tile, self._place)] = picture
        return self._counted(labels) if number == 0 else None

    def count(self, job: tuple[int, int]) -> NDArray[np.int64] | None:
        """Count a part that has been written; of the largest level as :meth:`write`."""
        number, part = job
        if number > 0:
            return None
        return self._counted(self._labels[0][self.plans[0].parts[part]])

    def _counted(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        return count_labels(labels, len(self.pyramid.palette))

    def _every_second(
        self, number: int, tile: Tile
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Take every second pixel in y and x of a level that has been written."""
        *others, y, x = tile
        larger = (
            *others,
            slice(2 * y.start, 2 * y.stop - 1),
            slice(2 * x.start, 2 * x.stop - 1),
        )
        labels = self._labels[number][larger]
        picture = self._pictures[number][with_channels(larger, self._place)]
        return labels[..., ::2, ::2], picture[..., ::2, ::2]


def _storage(version: str, dtype: np.dtype[Any], axes: str) -> dict[str, Any]:
    """Return how an array is packed: by what every reader knows, at its fastest."""
    shuffled = dtype.itemsize > 1
    if version == "0.4":
        from numcodecs import Blosc

        shuffle = Blosc.SHUFFLE if shuffled else Blosc.NOSHUFFLE
        return {
            "compressors": Blosc(cname="zstd", clevel=1, shuffle=shuffle),
            "chunk_key_encoding": {"name": "v2", "separator": "/"},
        }
    from zarr.codecs import BloscCodec

    return {
        "compressors": BloscCodec(
            cname="zstd", clevel=1, shuffle="shuffle" if shuffled else "noshuffle"
        ),
        "dimension_names": list(axes),
    }


def _counted(record: Mapping[str, Any], counts: NDArray[np.int64]) -> dict[str, Any]:
    """Put the pixels that were counted into a record."""
    whole = {
        **record,
        "palette": {**record["palette"], "counts": counts.tolist()},
        "counts_are_estimates": False,
    }
    if "report" in record:
        whole["report"] = {
            **record["report"],
            "n_pixels": int(counts.sum()),
            "n_colors_after": int(np.count_nonzero(counts)),
            "counts_are_estimates": False,
        }
    return whole


def _n_pixels(tile: Tile) -> int:
    return int(np.prod([part.stop - part.start for part in tile]))


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
