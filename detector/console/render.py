"""Pages from templates: everything escaped, in the reader's language, times in UTC with the centre's own beside."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detector import __version__
from detector.console import words
from detector.console.desk import Desk, desk_of
from detector.console.finding import apart_m
from detector.console.guard import Caller
from detector.console.judging import gravity, open_for, standing
from detector.console.live import SENTENCES as DOINGS
from detector.console.observations import told
from detector.console.refusals import OTHER_SESSION, SENTENCES
from detector.console.roles import PARTIES
from detector.log.export import radius_95_m
from detector.model import Place
from detector.timebase import NS_PER_S, iso_from_ns, seconds

THEMES = ("light", "dark", "night")
_TEMPLATES = Path(__file__).with_name("templates")


class Pages:
    """One set of templates a language."""

    def __init__(self, desk: Desk) -> None:
        self._environments = {name: _environment(desk, name) for name in desk.languages.names}

    def text(self, language: str, template: str, context: Mapping[str, Any]) -> str:
        """A template, filled in."""
        return self._environments[language].get_template(template).render(context)


def page(
    request: Request, template: str, caller: Caller | None = None, status: int = 200, **context: Any
) -> HTMLResponse:
    """A whole page, or a part of one, for this request."""
    desk = desk_of(request)
    theme = request.cookies.get("theme", "")
    language = language_of(request)
    pages: Pages = request.app.state.pages
    always = {
        "caller": caller,
        "reviewing": caller is not None and caller.may("verdict"),  # in a macro, `caller` is another thing
        "path": request.url.path,
        "theme": theme if theme in THEMES else "dark",
        "language": language,
        "agreement": desk.agreement,
        "idle_s": desk.accounts.idle.ns // NS_PER_S,
        "now_ns": desk.clock.now_ns(),
        "generation": getattr(request.state, "generation", desk.book.generation),
    }
    return HTMLResponse(pages.text(language, template, always | context), status)


def language_of(request: Request) -> str:
    """The language that this request is answered in."""
    return desk_of(request).languages.wanted(
        request.cookies.get("language"), request.headers.get("accept-language", "")
    )


def translate_of(request: Request) -> words.Translate:
    """Its catalogue."""
    return desk_of(request).languages.of(language_of(request)).gettext


def _environment(desk: Desk, language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = desk.languages.of(language)
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    zone = desk.agreement.zone
    environment.globals.update(
        parties=PARTIES,
        version=__version__,
        zone_key=zone.key,
        apart_m=apart_m,
        gravity=gravity,
        open_for=open_for,
        standing=standing,
        probability=words.probability,
        refusals={status: catalogue.gettext(text) for status, text in SENTENCES.items()},
        doings={name: catalogue.gettext(text) for name, text in DOINGS.items()},
        other_session=catalogue.gettext(OTHER_SESSION),
    )
    environment.filters.update(
        day=lambda t_ns: iso_from_ns(t_ns, 0)[:10],
        clock=lambda t_ns, digits=0: iso_from_ns(t_ns, digits)[11:-1],
        told=lambda text, kind: told(text, kind, catalogue.gettext),
        iso=lambda t_ns, digits=3: iso_from_ns(t_ns, digits),
        local=lambda t_ns: local(t_ns, zone),
        lasted=lambda ns: seconds(ns) if ns >= NS_PER_S // 20 else "< 0.1 s",
        where=where,
        accuracy=accuracy,
        percent=lambda share: f"{math.floor(share * 100 + 1e-9)} %",
        number=lambda value, digits=0: "–" if math.isnan(value) else f"{value:,.{digits}f}",
        sensor=lambda role: role.split("-", 2)[-1],
        sentence=lambda text: f"{text[:1].upper()}{text[1:]}",
        words=lambda text: str(text).replace("_", " "),
    )
    return environment


def local(t_ns: int, zone: ZoneInfo) -> str:
    """Time of day in the centre's zone, with its offset, and its day where that is another; empty where that is UTC."""
    if zone.key == "UTC":
        return ""
    there = datetime.fromtimestamp(t_ns // NS_PER_S, zone)
    day, offset = f"{there:%Y-%m-%d} ", there.strftime("%z")
    return f"{day if not iso_from_ns(t_ns).startswith(day[:-1]) else ''}{there:%H:%M:%S} {offset[:3]}:{offset[3:]}"


def where(place: Place) -> str:
    """Latitude, longitude to a metre; else the pixel."""
    if place.lat_deg is None or place.lon_deg is None:
        return f"x {place.xy_px[0]:.0f}, y {place.xy_px[1]:.0f} px" if place.xy_px is not None else "–"
    north = f"{abs(place.lat_deg):.5f}° {'N' if place.lat_deg >= 0 else 'S'}"
    east = f"{abs(place.lon_deg):.5f}° {'E' if place.lon_deg >= 0 else 'W'}"
    return f"{north}, {east}"


def accuracy(place: Place) -> str:
    """Longer half axis of the 95 % ellipse."""
    radius_m = radius_95_m(place)
    return f"± {radius_m:.0f} m" if radius_m is not None else ""
