"""Error, time and memory of this project and its peers, on the same pictures.

python benchmarks/quality.py [--images FOLDER | --megapixels 12] [--sides 16 32 100 200]
                             [--colors 4 16 64 256] [--repeats 5] [--delta-e]
                             [--slow] [--variants] [--no-memory]
                             [--plot frontier.png] [--save figures.json]

Everything is timed in one process: for every picture, number of colours and repeat,
each peer runs once in turn, so that a change of the machine's speed meets them alike.
A time is from a picture in memory to a redrawn picture in memory: the median over the
repeats, then the geometric mean over the pictures. "learn" and "assign" are its two
steps, where a peer has them apart. MSE is the mean over pixels of the squared error,
summed over red, green and blue, of the picture in 8 bits. Peak memory is above the
picture, of the first picture, in a fresh process for each peer; for a program, that of
all of it.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from statistics import fmean, geometric_mean, median
from typing import TYPE_CHECKING

import machine
import numpy as np
import peers
import pictures
import report

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray
    from peers import Peer

TIME_RATIO = 1.0
ERROR_RATIOS = {4: 0.99, 16: 0.94, 64: 0.86, 256: 0.72}
"""What this project is to reach against the scikit-learn example, by K."""

REST = 0.02
"""Seconds between two runs: the threads of the one before have gone to sleep."""


@dataclass(frozen=True)
class Figures:
    """What one peer took and gave on one picture."""

    peer: str
    n_colors: int
    picture: str
    mse: float
    delta_e: float
    seconds: float
    learn: float
    assign: float


@dataclass(frozen=True)
class Summary:
    """What one peer took and gave on all pictures; ratios are to the example."""

    peer: str
    n_colors: int
    mse: float
    delta_e: float
    seconds: float
    learn: float
    assign: float
    time_ratio: float
    error_ratio: float
    peak: float | None


def measure(
    images: Mapping[str, NDArray[np.uint8]],
    chosen: Sequence[Peer],
    colors: Iterable[int],
    repeats: int,
    with_delta_e: bool,
) -> list[Figures]:
    """Run all peers in turn."""
    figures = []
    for n_colors in colors:
        for name, image in images.items():
            machine.note(f"K={n_colors}, {name}")
            figures += _measure_picture(
                image, name, chosen, n_colors, repeats, with_delta_e
            )
    return figures


def _measure_picture(
    image: NDArray[np.uint8],
    name: str,
    chosen: Sequence[Peer],
    n_colors: int,
    repeats: int,
    with_delta_e: bool,
) -> list[Figures]:
    redrawn = {}
    times = defaultdict(list)
    for _ in range(repeats):
        for peer in chosen:
            time.sleep(REST)
            start = time.perf_counter()
            outcome = peer.run(image, n_colors)
            seconds = time.perf_counter() - start
            times[peer.name].append((seconds, outcome.learn, outcome.assign))
            redrawn.setdefault(peer.name, outcome.picture)
    return [
        Figures(
            peer.name,
            n_colors,
            name,
            mean_squared_error(image, redrawn[peer.name]),
            mean_delta_e(image, redrawn[peer.name]) if with_delta_e else nan,
            *(median(step) for step in zip(*times[peer.name], strict=True)),
        )
        for peer in chosen
    ]


def mean_squared_error(image: NDArray[np.uint8], redrawn: NDArray[np.uint8]) -> float:
    """Return the mean over pixels of the squared error, summed over channels."""
    if image.shape != redrawn.shape or redrawn.dtype != np.uint8:
        raise ValueError(f"a picture came back as {redrawn.dtype} {redrawn.shape}.")
    difference = image.astype(np.int32) - redrawn
    return float((difference**2).sum(axis=-1).mean())


def mean_delta_e(image: NDArray[np.uint8], redrawn: NDArray[np.uint8]) -> float:
    """Return the mean ΔE2000."""
    from napari_colorquant import measure_quality

    return float(measure_quality(image, redrawn, delta_e=True).delta_e)


def peak_of(name: str, path: Path, n_colors: int) -> int | None:
    """Return the peak memory of a peer; to be called in a fresh process."""
    peer = next(p for p in _all_peers() if p.name == name)
    image = np.load(path)
    peer.run(pictures.thumbnail(image), 4)
    _, peak = machine.peak_memory(lambda: peer.run(image, n_colors))
    return peak


def measure_memory(
    image: NDArray[np.uint8], chosen: Sequence[Peer], colors: Iterable[int]
) -> dict[tuple[str, int], int | None]:
    """Measure the peak memory of every peer, each in a fresh process."""
    peaks = {}
    with pictures.in_file(image) as path:
        for n_colors in colors:
            machine.note(f"memory, K={n_colors}")
            for peer in chosen:
                if peer.command:
                    peak = machine.peak_memory_of_command(
                        peer.command(n_colors), peers.ppm(image)
                    )
                else:
                    peak = machine.in_fresh_process(peak_of, peer.name, path, n_colors)
                peaks[peer.name, n_colors] = peak
    return peaks


def summarize(
    figures: Iterable[Figures], peaks: Mapping[tuple[str, int], int | None]
) -> list[Summary]:
    """Take the means over the pictures, and the ratios to the example."""
    groups = defaultdict(list)
    for one in figures:
        groups[one.peer, one.n_colors].append(one)
    return [
        _summary(
            group, groups[peers.EXAMPLE.name, n_colors], peaks.get((name, n_colors))
        )
        for (name, n_colors), group in groups.items()
    ]


def _summary(
    group: Sequence[Figures], example: Sequence[Figures], peak: int | None
) -> Summary:
    pairs = list(zip(group, example, strict=True))
    return Summary(
        group[0].peer,
        group[0].n_colors,
        mse=fmean(one.mse for one in group),
        delta_e=fmean(one.delta_e for one in group),
        seconds=geometric_mean(one.seconds for one in group),
        learn=geometric_mean(one.learn for one in group),
        assign=geometric_mean(one.assign for one in group),
        time_ratio=geometric_mean(one.seconds / base.seconds for one, base in pairs),
        error_ratio=geometric_mean(one.mse / base.mse for one, base in pairs),
        peak=peak,
    )


def print_tables(
    summaries: Sequence[Summary], colors: Iterable[int], absent: Sequence[Peer]
) -> None:
    """Print a table for each K, this project first, then by error."""
    names = ["", "MSE", "ΔE2000", "ms", "learn", "assign", "MB", "error", "time"]
    print("The last two columns are ratios to the scikit-learn example.\n")
    for n_colors in colors:
        chosen = [one for one in summaries if one.n_colors == n_colors]
        chosen.sort(key=lambda one: (not _is_ours(one), one.mse))
        rows = [_cells(one) for one in chosen]
        rows += [[p.name, "not installed", *[report.ABSENT] * 7] for p in absent]
        print(f"### K = {n_colors}\n\n{report.table(names, rows)}\n")


def _cells(one: Summary) -> list[str]:
    name = f"**{one.peer}**" if _is_ours(one) else one.peer
    return [
        name,
        report.figure(one.mse, ".2f"),
        report.figure(one.delta_e, ".2f"),
        report.figure(one.seconds, ".1f", 1e3),
        report.figure(one.learn, ".1f", 1e3),
        report.figure(one.assign, ".1f", 1e3),
        report.figure(one.peak, ".0f", 1 / machine.MEBIBYTE),
        report.figure(one.error_ratio, ".3f"),
        report.figure(one.time_ratio, ".2f"),
    ]


def _is_ours(one: Summary) -> bool:
    return one.peer.startswith(peers.OURS.name)


def print_targets(summaries: Sequence[Summary], colors: Sequence[int]) -> None:
    """Print the ratios that this project is to reach."""
    ours = {one.n_colors: one for one in summaries if one.peer == peers.OURS.name}
    print("### Against the scikit-learn example\n")
    for n_colors in colors:
        ratio = ours[n_colors].time_ratio
        print(report.at_most(f"time, K={n_colors}", ratio, TIME_RATIO))
    for n_colors in colors:
        if n_colors in ERROR_RATIOS:
            ratio, limit = ours[n_colors].error_ratio, ERROR_RATIOS[n_colors]
            print(report.at_most(f"error, K={n_colors}", ratio, limit))
    print("\n### Mean error against the best peer\n")
    for n_colors in colors:
        theirs = [one for one in summaries if one.n_colors == n_colors]
        best = min((o for o in theirs if not _is_ours(o)), key=lambda o: o.mse)
        what = f"MSE / that of {best.peer}, K={n_colors}"
        print(report.below(what, ours[n_colors].mse / best.mse, 1.0))


def _all_peers() -> tuple[Peer, ...]:
    return (peers.OURS, *peers.VARIANTS, *peers.PEERS)


def _chosen(options: argparse.Namespace) -> tuple[list[Peer], list[Peer]]:
    """Return the peers to run, and those that are not installed."""
    always = (peers.OURS, peers.EXAMPLE)
    variants = peers.VARIANTS if options.variants else ()
    wanted = [p for p in peers.PEERS if options.slow or not p.slow]
    if options.peers:
        words = [word.lower() for word in options.peers]
        wanted = [p for p in wanted if any(word in p.name.lower() for word in words)]
    wanted = [*always, *variants, *(p for p in wanted if p not in always)]
    present = [p for p in wanted if p.is_installed]
    return present, [p for p in wanted if not p.is_installed]


def _warmed_up(chosen: Sequence[Peer], image: NDArray[np.uint8]) -> list[Peer]:
    """Load and compile everything; leave out the variants that there are not."""
    warm = []
    for peer in chosen:
        try:
            peer.run(pictures.thumbnail(image), 4)
        except (TypeError, ValueError) as error:
            if peer not in peers.VARIANTS:
                raise
            machine.note(f"{peer.name} is left out: {error}")
        else:
            warm.append(peer)
    return warm


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--images", type=Path, metavar="FOLDER", help="instead of china and flower")
    add("--megapixels", type=float, metavar="M", help="instead, china.jpg with noise")
    add(
        "--sides",
        type=int,
        nargs="+",
        metavar="N",
        help="of squares to cut out instead",
    )
    add("--colors", type=int, nargs="+", default=[4, 16, 64, 256], metavar="K")
    add("--repeats", type=int, default=5)
    add(
        "--peers", nargs="+", metavar="WORD", help="only those that have it in the name"
    )
    add("--slow", action="store_true", help="also what takes seconds a picture")
    add("--variants", action="store_true", help="also this project with other options")
    add("--delta-e", action="store_true", help="also the mean ΔE2000")
    add("--no-memory", action="store_true", help="leave out the peak memory")
    add("--plot", type=Path, metavar="PNG", help="draw error against time")
    add("--save", type=Path, metavar="JSON", help="the figures, for frontier.py")
    return parser.parse_args()


def _images(options: argparse.Namespace) -> dict[str, NDArray[np.uint8]]:
    """Return the pictures to run on, or squares cut out of them."""
    if options.megapixels:
        images = {"china.jpg with noise": pictures.noisy(options.megapixels)}
    elif options.images:
        images = pictures.in_folder(options.images)
    else:
        images = pictures.bundled()
    if not options.sides:
        return images
    return {
        f"{name}, {side}": np.ascontiguousarray(image[:side, :side])
        for name, image in images.items()
        for side in options.sides
    }


def main() -> None:
    """Measure, and print tables and targets."""
    options = _options()
    quiet = machine.Quiet()
    images = _images(options)
    first = next(iter(images.values()))
    present, absent = _chosen(options)
    present = _warmed_up(present, first)
    figures = measure(images, present, options.colors, options.repeats, options.delta_e)
    peaks = {}
    if not options.no_memory:
        peaks = measure_memory(first, present, options.colors)
    summaries = summarize(figures, peaks)

    print(machine.describe(peers.DISTRIBUTIONS, peers.imagemagick_version()))
    sizes = sorted(
        {f"{image.shape[1]} x {image.shape[0]}" for image in images.values()}
    )
    print(f"{len(images)} pictures of {', '.join(sizes)}, {options.repeats} repeats\n")
    print_tables(summaries, options.colors, absent)
    print_targets(summaries, options.colors)
    print(f"\n{quiet}")
    if options.save:
        plain = [asdict(one) for one in summaries]
        options.save.write_text(json.dumps(plain, indent=1) + "\n")
    if options.plot:
        import frontier

        frontier.draw([asdict(one) for one in summaries], options.plot)


if __name__ == "__main__":
    main()
