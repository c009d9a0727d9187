"""What ground was seen in one slot of time."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CoverageSlot:
    """One source during [t_start_ns, t_end_ns).

    source_id: of a feed; of a sensor, its network and its recording, as "network/recording".
    seeing_s: how long the source was SEEING and placed on the ground, or the sensor listening. [s] to 0.001
    lost_s: for each Gap reason, how long. [s] to 0.001
    footprint: lon, lat of the outline of the ground seen, to 1e-6 deg; empty if none
    reach_m: of a sensor, for each channel, how far off the stated source would have been heard over the noise of the
        slot (its median). [m] to 1; empty where no source is stated
    zone_share: for each zone, the mean share of its area that was in view over the slot; 0 where that was less than a
        hundredth of the zone and of the ground seen. [1] to 0.001, of less than 0.01 two digits
    """

    source_id: str
    t_start_ns: int
    t_end_ns: int
    seeing_s: float
    lost_s: dict[str, float] = field(default_factory=dict)
    footprint: tuple[tuple[float, float], ...] = ()
    zone_share: dict[str, float] = field(default_factory=dict)
    reach_m: dict[str, float] = field(default_factory=dict)

    @property
    def is_sensor(self) -> bool:
        """It listened; it saw no ground."""
        return "/" in self.source_id
