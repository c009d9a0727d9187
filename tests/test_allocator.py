"""Freed pictures are kept, and nothing large is loaded that is not needed."""

from __future__ import annotations

import resource
import subprocess
import sys

import numpy as np
import pytest

from detector.allocator import keep_freed_memory


def _faults(bytes_: int, times: int) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        np.ones(bytes_, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is asked")
def test_pages_of_a_freed_picture_are_used_again() -> None:
    if not keep_freed_memory():
        pytest.skip("no glibc here")
    picture = 3840 * 2160
    _faults(picture, 2)
    # Mapped anew each time, one 4K picture has 2,025 pages.
    assert _faults(picture, 20) < 2025


_ONCE = """
from detector.allocator import give_back_memory, keep_freed_memory
def resident_mb(): return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
import numpy as np, sys
if not keep_freed_memory(): sys.exit(5)
before = resident_mb()
pictures = [np.ones((540, 960), np.uint8) for _ in range(100)]
last = pictures[-1]
del pictures
held = resident_mb() - before
give_back_memory()
print(held, resident_mb() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is asked")
def test_what_was_used_for_once_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", _ONCE], check=False, capture_output=True, text=True)
    if done.returncode == 5:
        pytest.skip("no glibc here")
    held, left = map(float, done.stdout.split())
    assert held > 45  # 100 pictures of .52 MB, which something newer keeps from going back by itself
    assert left < 10


def test_a_replay_of_video_loads_no_part_of_scipy() -> None:
    heavy = {"scipy.optimize", "scipy.signal", "scipy.special", "sklearn"}
    code = f"import sys, detector.replay; sys.exit(bool({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
