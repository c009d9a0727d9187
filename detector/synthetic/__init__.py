"""Scenes with known truth: seeded drone footage with telemetry, and everything there is to know about it.

from detector.synthetic import SCENES, render
for frame in render(SCENES["crossing"](seed=1), (640, 360), (25, 1)):
    frame.bgr, frame.objects, frame.pose
"""

from __future__ import annotations

from detector.synthetic.render import Rendered, render
from detector.synthetic.scene import Scene
from detector.synthetic.scenes import SCENES

__all__ = ["SCENES", "Rendered", "Scene", "render"]
