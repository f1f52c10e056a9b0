"""What is in a folder."""

from __future__ import annotations


def contents(folder):
    """Every file in a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
