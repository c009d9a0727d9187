"""What flows from stage to stage: frozen records, numpy only, no input or output, no cv2.

The suffix of a name is its unit. Records that hold arrays compare by identity; arrays are read-only.
"""

from __future__ import annotations

from detector.model.alignment import PLANE, Alignment, Parallax
from detector.model.arrays import read_only
from detector.model.audit import Action, Audit
from detector.model.coverage import CoverageSlot
from detector.model.detections import CameFrom, Detections, Kind
from detector.model.fixes import FixesOnDemand, GroundFixes
from detector.model.frame import Frame, TimeFrom
from detector.model.gap import BREAKS, Gap, GapReason
from detector.model.hearing import Hearing
from detector.model.incidents import Incident
from detector.model.joined import Joined, Split, Witness
from detector.model.pose import CameraPose, Datum
from detector.model.run import MediaFile, Run, RunEnd
from detector.model.scene import Scene
from detector.model.series import Series
from detector.model.sight import Sight
from detector.model.tracks import Tracks, TracksOnDemand, Ways
from detector.model.triggers import Triggers
from detector.model.verdict import Decision, Verdict
from detector.model.violation import EvidenceFile, Means, Place, State, Undecided, Violation

__all__ = [
    "BREAKS",
    "PLANE",
    "Action",
    "Alignment",
    "Audit",
    "CameFrom",
    "CameraPose",
    "CoverageSlot",
    "Datum",
    "Decision",
    "Detections",
    "EvidenceFile",
    "FixesOnDemand",
    "Frame",
    "Gap",
    "GapReason",
    "GroundFixes",
    "Hearing",
    "Incident",
    "Joined",
    "Kind",
    "Means",
    "MediaFile",
    "Parallax",
    "Place",
    "Run",
    "RunEnd",
    "Scene",
    "Series",
    "Sight",
    "Split",
    "State",
    "TimeFrom",
    "Tracks",
    "TracksOnDemand",
    "Triggers",
    "Undecided",
    "Verdict",
    "Violation",
    "Ways",
    "Witness",
    "read_only",
]
