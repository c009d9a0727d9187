"""Which channel of a vehicle's telemetry is what: by its name, for every maker has its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# Roles that are told first take their columns first. A name with a dot is of one maker's message.
_NAMES = {
    "lat": ("lat_deg", "lat", "latitude", "latitude_deg"),
    "lon": ("lon_deg", "lon", "lng", "longitude", "longitude_deg"),
    "baro": (
        "baro_alt_m",
        "baro_alt",
        "baro_altitude_m",
        "baroaltitude",
        "pressure_alt_m",
        "baro_alt_meter",
        "baro.alt",
    ),
    "alt": ("alt_m", "alt", "altitude", "altitude_m", "gnss_alt_m", "gps_alt_m", "altitude_msl_m", "alt_msl_m"),
    "north": ("vel_n_m_s", "vn_m_s", "vn", "north_m_s", "velocity_north_m_s"),
    "east": ("vel_e_m_s", "ve_m_s", "ve", "east_m_s", "velocity_east_m_s"),
    "speed": ("speed_m_s", "ground_speed_m_s", "groundspeed_m_s", "vel_m_s", "gs_m_s", "gps.spd"),
    "airspeed": ("airspeed_m_s", "true_airspeed_m_s", "tas_m_s", "arsp.airspeed"),
    "course": ("course_deg", "track_deg", "cog_deg", "gps.gcrs"),
    "yaw": ("platform_yaw_deg", "heading_deg", "yaw_deg", "yaw"),
    "roll": ("platform_roll_deg", "roll_deg", "roll"),
    "fix": ("fix_type", "fix", "gps_fix", "gps.status"),
}
_RECEIVERS = ("gps", "gnss")
# Of each quality of reception: which way is worse, and the change that means something in its unit.
_QUALITIES = {
    **dict.fromkeys(("satellites", "satellites_used", "satellites_visible", "num_sats", "nsats", "sats"), (-1, 2.0)),
    **dict.fromkeys(("hdop", "vdop", "pdop", "gdop", "hdp"), (1, 0.3)),
    **dict.fromkeys(("eph", "epv", "eph_m", "epv_m", "hacc", "vacc", "hacc_m", "vacc_m"), (1, 1.0)),
    **dict.fromkeys(("noise_per_ms", "jamming_indicator", "jam_ind"), (1, 5.0)),
    **dict.fromkeys(("cn0_db", "cn0", "snr_db", "snr"), (-1, 2.0)),
    **dict.fromkeys(("rssi_db", "rssi_dbm", "rssi", "link_quality"), (-1, 5.0)),
}


@dataclass(frozen=True, slots=True)
class Quality:
    """One measure of reception. worse: +1 when high, -1 when low. least: so great a change means something."""

    name: str
    column: int
    worse: int
    least: float


@dataclass(frozen=True, slots=True)
class Roles:
    """The column of each role that is there, and the measures of reception."""

    columns: dict[str, int]
    qualities: tuple[Quality, ...]

    @property
    def moving(self) -> tuple[int, ...]:
        """Columns of what never stands quite still in flight."""
        return tuple(column for role, column in self.columns.items() if role != "fix")

    @property
    def placed(self) -> bool:
        """There is a position to judge."""
        return "lat" in self.columns and "lon" in self.columns


def roles_of(channels: Sequence[str]) -> Roles:
    """Tell roles by the last part of each name ("vehicle_gps_position.eph"), whatever its case.

    Of several, those of a satellite receiver count before others (what an autopilot makes of them is smoothed), then
    the first. Units are those of the names: degrees, metres, metres a second.
    """
    lower = [name.lower().strip() for name in channels]
    columns: dict[str, int] = {}
    for role, names in _NAMES.items():
        found = [
            (not any(one in lower[column] for one in _RECEIVERS), names.index(name), column)
            for column in range(len(lower))
            for name in (lower[column], lower[column].rpartition(".")[2])
            if name in names and column not in columns.values()
        ]
        if found:
            columns[role] = min(found)[2]
    plain = [name.rpartition(".")[2] for name in lower]
    qualities = [
        Quality(channels[column], column, *_QUALITIES[name]) for column, name in enumerate(plain) if name in _QUALITIES
    ]
    return Roles(columns, tuple(qualities))
