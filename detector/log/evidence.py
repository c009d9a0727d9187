"""Evidence files on the disk: written whole or not at all, never written over, named from ids only."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from detector.errors import LogError
from detector.log.migrate import sync
from detector.model import EvidenceFile

CHUNK_BYTES = 1 << 20
PATIENCE_S = 10.0
"""How long to wait for another process that is writing the same file."""
PART = ".part"
"""End of the name of a file that is still being written; one that was left is of a process that was killed."""

_VIOLATION_ID = re.compile(r"[0-9a-f]{32}")
_ROLE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_SUFFIX = re.compile(r"(\.[a-z0-9]{1,8}){1,2}")
_PATH = re.compile(rf"{_VIOLATION_ID.pattern}/{_ROLE.pattern}{_SUFFIX.pattern}")


class EvidenceStore:
    """The evidence folder. One folder a violation, one file a role: <violation_id>/<role><suffix>."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, violation_id: str, role: str, suffix: str, data: bytes | Path) -> EvidenceFile:
        """Keep `data` (bytes, or a file to copy). When this returns, the file is on the disk under its final name.

        Putting the same bytes again changes nothing: a repeated run.

        Args:
            violation_id: 32 hex digits.
            role: what it shows, like "snapshot"; small letters, digits, - and _.
            suffix: like ".jpg" or ".track.json"; PART is not allowed.
            data: the bytes, or the file that holds them; it is copied, not moved.

        Raises:
            ValueError: an id, role or suffix that is not as above.
            LogError: it cannot be written (which file, how much was needed, how much is free), or other bytes
                are already kept under that name; nothing that was kept before is touched.
        """
        relative = evidence_path(violation_id, role, suffix)
        target = self.folder / relative
        size = len(data) if isinstance(data, bytes) else _size(data)
        part = target.with_name(target.name + PART)
        try:
            self._make_folder(target.parent)
            with _being_written(part) as file:
                digest = _write(file, data)
                self._settle(part, target, digest)
        except OSError as error:
            raise LogError(_cannot_keep(target, size, error)) from error
        return EvidenceFile(role, relative, digest, size)

    def _settle(self, part: Path, target: Path, digest: str) -> None:
        if os.path.lexists(target):
            part.unlink()
            if target.is_symlink() or sha256_of(target) != digest:
                raise LogError(f"{target}: other evidence is kept under this name; evidence is never written over")
            return
        part.rename(target)
        sync(target.parent)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir() and not folder.is_symlink():
            return
        folder.mkdir(parents=True, exist_ok=True)
        sync(folder.parent)
        sync(self.folder.parent)

    def files(self) -> Iterator[str]:
        """Relative paths of everything in the folder that is not a directory, in order; leftovers too."""
        found = (Path(root) / name for root, _, names in os.walk(self.folder) for name in names)
        yield from sorted(path.relative_to(self.folder).as_posix() for path in found)

    def found(self, violation_id: str) -> list[EvidenceFile]:
        """Whole files of one violation on the disk, whether or not an entry names them. Raises LogError."""
        files = []
        for path in sorted((self.folder / violation_id).glob("*")):
            relative = path.relative_to(self.folder).as_posix()
            if path.is_file() and not path.is_symlink() and _PATH.fullmatch(relative) and path.suffix != PART:
                try:
                    files.append(EvidenceFile(path.name.partition(".")[0], relative, sha256_of(path), _size(path)))
                except OSError as error:
                    raise LogError(f"{path}: evidence cannot be read: {error.strerror}") from error
        return files

    def problem(self, file: EvidenceFile) -> str | None:  # noqa: PLR0911  (a ladder of reasons)
        """Why the file on the disk is not the one that was logged; None if it is."""
        if not _PATH.fullmatch(file.path):
            return f"evidence {file.path!r} is not a path that trucewatch writes"
        path = self.folder / file.path
        if path.is_symlink() or path.parent.is_symlink():
            return f"evidence {file.path} is a symbolic link, not the file that was logged"
        try:
            size, digest = path.stat().st_size, sha256_of(path)
        except FileNotFoundError:
            return f"evidence {file.path} is missing"
        except OSError as error:
            return f"evidence {file.path} cannot be read: {error.strerror}"
        if size != file.bytes:
            return f"evidence {file.path} was changed: {size} bytes, logged were {file.bytes}"
        if digest != file.sha256:
            return f"evidence {file.path} was changed: its SHA-256 is {digest}, logged was {file.sha256}"
        return None


def evidence_path(violation_id: str, role: str, suffix: str) -> str:
    """Path inside the evidence folder. Raises ValueError for anything that could lead elsewhere."""
    for name, text, allowed, words in (
        ("violation_id", violation_id, _VIOLATION_ID, "32 hex digits"),
        ("role", role, _ROLE, "up to 32 of a-z 0-9 _ -, a letter first"),
        ("suffix", suffix, _SUFFIX, "one or two of . and up to 8 of a-z 0-9"),
    ):
        if not allowed.fullmatch(text):
            raise ValueError(f"{name}={text!r}: allowed are {words}")
    if suffix.endswith(PART):
        raise ValueError(f"suffix={suffix!r}: {PART} is kept for files that are being written")
    return f"{violation_id}/{role}{suffix}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex digits. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise LogError(f"{path}: evidence cannot be read: {error.strerror}") from error


@contextmanager
def _being_written(part: Path) -> Iterator[BinaryIO]:
    """The empty file `part`, ours alone until it is renamed or removed; removed if anything goes wrong.

    A replay that is killed leaves workers that write on for a moment, while it may have been started again already:
    so the file is locked as the log is, and the lock goes with the process.
    """
    with os.fdopen(_locked(part), "wb") as file:
        try:
            os.ftruncate(file.fileno(), 0)
            yield file
        except BaseException:
            _discard(part)
            raise


def _locked(part: Path) -> int:
    patient_until_s = time.monotonic() + PATIENCE_S
    while True:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), part.stat()):
                return descriptor
        except (BlockingIOError, FileNotFoundError):  # busy, or just renamed by its writer
            if time.monotonic() > patient_until_s:
                os.close(descriptor)
                raise LogError(f"{part}: another process is writing this evidence file") from None
            time.sleep(0.02)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _write(file: BinaryIO, data: bytes | Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(data):
        digest.update(chunk)
        file.write(chunk)
    file.flush()
    os.fsync(file.fileno())
    return digest.hexdigest()


def _chunks(data: bytes | Path) -> Iterator[bytes]:
    if isinstance(data, bytes):
        yield data
        return
    with data.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _discard(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        return  # verify reports it as an extra file; the error that brought us here is the one to tell


def _cannot_keep(target: Path, size: int, error: OSError) -> str:
    if error.errno not in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"{target}: evidence cannot be written: {error.strerror}"
    folder = next(parent for parent in target.parents if parent.exists())
    free = shutil.disk_usage(folder).free
    return (
        f"{target}: no room for evidence of {size} bytes ({free} bytes free): {error.strerror}; nothing logged is lost"
    )
