"""The newest stretch of a recording as its original packets, and clips cut from it without re-encoding."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

from detector.addresses import in_unicode, local_file
from detector.allocator import give_back_memory
from detector.errors import SourceError
from detector.sources.decoding import Decoding, Held
from detector.sources.growing_clip import IN_BROWSERS, IN_MPEG_TS, GrowingClip
from detector.sources.luma import bgr_of
from detector.sources.packet_writer import PacketWriter
from detector.timebase import ns_from_seconds

Colour = Callable[[Path], NDArray[np.uint8]]
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


class _Sought(NamedTuple):
    """The picture shown at `t_ns`, among packets of which the first is a keyframe.

    wanted_ns, aim: its own time and its packet; None and 0 where all are later.
    shown: by PTS, when each is shown, and its packet.
    """

    t_ns: int
    wanted_ns: int | None
    aim: int
    packets: list[Held]
    shown: dict[int | None, tuple[int, int]]

    @classmethod
    def among(cls, packets: list[Held], t_ns: int) -> _Sought:
        shown: dict[int | None, tuple[int, int]] = {}
        for i, held in enumerate(packets):
            if held.video:
                shown.setdefault(held.pts, (held.t_ns, i))
        wanted_ns, aim = max((one for one in shown.values() if one[0] <= t_ns), default=(None, 0))
        return cls(t_ns, wanted_ns, aim, packets, shown)

    def found(self, run: Decoding) -> bool:
        """Whether decoding has come to it, or past it."""
        return run.newest is not None and (run.newest[1] > self.t_ns or run.newest[1] == self.wanted_ns)


@dataclass(slots=True)
class PacketRing:
    """Keeps whole groups of pictures for at least `keep_s` seconds, and no clip longer than `max_s`."""

    keep_s: float = 15.0
    max_s: float = 600.0
    template: Any = None
    colour: Colour | None = None
    _held: list[Held] = field(default_factory=list)
    _clips: list[Clip] = field(default_factory=list)
    _run: Decoding = field(default_factory=Decoding)

    def start(self, template: Any = None, colour: Colour | None = None) -> None:
        """Forget everything: a reading begins.

        Args:
            template: the video stream; None for pictures.
            colour: reads a picture file as the source shows it, BGR of 8 bits; None for video.
        """
        self.template, self.colour = template, colour
        self._held, self._clips, self._run = [], [], Decoding()

    def add(self, held: Held) -> None:
        """The next packet in decoding order."""
        self._held.append(held)
        for clip in self._clips:
            clip.add(held)
        self._clips = [clip for clip in self._clips if not clip.ready]
        if held.video and held.key:
            if self._run.idle and self._run.begun:  # a whole group has come in which nothing was asked of it
                self._run.forget()
                give_back_memory()
            self._run.idle = True
            self._trim(held.t_ns - ns_from_seconds(self.keep_s))

    def end(self) -> None:
        """Nothing more will come."""
        for clip in self._clips:
            clip.ended = True
        self._clips = []

    def hold(self, t_start_ns: int) -> Clip:
        """A clip from the last keyframe at or before this time (the oldest held, if none is), going on."""
        keys = [i for i, held in enumerate(self._held) if held.key and held.video]
        before = [i for i in keys if self._held[i].t_ns <= t_start_ns]
        first = before[-1] if before else (keys[0] if keys else len(self._held))
        packets = self._held[first:]
        longest = (packets[0].t_ns if packets else t_start_ns) + ns_from_seconds(self.max_s)
        clip = Clip(self.template, list(packets), longest, colour=self.colour, run=self._run)
        self._clips.append(clip)
        return clip

    def _trim(self, before_ns: int) -> None:
        keys = [i for i, held in enumerate(self._held) if held.key and held.video and held.t_ns <= before_ns]
        if keys:
            del self._held[: keys[-1]]


@dataclass(slots=True)
class Clip:
    """Original packets of a stretch of time. `ended`: the stream has ended, nothing more will come.

    run: what was decoded last, by this clip or another of the same ring.
    growing: its packets on the disk as they come, should this process be killed.
    """

    template: Any
    packets: list[Held]
    t_end_ns: int
    ended: bool = False
    colour: Colour | None = None
    run: Decoding = field(default_factory=Decoding)
    growing: GrowingClip | None = None

    @property
    def ready(self) -> bool:
        """Everything up to the released end has arrived, or the stream has ended."""
        return self.ended or bool(self.packets and self.packets[-1].t_ns > self.t_end_ns)

    def add(self, held: Held) -> None:
        """The next packet; it is kept only while the end has not been passed."""
        if not self.ready:
            self.packets.append(held)
            if self.growing is not None:
                self.growing.add(held)

    def grow(self, path: Path) -> None:
        """From now on on the disk, too, where the stream can be kept in a file that is not whole. Raises LogError.

        Its name is that of `path` with the time of its first picture [ns UTC]: what is in the file tells only how long
        after it the others were.
        """
        if self.template is not None and self.packets and self.template.codec_context.name in IN_MPEG_TS:
            named = path.with_stem(f"{path.stem}-{self.packets[0].t_ns}")
            self.growing = GrowingClip(named, self.template, self.packets)

    def drop(self) -> None:
        """What grew is needed no more."""
        if self.growing is not None:
            self.growing.remove()
            self.growing = None

    def release(self, t_end_ns: int) -> None:
        """Collect no further than this time, nor than the longest clip."""
        self.t_end_ns = min(t_end_ns, self.t_end_ns) if self.packets else t_end_ns

    def write(self, folder: Path) -> list[tuple[str, Path]]:
        """Every form that can be written, as role and file, without re-encoding. Raises OSError."""
        if not self._kept():
            return []
        if self.template is None:
            self.write_zip(folder / "clip.zip")
            return [("clip", folder / "clip.zip")]
        files = []
        try:
            self.write_ts(folder / "clip.ts")
            files.append(("clip", folder / "clip.ts"))
        except OSError:
            raise  # the disk is full: another container would not mend that
        except (av.error.FFmpegError, ValueError):
            # A codec that MPEG-TS cannot carry (MJPEG, raw): Matroska carries all of them.
            (folder / "clip.ts").unlink(missing_ok=True)
            self._mux(folder / "clip.mkv", "matroska", telemetry=False)
            files.append(("clip", folder / "clip.mkv"))
        written, _ = self.write_mp4(folder / "clip.mp4")
        return [*files, ("clip_browser", folder / "clip.mp4")] if written else files

    def write_ts(self, path: Path) -> None:
        """MPEG-TS with the telemetry. Raises OSError, av.error.FFmpegError where the codec is not allowed in it."""
        if self.template.codec_context.name not in IN_MPEG_TS:
            raise ValueError(f"{self.template.codec_context.name} is not allowed in MPEG-TS")
        self._mux(path, "mpegts", telemetry=True)

    def write_mp4(self, path: Path) -> tuple[bool, str]:
        """MP4 for browsers, video only: whether it was written, and why not. Raises OSError."""
        if self.template is None or self.template.codec_context.name not in IN_BROWSERS:
            return False, "the codec is not allowed in MP4 for browsers"
        try:
            self._mux(path, "mp4", telemetry=False)
        except OSError:
            raise
        except (av.error.FFmpegError, ValueError) as error:
            path.unlink(missing_ok=True)
            return False, str(error)
        return True, ""

    def write_zip(self, path: Path) -> None:
        """The original picture files, stored, with a fixed time so that two runs write equal bytes."""
        with zipfile.ZipFile(path, "w") as archive:
            for held in self._kept():
                if isinstance(held.data, Path):
                    name = in_unicode(held.data.name)
                    archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), held.data.read_bytes())

    def snapshot(self, t_ns: int) -> tuple[NDArray[np.uint8], int] | None:
        """The picture shown at `t_ns` (the first one if all are later): BGR and its own time; None if none decodes."""
        if self.template is None:
            return self._picture(t_ns)
        # The nearest keyframe is enough, except where decoding must begin further back: a damaged keyframe, or pictures
        # that are refreshed little by little.
        for first in self._starts(t_ns):
            best = self._shown(t_ns, first)
            if best is not None:
                return bgr_of(best[0]), best[1]
        return None

    def approach(self, t_ns: int) -> bool:
        """Decode two pictures more towards that snapshot, which then takes less time; True: it is reached."""
        if self.template is None or not self.packets:
            return True
        sought = _Sought.among(self.packets[self._starts(t_ns)[0] :], t_ns)
        self._run_to(sought, most=2)
        return sought.found(self.run)

    def _starts(self, t_ns: int) -> list[int]:
        """Where decoding may begin for the picture at `t_ns`: the last keyframe before it first, the oldest last."""
        keys = [i for i, held in enumerate(self.packets) if held.video and held.key and held.t_ns <= t_ns]
        return [*(i for i in reversed(keys) if i), 0]

    def _shown(self, t_ns: int, first: int) -> tuple[av.VideoFrame, int] | None:
        """The last picture at or before `t_ns`, else the first one, decoding from packet `first` and no further.

        None where nothing decodes, or decoding may not begin there: the picture of packet `first` is not whole.
        """
        sought = _Sought.among(self.packets[first:], t_ns)
        best = self._run_to(sought)
        if sought.aim and best is not None and best[1] != sought.wanted_ns:
            # It was damaged, or passed over on the way to another one: now none is.
            self.run.forget()
            best = self._run_to(sought._replace(aim=0))
        return best if self.run.whole or first == 0 else None

    def _run_to(self, sought: _Sought, most: int | None = None) -> tuple[av.VideoFrame, int] | None:
        """Decode up to what is sought, or so many pictures at most: the best of them."""
        run, packets = self.run, sought.packets
        run.go_to(sought.t_ns, packets, self.template)
        while not sought.found(run) and most != 0:
            frame = run.decoded(packets, sought.aim)
            if frame is None:
                break
            if frame.pts not in sought.shown:
                continue
            if frame.pts == packets[0].pts:
                run.whole = frame.pict_type == PictureType.I and not frame.is_corrupt
                if not run.whole and packets[0] is not self.packets[0]:
                    return None
            run.show(frame, sought.shown[frame.pts][0])
            most = None if most is None else most - 1
        return run.best(sought.t_ns)

    def _picture(self, t_ns: int) -> tuple[NDArray[np.uint8], int] | None:
        if not self.packets or self.colour is None:
            return None
        shown = max(
            (held for held in self.packets if held.t_ns <= t_ns), key=lambda held: held.t_ns, default=self.packets[0]
        )
        try:
            return self.colour(Path(str(shown.data))), shown.t_ns
        except SourceError:
            return None  # the file has gone since it was read

    def _kept(self) -> list[Held]:
        kept = [held for held in self.packets if held.t_ns <= self.t_end_ns]
        return kept if any(held.video for held in kept) else []

    def _mux(self, path: Path, container: str, *, telemetry: bool) -> None:
        kept = [held for held in self._kept() if held.video or telemetry]
        with av.open(local_file(path), "w", format=container, options={"fflags": "+bitexact"}) as out:
            writer = PacketWriter(out, self.template, kept)
            for held in kept:
                writer.put(held)
