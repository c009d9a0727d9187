"""One pass over a recording's packets without decoding: its telemetry, its clock and whether it is whole.

Demuxing costs about 1 % of decoding, and knowing both sides of every frame is what lets time and pose be
interpolated instead of held.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from detector.addresses import local_file
from detector.klv import eg0104, st0601, stream
from detector.klv.items import Value
from detector.klv.local_set import LocalSet
from detector.model import CameraPose
from detector.sources import programmes
from detector.sources.jumps import without_jumps
from detector.sources.klv_pose import PoseBuilder, stamp_ns
from detector.sources.segments import Restarts
from detector.sources.streams import watched_of
from detector.sources.telemetry import Sample
from detector.sources.time_line import TimeLine, through

_GIVE_UP_AFTER = 1000


@dataclass(slots=True)
class Stamped:
    """One telemetry set and the presentation time it came at.

    at_byte: where in the file, for sets that have no such time.
    segment: how often presentation times have begun again before it.
    """

    pts_s: float
    kind: str
    found: LocalSet
    at_byte: int | None = None
    segment: int = 0


@dataclass(slots=True)
class Survey:
    """What one pass found.

    video_pts_s: in decoding order, a list for each segment: presentation times may begin again. [s]
    lines: from presentation time to UTC, by segment; None where a segment has no time stamp. line: the first of them.
    centres: pose, latitude and longitude of the frame's centre as told (tags 23, 24), where a set tells both.
    told: time and items of every set, also of those whose position cannot be believed.
    telemetry_streams: indices of the streams that were read for telemetry.
    unfinished: types of the streams, video or data, whose last packet is shorter than it says, or lacks a part.
    """

    sets: list[Stamped] = field(default_factory=list)
    video_packets: int = 0
    video_pts_s: list[list[float]] = field(default_factory=lambda: [[]])
    counters: Counter[str] = field(default_factory=Counter)
    line: TimeLine | None = None
    lines: list[TimeLine | None] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    missing: Counter[str] = field(default_factory=Counter)
    centres: list[tuple[CameraPose, float, float]] = field(default_factory=list)
    told: list[tuple[int, Mapping[int, Value]]] = field(default_factory=list)
    backwards: int = 0
    telemetry_streams: frozenset[int] = frozenset()
    unfinished: tuple[str, ...] = ()


def packets(container: Any, streams: list[Any], counters: Counter[str]) -> Iterator[Any]:
    """Packets of the streams; a place that cannot be read is counted in `demux_errors` and passed over.

    Streams that appear only in the middle of the file are left out and counted in `late_streams`.
    """
    in_a_row = 0
    demuxer = container.demux(*streams)
    while in_a_row < _GIVE_UP_AFTER:
        try:
            packet = next(demuxer)
        except StopIteration:
            return
        except av.error.EOFError:
            return
        except IndexError:
            # PyAV 18 flushes every stream at the end, in their order, also those that it never took up because they
            # appeared late (a damaged programme map): ours, which come first, have been flushed by then.
            counters["late_streams"] += 1
            return
        except av.error.FFmpegError:
            counters["demux_errors"] += 1
            in_a_row += 1
            demuxer = container.demux(*streams)
            continue
        in_a_row = 0
        yield packet


def survey(path: Path, offset_s: float = 0.0, hfov_deg: float | None = None) -> Survey:
    """Read every packet once.

    Args:
        path: a container.
        offset_s: added to the time of the telemetry's values. [s]
        hfov_deg: horizontal angle of view where the telemetry does not tell it. [deg]
    """
    found = Survey()
    with av.open(local_file(path), metadata_errors="replace") as container:
        video = watched_of(container)
        data = _telemetry_of(path, container, video)
        found.telemetry_streams = frozenset(one.index for one in data)
        others = sum(one.type == "data" for one in container.streams) - len(data)
        found.counters["telemetry_of_other_programmes"] = others
        assemblers = {one.index: stream.SetAssembler() for one in data}
        restarts = {one.index: Restarts() for one in container.streams}
        shown = Restarts()
        now_s = 0.0
        pictures: list[tuple[int, float, int]] = []
        arrived: list[int] = []
        torn: dict[int, bool] = {}
        for packet in packets(container, ([video] if video else []) + data, found.counters):
            stamp = packet.pts if packet.pts is not None else packet.dts
            seconds = None if stamp is None else float(stamp * packet.time_base)
            if packet.size:
                torn[packet.stream.index] = packet.is_corrupt
            if video is not None and packet.stream.index == video.index:
                if packet.size:
                    found.video_packets += 1
                if seconds is not None:
                    now_s = seconds
                    segment = shown.feed(decoding_s(packet), key=packet.is_keyframe)
                    if segment == len(found.video_pts_s):
                        found.video_pts_s.append([])
                    found.video_pts_s[segment].append(seconds)
                    if packet.pos is not None and packet.pos >= 0:
                        pictures.append((packet.pos, seconds, segment))
            elif packet.stream.index in assemblers:
                one = assemblers[packet.stream.index]
                segment = restarts[packet.stream.index].feed(seconds)
                whole = one.feed(bytes(packet)) if packet.size else one.finish()
                at_byte = packet.pos if seconds is None else None
                _take(found, whole, now_s if seconds is None else seconds, at_byte, segment)
                arrived += [shown.count] * (len(found.sets) - len(arrived))
        for one in assemblers.values():
            _take(found, one.finish(), now_s, None, shown.count)
            found.counters["klv_junk_bytes"] += one.junk_bytes
        # Telemetry comes a little before or after its picture, so what it says of itself is exact. Where it did not
        # begin again as often as the picture, the picture's count at its arrival is all there is.
        if any(restarts[one.index].count != shown.count for one in data):
            for stamped, segment in zip(found.sets, arrived, strict=False):
                stamped.segment = segment
        _time_by_byte(found.sets, pictures)
        found.unfinished = tuple(one.type for one in container.streams if torn.get(one.index))
    found.counters["pts_restarts"] = shown.count
    _place(found, offset_s, hfov_deg)
    return found


def _telemetry_of(path: Path, container: Any, video: Any) -> list[Any]:
    """The streams that may hold telemetry of these pictures: in a multiplex of several drones, those beside them."""
    data = [one for one in container.streams if one.type == "data"]
    if video is None or container.format.name != "mpegts":
        return data
    pids = programmes.beside(path, video.id) if len(data) > 1 else None
    return data if pids is None else [one for one in data if one.id in pids]


def decoding_s(packet: Any) -> float | None:
    """Time of decoding, else of presentation; None without either. [s]"""
    stamp = packet.dts if packet.dts is not None else packet.pts
    return None if stamp is None else float(stamp * packet.time_base)


def _time_by_byte(sets: list[Stamped], pictures: list[tuple[int, float, int]]) -> None:
    """Asynchronous telemetry has no presentation time: it belongs to the picture beside it in the file.

    The demuxer hands out sets some pictures early, so the order of its packets would be wrong by 0.1 s. Whether
    this encoder writes a set before or after its picture is told by the first of them.
    """
    untimed = [one for one in sets if one.at_byte is not None and one.at_byte >= 0]
    if not untimed or not pictures:
        return
    pictures = sorted(pictures)
    places = [at for at, _, _ in pictures]
    ahead = min(one.at_byte or 0 for one in untimed) < places[0]
    for one in untimed:
        at = bisect_right(places, one.at_byte or 0) - (0 if ahead else 1)
        _, one.pts_s, one.segment = pictures[min(max(at, 0), len(pictures) - 1)]


def sets_in(data: bytes) -> Survey:
    """The same for a file that is nothing but KLV."""
    found, assembler = Survey(), stream.SetAssembler()
    _take(found, assembler.feed(data), 0.0, None, 0)
    _take(found, assembler.finish(), 0.0, None, 0)
    found.counters["klv_junk_bytes"] = assembler.junk_bytes
    _place(found, 0.0, None)
    return found


def _take(found: Survey, whole: Iterator[bytes], pts_s: float, at_byte: int | None, segment: int) -> None:
    for packet in whole:
        decoded = stream.decode(packet)
        if decoded is None:
            found.counters["klv_other_sets"] += 1
            continue
        kind = "ST 0601" if packet.startswith(st0601.KEY) else "EG 0104" if packet.startswith(eg0104.KEY) else "?"
        found.sets.append(Stamped(pts_s, kind, decoded, at_byte, segment))
        found.counters["klv_sets"] += 1
        found.counters["klv_checksum_wrong"] += decoded.checksum_ok is False
        found.counters["klv_faults"] += len(decoded.faults)
        found.counters["klv_unknown_items"] += len(decoded.unknown)


def _place(found: Survey, offset_s: float, hfov_deg: float | None) -> None:
    """Put the sets on the clock: most time stamps decide, those that jump are replaced by the line's time."""
    timed = [(one, t_ns) for one in found.sets if (t_ns := stamp_ns(one.found.values)) is not None]
    found.counters["klv_without_time"] = len(found.sets) - len(timed)
    if not timed:
        return
    stamped, times = [one for one, _ in timed], [t_ns for _, t_ns in timed]
    jumped: set[int] = set()
    for segment in range(1 + max(one.segment for one in stamped)):
        here = [i for i, one in enumerate(stamped) if one.segment == segment]
        line = through([stamped[i].pts_s for i in here], [times[i] for i in here]) if here else None
        found.lines.append(line)
        jumped |= {here[i] for i in line.outliers} if line is not None else set()
    found.line = next(line for line in found.lines if line is not None)
    found.backwards = sum(b < a for a, b in pairwise(times))
    found.counters["klv_clock_jumps"] = len(jumped)
    builder = PoseBuilder(hfov_deg)
    flights: list[list[Sample]] = [[] for _ in found.lines]
    for i, one in enumerate(stamped):
        line = found.lines[one.segment]
        t_ns = line.t_ns(one.pts_s) if i in jumped and line is not None else times[i]
        pose, missing = builder.add(t_ns // 1000, one.found.values)
        found.missing.update(missing)
        t_ns += round(offset_s * 1e9)
        flights[one.segment].append(Sample(t_ns, pose))
        found.told.append((t_ns, one.found.values))
        lat_deg, lon_deg = one.found.values.get(23), one.found.values.get(24)
        if pose is not None and isinstance(lat_deg, float) and isinstance(lon_deg, float):
            found.centres.append((pose, lat_deg, lon_deg))
    found.counters["roll_taken_as_0"] = builder.without_roll
    for flight in flights:  # recordings joined into one file may be of places far apart
        believed, astray = without_jumps(flight)
        found.samples += believed
        found.counters["position_jumps"] += astray
