"""Say what each colour space finds in a tissue section, and what favours rare colours.

python docs/examples/spaces.py [--output FOLDER]

Prints the tables of docs/spaces.md and draws its picture, spaces.png.
"""

from __future__ import annotations

import numpy as np
from output import picture_path, save_picture
from PIL import Image, ImageDraw, ImageFont
from skimage.data import immunohistochemistry
from skimage.draw import disk
from stains import agreement, find_areas

from napari_colorquant import quantize

SPACES = ("rgb", "lab", "ab", "oklab", "hed")
INK = (60, 130, 80)


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)
    section = immunohistochemistry()
    tell_stains(section)
    inked, ink = with_ink(section)
    save_picture(draw(section, inked, ink), path)


def tell_stains(section):
    """Print how well three to eight entries find the stains and the glass."""
    areas = find_areas(section) | {"white": section.min(axis=2) > 210}
    for place, (name, area) in enumerate(areas.items()):
        print("\n" * (place > 0) + f"{name}, {area.mean():.1%} of the picture")
        print("  K", *(f"{space:>5}" for space in SPACES))
        for n_colors in (3, 4, 6, 8):
            runs = (quantize(section, n_colors, color_space=space) for space in SPACES)
            print(f"{n_colors:3}", *(f"{agreement(q, area):5.2f}" for q in runs))


def with_ink(section):
    """Draw specks of ink on 0.2% of a section; return it, and where they are."""
    random, ink = np.random.default_rng(0), np.zeros(section.shape[:2], bool)
    while ink.mean() < 0.002:
        ink[disk(random.integers(3, 509, 2), 3.5)] = True
    inked = section.copy()
    grain = random.normal(0, 6, (np.count_nonzero(ink), 3))
    inked[ink] = (INK + grain).round().clip(0, 255)
    return inked, ink


def draw(section, inked, ink):
    """Draw four pictures in a row, each under its title."""
    size, margin, top = 512, 28, 104
    large, small = (ImageFont.load_default(points) for points in (38, 28))
    shown, blue = [], find_areas(section)["blue"]
    for space in ("rgb", "ab"):
        q = quantize(section, 4, color_space=space)
        detail = f"agreement with the blue nuclei: {agreement(q, blue):.2f}"
        shown.append((f"{space}, 4 colors", detail, q))
    for balance in (0, 1):
        q = quantize(inked, 8, balance=balance)
        detail = f"agreement with the green ink: {agreement(q, ink):.2f}"
        shown.append((f"rgb, 8 colors, balance={balance}", detail, q))
    width = margin + len(shown) * (size + margin)
    figure = Image.new("RGB", (width, top + size + margin), "white")
    pen = ImageDraw.Draw(figure)
    for place, (title, detail, q) in enumerate(shown):
        left = margin + place * (size + margin)
        pen.text((left, 46), title, "#111111", large, anchor="ls")
        pen.text((left, 88), detail, "#555555", small, anchor="ls")
        figure.paste(Image.fromarray(q.image), (left, top))
    return figure


if __name__ == "__main__":
    main()
