"""The three errors of our own; everything else is a built-in with the bad value and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong in one place of a configuration file.

    `line` counts from 1; None where the file as a whole is meant.
    """

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line is not None else f"{self.file}: {self.message}"


class ConfigError(Exception):
    """A configuration cannot be used. Carries every complaint at once. Exit code 2."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__("\n".join(map(str, complaints)))
        self.complaints = complaints


class SourceError(Exception):
    """A recording or a stream cannot be read. Names the file and, where known, the byte or frame. Exit code 3."""


class LogError(Exception):
    """The log or its evidence cannot be written, or is damaged. Exit code 4."""
