"""Sort nuclei into classes by three fluorescence channels, one layer a channel.

python docs/examples/fluorescence.py [--output FOLDER]

Prints the tables of docs/fluorescence.md and draws its picture, fluorescence.png.
"""

from __future__ import annotations

import numpy as np
from drawing import Panel, draw_row
from napari.layers import Image
from output import picture_path, save_picture
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.feature import peak_local_max
from skimage.filters import threshold_otsu
from skimage.measure import label
from skimage.segmentation import watershed

from napari_colorquant import quantize_layers

SIZE = 512
CHANNELS = {"DNA": "blue", "Cdt1": "red", "geminin": "green"}
CLASSES = ("neither", "Cdt1", "geminin", "both")
COLORS = ((90, 130, 255), (230, 60, 50), (60, 190, 70), (240, 200, 40))
SHARES = (0.1, 0.45, 0.3, 0.15)
"""How many of the nuclei are of each class."""
N_COLORS = 8
SHOWN = 440
"""Rows and columns of the picture."""
LEAST_AREA = 40
"""What is smaller is no nucleus."""
N_SPARSE = 40
"""Nuclei of the culture that is nearly all background."""
NEAR = 6
"""Pixels around a nucleus in which blur may be seen."""


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)

    channels, nuclei, truth = make_cells()
    layers = make_layers(np.log2(channels))
    picture, labels = quantize_layers(layers, N_COLORS)
    of_entries = read_classes(labels.features)
    classes = np.insert(of_entries, 0, 0)[labels.data]  # of each pixel
    found, of_found = sort_nuclei(classes)

    tell_palette(labels.features, of_entries)
    tell_nuclei(nuclei, truth, found, of_found)
    tell_sizes(channels, nuclei, truth)
    tell_backgrounds()

    paints = np.array([(0, 0, 0), *COLORS], np.uint8)
    outcome = paints[np.insert(of_found, 0, 0)[found]]
    n_right = right(nuclei, truth, found, of_found).sum()
    corner = np.s_[:SHOWN, :SHOWN]
    figure = draw_row(
        [
            Panel("Three channels", "DNA, Cdt1, geminin", blend(channels)[corner]),
            Panel(
                f"{N_COLORS} entries", "as the viewer shows them", picture.data[corner]
            ),
            Panel(
                "Classes of nuclei",
                f"{n_right} of {len(truth)} right",
                outcome[corner],
                dict(zip(CLASSES, COLORS, strict=True)),
            ),
        ],
    )
    save_picture(figure, path)


def make_cells(seed=0, n_nuclei=200):
    """Make three channels of a FUCCI culture, the nuclei in them, and their classes.

    Cdt1 is there before DNA is copied, geminin after, both of them for a while as
    copying begins, and neither right after division. Nuclei are ellipses of uneven
    stain, as bright as a log-normal distribution says; a tenth of a marker is there
    where it should not be. Optics blur, the background is uneven, and a camera of 12
    bits adds its offset, shot and read noise.

    Returns
    -------
    channels : ndarray of uint16, shape (3, 512, 512)
        DNA, Cdt1 and geminin.
    nuclei : ndarray of int64, shape (512, 512)
        The number of the nucleus, from 1; 0 is none.
    classes : ndarray of int64, shape (n,)
        What each nucleus is: 1 + its place in ``CLASSES``.
    """
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    nuclei = np.zeros((SIZE, SIZE), np.int64)
    centres = []
    while len(centres) < n_nuclei:
        centre = random.uniform(12, SIZE - 12, 2)
        if all(np.hypot(*(centre - other)) > 20 for other in centres):
            centres.append(centre)
    for number, (row, column) in enumerate(centres, 1):
        turn, long, short = random.uniform((0, 9, 7), (np.pi, 12, 9))
        along = (rows - row) * np.cos(turn) + (columns - column) * np.sin(turn)
        across = (columns - column) * np.cos(turn) - (rows - row) * np.sin(turn)
        inside = (along / long) ** 2 + (across / short) ** 2 < 1
        nuclei[inside & (nuclei == 0)] = number
    classes = 1 + random.choice(4, len(centres), p=SHARES)

    bright = np.exp(random.normal(0, 0.4, (3, len(centres))))
    bright[1] *= np.where(np.isin(classes, (2, 4)), 1, 0.1)
    bright[2] *= np.where(np.isin(classes, (3, 4)), 1, 0.1)
    texture = gaussian_filter(random.normal(size=(SIZE, SIZE)), 2)
    texture = 1 + 0.15 * texture / texture.std()
    uneven = 1 + 0.3 * np.cos(np.pi * (rows / SIZE - 0.4))
    channels = []
    for level, signal, blank in zip(
        bright, (1500, 900, 700), (60, 90, 120), strict=True
    ):
        inside = np.insert(level, 0, 0)[nuclei] * texture
        photons = gaussian_filter(signal * inside, 1.3) + blank * uneven
        noisy = random.poisson(photons) + random.normal(100, 8, photons.shape)
        channels.append(np.clip(noisy.round(), 0, 4095).astype(np.uint16))
    return np.stack(channels), nuclei, classes


