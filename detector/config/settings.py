"""The sections of a configuration file that belong to no stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from detector.addresses import has_unquoted_password, is_address, masked, scheme_of
from detector.config.mqtt_address import MqttAddress
from detector.model import Means
from detector.timebase import ns_from_iso


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is not a time zone of the IANA list, like UTC or Europe/Vienna"
        raise ValueError(message) from None
    return name


def _time_as_ns(value: Any) -> int | None:
    if value is None:
        return None
    if hasattr(value, "isoformat"):  # YAML turns an unquoted time into a datetime
        if getattr(value, "tzinfo", None) is None:
            raise ValueError(f"{value} has no zone: write 2026-03-01T06:30:00Z")
        value = value.isoformat()
    return ns_from_iso(str(value))


def _beside_the_file(path: Path, info: ValidationInfo) -> Path:
    folder = (info.context or {}).get("folder")
    return path if folder is None else (folder / path.expanduser()).resolve()


IDENTIFIER = "[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
Identifier = Annotated[str, Field(pattern=f"^{IDENTIFIER}$")]
TimeNs = Annotated[int | None, BeforeValidator(_time_as_ns)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
PathBeside = Annotated[Path, AfterValidator(_beside_the_file)]
"""A path in a part's settings: relative to the configuration file, absolute once that is read."""


