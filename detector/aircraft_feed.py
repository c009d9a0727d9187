"""One source of tracks: aircraft in closed airspace, evidence and gaps, as the log will hold it."""

from __future__ import annotations

from collections.abc import Iterator

from detector import pipeline
from detector.config import Aircraft, Configuration
from detector.errors import SourceError
from detector.evidence import StretchRecorder, passage_picture
from detector.evidence.plot_area import Picture
from detector.feed import Entry, FileJob, Progress, kept
from detector.health import CoverageLedger, GapBook
from detector.log import EvidenceStore
from detector.model import CoverageSlot, Gap, GapReason, RunEnd, Series, Violation
from detector.sources.tracks import Assumed, RecordedTracks
from detector.timebase import NS_PER_S


def follow(configuration: Configuration, job: FileJob, aircraft: Aircraft, run_id: str) -> Iterator[Entry]:
    """Everything the log has to say about one source of tracks, in the order in which it becomes known.

    Raises:
        LogError: evidence cannot be written.
    """
    rules = pipeline.air_rules_for(configuration, aircraft.id, aircraft.means, run_id)
    by_id = {rule.context.rule_id: rule for rule in rules}

    def draw(violation: Violation, series: Series) -> Picture:
        config = by_id[violation.rule_id].config
        zone = configuration.map.zones[violation.zone_id or ""]
        return passage_picture(violation, series, zone, config.floor_m, config.ceiling_m)

    recorder = StretchRecorder(EvidenceStore(job.out / "evidence"), "positions", draw)
    gaps: list[Gap] = []
    positions = 0
    end = RunEnd(run_id, aircraft.id, 0, False, 0, 0, "")
    try:
        assumed = Assumed(aircraft.sigma_pos_m, aircraft.sigma_alt_m, aircraft.sigma_pressure_alt_m)
        source = RecordedTracks(job.media, aircraft.id, assumed, silent_s=aircraft.silent_s, assume_utc=aircraft.utc)
        first_ns = None
        for item in source:
            if isinstance(item, Gap):
                gaps.append(item)
                continue
            positions += len(item)
            first_ns = int(item.t_ns[0]) if first_ns is None else first_ns
            recorder.observe(item)
            for rule in rules:
                yield from recorder.follow(rule.judge(item), item.source_id)
            if source.reached_ns is not None:
                for rule in rules:
                    yield from recorder.follow(rule.pass_time(source.reached_ns))
                yield from kept(recorder.reached(source.reached_ns))
                done_s = (source.reached_ns - first_ns) / NS_PER_S
                yield Progress(aircraft.id, positions, done_s, done_s / source.share if source.share else None)
        if source.end is not None:
            found = source.end
            end = RunEnd(run_id, aircraft.id, positions, found.complete, found.t_start_ns, found.t_end_ns, found.detail)
        heard = source.heard
    except SourceError as error:
        end, heard = RunEnd(run_id, aircraft.id, positions, False, 0, 0, str(error)), []
    for rule in rules:
        yield from recorder.follow(rule.finish())
    yield from kept(recorder.finish())
    yield from _coverage(aircraft.id, configuration.settings.coverage.slot_s, heard, gaps)
    yield end


def _coverage(
    source_id: str, slot_s: float, heard: list[tuple[int, int]], gaps: list[Gap]
) -> Iterator[Gap | CoverageSlot]:
    """When aircraft could be heard, and when none was."""
    book, ledger = GapBook(), CoverageLedger(slot_s, {})
    for gap in sorted(gaps, key=lambda one: (one.t_start_ns, one.reason, one.detail)):
        yield from book.add(gap)
        if gap.reason is GapReason.MISSING:
            ledger.gap(gap)
    yield from book.finish()
    for start_ns, end_ns in heard:
        ledger.listened(start_ns, end_ns, source_id)
    yield from ledger.finish()
