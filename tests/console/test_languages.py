"""The console in the languages of its people."""

from __future__ import annotations

import gettext
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from detector.console import words
from detector.console.desk import Desk
from detector.console.judging import GRAVITY
from detector.console.languages import DEFAULT, FOLDER, Languages
from detector.console.observations import SENTENCES as OBSERVED
from detector.console.observations import WAYS, told
from detector.console.refusals import OTHER_SESSION, SENTENCES
from detector.model import GapReason
from detector.rules import ALL_RULES
from detector.rules.report import compass_bound
from scripts.make_catalogue import compiled, is_whole, languages, translated, written
from tests.console.conftest import ATTACK

NAMES = ("az", "hy", "ru", "tr")
_PLACES = re.compile(r"%%(?:[s1-4](?![0-9]))?|%\(\w+\)s|%s")


def test_four_languages_are_there_beside_english() -> None:
    assert Languages().names == (DEFAULT, *NAMES)


@pytest.mark.parametrize("file", languages(), ids=NAMES)
def test_a_language_has_every_message_with_the_same_places_and_is_compiled(file: Path) -> None:
    made = translated(file)
    assert [message.id for message in made if message.id and not is_whole(message)] == []
    for message in made:
        if not message.id:
            continue
        plural = isinstance(message.id, tuple | list)
        wanted = sorted(_PLACES.findall(message.id[-1] if plural else message.id))
        for form in message.string if plural else [message.string]:
            assert sorted(_PLACES.findall(form)) == wanted, (message.id, form)
    again = "python scripts/make_catalogue.py"
    assert file.read_text(encoding="utf-8") == written(made), again
    assert file.with_suffix(".mo").read_bytes() == compiled(made), again


def test_plural_forms_are_those_of_the_language() -> None:
    def said(name: str, count: int) -> str:
        text = Languages().of(name).ngettext("%(num)s possible violation", "%(num)s possible violations", count)
        return text % {"num": count}

    russian = {1: "возможное нарушение", 2: "возможных нарушения", 5: "возможных нарушений", 11: "возможных нарушений"}
    for count in (1, 2, 5, 11, 21, 22, 111):
        ending = russian[count if count in russian else 1 if count == 21 else 2 if count == 22 else 5]
        assert said("ru", count) == f"{count} {ending}"
    assert {said("tr", count).partition(" ")[2] for count in (1, 2, 5)} == {"olası ihlal"}


def test_every_word_that_the_log_has_a_kind_or_a_reason_of_is_translated() -> None:
    assert {*ALL_RULES, *map(str, GapReason), *GRAVITY} <= set(words.SAID)
    assert set(OBSERVED) == set(ALL_RULES)
    assert {compass_bound(east, north) for east in (-1, 0, 1) for north in (-1, 0, 1) if east or north} <= set(WAYS)


SAID = [
    ("zone_entry", 'movement observed inside zone "Orrin"'),
    ("zone_entry", "movement observed"),
    ("zone_entry", 'movement observed inside zone "A" in quiet hours"'),  # all of it is the zone's name
    ("zone_entry", f'movement observed inside zone "{ATTACK}"'),
    ("curfew", 'movement observed inside zone "Lower Orrin" in quiet hours'),
    ("dwell", 'movement observed inside zone "Storage" for longer than 6 s'),
    ("speed", "movement faster than 15.5 m/s observed"),
    ("convoy", '4 movers observed travelling together inside zone "Road"'),
    ("line_crossing", 'line "Line of contact" crossed, north-eastbound'),
    ("impulse", 'impulse sound heard by 5 sensors inside zone "Strip"'),
    ("impulse", "impulse sound heard by 3 sensors, bearing 030 ± 5 deg, distance not known"),
    ("series", '40 impulse sounds heard by 5 sensors inside zone "Strip"'),
    ("series", "ground shocks too fast to be counted, at least 9, felt by 4 sensors"),
    ("flash", 'muzzle flash or other short bright light observed inside zone "Strip"'),
    ("overflight", 'aircraft 4b1a2c in closed airspace over zone "North", between 90 and 120 m high, 2 times'),
    ("sensor_silent", "posts/4 silent for 300 s (missing): no packet"),
    ("level", 'readings of x unlike its own past, noticed 3 times inside zone "Strip"'),
    ("unusual", 'an unusual number of movers observed inside zone "Road": 9 in an hour'),
]


