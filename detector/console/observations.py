"""What the log says of a possible violation, in the reader's language. The log keeps its English."""

from __future__ import annotations

import re

from detector.console.words import N_, Translate

ZONE = N_('inside zone "%(name)s"')
"""The part `zone` of the sentences; empty where the rule has none."""

_SEEN = N_("movement observed %(zone)s")
_HEARD = (
    N_("%(count)s impulse sounds heard by %(sensors)s sensors %(zone)s"),
    N_("impulse sounds too fast to be counted, at least %(count)s, heard by %(sensors)s sensors %(zone)s"),
    N_("impulse sound heard by %(sensors)s sensors %(zone)s"),
    N_("%(count)s ground shocks felt by %(sensors)s sensors %(zone)s"),
    N_("ground shocks too fast to be counted, at least %(count)s, felt by %(sensors)s sensors %(zone)s"),
    N_("ground shock felt by %(sensors)s sensors %(zone)s"),
)

SENTENCES: dict[str, tuple[str, ...]] = {
    "zone_entry": (_SEEN,),
    "curfew": (N_("movement observed %(zone)s in quiet hours"),),
    "dwell": (N_("movement observed %(zone)s for longer than %(limit)s s"),),
    "speed": (N_("movement faster than %(limit)s m/s observed %(zone)s"),),
    "convoy": (N_("%(count)s movers observed travelling together %(zone)s"),),
    "line_crossing": (N_('line "%(name)s" crossed, %(way)s'),),
    "impulse": _HEARD,
    "series": _HEARD,
    "flash": (N_("muzzle flash or other short bright light observed %(zone)s"),),
    "smoke": (N_("smoke or fire observed %(zone)s"),),
    "change": (N_("something new on the ground observed %(zone)s"),),
    "unusual": (
        N_("an unusual number of movers observed %(zone)s: %(rest)s"),
        N_("movement observed %(zone)s that is unusual here: %(rest)s"),
    ),
    "overflight": (N_('aircraft %(name)s in closed airspace over zone "%(area)s"'),),
    "sensor_silent": (N_("%(name)s silent for %(seconds)s s (%(rest)s"),),
    "platform_interference": (N_("satellite navigation of %(name)s disturbed: %(rest)s"),),
    "level": (
        N_("readings of %(name)s unlike its own past, noticed %(count)s times %(zone)s"),
        N_("reading of %(name)s unlike its own past %(zone)s"),
    ),
}
"""The sentences that the rules of each kind write, the longer first. What follows one after a comma stays as it is."""

WAYS = (
    *(N_("northbound"), N_("north-eastbound"), N_("eastbound"), N_("south-eastbound")),
    *(N_("southbound"), N_("south-westbound"), N_("westbound"), N_("north-westbound")),
    *(N_("left to right"), N_("right to left")),
)

_NUMBER = r"[0-9.e+-]+"
_PARTS = {
    "zone": r"(?: inside zone \"(?P<zone>.*)\")?",
    "name": r"(?P<name>.+)",
    "area": r"(?P<area>.+)",
    "way": f"(?P<way>{'|'.join(map(re.escape, WAYS))})",
    "rest": r"(?P<rest>.+)",
    **{number: f"(?P<{number}>{_NUMBER})" for number in ("count", "limit", "sensors", "seconds")},
}


def told(observation: str, rule_kind: str, translate: Translate) -> str:
    """The observation in the reader's language; as it stands in the log where it is none of its rule's sentences."""
    for sentence, pattern in _READ.get(rule_kind, ()):
        found = pattern.fullmatch(observation)
        if found is not None:
            parts = found.groupdict(default="")
            after = parts.pop("after")
            if parts.get("zone"):
                parts["zone"] = translate(ZONE) % {"name": parts["zone"]}
            if "way" in parts:
                parts["way"] = translate(parts["way"])
            written = translate(sentence)
            if not parts.get("zone"):
                written = re.sub(r",? ?%\(zone\)s", "", written).strip()
            return written % parts + after
    return observation


def _pattern(sentence: str) -> re.Pattern[str]:
    pieces = re.split(r"( ?%\((?:\w+)\)s)", sentence)
    made = []
    for piece in pieces:
        named = re.fullmatch(r"( ?)%\((\w+)\)s", piece)
        if named is None:
            made.append(re.escape(piece))
        else:
            made.append(_PARTS[named[2]] if named[2] == "zone" else re.escape(named[1]) + _PARTS[named[2]])
    return re.compile("".join(made) + r"(?P<after>(?:, .*)?)", re.DOTALL)


_READ = {kind: tuple((one, _pattern(one)) for one in sentences) for kind, sentences in SENTENCES.items()}
