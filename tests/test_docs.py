"""The pages of docs/ keep their word: their code runs, their numbers are true."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import napari_colorquant
from napari_colorquant import measure_objects, quantize
from pages import DOCS, PAGES, ROOT, prose, read_page, run_page


def name_of(path):
    return path.relative_to(DOCS).as_posix()


pytestmark = pytest.mark.skipif(not PAGES, reason="a source distribution")


def check_workbench(session):
    palette, again = session["q"].palette, session["again"].palette
    assert len(palette) == 7  # two of eight are one
    assert (palette.names[0], palette.locked) == ("nuclei", (0, 1))
    learned = again.colors.tolist()
    assert len(learned) == 8
    assert all(color in learned for color in palette.colors[:2].tolist())
    assert session["errors"].shape == session["image"].shape[:2]
    numbers = []
    for q in (session["noisy"], session["cleaned"]):
        _, objects = measure_objects(q)
        numbers += [len(objects), round((objects["pixels"] < 10).mean(), 2)]
        numbers.append(round(q.report.mse))
    assert numbers == [15_585, 0.80, 327, 2_808, 0, 459]
    noisy, cleaned = (session[name].palette.counts for name in ("noisy", "cleaned"))
    assert 0.6 < np.abs(100 * (cleaned - noisy) / noisy.sum()).max() < 0.7
    print(palette.names, palette.locked)


def check_cluster(session):
    import dask.array as da

    q, expected = session["q"], quantize(session["slide"], 32)
    np.testing.assert_array_equal(q.palette.counts, expected.palette.counts)
    labels = da.from_zarr("slide-32.zarr/labels/palette/0").compute()
    np.testing.assert_array_equal(labels, expected.labels.compute())


def check_channels(session):

    labels = session["labels_layer"]
    assert sorted(filter(None, labels.features["name"])) == ["class 1", "class 2"]
    inside = np.zeros((512, 512), bool)
    inside[50:301, 50:401] = True
    np.testing.assert_array_equal(labels.data > 0, inside)


def check_scikit_learn(session):
    from napari_colorquant import Palette, apply_palette

    china, whole, q = (session[name] for name in ("china", "whole", "q"))
    of_example = session["kmeans"].cluster_centers_[session["labels"]]
    for redrawn in (of_example.reshape(china.shape), session["quantized"]):
        print(f"{255**2 * ((redrawn - china) ** 2).sum(axis=2).mean():.2f}")
    exact = quantize(china, 64, n_samples=None).palette.colors
    np.testing.assert_array_equal(whole.cluster_centers_, exact)
    image, indices, colormap = (session[x] for x in ("image", "indices", "colormap"))
    assert (indices.min(), indices.max(), colormap.shape) == (0, 63, (64, 3))
    np.testing.assert_array_equal(colormap[indices], q.image)
    mapped = apply_palette(image, Palette(colormap))
    np.testing.assert_array_equal(colormap[mapped.indices], mapped.image)


def test_the_code_of_the_workbench_runs_and_does_what_is_said(tmp_path):
    printed = run_page(DOCS / "workbench.md", tmp_path, check_workbench)
    first, regions, *_, curve, last = printed.splitlines()
    assert first == last
    assert regions == "15585 2808"
    elbow, classes = map(
        int, re.fullmatch(r"(\d+) for .*, (\d+) for classes", curve).groups()
    )
    assert 2 <= classes < elbow < 64


def test_the_code_of_the_cluster_runs_and_gives_the_same(tmp_path):
    pytest.importorskip("distributed")

    def smaller(code):
        assert "(4, 4, 1)" in code
        return code.replace("(4, 4, 1)", "(1, 1, 1)").replace("256, 256", "128, 128")

    run_page(DOCS / "cluster.md", tmp_path, check_cluster, smaller)


def test_the_code_of_channels_runs_and_does_what_is_said(tmp_path):
    printed = run_page(DOCS / "channels.md", tmp_path, check_channels)
    header, *_ = printed.splitlines()
    assert header.split() == ["label", "red", "green", "percent"]
    assert "\n(512, 512, 3) (512, 512)\n" in printed
    assert "# (512, 512, 3) (512, 512)\n" in read_page("channels")
    assert "\n(6, 2) (512, 512) (512, 512, 2)\n" in printed
    assert "\n# (6, 2) (512, 512) (512, 512, 2)\n" in read_page("channels")


def check_notebooks(session):
    q, palette = session["q"], session["palette"]
    drawn = session["plt"].gca().images[0]
    shown = drawn.to_rgba(drawn.get_array(), bytes=True)[..., :3]
    np.testing.assert_array_equal(shown, palette.drawn(np.uint8)[q.indices])
    assert list(session["colors_of_labels"]) == [None, 0, 1, 2, 3, 4]


def test_the_code_of_notebooks_runs_and_does_what_is_said(tmp_path):
    printed = run_page(DOCS / "notebooks.md", tmp_path, check_notebooks)
    assert printed.startswith("4 colors: 3 channels, uint8\n")
    assert "\nTrue False\n" in printed  # as saved, and without counts
    assert "\n(1, 262144) True\n" in printed


def test_the_code_beside_scikit_learn_runs_with_the_errors_of_its_table(tmp_path):
    page = read_page("scikit-learn")
    printed = run_page(DOCS / "scikit-learn.md", tmp_path, check_scikit_learn)
    table = [
        [cell.strip() for cell in row.split("|")]
        for row in re.findall(r"^\| (.*(?:KMeans|ColorQuantizer).*) \|$", page, re.M)
    ]
    names, *_, errors, _, _ = zip(*table, strict=True)
    assert [name for _, name, *_ in table] == ["KMeans", "ColorQuantizer"] * 2
    assert len({*names}) == 2
    example, ours, theirs_of_all, of_all = map(float, errors)
    # Another release of scikit-learn may draw other rows.
    for now, told in zip(map(float, printed.split()), (ours, of_all), strict=True):
        assert now == pytest.approx(told, rel=0.01)
    quoted = [
        float(x) for x in re.findall(r"([\d.]+) % smaller", " ".join(page.split()))
    ]
    ratios = (ours / example, of_all / example, theirs_of_all / of_all)
    assert quoted == pytest.approx([100 - 100 * x for x in ratios], abs=0.1)


def test_the_numbers_of_learning_are_those_of_its_table():
    page = read_page("learning")
    table = "\n".join(re.findall(r"^\|.*$", page, re.M))
    known = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", table)}
    _, text = page.split("\n## What follows\n")
    quoted = re.findall(r"\b\d+\.\d+\b", text)
    assert len(quoted) >= 8
    assert {*map(float, quoted)} <= known


def test_the_measurement_of_learning_runs(tmp_path, china):
    Image.fromarray(china[::8, ::8]).save(tmp_path / "china.png")
    script = ROOT / "benchmarks" / "starts.py"
    command = [sys.executable, script, "--images", tmp_path]
    result = subprocess.run(
        [*command, "--colors", "4", "64", "--repeats", "1"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
    )
    assert result.returncode == 0, result.stderr
    # The page has the same rows, in the same order.
    page = read_page("learning")
    first_cells = r"^\| ([^|]+) \|"
    rows = re.findall(first_cells, result.stdout, re.M)
    assert rows == re.findall(first_cells, page, re.M)
    cells = re.findall(r"[\d.]+, [\d.]+ \([\d.]+\), \d+ ms", result.stdout)
    assert len(cells) == 2 * 12


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_links_to_is_there(page):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("https://")]
    assert [x for x in local if not (page.parent / x).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_one_title_and_headings_of_level_2(page):
    text = prose(page.read_text(encoding="utf-8"))
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.M)]
    assert levels == [1] + [2] * (len(levels) - 1)


def test_every_public_name_is_on_one_page_of_the_reference():
    pages = "\n".join(path.read_text("utf-8") for path in PAGES)
    told = re.findall(r"^::: napari_colorquant\.(\w+)$", pages, re.M)
    assert sorted(told) == sorted(napari_colorquant.__all__)


def test_every_page_is_in_the_menu_of_the_site():
    menu = re.findall(
        r"^ +- (?:.*: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.M
    )
    elsewhere = {"index.md", "benchmarks.md", "contributing.md", "changelog.md"}
    assert sorted(menu) == sorted(elsewhere | {name_of(path) for path in PAGES})


def test_screencasts_are_small_and_say_what_is_seen():
    files = sorted((DOCS / "images").glob("*.webp"))
    assert len(files) == 5
    pages = "\n".join(path.read_text(encoding="utf-8") for path in PAGES)
    for path in files:
        assert path.stat().st_size <= 2 * 10**6
        with Image.open(path) as cast:
            assert cast.size == (1040, 700)
            assert cast.n_frames > 40
        assert re.search(rf"!\[Screencast[ :].{{40,}}?\]\(\S*{path.name}\)", pages)
