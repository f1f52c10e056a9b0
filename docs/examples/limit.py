"""Measure a drawn map by its legend, with text and margin left out.

python docs/examples/limit.py [--output FOLDER]

Prints the table of docs/limit.md and draws its picture, limit.png.
"""

from __future__ import annotations

import numpy as np
from drawing import Panel, draw_row, font
from output import picture_path, save_picture
from PIL import Image, ImageDraw
from skimage.filters import gaussian

from napari_colorquant import Palette, apply_palette

LEGEND = {
    "lake": (110, 160, 215),
    "sand": (245, 215, 120),
    "till": (215, 200, 185),
    "clay": (150, 110, 85),
    "granite": (230, 120, 125),
    "peat": (95, 130, 80),
}
LIMITS = (None, 80, 60, 40, 20)


def main() -> None:
    """Print the table and draw the picture."""
    path = picture_path(__file__, __doc__)

    sheet, soils = draw_map()
    legend = Palette(list(LEGEND.values()), names=list(LEGEND))
    runs = [apply_palette(sheet, legend, max_distance=limit) for limit in LIMITS]
    columns = [shares(soils), *(shares(q.labels) for q in runs)]
    print("soil     drawn  no limit", *(f"{limit:5}" for limit in LIMITS[1:]))
    for name, drawn, free, *limited in zip(LEGEND, *columns, strict=True):
        print(f"{name:7} {drawn:6.1f} {free:9.1f}", *(f"{one:5.1f}" for one in limited))
    left = [100 * (labels == 0).mean() for labels in (soils, *(q.labels for q in runs))]
    drawn, free, *limited = left
    print(f"no soil {drawn:6.1f} {free:9.1f}", *(f"{one:5.1f}" for one in limited))

    save_picture(draw(sheet, soils, runs), path)


def draw_map():
    """Draw a map of six soils with names on it and a margin; return it and the truth.

    The truth: the number of the soil in the legend, 0 where there is none or ink is.
    """
    random = np.random.default_rng(0)
    heights = gaussian(random.standard_normal((6, 244, 344)), sigma=(0, 16, 16))
    heights[2] -= 0.5 * heights.std()  # there is little till
    soils = np.zeros((300, 400), int)
    soils[28:272, 28:372] = heights.argmax(axis=0) + 1
    colors = np.array([(255, 255, 255), *LEGEND.values()], np.uint8)
    page = Image.fromarray(colors[soils])
    pen = ImageDraw.Draw(page)
    pen.text((150, 4), "Map of soils", "black", font(16))
    for i in range(24):
        place = (36 + 86 * (i % 4), 36 + 40 * (i // 4))
        pen.text(place, f"Site {i + 1}", "black", font(15))
    inked = np.asarray(page)
    soils[(inked != colors[soils]).any(axis=2)] = 0
    scanned = inked + random.normal(0, 3, inked.shape)  # the noise of a scanner
    return scanned.clip(0, 255).round().astype(np.uint8), soils


def shares(labels):
    """Return the percentage of each soil, of all that is one."""
    counts = np.bincount(labels.ravel(), minlength=len(LEGEND) + 1)[1:]
    return 100 * counts / counts.sum()


def draw(sheet, soils, runs):
    """Draw the map, and what its legend makes of it without a limit and with one."""
    free, limited = runs[0], runs[LIMITS.index(40)]
    tills = [shares(one)[2] for one in (soils, free.labels, limited.labels)]
    drawn, found, right = (f"{till:.1f} % till" for till in tills)
    return draw_row(
        [
            Panel("Map", f"drawn with {drawn}", sheet, LEGEND),
            Panel("No limit", found, free.image),
            Panel("Limit of 40", right, limited.image),
        ]
    )


if __name__ == "__main__":
    main()
