"""SenML packs: samples with names and times of their own, RFC 8428."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.timebase import NS_PER_S

VERSION = 10
_ABSOLUTE_S = 2**28
"""Section 4.5.3: a time below it counts from now. [s]"""
_LATEST_S = 4_102_444_800
_BASE_NUMBERS = {"bt", "bv", "bs"}


@dataclass(frozen=True, slots=True)
class Samples:
    """Of one name, in the order of the pack. t_ns, values: shape (T,); unit: "" where it is not said."""

    name: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    unit: str


def senml_samples(pack: list[Any], counters: Counter[str]) -> list[Samples]:
    """Resolve a pack: base name, base time, base unit and base value carried on, section 4.6.

    Records of text, booleans, data and sums alone are no samples: counted as `records_without_a_number`.

    Raises:
        ValueError: no such pack, a later version, or a time that counts from now: nobody could tell when that was.
    """
    names: dict[str, tuple[list[int], list[float], str]] = {}
    base: dict[str, Any] = {}
    for place, record in enumerate(pack, 1):
        if not isinstance(record, dict):
            raise ValueError(f"SenML record {place} is no object")
        unknown = [key for key in record if key.endswith("_")]
        if unknown:
            raise ValueError(f"SenML record {place} has the key {unknown[0]}, which has to be understood")
        base |= {key: record[key] for key in ("bn", "bu", *sorted(_BASE_NUMBERS), "bver") if key in record}
        if _number(place, "bver", base.get("bver", VERSION)) > VERSION:
            raise ValueError(f"SenML version {base['bver']}: {VERSION} and earlier are known")
        if "v" not in record:
            counters["records_without_a_number"] += any(key in record for key in ("vs", "vb", "vd", "s"))
            continue
        name = f"{base.get('bn', '')}{record.get('n', '')}"
        if not name:
            raise ValueError(f"SenML record {place} has no name")
        times, values, unit = names.setdefault(name, ([], [], str(record.get("u", base.get("bu", "")))))
        times.append(_time_ns(place, base.get("bt", 0), record.get("t", 0)))
        values.append(_number(place, "v", record["v"]) + _number(place, "bv", base.get("bv", 0)))
        names[name] = times, values, unit
    return [
        Samples(name, np.array(times, np.int64), np.array(values, np.float64), unit)
        for name, (times, values, unit) in names.items()
    ]


def _time_ns(place: int, base: Any, own: Any) -> int:
    base_s, own_s = _number(place, "bt", base), _number(place, "t", own)
    total_s = base_s + own_s
    if not _ABSOLUTE_S <= total_s <= _LATEST_S:
        what = "counts from now" if total_s < _ABSOLUTE_S else "is after 2100"
        raise ValueError(f"SenML record {place}: time {total_s:g} {what}; seconds since 1970 are needed")
    return _ns(base_s) + _ns(own_s)


def _ns(seconds: float) -> int:
    """Whole seconds by themselves: in one product with the fraction 0.1 us would be lost."""
    whole = math.floor(seconds)
    return whole * NS_PER_S + round((seconds - whole) * NS_PER_S)


def _number(place: int, key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"SenML record {place}: {key} is {value!r}: a number is needed")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"SenML record {place}: {key} is too large") from None
    if not math.isfinite(number):
        raise ValueError(f"SenML record {place}: {key} is {number}: a number is needed")
    return number
