"""A clip that was growing when its process was killed, read back from the disk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from detector.addresses import local_file
from detector.sources.decoding import Held
from detector.sources.packet_ring import Clip
from detector.timebase import NS_PER_S


def cut_off_clip(folder: Path, name: str) -> tuple[Path, int] | None:
    """The clip that grew under this name, and the time of its first picture [ns UTC]; None: there is nothing of it."""
    for clip in folder.glob(f"{name}-*.ts"):
        first = clip.stem.removeprefix(f"{name}-")
        if first.lstrip("-").isdecimal() and clip.stat().st_size:
            return clip, int(first)
    return None


def snapshot_of(clip: Path, first_ns: int, t_ns: int) -> NDArray[np.uint8] | None:
    """Its picture nearest to `t_ns`, BGR; None if none can be decoded. first_ns: of its first picture."""
    try:
        with av.open(local_file(clip)) as source:
            held = list(_packets(source, first_ns))
            times = [one.t_ns for one in held]
            nearest_ns = min(times, key=lambda shown_ns: abs(shown_ns - t_ns))
            shown = Clip(source.streams.video[0], held, max(times)).snapshot(nearest_ns)
    except (av.error.FFmpegError, IndexError, ValueError):
        return None
    return None if shown is None else shown[0]


def _packets(source: Any, first_ns: int) -> Iterator[Held]:
    first_pts: int | None = None
    for packet in source.demux(source.streams.video[0]):
        if not packet.size or packet.pts is None:
            continue
        first_pts = packet.pts if first_pts is None else first_pts
        shown_ns = first_ns + round((packet.pts - first_pts) * packet.time_base * NS_PER_S)
        yield Held(shown_ns, packet.is_keyframe, True, bytes(packet), packet.pts, packet.dts, packet.time_base)
