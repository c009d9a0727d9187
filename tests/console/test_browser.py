"""The pages as people use them: a real Chromium, a real server, the keyboard."""

from __future__ import annotations

import contextlib
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from detector.config import load_outline
from detector.config.in_force import file_in_force
from detector.live_file import VERSION, write_centre, write_live
from detector.log import LogWriter, open_reader, verify_log
from detector.model import State
from tests.console.browser import CHROMIUM, WHY_NOT, Desk, Served, served
from tests.console.conftest import COUNT, T0, S
from tests.console.test_base_map import PICTURE, mbtiles
from tests.console.test_pages import HOSTILE
from tests.console.test_pushed import write

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason=WHY_NOT)]

PAGES = ("/", "/queue", "/review", "/timeline", "/search", "/zones", "/place?lon=45.005&lat=40.205")
THEMES = ("light", "dark", "night")


def test_twenty_are_decided_without_a_mouse_and_one_is_taken_back(console: tuple[Served, Path], chromium: Any) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-a")
    press = desk.page.keyboard.press
    press("g")
    press("r")
    desk.page.wait_for_url("**/review/*")
    given = {}
    for number in range(COUNT):
        now = desk.shown()
        key, word = list({"c": "confirmed", "r": "rejected", "u": "undetermined", "e": "exercise"}.items())[number % 4]
        if number == 2:
            press("n")
            desk.page.keyboard.type("seen from the north post: c r u e z")
            press("Escape")
        press(key)
        given[now] = word
        if number == 0:
            desk.until("document.getElementById('toast').textContent.startsWith('confirmed: logged')")
        if number < COUNT - 1:
            desk.until(f"document.querySelector('article.violation').dataset.id !== '{now}'")
    desk.until("document.querySelector('.steps').textContent.includes('nothing waits')")
    press("z")
    desk.until("document.querySelector('.steps').textContent.includes('1 of 1')")
    press(key)
    desk.until("document.querySelector('.steps').textContent.includes('nothing waits')")
    desk.close()
    with open_reader(out) as reader:
        found = reader.violations()
    assert {one.violation.violation_id: str(one.verdicts[0].verdict) for one in found} == given
    assert {verdict.reviewer for one in found for verdict in one.history} == {"demo-a"}
    assert [one.verdicts[0].note for one in found if one.verdicts[0].note] == ["seen from the north post: c r u e z"]
    assert verify_log(out).intact


def test_what_the_other_party_says_is_seen_within_two_seconds(console: tuple[Served, Path], chromium: Any) -> None:
    running, out = console
    anna, bayram = Desk(chromium, running, "demo-a"), Desk(chromium, running, "demo-b")
    with open_reader(out) as reader:
        one = reader.violations()[7].violation.violation_id
    anna.go(f"/review/{one}")
    bayram.go(f"/review/{one}")
    told_s = []  # the best of three: a machine that does other things may be late once
    for key, word in (("u", "undetermined"), ("r", "rejected"), ("e", "exercise")):
        bayram.go(f"/review/{one}")
        bayram.page.wait_for_selector("#map canvas")
        bayram.page.keyboard.press(key)
        told_s.append(anna.after_s(f"document.querySelector('.party:nth-child(2).{word}') !== null"))
    assert min(told_s) <= 2
    told_s.clear()
    for number in range(3):
        before = anna.page.inner_text("#toast")
        with LogWriter(out, alone=False) as recorder, open_reader(out) as reader:
            new = replace(
                reader.violation(one).violation,
                state=State.OPEN,
                subject=f"track {99 + number}",
                t_start_ns=T0 + (9999 + number) * S,
            )
            recorder.opened(new)
        toast = "document.getElementById('toast').textContent"
        told_s.append(anna.after_s(f"{toast}.startsWith('New: ') && {toast} !== '{before}'"))
    assert min(told_s) <= 2
    anna.until("/^\\(\\d+\\) /.test(document.title)")
    anna.close()
    bayram.close()


