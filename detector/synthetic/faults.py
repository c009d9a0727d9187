"""What goes wrong with real feeds, on request and seeded: in the telemetry, and in the finished file."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import numpy as np

from detector.klv import st0601
from detector.synthetic.telemetry import Reading

TS_PACKET = 188
_GUARDED = 40  # packets at the head that stay whole, so that the streams can still be told apart


class Fault(StrEnum):
    """Names as the command line takes them."""

    MISSING_TAGS = "missing-tags"  # every third set lacks position, every fifth the field of view
    BAD_CHECKSUM = "bad-checksum"  # every fourth set
    TIME_OFFSET = "time-offset"  # telemetry states times 1.5 s late
    GNSS_JUMP = "gnss-jump"  # 80 m north from 40 % to 50 % of the time
    TELEMETRY_GAP = "telemetry-gap"  # no sets from 60 % to 80 % of the time
    DROPPED_PACKETS = "dropped-packets"  # one TS packet in 400 is missing
    CORRUPT_BYTES = "corrupt-bytes"  # 60 bytes of the payload are changed
    TRUNCATED = "truncated"  # the file ends at 70 %, within a packet


def klv_packets(sets: list[Reading], faults: Iterable[Fault]) -> list[tuple[float, bytes]]:
    """Encoded sets with the time they belong to in the stream. [s]"""
    wanted, packets = set(faults), []
    last = sets[-1].t_s if sets else 0.0
    for index, reading in enumerate(sets):
        share = reading.t_s / last if last > 0 else 0.0
        if Fault.TELEMETRY_GAP in wanted and 0.6 <= share < 0.8:
            continue
        values = dict(reading.values)
        if Fault.MISSING_TAGS in wanted and (index % 3 == 1 or index % 5 == 2):
            for tag in (13, 14) if index % 3 == 1 else (16, 17):
                values.pop(tag)
        if Fault.TIME_OFFSET in wanted:
            values[2] = int(values[2]) + 1_500_000
        if Fault.GNSS_JUMP in wanted and 0.4 <= share < 0.5 and 13 in values:
            values[13] = float(values[13]) + 80.0 / 111_200.0
        broken = Fault.BAD_CHECKSUM in wanted and index % 4 == 3
        packets.append((reading.t_s, st0601.encode(values, break_checksum=broken)))
    return packets


def damaged(stream: bytes, faults: Iterable[Fault], seed: int) -> bytes:
    """The file after what happened to it on the way. Returns the same bytes without such faults."""
    wanted, rng = set(faults), np.random.default_rng([seed, 10])
    packets = len(stream) // TS_PACKET
    if packets <= _GUARDED:
        return stream
    if Fault.DROPPED_PACKETS in wanted:
        gone = set((rng.choice(packets - _GUARDED, max(1, packets // 400), replace=False) + _GUARDED).tolist())
        stream = b"".join(stream[i * TS_PACKET : (i + 1) * TS_PACKET] for i in range(packets) if i not in gone)
    if Fault.CORRUPT_BYTES in wanted:
        data = np.frombuffer(stream, np.uint8).copy()
        packet = rng.integers(_GUARDED, len(data) // TS_PACKET, 60)
        # The first 12 bytes of a packet are headers: changing them would only lose the packet.
        data[packet * TS_PACKET + rng.integers(12, TS_PACKET, 60)] ^= rng.integers(1, 256, 60).astype(np.uint8)
        stream = data.tobytes()
    if Fault.TRUNCATED in wanted:
        stream = stream[: int(len(stream) * 0.7) // TS_PACKET * TS_PACKET + 77]
    return stream
