"""The process of one feed: it watches, tells the centre what the log has to hold, and shows what it sees."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import cv2

from detector.addresses import is_address, masked
from detector.association import Settled
from detector.centre.broken_off import unfinished_folder
from detector.centre.live_view import LiveView
from detector.centre.messages import Amend, Done, FromFeed, Logged, Order, Status, Stop
from detector.centre.saying import say_as_json, say_failed
from detector.centre.sensor_view import SensorView
from detector.config import Feed
from detector.course import entries_of, job_of
from detector.errors import LogError, SourceError
from detector.feed import Entry, Job, Progress, open_recording, watch
from detector.model import RunEnd
from detector.silence import Silences
from detector.sources.live import LiveVideo, Paced

_BEAT_S = 1.0
_SETTLE_EVERY_S = 0.25  # it comes with every picture: a later one says the same of more


def work(order: Order, to_centre: Connection, from_centre: Connection) -> None:
    """Until the feed ends, is told to stop, or the centre is gone: it never watches unrecorded."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the centre says what it means
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    cv2.setNumThreads(1)
    say_as_json()
    line = _Line(to_centre)
    try:
        if isinstance(order.watched, Feed):
            _watch(order, order.watched, line, from_centre)
        else:
            _read(order, line, from_centre)
        line.send(Done())
    except (LogError, SourceError) as error:
        line.send(Done(masked(str(error))))
    except Exception as error:  # noqa: BLE001  told for what it is, and started again
        say_failed("feed has failed", error, feed=order.source_id)
        line.send(Done(masked(f"an error that nobody expected: {type(error).__name__}: {error}")))
    to_centre.close()
    os._exit(0)  # a thread may be inside libav for some seconds more


class _Line:
    """To the centre, from more than one thread. If nobody is there any more, this process ends."""

    def __init__(self, to_centre: Connection) -> None:
        self._to_centre, self._lock = to_centre, threading.Lock()

    def send(self, message: FromFeed) -> None:
        try:
            with self._lock:
                self._to_centre.send(message)
        except OSError:
            os._exit(1)


def _watch(order: Order, feed: Feed, line: _Line, from_centre: Connection) -> None:
    source = _source(order, feed)
    view = LiveView(source, order.out, order.run_id)

    def hear(message: Any) -> None:
        if isinstance(message, Stop):
            source.stop()
        elif isinstance(message, Amend):
            view.amend(message.configuration, message.run_id)

    def beat() -> None:
        view.write()
        line.send(Status(view.status()))

    _in_background(lambda: _hear(from_centre, hear))
    _in_background(lambda: _every(_BEAT_S, beat))
    settled_s = 0.0
    for entry in _entries(order, feed, source, view):
        view.logged(entry)
        if isinstance(entry, Settled):
            if time.monotonic() - settled_s < _SETTLE_EVERY_S:
                continue
            settled_s = time.monotonic()
        if not isinstance(entry, Progress):
            line.send(Logged(view.run_id, entry))
    beat()


def _entries(order: Order, feed: Feed, source: LiveVideo | Paced, view: LiveView) -> Iterator[Entry]:
    """What the feed and the rules on its gaps say, by the configuration in force."""
    silences = Silences(order.configuration, feed, order.out, order.run_id)
    judged_by = view.in_force
    growing = unfinished_folder(order.out, feed.id) if isinstance(source, LiveVideo) else None
    for entry in watch(order.configuration, feed, source, order.out, order.run_id, onlooker=view, growing=growing):
        if view.in_force is not None and view.in_force is not judged_by:
            judged_by = view.in_force
            yield from silences.judge_by(*judged_by)
        yield from silences.follow(entry)


def _source(order: Order, feed: Feed) -> LiveVideo | Paced:
    configuration = order.configuration
    if is_address(feed.media):
        return LiveVideo(
            feed.media, feed.id, configuration.settings.live,
            spool=order.out / "live" / "waiting", transport=feed.transport,
            telemetry_offset_s=feed.telemetry_offset_s, hfov_deg=feed.hfov_deg,
            watched_until_ns=order.watched_until_ns, why_not_watched=order.why_not_watched,
        )  # fmt: skip
    job = Job.of(configuration, feed, order.out)
    return Paced(open_recording(job), str(job.media))


def _read(order: Order, line: _Line, from_centre: Connection) -> None:
    """Sensors, telemetry or tracks. A recording is read as fast as can be; when it is stopped, the rest is not read."""
    stopped = threading.Event()
    job = job_of(order.configuration, order.watched, order.out)
    media = order.watched.media
    told = media if isinstance(media, str) else ", ".join(media)
    view = SensorView(job.source_id, told, order.out, live=not job.recordings)

    def beat() -> None:
        view.write()
        line.send(Status(view.status()))

    _in_background(lambda: _hear(from_centre, lambda message: stopped.set() if isinstance(message, Stop) else None))
    _in_background(lambda: _every(_BEAT_S, beat))
    failure = ""
    for entry in entries_of(order.configuration, job, order.run_id, stopped):
        view.passed(entry)
        if isinstance(entry, RunEnd) and not (job.recordings or entry.complete or stopped.is_set()):
            failure = entry.detail  # what is live ends by itself only where it could not begin
        if not isinstance(entry, Progress):
            line.send(Logged(order.run_id, entry))
    if failure:
        view.failed(failure)
    else:
        view.end("stopped" if stopped.is_set() else "played to its end")
    beat()
    if failure:
        raise SourceError(failure)


def _hear(from_centre: Connection, hear: Callable[[Any], None]) -> None:
    try:
        while True:
            hear(from_centre.recv())
    except (EOFError, OSError):
        os._exit(1)  # the centre is gone, and with it the log


def _every(seconds: float, do: Callable[[], None]) -> None:
    while True:
        do()
        time.sleep(seconds)


def _in_background(do: Callable[[], None]) -> None:
    threading.Thread(target=do, daemon=True).start()
