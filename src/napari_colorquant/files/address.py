"""Addresses of the web, told from paths."""

from __future__ import annotations


def is_address(source: object) -> bool:
    """Return whether a source is a web address such as "s3://...", not a path."""
    return isinstance(source, str) and "://" in source
