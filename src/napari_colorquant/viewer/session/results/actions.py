"""What is done and undone: edits, and strokes that were painted by hand."""

from __future__ import annotations

from dataclasses import dataclass

from napari_colorquant.core.palette.edits import Clean, Edit, Merge, Remove, Sort


@dataclass(frozen=True, slots=True)
class Painted:
    """The user painted labels by hand, and kept them."""


Action = Edit | Painted
RELABELS = Merge | Remove | Sort | Clean | Painted
"""Actions that make the labels anew; strokes that were painted since outlast others."""
