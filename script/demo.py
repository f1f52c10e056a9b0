"""Redraw scikit-learn's photograph of the Summer Palace with 64 colours.

The job of scikit-learn's example "Color Quantization using K-Means": print what it
prints, with the errors, write its three pictures, and show them in napari where
there is a display. Beside them is what this package does where nothing else is asked
for: k-means refined over every pixel.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_image

from napari_colorquant import quantize, quantize_layer

N_COLORS = 64
# With these the palettes are those of the example.
EXAMPLE = {
    "n_colors": N_COLORS,
    "refine": False,
    "n_samples": 1000,
    "random_state": 0,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("demo-output"),
        help="folder for the pictures (default: %(default)s); what an earlier demo "
        "wrote there is replaced",
    )
    parser.add_argument(
        "--viewer",
        action=argparse.BooleanOptionalAction,
        help="open napari (default: where there is a display, but not in CI)",
    )
    options = parser.parse_args()

    china = load_sample_image("china.jpg")
    # The first calls of all compile and import: not what is to be timed.
    for refine in (True, False):
        quantize(china[:8, :8], n_colors=2, refine=refine)
    refined = quantize(china, n_colors=N_COLORS)
    kmeans = quantize(china, method="kmeans", **EXAMPLE)
    random = quantize(china, method="random", **EXAMPLE)

    tell_times(kmeans.report, random.report, refined.report)
    panels = [
        (
            f"Original image ({kmeans.report.colors_before} colors)",
            f"{china.shape[1]} x {china.shape[0]} pixels",
            china,
        ),
        (title("Refined", refined), errors(refined), refined.image),
        (title("K-Means", kmeans), errors(kmeans), kmeans.image),
        (title("Random", random), errors(random), random.image),
    ]
    print()
    for heading, detail, _ in panels:
        print(f"{heading:<36}   {detail}")
    print("K-Means and Random are the example's. Refined is the default.")
    print()

    pictures = {
        "original.png": china,
        "refined.png": refined.image,
        "kmeans.png": kmeans.image,
        "random.png": random.image,
        "comparison.png": draw_side_by_side(panels),
    }
    try:
        options.output.mkdir(parents=True, exist_ok=True)
        for name, picture in pictures.items():
            Image.fromarray(picture).save(options.output / name)
    except OSError as error:
        print(f"demo: {options.output}: {error.strerror or error}.", file=sys.stderr)
        return 1
    print(f"Wrote {', '.join(pictures)} to {options.output}")

    if not (has_display() if options.viewer is None else options.viewer):
        return 0
    if reason := why_qt_fails():
        print(
            f"demo: napari's window was left out, as Qt does not start: {reason} "
            "(on Linux, script/demo names the system packages to install)",
            file=sys.stderr,
        )
        # The job is done all the same, unless the window was asked for.
        return int(options.viewer is True)
    print("Opening napari: close its window to end the demo.", flush=True)
    show(china)
    return 0


def tell_times(kmeans, random, refined) -> None:
    """Print the example's lines, what it knows from elsewhere before, ours after."""
    for step, seconds in [
        ("Counting the colors of the image", kmeans.seconds["survey"]),
        ("Fitting model on a small sub-sample of the data", kmeans.seconds["learn"]),
        (
            "Predicting color indices on the full image (k-means)",
            kmeans.seconds["assign"],
        ),
        (
            "Predicting color indices on the full image (random)",
            random.seconds["assign"],
        ),
        (
            "Counting, fitting model and refining it on all of the data",
            refined.seconds["survey"] + refined.seconds["learn"],
        ),
        (
            "Predicting color indices on the full image (refined)",
            refined.seconds["assign"],
        ),
    ]:
        print(step)
        print(f"done in {seconds:0.3f}s.")


def title(method, q) -> str:
    return f"Quantized image ({q.report.n_colors_after} colors, {method})"


def errors(q) -> str:
    return f"MSE {q.report.mse:.1f}   PSNR {q.report.psnr:.2f} dB"


def draw_side_by_side(panels) -> np.ndarray:
    """Draw pictures of one size in a row, each under its title and a detail."""
    height, width = panels[0][2].shape[:2]
    margin, header = 32, 84
    figure = Image.new(
        "RGB",
        (len(panels) * (width + margin) + margin, header + height + margin),
        "white",
    )
    draw = ImageDraw.Draw(figure)
    large, small = (ImageFont.load_default(size) for size in (27, 22))
    for i, (heading, detail, picture) in enumerate(panels):
        left = margin + i * (width + margin)
        draw.text((left, 46), heading, "#111111", large, anchor="ls")
        draw.text((left, 74), detail, "#666666", small, anchor="ls")
        figure.paste(Image.fromarray(picture), (left, header))
    return np.asarray(figure)


def has_display() -> bool:
    """Say whether there is a screen, and somebody who will close a window on it."""
    if os.environ.get("CI"):
        return False
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def why_qt_fails() -> str:
    """Return why no window can be opened, or nothing.

    Asked in a process of its own: without its system libraries or a display, Qt
    does not raise but aborts.
    """
    probe = subprocess.run(
        [
            sys.executable,
            "-c",
            "from qtpy.QtWidgets import QApplication; QApplication([])",
        ],
        capture_output=True,
        text=True,
        errors="replace",
    )
    if not probe.returncode:
        return ""
    lines = probe.stderr.split("\n")
    said = [line.strip() for line in lines if line.strip()] or ["no reason given"]
    # Python says at the end what is wrong, Qt at the beginning.
    return said[-1] if said[0].startswith("Traceback") else said[0]


def show(china) -> None:
    """Open napari with the results in layers, and the widget to go on with."""
    import napari
    from qtpy.QtCore import QTimer

    viewer = napari.Viewer(title="napari-colorquant")
    viewer.window.resize(1280, 800)
    original = viewer.add_image(china, name="china")
    random, _ = quantize_layer(original, method="random", **EXAMPLE)
    random.name += ", random"
    kmeans, _ = quantize_layer(original, method="kmeans", **EXAMPLE)
    kmeans.name += ", k-means"
    refined, labels = quantize_layer(original, n_colors=N_COLORS)
    refined.name += ", refined"
    for layer in (random, kmeans, refined, labels):
        viewer.add_layer(layer)
    viewer.layers.selection.active = original
    viewer.window.add_plugin_dock_widget("napari-colorquant", "Color quantization")
    QTimer.singleShot(0, viewer.reset_view)  # once the window has its final size
    napari.run()


if __name__ == "__main__":
    sys.exit(main())
