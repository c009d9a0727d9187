from __future__ import annotations

from pathlib import Path

import pytest

from detector.cli import run

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "demo.yaml"


def exported(out: Path, file: Path) -> bytes:
    assert run(["log", "export", "--format", "jsonl", "--out", str(file), str(out)]) == 0
    return file.read_bytes()


def test_two_replays_of_a_feed_give_the_same_log_and_it_verifies(tmp_path: Path) -> None:
    logs = []
    for name in ("one", "two"):
        out = tmp_path / name
        assert run(["replay", str(CONFIG), str(ROOT / "sample_feeds" / "crossing.ts"), "--out", str(out)]) == 0
        assert run(["log", "verify", str(out)]) == 0
        logs.append(exported(out, tmp_path / f"{name}.jsonl"))
    assert logs[0] == logs[1]
    assert b'"opened"' in logs[0]


def test_a_feed_in_which_only_the_drone_moves_raises_nothing(tmp_path: Path) -> None:
    feed = ROOT / "sample_feeds" / "parallax.ts"
    assert run(["replay", str(CONFIG), str(feed), "--out", str(tmp_path), "--fail-on-violation"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code"), [(["detect", "absent.mp4", "--out", "x.jsonl"], 3), (["check", "absent.yaml"], 2)]
)
def test_a_wrong_path_is_one_message_and_its_exit_code(
    arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(arguments) == code
