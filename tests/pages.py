"""The pages of docs/, as the tests read them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
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
