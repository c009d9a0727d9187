"""Hands on what the log holds: at least once, in the order of the log, by number. Detection never waits for it."""

from __future__ import annotations

from detector.outbox.mqtt import MqttSink
from detector.outbox.sink import Sink
from detector.outbox.webhook import WebhookSink

SINKS: dict[str, type[WebhookSink] | type[MqttSink]] = {"webhook": WebhookSink, "mqtt": MqttSink}

__all__ = ["SINKS", "MqttSink", "Sink", "WebhookSink"]
