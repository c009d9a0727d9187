"""A track that proves itself counts from the moment it was first seen, not from the moment of proof."""

from __future__ import annotations

from collections import deque
from collections.abc import Set as AbstractSet

import numpy as np

from detector.model import Tracks
from detector.tracking.parts import same_place

_REACH = 1.0  # sizes of the larger


class Hindsight:
    """Holds tracks back for a while, so that what was found out since can be said of them.

    A vehicle is a vehicle from the first frame on that shows it, though it takes most of a second of its motion to
    be sure. Ids are never used again, so an id that is confirmed later is the same thing. A frame of which nothing more
    can be found out is not held back any longer.

    Args:
        hold_s: how long a frame's tracks are held back at most. [s] 0 holds nothing
    """

    def __init__(self, hold_s: float) -> None:
        if not hold_s >= 0:
            raise ValueError(f"hold_s={hold_s}: allowed is 0 or more")
        self._hold_ns = round(hold_s * 1e9)
        self._held: deque[tuple[Tracks, frozenset[int]]] = deque()  # with the ids that were not confirmed in it
        self._confirmed_ns: dict[int, int] = {}  # when each id was last seen confirmed

    def feed(self, tracks: Tracks, unproven: AbstractSet[int]) -> list[Tracks]:
        """Take the tracks of one frame; give those that have been held long enough, in order.

        Args:
            unproven: ids of all that may still be confirmed, whether or not they are shown in this frame.
        """
        self._held.append((tracks, frozenset(tracks.track_id[~tracks.confirmed].tolist())))
        self._confirmed_ns.update(dict.fromkeys(tracks.track_id[tracks.confirmed].tolist(), tracks.t_ns))
        ready = []
        while self._held:
            first, open_ids = self._held[0]
            if first.t_ns + self._hold_ns > tracks.t_ns and not open_ids.isdisjoint(unproven):
                break
            ready.append(self._judged(first))
            self._held.popleft()
        if ready:
            since_ns = ready[-1].t_ns
            self._confirmed_ns = {one: t_ns for one, t_ns in self._confirmed_ns.items() if t_ns >= since_ns}
        return ready

    def finish(self) -> list[Tracks]:
        """The stream has ended: the rest."""
        rest = [self._judged(one) for one, _ in self._held]
        self.reset()
        return rest

    def reset(self) -> None:
        """Forget everything, as if newly made."""
        self._held.clear()
        self._confirmed_ns.clear()

    def _judged(self, tracks: Tracks) -> Tracks:
        # Not np.isin, which takes ten times as long for a few dozen tracks.
        counts = zip(tracks.track_id.tolist(), tracks.confirmed.tolist(), strict=True)
        late = np.array([row for row, (one, counted) in enumerate(counts) if not counted and self._proves(one, tracks)])
        if len(late) == 0:
            return tracks
        # Where two tracks were on one thing before the first of them ended, only one counts.
        known = np.flatnonzero(tracks.confirmed)
        size = (tracks.xyxy_px[:, 2:] - tracks.xyxy_px[:, :2]).astype(np.float64)
        part = same_place(tracks.xy_px[late], size[late], tracks.xy_px[known], size[known], _REACH).any(axis=1)
        confirmed = tracks.confirmed.copy()
        confirmed[late[~part]] = True
        return tracks.counting(confirmed)

    def _proves(self, track_id: int, tracks: Tracks) -> bool:
        """Whether it has been seen confirmed at that time or since."""
        return self._confirmed_ns.get(track_id, tracks.t_ns - 1) >= tracks.t_ns
