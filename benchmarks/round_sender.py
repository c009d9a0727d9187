"""A recording sent again and again as several live streams, with times that go on: what a ground station does.

    python round_sender.py FILE PORT FEEDS

One RTSP server with the feeds /feed1, /feed2 ... at different places of the round. Packets are copied, nothing is
encoded; telemetry says this machine's clock at the moment it is sent. A line of JSON a second says what was sent.
"""

from __future__ import annotations

import heapq
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tstrans.mpegts import Pts90khz
from tstrans.rtp import RtspServer, RtspServerConfig

from detector.klv.checksum import running_sum
from tests.live.sender import Unit, program, units

_STAMP = bytes((2, 8))  # tag and length of the precision time stamp, the first item of a set
_TOLD_EVERY_S = 1.0


def stamped(klv: bytes, t_us: int) -> bytes:
    """The set with another time, and the checksum that belongs to it."""
    at = klv.index(_STAMP, 17)
    told = klv[: at + 2] + t_us.to_bytes(8, "big") + klv[at + 10 : -2]
    return told + running_sum(told).to_bytes(2, "big")


@dataclass(slots=True)
class Round:
    """One feed, where it is in its round. begun_s, begun_us: by both clocks; None: nobody listens yet."""

    mount: Any
    units: list[Unit]
    length_s: float
    begun_s: float | None = None
    begun_us: int = 0
    rounds: int = 0
    at: int = 0
    sent: int = 0
    late_s: list[float] = field(default_factory=list)

    def begin(self, now_s: float) -> None:
        self.begun_s, self.begun_us = now_s, time.time_ns() // 1000

    @property
    def t_s(self) -> float:
        """Of the next packet, since it began. [s]"""
        return self.rounds * self.length_s + self.units[self.at].t_s

    def send(self) -> None:
        unit, t_s = self.units[self.at], self.t_s
        pts = Pts90khz.from_seconds(1.0 + t_s)
        if unit.video:
            self.mount.push_video(unit.data, pts=pts, key_frame=unit.key)
            self.sent += 1
        else:
            self.mount.push_klv(stamped(unit.data, self.begun_us + round(t_s * 1e6)), pts=pts)
        self.mount.flush()
        self.at += 1
        if self.at == len(self.units):
            self.at, self.rounds = 0, self.rounds + 1


def turned(found: list[Unit], share: float, length_s: float) -> list[Unit]:
    """The same round, begun at the first whole picture after a share of it."""
    key = next(k for k, one in enumerate(found) if one.video and one.key and one.t_s >= share * length_s - 1e-6)
    while key and not found[key - 1].video:  # the telemetry of that picture comes before it
        key -= 1
    since_s = found[key].t_s
    whole = [*found[key:], *(replace(one, t_s=one.t_s + length_s) for one in found[:key])]
    return [replace(one, t_s=max(0.0, one.t_s - since_s)) for one in whole]


def send(file: str, port: int, feeds: int) -> None:
    found = list(units(file))
    pictures = [one.t_s for one in found if one.video]
    length_s = pictures[-1] + (pictures[-1] - pictures[0]) / (len(pictures) - 1)
    with RtspServer.start(RtspServerConfig(bind_addr=f"127.0.0.1:{port}", fanout_capacity=8192)) as server:
        waiting = [
            Round(server.add_unicast_mount(f"/feed{k + 1}", program()), turned(found, k / feeds, length_s), length_s)
            for k in range(feeds)
        ]
        everyone = list(waiting)
        print(json.dumps({"ready": True, "round_s": length_s}), flush=True)
        due: list[tuple[float, int]] = []
        told_s = time.monotonic()
        while True:
            now_s = time.monotonic()
            for one in [one for one in waiting if one.mount.peer_count()]:
                waiting.remove(one)
                one.begin(now_s)
                heapq.heappush(due, (now_s, everyone.index(one)))
            while due and due[0][0] <= now_s:
                at_s, k = heapq.heappop(due)
                one = everyone[k]
                one.late_s.append(now_s - at_s)
                one.send()
                heapq.heappush(due, ((one.begun_s or 0.0) + one.t_s, k))
                now_s = time.monotonic()
            if now_s - told_s >= _TOLD_EVERY_S:
                told_s = now_s
                late_s = max((max(one.late_s, default=0.0) for one in everyone), default=0.0)
                for one in everyone:
                    one.late_s.clear()
                said = {"t_s": now_s, "sent": [one.sent for one in everyone], "late_s": round(late_s, 4)}
                print(json.dumps(said), flush=True)
            until_s = min([now_s + 0.02, *(at_s for at_s, _ in due[:1])]) if waiting else due[0][0]
            time.sleep(max(0.0, min(until_s, told_s + _TOLD_EVERY_S) - time.monotonic()))


if __name__ == "__main__":
    send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
