"""`trucewatch inspect` and `trucewatch detect` on sensor files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from detector.cli import run
from detector.synthetic.engines import engine_sound
from detector.timebase import ns_from_iso

Start = Callable[..., "subprocess.Popen[str]"]
RATE = 12_000
SHOTS_S = (2.0, 3.5, 5.0)
START = "2026-03-01T06:30:00Z"
START_NS = ns_from_iso(START)


def shots(path: Path, seconds: float = 8.0, channels: int = 1) -> Path:
    """Noise with three bangs that die away, half a second of digital zeros at its head."""
    random = np.random.default_rng(5)
    samples = 0.002 * random.normal(size=(int(seconds * RATE), channels))
    for at_s in SHOTS_S:
        at, length = int(at_s * RATE), RATE // 10
        bang = 0.3 * random.normal(size=(length, channels)) * np.exp(-np.arange(length) / 120)[:, None]
        samples[at : at + length] += bang
    samples[: RATE // 2] = 0
    soundfile.write(path, samples, RATE, "PCM_16")
    station = {"start": START, "sensor": "north", "position": {"x": 1.0, "y": 2.0, "z": 3.0}}
    path.with_suffix(".json").write_text(json.dumps(station), "utf-8")
    return path


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_detect_writes_a_line_a_trigger_and_one_for_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "found.jsonl"
    assert run(["detect", str(shots(tmp_path / "mic.flac")), "--out", str(out)]) == 0
    *triggers, end = read(out)
    for line in triggers:
        assert list(line) == ["source", "channel", "t_ns", "t_end_ns", "kind", "score", "p_log10"]
        assert (line["source"], line["channel"], line["kind"], line["p_log10"]) == ("mic", "north", "impulse", None)
        assert type(line["t_ns"]) is int
        assert line["t_end_ns"] > line["t_ns"]
        assert line["score"] >= 3
    onsets_s = [(line["t_ns"] - START_NS) / 1e9 for line in triggers]
    assert onsets_s == pytest.approx(SHOTS_S, abs=0.002)
    assert {key: end[key] for key in ("end", "source", "samples", "complete", "detail", "not_judged")} == {
        "end": True, "source": "mic", "samples": 8 * RATE, "complete": True, "detail": "", "not_judged": {},
    }  # fmt: skip
    assert {gap["reason"] for gap in end["gaps"]} == {"missing", "warming_up"}
    zeros = next(gap for gap in end["gaps"] if gap["reason"] == "missing")
    assert (zeros["t_end_ns"], zeros["count"]) == (START_NS + 500_000_000, RATE // 2 - 1)
    told = capsys.readouterr()
    assert told.out == f"mic: {8 * RATE} samples, triggers: 3, complete\nwritten to {out}\n"
    assert told.err == ""


def test_the_same_file_gives_the_same_bytes(tmp_path: Path) -> None:
    media = shots(tmp_path / "mic.wav")
    for name in ("a", "b"):
        assert run(["detect", str(media), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_pictures_and_sensors_can_be_given_together(tmp_path: Path, feed: Path) -> None:
    out = tmp_path / "found.jsonl"
    assert run(["detect", str(feed), str(shots(tmp_path / "mic.flac")), "--out", str(out)]) == 0
    ends = [line for line in read(out) if "end" in line]
    assert [(end["source"], end.get("frames"), end.get("samples")) for end in ends] == [
        ("gate", 80, None),
        ("mic", None, 8 * RATE),
    ]


def test_a_file_that_was_cut_off_ends_with_exit_code_3_and_what_was_there_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    media, out = shots(tmp_path / "mic.flac"), tmp_path / "found.jsonl"
    media.write_bytes(media.read_bytes()[: media.stat().st_size // 2])
    assert run(["detect", str(media), "--out", str(out)]) == 3
    *triggers, end = read(out)
    assert 1 <= len(triggers) < 3
    assert not end["complete"]
    assert "its header promises 96000 samples" in end["detail"]
    assert "INCOMPLETE: " in capsys.readouterr().out
    assert run(["inspect", str(media)]) == 3
    assert "INCOMPLETE: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b""), ("a.wav", b"RIFF"), ("a.mseed", b"x" * 600), ("a.jsonl", b"{")]
)
def test_what_is_no_such_file_ends_with_exit_code_3_and_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes
) -> None:
    media, out = tmp_path / name, tmp_path / "found.jsonl"
    media.write_bytes(data)
    assert run(["inspect", str(media)]) == 3
    told = capsys.readouterr()
    assert told.err.startswith(str(media))
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert run(["detect", str(media), "--out", str(out)]) == 3
    (end,) = read(out)
    assert (end["samples"], end["complete"]) == (0, False)
    assert str(media) in end["detail"]


def test_what_cannot_be_judged_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media, out = tmp_path / "rain.csv", tmp_path / "found.jsonl"
    media.write_text("time,rain [mm]\n" + "".join(f"2026-03-01T06:{m:02d}:00Z,0.0\n" for m in range(60)))
    assert run(["detect", str(media), "--out", str(out), "--preset", "seismic"]) == 0
    (end,) = read(out)
    assert end["not_judged"] == {"rain": "0.0167 samples a second are too few for sounds above 2 Hz"}
    assert "not judged: rain" in capsys.readouterr().out


def test_readings_are_judged_by_their_level(tmp_path: Path) -> None:
    media, out = tmp_path / "rain.csv", tmp_path / "found.jsonl"
    readings = np.random.default_rng(1).normal(20, 1, 3000)
    readings[2000] = 60
    times = [START_NS // 10**9 + 300 * row for row in range(3000)]
    media.write_text("t_s,rain [mm]\n" + "".join(f"{t},{v:.2f}\n" for t, v in zip(times, readings, strict=True)))
    assert run(["detect", str(media), "--out", str(out), "--alarms-per-day", "0.01"]) == 0
    (line, end) = read(out)
    assert (line["source"], line["channel"], line["kind"]) == ("rain", "rain", "level")
    assert line["t_ns"] == times[2000] * 10**9
    assert line["p_log10"] >= np.log10(288 / 0.01) - 1e-3
    assert end["not_judged"] == {}
    assert [gap["reason"] for gap in end["gaps"]] == ["warming_up"]
    assert run(["detect", str(media), "--out", str(out), "--alarms-per-day", "10"]) == 0
    assert len(read(out)) > 2
    assert run(["detect", str(media), "--out", str(out), "--alarms-per-day", "0"]) == 2


def test_a_preset_can_be_chosen_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    media, out = shots(tmp_path / "mic.flac", 30.0), tmp_path / "found.jsonl"
    assert run(["detect", str(media), "--out", str(out), "--preset", "seismic"]) == 0
    end = read(out)[-1]
    warming = next(gap for gap in end["gaps"] if gap["reason"] == "warming_up")
    assert (warming["t_end_ns"] - warming["t_start_ns"]) / 1e9 > 8
    assert run(["detect", str(media), "--out", str(out), "--preset", "marine"]) == 2


def test_engines_are_named_on_request_and_too_slow_a_recording_says_so(tmp_path: Path) -> None:
    media, slow, out = tmp_path / "mast.flac", tmp_path / "slow.flac", tmp_path / "found.jsonl"
    drone = engine_sound("drone", 10, np.random.default_rng([99, 1, 1]), below_db=20.0)
    for file, rate_hz in ((media, 8000), (slow, 4000)):
        soundfile.write(file, drone, rate_hz, "PCM_16")
        file.with_suffix(".json").write_text(json.dumps({"start": "2026-03-01T06:30:00Z"}), "utf-8")
    assert run(["detect", str(media), str(slow), "--out", str(out), "--preset", "tone"]) == 0
    (line, *ends) = read(out)
    assert (line["source"], line["kind"], line["p_log10"]) == ("mast", "drone", None)
    assert 0.8 <= line["score"] <= 1
    assert START_NS < line["t_ns"] < line["t_end_ns"] == START_NS + 10_000_000_000
    assert [end["not_judged"] for end in ends] == [
        {},
        {"slow": "4000 samples a second are too few to name an engine; 8000 are needed"},
    ]
    assert [gap["reason"] for gap in ends[0]["gaps"]] == ["warming_up"]


@pytest.mark.parametrize("option", [["--annotate", "a.mp4"], ["--masks", "m"], ["--fps", "5"], ["--hfov-deg", "60"]])
def test_options_for_pictures_are_refused_for_sensor_files(tmp_path: Path, option: list[str]) -> None:
    media = shots(tmp_path / "mic.flac")
    assert run(["detect", str(media), "--out", str(tmp_path / "o"), *option]) == 2


@pytest.mark.parametrize("option", [["--utc"], ["--preset", "seismic"], ["--alarms-per-day", "1"]])
def test_options_for_sensor_files_are_refused_for_pictures(tmp_path: Path, feed: Path, option: list[str]) -> None:
    assert run(["detect", str(feed), "--out", str(tmp_path / "o"), *option]) == 2


def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    media = shots(tmp_path / "mic.flac")
    before = media.read_bytes()
    assert run(["detect", str(media), "--out", str(media)]) == 2
    assert media.read_bytes() == before


def test_times_without_a_zone_need_utc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = tmp_path / "a.csv"
    media.write_text("time,a\n" + "".join(f"2026-03-01 06:30:{s:02d},{s % 7}\n" for s in range(60)))
    assert run(["inspect", str(media)]) == 3
    assert "--utc" in capsys.readouterr().err
    assert run(["inspect", str(media), "--utc"]) == 0
    assert run(["detect", str(media), "--utc", "--out", str(tmp_path / "o")]) == 0


def test_inspect_tells_of_each_channel_and_says_good_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = shots(tmp_path / "mic.wav", channels=2)
    assert run(["inspect", str(media), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["samples"], report["start"]) == ("sound", 16 * RATE, "2026-03-01T06:30:00.000000Z")
    assert report["duration_s"] == pytest.approx(8.0)
    assert report["lost_s"] == pytest.approx(0.5, abs=0.001)
    assert (report["local"], report["clock_sigma_s"], report["why_not"]) == (True, 0.001, [])
    first, second = report["channels"]
    assert (first["name"], second["name"], first["rate_hz"], first["position"]) == (
        "north/1",
        "north/2",
        RATE,
        [1, 2, 3],
    )
    samples = soundfile.read(media)[0][RATE // 2 :, 0]
    assert first["missing"] == RATE // 2 - 1
    assert first["rms"] == pytest.approx(samples.std(), rel=1e-3)
    assert (first["lowest"], first["highest"]) == pytest.approx((samples.min(), samples.max()))
    assert run(["inspect", str(media)]) == 0
    shown = capsys.readouterr().out
    assert "Good enough to be listened to." in shown
    assert "digital_zeros: 11998" in shown.replace("\n", " ")


def test_inspect_says_what_is_wanting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    media = shots(tmp_path / "mic.wav")
    media.with_suffix(".json").unlink()
    assert run(["inspect", str(media)]) == 0
    shown = capsys.readouterr().out
    assert "it carries no time" in shown
    assert "where its sensor stands is not known" in shown


def test_an_interrupted_file_says_so_in_its_last_line(tmp_path: Path, start: Start) -> None:
    media, out = tmp_path / "long.csv", tmp_path / "found.jsonl"
    values = np.random.default_rng(1).normal(size=600_000)
    media.write_text("t_s,a\n" + "".join(f"{k / 100:.2f},{v:.4f}\n" for k, v in enumerate(values)))
    process = start("detect", media, "--out", out)
    for _ in range(400):
        if out.exists():
            break
        time.sleep(0.02)
    time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert told == "interrupted; what was found until then is written\n"
    end = read(out)[-1]
    assert (end["complete"], end["detail"]) == (False, f"interrupted after {end['samples']} samples")
    assert end["samples"] < 600_000


def test_a_sound_of_which_nobody_says_when_it_began_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "mic.wav", np.random.default_rng(1).normal(size=8000) * 0.01, 8000)
    assert run(["detect", str(tmp_path / "mic.wav"), "--out", str(tmp_path / "out.jsonl")]) == 0
    assert "times count from 1970 (--start says when it began)" in " ".join(capsys.readouterr().out.split())
    started = ["--start", "2026-03-01T06:30:00Z", "--out", str(tmp_path / "again.jsonl")]
    assert run(["detect", str(tmp_path / "mic.wav"), *started]) == 0
    assert "1970" not in capsys.readouterr().out
