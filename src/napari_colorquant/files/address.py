"""Addresses of the web, told from paths."""

from __future__ import annotations


def is_address(source: object) -> bool:
    """Tell an address of the web from a path.

    Parameters
    ----------
    source : object
        Either of them.

    Returns
    -------
    bool
        Whether it is an address, such as ``"https://..."`` or ``"s3://..."``.
    """
    return isinstance(source, str) and "://" in source