class Section(BaseModel):
    """A section: unknown keys are complaints, nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_address(media: str) -> str:
    if is_address(media):
        scheme_of(media)
        if has_unquoted_password(media):
            raise ValueError(f"{masked(media)}: in a password / ? # are written %2F %3F %23")
    return media


class Feed(Section):
    """One source of pictures."""

    id: Identifier = Field(description="Name of the feed in the log: letters, digits, dot, dash, underscore.")
    media: Annotated[str, AfterValidator(_known_address)] = Field(
        description="Recording or folder of pictures, relative to this file; or the address of a live feed: rtsp, "
        "rtsps, rtmp, rtmps, http, https, udp, rtp, srt, or v4l2:/dev/video0 for a camera of this machine."
    )
    transport: Literal["tcp", "udp"] = Field("tcp", description="What RTSP sends its pictures over.")
    start: TimeNs = Field(
        None,
        description="UTC time of the first frame, where the telemetry carries none, or a clock never set (1970).",
    )
    telemetry: str | None = Field(None, description="Telemetry beside the recording: .srt or .csv.")
    telemetry_offset_s: float = Field(0.0, description="Added to the telemetry's time [s].", ge=-60, le=60)
    hfov_deg: float | None = Field(None, description="Horizontal field of view where telemetry has none.", gt=0, lt=180)
    fps: float | None = Field(
        None,
        description="Frames a second of a folder of pictures (10 if not said); refused for a video.",
        gt=0,
        le=1000,
    )
    means: Means = Field(Means.UAV, description="How it observes: uav or camera (fixed).")


class SensorNetwork(Section):
    """Sensors that listen together: what several of them notice is one incident, with its place. Or readings.

    A sensor alone is a witness: it raises nothing, and supports what others have placed.
    """

    id: Identifier = Field(description="Name of the network in the log, none that a feed has.")
    media: tuple[str, ...] = Field(
        min_length=1,
        description="Sensor files, relative to this file (WAV, FLAC, CSV, JSON Lines, Parquet, miniSEED). What a file "
        "does not say (start, place, clock) stands in the .json of its name beside it. One sensor alone raises "
        "nothing: what it notices can support what others have placed. Or live streams: "
        "mqtt://host/topic, mqtts://user:password@host:port/topic, with + and # as a broker takes them.",
    )
    means: Literal[Means.ACOUSTIC, Means.SEISMIC, Means.TELEMETRY] = Field(
        Means.ACOUSTIC,
        description="acoustic (air), seismic (ground), or telemetry: readings such as a temperature, each for itself.",
    )
    start: TimeNs = Field(
        None, description="UTC time of the first sample of sound files of which nothing else says it."
    )
    station: PathBeside | None = Field(
        None,
        description="Live streams: where each channel's sensor stands, its unit and its clock; like the .json beside "
        "a recording, with `positions`.",
    )
    password_file: PathBeside | None = Field(
        None, description="Live streams: a file whose first line is the broker's password, in place of one in `media`."
    )
    ca_file: PathBeside | None = Field(
        None, description="Live streams, mqtts: certificates that vouch for the broker; left out: the system's."
    )
    wait_s: float = Field(
        5.0,
        description="Live streams: the others wait so long for a sensor of which nothing comes, once [s].",
        ge=0.1,
        le=600,
    )
    preset: Literal["acoustic", "seismic", "level"] | None = Field(
        None,
        description="Listen as for sound or for ground motion; left out: by each file's sampling rate. Readings "
        "(`means: telemetry`) are watched for a `level` that they have not shown before.",
    )
    alarms_per_day: float | None = Field(
        None,
        description="So many false alarms a day may each channel of readings give; left out: 0.4 [1/d].",
        gt=0,
        le=1000,
    )
    utc: bool = Field(False, description="Times without a zone are UTC.")
    temperature_c: float = Field(15.0, description="Of the air [deg C].", ge=-60, le=60)
    wind_m_s: float = Field(0.0, description="Speed of the wind [m/s].", ge=0, le=60)
    wind_from_deg: float = Field(0.0, description="Where it comes from, clockwise from north [deg].", ge=0, le=360)
    wave_m_s: float | None = Field(
        None,
        description="Speed of waves in the ground; `means: seismic` needs it, or `window_s` [m/s].",
        ge=50,
        le=9000,
    )
    window_s: float | None = Field(
        None,
        description="Where the sensors' places are not known: what they notice within this time is one incident, "
        "without a place [s].",
        gt=0,
        le=3600,
    )
    source_at_100m: float | None = Field(
        None,
        description="A source at 100 m, as these sensors record it: root mean square over 10 ms (sound) or 0.2 s "
        "(ground) in their own unit. With it, coverage says how far it would have been heard over the noise.",
        gt=0,
    )
    min_sensors: int | None = Field(
        None,
        description="Fewer sensors make no incident; left out: 4, or all if they are fewer; 3 with `window_s`.",
        ge=2,
        le=100,
    )
    reach_m: float = Field(3000.0, description="Incidents are sought so far from the sensors [m].", gt=0, le=100_000)
    origin_lon_deg: float | None = Field(
        None,
        description="Longitude of the zero of places given as x and y; without it they are on no map.",
        ge=-180,
        le=180,
    )
    origin_lat_deg: float | None = Field(None, description="Latitude of it.", ge=-89, le=89)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.wave_m_s is not None and (self.means is not Means.SEISMIC or self.window_s is not None):
            raise ValueError("wave_m_s belongs to means seismic without window_s")
        if self.means is Means.SEISMIC and self.wave_m_s is None and self.window_s is None:
            raise ValueError("means seismic needs wave_m_s, or window_s where the sensors' places are not known")
        if (self.means is Means.TELEMETRY) != (self.preset == "level"):
            raise ValueError("means telemetry and preset level belong together")
        if self.source_at_100m is not None and self.preset == "level":
            raise ValueError("source_at_100m belongs to sensors that listen, not to preset level")
        if self.alarms_per_day is not None and self.preset != "level":
            raise ValueError("alarms_per_day belongs to preset level")
        if (self.origin_lon_deg is None) != (self.origin_lat_deg is None):
            raise ValueError("origin_lon_deg and origin_lat_deg are given together or not at all")
        if len(set(self.media)) < len(self.media):
            raise ValueError("media names a file twice")
        self._fits_live()
        return self

    def _fits_live(self) -> None:
        live = [name for name in self.media if is_address(name)]
        if live and len(live) < len(self.media):
            raise ValueError("media names files and live streams: one network is either recorded or live")
        for name in live:
            MqttAddress.parse(name)
        if live and self.station is None and self.window_s is None:
            raise ValueError("live streams need station (where the sensors stand), or window_s where that is not known")
        for key in ("station", "password_file", "ca_file"):
            if not live and getattr(self, key) is not None:
                raise ValueError(f"{key} belongs to live streams: a recording has its .json beside it")

    @property
    def live(self) -> bool:
        """It is listened to as it happens."""
        return is_address(self.media[0])

    @property
    def far_m(self) -> float:
        """A sensor farther from all others hears nothing with them, and lies in no plane with them. [m]"""
        return max(2 * self.reach_m, 50_000.0)

    @property
    def origin(self) -> tuple[float, float] | None:
        """Longitude and latitude of the plane's zero. [deg]"""
        if self.origin_lon_deg is None or self.origin_lat_deg is None:
            return None
        return self.origin_lon_deg, self.origin_lat_deg