@pytest.mark.parametrize(("kind", "observation"), SAID)
def test_an_observation_is_told_whole_in_every_language_and_as_it_is_in_english(kind: str, observation: str) -> None:
    assert told(observation, kind, str) == observation
    zone = re.search(r'inside zone "(.*)"', observation)
    for name in NAMES:
        foreign = told(observation, kind, Languages().of(name).gettext)
        assert foreign != observation
        assert not re.search("movement|observed|heard|inside zone", foreign.replace(zone[1] if zone else "", ""))
        for number in re.findall(r"(?<![\w/])[0-9.]+(?= )", observation.partition(", bearing")[0]):
            assert number in foreign
        if zone is not None and kind != "unusual":
            assert zone[1].removesuffix('" for longer than 6 s') in foreign or '" in quiet' in observation


def test_what_is_none_of_its_rules_sentences_stays_as_the_log_has_it() -> None:
    turkish = Languages().of("tr").gettext
    for kind, observation in (("zone_entry", "something of a later version"), ("later_kind", "movement observed")):
        assert told(observation, kind, turkish) == observation
    assert told('movement observed inside zone "A"', "dwell", turkish) == 'movement observed inside zone "A"'


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_in_the_language_that_was_chosen_and_run_nothing(name: str, desk: Desk, as_) -> None:
    admin = as_("admin")
    one = desk.book.violations()[0].violation.violation_id
    assert admin.post("/api/me/language", json={"language": name}).status_code == 204
    gettext_of = Languages().of(name).gettext
    for path, title in (
        ("/", "Overview"),
        ("/queue", "Queue"),
        (f"/review/{one}", "Why it was flagged"),
        ("/timeline", "Timeline"),
        ("/search", "Kind"),
        ("/zones", "Zones and lines"),
        ("/place?lon=45&lat=40.2", "When did we see this place?"),
        ("/accounts", "Make an account"),
        ("/activity", "What people did"),
    ):
        text = admin.get(path).text
        assert gettext_of(title) in text, path
        assert f'<html lang="{name}"' in text
        assert "movement observed" not in text
        assert "<script>window.broken" not in text
    assert "movement observed" in admin.get(f"/api/violations/{one}").text


def test_what_is_refused_is_said_in_the_readers_language_and_in_english_as_the_console_has_it(as_) -> None:
    viewer, nowhere, turkish = as_("viewer"), f"/review/{'0' * 32}", Languages().of("tr").gettext
    detail, html = f"there is no possible violation {'0' * 32}", {"accept": "text/html"}
    assert f"<p>{detail}</p>" in viewer.get(nowhere, headers=html).text
    viewer.cookies.set("language", "tr")
    page = viewer.get(nowhere, headers=html).text
    assert turkish(SENTENCES[404]).capitalize() in page
    assert f'<small lang="en">{detail}</small>' in page
    for path in ("/timeline?since=yesterday", "/search?since=yesterday", "/place?lon=x&lat=1"):
        page = viewer.get(path).text
        assert turkish(SENTENCES[422]).capitalize() in page, path
        assert '<small lang="en">' in page, path
    page = viewer.post("/sign-out", data={"csrf": "of before"}, headers=html).text
    assert turkish(OTHER_SESSION)[1:] in page


def test_another_language_is_spoken_once_it_is_compiled(tmp_path: Path) -> None:
    made = Catalog(locale="ka")
    made.add("Queue", "რიგი")
    folder = tmp_path / "ka" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    with (folder / "console.mo").open("wb") as file:
        write_mo(file, made)
    spoken = Languages(tmp_path)
    assert spoken.wanted(None, "ka-GE,ka;q=0.9,en;q=0.8") == "ka"
    assert spoken.wanted("en", "ka") == "en"
    assert spoken.of("ka").gettext("Queue") == "რიგი"
    assert spoken.of("ka").gettext("Search") == "Search"


def test_what_is_compiled_is_what_gettext_reads() -> None:
    for name in NAMES:
        assert gettext.translation("console", FOLDER, [name]).gettext("Queue") != "Queue"
