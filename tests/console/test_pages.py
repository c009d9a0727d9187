"""What the pages say, and what they never let through."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from detector.console.app import make_app
from detector.console.desk import Desk
from detector.console.logbook import LogBook
from detector.console.overview import tiles
from detector.console.rate import RateLimit
from detector.console.render import local
from detector.console.roles import Permission, Role
from detector.console.server import open_desk
from detector.errors import LogError
from detector.log import EvidenceStore, LogReader, LogWriter, verify_log
from detector.model import Action, CoverageSlot, Decision, Joined, Run, Verdict
from tests.console.conftest import ATTACK, COUNT, PASSWORD, T0, S, TestClock

PAGES = (
    "/",
    "/queue",
    "/timeline",
    "/search",
    "/zones",
    "/place?lon=45&lat=40.2",
    "/part/overview",
    "/part/queue",
    "/activity",
    "/accounts",
    "/account",
)


class Elements(HTMLParser):
    """Names and attributes of everything that a browser would make of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def first(desk: Desk) -> str:
    return desk.book.violations()[0].violation.violation_id


def test_no_text_of_the_log_or_of_people_becomes_part_of_a_page(desk: Desk, as_) -> None:
    anna, one = as_("anna"), first(desk)
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "rejected", "note": ATTACK})
    admin = as_("admin")
    asked = f"/search?text={ATTACK}&feed={ATTACK}&box={ATTACK}&since={ATTACK}"
    wrong = f"/timeline?since={ATTACK}"
    for path in (*PAGES, f"/review/{one}", f"/part/review/{one}", asked, wrong, f"/sign-in?to={ATTACK}"):
        text = admin.get(path, headers={"accept": "text/html"}).text
        elements = Elements(text).found
        assert "window.broken=1</script>" not in text, path
        for tag, attributes in elements:
            assert not any(name.startswith("on") or name == "style" for name in attributes), (path, tag)
            assert tag != "script" or {"src", "type"} & set(attributes), path
            assert str(attributes.get("src", "/")).startswith("/"), (path, tag)
            assert not str(attributes.get("href", "/")).startswith(("javascript:", "http")), (path, tag)
        assert "49" not in re.findall(r"\{\{|7\*7|>49<", text), path


HOSTILE = {
    "state_why": ATTACK, "media": ATTACK, "time_from": ATTACK, "sight": ATTACK, "kind": ATTACK,
    "telemetry": {"age_s": None, "why_no_ground": ATTACK}, "counters": {"gaps": {ATTACK: 1}}, "stage_ms": {ATTACK: 1.0},
}  # fmt: skip
"""What a feed says of itself, from a sender that means ill."""


@pytest.mark.parametrize("state", ["reconnecting", "frozen", ATTACK])
def test_no_text_of_a_feed_becomes_part_of_a_page(state: str, desk: Desk, as_, clock: TestClock, copied: Path) -> None:
    live = copied / "out" / "live"
    live.mkdir()
    said = {"version": 1, "state": state, "written_ns": clock.t_ns, "lag_s": 0.2, "t_ns": clock.t_ns, **HOSTILE}
    (live / "north.live").write_bytes(json.dumps(said).encode() + b"\n")
    viewer = as_("viewer")
    for path in ("/", "/part/overview", "/timeline", "/queue"):
        text = viewer.get(path).text
        assert "window.broken=1</script>" not in text, path
        assert all(not name.startswith("on") for _, found in Elements(text).found for name in found), path
    told = viewer.get("/api/feeds")
    assert told.headers["content-type"] == "application/json"
    assert json.dumps(ATTACK) in told.text


def test_every_answer_binds_the_browser(as_) -> None:
    viewer = as_("viewer")
    for path in ("/", "/api/me", "/static/js/base.js", "/nowhere", "/sign-in"):
        headers = viewer.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'none'" in policy
        assert "server" not in headers
    assert viewer.get("/").headers["cache-control"] == "no-store"


