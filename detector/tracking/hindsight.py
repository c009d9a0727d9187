"""A track that proves itself counts from the moment it was first seen, not from the moment of proof."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from detector.model import Tracks, read_only
from detector.tracking.parts import same_place

_REACH = 1.0  # sizes of the larger


class Hindsight:
    """Holds tracks back for a while, so that what was found out since can be said of them.

    A vehicle is a vehicle from the first frame on that shows it, though it takes most of a second of its motion to
    be sure. Ids are never used again, so an id that is confirmed later is the same thing.

    Args:
        hold_s: how long a frame's tracks are held back. [s] 0 holds nothing
    """

    def __init__(self, hold_s: float) -> None:
        if not hold_s >= 0:
            raise ValueError(f"hold_s={hold_s}: allowed is 0 or more")
        self._hold_ns = round(hold_s * 1e9)
        self._held: deque[Tracks] = deque()
        self._confirmed_ns: dict[int, int] = {}  # when each id was last seen confirmed

    def feed(self, tracks: Tracks) -> list[Tracks]:
        """Take the tracks of one frame; give those that have been held long enough, in order."""
        self._held.append(tracks)
        self._confirmed_ns.update(dict.fromkeys(tracks.track_id[tracks.confirmed].tolist(), tracks.t_ns))
        ready = []
        while self._held and self._held[0].t_ns + self._hold_ns <= tracks.t_ns:
            ready.append(self._judged(self._held.popleft()))
        if ready:
            since_ns = ready[-1].t_ns
            self._confirmed_ns = {one: t_ns for one, t_ns in self._confirmed_ns.items() if t_ns >= since_ns}
        return ready

    def finish(self) -> list[Tracks]:
        """The stream has ended: the rest."""
        rest = [self._judged(one) for one in self._held]
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._held.clear()
        self._confirmed_ns.clear()

    def _judged(self, tracks: Tracks) -> Tracks:
        # Not np.isin, which takes ten times as long for a few dozen tracks.
        proven = np.array([one in self._confirmed_ns for one in tracks.track_id.tolist()], np.bool_)
        late = np.flatnonzero(proven & ~tracks.confirmed)
        if len(late) == 0:
            return tracks
        # Where two tracks were on one thing before the first of them ended, only one counts.
        known = np.flatnonzero(tracks.confirmed)
        size = (tracks.xyxy_px[:, 2:] - tracks.xyxy_px[:, :2]).astype(np.float64)
        part = same_place(tracks.xy_px[late], size[late], tracks.xy_px[known], size[known], _REACH).any(axis=1)
        confirmed = tracks.confirmed.copy()
        confirmed[late[~part]] = True
        return replace(tracks, confirmed=read_only(confirmed))
