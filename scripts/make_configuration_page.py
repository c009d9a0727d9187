"""Writes docs/configuration.md from the models. Run it after changing a setting."""

from __future__ import annotations

from pathlib import Path

from detector import pipeline
from detector.config.reference import page

if __name__ == "__main__":
    (Path(__file__).parents[1] / "docs" / "configuration.md").write_text(page(pipeline.REGISTRIES), encoding="utf-8")