def test_why_it_was_flagged_holds_the_numbers_against_the_limits_of_the_very_file(
    desk: Desk, as_, copied: Path
) -> None:
    page = as_("viewer").get(f"/review/{first(desk)}").text.replace("\N{NO-BREAK SPACE}", " ")
    told = "Flagged by rule strip-closed: seen for 20.1 s (counts from 2 s); distance from the border 5.05 σ"
    assert told in page
    assert "(decided from 2.45 σ)" in page
    assert "probability 99.8 %" in page


def test_times_are_utc_with_the_centres_zone_beside(desk: Desk, as_) -> None:
    page = as_("viewer").get(f"/review/{first(desk)}").text
    assert "06:30:00.0" in page
    assert "10:30:00 +04:00" in page
    evening_ns = T0 + (21 * 60 - 390) * 60 * S  # 21:00 UTC, when the centre has its next day
    assert local(evening_ns, ZoneInfo("Asia/Yerevan")) == "2026-03-02 01:00:00 +04:00"
    ticks = re.findall(r"<span data-x[^>]*>([^<]+)<", as_("viewer").get("/timeline?since=2026-02-24").text)
    assert ticks == [f"2026-02-{day}" for day in range(24, 29)] + ["2026-03-01"]


def test_a_search_says_what_it_asks_for_also_where_the_log_has_no_such_feed_any_more(as_) -> None:
    page = as_("viewer").get("/search?feed=renamed&verdict=differing").text
    assert '<option value="renamed" selected>renamed</option>' in page
    assert page.count(" selected>") == 2


def test_the_queue_of_a_party_is_what_that_party_has_not_decided(desk: Desk, as_) -> None:
    anna, bayram, one = as_("anna"), as_("bayram"), first(desk)
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "exercise", "note": " seen before "})
    assert one not in anna.get("/api/queue").json()["violation_ids"]
    assert one in bayram.get("/api/queue").json()["violation_ids"]
    assert one in as_("viewer").get("/api/queue").json()["violation_ids"]
    bayram.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"})
    assert one not in as_("viewer").get("/api/queue").json()["violation_ids"]
    assert [v["violation_id"] for v in anna.get("/api/violations?verdict=differing").json()["violations"]] == [one]


def test_undo_is_a_new_entry_and_what_was_said_before_counts_again(desk: Desk, as_, copied: Path) -> None:
    anna, one = as_("anna"), first(desk)
    assert anna.post(f"/api/violations/{one}/undo").status_code == 409
    for word in ("confirmed", "rejected"):
        assert anna.post(f"/api/violations/{one}/verdicts", json={"verdict": word, "note": word}).status_code == 201
    back = anna.post(f"/api/violations/{one}/undo").json()
    assert [(said["verdict"], said["note"]) for said in back["verdicts"]] == [("confirmed", "confirmed")]
    assert len(back["history"]) == 3
    desk.book.refresh()
    report = verify_log(copied / "out")
    assert report.intact, report.damage


def test_undo_of_the_only_word_leaves_none_and_it_waits_again(desk: Desk, as_) -> None:
    anna, one = as_("anna"), first(desk)
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"})
    back = anna.post(f"/api/violations/{one}/undo").json()
    assert back["verdicts"] == []
    assert [said["verdict"] for said in back["history"]] == ["confirmed", "withdrawn"]
    assert one in anna.get("/api/queue").json()["violation_ids"]
    assert anna.post(f"/api/violations/{one}/undo").status_code == 409  # twice is not to say it again


def test_undo_goes_back_word_by_word_and_never_forth(desk: Desk, as_) -> None:
    anna, one = as_("anna"), first(desk)
    for word in ("confirmed", "rejected", "confirmed"):
        anna.post(f"/api/violations/{one}/verdicts", json={"verdict": word})
    for left in (["rejected"], ["confirmed"], []):
        back = anna.post(f"/api/violations/{one}/undo").json()
        assert [said["verdict"] for said in back["verdicts"]] == left
    assert anna.post(f"/api/violations/{one}/undo").status_code == 409
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "exercise"})
    assert anna.post(f"/api/violations/{one}/undo").json()["verdicts"] == []


