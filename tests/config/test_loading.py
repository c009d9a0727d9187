from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import BaseModel, ConfigDict, Field

from detector.config import Configuration, PathBeside, Registries, load
from detector.errors import ConfigError


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Watch:
    class Config(Strict):
        zone: str
        min_dwell_s: float = Field(2.0, ge=0)


class Plain:
    class Config(Strict):
        pass


class Where(Strict):
    ground_alt_m: float | None = None
    grid: PathBeside | None = None


class Case:
    parts: ClassVar = {"flow": Plain}
    registries = Registries(
        registration={"flow": Plain},
        detectors={"motion": Plain, "flash": Plain, "smoke": Plain},
        tracking={"kalman": Plain},
        rules={"zone_entry": Watch},
        outbox={},
        location=Where,
    )


GOOD = """version: 1
time_zone: Europe/Vienna
feeds:
  - id: north
    media: north.ts
    start: 2026-03-01T06:30:00Z
rules:
  - id: entry
    kind: zone_entry
    zone: strip
    min_dwell_s: 3
    feeds: [north]
"""


def loaded(tmp_path: Path, text: str) -> Configuration:
    file = tmp_path / "agreement.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, Case.registries)


def complaints_of(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, text)
    return [str(complaint).removeprefix(str(tmp_path) + "/") for complaint in caught.value.complaints]


def test_a_good_file_is_read_with_its_parts_and_defaults(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, GOOD)
    assert [part.kind for part in configuration.detectors] == ["motion", "flash", "smoke"]
    assert configuration.rules[0].config.min_dwell_s == 3
    assert configuration.rules[0].feeds == ("north",)
    assert configuration.settings.feeds[0].start == 1_772_346_600_000_000_000


def test_a_path_in_a_section_is_beside_the_file(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, GOOD + "location: {grid: heights.asc}\n")
    assert configuration.location.grid == (tmp_path / "heights.asc").resolve()


