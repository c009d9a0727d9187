"""Whether a recording was read to its end, by what its container promises."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

from detector.sources.file_end import cut_inside
from detector.sources.programmes import packet_layout
from detector.sources.survey import Survey


def shortfall(path: Path, video: Any, found: Survey, *, torn: bool) -> str:
    """Where and why the recording ends before it should; empty if it does not.

    torn: the picture of its last packet is not whole. A transport stream promises neither length nor number: one that
        was cut between two of its packets is told by that, or by a last packet shorter than it says. A decoder that
        hides what is missing (H.265) leaves it unseen.
    """
    size = path.stat().st_size
    container = video.container
    if container.format.name == "mpegts":
        unit = _packet_size(path)
        if unit and size % unit:
            whole = size - size % unit
            return f"the file ends inside a transport packet, at byte {size} (the last whole one ends at {whole})"
        return _torn_at(size, found.unfinished, torn)
    pictures = _places(video, found) if container.format.name == "avi" else found.video_packets
    if video.frames and pictures < video.frames:
        return f"the index promises {video.frames} pictures, {pictures} are in the file of {size} bytes"
    return _short_in_time(video, container, found, size) or cut_inside(path, container.format.name)


def _torn_at(size: int, unfinished: tuple[str, ...], torn: bool) -> str:
    if torn or "video" in unfinished:
        return f"its last picture is not whole: the file of {size} bytes was cut inside it"
    if unfinished:
        return f"its last set of telemetry is not whole: the file of {size} bytes was cut inside it"
    return ""


def _places(video: Any, found: Survey) -> int:
    """Pictures of an AVI file up to the last: one that repeats the one before has a place and no packet."""
    last_s = max((stamp_s for segment in found.video_pts_s for stamp_s in segment), default=0.0)
    return max(found.video_packets, round(last_s / float(video.time_base)) + 1)


def _short_in_time(video: Any, container: Any, found: Survey, size: int) -> str:
    stated_s = float(video.duration * video.time_base) if video.duration else None
    if stated_s is None and container.duration and len(container.streams) == 1:
        stated_s = container.duration / 1e6
    went_back = any(min(after) < max(before) for before, after in pairwise(found.video_pts_s))
    pts_s = [stamp_s for segment in found.video_pts_s for stamp_s in segment]
    if stated_s is None or len(pts_s) < 2 or went_back:
        return ""
    first_s, last_s = min(pts_s), max(pts_s)
    interval_s = (last_s - first_s) / (len(pts_s) - 1)
    # Matroska states when the last picture ends, counted from 0 and not from the first.
    begins_s = 0.0 if container.format.name.startswith("matroska") else first_s
    read_s = last_s - begins_s + interval_s
    if read_s >= stated_s - max(1.0, 10 * interval_s):
        return ""
    return f"the container states {stated_s:.3f} s, pictures end after {read_s:.3f} s (file of {size} bytes)"


def _packet_size(path: Path) -> int:
    with path.open("rb") as stream:
        return packet_layout(stream.read(5 * 204))[0]
