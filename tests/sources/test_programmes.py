"""Two drones in one multiplex: the places of one are not those of the other."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from detector.sources import programmes
from detector.sources.survey import survey
from tests.sources.multiplexing import multiplex

FEEDS = Path(__file__).parents[2] / "sample_feeds"
BYTES = 188 * 4000


@pytest.fixture(scope="module")
def heads() -> tuple[bytes, bytes]:
    """Beginnings of two feeds."""
    return (FEEDS / "parallax.ts").read_bytes()[:BYTES], (FEEDS / "crossing.ts").read_bytes()[:BYTES]


@pytest.mark.parametrize("unit", [188, 192])
def test_telemetry_of_another_programme_is_left_alone_and_counted(
    tmp_path: Path, heads: tuple[bytes, bytes], unit: int
) -> None:
    (tmp_path / "one.ts").write_bytes(heads[0])
    both = multiplex(*heads)
    stamped = b"".join(bytes(unit - 188) + both[at : at + 188] for at in range(0, len(both), 188))
    (tmp_path / "both.ts").write_bytes(stamped)
    alone, found = survey(tmp_path / "one.ts"), survey(tmp_path / "both.ts")
    assert alone.sets
    assert found.told == alone.told
    assert found.samples == alone.samples
    assert found.counters["telemetry_of_other_programmes"] == 1
    assert alone.counters["telemetry_of_other_programmes"] == 0


def test_the_second_programme_has_its_own_streams(tmp_path: Path, heads: tuple[bytes, bytes]) -> None:
    (tmp_path / "both.ts").write_bytes(multiplex(*heads))
    with av.open(str(tmp_path / "both.ts")) as container:
        pids = [stream.id for stream in container.streams]
    assert pids == [0x100, 0x101, 0x200, 0x201]
    assert programmes.beside(tmp_path / "both.ts", 0x100) == {0x100, 0x101}
    assert programmes.beside(tmp_path / "both.ts", 0x200) == {0x200, 0x201}
    assert programmes.beside(tmp_path / "both.ts", 0x300) is None


@pytest.mark.parametrize("data", [b"", b"\x47" * 188, bytes(1880), b"no stream" * 99, b"\x47\x40\x00\x30\xff" * 400])
def test_without_tables_nothing_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.ts").write_bytes(data)
    assert programmes.beside(tmp_path / "a.ts", 0x100) is None


def test_damaged_tables_end_no_reading(tmp_path: Path, heads: tuple[bytes, bytes]) -> None:
    both = bytearray(multiplex(heads[0][: 188 * 60], heads[1][: 188 * 60]))
    for at in range(len(both)):
        if at % 188 > 3:
            both[at] = (at * 37) & 0xFF
    (tmp_path / "a.ts").write_bytes(both)
    assert programmes.beside(tmp_path / "a.ts", 0x100) is None


def test_one_programme_is_none_of_several(tmp_path: Path, heads: tuple[bytes, bytes]) -> None:
    (tmp_path / "one.ts").write_bytes(heads[0])
    assert programmes.beside(tmp_path / "one.ts", 0x100) is None
