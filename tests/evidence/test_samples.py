"""The samples kept around an incident: the very ones, as FLAC where that holds them, else as a table."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from detector.association import Sensors
from detector.config import EvidenceSettings
from detector.errors import LogError
from detector.evidence import SampleRecorder
from detector.log import EvidenceStore
from detector.model import EvidenceFile, Incident, Means, Place, Series, State, Violation
from detector.sources.series import open_series
from detector.timebase import NS_PER_S

RATE = 1000
START_NS = 1_700_000_000 * NS_PER_S
NAMES = ("Mast 1/Nörd", "b")
ARRIVALS_S = (4.0, 4.5)


def series(name: str, first_s: float, values: NDArray[np.float64], unit: str = "1", rate: float = RATE) -> Series:
    t_ns = START_NS + np.rint((first_s + np.arange(len(values)) / rate) * NS_PER_S).astype(np.int64)
    place = np.array([[16.4, 48.2, 5.0]])
    return Series(name, t_ns, values[:, None], (name,), (unit,), place, interval_ns=NS_PER_S / rate)


def incident(score: float = 30.0) -> Incident:
    arrivals = tuple(START_NS + round(t * NS_PER_S) for t in ARRIVALS_S)
    return Incident(
        "mics", arrivals[0] - NS_PER_S, 1e6, (10.0, 20.0), (4.0, 0.0, 4.0), None, None, None, None, (0.0, 0.0),
        NAMES, arrivals, (0.0, 0.0), score,
    )  # fmt: skip


def violation(t_start_ns: int = START_NS) -> Violation:
    nowhere = Place(None, None, None, None)
    return Violation(
        "r", "impulse", "mics", "impulse sound heard by 2 sensors", "impulse 1, anywhere", State.OPEN, t_start_ns,
        t_start_ns + 1, t_start_ns, 1, nowhere, (Means.ACOUSTIC,), 1.0,
    )  # fmt: skip


def recorder(folder: Path, *, held_s: float = 10.0) -> SampleRecorder:
    sensors = Sensors(NAMES, np.array([[0.0, 0, 5], [300.0, 0, 5]]))
    settings = EvidenceSettings(pre_roll_s=1, post_roll_s=1)
    return SampleRecorder(EvidenceStore(folder / "evidence"), settings, held_s, sensors, 340.0)


def kept(folder: Path, blocks: list[Series]) -> dict[str, Path]:
    one = recorder(folder)
    for block in blocks:
        one.observe(block)
    one.opened(violation(), incident())
    ((_, files),) = one.reached(START_NS + 20 * NS_PER_S)
    assert list(one.finish()) == []
    return paths(folder, files)


def paths(folder: Path, files: list[EvidenceFile]) -> dict[str, Path]:
    return {Path(file.path).name: folder / "evidence" / file.path for file in files}


@pytest.mark.parametrize("bits", [16, 24])
def test_flac_holds_the_very_samples_of_a_stretch_cut_from_many_blocks(tmp_path: Path, bits: int) -> None:
    scale = 2 ** (bits - 1)
    counts = np.random.default_rng(1).integers(-scale, scale - 1, (2, 8 * RATE))
    values = counts / scale
    pieces = [(k, row, name) for k in range(8) for row, name in enumerate(NAMES)]
    files = kept(tmp_path, [series(name, k, values[row, k * RATE : (k + 1) * RATE]) for k, row, name in pieces])
    assert sorted(files) == [
        "record-section.png", "sensor-01-mast-1-n-rd.flac", "sensor-01-mast-1-n-rd.json", "sensor-02-b.flac",
        "sensor-02-b.json", "spectrogram.png",
    ]  # fmt: skip
    samples, rate = soundfile.read(files["sensor-02-b.flac"])
    assert (rate, soundfile.info(str(files["sensor-02-b.flac"])).subtype) == (RATE, f"PCM_{bits}")
    assert (samples == values[1, 3 * RATE : 5 * RATE + RATE // 2]).all()
    station = json.loads(files["sensor-01-mast-1-n-rd.json"].read_text())
    assert station["sensor"] == NAMES[0]
    assert station["position"] == {"lon_deg": 16.4, "lat_deg": 48.2, "alt_m": 5.0}


@pytest.mark.parametrize(
    ("unit", "rate", "missing"), [("1", RATE, True), ("Pa", RATE, False), ("counts", 62.5, False), ("1", RATE, None)]
)
def test_what_flac_cannot_hold_is_a_table_that_reads_back_the_same(
    tmp_path: Path, unit: str, rate: float, missing: bool | None
) -> None:
    values = np.random.default_rng(2).normal(size=round(8 * rate)) * (3000 if unit != "1" else 0.1)
    if missing:
        values[round(4.2 * rate) : round(4.3 * rate)] = np.nan
    blocks = [series("b", 0.0, values, unit, rate)]
    files = kept(tmp_path, blocks)
    read = [item for item in open_series(files["sensor-01-b.csv"], source_id="b") if isinstance(item, Series)]
    t_ns, again = np.concatenate([one.t_ns for one in read]), np.concatenate([one.values[:, 0] for one in read])
    inside = (blocks[0].t_ns >= t_ns[0]) & (blocks[0].t_ns <= t_ns[-1])
    assert (t_ns == blocks[0].t_ns[inside]).all()
    assert np.array_equal(again, values[inside], equal_nan=True)
    assert len(t_ns) == pytest.approx(2.5 * rate, abs=1)
    assert read[0].units == ("" if unit == "1" else unit,)
    assert ("spectrogram.png" in files) is not bool(missing)


class SlowDisk(EvidenceStore):
    """Writes when it is let."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.let = threading.Event()

    def put(self, *what: Any) -> EvidenceFile:
        assert self.let.wait(10)
        return super().put(*what)


