"""`trucewatch replay` with readings: a level that was not seen before is a possible violation, with its evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.cli import run
from detector.log import open_reader
from detector.log.reader import LoggedViolation
from detector.model import GapReason, Means, State
from detector.timebase import NS_PER_S, iso_from_ns
from tests.listening_making import START_NS, configuration

MINUTE_NS = 60 * NS_PER_S
STEP = 2400


def readings(folder: Path, *, placed: bool = True, irregular: bool = False) -> list[str]:
    """Ten days of two channels of a depot, five minutes apart; the temperature steps up at `STEP`."""
    random = np.random.default_rng(5)
    at = np.arange(2880)
    temperature = 20 + 5 * np.sin(2 * np.pi * at / 288) + 0.3 * random.normal(size=len(at))
    temperature[STEP:] += 14
    voltage = 230 + random.normal(size=len(at))
    times = START_NS + 5 * MINUTE_NS * at + (random.integers(0, 60, len(at)) * NS_PER_S if irregular else 0)
    rows = [f"{iso_from_ns(t)},{x:.3f},{v:.3f}" for t, x, v in zip(times.tolist(), temperature, voltage, strict=True)]
    (folder / "depot.csv").write_text("\n".join(["time,temperature [degC],voltage [V]", *rows, ""]))
    if placed:
        station = {"position": {"lon_deg": 16.4, "lat_deg": 48.2, "alt_m": 120}}
        (folder / "depot.json").write_text(json.dumps(station))
    return ["depot.csv"]


def config(folder: Path, media: list[str], rule: dict[str, Any] | None = None, **network: Any) -> Path:
    rules = [{"id": "readings", "kind": "level", **(rule or {})}, {"id": "silence", "kind": "impulse"}]
    network = {"alarms_per_day": 0.05, **network}
    return configuration(folder, media, rules=rules, means="telemetry", preset="level", **network)


def logged(out: Path) -> list[LoggedViolation]:
    with open_reader(out) as reader:
        return reader.violations()


@pytest.mark.parametrize("irregular", [False, True])
def test_a_step_of_a_temperature_is_one_violation_with_its_readings(tmp_path: Path, irregular: bool) -> None:
    file = config(tmp_path, readings(tmp_path, irregular=irregular), {"zones": ["strip"]})
    assert run(["check", str(file)]) == 0
    assert run(["replay", str(file), "--out", str(tmp_path / "out")]) == 0
    (one,) = logged(tmp_path / "out")
    violation = one.violation
    assert violation.observation.startswith("reading of temperature unlike its own past")
    assert violation.observation.endswith('inside zone "the strip"')
    assert (violation.state, violation.means) == (State.CLOSED, (Means.TELEMETRY,))
    assert 0 <= (violation.t_start_ns - START_NS) / (5 * MINUTE_NS) - STEP < 4
    assert (violation.place.lon_deg, violation.place.lat_deg) == (16.4, 48.2)
    assert violation.place.covariance_m2 is None
    files = {Path(one.path).suffix: tmp_path / "out" / "evidence" / one.path for one in one.files}
    kept = files[".csv"].read_text().splitlines()
    assert kept[0] == 't_ns,"temperature [degC]"'
    assert len(kept) > 90
    picture = cv2.imread(str(files[".png"]))
    assert picture is not None
    assert picture.std() > 10
    with open_reader(tmp_path / "out") as reader:
        assert {gap.reason for gap in reader.gaps()} == {GapReason.WARMING_UP}
    assert run(["log", "verify", str(tmp_path / "out")]) == 0


def test_a_sensor_without_a_place_is_undecided_where_zones_are_asked_for(tmp_path: Path) -> None:
    file = config(tmp_path, readings(tmp_path, placed=False), {"zones": ["strip"]})
    assert run(["replay", str(file), "--out", str(tmp_path / "out")]) == 0
    assert logged(tmp_path / "out") == []
    with open_reader(tmp_path / "out") as reader:
        (undecided,) = reader.undecided()
    assert "where its sensor stands is not known" in undecided.reason


def test_a_sensor_outside_raises_nothing_and_a_rule_without_zones_needs_no_place(tmp_path: Path) -> None:
    media = readings(tmp_path)
    (tmp_path / "depot.json").write_text(json.dumps({"position": {"lon_deg": 17.0, "lat_deg": 48.2, "alt_m": 120}}))
    assert run(["replay", str(config(tmp_path, media, {"zones": ["strip"]})), "--out", str(tmp_path / "a")]) == 0
    assert logged(tmp_path / "a") == []
    (tmp_path / "depot.json").unlink()
    assert run(["replay", str(config(tmp_path, media)), "--out", str(tmp_path / "b")]) == 0
    assert [one.violation.place.lat_deg for one in logged(tmp_path / "b")] == [None]


def test_the_budget_sets_the_threshold(tmp_path: Path) -> None:
    media = readings(tmp_path)
    counts = []
    for number, budget in enumerate((0.001, 30.0)):
        file = config(tmp_path, media, {"pause_s": 1.0}, alarms_per_day=budget)
        out = tmp_path / str(number)
        assert run(["replay", str(file), "--out", str(out)]) == 0
        counts.append(len(logged(out)))
    assert counts[0] < 3 < counts[1]


def test_two_files_with_a_channel_of_the_same_name_are_refused_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (name,) = readings(tmp_path)
    (tmp_path / "other.csv").write_bytes((tmp_path / name).read_bytes())
    file = config(tmp_path, [name, "other.csv"])
    assert run(["replay", str(file), "--out", str(tmp_path / "out")]) == 3
    assert "both have a channel temperature" in capsys.readouterr().out + capsys.readouterr().err


@pytest.mark.parametrize(
    ("network", "says"),
    [
        ({"means": "telemetry"}, "belong together"),
        ({"preset": "level"}, "belong together"),
        ({"alarms_per_day": 2}, "alarms_per_day belongs to preset level"),
    ],
)
def test_settings_that_do_not_fit_are_refused(
    tmp_path: Path, network: dict[str, Any], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = configuration(tmp_path, readings(tmp_path), rules=[], **network)
    assert run(["check", str(file)]) == 2
    assert says in capsys.readouterr().err
