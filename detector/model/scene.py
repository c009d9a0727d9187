"""One instant: what a rule sees."""

from __future__ import annotations

from dataclasses import dataclass

from detector.model.detections import Detections
from detector.model.fixes import GroundFixes
from detector.model.pose import CameraPose
from detector.model.sight import Sight
from detector.model.tracks import Tracks


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Everything known about one judged frame of one source.

    tracks, fixes: row i of `fixes` is where row i of `tracks` is.
    detection_fixes: row i is where row i of `detections` is, if that is no motion (flashes have a place, though no
        track); NaN for motion, whose place is its track's.
    size_px: width and height of the picture. [px]
    pose: None without telemetry; then every fix is NaN and ground rules are off.
    sight: BLIND or WARMING_UP: nothing may be concluded, and no event is joined across it.
    time_known: False: nobody said when the recording began, so its times count from 1970 and tell no hour.
    """

    source_id: str
    index: int
    t_ns: int
    size_px: tuple[int, int]
    sight: Sight
    detections: Detections
    detection_fixes: GroundFixes
    tracks: Tracks
    fixes: GroundFixes
    pose: CameraPose | None
    time_known: bool = True
