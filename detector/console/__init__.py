"""The web page of the people who decide: reads the log, adds their words to it, and never runs a detector."""

from __future__ import annotations
