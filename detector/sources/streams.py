"""What streams a container holds, and which of them is watched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from detector.addresses import local_file


def watched_of(container: Any) -> Any:
    """The stream of pictures that is watched: the first that is no cover picture and of a known coding, or None."""
    return next(
        (
            one
            for one in container.streams.video
            if one.codec_context is not None and not one.disposition & Disposition.attached_pic
        ),
        None,
    )


def streams_of(container: Any) -> list[dict[str, Any]]:
    """Index, type, codec, size and pixel format of each; of several with pictures, whether it is watched."""
    shown = []
    watched = watched_of(container)
    for stream in container.streams:
        one: dict[str, Any] = {"index": stream.index, "type": stream.type}
        if stream.codec_context is not None:
            one["codec"] = stream.codec_context.name
        if isinstance(stream, av.VideoStream) and stream.codec_context is not None:
            one["size"] = f"{stream.codec_context.width}x{stream.codec_context.height}"
            one["pixels"] = stream.codec_context.pix_fmt
            if len(container.streams.video) > 1:
                one["watched"] = stream is watched
        shown.append(one)
    return shown


def turned_deg(container: Any, watched: Any) -> int:
    """By how much players turn that stream's pictures, counter-clockwise; the first of them is read. [deg]

    0 where nothing can be decoded: who reads on counts that.
    """
    try:
        return int(next(container.decode(watched)).rotation) % 360
    except (av.error.FFmpegError, StopIteration):
        return 0


def remarks(path: Path) -> list[str]:
    """What a person should know of a recording's pictures who looks at what was found in them, one sentence each.

    Empty for a folder, and for what cannot be opened.
    """
    if not path.is_file():
        return []
    try:
        with av.open(local_file(path), metadata_errors="replace") as container:
            watched = watched_of(container)
            if watched is None:
                return []
            return [*_unwatched(streams_of(container)), *_turned(turned_deg(container, watched))]
    except (av.error.FFmpegError, OSError):
        return []


def _unwatched(streams: list[dict[str, Any]]) -> list[str]:
    named = {one["index"]: f"{one['index']} ({one['codec']} {one['size']})" for one in streams if "watched" in one}
    others = [named[one["index"]] for one in streams if one.get("watched") is False]
    if not others:
        return []
    watched = next(named[one["index"]] for one in streams if one.get("watched"))
    return [f"of its streams of pictures {watched} is watched, not {', '.join(others)}"]


def _turned(by_deg: int) -> list[str]:
    if not by_deg:
        return []
    by = f"{by_deg} deg counter-clockwise"
    return [f"players turn its picture by {by}; it is judged, and all evidence shows it, as it is stored"]