def test_the_digest_is_what_sha256sum_says(tmp_path: Path) -> None:
    assert loaded(tmp_path, GOOD).sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_every_complaint_comes_at_once_with_its_line_and_a_hint(tmp_path: Path) -> None:
    text = GOOD.replace("time_zone: Europe/Vienna", "time_zone: Viena").replace("min_dwell_s: 3", "min_dwel_s: 3")
    assert complaints_of(tmp_path, text.replace("media:", "medja:")) == [
        "agreement.yaml:2: time_zone: 'Viena' is not a time zone of the IANA list, like UTC or Europe/Vienna",
        "agreement.yaml:4: feeds.0.media: is needed and missing",
        "agreement.yaml:5: feeds.0.medja: unknown key; did you mean 'media'?",
        "agreement.yaml:11: rules.0.min_dwel_s: unknown key; did you mean 'min_dwell_s'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "version: 1\n",
            "version: 1\nversion: 1\n",
            ":2: key 'version' stands twice in one place; the first is on line 1",
        ),
        (
            "kind: zone_entry",
            "kind: zone_entri",
            ":9: rules.0: kind 'zone_entri' is not known; did you mean 'zone_entry'?",
        ),
        ("min_dwell_s: 3", "min_dwell_s: -3", ":11: rules.0.min_dwell_s: Input should be greater than or equal to 0"),
        ("feeds: [north]", "feeds: [nord]", ":12: rule 'entry': there is no feed 'nord'; did you mean 'north'?"),
        ("feeds: [north]", "feeds: north", ":12: rules.0.feeds: a list of feed ids is needed"),
        ("T06:30:00Z", "T06:30:00", ":6: feeds.0.start: "),
        ("version: 1\n", "version: 1\nmap: no.geojson\n", ":2: map: there is no file "),
        ("  - id: entry\n    kind", "  - kind", ":8: rules.0: every rule needs an `id:` (text)"),
        ("- id: north", "- id: ../north", ":4: feeds.0.id: "),
        ("version: 1\n", "version: 2\n", ":1: version: Input should be 1, found 2"),
    ],
)
def test_one_mistake_gives_one_complaint_at_its_line(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    found = [one for one in complaints_of(tmp_path, GOOD.replace(old, new)) if complaint in one]
    assert len(found) == 1


def test_an_id_used_twice_is_a_complaint(tmp_path: Path) -> None:
    text = GOOD + "  - {id: entry, kind: zone_entry, zone: strip}\n"
    assert complaints_of(tmp_path, text) == [
        "agreement.yaml:13: rules: id 'entry' is used twice; the first is on line 8"
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "agreement.yaml: a mapping of sections is needed, found nothing"),
        ("- 1\n", "agreement.yaml:1: a mapping of sections is needed, found list"),
        ("version: [1\n", "agreement.yaml:2: not YAML here: "),
        ("version: 1\n\tname: x\n", "agreement.yaml:2: not YAML here: "),
        (
            "!!python/object/apply:os.system ['true']\n",
            "agreement.yaml:1: not YAML here: could not determine a constructor",
        ),
        ("a: &a [*a]\n", "agreement.yaml"),
        (
            "a: &a [x, x]\n"
            + "".join(f"{c}: &{c} [{', '.join(['*' + p] * 9)}]\n" for p, c in zip("abcdef", "bcdefg", strict=True)),
            "agreement.yaml: not YAML: more than 100000 values",
        ),
    ],
)
def test_what_is_not_a_configuration_is_refused_where_it_breaks(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaints_of(tmp_path, text)[0].startswith(complaint)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "agreement.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(file, Case.registries)


@pytest.mark.parametrize(("name", "reason"), [("absent.yaml", "no such file"), (".", "a folder")])
def test_a_path_that_leads_nowhere_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        load(tmp_path / name, Case.registries)


def test_members_of_an_enumeration_are_named_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("version: 1\nmap: m.geojson\nsensors:\n- {id: microphones, media: [a.flac], means: acustic}\n")
    with pytest.raises(ConfigError, match="should be 'acoustic', 'seismic' or 'telemetry', found 'acustic'"):
        load(path, Case.registries)


def test_a_merged_mapping_is_overridden_without_a_complaint(tmp_path: Path) -> None:
    text = GOOD.replace("  - id: entry", "  - &entry\n    id: entry") + (
        "  - &second {<<: *entry, id: second, min_dwell_s: 4}\n"
        "  - {id: third, <<: [{min_dwell_s: 5}, *second]}\n"
        "  - {id: fourth, id: fifth, <<: *entry}\n"
    )
    assert complaints_of(tmp_path, text) == [
        "agreement.yaml:16: key 'id' stands twice in one place; the first is on line 16"
    ]
    rules = loaded(tmp_path, text.replace("id: fourth, ", "")).rules
    assert [rule.part_id for rule in rules] == ["entry", "second", "third", "fifth"]
    assert [rule.config.min_dwell_s for rule in rules] == [3, 4, 5, 3]


def test_what_cannot_be_merged_is_refused_at_its_line(tmp_path: Path) -> None:
    assert complaints_of(tmp_path, GOOD + "  - {<<: [3], id: a}\n") == [
        "agreement.yaml:13: not YAML here: `<<:` needs an alias of a mapping, or a list of them"
    ]


def test_merges_that_repeat_one_another_are_refused(tmp_path: Path) -> None:
    lines = ["a: &a {x: 1, y: 2}"]
    lines += [f"{c}: &{c} {{<<: [{', '.join(['*' + p] * 9)}]}}" for p, c in zip("abcdef", "bcdefg", strict=True)]
    assert "more than 100000 values" in complaints_of(tmp_path, "\n".join(lines))[0]


def test_a_date_that_is_none_is_a_complaint_at_its_line_beside_the_others(tmp_path: Path) -> None:
    text = GOOD.replace("2026-03-01T06:30:00Z", "2026-13-01").replace("Europe/Vienna", "Europe/Wien")
    assert complaints_of(tmp_path, text) == [
        "agreement.yaml:2: time_zone: 'Europe/Wien' is not a time zone of the IANA list, like UTC or Europe/Vienna",
        "agreement.yaml:6: feeds.0.start: '2026-13-01' is not a time like 2026-03-01T06:30:00Z (the zone, Z or +hh:mm, "
        "is needed)",
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("min_dwell_s: 3", "min_dwell_s: yes", ":11: rules.0.min_dwell_s: a number is needed, found yes"),
        ("version: 1\n", "version: 1\nevidence: {pre_roll_s: off}\n", ":2: evidence.pre_roll_s: a number is needed"),
        ("    start:", "    hfov_deg: on\n    start:", ":6: feeds.0.hfov_deg: a number is needed, found yes"),
        ("id: entry", "id: ../entry", ":8: rules.0.id: '../entry'; allowed are letters, digits, dot"),
        ("rules:\n", "rules:\n  - nonsense\n", ":8: rules.0: a mapping is needed (`key: value`), found 'nonsense'"),
        ("T06:30:00Z", "", ":6: feeds.0.start: 2026-03-01 has no zone: write 2026-03-01T06:30:00Z"),
    ],
)
def test_a_mistake_is_told_in_the_words_of_the_file(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    found = complaints_of(tmp_path, GOOD.replace(old, new))
    assert len(found) == 1
    assert complaint in found[0]


def test_a_number_as_text_is_a_number(tmp_path: Path) -> None:
    """YAML 1.1 takes 1e3, which has no point, for text."""
    assert loaded(tmp_path, GOOD.replace("min_dwell_s: 3", "min_dwell_s: 1e3")).rules[0].config.min_dwell_s == 1000


def test_what_yaml_takes_for_something_else_is_text_or_says_how_to_write_it(tmp_path: Path) -> None:
    """YAML 1.1 reads no as a truth, 22:00 as 1320 and 060 as 48."""
    assert loaded(tmp_path, GOOD.replace("min_dwell_s: 3", "min_dwell_s: 060")).rules[0].config.min_dwell_s == 60
    assert loaded(tmp_path, GOOD.replace("zone: strip", "zone: 22:00")).rules[0].config.zone == "22:00"
    quotes = "text is needed, in quotes where YAML would read a number, a date, yes or no"
    for old, new, complaint in (
        ("id: entry", "id: no", f"8: rules.0.id: {quotes}, found False"),
        ("id: entry", "id: 7", f"8: rules.0.id: {quotes}, found 7"),
        ("zone: strip", "zone: off", f"10: rules.0.zone: {quotes}, found False"),
        ("min_dwell_s: 3", "min_dwell_s: 1:30", "11: rules.0.min_dwell_s: Input should be a valid number"),
        (
            "id: north",
            "id: my gate",
            "4: feeds.0.id: allowed are letters, digits, dot, dash and underscore, at most 64",
        ),
        ("min_dwell_s: 3", "7: 3", "11: rules.0.7: a key has to be text, found 7"),
    ):
        (told,) = complaints_of(tmp_path, GOOD.replace(old, new))
        assert told.startswith(f"agreement.yaml:{complaint}")


@pytest.mark.parametrize("text", ["version: 1\nname: a\x07b\n", "version: 1\n\x00", "version: 1\n# \x9f\n"])
def test_characters_that_yaml_does_not_have_are_told_by_line(tmp_path: Path, text: str) -> None:
    (told,) = complaints_of(tmp_path, text)
    assert told.startswith("agreement.yaml:2: not YAML here: character 0x00")


def test_where_nothing_is_named_nothing_is_suggested(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("feeds:")] + GOOD[GOOD.index("rules:") :]
    assert complaints_of(tmp_path, text) == ["agreement.yaml:8: rule 'entry': there is no feed 'north'; there are none"]


@pytest.mark.parametrize(("media", "told"), [("north.ts", True), ("rtsp://host/north", True), ("north", False)])
def test_fps_of_a_video_is_a_complaint_at_its_line(tmp_path: Path, media: str, told: bool) -> None:
    (tmp_path / "north.ts").touch()
    (tmp_path / "north").mkdir()
    path = tmp_path / "a.yaml"
    path.write_text(GOOD.replace("media: north.ts", f"media: {media}\n    fps: 5"))
    if not told:
        assert load(path, Case.registries).settings.feeds[0].fps == 5
        return
    with pytest.raises(ConfigError) as error:
        load(path, Case.registries)
    (complaint,) = error.value.complaints
    assert str(complaint).startswith(f"{path}:6: feed 'north': fps is for folders of pictures")
