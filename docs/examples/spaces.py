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

from napari_colorquant import measure_quality, quantize

SPACES = ("rgb", "lab", "ab", "oklab", "hed")
HUES = ((200, 150, 150), (150, 190, 150), (150, 150, 205))
INK = (60, 130, 80)


def main() -> None:
    """Print the tables and draw the picture."""
    path = picture_path(__file__, __doc__)
    section = immunohistochemistry()
    tell_stains(section)
    tell_hues()
    inked, ink = with_ink(section)
    tell_ink(inked, ink)
    save_picture(draw(section, inked, ink), path)


def tell_stains(section):
    """Print how well three to eight entries find the stains and the glass."""
    areas = find_areas(section) | {"white": section.min(axis=2) > 210}
    for name, area in areas.items():
        print(f"{name}, {area.mean():.1%} of the picture")
        print("  K", *(f"{space:>5}" for space in SPACES))
        for n_colors in (3, 4, 6, 8):
            runs = (quantize(section, n_colors, color_space=space) for space in SPACES)
            print(f"{n_colors:3}", *(f"{agreement(q, area):5.2f}" for q in runs))
        print()


def tell_hues():
    """Print what three entries find where each of three hues is dark and light."""
    which = np.kron([[0, 1, 2], [2, 0, 1]], np.ones((20, 30), int))
    light = np.linspace(0.4, 1.0, 90)[:, np.newaxis]
    shaded = (np.array(HUES)[which] * light).round().astype(np.uint8)
    print("three hues, from dark to light")
    print("space   hue 1  hue 2  hue 3    MSE")
    for space in SPACES:
        q = quantize(shaded, 3, color_space=space)
        found = (f"{agreement(q, which == hue):5.2f}" for hue in range(3))
        print(f"{space:6}", *found, f"{q.report.mse:5.0f}", sep="  ")


def with_ink(section):
    """Draw specks of ink on 0.2% of a section; return it, and where they are."""
    random, ink = np.random.default_rng(0), np.zeros(section.shape[:2], bool)
    while ink.mean() < 0.002:
        ink[disk(random.integers(3, 509, 2), 3.5)] = True
    inked = section.copy()
    grain = random.normal(0, 6, (np.count_nonzero(ink), 3))
    inked[ink] = (INK + grain).round().clip(0, 255)
    return inked, ink


def tell_ink(inked, ink):
    """Print what eight entries find and cost, the more rare colours are favoured."""
    print(f"\ngreen ink, {ink.mean():.1%} of the picture, eight colors")
    print("space  balance   ink   MSE  mean dE2000   SSIM")
    for space in SPACES:
        for balance in (0, 0.25, 0.5, 0.75, 1):
            q = quantize(inked, 8, color_space=space, balance=balance)
            quality = measure_quality(inked, q.image, ssim=True, delta_e=True)
            print(
                f"{space:5} {balance:8} {agreement(q, ink):6.2f} {quality.mse:5.0f}"
                f" {quality.delta_e:12.2f} {quality.ssim:6.3f}"
            )


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
