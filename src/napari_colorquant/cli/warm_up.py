"""``--warm-up``: the engine is compiled, and kept for all runs that follow."""

from __future__ import annotations

import argparse
from typing import Any


class WarmUp(argparse.Action):
    """Compile the engine, say what was done, and exit, whatever else is asked for."""

    def __init__(self, option_strings: Any, dest: str, **options: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Do it; the exit status is 2 where nothing can be kept."""
        from napari_colorquant.core.warm_up import compile_all

        done = compile_all()
        if done.folder is None:
            parser.error(
                "what is compiled cannot be kept, as neither the folder of "
                "napari_colorquant nor the user's cache can be written to: set the "
                "variable NUMBA_CACHE_DIR to a folder that can, now and for all runs."
            )
        print(
            f"compiled {done.n_compiled:,} functions in {done.seconds:.1f} s, "
            f"kept as in {done.folder}"
        )
        parser.exit()
