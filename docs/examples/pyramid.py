"""Measure a stain all over a slide that is a pyramid on disk, on a local cluster.

python docs/examples/pyramid.py [--output FOLDER]

Prints the tables of docs/pyramid.md and draws its picture, pyramid.png. The slide and
its labels, some 100 MB, are in a temporary folder while it runs.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import dask.array as da
import numpy as np
import zarr
from dask.distributed import Client, LocalCluster
from drawing import Panel, draw_row
from output import picture_path, save_picture
from skimage.color import hed2rgb, rgb2hed
from skimage.data import immunohistochemistry
from stains import name_stains

from napari_colorquant import apply_palette, count_all, quantize, save_ome_zarr

FIELD = 512
"""Rows and columns of a field of view, and of a block on disk."""
N_FIELDS = 9
"""Fields along each side of the slide."""
N_LEVELS = 5
DAB = np.linspace(0, 1, N_FIELDS)
"""How much of its DAB each column of fields keeps, from left to right."""
N_COLORS = 8
MOST = 0.7
"""Part of a field that is drawn in the strongest brown."""


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)
    with (
        TemporaryDirectory() as folder,
        # Two processes; a cluster of many machines is a Client of its address.
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs="ERROR",
        ) as cluster,
        Client(cluster),
    ):
        measure(Path(folder), path)


def measure(folder, path):
    """Quantize the slide on the cluster that there is a client of."""
    write_slide(folder / "slide.zarr")
    levels = open_levels(folder / "slide.zarr")
    q = quantize(levels[0], N_COLORS, channel_axis=0)  # reads some of the blocks
    exact = count_all(q)  # reads all
    is_dab = np.insert(name_stains(q.palette) == "DAB", 0, False)  # by label

    tell_palette(q, exact)
    coarser = [apply_palette(one, q.palette, channel_axis=0) for one in levels[1:]]
    tell_levels([exact, *map(count_all, coarser)], is_dab)
    areas = areas_of_fields(q.labels, is_dab)
    tell_fields(areas)

    save_ome_zarr(folder / "result.zarr", exact, channel_axis=0)
    saved = open_levels(folder / "result.zarr" / "labels" / "palette")
    same = bool((saved[0] == q.labels).all())
    shapes = ", ".join(" x ".join(map(str, level.shape)) for level in saved)
    print(f"\nsaved labels: {shapes}; as computed: {same}")

    save_picture(draw(levels, q, areas), path)


def write_slide(path):
    """Write a slide as OME-Zarr: fields of a section, with less and less DAB.

    Each field is the section of scikit-image, turned by a random number of right angles
    and up to 6% darker; from right to left its brown stain fades. Each level has the
    means of 2 x 2 pixels of the one before.

    Parameters
    ----------
    path : pathlib.Path
        The folder to make, with the arrays ``"0"`` to ``"4"``: uint8, channels first.
    """
    picture = immunohistochemistry()
    stains = rgb2hed(picture)
    columns = [np.rint(255 * hed2rgb(stains * (1, 1, part))) for part in DAB]
    random = np.random.default_rng(0)
    group = zarr.create_group(path)
    arrays = []
    for level in range(N_LEVELS):
        side = N_FIELDS * FIELD >> level
        block = (3, min(FIELD, side), min(FIELD, side))
        arrays.append(
            group.create_array(
                str(level), shape=(3, side, side), chunks=block, dtype="uint8"
            )
        )
    for column in range(N_FIELDS):
        # The rows of a column at once, as blocks of all levels are then whole.
        fields = [
            np.rot90(columns[column], random.integers(4)) * random.uniform(0.94, 1)
            for _ in range(N_FIELDS)
        ]
        strip = np.moveaxis(np.concatenate(fields), -1, 0)
        for level, array in enumerate(arrays):
            size = FIELD >> level
            array[:, :, column * size : (column + 1) * size] = np.rint(strip)
            halves = strip.reshape(3, strip.shape[1] // 2, 2, size // 2, 2)
            strip = halves.mean(axis=(2, 4))
    group.attrs["ome"] = {"version": "0.5", "multiscales": [describe_levels()]}


def describe_levels():
    """Return the metadata of the slide's levels, after OME-NGFF 0.5."""
    kinds = {"c": "channel", "y": "space", "x": "space"}
    datasets = []
    for level in range(N_LEVELS):
        step = 2.0**level
        middle = (step - 1) / 2  # of the pixels that make the first one
        transforms = [
            {"type": "scale", "scale": [1.0, step, step]},
            {"type": "translation", "translation": [0.0, middle, middle]},
        ]
        datasets.append({"path": str(level), "coordinateTransformations": transforms})
    axes = [{"name": name, "type": kind} for name, kind in kinds.items()]
    return {"name": "slide", "axes": axes, "datasets": datasets}


