"""The README keeps its word: its figures are true, and its links lead somewhere."""

from __future__ import annotations

import re
import tomllib

import pytest

from pages import DOCS, PAGES, README, ROOT, blocks, prose, table

TEXT = README.read_text(encoding="utf-8")
HOME = "github.com/napari-colorquant/napari-colorquant"


def test_it_is_short():
    assert len(TEXT.splitlines()) <= 150


def test_the_scripts_are_there():
    scripts = re.findall(r"^script/\w+", "\n".join(blocks(TEXT, "bash")), re.M)
    assert scripts == ["script/demo", "script/test"]
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.skipif(not PAGES, reason="a source distribution")
def test_the_figures_of_peers_are_those_of_the_benchmarks():
    page = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    _, kodak = page.split("Kodak's 24 pictures, one repeat.")
    kodak, _ = kodak.split("\n## Assignment\n")
    measured = {}
    for part in re.split(r"^#### ", kodak, flags=re.M)[1:]:
        n_colors = re.match(r"K = (\d+)\n", part)
        for line in re.findall(r"^\|(.*\d) \|$", part, re.M) if n_colors else ():
            name, *_, error, time = (cell.strip() for cell in line.split("|"))
            measured[name, n_colors[1]] = error, time
    rows = table(TEXT, "Program")
    assert len(rows) == 7
    for name, *figures in rows:
        errors = [measured[name, n_colors][0] for n_colors in ("16", "64", "256")]
        assert figures[:4] == [*errors, measured[name, "64"][1]]


def test_headings_are_of_level_2():
    levels = [len(marks) for marks in re.findall(r"^(#+) ", prose(TEXT), re.M)]
    assert levels == [1] + [2] * (len(levels) - 1)


def targets(text):
    """Return the addresses of the links and pictures of a text."""
    return re.findall(r"\]\(([^)]*)\)", text)


@pytest.mark.skipif(not PAGES, reason="a source distribution")
def test_what_is_linked_in_the_repository_is_there():
    local = [one for one in targets(TEXT) if not one.startswith("https://")]
    assert {"CITATION.cff", "CONTRIBUTING.md", "docs/images/widget.png"} <= {*local}
    assert [one for one in local if not (ROOT / one.partition("#")[0]).is_file()] == []
    elsewhere = [one for one in targets(TEXT) if HOME in one]
    assert [one for one in elsewhere if not re.search("/(issues|actions)", one)] == []


def test_the_package_index_gets_absolute_links():
    # It shows the README too, and has none of the repository's files.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    assert [one["path"] for one in hook["fragments"]] == [README.name]
    text = TEXT
    for one in hook["substitutions"]:
        text = re.sub(one["pattern"], one["replacement"], text)
    assert len(targets(text)) == len(targets(TEXT))
    raw = f"https://{HOME.replace('github.com', 'raw.githubusercontent.com')}/main/"
    blob = f"https://{HOME}/blob/main/"
    for before, after in zip(targets(TEXT), targets(text), strict=True):
        if before.startswith("https://"):
            assert after == before
        else:
            assert after == (raw if before.endswith(".png") else blob) + before


def test_the_code_blocks_name_a_language():
    # A block without one is run by no test.
    for path in (README, *PAGES):
        fences = re.findall(r"^```(.*)$", path.read_text(encoding="utf-8"), re.M)
        assert {*fences[::2]} <= {"bash", "csv", "python", "r", "text"}, path
        assert {*fences[1::2]} <= {""}, path
    assert PAGES == [] or DOCS / "start.md" in PAGES