def test_the_operators_own_map_lies_under_the_agreements_in_every_theme(copied: Path, chromium: Any) -> None:
    mbtiles(copied / "ground.mbtiles", {(1, 1, 0): PICTURE})  # enlarged from there on
    config = copied / "agreement.yaml"
    plain = config.read_text()
    seen = {}
    for name, text in (("plain", plain), ("with", plain + "console: {base_map: ground.mbtiles}\n")):
        config.write_text(text)
        with served(copied) as running:
            desk = Desk(chromium, running, "demo")
            for theme in THEMES:
                desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": running.address}])
                tiles: list[int] = []
                desk.page.on(
                    "response", lambda one, to=tiles: to.append(one.status) if "base-map/" in one.url else None
                )
                desk.go("/zones")
                desk.page.wait_for_selector("#map canvas")
                if name == "with":
                    desk.until("document.querySelector('#map').dataset.base === 'raster'")
                    desk.until("document.querySelector('.map-source').textContent === 'Survey Office'")
                end_s = time.monotonic() + 30
                while True:  # the plain ground is there with the page; the map over it, once it has drawn itself
                    shot = cv2.imdecode(
                        np.frombuffer(desk.page.locator("#map").screenshot(), np.uint8), cv2.IMREAD_COLOR
                    )
                    assert shot is not None
                    seen[name, theme] = np.median(shot.reshape(-1, 3), axis=0)
                    differs = np.abs(seen[name, theme] - seen["plain", theme]).sum()
                    if name == "plain" or differs > 8 or time.monotonic() > end_s:
                        break
                    desk.page.wait_for_timeout(100)
                assert name == "plain" or 200 in tiles
            assert not desk.complaints
            desk.close()
    for theme in THEMES:
        blue, green, red = seen["with", theme] - seen["plain", theme]
        assert abs(green) + abs(red) + abs(blue) > 8, theme


