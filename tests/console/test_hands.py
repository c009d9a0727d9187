"""What changes under people's hands: slow answers, none at all, news while somebody writes, keys that are held down."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from detector.console.languages import Languages
from detector.console.refusals import OTHER_SESSION, SENTENCES
from detector.live_file import write_live
from detector.log import EvidenceStore, LogWriter, open_reader
from detector.model import Decision, State, Verdict, Violation
from tests.console.browser import CHROMIUM, WHY_NOT, Desk, Served, served
from tests.console.conftest import T0, S

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)]

TOAST = "document.getElementById('toast').textContent"
# All that is said from now on: news of the log may take the place of an answer at once.
HEARING = """() => {
  window.heard = [];
  new MutationObserver(() => window.heard.push(document.getElementById('toast').textContent))
    .observe(document.getElementById('toast'), { childList: true });
}"""
NOTE = "document.getElementById('note')"


def at(desk: Desk, out: Path, number: int) -> str:
    """Look at one of the night, with all that belongs to the page in place."""
    with open_reader(out) as reader:
        one = reader.violations()[number].violation.violation_id
    desk.go(f"/review/{one}")
    desk.page.wait_for_selector("#map canvas.map-found")
    return one


def words(out: Path, one: str) -> list[tuple[str, str, str]]:
    with open_reader(out) as reader:
        return [(said.reviewer, str(said.verdict), said.note) for said in reader.violation(one).history]


def opened(out: Path, number: int) -> Violation:
    """Another incident, which goes on."""
    with open_reader(out) as reader:
        old = reader.violations()[0].violation
    t_ns = T0 + number * 100 * S
    new = replace(old, state=State.OPEN, subject=f"track {number}", t_start_ns=t_ns, t_end_ns=t_ns + S)
    with LogWriter(out, alone=False) as log:
        log.opened(new)
    return new


@contextmanager
def held_back(desk: Desk, pattern: str) -> Iterator[None]:
    """What is asked for at addresses of this pattern is answered only afterwards."""
    waiting: list[Any] = []
    open_now = False

    def pass_on(route: Any) -> None:
        if open_now:
            route.continue_()
        else:
            waiting.append(route)

    desk.page.route(pattern, pass_on)
    yield
    open_now = True
    for route in waiting:
        route.continue_()


def test_a_note_and_the_focus_stay_when_evidence_comes_while_it_is_written(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    new = opened(out, 100)
    desk = Desk(chromium, running, "demo-a")
    desk.go(f"/review/{new.violation_id}")
    desk.page.keyboard.press("n")
    desk.page.keyboard.type("the c")
    with LogWriter(out, alone=False) as log, open_reader(out) as reader:
        clip = next(one.path for one in reader.violations()[0].files if one.role == "clip_browser")
        store = EvidenceStore(out / "evidence")
        log.evidence(new.violation_id, [store.put(new.violation_id, "clip_browser", ".mp4", out / "evidence" / clip)])
    desk.until("document.querySelector('.view video') !== null")
    desk.page.keyboard.type("rew rests")
    assert desk.page.evaluate(f"{NOTE}.value") == "the crew rests"
    assert desk.shown() == new.violation_id
    desk.close()
    assert words(out, new.violation_id) == []


def test_a_note_outlives_going_on_a_reload_and_a_session_that_ends(console: tuple[Served, Path], chromium: Any) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    one = at(desk, out, 5)
    page, press = desk.page, desk.page.keyboard.press
    press("n")
    page.keyboard.type("two lorries")
    press("Escape")
    press("j")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    assert page.evaluate(f"{NOTE}.value") == ""
    page.go_back()
    desk.until(f"document.querySelector('article.violation').dataset.id === '{one}'")
    assert page.evaluate(f"{NOTE}.value") == "two lorries"
    page.reload()
    desk.until(f"{NOTE}.value === 'two lorries'")
    page.context.clear_cookies(name="trucewatch")
    with page.expect_navigation(url="**/sign-in?*"):
        press("c")
    assert "Your session is over" in page.inner_text("main")
    assert desk.complaints.pop().startswith("Failed to load resource")  # the browser's own word on 401
    page.fill("[name=name]", "demo-a")
    page.fill("[name=password]", running.passwords["demo-a"])
    with page.expect_navigation(url=f"**/review/{one}"):
        press("Enter")
    desk.until(f"{NOTE}.value === 'two lorries'")
    press("c")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    desk.go(f"/review/{one}")
    assert page.evaluate(f"{NOTE}.value") == ""  # it was given
    desk.complaints = [said for said in desk.complaints if "401" not in said]
    desk.close()
    assert words(out, one) == [("demo-a", "confirmed", "two lorries")]


def test_a_key_that_is_held_down_decides_one_and_works_with_caps_lock(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    one = at(desk, out, 6)
    changed = f"document.querySelector('article.violation').dataset.id !== '{one}'"
    desk.page.keyboard.down("U")  # as Caps Lock writes it
    desk.until(changed)
    after = desk.shown()
    for _ in range(5):
        desk.page.keyboard.down("U")  # Playwright marks what was not let go as repeated, as a keyboard does
    desk.page.keyboard.up("U")
    desk.page.keyboard.press("m")
    assert desk.shown() == after
    desk.close()
    assert words(out, one) == [("demo-b", "undetermined", "")]
    assert "demo-b" not in {who for who, _, _ in words(out, after)}


def test_who_goes_on_while_a_verdict_is_being_logged_is_not_taken_away_from_what_they_write(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    one = at(desk, out, 8)
    press = desk.page.keyboard.press
    with held_back(desk, "**/verdicts"):
        press("r")
        press("r")  # nothing seems to happen
        desk.until(f"{TOAST}.startsWith('Waiting')")
        press("j")
        desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
        after = desk.shown()
        press("n")
        desk.page.keyboard.type("dust, no c")
    desk.until(f"{TOAST}.startsWith('rejected: logged')")
    for _ in range(3):  # what the verdict may have asked for is here as well
        desk.page.evaluate(f"fetch('/part/review/{after}').then((answer) => answer.text())")
    desk.page.keyboard.type("ar")
    assert desk.page.evaluate(f"{NOTE}.value") == "dust, no car"
    assert desk.shown() == after
    desk.close()
    assert words(out, one) == [("demo-b", "rejected", "")]
    assert "demo-b" not in {who for who, _, _ in words(out, after)}


def test_a_verdict_that_was_logged_is_not_called_undone_because_the_next_one_cannot_be_shown(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    one = at(desk, out, 9)
    desk.page.route("**/part/review/*", lambda route: route.abort())
    desk.page.keyboard.press("e")
    desk.until(f"{TOAST}.includes('next one cannot be shown')")
    assert desk.page.evaluate(TOAST).startswith("exercise: logged for your party")
    desk.page.unroute("**/part/review/*")
    desk.page.route("**/verdicts", lambda route: route.abort())
    desk.insist("c", f"{TOAST}.startsWith('No answer from the console')")
    assert all(said.startswith("Failed to load resource") for said in desk.complaints)
    desk.complaints.clear()
    desk.close()
    assert words(out, one) == [("demo-b", "exercise", "")]


def test_the_next_one_is_shown_as_the_log_has_it_and_taking_back_is_of_what_was_seen(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    press = desk.page.keyboard.press
    with desk.page.expect_response("**/part/review/*"):  # the next one is fetched ahead
        one = at(desk, out, 11)
    after = desk.page.evaluate("document.querySelector('article.violation').dataset.after")
    with LogWriter(out, alone=False) as log, desk.page.expect_response(f"**/part/review/{one}"):
        log.verdict(Verdict(after, "B", "bayram", Decision.REJECTED, "", T0))
    press("j")
    desk.until(f"document.querySelector('article.violation').dataset.id === '{after}'")
    assert desk.page.locator(".party:nth-child(2).rejected").count() == 1
    press("k")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{after}'")
    press("j")
    desk.until(f"document.querySelector('article.violation').dataset.id === '{after}'")
    press("c")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{after}'")
    with LogWriter(out, alone=False) as log:
        log.verdict(Verdict(after, "A", "armen", Decision.EXERCISE, "", T0 + S))
    desk.page.evaluate(HEARING)
    press("z")
    desk.until("window.heard.some((one) => one.startsWith('Somebody has said something else since'))")
    desk.until("document.querySelector('.party:nth-child(1).exercise') !== null")
    assert all("412" in said for said in desk.complaints)
    desk.complaints.clear()
    desk.close()
    assert [word for _, word, _ in words(out, after)] == ["rejected", "confirmed", "exercise"]


def test_keys_do_not_wait_for_the_map_and_a_map_that_does_not_come_says_so_and_comes(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    desk.page.clock.install()
    with open_reader(out) as reader:
        one = reader.violations()[13].violation.violation_id
    with held_back(desk, "**/maplibre-gl.mjs"):
        desk.page.goto(f"{running.address}/review/{one}", wait_until="commit")
        desk.page.wait_for_selector("article.violation")
        desk.until("document.querySelector('#clock-utc').textContent !== ''")
        desk.page.keyboard.press("u")
        desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    desk.page.route("**/api/map", lambda route: route.fulfill(status=503, json={"detail": "the log is locked"}))
    desk.go("/zones")
    desk.page.wait_for_selector(".map-none.trouble")
    assert "the log is locked" in desk.page.inner_text(".map-none.trouble")
    desk.page.unroute("**/api/map")
    desk.page.clock.fast_forward(6000)
    desk.until("document.querySelectorAll('.shapes li').length === 2")
    assert desk.page.locator(".map-none").count() == 0
    assert all("503" in said for said in desk.complaints)
    desk.complaints.clear()
    desk.close()


def test_what_was_logged_before_a_page_listens_is_shown_and_a_clip_that_cannot_be_played_says_so(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    desk.page.route("**/evidence/**", lambda route: route.abort())
    one = at(desk, out, 14)
    desk.page.wait_for_selector(".view .trouble")
    assert all("ERR_FAILED" in said for said in desk.complaints)
    desk.complaints.clear()
    desk.page.unroute("**/evidence/**")
    with held_back(desk, "**/js/base.js"):
        desk.page.goto(f"{running.address}/review/{one}", wait_until="commit")
        desk.page.wait_for_selector("article.violation")
        with LogWriter(out, alone=False) as log:
            log.verdict(Verdict(one, "B", "bayram", Decision.UNDETERMINED, "", T0))
    desk.page.wait_for_selector(".party:nth-child(2).undetermined")
    desk.close()


def test_a_console_that_says_nothing_more_is_told_and_what_came_meanwhile_is_shown_when_it_is_back(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    sockets = 0

    def one_more(_: Any) -> None:
        nonlocal sockets
        sockets += 1

    desk.page.on("websocket", one_more)
    desk.page.clock.install()
    desk.go("/")
    desk.until("document.title.startsWith('(')")  # it is told of the log
    one = desk.page.get_attribute(".side-queue li", "data-id")
    running.process.send_signal(signal.SIGSTOP)  # as behind a cable that was pulled: nothing is closed
    try:
        desk.page.clock.fast_forward(20_000)
        desk.until("!document.getElementById('trouble').hidden")
        assert desk.page.inner_text("#trouble").startswith("No connection to the console")
        with LogWriter(out, alone=False) as log:
            log.verdict(Verdict(str(one), "B", "bayram", Decision.CONFIRMED, "", T0))
    finally:
        running.process.send_signal(signal.SIGCONT)
    desk.page.wait_for_selector(f".side-queue li[data-id='{one}'] .chip.confirmed")
    desk.until("document.getElementById('trouble').hidden")
    assert sockets == 2, "a socket that broke does not always say so: it is opened anew"
    desk.close()


@pytest.mark.parametrize("path", ["/queue", "/review"])
def test_news_that_could_not_be_fetched_is_tried_again(console: tuple[Served, Path], chromium: Any, path: str) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    desk.page.clock.install()
    desk.go(path)
    desk.until("document.title.startsWith('(')")
    desk.page.route("**/part/**", lambda route: route.fulfill(status=503, json={"detail": "the log is locked"}))
    one = desk.page.evaluate("document.querySelector('[data-id]').dataset.id")
    with LogWriter(out, alone=False) as log:
        log.verdict(Verdict(one, "B", f"bayram{len(path)}", Decision.EXERCISE, "", T0))
    desk.until(f"{TOAST} === 'Cannot be shown now: the log is locked'")
    desk.page.unroute("**/part/**")
    desk.page.clock.fast_forward(6000)
    desk.page.wait_for_selector(f"[data-id='{one}'] .exercise")
    assert all("503" in said for said in desk.complaints)
    desk.complaints.clear()
    desk.close()


def test_what_was_drawn_and_not_saved_is_there_when_the_page_is_loaded_again(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo")
    desk.go("/zones")
    desk.until("document.querySelectorAll('.shapes li').length === 2")
    desk.page.keyboard.press("+")
    desk.page.fill("[name=name]", "by the bridge")
    desk.page.fill("[name=points]", "45.0 40.2\n45.01 40.2\n45.01 40.21")
    desk.page.on("dialog", lambda asked: asked.accept())  # whether to leave
    desk.page.reload()
    desk.until("document.querySelectorAll('.shapes li').length === 3")
    assert "by the bridge" in desk.page.inner_text("#pending")
    desk.page.click(".shapes li:last-child button")
    assert desk.page.input_value("[name=points]") == "45.0 40.2\n45.01 40.2\n45.01 40.21".replace("45.0 ", "45 ")
    desk.page.keyboard.press("Tab")
    desk.page.keyboard.press("z")
    desk.until("document.querySelectorAll('.shapes li').length === 2")
    desk.page.reload()
    desk.until("document.querySelectorAll('.shapes li').length === 2")
    desk.close()


def test_the_queue_stays_where_it_is_read_and_j_goes_on_from_what_a_colleague_has_decided(
    copied: Path, chromium: Any
) -> None:
    out = copied / "out"
    with served(copied) as running:
        _stays(Desk(chromium, running, "demo-a"), out)


def _stays(desk: Desk, out: Path) -> None:
    desk.page.set_viewport_size({"width": 1000, "height": 400})
    desk.go("/queue")
    desk.until("document.title.startsWith('(')")
    on = "document.querySelector('tr.on')?.dataset.id"
    for _ in range(3):
        desk.page.keyboard.press("j")
    third, fourth = (desk.page.evaluate(f"document.querySelectorAll('tr[data-id]')[{k}].dataset.id") for k in (2, 3))
    assert desk.page.evaluate(on) == third
    desk.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    where = desk.page.evaluate("scrollY")
    assert where > 300
    with LogWriter(out, alone=False) as log:
        log.verdict(Verdict(fourth, "B", "burak", Decision.EXERCISE, "", T0))
    desk.page.wait_for_selector(f"tr[data-id='{fourth}'] .chip.exercise", state="attached")
    assert (desk.page.evaluate("scrollY"), desk.page.evaluate(on)) == (where, third)
    with LogWriter(out, alone=False) as log:
        log.verdict(Verdict(third, "A", "armen", Decision.EXERCISE, "", T0))
    desk.page.wait_for_selector(f"tr[data-id='{third}']", state="detached")
    desk.page.keyboard.press("j")
    assert desk.page.evaluate(on) == fourth
    desk.close()


def test_what_lies_near_can_be_read_beside_both_parties_words_on_a_small_screen(copied: Path, chromium: Any) -> None:
    out = copied / "out"
    with LogWriter(out, alone=False) as log, open_reader(out) as reader:
        for one in reader.violations():
            for party in "AB":
                log.verdict(Verdict(one.violation.violation_id, party, "x", Decision.UNDETERMINED, "", T0))
    with served(copied) as running:
        desk = Desk(chromium, running, "demo-a")
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        at(desk, out, 10)
        widths = desk.page.evaluate("[...document.querySelectorAll('.near .o')].map((one) => one.clientWidth)")
        assert len(widths) == 4
        assert min(widths) > 100
        desk.close()


def test_a_time_zone_that_the_browser_does_not_know_takes_no_key_away(copied: Path, chromium: Any) -> None:
    config = copied / "agreement.yaml"
    config.write_text(config.read_text().replace("Asia/Yerevan", "localtime"))
    with served(copied) as running:
        desk = Desk(chromium, running, "demo-a")
        desk.page.keyboard.press("?")
        assert desk.page.is_visible("#help")
        assert ":" in desk.page.inner_text("#clock-utc")
        desk.close()


def test_an_answer_that_breaks_off_is_not_called_undone(copied: Path, chromium: Any) -> None:
    out = copied / "out"
    with served(copied) as running:
        desk = Desk(chromium, running, "demo-a")
        one = at(desk, out, 3)
        desk.page.evaluate("""() => {
            const own = window.fetch;
            window.fetch = async (...asked) => {
                const answer = await own(...asked);
                if (!`${asked[0]}`.endsWith("/verdicts")) return answer;
                const late = async () => { throw new DOMException("signal timed out", "TimeoutError"); };
                return { ok: true, status: 201, json: late };
            };
        }""")
        desk.insist("c", f"{TOAST}.startsWith('No answer from the console')")
        desk.close()
    assert {word for _, word, _ in words(out, one)} == {"confirmed"}


@pytest.mark.parametrize(("count", "seen"), [(3, False), (150, True)])
def test_a_zone_has_its_name_on_the_map_also_among_hundreds_of_places(
    count: int, seen: bool, console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo-b")
    there = {"type": "Point", "coordinates": [45.01, 40.1901]}  # where the name stands
    features = [
        {"type": "Feature", "geometry": there, "properties": {"id": f"{k}", "layer": "place"}} for k in range(count)
    ]
    found = {"type": "FeatureCollection", "features": features, "seq": 1, "gone": [], "most": 1000}
    desk.page.route("**/api/map/violations*", lambda route: route.fulfill(json=found))
    with desk.page.expect_response("**/api/map/violations*"):
        desk.go("/zones")
    desk.page.wait_for_selector(".map-label.zone", state="attached")
    desk.page.wait_for_timeout(1000)
    hidden = desk.page.evaluate("document.querySelector('.map-label.zone').style.visibility === 'hidden'")
    assert hidden != seen
    desk.close()


def test_what_is_joined_in_a_search_is_said_on_the_page_that_comes(copied: Path, chromium: Any) -> None:
    with served(copied) as running:
        desk = Desk(chromium, running, "demo-a")
        desk.go("/search?text=track")
        desk.until("document.querySelectorAll('tr[data-id]').length === 20 && document.title.startsWith('(')")
        for key in "jxjxi":
            desk.page.keyboard.press(key)
        desk.until("document.querySelectorAll('tr[data-id]').length === 19")
        desk.until(f"{TOAST}.startsWith('Joined')")
        desk.close()


def test_digits_go_by_their_place_where_the_keyboard_writes_letters_there(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    at(desk, out, 10)
    desk.page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'ձ', code: 'Digit2' }))")
    assert desk.page.evaluate("[...document.querySelectorAll('.near input')].findIndex((box) => box.checked)") == 1
    desk.close()


def test_joining_that_is_asked_for_twice_is_done_once_and_not_called_undone(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo-a")
    desk.go("/queue?order=newest")
    asked: list[str] = []
    desk.page.on("request", lambda one: asked.append(one.url) if one.url.endswith("/join") else None)
    with held_back(desk, "**/join"):
        for key in "jxjxii":
            desk.page.keyboard.press(key)
        desk.until(f"{TOAST}.startsWith('Waiting')")
    desk.until(f"{TOAST}.startsWith('Joined')")
    desk.page.keyboard.press("z")
    desk.until(f"{TOAST}.startsWith('Taken back')")
    assert len(asked) == 1
    desk.close()


def test_z_goes_back_over_what_was_done_here_step_by_step_and_never_forth(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    one = at(desk, out, 16)
    press = desk.page.keyboard.press
    press("c")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    press("k")
    desk.until(f"document.querySelector('article.violation').dataset.id === '{one}'")
    press("r")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    press("z")
    desk.until("document.querySelector('.party.mine.confirmed') !== null")
    press("z")
    desk.until("document.querySelector('.party.mine.none') !== null")
    press("z")
    desk.until(f"{TOAST} === 'There is nothing to take back.'")
    desk.complaints = [said for said in desk.complaints if "409" not in said]
    desk.close()
    assert [word for _, word, _ in words(out, one)] == ["confirmed", "rejected", "confirmed", "withdrawn"]


def test_a_colleague_who_decides_otherwise_is_told_to_who_spoke_first_and_at_once_to_who_spoke_last(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    one = at(desk, out, 17)
    desk.page.keyboard.press("c")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{one}'")
    with LogWriter(out, alone=False) as log:
        log.verdict(Verdict(one, "A", "armen", Decision.REJECTED, "", T0))
    desk.until(f"{TOAST}.includes('after you, armen of your party has said: rejected')")
    after = desk.shown()
    with held_back(desk, f"**/part/review/{after}"):
        with LogWriter(out, alone=False) as log:
            log.verdict(Verdict(after, "A", "armen", Decision.EXERCISE, "", T0))
        desk.page.keyboard.press("c")
        desk.until(f"{TOAST}.includes('It replaces what a colleague said just before')")
    desk.page.wait_for_selector(".party.mine.confirmed")
    assert desk.shown() == after
    desk.close()
    assert [word for _, word, _ in words(out, one)] == ["confirmed", "rejected"]


def test_a_page_of_an_earlier_session_and_what_is_refused_are_told_in_the_persons_language(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    context, said = desk.page.context, Languages().of("tr").gettext
    context.add_cookies([{"name": "language", "value": "tr", "url": running.address}])
    at(desk, out, 18)
    answer = {"detail": "there is no possible violation 0"}
    desk.page.route("**/verdicts", lambda route: route.fulfill(status=404, json=answer))
    desk.insist("c", f"{TOAST}.includes({json.dumps(said(SENTENCES[404]))})")
    assert desk.page.inner_text("#toast small[lang=en]") == answer["detail"]
    desk.page.unroute("**/verdicts")
    token = next(one for one in context.cookies() if one["name"] == "trucewatch")
    other = chromium.new_context()
    form = {"name": "demo-b", "password": running.passwords["demo-b"], "to": "/"}
    other.request.post(f"{running.address}/sign-in", form=form, max_redirects=0)
    fresh = next(one for one in other.cookies() if one["name"] == "trucewatch")
    other.close()
    context.add_cookies([{**token, "value": fresh["value"]}])
    desk.insist("c", f"{TOAST}.includes({json.dumps(said(OTHER_SESSION))})")
    assert all("403" in one or "404" in one for one in desk.complaints)
    desk.complaints.clear()
    desk.close()


def test_a_place_that_does_not_come_is_waited_for_aloud_on_the_agreements_map_and_not_on_the_worlds(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    with held_back(desk, "**/api/violations/*/map"):
        at(desk, out, 12)
        desk.page.wait_for_selector(".map-box .map-none.waiting")
        near = r"/^\d{1,3}\sm$|^\d{1,2}\skm$/.test(document.querySelector('.maplibregl-ctrl-scale').textContent)"
        desk.until(near)
    desk.until("document.querySelector('.map-none') === null")
    desk.close()


LABELS = "[...document.querySelectorAll('.tl-labels span')].filter((one) => one.getClientRects().length)"
CLOSE = f"""{LABELS}.map((one) => one.getBoundingClientRect())
    .some((one, k, all) => k && one.left < all[k - 1].right + 2)"""


def test_hours_of_the_timeline_stand_apart_on_every_width_and_on_paper(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo-a")
    desk.go("/timeline?since=2026-03-01T06:30&until=2026-03-01T06:48")
    desk.until(f"{LABELS}.length > 8")
    for media, width in (("screen", 1440), ("screen", 1000), ("screen", 700), ("screen", 390), ("print", 720)):
        desk.page.emulate_media(media=media)
        desk.page.set_viewport_size({"width": width, "height": 900})
        assert desk.page.evaluate(f"{LABELS}.length") > 1, (media, width)
        assert not desk.page.evaluate(CLOSE), (media, width)
    desk.close()


@pytest.mark.parametrize("path", ["/timeline", "/search?text=track"])
def test_what_is_new_is_said_and_shown_when_it_is_asked_for(
    console: tuple[Served, Path], chromium: Any, path: str
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    desk.go(path)
    desk.until("document.title.startsWith('(')")
    assert not desk.page.is_visible("#news")
    new = opened(out, 200 + len(path))
    desk.page.wait_for_selector("#news:not([hidden])")
    link = f"main a[href='/review/{new.violation_id}']"
    assert desk.page.locator(link).count() == 0
    desk.page.keyboard.press("r")
    desk.page.wait_for_selector(link, state="attached")
    assert not desk.page.is_visible("#news")
    desk.close()


def test_a_tile_that_is_on_the_screen_says_what_its_feed_does_and_since_when(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")

    def says(state: str, why: str) -> None:
        now_ns = time.time_ns()
        said = {"version": 1, "source_id": "north", "kind": "pictures", "state": state, "state_why": why}
        write_live(out, "north", said | {"written_ns": now_ns, "since_ns": T0 + 5 * S})

    try:
        says("running", "")
        desk.go("/")
        desk.page.wait_for_selector(".tile.live")
        assert not desk.page.is_visible(".tile .why-not")
        says("reconnecting", "nothing arrived")
        desk.page.wait_for_selector(".tile.trouble .why-not:not([hidden])")
        told = "Not seen any more; it is tried again and again, since 2026-03-01 06:30:05 nothing arrived"
        desk.until(f"document.querySelector('.tile .why-not').textContent === {json.dumps(told)}")
        says("running", "")
        desk.page.wait_for_selector(".tile.live .why-not[hidden]", state="attached")
    finally:
        (out / "live" / "north.live").unlink()
    desk.page.wait_for_selector(".tile.ended[data-live='0']")  # the centre runs it no more
    desk.close()


def test_who_works_in_one_window_is_not_told_in_another_that_nobody_is_there(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo-a")
    wall = desk.page.context.new_page()
    wall.clock.install()
    wall.goto(f"{running.address}/")
    wall.wait_for_selector("#map canvas")
    wall.clock.fast_forward(50 * 60_000)
    desk.page.clock.install()
    desk.page.reload()
    desk.until("document.title.startsWith('(')")
    desk.page.clock.fast_forward(2 * 60_000)
    desk.page.keyboard.press("Shift")
    wall.wait_for_timeout(300)
    wall.clock.fast_forward(10 * 60_000)
    assert "signed out" not in wall.inner_text("#toast")
    wall.clock.fast_forward(50 * 60_000)
    assert "signed out" in wall.inner_text("#toast")
    wall.evaluate("async () => (await import(document.querySelector('script[src*=base]').src)).say('Not shown')")
    assert "signed out" in wall.inner_text("#toast")  # nothing takes the place of that
    wall.keyboard.press("Shift")
    wall.wait_for_function("document.querySelector('#toast').textContent === 'Not shown'")
    desk.close()
