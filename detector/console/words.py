"""Why something was flagged, in one sentence with the numbers against their limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from detector.geo.ellipse import SIGMAS_95
from detector.model import Violation

NBSP = "\N{NO-BREAK SPACE}"

Translate = Callable[[str], str]


def N_(text: str) -> str:  # noqa: N802  (gettext's own name for it)
    """Marks a message for the catalogue; it is translated where it is shown."""
    return text


SAID = (
    *(N_("viewer"), N_("reviewer"), N_("exporter"), N_("administrator")),
    *(N_("confirmed"), N_("rejected"), N_("undetermined"), N_("exercise"), N_("withdrawn")),
    *(N_("undecided"), N_("differing")),
    *(
        N_("sign_in"),
        N_("sign_out"),
        N_("locked_out"),
        N_("evidence"),
        N_("export"),
        N_("configuration"),
        N_("account"),
    ),
    *(N_("zone_entry"), N_("line_crossing"), N_("dwell"), N_("curfew"), N_("convoy"), N_("speed"), N_("flash")),
    *(N_("smoke"), N_("change"), N_("impulse"), N_("series"), N_("unusual"), N_("overflight"), N_("level")),
    *(N_("platform_interference"), N_("sensor_silent")),
    *(N_("warming_up"), N_("registration"), N_("no_telemetry"), N_("stale_telemetry"), N_("damaged"), N_("missing")),
    *(N_("clock"), N_("incomplete"), N_("disconnected"), N_("frozen"), N_("skipped"), N_("not_running")),
    *(N_("stream_changed"),),
    *(N_("camera"), N_("uav"), N_("acoustic"), N_("seismic"), N_("radar"), N_("telemetry")),
)
"""Words of the log that pages translate where they show them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One quantity a rule judged by. `limit`: what it was held against, in words; empty where it only informs."""

    label: str
    value: str
    limit: str = ""


_LABELS: dict[str, tuple[str, str]] = {
    "time_s": (N_("seen for"), "s"),
    "speed_m_s": (N_("speed"), "m/s"),
    "sigma_speed_m_s": (N_("standard deviation of the speed"), "m/s"),
    "margin_sigma": (N_("distance from the border"), "σ"),
    "longest_unseen_s": (N_("longest time out of sight"), "s"),
    "members": (N_("movers together"), ""),
    "passage_s": (N_("time over the line"), "s"),
    "heading_deg": (N_("heading"), "°"),
    "score": (N_("score"), ""),
    "sensors": (N_("sensors that heard it"), ""),
    "score_nats": (N_("one source is likelier than chance by"), "nats"),
    "t_sigma_s": (N_("standard deviation of its time"), "s"),
    "rate_per_s": (N_("rate"), "/s"),
    "p_log10": (N_("rarity, -log10 of a probability"), ""),
    "days_since": (N_("days since the last one"), "d"),
    "watched_h": (N_("watched before"), "h"),
}

_ORDER = {name: number for number, name in enumerate(_LABELS)}

_LIMITS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("speed", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("zone_entry", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("curfew", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("smoke", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("change", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("dwell", "time_s"): ("limit_s", N_("allowed are %s"), "s"),
    ("convoy", "time_s"): ("min_time_s", N_("counts from %s"), "s"),
    ("convoy", "members"): ("min_count", N_("counts from %s"), ""),
    ("convoy", "speed_m_s"): ("min_speed_m_s", N_("counts from %s"), "m/s"),
}
"""Of a rule's kind and measure: the setting it is held against, how to say so, its unit."""

_NOT_TOLD = frozenset({"limit_m_s", "bar", "east_m", "north_m"})


def facts(violation: Violation, settings: Mapping[str, Any], _: Translate) -> list[Fact]:
    """The quantities of a violation, those held against a limit first. `settings`: of its rule, empty if not known."""
    told = [
        Fact(*_label(name, value, _), _limit(violation, name, settings, _))
        for name, value in sorted(violation.measures.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER)))
        if name not in _NOT_TOLD
    ]
    return sorted(told, key=lambda fact: not fact.limit)


def why(violation: Violation, settings: Mapping[str, Any], _: Translate) -> str:
    """One sentence: the rule, the numbers against their limits, how sure."""
    judged = [fact for fact in facts(violation, settings, _) if fact.limit]
    clauses = [f"{fact.label} {fact.value} ({fact.limit})" for fact in judged]
    if violation.count > 1 and "members" not in violation.measures:
        clauses.append(_("counted %s times") % violation.count)
    if "sensors" in violation.measures:
        clauses.append(_("heard by %s sensors") % f"{violation.measures['sensors']:g}")
    clauses.append(_("condition met with probability %s") % probability(violation.confidence))
    return (_("Flagged by rule %s: ") % violation.rule_id) + "; ".join(clauses) + "."


def probability(share: float) -> str:
    """In per cent; never more certain than the log's three decimals are."""
    return f"> 99.9{NBSP}%" if share >= 0.9995 else f"{100 * share:.1f}{NBSP}%"


def amount(value: float, unit: str) -> str:
    """Four significant digits at most, with the unit."""
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{number}{NBSP}{unit}".rstrip() if unit != "°" else f"{number}°"


def _label(name: str, value: float, _: Translate) -> tuple[str, str]:
    label, unit = _LABELS.get(name, (name.replace("_", " "), ""))
    return _(label), amount(value, unit)


def _limit(violation: Violation, name: str, settings: Mapping[str, Any], _: Translate) -> str:
    if name == "margin_sigma":
        return _("decided from %s") % amount(SIGMAS_95, "σ")
    if name == "speed_m_s" and "limit_m_s" in violation.measures:
        return _("allowed are %s") % amount(violation.measures["limit_m_s"], "m/s")
    if name == "score" and "bar" in violation.measures:
        return _("reported from %s") % amount(violation.measures["bar"], "")
    known = _LIMITS.get((violation.rule_kind, name))
    if known is None or not isinstance(settings.get(known[0]), int | float):
        return ""
    return _(known[1]) % amount(float(settings[known[0]]), known[2])
