"""The centre: every feed of a configuration watched in a process of its own, and one log that this process writes."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from multiprocessing.connection import wait
from pathlib import Path
from types import FrameType
from typing import Any

import structlog

from detector import pipeline
from detector.addresses import is_address, masked
from detector.centre.broken_off import close_broken_off
from detector.centre.companion import Companion, Work
from detector.centre.configuration_file import ConfigurationFile
from detector.centre.continued import Continued
from detector.centre.health_page import HealthPage
from detector.centre.live_joiner import LiveJoiner
from detector.centre.messages import Logged, Order
from detector.centre.place import LocalProcesses, Place
from detector.centre.reload import Change, change_for, watched
from detector.centre.supervisor import Supervised
from detector.config import Configuration, SensorNetwork, Source
from detector.course import job_of
from detector.errors import Complaint, ConfigError, SourceError
from detector.feed import Entry, append
from detector.live_file import VERSION, forget_live, live_sources, write_centre
from detector.log import LogWriter, open_reader
from detector.model import Gap, Joined, MediaFile, Run, RunEnd, Violation
from detector.outbox import SINKS
from detector.outbox.delivery import Delivery
from detector.sources import media_file
from detector.timebase import NS_PER_S

_TURN_S = 0.1
_SHOW_EVERY_S = 1.0
_STOP_WITHIN_S = 15.0
_LITTLE_ROOM_GB = 5.0


class Centre:
    """Watches until `stop`, or until every feed has ended (recordings do, live feeds do not).

    Args:
        configuration: checked.
        out: gets violations.sqlite, evidence/ and live/.
        place: where the feeds' processes run.
        console: what a configuration wants to be opened beside the feeds, if anything. Raises ConfigError.
        given: the file it was started with, where a version of it is in force; None: the configuration's own.

    Raises:
        ConfigError: it names nothing to watch, or the address of the health page cannot be used.
        LogError: the log cannot be written, here or from `run`: nothing is watched unrecorded.
    """

    def __init__(
        self,
        configuration: Configuration,
        out: Path,
        place: Place | None = None,
        console: Callable[[Configuration], Work | None] = lambda _: None,
        given: Path | None = None,
    ) -> None:
        self._console_for = console
        self._check(configuration)
        self._configuration, self._out = configuration, out
        self._place = place or LocalProcesses()
        self._given = given or configuration.path
        self._file = ConfigurationFile(configuration, self._given, self._check)
        self._feeds: dict[str, Supervised] = {}
        self._leaving: list[Supervised] = []
        self._console = Companion("console", configuration.settings.centre.longest_restart_s)
        self._entries = 0
        self._told: dict[str, str] = {}
        self._told_of_sinks: dict[str, str] = {}
        self._told_set_aside = ""
        self._told_of_little_room = False
        self._told_of_file = ""
        self._joiner = _joiner(configuration)
        self._continued = Continued()
        self._why_new = "the centre was not running"
        self._started_ns = time.time_ns()
        self._health: HealthPage | None = None
        self._outbox: list[Delivery] = []
        self._turned_s = time.monotonic()
        self._snapshot: dict[str, Any] = {}
        self._stopping = threading.Event()
        self._reload = threading.Event()
        self._say = structlog.get_logger()

    def stop(self) -> None:
        """Close what is open in every feed, and end. From a signal handler or another thread."""
        self._stopping.set()

    def reload(self) -> None:
        """Look at the configuration now, whether or not its file seems to have changed."""
        self._reload.set()

    def on_signals(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads. In the main thread."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        def reload(_number: int, _frame: FrameType | None) -> None:
            self.reload()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        signal.signal(signal.SIGHUP, reload)

    def run(self) -> None:
        """Watch."""
        with ExitStack() as stack, LogWriter(self._out) as log:
            self._log = log
            stack.callback(self._kill_all)
            self._look()
            stack.callback(self._close_health)
            self._open_health(self._configuration)
            self._take_on(self._configuration, _run_of(self._configuration, watched(self._configuration), self._out))
            self._open_outbox(self._configuration)
            stack.callback(self._close_outbox)
            self._console.do(self._console_work(self._configuration))
            stack.callback(self._console.stop)
            told = {"out": str(self._out), "health": self._health_url(), "config": str(self._configuration.path)}
            self._say.info("watching", feeds=list(self._feeds), **told)
            shown_s = 0.0
            while not self._stopping.is_set() and not all(one.over for one in self._feeds.values()):
                self._turn()
                self._console.turn()
                self._amend()
                if time.monotonic() - shown_s >= _SHOW_EVERY_S:
                    shown_s = time.monotonic()
                    self._show()
                    self._tell()
                    self._join(self._joiner.pass_time())
            self._stop_all()
            self._join(self._joiner.end())
            self._show()
            self._say.info("stopped", entries=self._entries)

    def _check(self, configuration: Configuration) -> None:
        """What a centre needs of a configuration beside that it is right. Raises ConfigError."""
        if not watched(configuration):
            raise ConfigError(Complaint(str(configuration.path), None, "it names nothing to watch"))
        self._console_for(configuration)

    def _console_work(self, configuration: Configuration) -> Work | None:
        """Feeds are watched without a console, too, should its certificate go between check and use."""
        try:
            return self._console_for(configuration)
        except ConfigError as error:
            self._say.error("the console cannot be opened", why=str(error))
            return None

    def _open_health(self, configuration: Configuration) -> None:
        address = configuration.settings.centre.health
        if address is not None:
            self._health = HealthPage(
                address,
                str(configuration.path),
                lambda: self._snapshot,
                lambda: time.monotonic() - self._turned_s,
            )

    def _close_health(self) -> None:
        if self._health is not None:
            self._health.close()
            self._health = None

    def _take_on(self, configuration: Configuration, run: Run) -> None:
        """Watch what this configuration names and is not watched yet."""
        self._log.begin(run)
        self._join(self._joiner.end())
        self._joiner = _joiner(configuration)
        wanted = watched(configuration)
        for source_id in set(live_sources(self._out)) - wanted.keys():
            forget_live(self._out, source_id)  # else it would be shown as one from which nothing comes
        for source_id, one in wanted.items():
            if source_id not in self._feeds:
                order = Order(configuration, one, self._out, run.run_id, None)
                self._feeds[source_id] = Supervised(
                    order, self._place, configuration.settings.centre, self._before_start
                )

    def _append(self, entry: Entry | Joined, run_id: str) -> None:
        append(self._log, entry, run_id)
        self._entries += 1
        if isinstance(entry, Gap):
            self._continued.gap(entry)
        elif isinstance(entry, Violation):
            joined = self._continued.opened(entry)
            if joined is not None:
                self._append(joined, run_id)

    def _join(self, decided: Iterable[Joined]) -> None:
        for joined in decided:
            self._append(joined, joined.run_id)

    def _before_start(self, order: Order) -> Order:
        """Close what its last process left open, and find out until where the log knows it."""
        source_id = order.source_id
        if not _addresses(order.watched):  # a recording is played from its beginning
            self._say.info("feed starts", feed=source_id)
            return order
        before = self._feeds.get(source_id)
        why = (before.why if before is not None else "") or self._why_new
        closed, until_ns = close_broken_off(self._log, self._out, source_id, why)
        self._continued.broke_off(closed)
        self._say.info("feed starts", feed=source_id, closed=len(closed))
        return replace(order, watched_until_ns=until_ns, why_not_watched=why)

    def _turn(self) -> None:
        """Wait for the next message, and take in what there is."""
        self._turned_s = time.monotonic()
        everyone = [*self._feeds.values(), *self._leaving]
        waiting = [one.worker.readable for one in everyone if one.worker is not None]
        if waiting:
            wait(waiting, timeout=_TURN_S)
        else:
            time.sleep(_TURN_S)
        for one in everyone:
            before = one.state
            for logged in one.turn():
                for entry in [logged.entry] if _goes_on(logged) else self._joiner.take(logged.entry):
                    self._append(entry, logged.run_id)
            if one.state not in {before, "running"}:
                say = self._say.info if one.over and one.whole else self._say.warning
                say("feed is gone", feed=one.source_id, state=one.state, why=masked(one.why))
        self._leaving = [one for one in self._leaving if not one.over]

    def _amend(self) -> None:
        asked = self._reload.is_set()
        self._reload.clear()
        problem = self._file.problem
        after = self._file.newer(now=asked)
        if self._file.problem and self._file.problem != problem:
            self._say.error("configuration refused", why=self._file.problem)
        elif problem and not self._file.problem and after is None:
            self._say.info("configuration is again as it is in force")
        if after is None:
            return
        before, self._configuration = self._configuration, after
        changes = {one: change_for(one, before, after) for one in watched(before).keys() & watched(after).keys()}
        untouched = {one for one, change in changes.items() if change is Change.NOTHING}
        untouched |= {one for one in changes if self._has_been_played(one, before, after)}
        run = _run_of(after, watched(after).keys() - untouched, self._out)
        self._log.begin(run)
        for source_id in list(self._feeds):
            change = changes.get(source_id, Change.RESTART)
            if change is Change.RULES:
                order = replace(self._feeds[source_id].order, configuration=after, run_id=run.run_id)
                self._feeds[source_id].amend(order)
            elif change is Change.RESTART and source_id not in untouched:
                leaving = self._feeds.pop(source_id)
                self._told.pop(source_id, None)
                leaving.stop()
                self._leaving.append(leaving)
        told = {one: change.value for one, change in changes.items()}
        self._say.info("configuration", file=after.path.name, sha256=after.sha256, changes=told)
        self._wait_for(self._leaving)
        self._why_new = "the configuration was changed"
        self._take_on(after, run)
        self._console.do(self._console_work(after))  # it shows the agreement in force
        if _sinks(before) != _sinks(after):
            self._open_outbox(after)
        if before.settings.centre.health != after.settings.centre.health:
            self._close_health()
            try:
                self._open_health(after)
            except ConfigError as error:
                self._say.error("the health page cannot be opened", why=str(error))

    def _has_been_played(self, source_id: str, before: Configuration, after: Configuration) -> bool:
        """A recording is played through once, by the rules of that time."""
        same = watched(before)[source_id] == watched(after).get(source_id)
        return same and self._feeds[source_id].state == "ended"

    def _open_outbox(self, configuration: Configuration) -> None:
        """By this configuration. Nobody waits here for receivers: the next of a name begins when the last has ended."""
        before = {one.sink_name: one for one in self._outbox}
        for delivery in self._outbox:
            delivery.stop(within_s=0.0)
        self._outbox = []
        for part in configuration.outbox:
            sink = SINKS[part.kind](part.config)
            delivery = Delivery(sink, self._out, self._feed_states, before.get(part.config.name))
            delivery.start()
            self._outbox.append(delivery)

    def _close_outbox(self) -> None:
        until_s = time.monotonic() + _STOP_WITHIN_S
        for delivery in self._outbox:
            delivery.stop()
        for delivery in self._outbox:
            delivery.join(timeout=max(0.0, until_s - time.monotonic()))

    def _feed_states(self) -> dict[str, str]:
        return {source_id: str(one.status.get("state", one.state)) for source_id, one in list(self._feeds.items())}

    def _stop_all(self) -> None:
        for one in self._feeds.values():
            one.stop()
        self._wait_for([*self._feeds.values(), *self._leaving])

    def _wait_for(self, leaving: list[Supervised]) -> None:
        """Until they have closed what is open; what does not come to its end in time is killed."""
        until_s = time.monotonic() + _STOP_WITHIN_S
        while any(not one.over for one in leaving) and time.monotonic() < until_s:
            self._turn()
        for one in leaving:
            if not one.over:
                self._say.error("feed killed: it did not stop", feed=one.source_id)
                one.kill()

    def _kill_all(self) -> None:
        for one in (*self._feeds.values(), *self._leaving):
            one.kill()

    def _look(self) -> None:
        feeds = {
            source_id: one.figures() | {"alive": one.alive, "status": one.status}
            for source_id, one in self._feeds.items()
        }
        self._snapshot = {
            "version": VERSION,
            "software": pipeline.SOFTWARE,
            "pid": os.getpid(),
            "started_ns": self._started_ns,
            "written_ns": time.time_ns(),
            "config": str(self._configuration.path),
            "config_given": str(self._given.absolute()),
            "config_sha256": self._configuration.sha256,
            "config_problem": self._file.problem,
            "health": self._health_url(),
            "console_pid": self._console.pid,
            "log_entries": self._entries,
            "log_seq": self._last_seq(),
            "disk_free_bytes": shutil.disk_usage(self._out).free,
            "feeds": feeds,
            "outbox": {one.sink_name: asdict(one.progress) for one in list(self._outbox)},
        }

    def _show(self) -> None:
        self._look()
        feeds = {
            source_id: {name: value for name, value in one.items() if name not in {"status", "alive"}}
            for source_id, one in self._snapshot["feeds"].items()
        }
        problem = ""
        try:
            write_centre(self._out, self._snapshot | {"feeds": feeds})
        except OSError as error:
            problem = error.strerror or str(error)
        if problem and problem != self._told_of_file:  # once, not every second
            self._say.warning("live/centre.json cannot be written", why=problem)
        self._told_of_file = problem

    def _tell(self) -> None:
        """Into the centre's own log: which feed is seen, which is not, which receiver takes nothing, and why."""
        connecting_ns = round((self._configuration.settings.live.open_timeout_s + _SHOW_EVERY_S) * NS_PER_S)
        for source_id, one in self._feeds.items():
            state, since_ns = one.status.get("state"), one.status.get("since_ns", 0)
            soon = state == "connecting" and time.time_ns() - since_ns < connecting_ns
            if state is None or soon or state == self._told.get(source_id):
                continue
            self._told[source_id] = state
            if state == "running":
                self._say.info("feed is seen", feed=source_id)
            elif state != "ended":
                self._say.warning("feed is not seen", feed=source_id, state=state, why=one.status.get("state_why"))
        for sink in self._outbox:
            problem = sink.progress.problem
            if problem == self._told_of_sinks.get(sink.sink_name, ""):
                continue
            self._told_of_sinks[sink.sink_name] = problem
            if problem:
                self._say.warning("outbox is not taken", sink=sink.sink_name, why=problem, waiting=sink.progress.depth)
            else:
                self._say.info("outbox is taken again", sink=sink.sink_name)
        if self._file.set_aside != self._told_set_aside:
            self._told_set_aside = self._file.set_aside
            if self._told_set_aside:
                self._say.warning("a version put in force is not in force", why=self._told_set_aside)
        free_gb = self._snapshot["disk_free_bytes"] / 1e9
        little = free_gb < _LITTLE_ROOM_GB
        if little and not self._told_of_little_room:
            self._say.warning("little room is left: once it is full nothing is watched", free_gb=round(free_gb, 1))
        self._told_of_little_room = little

    def _last_seq(self) -> int:
        with open_reader(self._out) as reader:
            return reader.head().seq

    def _health_url(self) -> str | None:
        return None if self._health is None else self._health.url


