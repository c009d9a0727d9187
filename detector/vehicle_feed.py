"""One telemetry file of the mission's own: its vehicle's troubles, evidence and gaps, as the log will hold it."""

from __future__ import annotations

from collections.abc import Iterator

from detector import pipeline
from detector.config import Configuration, Vehicle
from detector.errors import SourceError
from detector.evidence import StretchRecorder, telemetry_picture
from detector.feed import Entry, FileJob, Progress, kept
from detector.listening_health import ListeningHealth
from detector.log import EvidenceStore
from detector.model import Gap, GapReason, RunEnd
from detector.platform_watch import PlatformWatch
from detector.sources.series import joined, open_series
from detector.timebase import NS_PER_S


def watch_over(configuration: Configuration, job: FileJob, vehicle: Vehicle, run_id: str) -> Iterator[Entry]:
    """Everything the log has to say about one vehicle, in the order in which it becomes known.

    Raises:
        LogError: evidence cannot be written.
    """
    watch = PlatformWatch(pipeline.platform_rules_for(configuration, vehicle.id, vehicle.means, run_id))
    recorder = StretchRecorder(EvidenceStore(job.out / "evidence"), "samples", telemetry_picture)
    health = ListeningHealth(configuration.settings.coverage)
    samples, first_ns, last_ns, detail = 0, vehicle.start or 0, vehicle.start or 0, ""
    not_yet = ""  # a flight log begins with what has no place: each instrument has messages of its own
    try:
        source = open_series(job.media, source_id=vehicle.id, start_ns=vehicle.start, assume_utc=vehicle.utc)
        for item in joined(source):
            if isinstance(item, Gap):
                yield from health.gap(item)
                continue
            why_not = watch.why_not(item)
            if why_not:
                not_yet = not_yet or f"{job.media}: no vehicle's telemetry: {why_not}"
                yield from health.gap(
                    Gap(vehicle.id, int(item.t_ns[0]), int(item.t_ns[-1]) + 1, GapReason.MISSING, why_not)
                )
                continue
            first_ns = first_ns if samples else int(item.t_ns[0])
            last_ns, samples = int(item.t_ns[-1]) + 1, samples + item.values.size
            recorder.observe(item)
            health.heard(item)
            yield from recorder.follow(watch.take(item), vehicle.id)
            for gap in watch.unjudged():
                yield from health.gap(gap)
            yield from kept(recorder.reached(last_ns))
            done_s = (last_ns - first_ns) / NS_PER_S
            yield Progress(vehicle.id, samples, done_s, done_s / source.share if source.share else None)
        detail = "" if source.end is None else source.end.detail
        if not samples and not_yet:
            detail = not_yet
    except SourceError as error:
        detail = str(error)
    yield from recorder.follow(watch.finish(), vehicle.id)
    yield from kept(recorder.finish())
    for gap in watch.unjudged():
        yield from health.gap(gap)
    yield from health.finish(first_ns, last_ns, {} if samples else {vehicle.id: detail})
    yield RunEnd(run_id, vehicle.id, samples, not detail, first_ns, last_ns, detail)
