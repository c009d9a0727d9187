"""A reviewer before the console's overview in a real Chromium: when each possible violation was on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
TRACED = [
    "toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "disabled-by-default-v8.cpu_profiler",
    "cc", "gpu", "viz", "blink", "ipc", "v8",
]  # fmt: skip
# What has been there for some time is decided, as at a desk: else the newest would not be among the twelve shown.
_DECIDE = """async (ms) => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  for (const row of document.querySelectorAll("li[data-id]")) {
    const at = onScreen[row.dataset.id];
    if (!at || Date.now() - at < ms) continue;
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

    def decide(self, after_s: float = 20.0) -> None:
        """Give a verdict on what has been seen for so long."""
        self._page.evaluate(_DECIDE, 1000 * after_s)

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

    def take_in(self) -> None:
        """The browser's own messages, without waiting."""
        self._page.wait_for_timeout(1)

    def page_figures(self) -> dict[str, float]:
        """The page's heap [MB], nodes, listeners and documents, after a collection."""
        tools = self._page.context.new_cdp_session(self._page)
        tools.send("HeapProfiler.collectGarbage")
        tools.send("Performance.enable")
        found = {one["name"]: one["value"] for one in tools.send("Performance.getMetrics")["metrics"]}
        tools.detach()
        return {"heap_mb": round(found["JSHeapUsedSize"] / 1e6, 2)} | {
            name: found[key]
            for name, key in (("nodes", "Nodes"), ("listeners", "JSEventListeners"), ("documents", "Documents"))
        }

    def begin_trace(self) -> None:
        """Of every process of the browser, until `trace`."""
        self._page.context.browser.start_tracing(page=self._page, categories=TRACED)

    def trace(self) -> bytes:
        """What was traced, for the browser's own tools."""
        return bytes(self._page.context.browser.stop_tracing())

    def save(self, path: str) -> None:
        """A picture of it."""
        self._page.screenshot(path=path)


@contextmanager
def screen(
    address: str, name: str, password: str, viewport: Sequence[int] = (1440, 900), theme: str = "dark"
) -> Iterator[Screen]:
    """Signed in, before the overview. theme: dark, light or night. Raises SystemExit: there is no browser here."""
    if CHROMIUM is None:
        raise SystemExit(WHY_NOT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = browser.new_context(viewport={"width": viewport[0], "height": viewport[1]})
        context.add_cookies([{"name": "theme", "value": theme, "url": address}])
        page = context.new_page()
        page.add_init_script(_WATCH)
        page.goto(f"{address}/")
        page.keyboard.type(name)
        page.keyboard.press("Tab")
        page.keyboard.type(password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        yield Screen(page)
        browser.close()
