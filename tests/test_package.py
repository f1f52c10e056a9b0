"""The package as others meet it: its files, its installation, its imports."""

import ast
import inspect
import json
import operator
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

import napari_colorquant

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
VERSION = PROJECT["project"]["version"]
MANIFEST = "src/napari_colorquant/napari.yaml"

QT = ["PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "superqt"]
VIEWER = [*QT, "magicgui", "napari"]
HEAVY = ["dask", "matplotlib", "numba", "pandas", "pydantic"]
HEAVY += ["scipy", "skimage", "sklearn"]


def run(*command, **kwargs):
    """Run a command; return what it printed, or fail with it."""
    env = {key: os.environ[key] for key in os.environ if key != "PYTHONPATH"}
    result = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=env | {"PYTHONUTF8": "1"},
        **kwargs,
    )
    if result.returncode:
        pytest.fail(f"{command}:\n{result.stdout}\n{result.stderr}", pytrace=False)
    return result.stdout


def run_code(code):
    """Run Python code in a process of its own; return what it printed."""
    return run(sys.executable, "-c", code)


# ---------------------------------------------------------------- files


@pytest.mark.skipif(os.name == "nt", reason="git makes links only where it may")
def test_the_manifest_at_the_top_is_a_link_to_the_one_in_the_package():
    link = ROOT / "napari.yaml"

    assert link.is_symlink()
    assert link.readlink() == Path(MANIFEST)
    assert link.resolve(strict=True) == (ROOT / MANIFEST).resolve(strict=True)


def test_the_manifest_says_what_the_plugin_is_and_its_icon_is_in_the_package():
    manifest = yaml.safe_load((ROOT / MANIFEST).read_text(encoding="utf-8"))
    package, _, icon = manifest["icon"].partition(":")
    picture = ElementTree.parse(ROOT / "src" / package / icon).getroot()

    assert manifest["visibility"] == "public"
    assert manifest["categories"] == ["Image Processing", "Segmentation", "Measurement"]
    assert picture.tag == "{http://www.w3.org/2000/svg}svg"


def test_all_files_name_the_same_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest, *_ = re.findall(r"^## \[?([^\]\s]+)", changelog, flags=re.MULTILINE)

    assert napari_colorquant.__version__ == VERSION
    assert citation["version"] == VERSION
    assert newest in ("Unreleased", VERSION)


# ---------------------------------------------------------------- imports


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_code(
        "import sys, napari_colorquant; print(*{m.split('.')[0] for m in sys.modules})"
    ).split()

    assert "napari_colorquant" in loaded
    assert not {*VIEWER, *HEAVY}.intersection(loaded)


def test_matplotlib_is_loaded_when_its_plot_is_first_shown():
    loaded = run_code("""
import sys
import napari_colorquant.viewer.widgets.main_widget
from napari_colorquant.viewer.widgets.curve_tab import CurveTab
from napari_colorquant.viewer.session.session import Session, ShownCurve
from napari.components import ViewerModel
from qtpy.QtWidgets import QApplication, QTabWidget, QWidget
application, session = QApplication([]), Session(ViewerModel())
tabs, page = QTabWidget(), CurveTab(session)
tabs.addTab(QWidget(), "first")
tabs.addTab(page, "second")
tabs.show()
session.curve = ShownCurve(30.0, 8)
session.events.curve.emit()
print("matplotlib" in sys.modules)
tabs.setCurrentWidget(page)
print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
""")

    assert loaded.split() == ["False", "True", "False"]


@pytest.mark.parametrize("package", ["core", "files", "formats", "cli"])
def test_a_package_below_the_viewer_imports_where_there_is_no_viewer(package):
    # None in sys.modules makes an import fail as if the package were not installed.
    imported = run_code(f"""
import importlib, pkgutil, sys
sys.modules.update(dict.fromkeys({VIEWER}))
package = importlib.import_module("napari_colorquant.{package}")
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    importlib.import_module(module.name)
print(*sys.modules)
""").split()

    files = (ROOT / "src").glob(f"napari_colorquant/{package}/**/[!_]*.py")
    modules = {
        ".".join(file.relative_to(ROOT / "src").with_suffix("").parts) for file in files
    }
    assert len(modules) > 5
    assert modules.issubset(imported)


def test_packages_import_one_another_in_one_direction_only():
    run(
        sys.executable,
        *("-c", "from importlinter.cli import lint_imports_command as f; f()"),
        "--no-cache",
        cwd=ROOT,
    )


DISTRIBUTIONS = {
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
}
"""Of modules that have another name than what is installed."""
NOT_IMPORTED = {"imagecodecs"}  # tifffile imports it for what scanners write


def test_what_is_imported_is_declared_and_what_is_declared_is_imported():
    extras = PROJECT["project"]["optional-dependencies"]
    texts = [
        *PROJECT["project"]["dependencies"],
        *extras["cluster"],
        *extras["imagej"],
        *extras["ome-zarr"],
    ]
    declared = {re.match(r"[\w-]+", text)[0] for text in texts}
    imported = set()
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module.partition(".")[0])
    imported -= {"napari_colorquant", *sys.stdlib_module_names}
    names = {DISTRIBUTIONS.get(name, name).replace("_", "-") for name in imported}

    assert names == declared - NOT_IMPORTED