def test_a_live_network_listens_on_while_the_disk_is_slow(tmp_path: Path) -> None:
    store = SlowDisk(tmp_path / "evidence")
    one = SampleRecorder(store, EvidenceSettings(pre_roll_s=1, post_roll_s=1), 10.0, None, None, live=True)
    values = np.random.default_rng(4).integers(-100, 100, 8 * RATE) / 2**15
    one.observe(series("b", 0.0, values))
    one.opened(violation(), incident())
    assert list(one.reached(START_NS + 60 * NS_PER_S)) == []  # it comes back, and forgets the samples
    assert len(one._blocks) == 0
    store.let.set()
    until_s = time.monotonic() + 10
    while not (found := list(one.written())) and time.monotonic() < until_s:
        time.sleep(0.01)
    ((violation_id, files),) = found
    assert violation_id == violation().violation_id
    samples, _ = soundfile.read(paths(tmp_path, files)["sensor-01-b.flac"])
    assert (samples == values[3 * RATE : 5 * RATE + RATE // 2]).all()
    assert list(one.finish()) == []


def test_what_a_slow_disk_holds_up_is_bounded_and_in_order_and_nothing_is_left_at_the_end(tmp_path: Path) -> None:
    store = SlowDisk(tmp_path / "evidence")
    one = SampleRecorder(store, EvidenceSettings(pre_roll_s=1, post_roll_s=1), 10.0, None, None, live=True)
    one.observe(series("b", 0.0, np.zeros(8 * RATE)))
    opened = [violation(START_NS + k) for k in range(12)]
    for each in opened[:8]:
        one.opened(each, incident())
    assert list(one.reached(START_NS + 7 * NS_PER_S)) == []
    for each in opened[8:]:
        one.opened(each, incident())
    threading.Timer(0.2, store.let.set).start()
    found = [*one.reached(START_NS + 8 * NS_PER_S), *one.finish()]  # four more than may wait: it waits for the disk
    assert [name for name, _ in found] == [each.violation_id for each in opened]


def test_what_the_disk_refuses_stops_a_live_network_too(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("not a folder")
    settings = EvidenceSettings(pre_roll_s=1, post_roll_s=1)
    one = SampleRecorder(EvidenceStore(tmp_path / "evidence"), settings, 10.0, None, None, live=True)
    one.observe(series("b", 0.0, np.zeros(8 * RATE)))
    one.opened(violation(), incident())
    with pytest.raises(LogError, match="evidence cannot be written"):
        list(chain(one.reached(START_NS + 8 * NS_PER_S), one.finish()))


def test_it_waits_for_the_samples_after_the_last_arrival(tmp_path: Path) -> None:
    one = recorder(tmp_path)
    values = np.random.default_rng(3).integers(-100, 100, 8 * RATE) / 2**15
    one.observe(series("b", 0.0, values[: 5 * RATE]))
    one.opened(violation(), incident())
    assert list(one.reached(START_NS + 5 * NS_PER_S)) == []
    one.observe(series("b", 5.0, values[5 * RATE :]))
    ((violation_id, files),) = one.reached(START_NS + 8 * NS_PER_S)
    assert violation_id == violation().violation_id
    assert soundfile.info(str(paths(tmp_path, files)["sensor-01-b.flac"])).frames == 2.5 * RATE


def test_what_no_case_needs_is_forgotten_and_what_one_needs_is_held(tmp_path: Path) -> None:
    one = recorder(tmp_path, held_s=2)
    one.opened(violation(), replace_arrivals(incident(), START_NS + 40 * NS_PER_S))
    for k in range(30):
        one.observe(series("b", float(k), np.zeros(RATE)))
        assert list(one.reached(START_NS + k * NS_PER_S)) == []
        assert len(one._blocks) <= 5
    for k in range(30, 50):
        one.observe(series("b", float(k), np.full(RATE, k / 64)))
        files = [file for _, found in one.reached(START_NS + k * NS_PER_S) for file in found]
        if files:
            break
    samples, _ = soundfile.read(paths(tmp_path, files)["sensor-01-b.flac"])
    assert (samples[0], samples[-1], len(samples)) == (39 / 64, 41 / 64, 2.5 * RATE)


def replace_arrivals(one: Incident, t_ns: int) -> Incident:
    return replace(one, arrivals_ns=(t_ns, t_ns + NS_PER_S // 2), t_ns=t_ns - NS_PER_S)


def test_without_any_samples_left_nothing_is_written_and_nothing_fails(tmp_path: Path) -> None:
    assert kept(tmp_path, []) == {}
