"""`trucewatch doctor`: is this machine fit for it?"""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import typer
from rich.markup import escape
from rich.table import Table

from detector.cli.exit_codes import ExitCode
from detector.cli.screen import Screen

_PACKAGES = (
    "argon2-cffi",
    "fastapi",
    "jinja2",
    "uvicorn",
    "websockets",
    "numpy",
    "scipy",
    "av",
    "pydantic",
    "shapely",
    "pyproj",
    "SQLAlchemy",
    "alembic",
    "scikit-learn",
    "soundfile",
)
_DECODERS = ("h264", "hevc", "mpeg2video", "mjpeg")
_FREE_GB = 5.0

Row = tuple[str, bool, str, str]


def doctor() -> None:
    """Look whether this machine has what trucewatch needs, and say what to do where it has not.

    Example: `trucewatch doctor`
    """
    table = Table("", "what", "found", "what to do")
    rows = [
        row for look in (_python, _packages, _opencv, _decoders, _log, _time_zones, _disk, _extras) for row in look()
    ]
    for what, fine, found, advice in rows:
        table.add_row("ok" if fine else "--", escape(what), escape(found), "" if fine else escape(advice))
    console = Screen(highlight=False)
    console.print(table)
    if not all(fine for what, fine, _, _ in rows if not what.startswith("extra")):
        console.print("Something needed is missing: see the last column.")
        raise typer.Exit(ExitCode.USAGE)
    console.print("Everything needed is here.")


def _python() -> Iterator[Row]:
    fine = (3, 11) <= sys.version_info[:2] <= (3, 14)
    yield "Python 3.11 to 3.14", fine, platform.python_version(), "make PYTHON=/path/to/python3.11 setup"


def _packages() -> Iterator[Row]:
    for name in _PACKAGES:
        try:
            yield name, True, version(name), ""
        except PackageNotFoundError:
            yield name, False, "absent", "make setup"


def _opencv() -> Iterator[Row]:
    advice = "apt-get install libgl1 libglib2.0-0, or: pip install --force-reinstall opencv-python-headless"
    yield _tried("OpenCV", lambda: str(__import__("cv2").__version__), advice)


def _decoders() -> Iterator[Row]:
    for name in _DECODERS:
        yield _tried(f"decoder {name}", partial(_codec, name, "r"), "pip install 'av>=18.1'")
    advice = "annotated videos and synthetic feeds need it: pip install 'av>=18.1'"
    yield _tried("encoder libx264", partial(_codec, "libx264", "w"), advice)


def _codec(name: str, mode: Literal["r", "w"]) -> str:
    from av.codec import Codec

    return Codec(name, mode).long_name


def _log() -> Iterator[Row]:
    yield _tried(f"SQLite {sqlite3.sqlite_version} with WAL", _journal_mode, "use a local disk for --out, not a share")


def _journal_mode() -> str:
    with TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "try.sqlite")
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        finally:
            connection.close()
    if mode != "wal":
        raise OSError(f"journal mode is {mode}")
    return "writes and syncs"


def _time_zones() -> Iterator[Row]:
    from zoneinfo import ZoneInfo

    yield _tried("time zones", lambda: str(ZoneInfo("Europe/Vienna")), "pip install tzdata")


def _disk() -> Iterator[Row]:
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    yield f"{_FREE_GB:g} GB free here", free_gb >= _FREE_GB, f"{free_gb:.0f} GB", "make room, or --out elsewhere"


def _extras() -> Iterator[Row]:
    extras = (
        ("live", "tstrans", "SRT feeds"),
        ("mqtt", "paho", "sensors and outbox over MQTT"),
        ("mavlink", "pyulog", "flight logs of PX4"),
        ("dem", "rasterio", "GeoTIFF terrain"),
        ("seismic", "obspy", "miniSEED"),
        ("parquet", "pyarrow", "Parquet"),
    )
    for extra, module, what in extras:
        found = "present" if find_spec(module) is not None else "absent"
        yield f"extra {extra} ({what})", found == "present", found, f"pip install 'trucewatch[{extra}]'"


def _tried(what: str, attempt: Callable[[], str], advice: str) -> Row:
    try:
        return what, True, attempt(), ""
    except Exception as error:  # noqa: BLE001  whatever is wrong with this machine is the finding
        return what, False, f"{type(error).__name__}: {error}"[:60], advice
