"""What mkdocs does for this site besides: see `mkdocs.yml`."""

from __future__ import annotations

import argparse
import logging
import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File, Files

from napari_colorquant.cli.options import make_parser

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
KEPT_ELSEWHERE = {
    "index.md": "README.md",
    "benchmarks.md": "benchmarks/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
"""Pages of the site, and the file of the repository that each one is made of."""
OPTIONS = "<!-- OPTIONS -->"
LINK = re.compile(r"(?<=\]\()(?!https?://|mailto:|#)([^)#\s]+)")
CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.M | re.S)

log = logging.getLogger("mkdocs.plugins.site")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages whose files are not in docs/."""
    for name, source in KEPT_ELSEWHERE.items():
        path = str(ROOT / source)
        files.append(File.generated(config, name, abs_src_path=path))
    return files


def on_page_markdown(
    markdown: str, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Point the links of a page to the site or to GitHub, and list the options."""
    name = page.file.src_uri
    source = KEPT_ELSEWHERE.get(name, f"docs/{name}")

    def to_site(match: re.Match[str]) -> str:
        return address(match[1], source, name, config, files)

    parts = CODE.split(markdown)  # what is code is in every second one
    parts[::2] = [LINK.sub(to_site, part) for part in parts[::2]]
    return "".join(parts).replace(OPTIONS, options_of(make_parser()))


def address(
    target: str, source: str, name: str, config: MkDocsConfig, files: Files
) -> str:
    """Return where a link of a file of the repository leads, from a page of the site.

    A link to nothing is an error of the strict build.
    """
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    pages = {kept: page for page, kept in KEPT_ELSEWHERE.items()}
    in_site = pages.get(path, path.removeprefix("docs/"))
    found = files.get_file_from_path(in_site)
    if found is not None and found.inclusion.is_included():
        return os.path.relpath(in_site, posixpath.dirname(name) or ".")
    if not (ROOT / path).exists():
        log.warning("%s links to %s, which is not there.", source, target)
    kind = "tree" if (ROOT / path).is_dir() else "blob"
    return f"{config.repo_url}/{kind}/main/{path}"


def options_of(parser: argparse.ArgumentParser) -> str:
    """Return what --help says as Markdown: a list of options for each group."""
    formatter = parser.formatter_class(parser.prog)
    lines = []
    for group in parser._action_groups:
        actions = [one for one in group._group_actions if one.help != argparse.SUPPRESS]
        if actions:
            lines.append(f"## {(group.title or 'options').capitalize()}\n")
        for action in actions:
            called = formatter._format_action_invocation(action)
            told = formatter._expand_help(action) if action.help else ""
            lines.append(f"`{called}`\n:   {escaped(told)}\n")
    return "\n".join(lines)


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)
