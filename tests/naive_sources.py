"""Slow twins of the sources' routines."""

from __future__ import annotations

import av
import numpy as np

from detector.sources import Clip


def naive_snapshot(clip: Clip, t_ns: int) -> tuple[np.ndarray, int] | None:
    """Decode all of a clip, then choose."""
    decoder = av.CodecContext.create(clip.template.codec_context.name, "r")
    decoder.extradata = clip.template.codec_context.extradata
    decoder.thread_count = 1
    times = {held.pts: held.t_ns for held in clip.packets if held.video}
    shown = []
    for held in [*clip.packets, None]:
        if held is not None and not held.video:
            continue
        packet = None if held is None else av.Packet(held.data)
        if packet is not None:
            packet.pts, packet.dts = held.pts, held.dts
        try:
            shown += [(times[frame.pts], frame) for frame in decoder.decode(packet)]
        except av.error.FFmpegError:
            continue
    if not shown:
        return None
    before = [one for one in shown if one[0] <= t_ns]
    best_ns, frame = max(before, key=lambda one: one[0]) if before else min(shown, key=lambda one: one[0])
    return frame.to_ndarray(format="bgr24"), best_ns
