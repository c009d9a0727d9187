"""Live feeds: RTSP, RTMP, HTTP, MPEG-TS by UDP, RTP and SRT, a camera of this machine, a recording at its own rate."""

from __future__ import annotations

from detector.sources.live.live_video import LiveVideo
from detector.sources.live.paced import Paced
from detector.sources.live.state import State

__all__ = ["LiveVideo", "Paced", "State"]
