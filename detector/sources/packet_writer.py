"""Kept packets into a container, not encoded anew."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from detector.sources.decoding import Held, packet_of


class PacketWriter:
    """Video and, if there is any among the first packets, telemetry. Times begin with the earliest of `first`.

    out: the open container. template: the video stream.
    """

    def __init__(self, out: Any, template: Any, first: Iterable[Held]) -> None:
        first = list(first)
        self._out = out
        self._video: Any = out.add_stream_from_template(template, opaque=True)
        # Snapshot and overlay are as the picture is stored: a clip that players turn would not fit them.
        self._video.set_display_rotation(0)
        self._klv: Any = out.add_data_stream("klv") if any(not held.video for held in first) else None
        self._zero = min((_first(held) * held.time_base for held in first if _first(held) is not None), default=0)
        self._last: dict[bool, int] = {}

    def put(self, held: Held) -> None:
        """The next packet; telemetry that has no stream is left out."""
        if not held.video and self._klv is None:
            return
        packet = packet_of(held)
        packet.stream = self._video if held.video else self._klv
        packet.time_base = held.time_base
        shift = round(self._zero / held.time_base)
        dts = held.dts if held.dts is not None else held.pts
        next_dts = self._last.get(held.video, -1) + 1
        dts = next_dts if dts is None else max(dts - shift, next_dts)
        self._last[held.video] = dts
        packet.dts = dts
        packet.pts = dts if held.pts is None else max(dts, held.pts - shift)
        packet.is_keyframe = held.key
        self._out.mux(packet)


def _first(held: Held) -> Any:
    return held.dts if held.dts is not None else held.pts
