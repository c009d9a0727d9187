"""The pages: made on the server and there at once; small modules add the keyboard, the map and the news."""

from __future__ import annotations

from fastapi import APIRouter

from detector.console.pages import accounts, activity, overview, place, queue, review, search, sign_in, timeline, zones

ROUTERS: dict[str, APIRouter] = {
    "sign_in": sign_in.router,
    "overview": overview.router,
    "queue": queue.router,
    "review": review.router,
    "timeline": timeline.router,
    "place": place.router,
    "search": search.router,
    "zones": zones.router,
    "accounts": accounts.router,
    "activity": activity.router,
}
"""Every page."""
