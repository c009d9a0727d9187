"""trucewatch: watches a ceasefire from a distance."""

from __future__ import annotations

__version__ = "0.1.0"
