"""What registration and detection share: shrunk pictures, corners, sparse flow, plane homographies."""

from __future__ import annotations

from detector.picture.pyramid import full_from_shrunk, halved, level_at_most, shrunk

__all__ = ["full_from_shrunk", "halved", "level_at_most", "shrunk"]
