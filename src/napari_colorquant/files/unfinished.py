"""Folders that appear whole or not at all, and can be finished by a later run.

What is under way is in a hidden folder beside the target, ``.NAME.partial``: the
``ledger.json``, which says of what job it is; ``done``, a line for each piece of work
that is finished; and ``content``, which is given its own name at the end.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from shutil import rmtree
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

from napari_colorquant.files.records import load_record, save_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_LEDGER, _DONE, _CONTENT, _OLD = "ledger.json", "done", "content", "old"
_JOB, _ASKED = "job", "asked"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The folder of a job that is under way.

    Parameters
    ----------
    path : Path
        What the content is called at the end.
    """

    path: Path

    @property
    def folder(self) -> Path:
        """Where it is under way."""
        return self.path.with_name(f".{self.path.name}.partial")

    @property
    def content(self) -> Path:
        """What is given its own name at the end."""
        return self.folder / _CONTENT

    def ledger(self) -> dict[str, Any] | None:
        """Return what was noted when the job began.

        Returns
        -------
        dict or None
            The record that :meth:`begin` was given, with ``"job"`` and ``"asked"``;
            None if there is none, or a damaged one.
        """
        try:
            return load_record(self.folder / _LEDGER)
        except (OSError, ValueError):
            return None

    def done(self, job: Mapping[str, Any]) -> set[str] | None:
        """Return what an earlier run has finished of a job.

        Parameters
        ----------
        job : mapping
            Plain data that are others where any byte of the content is.

        Returns
        -------
        set of str
            What :meth:`finish` was told; None if no such job is under way.
        """
        ledger = self.ledger()
        if ledger is None or ledger.get(_JOB) != _plain(job):
            return None
        if not (self.content.is_dir() and (self.folder / _DONE).is_file()):
            return None
        # Of the last line an interrupted run may have written a part.
        *lines, _ = (self.folder / _DONE).read_text(encoding="ascii").split("\n")
        return set(lines)

    def asked(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the record of what is under way, if it is what was asked for.

        Parameters
        ----------
        asked : mapping
            What :meth:`begin` was given.

        Returns
        -------
        dict or None
            The record; None if nothing is under way, or something else.
        """
        ledger = self.ledger()
        if ledger is None or ledger.get(_ASKED) != _plain(asked):
            return None
        return {key: ledger[key] for key in ledger if key not in (_JOB, _ASKED)}

    def begin(
        self,
        job: Mapping[str, Any],
        record: Mapping[str, Any],
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a job; what there was of another one is removed.

        Parameters
        ----------
        job : mapping
            See :meth:`done`.
        record : mapping
            What it is to be known by: a record, with a palette.
        asked : mapping, optional
            Plain data by which :meth:`asked` finds the record.

        Raises
        ------
        FileExistsError
            If something is in the way that is no job of this kind.
        OSError
            If nothing can be written there.
        """
        self.discard()
        self.folder.mkdir()
        noted = {**record, _JOB: _plain(job), _ASKED: asked and _plain(asked)}
        save_record(noted, self.folder / _LEDGER)
        self.content.mkdir()
        (self.folder / _DONE).touch()

    def discard(self) -> None:
        """Remove what is under way, if anything is.

        Raises
        ------
        FileExistsError
            If the folder of that name is no job of this kind, or a process is working
            on it.
        """
        if not os.path.lexists(self.folder):
            return
        if self.ledger() is None and (
            not self.folder.is_dir() or any(self.folder.iterdir())
        ):
            raise FileExistsError(
                f"{self.folder}: is in the way, and was not left by an interrupted "
                "save: remove it."
            )
        if (self.folder / _DONE).is_file():
            with open(self.folder / _DONE, "ab") as stream:
                self._claim(stream)
        rmtree(self.folder)

    def _claim(self, stream: IO[Any]) -> None:
        """Keep the job to this process, as long as a file of it is open."""
        try:
            import fcntl
        except ImportError:  # Windows: what is open cannot be removed there
            return
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileExistsError(
                f"{self.path}: is being saved at this moment: wait until that is done, "
                "or stop it."
            ) from None
        except OSError:  # a file system without locks
            return

    @contextmanager
    def noting(self) -> Iterator[Callable[[str], None]]:
        """Note what is finished while the job is worked on.

        Yields
        ------
        callable
            Takes a name of a piece of work, of one line.

        Raises
        ------
        FileExistsError
            If another process is working on it.
        """
        with open(self.folder / _DONE, "a", encoding="ascii", newline="\n") as stream:
            self._claim(stream)
            _drop_last_part(self.folder / _DONE)

            def note(piece: str) -> None:
                stream.write(f"{piece}\n")
                stream.flush()

            yield note

    @contextmanager
    def marked(self) -> Iterator[Path]:
        """Mark the folder while the job is worked on, for processes that help.

        Yields
        ------
        Path
            A file in the folder, of a name that no other run has used.
        """
        mark = self.folder / f"mark-{uuid4().hex}"
        mark.touch()
        try:
            yield mark
        finally:
            mark.unlink(missing_ok=True)

    def give_name(self) -> None:
        """Give the content its own name; what had this name is removed.

        Raises
        ------
        OSError
            If that is not possible; what had this name keeps it.
        """
        old = self.folder / _OLD
        if os.path.lexists(self.path):
            os.rename(self.path, old)
        try:
            os.rename(self.content, self.path)
        except OSError:
            if os.path.lexists(old):
                os.rename(old, self.path)
            raise
        rmtree(self.folder)


def _plain(job: Mapping[str, Any]) -> Any:
    """Return plain data as they are read back."""
    return json.loads(json.dumps(job))


def _drop_last_part(done: Path) -> None:
    whole = done.read_bytes().rfind(b"\n") + 1
    os.truncate(done, whole)