def test_every_screen_is_accessible_in_every_theme_and_runs_nothing_of_the_log(
    console: tuple[Served, Path], chromium: Any
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    running, out = console
    write(out, "north", time.time_ns(), state="frozen", **HOSTILE)
    desk = Desk(chromium, running, "demo")
    serious = []

    def looked_at(page: Any, *where: str) -> None:
        found = axe.run(page).response["violations"]
        serious.extend(
            (*where, one["id"], one["nodes"][0]["html"][:120])
            for one in found
            if one["impact"] in {"serious", "critical"}
        )

    for theme in THEMES:
        desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": running.address}])
        for path in (*PAGES, "/activity", "/accounts", "/account") if theme == "dark" else ("/review",):
            desk.go(path)
            if path == "/review":
                desk.page.wait_for_selector("#map canvas")
            looked_at(desk.page, theme, path)
    desk.page.keyboard.press("?")
    assert desk.page.locator("#help").is_visible()
    looked_at(desk.page, "help")
    desk.close()
    stranger = chromium.new_page()
    stranger.goto(running.address)
    assert stranger.locator("[name=password]").is_visible()
    looked_at(stranger, "sign-in")
    stranger.close()
    (out / "live" / "north.live").unlink()
    assert serious == []


def test_what_is_printed_is_dark_on_white_in_every_theme(console: tuple[Served, Path], chromium: Any) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo")
    seen = set()
    for theme in THEMES:
        desk.page.context.add_cookies([{"name": "theme", "value": theme, "url": running.address}])
        desk.go("/queue")
        desk.page.emulate_media(media="print")
        desk.until("matchMedia('print').matches")
        seen.add(
            desk.page.evaluate(
                """() => [getComputedStyle(document.documentElement).backgroundColor,
                    getComputedStyle(document.querySelector("h1")).color,
                    getComputedStyle(document.querySelector(".rows")).backgroundColor,
                    getComputedStyle(document.body, "::after").content,
                    getComputedStyle(document.querySelector(".top")).display].join(" ")"""
            )
        )
    desk.close()
    assert seen == {"rgb(255, 255, 255) rgb(23, 33, 42) rgb(255, 255, 255) none none"}


def test_no_page_is_wider_than_the_screen_with_long_names_in_any_language(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, _ = console
    desk = Desk(chromium, running, "demo")
    wide = []
    for width, language in ((1440, "hy"), (720, "ru"), (390, "tr")):
        desk.page.set_viewport_size({"width": width, "height": 844})
        desk.page.context.add_cookies([{"name": "language", "value": language, "url": running.address}])
        for path in ("/queue", "/review", "/timeline", "/place?lon=45.005&lat=40.205", "/accounts"):
            desk.go(path)
            if desk.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append((path, width, language))
    desk.go("/place")
    desk.page.wait_for_selector(".maplibregl-ctrl-zoom-in[aria-label='Yakınlaştır']")  # the map's own words, too
    desk.close()
    assert wide == []


def test_with_twelve_feeds_on_a_small_screen_map_and_what_waits_are_seen_and_stay(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    names = [f"feed-{number}" for number in range(12)]
    for name in names:
        write(out, name, time.time_ns(), kind="pictures")
    try:
        desk = Desk(chromium, running, "demo-b")
        desk.page.set_viewport_size({"width": 1366, "height": 768})
        desk.go("/")
        top = "Math.round(document.querySelector('{}').getBoundingClientRect().top)"
        assert desk.page.evaluate("document.querySelector('#map').getBoundingClientRect().bottom") < 768
        assert desk.page.evaluate(top.format(".side-queue")) < 500
        desk.page.evaluate("scrollTo(0, 1200)")
        desk.until("scrollY > 900")
        assert desk.page.evaluate(top.format(".side-queue")) == 60
        desk.close()
    finally:
        for name in names:
            (out / "live" / f"{name}.live").unlink()


def test_the_clip_of_the_next_one_runs_at_once(console: tuple[Served, Path], chromium: Any) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    with open_reader(out) as reader:
        desk.go(f"/review/{reader.violations()[10].violation.violation_id}")
    waits_ms = []
    for _ in range(3):
        # Whoever looks at one looks so long that the next has been fetched and its first picture decoded.
        desk.until("document.querySelector('video').readyState >= 3")
        desk.page.wait_for_timeout(700)
        waits_ms.append(
            desk.page.evaluate(
                """async () => {
                    const before = document.querySelector("article.violation").dataset.id, began = performance.now();
                    document.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
                    while (document.querySelector("article.violation").dataset.id === before
                        || document.querySelector("video").readyState < 3) await new Promise((go) => setTimeout(go, 5));
                    return performance.now() - began;
                }"""
            )
        )
    desk.close()
    # 300 on a machine with nothing else to do (decision 041); one that does other things may be late once.
    assert min(waits_ms) <= 1000


def test_joining_splitting_and_taking_back_need_no_mouse(console: tuple[Served, Path], chromium: Any) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    press = desk.page.keyboard.press
    with open_reader(out) as reader:
        before = len(reader.violations())
        desk.go(f"/review/{reader.violations()[12].violation.violation_id}")
    members = "document.querySelectorAll('.members li').length"
    desk.page.wait_for_selector("#map canvas")
    for keys, count in (("1", 0), ("2", 0), ("i", 2), ("2", 2), ("x", 1), ("z", 2), ("1", 2), ("2", 2), ("x", 0)):
        press(keys)
        desk.until(f"{members} === {count}")
    # On a Russian keyboard the key of "j" writes another letter.
    shown = desk.shown()
    desk.page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: 'о', code: 'KeyJ' }))")
    desk.until(f"document.querySelector('article.violation').dataset.id !== '{shown}'")
    desk.go("/queue?order=newest")
    for key in "jxjxi":
        press(key)
    desk.until("document.getElementById('toast').textContent.startsWith('Joined')")
    with open_reader(out) as reader:
        assert len(reader.violations()) == before - 1
    press("z")
    desk.until("document.getElementById('toast').textContent.startsWith('Taken back')")
    desk.close()
    with open_reader(out) as reader:
        assert len(reader.violations()) == before
    assert verify_log(out).intact


