"""Slow twins of the sources' routines."""

from __future__ import annotations

from itertools import pairwise

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


def naive_line(pts_s: list[float], t_ns: list[int]) -> tuple[float, float]:
    """Seconds from PTS 0 to the first stamp's day's clock, and drift: Theil and Sen, the median over all pairs."""
    first = t_ns[0]
    points = [(p, (t - first) / 1e9 - p) for p, t in zip(pts_s, t_ns, strict=True)]
    middle = sorted(off for _, off in points)[len(points) // 2]
    good = [(p, off) for p, off in points if abs(off - middle) < 1.0]
    slopes = sorted((b[1] - a[1]) / (b[0] - a[0]) for i, a in enumerate(good) for b in good[i + 1 :] if b[0] > a[0])
    drift = slopes[len(slopes) // 2] if good[-1][0] - good[0][0] >= 60 else 0.0
    rest = sorted(off - drift * p for p, off in good)
    return rest[len(rest) // 2], drift


def naive_pose_at(samples: list, t_ns: int) -> dict[str, float] | None:
    """Walk over all samples; turn angles the short way as unit vectors. Pitch below 80 deg, one datum."""
    known = sorted((one for one in samples if one.pose is not None), key=lambda one: one.t_ns)
    if not known:
        return None
    age_s = min(abs(one.t_ns - t_ns) for one in known) / 1e9
    if age_s > 2.0:
        return None
    nearest = min(known, key=lambda one: abs(one.t_ns - t_ns))
    before, after, share = nearest, nearest, 0.0
    for a, b in pairwise(known):
        if a.t_ns < t_ns <= b.t_ns and b.t_ns - a.t_ns <= 4_000_000_000:
            before, after, share = a, b, (t_ns - a.t_ns) / (b.t_ns - a.t_ns)
    found = {"age_s": age_s}
    for name in ("lat_deg", "alt_m", "pitch_deg", "hfov_deg"):
        found[name] = (1 - share) * getattr(before.pose, name) + share * getattr(after.pose, name)
    for name in ("lon_deg", "yaw_deg", "roll_deg"):
        turns = np.exp(1j * np.radians([getattr(before.pose, name), getattr(after.pose, name)]))
        found[name] = float(np.degrees(np.angle(turns[0] * np.exp(1j * share * np.angle(turns[1] / turns[0])))))
    return found
