"""libav's options for each kind of live feed."""

from __future__ import annotations

import errno
import math
from typing import Any

import av

from detector.addresses import masked, scheme_of
from detector.config import LiveSettings
from detector.errors import SourceError

# A stream is looked at for this long before it counts as open: what shows only later is a change of the stream.
_LOOK_S = 0.5
_LOOK_BYTES = 1_000_000
# Who joins in the middle may have to wait for a keyframe; then libav stops as soon as it knows all streams.
_LONG_LOOK_SHARE = 0.9  # of the time that opening may take
_LONG_LOOK_BYTES = 100_000_000
_UDP_BUFFER = "fifo_size=100000&overrun_nonfatal=1&reuse=1&buffer_size=4194304"


def open_live(media: str, settings: LiveSettings, transport: str, *, patient: bool = False) -> Any:
    """An open container whose reads end after `read_timeout_s` without anything. Blocks for `open_timeout_s` at most.

    Args:
        patient: look for nearly as long, until a picture begins; else half a second, in which a stream that was joined
            between two keyframes may not tell what its pictures are.

    Raises:
        SourceError: it cannot be reached, or speaks nothing that is understood. Without secrets.
    """
    scheme = scheme_of(media)
    timeout_s = (settings.open_timeout_s, settings.read_timeout_s)
    look_s, look_bytes = (_LONG_LOOK_SHARE * timeout_s[0], _LONG_LOOK_BYTES) if patient else (_LOOK_S, _LOOK_BYTES)
    options = {"analyzeduration": f"{1e6 * look_s:.0f}", "probesize": str(look_bytes)}
    try:
        if scheme == "srt":
            return _open_srt(media, settings, options)
        if scheme == "v4l2":
            return _open_camera(media.partition(":")[2].removeprefix("//"), timeout_s)
        calls = media.endswith("?listen=1")  # the sender calls the centre
        if scheme == "rtsp" and calls:
            media = media.removesuffix("?listen=1")
            options |= {"rtsp_flags": "listen", "listen_timeout": str(math.ceil(settings.open_timeout_s))}
        elif scheme in {"rtsp", "rtsps"}:
            options |= {"rtsp_transport": transport, "reorder_queue_size": "100"}
        elif scheme == "udp":
            media += ("&" if "?" in media else "?") + _UDP_BUFFER
        elif scheme in {"rtmp", "http"} and calls:
            media, options["listen"] = media.removesuffix("?listen=1"), "1"
        return av.open(media, options=options, timeout=timeout_s, metadata_errors="replace")
    except av.error.ExitError:
        raise SourceError(f"nothing arrived within {settings.open_timeout_s:g} s") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(masked(getattr(error, "strerror", None) or str(error))) from None


def _open_camera(device: str, timeout_s: tuple[float, float]) -> Any:
    """A camera of this machine."""
    try:
        return av.open(device, format="v4l2", timeout=timeout_s)
    except FileNotFoundError:
        raise SourceError(f"{device}: there is no such camera on this machine") from None
    except (av.error.FFmpegError, OSError) as error:
        why = "it is no camera" if error.errno in {errno.ENOTTY, errno.EINVAL, errno.ENODEV} else error.strerror
        raise SourceError(f"{device}: {why}") from None


def _open_srt(media: str, settings: LiveSettings, options: dict[str, str]) -> Any:
    """PyAV's libav has no SRT: tstrans receives, libav demultiplexes."""
    try:
        from tstrans import srt  # noqa: PLC0415 - an extra
        from tstrans.exceptions import TstError  # noqa: PLC0415
    except ImportError:
        raise SourceError("SRT needs the extra `live`: pip install 'trucewatch[live]'") from None
    open_ms, read_ms = round(1000 * settings.open_timeout_s), round(1000 * settings.read_timeout_s)
    try:
        builder = srt.Builder(media, connect_timeout_ms=open_ms, recv_timeout_ms=read_ms)
        if "mode=listener" in media:
            with builder.listen() as listener:
                socket = listener.accept(timeout_ms=open_ms)
        else:
            socket = builder.connect()
        stream = Received(socket.into_receiver())
    except TstError as error:
        raise SourceError(masked(f"SRT: {error}")) from None
    return av.open(stream, format="mpegts", options=options, metadata_errors="replace")


class Received:
    """A receiver as the file that libav reads. The end of the connection is the end of the file."""

    def __init__(self, receiver: Any) -> None:
        self._receiver = receiver

    def read(self, size: int) -> bytes:
        """At most `size` bytes, as soon as there are some; none: the connection is gone, or silent for too long."""
        try:
            return bytes(self._receiver.recv_bytes(size))
        except Exception:  # noqa: BLE001 - called from libav, through which no exception of ours finds its way
            return b""
