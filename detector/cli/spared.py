"""What no command may write over: recordings, and what a violation log holds. Both are evidence."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import typer

_DATABASE = b"SQLite format 3\0"


def spare(out: Path | None, option: str, inputs: Iterable[Path] = (), *, outputs: Iterable[Path] = ()) -> None:
    """Refuse an output that is one of the inputs or of the other outputs, or belongs to a violation log.

    Raises:
        typer.BadParameter: it does.
    """
    if out is not None and any(out.resolve() == other.resolve() for other in outputs):
        raise typer.BadParameter(f"{out} is written already; name another", param_hint=option)
    if out is None or not out.exists():
        return
    if any(path.exists() and out.samefile(path) for path in inputs):
        raise typer.BadParameter(f"{out} is the recording itself; name another", param_hint=option)
    if out.is_file() and _is_of_a_log(out.resolve()):
        raise typer.BadParameter(f"{out} belongs to a violation log; name another", param_hint=option)


def _is_of_a_log(file: Path) -> bool:
    from detector.log.schema import FILE_NAME

    with file.open("rb") as stream:
        if stream.read(len(_DATABASE)) == _DATABASE:
            return True
    if file.name.startswith(FILE_NAME):  # with -wal and -shm
        return True
    return any(one.name == "evidence" and (one.parent / FILE_NAME).exists() for one in file.parents)
