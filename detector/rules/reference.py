"""The reference of all rules as Markdown, from their docstrings and settings: docs/rules.md is this text.

python -c "from detector.rules.reference import reference; import sys; sys.stdout.write(reference())" > docs/rules.md
"""

from __future__ import annotations

import inspect
from typing import Any

from detector.rules import ALL_RULES

_HEAD = """# Rules

Made from the rules' own docstrings and settings (`detector/rules/reference.py`); a test keeps it so.

A rule stands in the configuration under `rules:` with an `id:`, its `kind:` and its settings; `feeds:` limits it to
some feeds. Every rule is three-valued: a condition is met, not met, or *undecidable* by the 95 % ellipse of the fix.
Undecidable raises nothing; it is logged once for each mover and stretch, if the stretch was long enough for the
condition and did not end in an incident.

One incident is one violation: it is opened once, and closed once when nothing of it has been seen for `cooldown_s` (or
`max_gap_s` if that is longer). Its end is the time at which it was last seen. What could not be judged (blind, warming
up, no telemetry for zones on the ground, a clock that goes back) closes it at once: no incident goes on across a gap. A
mover on the ground that shows again within a second of the gap's end, 4 s after it was lost at most, where it was due
and as fast, has a second record, and an entry says that the two are one (`joined`); people may split them again.
Tentative tracks and tracks that were not detected in the very frame are never counted.

A shape drawn in pixels (`"frame": "pixels"`) is judged in the picture of its feed, at the middle of a mover's box: for
cameras that stand still. It needs no telemetry. `convoy`, `speed` and `unusual` are told in metres and need it.

`impulse` and `series` are judged for the networks under `sensors:`, `level` for those of readings, `overflight` for the
tracks under `aircraft:`, `platform_interference` for `feeds:` and `telemetry:`, `sensor_silent` for all of these, all
others for the pictures under `feeds:`.
"""


def reference() -> str:
    """Text of docs/rules.md."""
    return "\n".join([_HEAD, *(_section(kind, rule) for kind, rule in ALL_RULES.items())])


def _section(kind: str, rule: Any) -> str:
    rows = [_row(name, field) for name, field in rule.Config.model_fields.items()]
    table = "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])
    return f"## {kind}\n\n{inspect.cleandoc(rule.__doc__)}\n\n{table}\n"


def _row(name: str, field: Any) -> str:
    default = "needed" if field.is_required() else "none" if field.default == () else f"{field.default}"
    return f"| `{name}` | {default} | {field.description} |"