def make_layers(channels):
    """Put the channels into layers, as napari opens a file of several channels."""
    return [
        Image(channel, name=name, colormap=colormap, blending="additive")
        for channel, (name, colormap) in zip(channels, CHANNELS.items(), strict=True)
    ]


def read_classes(logs):
    """Read off what each entry is: 0 for no nucleus, or 1 + its place in CLASSES.

    A channel is on in an entry that is above the middle of what the palette has of it.

    Parameters
    ----------
    logs : table of float
        The palette: one row an entry, and the log2 of its counts in each channel.
    """
    values = logs[list(CHANNELS)].to_numpy()
    dna, cdt1, geminin = (values > (values.min(axis=0) + values.max(axis=0)) / 2).T
    return np.where(dna, 1 + cdt1 + 2 * geminin, 0)


def sort_nuclei(classes):
    """Part the nuclei, and give each one the class that most of its pixels have.

    Parameters
    ----------
    classes : ndarray of int64, shape (y, x)
        Of each pixel; 0 is no nucleus.

    Returns
    -------
    nuclei : ndarray of int64, shape (y, x)
        Numbered from 1: connected pixels, parted at their waists by a watershed.
    classes : ndarray of int64, shape (n,)
        Of each nucleus.
    """
    inside = classes > 0
    depth = gaussian_filter(distance_transform_edt(inside), 1)
    seeds = np.zeros(classes.shape, np.int64)
    peaks = peak_local_max(depth, min_distance=5, labels=label(inside))
    seeds[tuple(peaks.T)] = 1 + np.arange(len(peaks))
    pieces = watershed(-depth, seeds, mask=inside)
    large = np.flatnonzero(np.bincount(pieces[inside]) >= LEAST_AREA)
    numbers = np.zeros(len(peaks) + 1, np.int64)
    numbers[large] = 1 + np.arange(len(large))
    nuclei = numbers[pieces]
    counts = np.zeros((len(large) + 1, len(CLASSES) + 1), np.int64)
    np.add.at(counts, (nuclei, classes), 1)
    return nuclei, 1 + counts[1:, 1:].argmax(axis=1)


def partners(nuclei, found):
    """Return the number of the nucleus found in each one's place, 0 where none is.

    Two are partners if each has more pixels of the other than of any other.
    """
    counts = np.zeros((nuclei.max() + 1, found.max() + 1), np.int64)
    np.add.at(counts, (nuclei, found), 1)
    counts = counts[1:, 1:]
    partner, back = counts.argmax(axis=1), counts.argmax(axis=0)
    mutual = (back[partner] == np.arange(len(partner))) & (counts.max(axis=1) > 0)
    return np.where(mutual, 1 + partner, 0)


def right(nuclei, truth, found, classes):
    """Say of each nucleus whether it was found, and sorted into its class."""
    return np.insert(classes, 0, 0)[partners(nuclei, found)] == truth


