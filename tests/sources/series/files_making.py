"""Small sensor files of every kind: three noisy channels at 1,000 instants, 100 Hz, from 2026-03-01T06:30:00Z."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from detector.timebase import iso_from_ns, ns_from_iso
from tests.sources.series.flight_logs_making import dataflash, ulog

START_NS = ns_from_iso("2026-03-01T06:30:00Z")
COUNT, STEP_NS = 1000, 10_000_000
T_NS = START_NS + STEP_NS * np.arange(COUNT)
VALUES = np.random.default_rng(7).normal(size=(COUNT, 3))


def csv_wide(folder: Path) -> Path:
    path = folder / "wide.csv"
    rows = [f"{iso_from_ns(int(t))},{a},ok,{b},{c}" for t, (a, b, c) in zip(T_NS, VALUES, strict=True)]
    path.write_text("\n".join(["time_utc,a [Pa],state,b (m/s),c", *rows]) + "\n", "utf-8")
    return path


def csv_long(folder: Path) -> Path:
    path = folder / "long.csv"
    rows = [
        f"{int(t)};{name};{value}"
        for t, row in zip(T_NS, VALUES, strict=True)
        for name, value in zip("abc", row, strict=True)
    ]
    path.write_text("\n".join(["t_ns;sensor;value", *rows]) + "\n", "utf-8")
    return path


def jsonl_wide(folder: Path) -> Path:
    path = folder / "wide.jsonl"
    lines = [
        json.dumps({"time": iso_from_ns(int(t)), "a": a, "b": b, "c": c})
        for t, (a, b, c) in zip(T_NS, VALUES, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def jsonl_long(folder: Path) -> Path:
    path = folder / "long.jsonl"
    lines = [
        json.dumps({"t_ns": int(t), "channel": name, "value": value})
        for t, row in zip(T_NS, VALUES, strict=True)
        for name, value in zip("abc", row, strict=True)
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def jsonl_waveforms(folder: Path) -> Path:
    path = folder / "stretches.jsonl"
    lines = [
        json.dumps(
            {"t_ns": int(T_NS[at]), "channel": name, "rate_hz": 100, "values": VALUES[at : at + 50, column].tolist()}
        )
        for at in range(0, COUNT, 50)
        for column, name in enumerate("abc")
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def jsonl_messages(folder: Path) -> Path:
    """As data loggers send them."""
    path = folder / "messages.jsonl"
    lines = [
        json.dumps(
            {"t": iso_from_ns(int(T_NS[at]), 9), "rate_hz": 100,
             "values": {name: VALUES[at : at + 50, column].tolist() for column, name in enumerate("abc")}}
        )
        for at in range(0, COUNT, 50)
    ]  # fmt: skip
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def parquet_wide(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "wide.parquet"
    columns = {"timestamp": pa.array(T_NS, pa.timestamp("ns", "UTC")), "state": ["ok"] * COUNT}
    pq.write_table(pa.table({**columns, **{name: VALUES[:, at] for at, name in enumerate("abc")}}), path)
    return path


def parquet_long(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = folder / "long.parquet"
    table = {"t_ns": np.repeat(T_NS, 3), "channel": list("abc") * COUNT, "value": VALUES.ravel()}
    pq.write_table(pa.table(table), path)
    return path


def sound(path: Path) -> Path:
    """Three channels, shares of full scale as 32-bit floats (WAV) or 24 bits (FLAC), started by the station's file."""
    subtype = "FLOAT" if path.suffix == ".wav" else "PCM_24"
    soundfile.write(path, VALUES / 10, 100, subtype)
    station = {
        "start": "2026-03-01T06:30:00Z",
        "sensor": "mic",
        "position": {"x": 3.0, "y": -4.5},
        "clock_sigma_s": 0.01,
    }
    path.with_suffix(".json").write_text(json.dumps(station), "utf-8")
    return path


def miniseed(folder: Path) -> Path:
    import obspy

    path = folder / "XX.STA1.2026.060"
    traces = [
        obspy.Trace(VALUES[:, at].copy(), {"network": "XX", "station": "STA1", "channel": name, "sampling_rate": 100.0,
                                           "starttime": obspy.UTCDateTime(ns=START_NS)})
        for at, name in enumerate(("HHE", "HHN", "HHZ"))
    ]  # fmt: skip
    obspy.Stream(traces).write(str(path), format="MSEED", reclen=512, encoding="FLOAT64")
    return path


def started(log: Path) -> Path:
    """A log without a satellite's time, and the .json that says when it began."""
    log.with_suffix(".json").write_text(json.dumps({"start": "2026-03-01T06:30:00Z"}), "utf-8")
    return log


EXAMPLES = {
    "csv wide": csv_wide,
    "csv long": csv_long,
    "jsonl wide": jsonl_wide,
    "jsonl long": jsonl_long,
    "jsonl stretches": jsonl_waveforms,
    "jsonl messages": jsonl_messages,
    "parquet wide": parquet_wide,
    "parquet long": parquet_long,
    "sound wav": lambda folder: sound(folder / "mic.wav"),
    "sound flac": lambda folder: sound(folder / "mic.flac"),
    "seismic": miniseed,
    "ulog": lambda folder: started(ulog(folder / "flight.ulg", VALUES, T_NS, utc=False)),
    "dataflash": lambda folder: started(dataflash(folder / "flight.BIN", VALUES, T_NS, utc=False)),
}