class LiveSettings(Section):
    """How live feeds are kept alive, and what happens when they come faster than they can be judged."""

    mode: Literal["realtime", "complete"] = Field(
        "realtime",
        description="realtime passes over pictures when judging falls behind, and counts them; complete keeps all, on "
        "the disk where need be.",
    )
    max_lag_s: float = Field(
        2.0,
        description="realtime: when a picture has waited so long, all up to the newest that can be decoded by itself "
        "are passed over [s].",
        ge=0.2,
        le=60,
    )
    thin_lag_s: float = Field(
        0.5,
        description="realtime: while pictures wait for longer than this, ten a second are judged, and six while they "
        "wait half as long again; the others are passed over, and counted. What moves is seen nearly as before; a "
        "flash of one picture may not be [s].",
        ge=0.05,
        le=60,
    )
    spool_mb: int = Field(
        2000,
        description="complete: of each feed at most so much waits on the disk; beyond it, as realtime [MB].",
        ge=10,
    )
    open_timeout_s: float = Field(10.0, description="A connection that takes longer is tried again [s].", gt=0, le=120)
    read_timeout_s: float = Field(
        5.0, description="Nothing arrived for so long: the connection is lost [s].", ge=1, le=120
    )
    frozen_s: float = Field(
        5.0,
        description="One picture repeated for so long is a frozen feed, from its first repetition on [s].",
        ge=1,
        le=600,
    )
    longest_retry_s: float = Field(
        1.5, description="Tries to connect again come at most so far apart [s].", ge=0.1, le=600
    )


class CentreSettings(Section):
    """What `trucewatch run` does beside watching."""

    health: str | None = Field(
        "127.0.0.1:9464",
        description="Address and port of /healthz, /readyz and /metrics; null: none. They say no more than figures, "
        "but anybody who can reach them may read them.",
        pattern=r"^[^\s/]+:\d{1,5}$",
    )
    hang_s: float = Field(
        30.0,
        description="A feed's process whose loop has not turned for so long is ended and started again [s].",
        ge=5,
        le=3600,
    )
    longest_restart_s: float = Field(
        30.0,
        description="A process that ends again and again is started again at most so far apart [s].",
        ge=1,
        le=3600,
    )


class ConsoleSettings(Section):
    """The console that `trucewatch run` starts beside the feeds. Its accounts are made by `trucewatch user`."""

    address: str | None = Field(
        None,
        description="Address and port, `127.0.0.1:8443`; left out: `run` starts none. Other than this machine only "
        "with a certificate.",
        pattern=r"^[^\s/]+:\d{1,5}$",
    )
    certificate: PathBeside | None = Field(None, description="TLS certificate with its chain (PEM).")
    key: PathBeside | None = Field(None, description="Its private key (PEM).")
    base_map: PathBeside | None = Field(
        None,
        description="Map of the ground to lie under zones and lines: a file of tiles, `.mbtiles` or `.pmtiles`, of "
        "pictures or of vectors (layers as OpenMapTiles or Protomaps name them; borders and names are not drawn).",
    )
    idle_min: int = Field(60, ge=5, le=720, description="A session ends when nobody was there for so long [min].")

    @property
    def host(self) -> str:
        """Where it listens."""
        return "" if self.address is None else self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """At which port."""
        return 0 if self.address is None else int(self.address.rpartition(":")[2])


class Vehicle(Section):
    """Telemetry of one vehicle of the mission's own."""

    id: Identifier = Field(description="Name of the vehicle in the log, none that a feed or another source has.")
    media: str = Field(
        description="Its telemetry, relative to this file (CSV, JSON Lines, Parquet …): a table with lat_deg, lon_deg "
        "and what else it says of itself."
    )
    start: TimeNs = Field(None, description="UTC time of the first sample where the times count from the start.")
    utc: bool = Field(False, description="Times without a zone are UTC.")

    @property
    def means(self) -> Means:
        """By its own telemetry."""
        return Means.TELEMETRY


