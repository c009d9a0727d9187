"""The files under sample_feeds/: whole, and each beside its own truth."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import av
import pytest

FEEDS = Path(__file__).parents[2] / "sample_feeds"
NAMES = [line.split()[::-1] for line in (FEEDS / "SHA256SUMS").read_text().splitlines()]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_sample_feed_has_the_stated_sha256(name, expected):
    assert hashlib.sha256((FEEDS / name).read_bytes()).hexdigest() == expected


def test_sample_feeds_are_small():
    assert sum(path.stat().st_size for path in FEEDS.rglob("*")) <= 15e6
    assert (FEEDS / "demo.ts").stat().st_size <= 8e6


@pytest.mark.parametrize("feed", sorted(name for name, _ in NAMES if name.endswith(".ts")))
def test_truth_belongs_to_the_feed(feed):
    truth = json.loads(gzip.decompress((FEEDS / feed).with_suffix(".truth.json.gz").read_bytes()))
    with av.open(str(FEEDS / feed)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (truth["width"], truth["height"])
        assert stream.average_rate == truth["fps"][0] / truth["fps"][1]
        assert sum(1 for p in container.demux(stream) if p.size) == len(truth["frames"])


def test_every_event_of_the_demo_can_be_seen_and_all_kinds_occur():
    events = json.loads(gzip.decompress((FEEDS / "demo.truth.json.gz").read_bytes()))["events"]
    assert {e["kind"] for e in events} == {"zone_entry", "line_crossing", "dwell", "convoy", "speed", "flash"}
    assert all(e["in_view"] for e in events)
