"""A reviewer before the console's overview in a real Chromium: when each possible violation was on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.console.browser import ARGUMENTS, CHROMIUM, WHY_NOT

# By the browser's own clock, which is this machine's. On the screen: after the frame that drew it.
_WATCH = """
window.onScreen = {};
const note = () => {
  for (const row of document.querySelectorAll("li[data-id]")) {
    const id = row.dataset.id;
    if (id in onScreen) continue;
    onScreen[id] = null;
    requestAnimationFrame(() => setTimeout(() => { onScreen[id] = Date.now(); }));
  }
};
new MutationObserver(note).observe(document, { childList: true, subtree: true });
"""
# What has been on the screen for 20 s is decided, as at a desk: else the newest would not be among the twelve shown.
_DECIDE = """async () => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  for (const row of document.querySelectorAll("li[data-id]")) {
    const at = onScreen[row.dataset.id];
    if (!at || Date.now() - at < 20000) continue;
    await fetch(`/api/violations/${row.dataset.id}/verdicts`, {
      method: "POST", headers: { "content-type": "application/json", "x-csrf-token": csrf },
      body: JSON.stringify({ verdict: "exercise", note: "" }),
    });
  }
}"""


class Screen:
    """The overview, open."""

    def __init__(self, page: Any) -> None:
        self._page = page

    def wait(self, seconds: float) -> None:
        """Meanwhile the browser's own messages are taken in."""
        self._page.wait_for_timeout(1000 * seconds)

    def decide(self) -> None:
        """Give a verdict on what has been seen for 20 s."""
        self._page.evaluate(_DECIDE)

    def seen_ms(self) -> dict[str, float]:
        """When each was on the screen, by its id; UTC."""
        found = self._page.evaluate("() => onScreen")
        return {name: at for name, at in found.items() if at is not None}

    def painted(self) -> list[str]:
        """Feeds of which a picture is shown."""
        return list(
            self._page.evaluate(
                "() => [...document.querySelectorAll('.tile')].filter(one => one.querySelector('canvas[data-painted]'))"
                ".map(one => one.dataset.feed)"
            )
        )

    def save(self, path: str) -> None:
        """A picture of it."""
        self._page.screenshot(path=path)


@contextmanager
def screen(address: str, name: str, password: str) -> Iterator[Screen]:
    """Signed in, before the overview. Raises SystemExit: there is no browser here."""
    if CHROMIUM is None:
        raise SystemExit(WHY_NOT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{address}/")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        yield Screen(page)
        browser.close()