def open_levels(path):
    """Open the levels of an OME-Zarr, without reading a pixel."""
    (image,) = zarr.open_group(path, mode="r").attrs["ome"]["multiscales"]
    return [da.from_zarr(path / dataset["path"]) for dataset in image["datasets"]]


def areas_of_fields(labels, is_dab):
    """Return how much of each field is DAB, on the cluster, block by block."""
    masks = labels.map_blocks(lambda block: is_dab[block], dtype=bool)
    means = da.coarsen(np.mean, masks, {0: FIELD, 1: FIELD})
    return means.compute()


def tell_palette(q, exact):
    """Print each entry, its area as estimated and as counted, and its stain."""
    report = q.report
    print(f"{report.n_blocks_read} of {report.n_blocks} blocks read to learn from")
    print(f"{exact.report.n_pixels:,} pixels counted")
    print("entry    estimate  counted  stain")
    parts = [one.palette.counts / one.palette.counts.sum() for one in (q, exact)]
    colors = q.palette.drawn("uint8")
    rows = zip(colors, *parts, name_stains(q.palette), strict=True)
    for color, estimate, counted, stain in rows:
        print(f"#{bytes(color).hex()} {estimate:8.1%} {counted:8.1%}  {stain}")


def tell_levels(results, is_dab):
    """Print how much DAB the levels of the slide have, in the same palette."""
    print("\nlevel     pixels    DAB")
    for number, q in enumerate(results):
        counts = q.palette.counts
        part = counts[is_dab[1:]].sum() / counts.sum()
        print(f"{number:5} {counts.sum():10,} {part:6.2%}")


def tell_fields(areas):
    """Print the means of the columns of fields."""
    print("\nDAB kept " + "".join(f"{part:7.1%}" for part in DAB))
    print("DAB area " + "".join(f"{area:7.1%}" for area in areas.mean(axis=0)))


def draw(levels, q, areas):
    """Draw the slide, a map of it, and a corner of its largest level."""
    small = np.moveaxis(levels[-1].compute(), 0, -1)
    size = len(small)
    strength = np.clip(areas / MOST, 0, 1)[..., np.newaxis]
    pale, brown = (238, 234, 228), (110, 60, 20)
    browns = (1 - strength) * pale + strength * brown
    step = size // N_FIELDS
    chart = np.kron(browns.round().astype(np.uint8), np.ones((step, step, 1), np.uint8))
    place = np.s_[:, FIELD : FIELD + size, 6 * FIELD : 6 * FIELD + size]
    detail, redrawn = (
        np.moveaxis(one[place].compute(), 0, -1) for one in (levels[0], q.image)
    )
    legend = {"0%": pale, f"{MOST:.0%} of the field": brown}
    return draw_row(
        [
            Panel("Slide", f"level {len(levels) - 1}", small),
            Panel("DAB area", "of each field", chart, legend),
            Panel("Detail", "level 0", detail),
            Panel(f"{N_COLORS} entries", "level 0", redrawn),
        ]
    )


if __name__ == "__main__":
    main()
