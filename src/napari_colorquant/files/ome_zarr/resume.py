"""Folders that appear whole or not at all, and can be finished by a later run.

The hidden folder .NAME.partial holds ledger.json (the job), done (finished pieces, one
a line), content, and lock, which a process locks before it touches anything else.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EACCES, EAGAIN, EDEADLK
from shutil import rmtree
from typing import IO, TYPE_CHECKING, Any

from napari_colorquant.files.record import load_record, save_record
from napari_colorquant.formats.file_io import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_LEDGER, _DONE, _CONTENT, _OLD = "ledger.json", "done", "content", "old"
_LOCK = "lock"
_JOB, _ASKED = "job", "asked"


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The folder of a job under way; path is what its content is called at the end."""

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
        """Return what begin noted, with "job" and "asked"; None if lost or damaged."""
        try:
            return load_record(self.folder / _LEDGER)
        except (OSError, ValueError):
            return None

    def done(self, job: Mapping[str, Any]) -> set[str] | None:
        """Return the pieces of a job that are finished; None if it is not under way.

        job: plain data that change if any byte of the content does.
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
        """Return the record of what is under way if it is what was asked, else None."""
        ledger = self.ledger()
        if ledger is None or ledger.get(_ASKED) != _plain(asked):
            return None
        return {key: ledger[key] for key in ledger if key not in (_JOB, _ASKED)}

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Keep the folder, made if there is none, to this process, and put it in order.

        After a killed run, the old content gets its name back and its workers are sent
        away. FileExistsError: another process has it, or it is not ours.
        """
        lock = self.folder / _LOCK
        with ExitStack() as stack:
            while True:
                if not lock.exists():
                    self._check_ours()
                    self.folder.mkdir(exist_ok=True)
                try:
                    stream = stack.enter_context(open(lock, "ab"))
                except FileNotFoundError:  # who had it has removed it meanwhile
                    continue
                self._lock(stream)
                if _is_same(stream, lock):  # likewise
                    break
                stream.close()
            self._check_ours()
            self._put_in_order()
            try:
                yield
            finally:
                if self.folder.is_dir() and not self._others():
                    self._remove(stream)

    def begin(
        self,
        job: Mapping[str, Any],
        record: Mapping[str, Any],
        asked: Mapping[str, Any] | None = None,
    ) -> None:
        """Begin a job in a claimed folder; what there was of another is removed.

        job: as for done. asked: plain data by which asked finds the record.
        """
        self._empty(but=_LEDGER)  # by which the folder is known to be ours
        noted = {**record, _JOB: _plain(job), _ASKED: asked and _plain(asked)}
        save_record(noted, self.folder / _LEDGER)
        self.content.mkdir()
        (self.folder / _DONE).touch()

    def check_free(self) -> None:
        """Raise FileExistsError if another process works on it; change nothing."""
        try:
            with open(self.folder / _LOCK, "rb+") as stream:
                self._lock(stream)
        except FileNotFoundError:
            return

    def _check_ours(self) -> None:
        if not os.path.lexists(self.folder):
            return
        if not self.folder.is_dir() or (
            self.ledger() is None
            and any(not path.name.endswith(".part") for path in self._others())
        ):
            raise FileExistsError(
                f"{self.folder}: is in the way, and was not left by an interrupted "
                "save: remove it."
            )

    def _empty(self, but: str = "") -> None:
        for other in sorted(self._others(), key=lambda path: path.name == _LEDGER):
            if other.name == but:
                continue
            if other.is_dir() and not other.is_symlink():
                rmtree(other)
            else:
                other.unlink()

    def _others(self) -> list[Path]:
        """List what is in the folder besides the lock."""
        return [path for path in self.folder.iterdir() if path.name != _LOCK]

    def _lock(self, stream: IO[Any]) -> None:
        """Lock a file as long as it is open."""
        try:
            if sys.platform == "win32":
                import msvcrt

                stream.seek(0)
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (EACCES, EAGAIN, EDEADLK):
                return  # a file system without locks
            raise FileExistsError(
                f"{self.path}: is being saved at this moment: wait until that is done, "
                "or stop it."
            ) from None

    def _put_in_order(self) -> None:
        for mark in self.folder.glob(f"*{MARK}"):
            mark.unlink()
        old = self.folder / _OLD
        if os.path.lexists(old) and not os.path.lexists(self.path):
            os.rename(old, self.path)

    def _remove(self, stream: IO[Any]) -> None:
        """Remove the folder, in which nothing is but the lock."""
        if sys.platform == "win32":  # what is open cannot be removed there
            stream.close()
        (self.folder / _LOCK).unlink()
        self.folder.rmdir()

    @contextmanager
    def noting(self) -> Iterator[Callable[[str], None]]:
        """Yield a function that notes a finished piece (one line) in a claimed folder.

        A part of a line that an interrupted run has left is removed first.
        """
        with open(self.folder / _DONE, "a", encoding="ascii", newline="\n") as stream:
            _drop_last_part(self.folder / _DONE)

            def note(piece: str) -> None:
                stream.write(f"{piece}\n")
                stream.flush()

            yield note

    def give_name(self) -> None:
        """Give the content of a claimed folder its name; what had that name is removed.

        After an OSError, what had the name keeps it.
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
        self._empty()


def _plain(job: Mapping[str, Any]) -> Any:
    """Return plain data as they are read back."""
    return json.loads(json.dumps(job))


def _is_same(stream: IO[Any], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _drop_last_part(done: Path) -> None:
    whole = done.read_bytes().rfind(b"\n") + 1
    os.truncate(done, whole)
