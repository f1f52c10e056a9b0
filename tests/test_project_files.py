"""The files around the package: workflows, recipe, forms. They say the same thing."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
GROUPS = PYPROJECT["dependency-groups"]
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (GITHUB / "workflows").glob("*.yml")
}
JOBS = {
    f"{stem}/{name}": job
    for stem, workflow in WORKFLOWS.items()
    for name, job in workflow["jobs"].items()
}

pytestmark = pytest.mark.skipif(not JOBS, reason="a source distribution")


def bounds(requirements):
    """Return the lowest version of each requirement, by its name without extras."""
    found = {}
    for text in requirements:
        name, _, version = re.match(r"([\w-]+)(\[.*\])?\s*>=([\w.]+)", text).groups()
        assert name not in found, f"{name} is named twice"
        found[name] = version
    return found


def steps(job):
    return [step.get("uses", step.get("run", "")) for step in job.get("steps", ())]


# ---------------------------------------------------------------- versions


def test_a_requirement_has_one_lowest_version_wherever_it_is_named():
    extras = PROJECT["optional-dependencies"].values()
    texts = [PROJECT["dependencies"], *extras, *GROUPS.values()]
    seen = {}
    for text in map(str, chain.from_iterable(texts)):  # a group may include others
        if named := re.match(r"([a-z][\w-]+).*?>=([\w.]+)", text):
            seen.setdefault(named[1], set()).add(named[2])
    runs = {*bounds(PROJECT["dependencies"])} - {"matplotlib"}  # newer for benchmarks

    assert seen["napari"] == {"0.7.1"}
    assert not {name: found for name in runs if len(found := seen[name]) > 1}
    for name in ("distributed", "ome-zarr", "roifile", "zarr"):
        assert len(seen[name]) == 1


CONDA = {"dask": "dask-core", "matplotlib": "matplotlib-base", "napari": "napari-base"}
"""What conda-forge calls a requirement in place of pip's name: without its extras."""


def test_the_recipe_of_conda_asks_for_what_pip_asks_for():
    recipe = yaml.safe_load((ROOT / "conda/recipe.yaml").read_text(encoding="utf-8"))
    asked, context = recipe["requirements"], recipe["context"]
    python, *run = asked["run"]
    python_in_host, pip, *host = asked["host"]
    extras = PROJECT["optional-dependencies"]
    optional = [*extras["cluster"], *extras["imagej"], *extras["ome-zarr"]]
    ours = bounds(PROJECT["dependencies"])
    scripts = [f"{name} = {where}" for name, where in PROJECT["scripts"].items()]

    assert bounds(run) == {CONDA.get(name, name): ours[name] for name in ours}
    assert bounds(asked["run_constraints"]) == bounds(optional)
    assert bounds(host) == bounds(PYPROJECT["build-system"]["requires"])
    assert (python, pip) == ("python >=${{ python_min }}", "pip")
    assert python_in_host == "python ${{ python_min }}.*"
    assert f">={context['python_min']}" == PROJECT["requires-python"]
    assert context["version"] == PROJECT["version"]
    assert recipe["package"]["name"] == PROJECT["name"]
    assert recipe["build"]["python"]["entry_points"] == scripts
    assert recipe["about"]["license"] == PROJECT["license"]


# ---------------------------------------------------------------- workflows


def test_every_system_python_and_binding_is_tested():
    matrix = JOBS["tests/test"]["strategy"]["matrix"]
    prefix = "Programming Language :: Python :: 3."
    declared = [
        f"3.{text.removeprefix(prefix)}"
        for text in PROJECT["classifiers"]
        if text.startswith(prefix)
    ]

    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    assert matrix["python"] == declared == ["3.11", "3.12", "3.13", "3.14"]
    assert [qt for qt in matrix["qt"] if qt in GROUPS] == ["pyqt6", "pyside6"]


def test_the_lowest_versions_and_each_napari_are_tested():
    rows = JOBS["tests/versions"]["strategy"]["matrix"]["include"]
    (lowest,) = [row for row in rows if "lowest" in row]
    (main_step,) = [s for s in JOBS["napari-main/test"]["steps"] if "env" in s]

    assert f">={lowest['python']}" == PROJECT["requires-python"]
    assert [row["with"] for row in rows if "with" in row] == [
        "napari==0.7.*",
        "napari==0.8.*",
    ]
    assert main_step["env"]["COLORQUANT_WITH"].startswith("napari @ git+https://")


def test_what_is_published_are_the_files_that_were_tested():
    publishing = {
        name for name in JOBS if any("pypi-publish" in s for s in steps(JOBS[name]))
    }
    uploads = [
        step["with"]["name"]
        for name in JOBS
        if name.startswith("tests/")
        for step in JOBS[name]["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]
    release = WORKFLOWS["release"]["jobs"]

    assert publishing == {"release/publish"}
    assert uploads == ["dist"]
    assert release["test"] == {"uses": "./.github/workflows/tests.yml"}
    assert "workflow_call" in WORKFLOWS["tests"][True]  # YAML takes "on" for true
    assert release["publish"]["needs"] == "test"
    assert release["publish"]["permissions"] == {"id-token": "write"}
    assert release["announce"]["needs"] == "publish"
    assert not any("build" in step for job in release.values() for step in steps(job))


@pytest.mark.parametrize("name", JOBS)
def test_a_job_ends_and_may_do_no_more_than_it_needs(name):
    workflow = WORKFLOWS[name.partition("/")[0]]

    assert workflow["permissions"] == {"contents": "read"}
    assert "uses" in JOBS[name] or JOBS[name]["timeout-minutes"] <= 90
    for step in steps(JOBS[name]):
        script = re.match(r"(script/\w+|\.ci/run)", step)
        assert script is None or (ROOT / script[0]).is_file()


def test_the_neighbours_are_the_same_in_the_script_and_in_the_workflow():
    text = (ROOT / "script/check_neighbours").read_text(encoding="utf-8")
    named = re.search(r"NEIGHBOURS=\(([^)]*)\)", text)[1].split()

    assert JOBS["neighbours/install"]["strategy"]["matrix"]["neighbour"] == named
    assert len(named) == 7


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize("form", ["bug", "wish"])
def test_a_form_asks_for_what_it_must_know(form):
    text = (GITHUB / f"ISSUE_TEMPLATE/{form}.yml").read_text(encoding="utf-8")
    fields = yaml.safe_load(text)["body"]

    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["label"] for field in fields)
    assert fields[0]["validations"]["required"]


def test_dependabot_looks_after_the_actions_and_what_is_bounded_above():
    text = (GITHUB / "dependabot.yml").read_text(encoding="utf-8")
    updates = {one["package-ecosystem"]: one for one in yaml.safe_load(text)["updates"]}

    assert set(updates) == {"github-actions", "pip"}
    assert updates["pip"]["versioning-strategy"] == "increase-if-necessary"
