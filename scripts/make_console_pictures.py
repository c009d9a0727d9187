"""Makes the user guide's pictures of the console, in Chromium, from a real run of the demo.

    .venv/bin/python scripts/make_console_pictures.py          runs the demo (about a minute) and writes docs/pictures/
    .venv/bin/python scripts/make_console_pictures.py DIR      takes the output of `trucewatch demo` that is there

One picture a screen, in the three themes and one other language. Everything on them was done by keyboard and mouse.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from make_pictures import PICTURES, ROOT, jpeg
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(ROOT))

from tests.console.browser import ARGUMENTS, CHROMIUM, WHY_NOT, Served, served

VIEW = {"width": 1440, "height": 900}
NOTE = "One vehicle, from the south; no markings seen."
DRAWN_S = 4.0  # a map and the first pictures of a clip, drawn by the processor


class Desk:
    """One person before one screen."""

    def __init__(self, chromium: Any, console: Served, name: str, *, theme: str = "dark", locale: str = "en") -> None:
        self._address = console.address
        context = chromium.new_context(viewport=VIEW, locale=locale)
        context.add_cookies([{"name": "theme", "value": theme, "url": console.address}])
        self.page = context.new_page()
        self.go("/queue")
        for text, key in ((name, "Tab"), (console.passwords[name], "Enter")):
            self.page.keyboard.type(text)
            self.page.keyboard.press(key)
        self.page.wait_for_url(f"{console.address}/queue")

    def go(self, path: str) -> None:
        """To a page of the console."""
        self.page.goto(self._address + path)

    def review(self, words: str) -> None:
        """Open the possible violation whose row in the queue has these words."""
        self.go("/queue")
        self.page.locator("a[href^='/review/']", has_text=words).first.click()
        self.page.wait_for_url("**/review/*")

    def save(self, name: str) -> None:
        """What is on the screen, once it has been drawn."""
        self.page.wait_for_timeout(1000 * DRAWN_S)
        picture = cv2.imdecode(np.frombuffer(self.page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
        (PICTURES / f"console-{name}.jpg").write_bytes(jpeg(np.asarray(picture, np.uint8)))
        sys.stdout.write(f"{PICTURES}/console-{name}.jpg\n")


def pictures(chromium: Any, console: Served) -> None:
    """One after the other; party B's verdict is on those that come after it."""
    other = Desk(chromium, console, "demo-b")
    other.review("Line of contact")
    other.page.keyboard.press("n")
    other.page.keyboard.type(NOTE)
    other.page.keyboard.press("Escape")
    other.page.keyboard.press("c")
    other.page.wait_for_timeout(1000)

    desk = Desk(chromium, console, "demo-a")
    desk.review("Line of contact")
    desk.save("review")
    desk.go("/timeline")
    desk.save("timeline")
    light = Desk(chromium, console, "demo-a", theme="light")
    light.go("/")
    light.save("light")
    Desk(chromium, console, "demo-a", theme="night").save("night")
    armenian = Desk(chromium, console, "demo-a", locale="hy")
    armenian.go("/review")
    armenian.save("armenian")

    zones = Desk(chromium, console, "demo")
    zones.go("/zones")
    zones.page.wait_for_selector("#map canvas")
    zones.page.wait_for_timeout(1000 * DRAWN_S)
    zones.page.keyboard.press("+")
    for x, y in ((770, 470), (1130, 440), (1130, 640), (770, 640)):
        zones.page.mouse.click(x, y)
    for key in "dp":
        zones.page.keyboard.press(key)
    zones.page.wait_for_selector("#outcome tr")
    zones.page.locator("#outcome").evaluate("one => one.scrollIntoView({block: 'end'})")
    zones.save("zones")


def main() -> None:
    """Write docs/pictures/console-*.jpg."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, nargs="?", help="output of `trucewatch demo`")
    given = parser.parse_args().out
    if CHROMIUM is None:
        raise SystemExit(WHY_NOT)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        out = Path(folder) / "out"  # what is done before the camera stands in a copy of the log
        if given is None:
            subprocess.run([sys.executable, "-m", "detector", "demo", "--out", str(out)], check=True, cwd=ROOT)
        else:
            shutil.copytree(given, out)
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        with served(Path(folder), ROOT / "configs" / "demo.yaml") as console:
            pictures(browser, console)
        browser.close()


if __name__ == "__main__":
    main()
