"""What a feed shows of itself: how far behind it is, and how long its method takes, apart."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from detector import pipeline
from detector.centre.live_view import LiveView
from detector.config import load
from detector.feed import Job, open_recording, watch
from detector.live_file import read_live
from detector.locate import Locator
from detector.sources.live import Paced
from tests.live.rig import FEEDS

SLOW_S = 0.1
PICTURES = 30  # of 25 a second; at most 42 more are taken in by then, so the last is late by 0.7 s or more


class SlowMachine(LiveView):
    """Every judged picture takes 0.1 s more; what was shown meanwhile, and when a picture was."""

    shown: list[dict[str, Any]]
    pictured_s: list[float]

    def write(self) -> None:
        super().write()
        if len(self.shown) < PICTURES:  # what comes after that comes at once
            self.pictured_s.append(time.monotonic())

    def judged(self, event: pipeline.Judged, locator: Locator) -> None:
        time.sleep(SLOW_S)
        super().judged(event, locator)
        self.shown.append(self.status())


def test_a_slow_machine_is_behind_and_its_method_takes_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "centre.yaml"
    file.write_text(f"version: 1\nfeeds: [{{id: north, media: {FEEDS / 'crossing.ts'}}}]\n")
    configuration = load(file, pipeline.REGISTRIES)
    feed = configuration.settings.feeds[0]
    source = Paced(open_recording(Job.of(configuration, feed, tmp_path)), "crossing.ts")
    view = SlowMachine(source, tmp_path, "run")
    view.shown, view.pictured_s = [], []
    for _ in watch(configuration, feed, source, tmp_path, "run", onlooker=view):
        if len(view.shown) >= PICTURES:
            source.stop()
    shown = [one for one in view.shown[:PICTURES] if one["lag_s"] is not None]
    assert shown[-1]["lag_s"] > 0.5
    assert all(0 < one["delay_s"] < 1.9 for one in shown)
    late = view.pictured_s[-4:]
    assert (late[-1] - late[0]) / 3 > 0.3  # two a second where there are five on a machine that keeps up
    said, jpeg = read_live(tmp_path, "north") or ({}, b"")
    assert said["delay_s"] == view.status()["delay_s"]
    assert jpeg