class Aircraft(Section):
    """Tracks of other aircraft: positions as a receiver of ADS-B or a radar tells them."""

    id: Identifier = Field(description="Name of the source in the log, none that a feed or another source has.")
    media: str = Field(description="CSV of positions (time, id, lat, lon, alt …), relative to this file.")
    means: Literal[Means.TELEMETRY, Means.RADAR] = Field(
        Means.TELEMETRY, description="telemetry (the aircraft tells its position itself) or radar."
    )
    utc: bool = Field(False, description="Times without a zone are UTC.")
    sigma_pos_m: float = Field(
        50.0, description="Standard deviation of a position that does not tell its quality [m].", gt=0, le=100_000
    )
    sigma_alt_m: float = Field(
        30.0, description="Standard deviation of a geometric height that does not tell its own [m].", gt=0, le=10_000
    )
    sigma_pressure_alt_m: float = Field(
        150.0,
        description="Standard deviation of a height that is a pressure altitude: the day's air pressure [m].",
        gt=0,
        le=10_000,
    )
    silent_s: float = Field(
        60.0, description="When no aircraft is heard for longer, that is a gap [s].", ge=1, le=86_400
    )


class EvidenceSettings(Section):
    """What is kept for each possible violation."""

    pre_roll_s: float = Field(5.0, description="Clip begins this long before the incident [s].", ge=0, le=60)
    post_roll_s: float = Field(3.0, description="Clip ends this long after it [s].", ge=0, le=60)
    max_clip_s: float = Field(
        60.0,
        description="A longer incident's clip is cut here. Of a stay that counts only after more than 3 min, it shows "
        "the time before it counted [s].",
        gt=0,
        le=600,
    )


class CoverageSettings(Section):
    """The ledger of what ground was seen when."""

    slot_s: float = Field(
        10.0,
        description="Length of one entry of the ledger; of slow sensors a multiple that holds 64 samples [s].",
        ge=1,
        le=3600,
    )
    every_s: float = Field(0.5, description="The footprint is computed this often [s].", gt=0, le=60)


class Settings(Section):
    """A whole configuration file, its stages still unread."""

    version: Literal[1] = Field(description="Version of this format.")
    name: str = Field("", description="What the file is for, in words.")
    time_zone: ZoneName = Field("UTC", description="Time zone of the hours in the rules (IANA name).")
    map: str | None = Field(None, description="GeoJSON file with zones and lines, relative to this file.")
    feeds: tuple[Feed, ...] = Field(
        (), description="The feeds that `trucewatch replay CONFIG` plays and `trucewatch run CONFIG` watches."
    )
    sensors: tuple[SensorNetwork, ...] = Field((), description="The networks of sensors that it listens to.")
    telemetry: tuple[Vehicle, ...] = Field((), description="The mission's own vehicles that it watches over.")
    aircraft: tuple[Aircraft, ...] = Field((), description="The sources of tracks of other aircraft.")
    location: dict[str, Any] = Field(default_factory=dict, description="How pixels become places on the ground.")
    registration: dict[str, Any] = Field(
        default_factory=lambda: {"kind": "flow"}, description="How the drone's own motion is taken out."
    )
    detectors: tuple[dict[str, Any], ...] = Field(
        ({"kind": "motion"}, {"kind": "flash"}, {"kind": "smoke"}), description="What is looked for in the picture."
    )
    tracking: dict[str, Any] = Field(default_factory=lambda: {"kind": "kalman"}, description="How things are followed.")
    rules: tuple[dict[str, Any], ...] = Field((), description="What the agreement forbids.")
    evidence: EvidenceSettings = Field(EvidenceSettings(), description="What is kept for each possible violation.")
    coverage: CoverageSettings = Field(CoverageSettings(), description="The ledger of what ground was seen.")
    live: LiveSettings = Field(LiveSettings(), description="How live feeds are kept alive.")
    centre: CentreSettings = Field(CentreSettings(), description="What `trucewatch run` does beside watching.")
    console: ConsoleSettings = Field(ConsoleSettings(), description="The console that `trucewatch run` starts.")
    outbox: tuple[dict[str, Any], ...] = Field((), description="Where `trucewatch run` sends what the log holds.")

    @property
    def files(self) -> tuple[Vehicle | Aircraft, ...]:
        """Those that are one file each, and no pictures."""
        return (*self.telemetry, *self.aircraft)

    @property
    def sources(self) -> tuple[Source, ...]:
        """All of them."""
        return (*self.feeds, *self.sensors, *self.files)


Source = Feed | SensorNetwork | Vehicle | Aircraft
"""What has an id in the log, and rules that judge it."""


def beside(file: Path, name: str) -> Path:
    """A path written in a configuration file: relative to that file."""
    return (file.parent / Path(name).expanduser()).resolve()