def test_undo_takes_nothing_back_that_the_caller_has_not_seen(desk: Desk, as_) -> None:
    anna, one = as_("anna"), first(desk)
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "confirmed"})
    desk.book.add_verdict(Verdict(one, "A", "armen", Decision.REJECTED, "", desk.clock.now_ns()))
    assert anna.post(f"/api/violations/{one}/undo", json={"words": 1}).status_code == 412
    assert [str(said.verdict) for said in desk.book.violation(one).history] == ["confirmed", "rejected"]
    assert anna.post(f"/api/violations/{one}/undo", json={"words": 2}).json()["verdicts"][0]["verdict"] == "confirmed"


@pytest.mark.parametrize(
    "body",
    [
        {"verdict": "guilty"},
        {"verdict": "withdrawn"},
        {"verdict": "confirmed", "note": "x" * 2001},
        {"verdict": "confirmed", "note": 7},
        {"verdict": "confirmed", "party": "B"},
        {},
    ],
)
def test_a_verdict_that_may_not_be_is_refused_and_nothing_is_logged(body: dict[str, object], desk: Desk, as_) -> None:
    assert as_("anna").post(f"/api/violations/{first(desk)}/verdicts", json=body).status_code == 422
    assert desk.book.violations()[0].history == ()


def test_a_note_that_is_not_unicode_is_refused(desk: Desk, as_) -> None:
    anna = as_("anna")
    raw = b'{"verdict": "confirmed", "note": "\\ud800"}'
    answer = anna.post(
        f"/api/violations/{first(desk)}/verdicts", content=raw, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 422


def test_an_oversized_body_is_refused_with_and_without_a_stated_length(desk: Desk, as_, client) -> None:
    def pieces() -> object:
        for _ in range(20):
            yield b"x" * 10_000

    anna, path = as_("anna"), f"/api/violations/{first(desk)}/verdicts"
    assert anna.post(path, content=b"x" * 70_000).status_code == 413
    assert anna.post(path, content=pieces()).status_code == 413
    assert client.post("/sign-in", content=b"name=" + b"x" * 70_000).status_code == 413


def test_what_is_large_comes_compressed_and_nothing_that_holds_a_secret(desk: Desk, as_) -> None:
    anna, one = as_("anna"), desk.book.violations()[0]
    video = next(file for file in one.files if file.role == "clip_browser")
    for path, wanted in (
        ("/part/queue", "gzip"),
        ("/api/map/violations", "gzip"),
        ("/static/js/base.js", "gzip"),
        ("/queue", None),
        ("/search?text=track", None),
        (f"/evidence/{one.violation.violation_id}/{video.sha256}", None),
    ):
        answer = anna.get(path, headers={"accept-encoding": "gzip"})
        assert (answer.status_code, answer.headers.get("content-encoding")) == (200, wanted), path
    plain = anna.get("/part/queue", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.text == anna.get("/part/queue").text


def test_too_many_requests_are_told_to_wait(desk: Desk) -> None:
    headers = {"authorization": f"Bearer {desk.accounts.make_token('viewer', [Permission.READ], 1)}"}
    client = TestClient(make_app(replace(desk, requests=RateLimit(per_s=0.1, burst=3))), headers=headers)
    answers = [client.get("/api/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


def test_export_gives_what_is_shown_and_is_logged(desk: Desk, as_) -> None:
    exporter = as_("exporter")
    lines = exporter.get("/api/export?form=csv&until=2026-03-01T06:35").text.splitlines()
    assert len(lines) == 1 + 5
    assert len(exporter.get("/api/export?form=geojson").json()["features"]) == COUNT
    bodies = exporter.get("/api/export?form=jsonl&until=2026-03-01T06:31").text.splitlines()
    assert [re.search('"kind":"([a-z]+)"', line)[1] for line in bodies] == ["opened", "evidence", "closed"]  # type: ignore[index]
    assert exporter.get("/api/export?form=kml").text.count("<Placemark") == COUNT
    told = [one.detail for one in desk.book.audits() if one.action == "export"]
    assert told[:2] == [
        "csv, 5 possible violations: until 2026-03-01T06:35",
        f"geojson, {COUNT} possible violations: all",
    ]
    assert exporter.get("/api/export?form=pdf").status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "box=1,2,3",
        "box=0,50,10,40",
        "box=nan,0,1,1",
        "verdict=guilty",
        "until=9999-99-99",
        "since=2026-03-02&until=2026-03-01",
    ],
)
def test_a_question_that_is_not_understood_is_answered_in_words(query: str, as_) -> None:
    viewer = as_("viewer")
    assert viewer.get(f"/api/violations?{query}").status_code == 422
    page = viewer.get(f"/search?{query}")
    assert page.status_code == 422
    assert "allowed" in page.text


def test_a_log_that_grows_is_read_on_by_the_one_book(desk: Desk, copied: Path) -> None:
    before = desk.book.violations()
    generation = desk.book.generation
    assert desk.book.violations() is before
    desk.note("anna", "A", Action.SIGN_IN)
    desk.book.refresh()
    assert desk.book.generation == generation
    with LogWriter(copied / "out", alone=False) as other:
        other.verdict(Verdict(before[3].violation.violation_id, "B", "bayram", Decision.REJECTED, "", 5))
    after = desk.book.violations()
    assert desk.book.generation > generation
    assert [one.history != () for one in after] == [number == 3 for number in range(COUNT)]
    with LogBook(copied / "out") as fresh:
        assert list(fresh.violations()) == list(after)
        assert fresh.generation == desk.book.generation


def test_records_that_are_joined_while_it_runs_are_one_and_old_addresses_lead_there(
    desk: Desk, as_, copied: Path
) -> None:
    first_id, second_id = (one.violation.violation_id for one in desk.book.violations()[:2])
    with LogWriter(copied / "out", alone=False) as other:
        other.joined(Joined(first_id, (second_id,), party="A", reviewer="anna", t_ns=7, reason="the same vehicle"))
    assert len(desk.book.violations()) == COUNT - 1
    viewer = as_("viewer")
    assert viewer.get(f"/api/violations/{second_id}").json()["violation_id"] == first_id
    paths = [file["url"] for file in viewer.get(f"/api/violations/{first_id}").json()["files"]]
    assert all(viewer.get(path).status_code == 200 for path in paths)
    lines = as_("exporter").get("/api/export?form=jsonl&until=2026-03-01T06:31").text.splitlines()
    assert sum('"kind":"opened"' in line for line in lines) == 2
    assert sum('"kind":"joined"' in line for line in lines) == 1


def test_of_several_sources_the_page_says_which_each_clip_and_file_is_from(desk: Desk, as_, copied: Path) -> None:
    last = desk.book.violations()[-1].violation
    other = replace(last, source_id="south", subject="track 99", t_start_ns=last.t_start_ns + 1)
    store = EvidenceStore(copied / "out" / "evidence")
    with LogWriter(copied / "out", alone=False) as log:
        log.opened(other)
        log.evidence(other.violation_id, [store.put(other.violation_id, "overlay", ".jpg", b"a picture")])
    viewer = as_("viewer")
    assert "Picture, marked</button>" in viewer.get(f"/review/{last.violation_id}").text
    with LogWriter(copied / "out", alone=False) as log:
        log.joined(Joined(last.violation_id, (other.violation_id,), "one car", 7, party="A", reviewer="anna"))
    page = viewer.get(f"/review/{last.violation_id}").text
    for label in ("Clip · north</button>", "Picture, marked · south</button>", "track.json · north</a>"):
        assert label in page


def test_what_is_decided_has_no_place_among_what_waits(desk: Desk, as_) -> None:
    anna, one = as_("anna"), first(desk)
    assert f"{COUNT} of {COUNT} that wait" in anna.get(f"/review/{one}").text
    anna.post(f"/api/violations/{one}/verdicts", json={"verdict": "exercise"})
    page = anna.get(f"/review/{one}").text
    assert f"{COUNT - 1} wait<" in page
    assert f"of {COUNT - 1} that wait" not in page


def test_a_tile_shows_what_its_own_source_saw(desk: Desk, copied: Path) -> None:
    last = desk.book.violations()[-1].violation
    heard = replace(last, source_id="microphones", subject="impulse 1", t_start_ns=last.t_start_ns + 1)
    store = EvidenceStore(copied / "out" / "evidence")
    with LogWriter(copied / "out", alone=False) as other:
        other.opened(heard)
        other.evidence(heard.violation_id, [store.put(heard.violation_id, "spectrogram", ".png", b"a picture")])
        other.joined(Joined(heard.violation_id, (last.violation_id,), party="", reviewer="", t_ns=7, reason="one bang"))
    shown = {tile.name: tile.picture for tile in tiles(desk, "A")}
    roles = {name: None if picture is None else (picture[0], picture[1].role) for name, picture in shown.items()}
    assert roles["north"] == (heard.violation_id, "overlay")
    assert roles["microphones"] == (heard.violation_id, "spectrogram")


def test_a_tile_tells_of_the_last_hour_though_nothing_ended_and_nothing_was_flagged(tmp_path: Path) -> None:
    """As in a centre that has run for weeks: else all that was ever covered would be read, for minutes."""
    with LogWriter(tmp_path) as log:
        log.begin(Run("c" * 64, "test", ()))
        for name, hour in (("gone", 0), ("here", 5)):
            log.coverage(CoverageSlot(name, T0 + hour * 3600 * S, T0 + hour * 3600 * S + 10 * S, 10.0, {}), "run")
    with closing(open_desk(tmp_path, None, TestClock())) as desk:
        assert {tile.name: tile.seen for tile in tiles(desk, "")} == {"here": 1.0}
        assert desk.book.span_ns() == (T0, T0 + 5 * 3600 * S + 10 * S)


def test_what_could_not_be_read_is_complained_of_again_and_never_passed_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = desk.book.violations()
    desk.book.add_verdict(Verdict(before[0].violation.violation_id, "A", "anna", Decision.CONFIRMED, "", 5))

    def broken(self: LogReader, violation_id: str) -> None:
        raise LogError(f"entry about {violation_id} is damaged")

    with LogWriter(desk.book.path, alone=False) as other:
        other.verdict(Verdict(before[1].violation.violation_id, "A", "anna", Decision.CONFIRMED, "", 6))
    with monkeypatch.context() as patched:
        patched.setattr(LogReader, "violation", broken)
        for _ in range(3):
            with pytest.raises(LogError, match="is damaged"):
                desk.book.violations()
    assert [len(one.history) for one in desk.book.violations()[:3]] == [1, 1, 0]


def test_a_damaged_log_is_said_plainly_and_nothing_is_guessed(desk: Desk, as_, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = as_("viewer")

    def broken() -> None:
        raise LogError("violations.sqlite: is damaged: entry 3")

    monkeypatch.setattr(LogBook, "refresh", lambda self: broken())
    page = viewer.get("/queue", headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "entry 3" in page.text
    assert viewer.get("/api/queue").status_code == 503


def test_an_empty_log_without_a_configuration_has_every_page(tmp_path: Path) -> None:
    LogWriter(tmp_path).close()
    with closing(open_desk(tmp_path, None, TestClock())) as desk:
        desk.accounts.add("admin", Role.ADMINISTRATOR, "", PASSWORD)
        token = desk.accounts.make_token("admin", [Permission.READ, Permission.ADMINISTER], 1)
        client = TestClient(make_app(desk), headers={"authorization": f"Bearer {token}"})
        for path in (*PAGES, "/api/map", "/api/map/violations", "/api/feeds", "/api/violations"):
            assert client.get(path).status_code == 200, path
        assert client.get("/review", follow_redirects=False).headers["location"] == "/queue"
        assert client.get(f"/review/{'0' * 32}").status_code == 404
