"""Whether a recording's telemetry is good enough for rules on the ground: every reason why not, with what to do."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from detector.geo import camera, wgs84
from detector.geo.footprint import footprint
from detector.geo.terrain import Plane
from detector.model import CameraPose, Datum, Frame
from detector.sources.klv_pose import NO_HFOV
from detector.sources.survey import Survey
from detector.sources.telemetry import Track
from detector.timebase import iso_from_ns

MAX_RANGE_M = 10_000.0  # as in location's configuration: nothing farther is placed
_INSTANTS = 25
_CENTRES = 100
_FEW = 0.1  # the share of a recording that may be wrong before all of it is refused
_OLD_S = 0.55  # once a second is half a second away at most; the rest is rounding
_HOLE_S = 2.0  # beyond this no pose is given at all
_SCATTER_S = 0.5
_SIGMAS = 3.0
_SIGMA_GROUND_M = 5.0


@dataclass(slots=True)
class PoseWatch:
    """What is kept of the frames while a recording is read: a pose each second, and how far each was from telemetry."""

    frames: int = 0
    poses: int = 0
    old: int = 0
    oldest_s: float = 0.0
    damaged: int = 0
    size_px: tuple[int, int] = (0, 0)
    first_ns: int = 0
    last_ns: int = 0
    kept: list[tuple[int, CameraPose]] = field(default_factory=list)

    def see(self, frame: Frame) -> None:
        """The next frame."""
        self.first_ns = self.first_ns if self.frames else frame.t_ns
        self.last_ns = frame.t_ns
        self.frames += 1
        self.damaged += frame.damaged
        self.size_px = frame.size_px
        if frame.pose is None:
            return
        self.poses += 1
        self.old += frame.pose.age_s > _OLD_S
        self.oldest_s = max(self.oldest_s, frame.pose.age_s)
        if not self.kept or frame.t_ns - self.kept[-1][0] >= 1_000_000_000:
            self.kept.append((frame.t_ns, frame.pose))

    def instants(self) -> list[tuple[int, CameraPose]]:
        """At most 25 of the poses, evenly over the recording."""
        places = np.unique(np.linspace(0, len(self.kept) - 1, min(_INSTANTS, len(self.kept))).round().astype(int))
        return [self.kept[i] for i in places]


def why_no_ground_rules(
    watch: PoseWatch, track: Track, found: Survey | None, counters: Mapping[str, int] | None = None
) -> list[str]:
    """One sentence a reason, in the order in which to mend them; empty if the telemetry is good enough.

    Args:
        watch: has seen every frame.
        track: the telemetry of the recording or of what lies beside it.
        found: the sets in the recording; None for a folder of pictures.
        counters: what was counted, also in what lies beside the recording.
    """
    sets = found.sets if found is not None else []
    rows = sum((counters or {}).get(name, 0) for name in ("csv_rows", "srt_cues"))
    if not sets and not len(track) and rows:
        return [
            f"none of the {rows} rows beside it has a complete pose: each needs latitude, longitude, height, yaw and "
            "pitch of the optical axis and an angle of view. For a .srt state hfov_deg; without gimbal angles, give "
            "a .csv"
        ]
    if not sets and not len(track):
        return ["there is no telemetry in it or beside it: put a .srt or .csv of the same name beside it"]
    if found is not None and sets and found.line is None and not len(track):
        return ["its telemetry has no time (tag 2), so nothing tells which pose belongs to which picture: give a .csv"]
    why = [*_damaged(watch), *_poses(watch, track, found)]
    if watch.poses:
        why += [*_steady(watch, track), *_ground(watch)]
    if rows:
        why += _astray((counters or {}).get("position_jumps", 0), rows)
    if found is not None and sets:
        why += _sets(found)
    return why


def _damaged(watch: PoseWatch) -> list[str]:
    if watch.damaged <= _FEW * watch.frames:
        return []
    share = 100 * watch.damaged / watch.frames
    told = "and nothing is seen in those: get the recording again, or mend the link"
    return [f"{share:.0f} % of the pictures are damaged, {told}"]


def _poses(watch: PoseWatch, track: Track, found: Survey | None) -> list[str]:
    if not watch.poses and len(track):
        told, shown = (track.t_ns[0], track.t_ns[-1]), (watch.first_ns, watch.last_ns)
        return [
            f"the telemetry is of another time ({_from_to(told)}) than the pictures ({_from_to(shown)}): set "
            "telemetry_offset_s, or the feed's start"
        ]
    if not watch.poses:
        missing = list(found.missing) if found is not None else []
        mend = "state hfov_deg" if missing == [NO_HFOV] else "give a .csv that has them"
        lacks = f"missing: {', '.join(missing)}; {mend}" if missing else "see the counters, and check its times"
        return [f"no frame has a complete pose: {lacks}"]
    if watch.poses < (1 - _FEW) * watch.frames:
        share = 100 * (watch.frames - watch.poses) / watch.frames
        return [
            f"{share:.0f} % of the frames have no pose: the telemetry is silent for longer than {_HOLE_S:g} s or lacks "
            "items there; ground rules would not see those stretches"
        ]
    return []


def _from_to(times_ns: tuple[int, int]) -> str:
    return " to ".join(map(iso_from_ns, times_ns))


def _steady(watch: PoseWatch, track: Track) -> list[str]:
    """Telemetry that is too seldom, or silent for long."""
    steps_s = np.diff(np.asarray(track.t_ns, np.int64)) / 1e9
    typical_s = float(np.median(steps_s)) if len(steps_s) else 0.0
    if typical_s > 2 * _OLD_S:
        return [f"a pose comes only every {typical_s:.1f} s, at least one a second is needed: record telemetry faster"]
    if watch.old > _FEW * watch.poses:
        # Before the first set and after the last one poses are as old as they become; a hole has two ends.
        late_s, early_s = (track.t_ns[0] - watch.first_ns) / 1e9, (watch.last_ns - track.t_ns[-1]) / 1e9
        at = int(steps_s.argmax()) if len(steps_s) else 0
        longest_s = float(steps_s[at]) if len(steps_s) else 0.0
        if late_s > max(early_s, longest_s / 2):
            where = f"begins {late_s:.1f} s after the pictures"
        elif early_s > longest_s / 2:
            where = f"ends {early_s:.1f} s before them"
        else:
            where = f"is silent for {longest_s:.1f} s at {iso_from_ns(track.t_ns[at])}"
        return [
            f"{100 * watch.old / watch.poses:.0f} % of the poses are more than half a second from any telemetry (the "
            f"worst {watch.oldest_s:.1f} s): it {where}"
        ]
    return []


def _ground(watch: PoseWatch) -> list[str]:
    """What a first look at the geometry of several instants says; one reason an instant, those that are not rare."""
    instants = watch.instants()
    reasons = Counter(reason for _, pose in instants if (reason := _problem(pose, watch.size_px)))
    return [reason for reason, count in reasons.items() if count > _FEW * len(instants)]


def _problem(pose: CameraPose, size_px: tuple[int, int]) -> str:
    ground_m = pose.ground_alt_m
    if math.isnan(ground_m):
        if pose.datum is Datum.TAKEOFF:
            return (
                "its heights count from the take-off place only: set location.ground_alt_m to the height of the ground "
                "above that place, and location.ground_datum: takeoff"
            )
        return (
            "the telemetry does not tell how high the ground is: set location.ground_alt_m, in the datum "
            f"{pose.datum}, or an elevation grid"
        )
    if pose.alt_m <= ground_m:
        return "the camera is told to be below the ground: check the heights and what they count from"
    if not len(footprint(pose, size_px, Plane(ground_m, pose.datum), MAX_RANGE_M)):
        return (
            f"no ground is in view within {MAX_RANGE_M / 1000:g} km: check the camera's height and angles, or raise "
            "location.max_range_m if it really looks so far"
        )
    return ""


def _sets(found: Survey) -> list[str]:
    why = []
    jitter_s = found.line.jitter_s if found.line is not None else 0.0
    if jitter_s > _SCATTER_S:
        why.append(
            f"telemetry time stamps scatter by {jitter_s:.2f} s against the picture: have the recorder multiplex them "
            "with the picture they belong to"
        )
    wrong = found.counters["klv_checksum_wrong"]
    if wrong > _FEW * len(found.sets):
        why.append(
            f"{wrong} of {len(found.sets)} telemetry sets have a wrong checksum, so their values cannot be trusted: "
            "look for damage on the link, or mend the encoder"
        )
    return why + _astray(found.counters["position_jumps"], len(found.sets)) + _centre(found)


def _astray(count: int, told: int) -> list[str]:
    if count <= _FEW * told:
        return []
    return [
        f"{count} of {told} telemetry positions are farther off than an aircraft flies: satellite navigation was "
        "disturbed, or several aircraft write into one stream"
    ]


def _centre(found: Survey) -> list[str]:
    """The frame's centre as the telemetry tells it, against where its own angles point."""
    thin = max(1, len(found.centres) // _CENTRES)
    apart = [one for one in map(_apart, found.centres[::thin]) if one is not None]
    if not apart:
        return []
    off_m, sigma_m = np.median(np.asarray(apart), axis=0)
    if off_m <= _SIGMAS * sigma_m:
        return []
    return [
        f"the frame centre that the telemetry tells (tags 23, 24) lies {_metres(off_m)} from where its angles "
        f"point, {_metres(_SIGMAS * sigma_m)} are explained by their uncertainty: angles, height or the gimbal's zero "
        "are wrong"
    ]


def _metres(length_m: float) -> str:
    return f"{length_m:.0f} m" if length_m < 10_000 else f"{length_m / 1000:.0f} km"


def _apart(told: tuple[CameraPose, float, float]) -> tuple[float, float] | None:
    """Distance of the told centre from the central ray's ground, and its standard deviation; None without ground."""
    pose, lat_deg, lon_deg = told
    place = centre_of(pose)
    if place is None:
        return None
    lon, lat, range_m = place
    to_east_m, to_north_m = wgs84.metres_per_degree(lat)
    off_m = math.hypot((lat_deg - lat) * float(to_north_m), float(wgs84.wrapped_deg(lon_deg - lon)) * float(to_east_m))
    fall = min(1.0, max(1e-3, (pose.alt_m - pose.ground_alt_m) / range_m))
    along_m = range_m * math.radians(pose.sigma_att_deg) / fall
    return off_m, math.hypot(pose.sigma_pos_m, along_m, _SIGMA_GROUND_M * math.sqrt(1 - fall * fall) / fall)


def centre_of(pose: CameraPose) -> tuple[float, float, float] | None:
    """Longitude, latitude and range of the ground that the optical axis meets; None without. [deg, deg, m]"""
    if math.isnan(pose.ground_alt_m):
        return None
    ray = camera.rays_enu(pose, [(0.0, 0.0)], (1, 1))
    hits = Plane(pose.ground_alt_m, pose.datum).intersect((pose.lat_deg, pose.lon_deg, pose.alt_m), ray)
    if not np.isfinite(hits.range_m[0]):
        return None
    return float(hits.lon_deg[0]), float(hits.lat_deg[0]), float(hits.range_m[0])
