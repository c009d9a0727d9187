"""How often one caller may ask: a bucket of tokens each, the oldest callers forgotten."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

_CALLERS = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_s: float


class RateLimit:
    """At most `burst` at once and `per_s` a second in the long run, for each key."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s, self._burst = per_s, burst
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._busy = Lock()

    def wait_s(self, key: str) -> float:
        """0 if it may go on (and it is counted), else how long to wait. [s]"""
        now_s = time.monotonic()
        with self._busy:
            bucket = self._buckets.setdefault(key, _Bucket(float(self._burst), now_s))
            self._buckets.move_to_end(key)
            if len(self._buckets) > _CALLERS:
                self._buckets.popitem(last=False)
            bucket.tokens = min(self._burst, bucket.tokens + (now_s - bucket.filled_s) * self._per_s)
            bucket.filled_s = now_s
            if bucket.tokens < 1:
                return (1 - bucket.tokens) / self._per_s
            bucket.tokens -= 1
            return 0.0
