"""Run the command as ``python -m napari_colorquant``."""

from __future__ import annotations

import sys

from napari_colorquant.cli import main

if __name__ == "__main__":
    sys.exit(main())
