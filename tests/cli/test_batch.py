"""Many pictures: lines of JSON, results that are there, and several at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from napari_colorquant import Palette, quantize
from napari_colorquant.cli import main, side_by_side
from shell import RESULTS_OF_RGB, contents, names, noise, save, without_ids

# ---------------------------------------------------------------- JSON


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_line_a_picture(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    save("b.png", np.array([[0, 9, 200]], np.uint8))
    argv = ["a.png", "gone.png", "b.png", "b.tif", "--colors", "4", "--json"]
    (folder / "b.tif").write_bytes(b"")
    assert main([*argv, "--quality", "-o", "out"]) == 1
    out, err = capsys.readouterr()
    of_b_tif, of_a, of_gone, of_b = lines_of(out)
    assert out.isascii()
    q = quantize(noise((9, 8, 3)), 4)
    assert of_a["image"] == "a.png"
    assert sorted(of_a["files"]) == [f"out/a-4-{end}" for end in RESULTS_OF_RGB]
    assert of_a["report"]["psnr"] == q.report.psnr
    assert of_a["report"]["parameters"]["n_colors"] == 4
    assert sorted(of_a["quality"]) == ["delta_e", "ssim"]
    assert (of_a["error"], of_a["skipped"], of_a["notes"]) == (None, False, [])
    assert of_b["report"]["psnr"] is None  # infinite
    assert of_b["notes"][0].startswith("The image has only 3 colors")
    gone = {"image": "gone.png", "error": "gone.png: No such file or directory."}
    nothing = {"files": [], "skipped": False, "report": None, "quality": {}}
    assert of_gone == gone | nothing | {"notes": []}
    assert of_b_tif["error"].startswith("b.tif: its results would overwrite")
    assert err.splitlines() == [of_b_tif["error"], of_gone["error"]]


# ---------------------------------------------------------------- skipping


PICTURES = {
    "a.png": noise((9, 8, 3)),
    "b.tif": noise((5, 9, 8), "uint16"),
    "c.png": np.dstack([noise((9, 8, 3)), np.arange(72).reshape(9, 8) % 3 * 100]),
    "d.tif": noise((9, 8), "float32") / 7,
}


@pytest.fixture
def pictures(folder):
    (folder / "in").mkdir()
    for name, image in PICTURES.items():
        save(f"in/{name}", image.astype(image.dtype if "c" not in name else "uint8"))
    return folder


def test_what_is_there_is_skipped_and_measured_as_it_was(pictures, capsys):
    (pictures / "marks").mkdir()
    for name in "abcd":
        save(f"marks/{name}.png", np.eye(9, 8, dtype=np.uint8))
    options = ["--colors", "4", "-o", "out", "--summary", "table.csv"]
    options = [*options, "--regions", "marks", "--scale", "0.5"]
    assert main(["in", *options]) == 0
    before, table = contents(pictures / "out"), (pictures / "table.csv").read_bytes()
    for end in RESULTS_OF_RGB:
        (pictures / "out" / f"a-4-{end}").unlink()
    capsys.readouterr()
    assert main(["in", *options, "--skip-existing"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].startswith("in/a.png: 72 → 4 colors")
    assert out[1:] == [
        "in/b.tif: skipped, as it is there already: b-4-colors.tif, b-4-colors.csv, "
        "b-4-indices.tif",
        "in/c.png: skipped, as it is there already: c-4-colors.png, c-4-colors.gpl, "
        "c-4-colors.csv, c-4-indices.png",
        "in/d.tif: skipped, as it is there already: d-4-colors.tif, d-4-colors.csv, "
        "d-4-indices.png",
    ]
    assert contents(pictures / "out") == before
    assert (pictures / "table.csv").read_bytes() == table


def test_classes_are_measured_again(folder):
    save("a.png", noise((9, 8, 3)))
    palette = Palette(
        [[0, 0, 0], [255, 0, 0], [0, 255, 0]],
        names=["ground", "one", "two"],
        classes=["", "DAB", "DAB"],
        units="uint8",
    )
    palette.save("legend.json")
    options = ["--palette", "legend.json", "--by", "class", "--summary", "table.csv"]
    assert main(["a.png", *options]) == 0
    table = (folder / "table.csv").read_bytes()
    assert b"DAB" in table
    assert main(["a.png", *options, "--skip-existing"]) == 0
    assert (folder / "table.csv").read_bytes() == table


def test_one_palette_is_shared_with_what_is_there(folder):
    for seed, name in enumerate("ab"):
        save(f"{name}.png", noise((9, 8, 3), seed=seed))
    argv = ["a.png", "b.png", "--colors", "4", "--shared"]
    assert main(argv) == 0
    before = contents(folder)
    for name in names(folder):
        if name.startswith("a-"):
            (folder / name).unlink()
    assert main([*argv, "--skip-existing"]) == 0
    assert contents(folder) == before


def test_a_part_of_results_is_not_skipped_nor_overwritten(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    (folder / "a-4-colors.csv").write_text("mine")
    assert main(["a.png", "--colors", "4", "--skip-existing"]) == 1
    assert capsys.readouterr().err == (
        "a.png: a-4-colors.csv exists already: add --force to overwrite it.\n"
    )
    assert main(["a.png", "--colors", "4", "--skip-existing", "--force"]) == 0
    assert len(names(folder)) == 5


def test_results_of_another_picture_are_not_measured(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    assert main(["a.png", "--colors", "4"]) == 0
    save("a.png", noise((9, 9, 3)))
    options = ["--colors", "4", "--skip-existing", "--summary", "table.csv"]
    assert main(["a.png", *options]) == 1
    assert capsys.readouterr().err == (
        "a.png: a-4-indices.png is not of this image: run the command with --force "
        "instead of --skip-existing.\n"
    )


def test_only_an_earlier_table_is_written_anew(folder, capsys):
    save("a.png", noise((9, 8, 3)))
    (folder / "table.csv").write_text("mine")
    with pytest.raises(SystemExit):
        main(["a.png", "--summary", "table.csv", "--skip-existing"])
    assert "table.csv exists already" in capsys.readouterr().err
    assert names(folder) == ["a.png", "table.csv"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--skip-existing", "--summary", "t.csv", "--slice-axis", "0"],
            "--skip-existing measures from the files for the --summary, which do not ",
        ),
        (
            ["--skip-existing", "--summary", "t.csv", "-o", "a.zarr"],
            "an --output that ends in .zarr is not measured again: leave out",
        ),
        (
            ["--jobs", "2", "--scheduler", "tcp://127.0.0.1:9"],
            "--jobs works on images on this machine, and --scheduler on a cluster: ",
        ),
        (["--jobs", "0"], "argument --jobs: '0' is no whole number from 1"),
    ],
)
def test_what_does_not_go_together_is_said(folder, capsys, options, sentence):
    save("a.png", noise((9, 8, 3)))
    with pytest.raises(SystemExit) as info:
        main(["a.png", *options])
    assert info.value.code == 2
    assert f"error: {sentence}" in capsys.readouterr().err
    assert names(folder) == ["a.png"]


# ---------------------------------------------------------------- side by side


def test_several_processes_give_the_same_files_lines_and_table(pictures, capsys):
    (pictures / "in" / "bad.png").write_bytes(b"hello")
    Palette([[1, 2, 3]]).save("mine.csv")
    options = ["--colors", "4", "--summary", "out/table.csv", "-o", "out"]
    assert main(["in", *options]) == 1
    alone, told = without_ids(pictures / "out"), capsys.readouterr()
    assert main(["in", *options, "--force", "--jobs", "3"]) == 1
    together, said = without_ids(pictures / "out"), capsys.readouterr()
    assert together == alone
    assert said.err == told.err

    def without_seconds(text):
        return [line.rpartition(" · ")[::2] for line in text.splitlines()]

    assert [files for _, files in without_seconds(said.out)] == [
        files for _, files in without_seconds(told.out)
    ]
    assert [line.split(":")[0] for line in said.out.splitlines()] == [
        f"in/{name}" for name in PICTURES
    ]


def test_a_palette_is_sent_to_processes(folder):
    for seed, name in enumerate("ab"):
        save(f"{name}.png", noise((9, 8, 3), seed=seed))
    argv = ["a.png", "b.png", "--colors", "4", "--shared", "--jobs", "2"]
    assert main(argv) == 0
    palettes = [Palette.load(f"{name}-4-colors.csv").colors.tolist() for name in "ab"]
    assert palettes[0] == palettes[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_process_that_ends_is_an_error_of_its_picture(folder, capsys, monkeypatch):
    for seed, name in enumerate("abc"):
        save(f"{name}.png", noise((9, 8, 3), seed=seed))
    start = side_by_side._Worker.start

    def start_and_kill(worker, number, job):
        if number == 1:
            worker.process.kill()
            worker.process.join()
        start(worker, number, job)

    monkeypatch.setattr(side_by_side._Worker, "start", start_and_kill)
    argv = ["a.png", "b.png", "c.png", "--colors", "4", "--jobs", "2"]
    assert main(argv) == 1
    out, err = capsys.readouterr()
    assert err == (
        "b.png: the process that worked on it ended, as it does where there is not "
        "enough memory: run it with fewer --jobs.\n"
    )
    assert [line.split(":")[0] for line in out.splitlines()] == ["a.png", "c.png"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize(
    ("delay", "is_of_all"), [(0.3, True), (0.3, False), (1.5, False), (4, True)]
)
def test_ctrl_c_ends_all_processes_with_one_line(folder, delay, is_of_all):
    for name in "abcd":
        save(f"{name}.png", noise((1500, 1500, 3)))
    argv = [".", "--colors", "500", "--jobs", "2", "-o", "out"]
    with subprocess.Popen(
        [sys.executable, "-m", "napari_colorquant", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder / "cache")},
    ) as process:
        time.sleep(1 + delay)
        if is_of_all:
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)  # all have closed their streams
    assert (process.returncode, err) == (130, "napari-colorquant: interrupted.\n")
    assert out == ""
    left = names(folder / "out") if (folder / "out").is_dir() else []
    assert not [name for name in left if name.endswith(".part")]
