"""What streams a container holds, for people."""

from __future__ import annotations

from typing import Any

import av


def streams_of(container: Any) -> list[dict[str, Any]]:
    """Index, type, codec, size and pixel format of each."""
    shown = []
    for stream in container.streams:
        one: dict[str, Any] = {"index": stream.index, "type": stream.type}
        if stream.codec_context is not None:
            one["codec"] = stream.codec_context.name
        if isinstance(stream, av.VideoStream):
            one["size"] = f"{stream.codec_context.width}x{stream.codec_context.height}"
            one["pixels"] = stream.codec_context.pix_fmt
        shown.append(one)
    return shown
