"""The docstrings of the site: their links, and an error where one is missing."""

from __future__ import annotations

import logging
import re
from typing import Any

import griffe

ROLE = re.compile(r":\w+:`~?([\w.]+)`")
"""A reference as Sphinx writes it, such as :func:`quantize`."""

log = logging.getLogger("mkdocs.plugins.site")


class Docstrings(griffe.Extension):
    """Looks at the public names of a package and at their public members."""

    def on_package(
        self, *, pkg: griffe.Module, loader: griffe.GriffeLoader, **kwargs: Any
    ) -> None:
        """Make links of references, and warn of each name that says nothing."""
        loader.resolve_aliases()
        public = {str(name) for name in pkg.exports or ()}

        def linked(match: re.Match[str]) -> str:
            name = match[1].removeprefix(f"{pkg.path}.")
            code = f"`{name}`"
            return f"[{code}][{pkg.path}.{name}]" if name in public else code

        for name in public:
            thing = pkg[name]
            members = thing.members.values() if thing.is_class else ()
            for one in (thing, *members):
                # A field is told of by its class, a magic method by its name.
                is_field = one.is_attribute and "property" not in one.labels
                if one.docstring:
                    one.docstring.value = ROLE.sub(linked, one.docstring.value)
                elif one.is_public and not (one.is_special or is_field):
                    log.warning("%s has no docstring.", one.path)
