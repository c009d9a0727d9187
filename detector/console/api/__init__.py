"""For programs and for the pages' own modules: JSON under /api, described by /api/openapi.json."""

from __future__ import annotations

from fastapi import APIRouter

from detector.console.api import events, evidence, export, feeds, maps, me, verdicts, violations

ROUTERS: dict[str, APIRouter] = {
    "me": me.router,
    "violations": violations.router,
    "verdicts": verdicts.router,
    "maps": maps.router,
    "evidence": evidence.router,
    "export": export.router,
    "feeds": feeds.router,
    "events": events.router,
}
"""Every part of the API."""