def tell_palette(table, classes):
    """Print each entry: its colour, channels, area and class."""
    print("entry      DNA  Cdt1  geminin   area  class")
    for row, number in zip(table.itertuples(), classes, strict=True):
        name = CLASSES[number - 1] if number else "-"
        values = f"{row.DNA:6.2f}{row.Cdt1:6.2f}{row.geminin:9.2f}"
        print(f"{row.hex} {values} {row.percent:5.1f}%  {name}")


def tell_nuclei(nuclei, truth, found, classes):
    """Print how many nuclei of each class there are, were found, and are right."""
    are_right = right(nuclei, truth, found, classes)
    print("\nclass    there  found  right")
    for number, name in enumerate(CLASSES, 1):
        n_right = are_right[truth == number].sum()
        there, n_found = (truth == number).sum(), (classes == number).sum()
        print(f"{name:<8}{there:6}{n_found:7}{n_right:7}")
    print(f"{'all':<8}{len(truth):6}{len(classes):7}{are_right.sum():7}")


def tell_sizes(channels, nuclei, truth):
    """Print how many nuclei are right with other palettes, and without one."""
    print("\n  K  counts  log2 of counts")
    for n_colors in (4, 5, 6, 8, 12):
        cells = []
        for values, as_logs in ((channels, np.log2), (np.log2(channels), np.asarray)):
            _, labels = quantize_layers(make_layers(values), n_colors)
            table = labels.features[list(CHANNELS)].apply(as_logs)
            classes = np.insert(read_classes(table), 0, 0)[labels.data]
            cells.append(right(nuclei, truth, *sort_nuclei(classes)).sum())
        print(f"{n_colors:3}{cells[0]:8}{cells[1]:16}")
    cells = []
    for values in (channels, np.log2(channels)):
        dna, cdt1, geminin = (channel > threshold_otsu(channel) for channel in values)
        classes = np.where(dna, 1 + cdt1 + 2 * geminin, 0)
        cells.append(right(nuclei, truth, *sort_nuclei(classes)).sum())
    print(f"Otsu{cells[0]:7}{cells[1]:16}")


def tell_backgrounds():
    """Print what becomes of the background of few nuclei, by the limit it has."""
    channels, nuclei, truth = make_cells(n_nuclei=N_SPARSE)
    away = distance_transform_edt(nuclei == 0)
    background, inside = away > NEAR, nuclei > 0
    row, column = np.unravel_index(away.argmax(), away.shape)
    empty = np.zeros(nuclei.shape, bool)  # a box that one would draw
    empty[max(0, row - 30) : row + 30, max(0, column - 30) : column + 30] = True
    print("\nbackground  limits in log2    entries  Dice  right")
    for name, limit in (("none", None), ("region", empty), ("otsu", "otsu")):
        layers = make_layers(np.log2(channels))
        _, labels = quantize_layers(layers, N_COLORS, background=limit)
        counts = np.bincount(labels.data[background])
        cells = labels.data != counts.argmax()
        dice = 2 * (cells & inside).sum() / (cells.sum() + inside.sum())
        classes = np.insert(read_classes(labels.features), 0, 0)[labels.data]
        n_right = right(nuclei, truth, *sort_nuclei(classes)).sum()
        palette = labels.metadata["napari-colorquant"]["palette"]
        limits = " ".join(f"{one:.2f}" for one in palette.get("background", ()))
        n_entries = (counts > background.sum() / 1000).sum()
        print(f"{name:<12}{limits or '-':<17}{n_entries:8}{dice:6.2f}{n_right:7}")


def blend(channels):
    """Show DNA in blue, Cdt1 in red and geminin in green, all as bright."""
    low = channels.min(axis=(1, 2), keepdims=True)
    high = np.quantile(channels, 0.995, axis=(1, 2), keepdims=True)
    blue, red, green = np.clip((channels - low) / (high - low), 0, 1)
    return (255 * np.stack([red, green, blue], axis=-1)).round().astype(np.uint8)


if __name__ == "__main__":
    main()
