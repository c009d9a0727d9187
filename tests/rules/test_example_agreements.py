"""Every agreement in configs/ builds its rules."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from detector import pipeline
from detector.config import load
from detector.config.agreement_map import load_map
from detector.rules import ALL_RULES, RuleContext

FILES = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_its_rules_fit_its_map(path):
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    agreement = load_map(path.parent / data["map"])
    for entry in data["rules"]:
        kind = ALL_RULES[entry["kind"]]
        settings = {key: value for key, value in entry.items() if key not in ("id", "kind", "feeds")}
        kind(kind.Config(**settings), RuleContext(entry["id"], "gate-camera", agreement, time_zone=data["time_zone"]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_a_right_configuration(path):
    assert pipeline.checked(load(path, pipeline.REGISTRIES)).rules
