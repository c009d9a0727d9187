"""A log's contents as lines for people, for narrow and wide terminals; wrapped between words only."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.table import Table

from detector.log.export import radius_95_m
from detector.log.watched import MOMENT_NS
from detector.model import GapReason, Joined
from detector.timebase import NS_PER_S, iso_from_ns, seconds

if TYPE_CHECKING:
    from detector.log.reader import LoggedRun, LoggedViolation
    from detector.log.watched import Stretch, ZoneWatch
    from detector.model import EvidenceFile, Gap, Place, Undecided

T = TypeVar("T")

WIDE = 130
"""From so many columns on, one row holds one violation."""

_ID_DIGITS = 8


def plain(text: str) -> str:
    """Without control characters: a log from elsewhere must not steer the terminal it is read on."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def day(t_ns: int) -> str:
    """Like 2026-03-01."""
    return iso_from_ns(t_ns, 0)[:10]


def clock(t_ns: int, digits: int = 0) -> str:
    """Like 09:30:04.2, in UTC."""
    return iso_from_ns(t_ns, digits)[11:-1]


def span(t_start_ns: int, t_end_ns: int, today: str) -> str:
    """A stretch of time with its length; a day that is not `today`, which the reader knows of, is given with it."""
    length = seconds(t_end_ns - t_start_ns)
    start_day = "" if day(t_start_ns) == today else f"{day(t_start_ns)} "
    if t_end_ns - t_start_ns < 10 * NS_PER_S:
        return f"{start_day}{clock(t_start_ns, 1)} for {length}"
    end_day = "" if day(t_start_ns) == day(t_end_ns) else f"{day(t_end_ns)} "
    return f"{start_day}{clock(t_start_ns)}-{end_day}{clock(t_end_ns)} ({length})"


def percent(share: float) -> str:
    """Whole per cent, cut: what was missed for a moment was not watched all the time."""
    return "less than 1 %" if 0 < share < 0.01 else f"{math.floor(share * 100 + 1e-9)} %"


def where(place: Place) -> str:
    """Latitude, longitude and the longer half axis of the 95 % ellipse; else the pixel."""
    if place.lat_deg is None or place.lon_deg is None:
        return f"pixel {place.xy_px[0]:.0f}, {place.xy_px[1]:.0f}" if place.xy_px is not None else "unknown"
    radius = radius_95_m(place)
    return f"{place.lat_deg:.6f}, {place.lon_deg:.6f}" + (f" ± {radius:.0f} m" if radius is not None else "")


def print_violations(found: Sequence[LoggedViolation], console: Console) -> None:
    """Violations by the day they began on: one row each on a wide terminal, else a row with its sentence below."""
    digits = _digits([one.violation.violation_id for one in found])
    for date, items in groupby(found, lambda one: day(one.violation.t_start_ns)):
        console.print(f"{date} UTC")
        if console.width >= WIDE:
            console.print(_table(list(items), digits))
        else:
            for line in _two_lines(list(items), digits, console.width):
                console.print(line)
    console.print(f"{len(found)} possible {'violation' if len(found) == 1 else 'violations'}")


def judged_again(runs: Sequence[LoggedRun]) -> list[str]:
    """Sources of which several runs judged the same time, as when a recording is played with another configuration."""
    ends = sorted((end for one in runs for end in one.ends), key=lambda end: (end.source_id, end.t_start_ns))
    found = (b.source_id for a, b in pairwise(ends) if a.source_id == b.source_id and b.t_start_ns < a.t_end_ns)
    return list(dict.fromkeys(found))


def _digits(ids: list[str]) -> int:
    """Shortest length, 8 or more, at which all ids differ."""
    return next(n for n in range(_ID_DIGITS, 33) if len({one[:n] for one in ids}) == len(ids) or n == 32)


def _cells(one: LoggedViolation, digits: int) -> tuple[str, str, str, str, str, str]:
    v = one.violation
    lasted = seconds(v.t_end_ns - v.t_start_ns)
    return v.violation_id[:digits], clock(v.t_start_ns, 1), lasted, str(v.count), where(v.place), str(v.state)


