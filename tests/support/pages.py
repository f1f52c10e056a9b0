"""README and the pages of docs/, as the tests read them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from inspect import getsource
from pathlib import Path

import napari_colorquant

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = sorted(DOCS.rglob("*.md"))


def read_page(name):
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.M | re.S)


def prose(page):
    """Return a page without its code blocks and the addresses of its links."""
    text = re.sub(r"^```.*?^```$", "", page, flags=re.M | re.S)
    return re.sub(r"\]\([^)]*\)", "]", text)


def code_of(path):
    """Return the Python code of a page: its blocks build on each other."""
    return "\n".join(blocks(path.read_text(encoding="utf-8"), "python"))


def table(page, first_heading):
    """Return the rows of the table whose first column has that heading."""
    (found,) = re.findall(
        rf"^\| {first_heading} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.M
    )
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in found.splitlines()
    ]


def run_page(path, folder, check=None, change=str):
    """Run the code of a page as a script in an empty folder; return what it prints.

    The script has what is installed and nothing of the repository. `check` is a
    function of what the script has made, which is called at its end and knows numpy;
    `change` makes the work smaller.
    """
    (folder / "page.py").write_text(script_of(path, check, change), encoding="utf-8")
    return run_script("page.py", folder)


def run_pages(checks, folder):
    """Run the code of several pages in one process; return what each one prints.

    checks: for each path the function of `run_page`, or None.
    """
    runner = ["import runpy"]
    for number, (path, check) in enumerate(checks.items()):
        name = f"page_{number}.py"
        (folder / name).write_text(script_of(path, check), encoding="utf-8")
        runner.append(
            f'print("\\n=== page ===")\nrunpy.run_path({name!r}, None, "__main__")'
        )
    (folder / "pages.py").write_text("\n".join(runner), encoding="utf-8")
    _, *printed = run_script("pages.py", folder).split("\n=== page ===\n")
    return dict(zip(checks, printed, strict=True))


def script_of(path, check=None, change=str):
    """Return the code of a page with a check at its end."""
    code, close = change(code_of(path)), ""
    if "napari.run()" in code:
        code = f"import napari\nnapari.run = lambda: None\n{code}"
        close = "\n    napari.Viewer.close_all()"
    checks = "" if check is None else f"import numpy as np\n\n{getsource(check)}\n"
    called = "pass" if check is None else f"{check.__name__}(globals())"
    end = f'{checks}if __name__ == "__main__":\n    {called}{close}\n'
    return f"{code}\n\n{end}"


def run_script(name, folder):
    """Run a script in its folder; return what it prints."""
    home = Path(napari_colorquant.__file__).parents[1]
    own = {"PYTHONPATH": str(home), "PYTHONUTF8": "1"}
    own["NAPARI_CONFIG"] = str(folder / "settings.yaml")
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", name],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | own,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
