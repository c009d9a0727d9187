"""One door to all sources."""

from __future__ import annotations

from pathlib import Path

from detector.errors import SourceError
from detector.sources.hashing import refuse_what_flows_by
from detector.sources.images import ImageFolder
from detector.sources.sidecar import find_sidecar, read_sidecar
from detector.sources.source import Source
from detector.sources.video import VideoFile

SOURCES: dict[str, type[VideoFile] | type[ImageFolder]] = {"video": VideoFile, "images": ImageFolder}


def open_source(
    media: Path | str,
    *,
    source_id: str,
    start_ns: int | None = None,
    telemetry: Path | None = None,
    telemetry_offset_s: float = 0.0,
    fps: float | None = None,
    hfov_deg: float | None = None,
) -> Source:
    """A video file or a folder of pictures.

    Args:
        media: file or folder.
        source_id: goes into every frame and gap.
        start_ns: UTC of the first picture where the telemetry does not tell; default 1970-01-01T00:00:00Z.
        telemetry: .srt or .csv; default: the one of the same name beside the media, if there is one.
        telemetry_offset_s: added to the telemetry's time. [s]
        fps: of a folder of pictures; default 10, for pictures carry no time: speeds and durations are only as true as
            this number. [1/s]
        hfov_deg: horizontal angle of view where the telemetry does not tell it. [deg]

    Raises:
        SourceError: the media or the telemetry cannot be read.
    """
    media = Path(media)
    if not media.exists():
        raise SourceError(f"{media}: there is no such file or folder")
    refuse_what_flows_by(media)
    beside = telemetry if telemetry is not None else find_sidecar(media)
    side = read_sidecar(beside, hfov_deg) if beside is not None else None
    samples, relative = (side.samples, side.relative) if side is not None else (None, False)
    counters = side.counters if side is not None else None
    if media.is_dir():
        return ImageFolder(
            media, source_id, fps=10.0 if fps is None else fps, start_ns=start_ns, samples=samples,
            samples_relative=relative, telemetry_offset_s=telemetry_offset_s, counters=counters,
        )  # fmt: skip
    return VideoFile(
        media, source_id, start_ns=start_ns, samples=samples, samples_relative=relative,
        telemetry_offset_s=telemetry_offset_s, hfov_deg=hfov_deg, counters=counters,
    )  # fmt: skip