def _table(found: list[LoggedViolation], digits: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("id", "start", "lasted", "n", "where (95 %)", "state"):
        table.add_column(name, no_wrap=True, justify="right" if name in {"lasted", "n"} else "left")
    for name in ("what", "rule", "noticed by", "verdicts"):
        table.add_column(name)
    for one in found:
        v = one.violation
        table.add_row(*_cells(one, digits), *map(plain, (v.observation, v.rule_id, _sources(one))), _verdicts(one))
    return table


def _two_lines(found: list[LoggedViolation], digits: int, width: int) -> Iterator[str]:
    rows = [("id", "start", "lasted", "n", "where (95 %)", "state"), *(_cells(one, digits) for one in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        id_, start, lasted, count, place, state = (cell.ljust(w) for cell, w in zip(row, widths, strict=True))
        yield f"{id_}  {start}  {row[2].rjust(len(lasted))}  {row[3].rjust(len(count))}  {place}  {state}".rstrip()
        if number == 0:
            continue
        one = found[number - 1]
        by = "noticed by" if len(one.sources) > 1 else "feed"
        about = f"rule {one.violation.rule_id}, {by} {_sources(one)}"
        verdicts = _verdicts(one)
        yield from _wrapped(f"{one.violation.observation} ({about})" + (f"; {verdicts}" if verdicts else ""), width)


def _sources(one: LoggedViolation) -> str:
    """The feed; of several, each with its means."""
    if len(one.sources) == 1:
        return one.violation.source_id
    return ", ".join(f"{source_id} ({', '.join(means)})" for source_id, means in one.sources.items())


def _verdicts(one: LoggedViolation) -> str:
    return plain(", ".join(f"{verdict.party}: {verdict.verdict}" for verdict in one.verdicts))


def _wrapped(text: str, width: int, indent: str = "    ") -> list[str]:
    return textwrap.wrap(
        plain(text),
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def undecided_lines(undecided: Sequence[Undecided]) -> Iterator[str]:
    """How often each rule could not decide, and why."""
    counts = Counter((one.rule_id, one.reason) for one in undecided)
    for (rule_id, reason), count in sorted(counts.items()):
        yield plain(f"could not be decided: {count} by {rule_id}: {reason}")


def detail_lines(one: LoggedViolation, files: Sequence[tuple[EvidenceFile, str | None]], folder: str) -> Iterator[str]:
    """Everything the log says about one violation. `files`: each with what is wrong with it, or None."""
    v = one.violation
    yield v.violation_id
    yield plain(v.observation)
    ends = (
        f" to {clock(v.t_end_ns, 3)}" if day(v.t_start_ns) == day(v.t_end_ns) else f" to {iso_from_ns(v.t_end_ns, 3)}"
    )
    lasted, peak = seconds(v.t_end_ns - v.t_start_ns), clock(v.t_peak_ns, 3)
    yield _named("when", f"{day(v.t_start_ns)} {clock(v.t_start_ns, 3)}{ends} UTC, {lasted}; clearest at {peak}")
    yield _named("where", f"{where(v.place)} (95 %)" + (f", zone {v.zone_id}" if v.zone_id is not None else ""))
    yield _named("count", f"{v.count} ({v.subject})")
    if len(one.sources) == 1:
        yield _named("noticed by", f"{', '.join(v.means)}, feed {v.source_id}")
    else:
        yield _named("noticed by", f"{', '.join(v.means)}: {_sources(one)}")
        yield from _together(one)
    yield _named("rule", f"{v.rule_id} ({v.rule_kind}), condition met with probability {v.confidence:g}")
    yield _named("measures", ", ".join(f"{name} {value:g}" for name, value in v.measures.items()) or "none")
    yield _named("state", str(v.state))
    for verdict in one.history:
        said = f"{iso_from_ns(verdict.t_ns, 0)} {verdict.party} ({verdict.reviewer}): {verdict.verdict}"
        yield _named("verdict", f"{said} {verdict.note}".rstrip())
    if not one.history:
        yield _named("verdict", "none yet")
    for file, problem in files:
        yield _named(file.role, f"{folder}/{file.path}  {problem or 'as logged'}")
    if not files:
        yield _named("evidence", "none logged")
    for lack in one.lacks:
        yield _named("not whole", lack)
    yield _named("logged", f"entries {', '.join(map(str, one.entries))}; run {v.run_id}, {v.software}")
    yield _named("settings", f"SHA-256 {v.config_sha256}")


def _together(one: LoggedViolation) -> Iterator[str]:
    """The records that are one event, as each was logged; who supports it; who said that they are one, and why."""
    for record in one.records:
        lasted = seconds(record.t_end_ns - record.t_start_ns)
        when = f"{record.violation_id[:_ID_DIGITS]}  {clock(record.t_start_ns, 3)} for {lasted}"
        what = f"{record.count}: {record.observation} (rule {record.rule_id}, feed {record.source_id})"
        yield _named("record", f"{when}, {where(record.place)} (95 %), n {what}")
    for witness in one.witnesses:
        yield _named("supported by", f"{witness.source_id} ({witness.means}) at {clock(witness.t_ns, 3)}")
    for grouping in one.groupings:
        done = "joined" if isinstance(grouping, Joined) else "split"
        who = f"{iso_from_ns(grouping.t_ns, 0)} {grouping.party} ({grouping.reviewer}): " if grouping.party else ""
        yield _named(done, f"{who}{grouping.reason}")


def _named(name: str, value: str) -> str:
    return plain(f"  {name:>12}  {value}")


def zone_lines(watch: ZoneWatch, width: int, today: str) -> Iterator[str]:
    """How much of one zone was watched, when none of it was, and a bar over the period."""
    time, area = percent(watch.watched_time), percent(watch.watched)
    long = [one for one in watch.not_watched if one.t_end_ns - one.t_start_ns >= MOMENT_NS]
    missing = [f"not watched {when(some, today)}: {some[0].why_not}" for some in _in_a_row(long, _goes_on)]
    missing += _moments([one for one in watch.not_watched if one.t_end_ns - one.t_start_ns < MOMENT_NS])
    yield plain(f"{watch.zone_id}: watched {time} of the period, {area} of its area on average")
    yield from (plain(f"  {line}") for line in missing)
    first, last = watch.stretches[0].t_start_ns, watch.stretches[-1].t_end_ns
    ends = [clock(t_ns) if day(first) == day(last) == today else iso_from_ns(t_ns, 0)[:-1] for t_ns in (first, last)]
    bar = _bar(watch.stretches, first, last, min(60, max(width - 8 - len(ends[0] + ends[1]), 10)))
    yield f"  {ends[0]} |{bar}| {ends[1]}"


def _moments(short: Sequence[Stretch]) -> Iterator[str]:
    """Stretches of less than a second, of which an hour may have hundreds, by their reason."""
    for reason in sorted({one.why_not for one in short}):
        lengths = [one.t_end_ns - one.t_start_ns for one in short if one.why_not == reason]
        if sum(lengths) >= NS_PER_S // 20:  # else it would be told as 0.0 s
            times = f" in {len(lengths)} moments" if len(lengths) > 1 else ""
            yield f"not watched for {seconds(sum(lengths))}{times}: {reason}"


def _bar(stretches: Sequence[Stretch], first: int, last: int, width: int) -> str:
    cells = []
    for cell in range(width):
        t_ns = first + (last - first) * (2 * cell + 1) // (2 * width)
        share = next(one.share for one in stretches if one.t_start_ns <= t_ns < one.t_end_ns)
        cells.append("#" if share >= 0.75 else "+" if share >= 0.25 else "-" if share > 0 else ".")
    return "".join(cells)


def gap_lines(gaps: Sequence[Gap], today: str) -> Iterator[str]:
    """Which feed, when and how long, why; moments that are alike, as of a picture every minute, in one line."""
    kinds: dict[tuple[str, GapReason], list[Gap]] = {}
    for gap in gaps:
        kinds.setdefault((gap.source_id, gap.reason), []).append(gap)
    rows = [some for of_one in kinds.values() for some in _in_a_row(of_one, _alike)]
    for some in sorted(rows, key=lambda some: some[0].t_start_ns):
        gap, count = some[0], sum(one.count for one in some)
        times = f" ({count} times)" if len(some) == 1 and count > 1 else ""
        reason = str(gap.reason).replace("_", " ")
        yield plain(f"gap {gap.source_id} {when(some, today)}: {reason}{times} {gap.detail}".rstrip())


def when(some: Sequence[Stretch] | Sequence[Gap], today: str) -> str:
    """A stretch of time; of several, when they were from first to last, how many, and how long together."""
    first_ns, last_ns = some[0].t_start_ns, some[-1].t_end_ns
    told = span(first_ns, last_ns, today)
    lost = seconds(sum(one.t_end_ns - one.t_start_ns for one in some))
    return told if len(some) == 1 else f"{told}, {len(some)} times, {lost} in all"


def _in_a_row(items: Sequence[T], follows: Callable[[T, T], bool]) -> Iterator[list[T]]:
    """The items, those together of which each follows the one before, if they are three or more."""
    row: list[T] = []
    for item in items:
        if row and not follows(row[-1], item):
            yield from _told(row)
            row = []
        row.append(item)
    yield from _told(row)


def _told(row: list[T]) -> list[list[T]]:
    return [row] if len(row) > 2 else [[item] for item in row]


def _goes_on(last: Stretch, this: Stretch) -> bool:
    """Between them lies no more than one picture of a feed that has one from time to time."""
    return this.why_not == last.why_not and this.t_start_ns - last.t_end_ns <= MOMENT_NS


def _alike(last: Gap, this: Gap) -> bool:
    return this.detail == last.detail and all(one.t_end_ns - one.t_start_ns <= MOMENT_NS for one in (last, this))


def clock_notes(gaps: Sequence[Gap]) -> list[str]:
    """What is told of a recording's clock before its first picture: it keeps nobody from looking, so it lasts 1 ns."""
    told = [gap for gap in gaps if gap.reason is GapReason.CLOCK and gap.t_end_ns - gap.t_start_ns == 1]
    return [plain(f"{gap.source_id}: {gap.detail}") for gap in told]


def gap_sums(gaps: Sequence[Gap]) -> list[str]:
    """For each source and reason, how long that was in all; a moment, and what every feed begins with, is left out."""
    sums: Counter[tuple[str, GapReason]] = Counter()
    for gap in gaps:
        if gap.reason is not GapReason.WARMING_UP:
            sums[gap.source_id, gap.reason] += gap.t_end_ns - gap.t_start_ns
    return [
        plain(f"{source_id} {str(reason).replace('_', ' ')} for {seconds(total_ns)}")
        for (source_id, reason), total_ns in sorted(sums.items())
        if total_ns >= MOMENT_NS
    ]


def reach_line(sensor: str, channel: str, far_m: tuple[float, float, float]) -> str:
    """How far one channel of a sensor would have heard the source that the configuration states."""
    least, middle, most = (f"{one:.0f}" if one < 1e4 else f"{one / 1000:.0f} k" for one in far_m)
    return plain(f"{sensor}: {channel} would have heard the stated source to {middle} m, {least} to {most} m by noise")
