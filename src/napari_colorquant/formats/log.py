"""The log of what is read, learned and written: nobody sees it who does not ask."""

from __future__ import annotations

import logging

LOGGER = logging.getLogger("napari_colorquant")
"""Each line is at the level INFO. Scripts show them by ``logging.basicConfig``."""
LOGGER.addHandler(logging.NullHandler())
