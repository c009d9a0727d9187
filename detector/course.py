"""Any source that a configuration names, as the entries of its log: recordings and the centre go the same way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

from detector.aircraft_feed import follow
from detector.config import Aircraft, Configuration, Feed, SensorNetwork, Source, Vehicle
from detector.feed import Entry, FileJob, Job, play
from detector.listening_feed import ListeningJob, listen_to
from detector.model import RunEnd
from detector.silence import Silences
from detector.vehicle_feed import watch_over

AnyJob = Job | ListeningJob | FileJob


def job_of(configuration: Configuration, source: Source, out: Path) -> AnyJob:
    """One source of a configuration, evidence into `out`. A feed is taken for a recording."""
    match source:
        case Feed():
            return Job.of(configuration, source, out)
        case SensorNetwork():
            return ListeningJob.of(configuration, source, out)
        case Vehicle() | Aircraft():
            return FileJob.of(configuration, source, out)


def entries_of(configuration: Configuration, job: AnyJob, run_id: str, stopped: Event | None = None) -> Iterator[Entry]:
    """Everything the log has to say about one source, in the order in which it becomes known.

    What rules on its gaps say comes with it. Once `stopped` is set, from any thread, live sensors end; of what is
    recorded the rest is not read, and the end is incomplete.

    Raises:
        LogError: evidence cannot be written.
    """
    match job:
        case Job():
            entries = play(configuration, job, run_id)
        case ListeningJob():
            entries = listen_to(configuration, job, run_id, stopped)
        case FileJob(source=Vehicle() as source):
            entries = watch_over(configuration, job, source, run_id)
        case FileJob(source=Aircraft() as source):
            entries = follow(configuration, job, source, run_id)
    if stopped is not None and job.recordings:
        entries = _until(stopped, entries, RunEnd(run_id, job.source_id, 0, False, 0, 0, "stopped before its end"))
    return Silences(configuration, job.source, job.out, run_id).along(entries)


def _until(stopped: Event, entries: Iterator[Entry], cut: RunEnd) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if stopped.is_set() and not isinstance(entry, RunEnd):
            yield cut
            return
