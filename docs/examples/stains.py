"""Measure stained areas of a tissue section in RGB, CIELAB and stain space.

python docs/examples/stains.py [--output FOLDER]

Prints the tables of docs/stains.md and draws its picture, stains.png.
"""

from __future__ import annotations

import numpy as np
from output import picture_path, save_picture
from PIL import Image, ImageDraw, ImageFont
from skimage.color import rgb2hed
from skimage.data import immunohistochemistry
from skimage.filters import threshold_otsu

from napari_colorquant import quantize

SPACES = {"rgb": "RGB", "lab": "CIELAB", "hed": "Stain space"}
N_COLORS = 5
FAINT = 0.02
"""What has less of every stain, in scikit-image's units, is background."""


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)

    picture = immunohistochemistry()
    areas = find_areas(picture)
    runs = {
        space: quantize(picture, n_colors=N_COLORS, color_space=space)
        for space in SPACES
    }
    tell_palettes(runs, areas)
    tell_agreement(picture, areas)

    save_picture(draw(picture, runs, areas), path)


def find_areas(picture):
    """Find the two stains without a palette, each by a rule of one line."""
    brown = rgb2hed(picture)[..., 2]
    blue_over_red = picture[..., 2].astype(int) - picture[..., 0]
    return {
        "brown": brown > threshold_otsu(brown),
        "blue": blue_over_red > 10,
    }


def name_stains(palette):
    """Read off the stain that an entry has most of."""
    amounts = rgb2hed(palette.colors[np.newaxis] / 255)[0]
    names = np.array(["haematoxylin", "eosin", "DAB"])[amounts.argmax(axis=1)]
    return np.where(amounts.max(axis=1) < FAINT, "background", names)


def shares(q, area):
    """Return how much of each entry lies in an area, 0 to 1."""
    in_area = np.bincount(q.labels[area], minlength=len(q.palette) + 1)[1:]
    return in_area / q.palette.counts


def agreement(q, area):
    """Return how well the entries that fit an area best agree with it.

    The Dice coefficient: 1 where the two are the same, 0 where they share no pixel.
    """
    counts, parts = q.palette.counts, shares(q, area)
    order = np.argsort(-parts)  # the first ones are always the best to take
    both = np.cumsum((counts * parts)[order])
    return (2 * both / (np.cumsum(counts[order]) + area.sum())).max()


def tell_palettes(runs, areas):
    """Print each entry, its area, how much of it is which stain, and its name."""
    report = next(iter(runs.values())).report
    print(f"{report.colors_before} colors in {report.n_pixels:,} pixels")
    for name, area in areas.items():
        print(f"{name:<5} {area.mean():6.1%} of the picture")
    for space, q in runs.items():
        print(f"\n{space}: {len(q.palette)} colors, MSE {q.report.mse:.0f}")
        print("entry     area  brown   blue  stain")
        rows = zip(
            q.palette.drawn("uint8"),
            q.palette.counts / q.palette.counts.sum(),
            shares(q, areas["brown"]),
            shares(q, areas["blue"]),
            name_stains(q.palette),
            strict=True,
        )
        for color, area, brown, blue, name in rows:
            print(f"#{bytes(color).hex()} {area:6.1%} {brown:6.1%} {blue:6.1%}  {name}")


def tell_agreement(picture, areas):
    """Print how well palettes of other sizes find the two stains."""
    print("\n      brown             blue")
    print("  K   rgb   lab   hed   rgb   lab   hed")
    for n_colors in range(2, 9):
        runs = [quantize(picture, n_colors, color_space=space) for space in SPACES]
        cells = [f"{agreement(q, area):.2f}" for area in areas.values() for q in runs]
        print(f"{n_colors:3}", *cells, sep="  ")


def draw(picture, runs, areas):
    """Draw the pictures in a row, each under its title and over its palette."""
    size, margin, top, bottom, gap = 512, 28, 104, 140, 8
    large, small = (ImageFont.load_default(points) for points in (38, 28))
    width = (1 + len(runs)) * (size + margin) + margin
    figure = Image.new("RGB", (width, top + size + bottom), "white")
    pen = ImageDraw.Draw(figure)

    def show(place, title, detail, image):
        left = margin + place * (size + margin)
        pen.text((left, 46), title, "#111111", large, anchor="ls")
        pen.text((left, 88), detail, "#555555", small, anchor="ls")
        figure.paste(Image.fromarray(image), (left, top))
        return left

    n_distinct = next(iter(runs.values())).report.colors_before
    left = show(0, "Original", f"{n_distinct} colors", picture)
    for line, (name, area) in enumerate(areas.items()):
        place = (left, top + size + 44 + 44 * line)
        stain = {"brown": "DAB", "blue": "haematoxylin"}[name]
        text = f"{name} ({stain}): {area.mean():.1%}"
        pen.text(place, text, "#555555", small, anchor="ls")

    for place, (space, q) in enumerate(runs.items(), 1):
        found = [f"{name} {agreement(q, area):.2f}" for name, area in areas.items()]
        detail = "agreement: " + ", ".join(found)
        left = show(place, SPACES[space], detail, q.image)
        step = (size + gap) / len(q.palette)
        percents = q.palette.counts / q.palette.counts.sum()
        for i, color in enumerate(q.palette.drawn("uint8").tolist()):
            start, end = left + i * step, left + (i + 1) * step - gap
            box = (start, top + size + 18, end - 1, top + size + 84)
            pen.rectangle(box, tuple(color), "#999999")
            below = ((start + end) / 2, top + size + 118)
            pen.text(below, f"{percents[i]:.1%}", "#111111", small, anchor="ms")
    return figure


if __name__ == "__main__":
    main()
