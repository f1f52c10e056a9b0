"""The pages of docs/, as the tests read them."""

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
PAGES = sorted(DOCS.glob("*.md"))


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


def run_page(path, folder, check=None, change=str):
    """Run the code of a page as a script in an empty folder; return what it prints.

    The script has what is installed and nothing of the repository. `check` is a
    function of what the script has made, which is called at its end and knows numpy;
    `change` makes the work smaller.
    """
    code, close = change(code_of(path)), ""
    if "napari.run()" in code:
        code = f"import napari\nnapari.run = lambda: None\n{code}"
        close = "\n    napari.Viewer.close_all()"
    checks = "" if check is None else f"import numpy as np\n\n{getsource(check)}\n"
    called = "pass" if check is None else f"{check.__name__}(globals())"
    end = f'{checks}if __name__ == "__main__":\n    {called}{close}\n'
    (folder / "page.py").write_text(f"{code}\n\n{end}", encoding="utf-8")
    home = Path(napari_colorquant.__file__).parents[1]
    own = {"PYTHONPATH": str(home), "PYTHONUTF8": "1"}
    own["NAPARI_CONFIG"] = str(folder / "settings.yaml")
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "page.py"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | own,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