# ---------------------------------------------------------------- docstrings


# ruff sees that there is a docstring, these that the public ones tell the truth.
DOCSTRING_CHECKS = {
    "GL06",  # unknown section
    "PR01",  # parameter not documented
    "PR02",  # documented parameter that there is not
    "PR03",  # parameters in another order than in the signature
    "PR07",  # parameter without a description
    "PR10",  # no space before the colon: the type is not seen as one
    "RT01",  # nothing about what comes back
    "RT03",  # return value without a description
    "YD01",  # nothing about what is yielded
}


def public_objects():
    """Yield the name of every public class, function, method and property."""
    for name in (*napari_colorquant.__all__, "core.compute.progress.Progress"):
        thing = operator.attrgetter(name)(napari_colorquant)
        if not (inspect.isfunction(thing) or inspect.isclass(thing)):
            continue
        yield f"napari_colorquant.{name}"
        if inspect.isclass(thing):
            bases = (base for base in thing.__mro__ if "colorquant" in base.__module__)
            members = [pair for base in bases for pair in vars(base).items()]
            for member, value in members:
                if not member.startswith("_") and (
                    inspect.isfunction(value)
                    or isinstance(value, (classmethod, property, staticmethod))
                ):
                    yield f"napari_colorquant.{name}.{member}"


def test_public_docstrings_tell_the_parameters_and_what_comes_back():
    from numpydoc.validate import validate

    names = list(public_objects())
    wrong = [
        f"{name}: {code} {message}"
        for name in names
        for code, message in validate(name)["errors"]
        if code in DOCSTRING_CHECKS
    ]

    assert "napari_colorquant.Palette.save" in names
    assert not wrong, "\n".join(wrong)


# ---------------------------------------------------------------- installation


@pytest.fixture(scope="module")
def distributions(tmp_path_factory):
    """Build the sdist and, from the sdist, the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


@pytest.fixture(scope="module")
def environment_with_npe2(tmp_path_factory):
    """Make a virtual environment that holds npe2 and nothing else."""
    folder = tmp_path_factory.mktemp("environments") / "npe2"
    venv.create(folder, symlinks=os.name != "nt")
    pip_install(folder, "npe2>=0.9")
    return folder


def python_of(environment):
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip_install(environment, *arguments):
    pip = [sys.executable, "-m", "pip", "--python", python_of(environment)]
    run(*pip, "install", "--quiet", "--disable-pip-version-check", *arguments)


@pytest.mark.network
def test_the_wheel_holds_the_package_only(distributions):
    with zipfile.ZipFile(distributions["wheel"]) as wheel:
        names = wheel.namelist()
        manifest = wheel.read("napari_colorquant/napari.yaml")

    package, metadata = "napari_colorquant", f"napari_colorquant-{VERSION}.dist-info"
    assert {name.split("/")[0] for name in names} == {package, metadata}
    assert manifest == (ROOT / MANIFEST).read_bytes()
    assert f"{package}/py.typed" in names
    assert f"{package}/icon.svg" in names
    assert f"{metadata}/licenses/LICENSE" in names
    assert not [name for name in names if "__pycache__" in name]


@pytest.mark.network
def test_the_sdist_holds_the_manifest_at_both_places(distributions, tmp_path):
    safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # 3.11.4
    with tarfile.open(distributions["sdist"]) as sdist:
        sdist.extractall(tmp_path, **safely)
    (top,) = tmp_path.iterdir()

    text = (ROOT / MANIFEST).read_text(encoding="utf-8")
    assert top.name == f"napari_colorquant-{VERSION}"
    assert (top / MANIFEST).read_text(encoding="utf-8") == text
    assert (top / "napari.yaml").read_text(encoding="utf-8") == text
    assert (top / "tests" / Path(__file__).name).is_file()


@pytest.mark.network
@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_every_kind_of_install_registers_the_plugin(
    kind, distributions, environment_with_npe2, tmp_path
):
    environment = tmp_path / "environment"
    shutil.copytree(environment_with_npe2, environment, symlinks=True)
    target = ["--editable", ROOT] if kind == "editable" else [distributions[kind]]
    pip_install(environment, "--no-deps", *target)
    npe2 = [python_of(environment), "-m", "npe2"]
    fields = "name,version,contributions.widgets"

    validated = run(*npe2, "validate", "napari-colorquant", cwd=tmp_path)
    (listed,) = json.loads(
        run(*npe2, "list", "--format", "json", "--fields", fields, cwd=tmp_path)
    )

    assert "Manifest for 'napari-colorquant' valid!" in " ".join(validated.split())
    assert listed["name"] == "napari-colorquant"
    assert listed["version"] == VERSION
    widgets = [widget["display_name"] for widget in listed["contributions.widgets"]]
    assert widgets == ["Color quantization"]
