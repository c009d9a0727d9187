"""The centre's own log of what it does: JSON lines on stderr, for journald and the like. Never a secret."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from detector.addresses import masked


def say_as_json() -> None:
    """From now on, for this process; also what libraries say, and what ended a thread."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # what it is when something is said
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_Libraries()], force=True)
    threading.excepthook = _say_what_ended_a_thread


def say_failed(what: str, error: BaseException, **about: str) -> None:
    """An error that nobody expected, with where it happened, in one line."""
    where = "".join(traceback.format_exception(error))
    structlog.get_logger().error(what, why=f"{type(error).__name__}: {error}", where=where, **about)


class _Libraries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        where = {"where": "".join(traceback.format_exception(*record.exc_info))} if record.exc_info else {}
        structlog.get_logger().warning(record.getMessage(), library=record.name, **where)


def _say_what_ended_a_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        say_failed("a thread has ended", ended.exc_value, thread=ended.thread.name if ended.thread else "")


def _without_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: masked(value) if isinstance(value, str) else value for name, value in event.items()}
