"""For programs and for the pages' own modules: JSON under /api, described by /api/openapi.json."""

from __future__ import annotations

from fastapi import APIRouter

from detector.console.api import (
    accounts,
    events,
    evidence,
    export,
    feeds,
    groupings,
    maps,
    me,
    pictures,
    verdicts,
    views,
    violations,
    zones,
)

ROUTERS: dict[str, APIRouter] = {
    "me": me.router,
    "violations": violations.router,
    "verdicts": verdicts.router,
    "groupings": groupings.router,
    "maps": maps.router,
    "zones": zones.router,
    "evidence": evidence.router,
    "export": export.router,
    "feeds": feeds.router,
    "views": views.router,
    "accounts": accounts.router,
    "pictures": pictures.router,
    "events": events.router,
}
"""Every part of the API."""