def test_news_that_comes_while_the_next_is_fetched_takes_nobody_back(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo-b")
    with open_reader(out) as reader:
        desk.go(f"/review/{reader.violations()[3].violation.violation_id}")
    desk.page.wait_for_selector("#map canvas")
    stayed = desk.page.evaluate(
        """async () => {
            const shown = () => document.querySelector("article.violation").dataset.id;
            const wait = (ms) => new Promise((go) => setTimeout(go, ms));
            const on = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "j" }));
            const first = shown(), fetched = window.fetch;
            let slow = null;
            window.fetch = async (url, ...more) => {
                await wait(slow && String(url).includes(slow) ? 600 : 200);
                return fetched(url, ...more);
            };
            on();
            while (shown() === first) await wait(5);
            slow = shown();
            on();  // on the way to the third when the log says something of the second
            document.dispatchEvent(new Event("news"));
            while (shown() === slow) await wait(5);
            const third = shown();
            await wait(1000);
            return shown() === third && third !== slow;
        }"""
    )
    desk.close()
    assert stayed


def test_a_zone_is_drawn_tried_and_saved_and_a_click_asks_about_a_place(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    desk = Desk(chromium, running, "demo")
    page = desk.page
    desk.go("/zones")
    page.wait_for_selector("#map canvas")
    desk.until("document.querySelectorAll('.corner').length === 8")  # four corners, four between them
    page.keyboard.press("+")
    for x, y in ((800, 300), (1200, 300), (1200, 600)):
        page.mouse.click(x, y)
    desk.until("document.querySelector('[name=points]').value.split('\\n').length === 3")
    page.keyboard.press("d")
    page.fill("#min-time", "two")
    page.click("#preview")
    desk.until("document.querySelector('#outcome .trouble')?.textContent.includes('min_time_s')")
    assert all("422" in said for said in desk.complaints)
    desk.complaints.clear()
    page.fill("#min-time", "2,5")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    desk.until("document.querySelectorAll('#outcome tr').length === 2")
    page.fill("[name=name]", "by the bridge")
    desk.until("[...document.querySelectorAll('.map-label')].some((one) => one.textContent === 'by the bridge')")
    page.click("#save")
    desk.until("document.getElementById('saved').textContent.startsWith('Saved as agreement.')")
    (saved,) = out.parent.glob("agreement.2*.yaml")
    assert set(load_outline(saved).map.zones) == {"strip", "zone-1"}
    given = out.parent / "agreement.yaml"
    a_centre_runs(out, given)
    desk.go("/zones")
    page.once("dialog", lambda asked: asked.accept())
    a_centre_runs(out, given)  # what it says is believed for 10 s
    refused = {"status": 409, "json": {"detail": "its folder cannot be written"}}
    page.route("**/in-force", lambda route: route.fulfill(**refused))
    page.click(f"[data-put='{saved.name}']")
    desk.until("document.getElementById('put').textContent.includes('its folder cannot be written')")
    page.unroute("**/in-force")
    assert all("409" in said for said in desk.complaints)
    desk.complaints.clear()
    page.once("dialog", lambda asked: asked.accept())
    page.click(f"[data-put='{saved.name}']")
    desk.until(f"document.getElementById('put').textContent.startsWith('{saved.name} is put in force.')")
    assert file_in_force(given) == saved
    desk.go("/place")
    page.wait_for_selector("#map canvas")
    desk.until("document.getElementById('map').querySelector('.map-label') !== null")
    desk.until("document.querySelector('#map canvas').style.cursor === 'crosshair'")
    for _ in range(5):  # before the map has first drawn itself it takes no click, as a person would notice
        page.mouse.click(1100, 400)
        with contextlib.suppress(playwright.TimeoutError):
            page.wait_for_url("**/place?lon=4*", timeout=4000)
            break
    assert "in view" in page.content()
    desk.close()


def test_what_two_administrators_draw_on_one_map_is_put_together_and_none_is_lost(copied: Path, chromium: Any) -> None:
    with served(copied) as running:
        first, second = Desk(chromium, running, "demo"), Desk(chromium, running, "demo")
        for desk, name in ((first, "West"), (second, "East")):
            desk.page.on("dialog", lambda asked: asked.accept())
            desk.go("/zones")
            desk.until("document.querySelectorAll('.shapes li').length === 2")
            desk.page.click(".shapes li:nth-child(1) button")
            desk.page.fill("[name=name]", f"Strip of {name}")
            desk.page.click("[data-new-shape=zone]")
            desk.page.fill("[name=name]", name)
            desk.page.fill("[name=id]", "strip")
            assert desk.page.get_attribute("[name=id]", "aria-invalid") == "true", "that one is there"
            desk.page.fill("[name=id]", "zone-1")
            desk.page.fill("[name=points]", "45.0 40.2\n45.01 40.2\n45.01 40.21")
        saved = "document.getElementById('saved').textContent"
        first.page.click("#save")
        first.until(f"{saved}.startsWith('Saved as agreement.')")
        second.page.click("#save")
        second.until(f"{saved}.includes('was saved since')")
        assert all("412" in said for said in second.complaints)
        second.complaints.clear()
        second.page.click("#saved a")
        second.page.click(".news a")
        second.until("document.querySelectorAll('.shapes li').length === 4")
        shapes = second.page.inner_text("#shapes")
        assert "Strip of East" in shapes
        assert shapes.count("in the newest version as well") == 1
        assert "zone-2 · new" in shapes
        second.page.click("#save")
        second.until(f"{saved}.startsWith('Saved as agreement.')")
        newest = load_outline(sorted(copied.glob("agreement.2*.yaml"))[-1]).map.zones
        assert {one.name for one in newest.values()} == {"Strip of East", "West", "East"}
        first.close()
        second.close()


def a_centre_runs(out: Path, given: Path) -> None:
    goes_by = {"config_given": str(given), "config_sha256": load_outline(given).sha256}
    write_centre(out, {"version": VERSION, "written_ns": time.time_ns(), **goes_by})


def test_nothing_that_is_not_on_the_map_waits_for_the_map(night: Path, tmp_path: Path, chromium: Any) -> None:
    folder = Path(shutil.copytree(night, tmp_path / "night"))
    given, version = folder / "agreement.yaml", folder / "agreement.20260301T000000Z.yaml"
    version.write_text(given.read_text().replace("min_time_s: 2", "min_time_s: 3"))
    out = folder / "out"
    with served(folder) as running:
        desk = Desk(chromium, running, "demo")
        desk.page.route("**/api/base-map", lambda _: None)  # what the map waits for never comes
        a_centre_runs(out, given)
        desk.go("/zones")
        assert desk.page.is_disabled("[data-new-shape=zone]")
        desk.page.once("dialog", lambda asked: asked.accept())
        a_centre_runs(out, given)  # what it says is believed for 10 s
        desk.page.click(f"[data-put='{version.name}']")
        desk.until(f"document.getElementById('put').textContent.startsWith('{version.name} is put in force.')")
        assert file_in_force(given) == version
        desk.go("/search?text=strip")
        assert desk.page.is_disabled("#take-box")
        desk.page.fill("#view-title", "of the strip")
        desk.page.click("#keep-view")
        desk.page.wait_for_selector("[data-forget]")
        jpeg = cv2.imencode(".jpg", np.full((36, 64, 3), 90, np.uint8))[1].tobytes()
        now = {"version": 1, "kind": "pictures", "state": "running", "t_ns": T0, "size_px": [64, 36], "tracks": []}
        write_live(out, "running", now | {"written_ns": time.time_ns(), "lag_s": 0.06}, jpeg)
        desk.go("/")
        desk.until("document.querySelector('[data-feed=\"running\"] canvas').dataset.painted === '1'")
        desk.close()


def test_a_running_feed_shows_its_picture_how_far_behind_it_is_and_what_its_method_takes(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    jpeg = cv2.imencode(".jpg", np.full((36, 64, 3), 90, np.uint8))[1].tobytes()
    said: dict[str, Any] = {
        "version": 1, "kind": "pictures", "state": "running", "t_ns": T0, "size_px": [64, 36], "tracks": [],
        "footprint": [[45.0, 40.2], [45.01, 40.2], [45.01, 40.21]],
    }  # fmt: skip

    def show(lag_s: float) -> None:
        write_live(out, "running", said | {"written_ns": time.time_ns(), "lag_s": lag_s, "delay_s": 1.64}, jpeg)

    show(0.06)
    desk = Desk(chromium, running, "demo-a")
    desk.go("/")
    tile = "document.querySelector('[data-feed=\"running\"]')"
    try:
        desk.until(f"{tile}.querySelector('canvas').dataset.painted === '1'")
        assert desk.page.evaluate(f"{tile}.querySelector('[data-live-value=lag_s]').textContent") == "0.1 s"
        assert desk.page.evaluate(f"{tile}.querySelector('[data-live-value=delay_s]').textContent") == "+ 1.6 s"
        show(0.84)
        desk.until(f"{tile}.querySelector('[data-live-value=lag_s]').textContent === '0.8 s'")
    finally:
        shutil.rmtree(out / "live")
    desk.close()


# Counts what the map's graphics draw, and pictures taken up and let go.
COUNTING = """
window.drawn = 0; window.held = 0;
for (const name of ["drawElements", "drawArrays"]) {
  const before = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...all) { window.drawn++; return before.apply(this, all); };
}
const make = window.createImageBitmap, close = ImageBitmap.prototype.close;
window.createImageBitmap = async (...all) => { const one = await make(...all); window.held++; return one; };
ImageBitmap.prototype.close = function () { window.held--; return close.apply(this); };
"""


def test_news_touches_only_what_differs_and_neither_pictures_nor_the_map_are_made_anew(
    console: tuple[Served, Path], chromium: Any
) -> None:
    running, out = console
    jpeg = cv2.imencode(".jpg", np.full((36, 64, 3), 90, np.uint8))[1].tobytes()
    said: dict[str, Any] = {
        "version": 1, "kind": "pictures", "state": "running", "size_px": [64, 36],
        "tracks": [{"track_id": 1, "xyxy_px": [10, 10, 20, 20], "place": None}],
    }  # fmt: skip
    east = 0

    def show() -> None:
        nonlocal east
        east += 1  # the view moves on
        ring = [[45.0 + east * 1e-4, 40.2], [45.01, 40.2], [45.01, 40.21]]
        write_live(
            out, "running", said | {"written_ns": time.time_ns(), "t_ns": T0 + east * S, "footprint": ring}, jpeg
        )

    def opened(log: LogWriter, number: int) -> str:
        t_ns = T0 + (20_000 + number) * S
        new = replace(old, state=State.OPEN, subject=f"news {number}", t_start_ns=t_ns, t_end_ns=t_ns + S)
        log.opened(new)
        return new.violation_id

    show()
    with open_reader(out) as reader:
        old = reader.violations()[0].violation
    with LogWriter(out, alone=False) as log:
        for number in range(12):  # as many as are shown: from here on the queue is as high as it gets
            opened(log, number)
    desk = Desk(chromium, running, "demo-a")
    desk.page.add_init_script(COUNTING)
    desk.go("/")
    try:
        desk.until("document.querySelector('.tile canvas')?.dataset.painted === '1'")
        desk.until("document.querySelector('.map-found') !== null")
        for key in "jj":
            desk.page.keyboard.press(key)
        drawn = -1
        while drawn != (drawn := desk.page.evaluate("window.drawn")):  # until the map has drawn itself
            desk.page.wait_for_timeout(1000)
        desk.page.evaluate(
            "document.querySelector('.tile canvas').kept = document.querySelector('.side-queue li.on').kept = true"
        )
        with LogWriter(out, alone=False) as log:
            for number in range(12, 17):
                show()
                new_id = opened(log, number)
                desk.until(f"document.querySelector('li[data-id=\"{new_id}\"]') !== null")
        desk.page.wait_for_timeout(1200)
        assert desk.page.evaluate("document.querySelector('.tile canvas').kept") is True
        assert desk.page.evaluate("document.querySelector('.side-queue li.on').kept") is True
        assert desk.page.evaluate("document.querySelectorAll('.side-queue li').length") == 12
        assert desk.page.evaluate("window.drawn") == drawn, "the map was drawn anew though nobody moved it"
        desk.until("window.held <= 1")  # no picture is held after it was drawn
        shown = "[...document.querySelectorAll('.side-queue li')].map(one => one.dataset.id)"
        after_reload = desk.page.evaluate(shown)
        desk.go("/")
        assert desk.page.evaluate(shown) == after_reload
    finally:
        shutil.rmtree(out / "live")
    desk.close()
