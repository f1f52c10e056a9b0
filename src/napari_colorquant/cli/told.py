"""What is told of all images: sentences, or lines of JSON, and the table in the end."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.messages import complaint_of, in_shell, say
from napari_colorquant.files.batch.tables import table_of_all, write_table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd

    from napari_colorquant.cli.one_image import Done


class Told:
    """Says what came of images as it comes, and keeps what the table is made of."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._rows: dict[Path | str, pd.DataFrame | None] = {}
        self.status = 0
        """Exit status: 1 if something failed."""

    def failed(self, complaints: Iterable[tuple[Path | str, str]]) -> None:
        """Say of images, each with a sentence that names it, what went wrong."""
        for source, sentence in complaints:
            self.failed_all([source], sentence)

    def failed_all(self, sources: Sequence[Path | str], sentence: str) -> None:
        """Say once what went wrong with all of several images."""
        say(sentence, sys.stderr)
        self.status = 1
        for source in sources:
            self._json(source, error=sentence)

    def done(self, source: Path | str, done: Done) -> None:
        """Say what came of an image."""
        self._rows[source] = done.rows
        if self._arguments.json:
            from napari_colorquant.core.quantization.report import without_infinities

            report = done.report and without_infinities(done.report.as_dict())
            self._json(
                source,
                files=[str(path) for path in done.files],
                skipped=done.report is None,
                report=report,
                quality=done.quality,
                notes=[in_shell(note) for note in done.notes],
            )
            return
        self.notes(source, done.notes)
        if not self._arguments.quiet:
            say(f"{source}: {done.line()}", sys.stdout)

    def notes(self, source: Path | str, notes: Iterable[str]) -> None:
        """Say what the user should know of an image, or of an option."""
        if not self._arguments.quiet:
            for note in notes:
                say(f"{source}: {in_shell(note)}", sys.stderr)

    def end(self) -> None:
        """Write the table, if it is asked for."""
        path = self._arguments.summary
        if path is None:
            return
        try:
            # An image that is named twice has been done once.
            images, left = self._arguments.images, dict(self._rows)
            tables = [left.pop(image, None) for image in images]
            write_table(path, table_of_all(list(map(str, images)), tables))
        except OSError as error:
            say(complaint_of(path, error), sys.stderr)
            self.status = 1

    def _json(self, source: Path | str, **known: Any) -> None:
        if not self._arguments.json:
            return
        usual = {"files": [], "skipped": False, "report": None, "quality": {}}
        plain = {"image": str(source)} | usual | {"notes": [], "error": None} | known
        say(json.dumps(plain), sys.stdout)
