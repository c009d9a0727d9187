"""Samples in a message of JSON, as a data logger sends them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.sources.series.block import Block
from detector.sources.series.senml import senml_samples
from detector.timebase import NS_PER_S, iso_from_ns, ns_from_iso

LONGEST = 1 << 22
"""Of a message. [bytes]"""
_YEARS_NS = (631_152_000 * NS_PER_S, 4_102_444_800 * NS_PER_S)
_LEAST_RATE_HZ, _MOST_RATE_HZ = 1e-6, 1e8


@dataclass(frozen=True, slots=True)
class Message:
    """What one message says.

    blocks: of SenML each of a stream of its own, else one.
    senml: what it is.
    units: of channels, where it says so.
    offline: whether its publisher is gone (its last will); None: it does not say.
    detail: why, in the publisher's words.
    """

    blocks: tuple[Block, ...] = ()
    senml: bool = False
    units: dict[str, str] = field(default_factory=dict)
    offline: bool | None = None
    detail: str = ""


def read_message(payload: bytes, topic: str, number: int, counters: Counter[str]) -> Message:
    """Read a message.

    Args:
        topic: where it came; its last level names a channel that has no name.
        number: of the message in its topic, for messages to people.
        counters: records of SenML that hold no number are counted there (`records_without_a_number`).

    Known, all as JSON:

    - `{"t": …, "rate_hz": 100, "values": {"north": [1.5, null, …], "east": […]}}`: a block of samples from `t` on, all
      channels at the same instants. `t` is ISO 8601 with its zone, or whole nanoseconds since 1970; null is missing.
    - `{"t": …, "values": {"rain_mm": 0.2}}`: one sample; `rate_hz` may be left out.
    - `"values": […]` or a number: one channel, named like the last level of the topic.
    - `[{"bn": …, "bt": …, "n": …, "v": …}, …]`: SenML (RFC 8428) with times of its own; one stream a name.
    - `{"status": "offline"}`, also with `detail`: the publisher is gone, its last will; or `online`.

    Raises:
        ValueError: it is none of these.
    """
    if len(payload) > LONGEST:
        raise ValueError(f"{len(payload)} bytes are more than the {LONGEST} allowed")
    try:
        data = json.loads(payload)
    except (ValueError, RecursionError) as error:
        told = f"{error.msg} (column {error.colno})" if isinstance(error, json.JSONDecodeError) else str(error)
        raise ValueError(f"not JSON: {told}") from None
    if isinstance(data, list):
        samples = senml_samples(data, counters)
        blocks = tuple(
            Block((one.name,), one.t_ns, one.values[:, None], np.full(len(one.t_ns), number), "message")
            for one in samples
        )
        return Message(blocks, True, {one.name: one.unit for one in samples if one.unit})
    if not isinstance(data, dict):
        raise ValueError("an object with t and values is needed, or SenML")
    if "status" in data:
        return _status(data)
    return Message((own_block(data, topic.rsplit("/", 1)[-1], number),))


def _status(data: dict[str, Any]) -> Message:
    status = data["status"]
    if status not in ("online", "offline"):
        raise ValueError(f"status is {status!r}: online or offline is needed")
    return Message(offline=status == "offline", detail=str(data.get("detail", ""))[:200])


def own_block(data: dict[str, Any], name: str, number: int, place_word: str = "message") -> Block:
    """The samples of one message, as `read_message` describes them. name: of a channel that has none.

    Raises:
        ValueError: what is needed is not there, or not of its form.
    """
    t_ns, found = _time(data.get("t")), data.get("values")
    if found is None:
        raise ValueError("there are no values")
    named = found if isinstance(found, dict) else {name: found}
    if not named or "" in named:
        raise ValueError("values has no channel, or one without a name")
    columns = [_numbers(channel, one) for channel, one in named.items()]
    count = len(columns[0])
    if any(len(one) != count for one in columns):
        raise ValueError(f"channels {', '.join(list(named)[:3])} have different numbers of samples")
    if not count:
        raise ValueError("values has no samples")
    interval_ns = None if data.get("rate_hz") is None else NS_PER_S / _rate(data["rate_hz"])
    if interval_ns is None and count > 1:
        raise ValueError("rate_hz is needed where there is more than one sample")
    times = t_ns + np.rint(np.arange(count) * (interval_ns or 0)).astype(np.int64)
    return Block(tuple(named), times, np.column_stack(columns), np.full(count, number), place_word, interval_ns)


def _time(value: Any) -> int:
    if isinstance(value, str):
        return ns_from_iso(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"t is {value!r}: ISO 8601 with its zone, or whole nanoseconds since 1970, is needed")
    if not _YEARS_NS[0] <= value <= _YEARS_NS[1]:
        years = " to ".join(iso_from_ns(one, 0)[:4] for one in _YEARS_NS)
        raise ValueError(f"t is {value}: in nanoseconds since 1970 that is not within {years}")
    return value


def _rate(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _LEAST_RATE_HZ <= value <= _MOST_RATE_HZ:
        raise ValueError(f"rate_hz is {value!r}: a number above 0 is needed")
    return float(value)


def _numbers(name: str, found: Any) -> NDArray[np.float64]:
    samples = found if isinstance(found, list) else [found]
    # numpy would take text and booleans for numbers.
    if not {type(one) for one in samples} <= {int, float, type(None)}:
        raise ValueError(f"values of {name}: numbers are needed, or null where one is missing")
    try:
        return np.array(samples, np.float64)
    except OverflowError:
        raise ValueError(f"values of {name}: a number is too large") from None
