"""The centre's own log of what it does: JSON lines on stderr, for journald and the like. Never a secret."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from detector.addresses import masked


def say_as_json() -> None:
    """From now on, for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # what it is when something is said
    )


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: masked(value) if isinstance(value, str) else value for name, value in event.items()}
