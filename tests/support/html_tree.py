"""HTML of notebooks as a tree, to look at what is in it."""

from __future__ import annotations

from xml.etree import ElementTree


def tree_of(html):
    """Return the root of HTML, which must be well-formed."""
    return ElementTree.fromstring(f"<body>{html}</body>")


def texts_of(root, path):
    """Return the text of all elements at a path, without spaces around it."""
    return ["".join(one.itertext()).strip() for one in root.findall(path)]
