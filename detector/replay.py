"""Recordings: every feed of a configuration through the pipeline, into one log with its evidence."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
import unicodedata
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

import cv2

from detector import pipeline
from detector.addresses import is_address
from detector.association import Joiner, Noticed, Settled
from detector.config import Configuration, Feed, beside
from detector.course import AnyJob, entries_of, job_of
from detector.errors import Complaint, ConfigError, LogError, SourceError
from detector.feed import Entry, Job, Progress, annotated_file, append
from detector.log import LogWriter
from detector.log.schema import FILE_NAME
from detector.model import Joined, MediaFile, Run, RunEnd, Violation
from detector.sources.hashing import media_file, size_bytes
from detector.sources.series import series_kind

_NAME_DIGITS = 6

Input = tuple[Path, MediaFile]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a replay has written. violations: possible violations, those that are one event once."""

    run_id: str
    ends: tuple[RunEnd, ...]
    violations: int

    @property
    def complete(self) -> bool:
        """Every feed was read to its end."""
        return all(end.complete for end in self.ends)


def jobs_of(configuration: Configuration, media: Sequence[Path], out: Path, *, annotate: bool) -> list[AnyJob]:
    """The feeds and networks to play: all the configuration names, or `media` in their place, under the same rules.

    Raises:
        ConfigError: there is nothing to play, two media would have the same name, or an annotated video would be
            written over a recording.
    """
    jobs = _jobs(configuration, media, out, annotate)
    if annotate:
        for job in jobs:
            if isinstance(job, Job):
                _spare_recordings(configuration, annotated_file(out, job.feed.id), jobs)
    return jobs


def _jobs(configuration: Configuration, media: Sequence[Path], out: Path, annotate: bool) -> list[AnyJob]:
    file = str(configuration.path)
    settings = configuration.settings
    feeds = settings.feeds
    if not media:
        if not settings.sources:
            raise ConfigError(Complaint(file, None, "it names no feeds: give the recordings on the command line"))
        live = next((feed for feed in feeds if is_address(feed.media)), None)
        if live is not None:
            raise ConfigError(Complaint(file, None, f"feed {live.id!r} is live: watch it with `trucewatch run`"))
        for one in settings.sensors:
            if one.live:
                raise ConfigError(
                    Complaint(file, None, f"sensors {one.id!r} are live: `trucewatch run` listens to them")
                )
        played = [Job.of(configuration, feed, out, annotate=annotate) for feed in feeds]
        return [*played, *(job_of(configuration, one, out) for one in (*settings.sensors, *settings.files))]
    for path in media:
        if series_kind(path) is not None:
            message = (
                f"{path} is a sensor file: name it under `sensors:` in the configuration, with those beside it, "
                "or under `telemetry:` or `aircraft:`"
            )
            raise ConfigError(Complaint(file, None, message))
    by_path = {beside(configuration.path, feed.media): feed for feed in feeds}
    jobs: list[AnyJob] = []
    for path in media:
        known = by_path.get(path.resolve())
        feed = known or Feed(id=source_id_of(path), media=str(path))
        jobs.append(replace(Job.of(configuration, feed, out, annotate=annotate), media=path))
    named: dict[str, list[Path]] = defaultdict(list)
    for job, path in zip(jobs, media, strict=True):
        named[job.source_id].append(path)
    twice = [
        Complaint(
            file, None, f"{' and '.join(map(str, paths))} have the same name {name!r}: give each an id, under `feeds:`"
        )
        for name, paths in named.items()
        if len(paths) > 1
    ]
    if twice:
        raise ConfigError(*twice)
    return jobs


def idle_rules(configuration: Configuration, jobs: Sequence[AnyJob]) -> tuple[str, ...]:
    """Ids of the rules that judge nothing of what is played."""
    ids = {job.source_id for job in jobs}
    kept = {
        section: tuple(one for one in getattr(configuration.settings, section) if one.id in ids)
        for section in ("sensors", "telemetry", "aircraft")
    }
    feeds = tuple(job.feed for job in jobs if isinstance(job, Job))
    return pipeline.idle_rules(configuration, configuration.settings.model_copy(update={"feeds": feeds, **kept}))


def _spare_recordings(configuration: Configuration, annotated: Path, jobs: Sequence[AnyJob]) -> None:
    """A recording is evidence: nothing may be written over it."""
    for media in (media for job in jobs for media in job.recordings):
        if annotated.exists() and media.exists() and annotated.samefile(media):
            message = f"the annotated video would be written over the recording {media}; choose another --out"
            raise ConfigError(Complaint(str(configuration.path), None, message))


def source_id_of(path: Path) -> str:
    """A feed's name from its file's (a folder's whole), with what an id may not hold replaced, and accents left out.

    An id becomes file names, addresses and MQTT topics, so it is ASCII. Where other letters are lost, the first digits
    of the name's SHA-256 tell it from others, whatever is played beside it.
    """
    path = path.resolve()
    stem = path.name if path.is_dir() else path.stem
    plain = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c))
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in plain).lstrip("._-")
    if plain.isascii():
        return name[:64] or "feed"
    digest = hashlib.sha256(unicodedata.normalize("NFC", stem).encode("utf-8", "surrogateescape")).hexdigest()
    return f"{name[: 63 - _NAME_DIGITS].rstrip('._-') or 'feed'}-{digest[:_NAME_DIGITS]}"


