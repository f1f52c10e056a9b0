"""Files that other programs open: ImageJ 1.53t, GIMP 2.10 and R 4.2 read them here.

A program that is not installed skips its test, unless COLORQUANT_PROGRAMS is set: then
the test fails, as in the workflow of every week, which installs them all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from napari_colorquant import (
    Classify,
    Rename,
    edit,
    measure_areas,
    quantize,
    save_labels,
    save_picture,
)
from napari_colorquant.files.batch.tables import write_table
from pages import PAGES, blocks, read_page
from saved import noise

pytestmark = pytest.mark.programs

IMAGEJ = "/usr/share/java/ij.jar"
UM = {"scale": 0.5, "units": "um"}


def need(*programs):
    """Skip a test whose programs are missing, or fail it where they have to be here."""
    for program in programs:
        if not (shutil.which(program) or Path(program).exists()):
            end = pytest.fail if os.environ.get("COLORQUANT_PROGRAMS") else pytest.skip
            end(f"{program} is not installed")


def said_by(command, **environment):
    """Run a program; return what it says."""
    done = subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        timeout=200,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"} | environment,
    )
    return done.stdout + done.stderr


def named(q, image):
    """Return a result with a name, and a class of two entries."""
    return edit(q, image, [Rename(0, "Zelle µ"), Classify([0, 1], "DAB")])


# ---------------------------------------------------------------- ImageJ


def test_imagej_sees_colors_values_and_sizes(tmp_path):
    need("java", "xvfb-run", IMAGEJ)
    image = noise((9, 8, 3))
    q = named(quantize(image, 4), image)
    stack = quantize(noise((3, 9, 8), "u2"), 4, channel_axis=None)
    rgb_stack = quantize(noise((3, 9, 8, 3)), 4)
    save_labels(tmp_path / "labels.tif", q, **UM)
    save_labels(tmp_path / "labels.png", q, **UM)
    save_labels(tmp_path / "stack.tif", rgb_stack, **UM)
    save_picture(tmp_path / "grey.tif", stack, **UM)
    save_picture(tmp_path / "rgb.tif", q, **UM)
    save_picture(tmp_path / "rgbs.tif", rgb_stack, **UM)
    names = sorted(path.name for path in tmp_path.iterdir())
    lines = []
    for name in names:
        lines += [
            f'open("{tmp_path / name}");',
            "getPixelSize(unit, w, h, d); getDimensions(x, y, c, z, t);",
            'lut = "";',
            "if (bitDepth() == 8) { getLut(r, g, b);"
            ' lut = "" + r[3] + " " + g[3] + " " + b[3]; }',
            f'print("{name}|" + unit + "|" + w + "|" + h + "|" + x + " " + y + " " + '
            'c * z * t + "|" + lut + "|" + (getPixel(2, 1) & 0xffffff));',
            'print(getMetadata("Info")); close();',
        ]
    macro = tmp_path / "macro.ijm"
    macro.write_text("\n".join(lines))
    command = ["java", "-Dfile.encoding=UTF-8", "-cp", IMAGEJ, "ij.ImageJ", "-batch"]
    text = said_by(["xvfb-run", "-a", *command, str(macro)])
    said = dict(line.split("|", 1) for line in text.splitlines() if "|" in line)
    assert "0 is Zelle µ (DAB)" in text  # Image > Show Info
    color = " ".join(str(v) for v in q.palette.drawn("uint8")[3])
    stack_color = " ".join(str(v) for v in rgb_stack.palette.drawn("uint8")[3])
    red, green, blue = (int(v) for v in q.image[1, 2])
    first = [int(v) for v in rgb_stack.image[0, 1, 2]]
    assert said == {
        "grey.tif": f"µm|0.5|0.5|8 9 3||{stack.image[0, 1, 2]}",
        "labels.png": f"pixels|1|1|8 9 1|{color}|{q.labels[1, 2] - 1}",
        "labels.tif": f"µm|0.5|0.5|8 9 1|{color}|{q.labels[1, 2] - 1}",
        "rgb.tif": f"µm|0.5|0.5|8 9 1||{red << 16 | green << 8 | blue}",
        "rgbs.tif": f"µm|0.5|0.5|8 9 3||{first[0] << 16 | first[1] << 8 | first[2]}",
        "stack.tif": f"µm|0.5|0.5|8 9 3|{stack_color}|{rgb_stack.labels[0, 1, 2] - 1}",
    }


# ---------------------------------------------------------------- GIMP

# Names and colours of a palette, a line each, then colours and pixels of a picture.
SCRIPT = """
(gimp-message-set-handler 1)
(define (told . values)
  (gimp-message (apply string-append "|" (map (lambda (value)
    (string-append (if (string? value) value (number->string value)) "|")) values))))
(let loop ((i 0))
  (if (< i (car (gimp-palette-get-info "mine")))
    (let ((color (car (gimp-palette-entry-get-color "mine" i))))
      (apply told (car (gimp-palette-entry-get-name "mine" i)) color)
      (loop (+ i 1)))))
(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "PATH" "PATH")))
       (colors (cadr (gimp-image-get-colormap image)))
       (layer (car (gimp-image-get-active-drawable image)))
       (pixel (cadr (gimp-drawable-get-pixel layer 2 1))))
  (told (car (gimp-image-base-type image)))
  (apply told (vector->list colors))
  (told (vector-ref pixel 0)))
"""
INDEXED = 2


def test_gimp_reads_palettes_and_indexed_pictures(tmp_path):
    need("gimp")
    image = noise((9, 8, 3))
    q = named(quantize(image, 4), image)
    (tmp_path / "palettes").mkdir()
    q.palette.save(tmp_path / "palettes" / "mine.gpl")
    save_labels(tmp_path / "a.png", q)
    script = SCRIPT.replace("PATH", str(tmp_path / "a.png")).replace("\n", " ")
    said = said_by(
        ["gimp", "-n", "-i", "-f", "-s", "-b", script, "-b", "(gimp-quit 0)"],
        GIMP2_DIRECTORY=str(tmp_path),
    )
    rows = [line.split("|")[1:-1] for line in said.splitlines() if line.endswith("|")]
    colors = q.palette.drawn("uint8")
    titles = ["Zelle µ", *["Untitled"] * 3]
    assert rows == [
        *([title, *map(str, c)] for title, c in zip(titles, colors, strict=True)),
        [str(INDEXED)],
        [str(value) for value in colors.ravel()],
        [str(q.indices[1, 2])],
    ]


# ---------------------------------------------------------------- R


@pytest.mark.skipif(not PAGES, reason="a source distribution")
def test_r_reads_the_table(tmp_path):
    need("Rscript")
    image = noise((9, 8, 3))
    table = measure_areas(named(quantize(image, 4), image), name="Zelle.png", **UM)
    write_table(tmp_path / "a.csv", table)
    (page,) = blocks(read_page("howto/spreadsheet"), "r")
    code = page.replace("areas.csv", str(tmp_path / "a.csv")) + (
        'cat(names(areas), sep=","); cat("\\n"); cat(areas$name[1], areas$unit[1], '
        'sum(areas$pixels), sum(areas$estimated), sep="|")'
    )
    *_, titles, values = said_by(["Rscript", "-e", code]).splitlines()
    assert titles.split(",") == list(table.columns)
    assert values == "Zelle µ|µm²|72|0"