def _run_of(configuration: Configuration, names: Collection[str], out: Path) -> Run:
    """Of the sources that are judged by this configuration; an untouched one goes on in the run that it is in."""
    chosen = [one for name, one in watched(configuration).items() if name in names]
    return Run(configuration.sha256, pipeline.SOFTWARE, tuple(_media(configuration, chosen, out)))


def _media(configuration: Configuration, sources: Iterable[Source], out: Path) -> Iterator[MediaFile]:
    """Recordings by their content; of a live feed its address is all that can be said beforehand."""
    for one in sources:
        addresses = _addresses(one)
        yield from (MediaFile(one.id, masked(address), "", 0) for address in addresses)
        job = job_of(configuration, one, out)
        recordings = () if addresses else job.recordings
        for file in (*recordings, *job.beside):
            try:
                yield media_file(file, one.id)
            except SourceError:
                yield MediaFile(one.id, file.name, "", 0)


def _joiner(configuration: Configuration) -> LiveJoiner:
    notice: list[Source] = [*configuration.settings.feeds, *configuration.settings.sensors]
    return LiveJoiner([one.id for one in notice], [one.id for one in notice if _addresses(one)])


def _goes_on(logged: Logged) -> bool:
    """It ends a run and not its source, which is judged by another configuration from here on."""
    return isinstance(logged.entry, RunEnd) and logged.entry.run_id != logged.run_id


def _sinks(configuration: Configuration) -> list[tuple[str, Any]]:
    return [(part.kind, part.config) for part in configuration.outbox]


def _addresses(one: Source) -> tuple[str, ...]:
    """Of what is live; a recording has none."""
    names = one.media if isinstance(one, SensorNetwork) else (one.media,)
    return tuple(filter(is_address, names))
