"""Follow cells through a movie that bleaches, by one palette or one a frame.

python docs/examples/timelapse.py [--output FOLDER]

Prints the tables of docs/timelapse.md and draws its picture, timelapse.png.
"""

from __future__ import annotations

import numpy as np
from drawing import Panel, draw_chart, draw_row
from output import picture_path, save_picture
from scipy.ndimage import gaussian_filter

from napari_colorquant import apply_palette, quantize, quantize_slices

N_FRAMES, SIZE, N_CELLS = 24, 256, 60
OFFSET = 100
"""What the camera counts in the dark."""
BACKGROUND, RESTING, RESPONDING = 1, 2, 3
"""Labels, from dark to light, as palettes are sorted."""
COLORS = ((0, 0, 0), (40, 40, 48), (80, 140, 220), (240, 180, 50))
TOLD = (0, 6, 12, 18, 23)
"""Frames in the table."""


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)

    movie, truth = make_movie(N_CELLS)
    own = quantize_slices(movie, 3, slice_axis=0, channel_axis=None)
    of_first = quantize(movie[0], 3, channel_axis=None).palette
    ways = {
        "one palette": quantize(movie, 3, channel_axis=None).labels,
        "that of frame 0": apply_palette(movie, of_first, channel_axis=None).labels,
        "one, evened": quantize(evened(movie), 3, channel_axis=None).labels,
        "one a frame": own.labels,
    }

    tell_palettes(own.palettes)
    tell_areas(truth, ways)
    tell_right(truth, ways)
    tell_control()

    save_picture(draw(movie, truth, ways), path)


def make_movie(n_responding, seed=0):
    """Make a movie of drifting cells that respond one after another, and bleach.

    A cell that responds becomes 2.2 times as bright and stays so; resting ones differ
    by up to 15%. Light falls to 40% from the first frame to the last, of cells and
    background alike. What leaves the field comes back on its other side.

    Parameters
    ----------
    n_responding : int
        How many of the cells respond, a few of them before the first frame and a third
        of them not before the end.
    seed : int
        Of the random numbers.

    Returns
    -------
    movie : ndarray of uint16, shape (24, 256, 256)
        What a camera counts, with shot and read noise.
    truth : ndarray of uint8, shape (24, 256, 256)
        What each pixel is: ``BACKGROUND``, ``RESTING`` or ``RESPONDING``.
    """
    random = np.random.default_rng(seed)
    rows, columns = np.ogrid[:SIZE, :SIZE]
    places = random.uniform(0, SIZE, (N_CELLS, 2))
    radii = random.uniform(9, 12, N_CELLS)
    rest = random.uniform(0.85, 1.15, N_CELLS)
    starts = random.permutation(np.linspace(-4, 1.6 * N_FRAMES, N_CELLS))
    starts[n_responding:] = N_FRAMES
    movie = np.empty((N_FRAMES, SIZE, SIZE), np.uint16)
    truth = np.full(movie.shape, BACKGROUND, np.uint8)
    for frame in range(N_FRAMES):
        signal = np.zeros((SIZE, SIZE))
        for cell, (row, column) in enumerate(places):
            down = (rows - row + SIZE / 2) % SIZE - SIZE / 2
            aside = (columns - column + SIZE / 2) % SIZE - SIZE / 2
            inside = down**2 + aside**2 < radii[cell] ** 2
            responds = frame >= starts[cell]
            truth[frame][inside] = RESPONDING if responds else RESTING
            signal[inside] = rest[cell] * (2.2 if responds else 1)
        light = 0.4 ** (frame / (N_FRAMES - 1))
        photons = light * (400 * gaussian_filter(signal, 1, mode="wrap") + 60)
        noisy = random.poisson(photons) + random.normal(OFFSET, 5, photons.shape)
        movie[frame] = noisy.round().clip(0)
        places += random.normal(0, 1, places.shape)
    return movie, truth


def evened(movie):
    """Scale the frames until their means are that of the first one."""
    light = movie - float(OFFSET)
    means = light.mean(axis=(1, 2), keepdims=True)
    return light * (means[0] / means)


def tell_palettes(palettes):
    """Print the entries of the first and the last frame."""
    print("counts at label       1      2      3")
    for frame in (0, -1):
        values = "".join(f"{color:7.0f}" for (color,) in palettes[frame].colors)
        print(f"frame {frame % N_FRAMES:<10}{values}")


def tell_areas(truth, ways):
    """Print how much of the field responds in some frames."""
    print("\nresponding       " + "".join(f"{frame:7}" for frame in TOLD))
    for name, labels in {"truth": truth, **ways}.items():
        areas = (labels[[*TOLD]] == RESPONDING).mean(axis=(1, 2))
        print(f"{name:<17}" + "".join(f"{area:7.1%}" for area in areas))


def tell_right(truth, ways):
    """Print how many of the pixels have the right label in some frames."""
    print("\npixels right     " + "".join(f"{frame:7}" for frame in TOLD))
    for name, labels in ways.items():
        parts = (labels == truth)[[*TOLD]].mean(axis=(1, 2))
        print(f"{name:<17}" + "".join(f"{part:7.1%}" for part in parts))


def tell_control():
    """Print what is found in a movie in which nothing responds."""
    movie, _ = make_movie(n_responding=0)
    own = quantize_slices(movie, 3, slice_axis=0, channel_axis=None)
    areas = (own.labels == RESPONDING).mean(axis=(1, 2))
    print("\ncontrol: nothing responds")
    tell_palettes(own.palettes)
    print(f"area at label 3: {areas.min():.1%} to {areas.max():.1%}")


def draw(movie, truth, ways):
    """Draw the first and the last frame, their labels, and the areas of all frames."""
    paints = np.array(COLORS, np.uint8)
    gap = np.full((8, SIZE, 3), 255, np.uint8)

    def first_and_last(frames):
        return np.concatenate([frames[0], gap, frames[-1]])

    grey = (movie - float(OFFSET)).clip(0) / (np.quantile(movie, 0.999) - OFFSET)
    shown = (255 * grey.clip(0, 1) ** 0.7).round().astype(np.uint8)
    one, own = (ways[name] for name in ("one palette", "one a frame"))
    told = (
        ("truth", truth, (0, 0, 0), False),
        ("one palette", one, (200, 40, 40), False),
        ("one a frame", own, COLORS[RESPONDING], True),
    )
    areas = [
        ((labels == RESPONDING).mean(axis=(1, 2)) * 100, color, dashed)
        for _, labels, color, dashed in told
    ]
    rows = [np.repeat(frame[..., np.newaxis], 3, axis=-1) for frame in shown]
    chart = draw_chart((2 * SIZE + 8, 620), areas, 20, "%")
    return draw_row(
        [
            Panel("Movie", "frames 0 and 23", first_and_last(rows)),
            Panel("One palette", "labels", first_and_last(paints[one])),
            Panel("One a frame", "labels", first_and_last(paints[own])),
            Panel(
                "Area that responds",
                "of the field",
                chart,
                {name: color for name, _, color, _ in told},
            ),
        ]
    )


if __name__ == "__main__":
    main()