def replay(
    configuration: Configuration,
    jobs: Sequence[AnyJob],
    *,
    processes: int = 1,
    on_progress: Callable[[Progress], None],
) -> Outcome:
    """Play every feed and write the log. The log is the same however many processes are used.

    A feed that cannot be read does not keep the others from being played: it is in the log as incomplete, and why.

    Args:
        configuration: what to look for.
        jobs: one a feed, all with the same `out`: it gets violations.sqlite and evidence/.
        processes: how many feeds are played at once.
        on_progress: called about once a second of recording.

    Raises:
        SourceError: none of the recordings can be read; no log is begun.
        LogError: the log or the evidence cannot be written; what was logged before stays.
    """
    inputs = list(_inputs(jobs))
    run = Run(configuration.sha256, pipeline.SOFTWARE, tuple(file for _, file in inputs))
    ends: list[RunEnd] = []
    violations: set[str] = set()
    file = jobs[0].out / FILE_NAME
    if file.is_dir():
        raise LogError(
            f"{file}: this is a folder; the log would be a file there. Move it away, or choose another --out"
        )
    with LogWriter(file) as log:
        log.begin(run)
        played = _in_one_process if processes == 1 or len(jobs) == 1 else _in_processes
        entries = _as_hashed(played(configuration, jobs, run.run_id, processes, on_progress), inputs)
        for entry in _joined(entries, Joiner(job.source_id for job in jobs)):
            append(log, entry, run.run_id)
            if isinstance(entry, RunEnd):
                ends.append(entry)
            elif isinstance(entry, Violation):
                violations.add(entry.violation_id)
            elif isinstance(entry, Joined):
                violations.difference_update(entry.joined)
    return Outcome(run.run_id, tuple(ends), len(violations))


def _inputs(jobs: Sequence[AnyJob]) -> Iterator[Input]:
    """Every input by content; one that cannot be read has no hash."""
    unread: list[str] = []
    for job in jobs:
        for path in (*job.recordings, *job.beside):
            try:
                yield path, media_file(path, job.source_id)
            except SourceError as error:
                if path in job.recordings:
                    unread.append(str(error))
                yield path, MediaFile(job.source_id, path.name, "", 0)
    if len(unread) == sum(len(job.recordings) for job in jobs):
        raise SourceError("\n".join(unread))


def _as_hashed(entries: Iterator[Entry], inputs: Sequence[Input]) -> Iterator[Entry]:
    """The entries; a source of which a file has changed since it was hashed, as while it is copied, is incomplete."""
    for entry in entries:
        if not isinstance(entry, RunEnd):
            yield entry
            continue
        own = [one for one in inputs if one[1].source_id == entry.source_id]
        changed = [told for path, hashed in own if (told := _changed(path, hashed))]
        detail = "; ".join(filter(None, [entry.detail, *changed]))
        yield replace(entry, complete=entry.complete and not changed, detail=detail)


def _changed(path: Path, hashed: MediaFile) -> str:
    """In words, if it has another size now; a file that could not be hashed is told of elsewhere."""
    try:
        now_bytes = size_bytes(path) if hashed.sha256 else hashed.bytes
    except (OSError, SourceError):
        return f"{path.name} is gone since it was hashed"
    if now_bytes == hashed.bytes:
        return ""
    return f"{path.name} was changed while it was played: {hashed.bytes} bytes when it was hashed, {now_bytes} now"


def _joined(entries: Iterator[Entry], joiner: Joiner) -> Iterator[Entry | Joined]:
    """The sources' entries, and between them which of their possible violations are one.

    What is decided by a source's end comes before that end: where every source has ended, everything is decided.
    """
    for entry in entries:
        match entry:
            case Noticed():
                joiner.notice(entry)
            case Settled():
                yield from joiner.settle(entry)
            case RunEnd():
                yield from joiner.end(entry.source_id)
                yield entry
            case _:
                yield entry


def _in_one_process(
    configuration: Configuration,
    jobs: Sequence[AnyJob],
    run_id: str,
    _processes: int,
    on_progress: Callable[[Progress], None],
) -> Iterator[Entry]:
    for job in jobs:
        for entry in entries_of(configuration, job, run_id):
            if isinstance(entry, Progress):
                on_progress(entry)
            else:
                yield entry


def _in_processes(
    configuration: Configuration,
    jobs: Sequence[AnyJob],
    run_id: str,
    processes: int,
    on_progress: Callable[[Progress], None],
) -> Iterator[Entry]:
    """Several feeds at once, their entries in the order of the feeds: the log does not depend on who was faster."""
    context = multiprocessing.get_context("spawn")
    waiting = deque(enumerate(jobs))
    running: dict[Connection, int] = {}
    spools: list[deque[Entry]] = [deque() for _ in jobs]
    done = [False] * len(jobs)
    current = 0
    with ExitStack() as stack:
        while current < len(jobs):
            while waiting and len(running) < processes:
                index, job = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                worker = context.Process(target=_work, args=(configuration, job, run_id, theirs), daemon=True)
                worker.start()
                stack.callback(worker.kill)
                theirs.close()
                running[ours] = index
            for ready in wait(list(running), timeout=1.0):
                connection = next(one for one in running if one is ready)
                index = running[connection]
                try:
                    message = connection.recv()
                except EOFError:
                    message = "its process was killed (out of memory?); what was logged stays: run the command again"
                    raise SourceError(f"{jobs[index].recordings[0]}: {message}") from None
                if message is None:
                    done[index] = True
                    del running[connection]
                elif isinstance(message, Exception):
                    raise message
                elif isinstance(message, Progress):
                    on_progress(message)
                else:
                    spools[index].append(message)
            while current < len(jobs):
                while spools[current]:
                    yield spools[current].popleft()
                if not done[current]:
                    break
                current += 1


def _work(configuration: Configuration, job: AnyJob, run_id: str, parent: Connection) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # they reach the whole group; the parent says what they mean
        signal.signal(number, signal.SIG_IGN)
    cv2.setNumThreads(1)
    try:
        for entry in entries_of(configuration, job, run_id):
            parent.send(entry)
        parent.send(None)
    except LogError as error:
        parent.send(error)
