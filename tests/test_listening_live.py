"""Live against recorded: a real MQTT broker, loggers in a process of their own, and the troubles of the field."""

from __future__ import annotations

import gc
import json
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import paho.mqtt.publish as paho
import pytest
from bench_mqtt import Heard, air_events, air_plan, compared, configuration, delays_s, listened, live, recorded
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mqtt_rig import MOSQUITTO, Broker, Sending

from detector.association import air
from detector.config.mqtt_address import MqttAddress
from detector.errors import SourceError
from detector.listening_feed import ListeningJob, listen_to
from detector.model import GapReason, RunEnd
from detector.sources.series import LiveSeries, MqttArrivals, Station
from detector.timebase import NS_PER_S

pytestmark = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
AIR = {"temperature_c": 15.0, "wait_s": 3.0}
SECONDS = 15.0


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Heard, Heard, int]:
    """15 s of six microphones: one logger silent, one's clock ahead, the broker restarted, messages twice and late."""
    folder = tmp_path_factory.mktemp("troubled")
    plan = replace(
        air_plan(SECONDS),
        silence=((0,), 2.0, 6.5),
        jump=(1, 8.0, 8.4, 0.5),
        twice=((2, 10), (1, 30)),
        swapped=((2, 25),),
        restart=(10.2, 11.0),
    )
    heard, sending, _ = live(plan, folder / "live", AIR)
    return heard, recorded(plan, folder / "recorded", sending.start_ns, AIR), sending.start_ns


@pytest.mark.slow
def test_live_and_recorded_give_the_same_violations(troubled: tuple[Heard, Heard, int]) -> None:
    heard, twin, _ = troubled
    result = compared(heard, twin)
    assert result["the_same"], result
    assert result["live"] >= 4
    assert heard.end.complete
    assert heard.end.frames == twin.end.frames


@pytest.mark.slow
def test_what_was_not_heard_is_told_live_as_in_the_recording(troubled: tuple[Heard, Heard, int]) -> None:
    heard, twin, start_ns = troubled
    usual = {GapReason.MISSING, GapReason.CLOCK, GapReason.DAMAGED}

    def told(one: Heard) -> Counter[tuple[float, float, GapReason]]:
        return Counter(
            ((gap.t_start_ns - start_ns) / NS_PER_S, (gap.t_end_ns - start_ns) / NS_PER_S, gap.reason)
            for gap in one.gaps
            if gap.reason in usual
        )

    assert told(heard) == told(twin)
    assert (2.0, 6.5, GapReason.MISSING) in told(heard)
    assert any(reason is GapReason.CLOCK and 8.0 < start_s < 9.0 for start_s, _, reason in told(heard))


@pytest.mark.slow
def test_the_evidence_is_the_very_samples_that_were_sent(troubled: tuple[Heard, Heard, int]) -> None:
    heard, twin, _ = troubled

    def kept(one: Heard) -> dict[str, str]:
        files = [file for _, entry in one.entries if hasattr(entry, "files") for file in entry.files]
        return {file.path.split("/", 1)[1]: file.sha256 for file in files if file.path.endswith(".csv")}

    assert kept(heard) == kept(twin) != {}


@pytest.mark.slow
def test_a_violation_is_told_soon_after_the_last_arrival(troubled: tuple[Heard, Heard, int]) -> None:
    """0.2 s on a machine that has time for it (bench_mqtt); here others run beside."""
    heard, _, start_ns = troubled
    late_s = delays_s(air_plan(SECONDS), heard, start_ns, air_events(SECONDS), air(15.0))
    assert 0.0 < min(late_s) < 2.0


# The connection


def arrivals(port: int, scheme: str = "mqtt", user: str = "", **how: object) -> MqttArrivals:
    return MqttArrivals([MqttAddress.parse(f"{scheme}://{user}127.0.0.1:{port}/line/#")], **how)


def until(source: MqttArrivals, holds: Callable[[], bool], seconds: float = 10.0) -> list[bytes]:
    """Messages until something holds."""
    end_s, found = time.monotonic() + seconds, []
    for one in source:
        if one is not None:
            found.append(one.payload)
        if holds():
            source.stop()
        assert time.monotonic() < end_s, source.trouble
    return found


def publish(port: int, payload: str) -> None:
    paho.single("line/a", payload, qos=1, hostname="127.0.0.1", port=port)


def test_a_password_is_needed_and_never_shown(tmp_path: Path) -> None:

    passwords = tmp_path / "passwords"
    subprocess.run(
        ["mosquitto_passwd", "-b", "-c", str(passwords), "centre", "s3cret"], check=True, capture_output=True
    )
    settings = ("allow_anonymous false", f"password_file {passwords}")
    with Broker(tmp_path / "broker", settings) as broker:
        wrong = arrivals(broker.port, user="centre:wr0ng@")
        until(wrong, lambda: "refuses" in wrong.trouble)
        assert "wr0ng" not in wrong.trouble
        assert f"mqtt://127.0.0.1:{broker.port}/line/#: the broker refuses: Not authorized" in wrong.trouble
        (tmp_path / "secret").write_text("s3cret\nsecond line\n")
        right = arrivals(broker.port, user="centre@", password_file=tmp_path / "secret")
        until(right, lambda: right.connected_s is not None)
        assert right.trouble == "" or "lost" in right.trouble
        (tmp_path / "secret").write_text("wr0ng\n")
        changed = arrivals(broker.port, user="centre@", password_file=tmp_path / "secret")

        def let_in() -> bool:
            if "refuses" in changed.trouble:
                (tmp_path / "secret").write_text("s3cret\n")  # it is read again for each connection
            return changed.connected_s is not None

        until(changed, let_in, 30.0)


def certificate(folder: Path) -> Path:
    """Of 127.0.0.1, signed by itself, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker of a test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder / "cert.pem"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_with_tls_only_a_broker_that_somebody_vouches_for_is_believed(tmp_path: Path) -> None:
    cert = certificate(tmp_path)
    settings = ("allow_anonymous true", f"certfile {cert}", f"keyfile {tmp_path / 'key.pem'}")
    with Broker(tmp_path / "broker", settings) as broker:
        known = arrivals(broker.port, "mqtts", ca_file=cert)
        until(known, lambda: known.connected_s is not None)
        unknown = arrivals(broker.port, "mqtts")
        until(unknown, lambda: "certificate verify failed" in unknown.trouble)
        assert unknown.connected_s is None
        gc.collect()  # paho leaves a socket whose certificate it refused to the collector
    with pytest.raises(SourceError, match=r"absent\.pem: cannot be used as certificates"):
        arrivals(broker.port, "mqtts", ca_file=tmp_path / "absent.pem")


def test_what_is_sent_while_the_connection_is_lost_is_delivered_afterwards(tmp_path: Path) -> None:
    with Broker(tmp_path / "broker") as broker:
        first = arrivals(broker.port, client_id="centre")
        until(first, lambda: first.connected_s is not None)
        publish(broker.port, "kept")
        broker.stop()
        broker.start()
        again = arrivals(broker.port, client_id="centre")
        found = until(again, lambda: again.connected_s is not None and time.monotonic() > again.connected_s + 0.5)
        assert found == [b"kept"]


def test_nobody_there_is_told_and_it_ends_at_once_when_it_is_stopped() -> None:
    source = LiveSeries(arrivals(1), "line", Station(), wait_s=0.2)
    timer = threading.Timer(0.6, source.stop)
    timer.start()
    begun_s = time.monotonic()
    gaps = [one for one in source if one is not None]
    assert time.monotonic() - begun_s < 3
    assert "mqtt://127.0.0.1:1/line/#" in gaps[0].detail
    assert source.end is not None
    assert not source.end.complete


def test_a_logger_without_power_is_told_with_its_last_will(tmp_path: Path) -> None:
    plan = air_plan(60.0)
    plan.write_station(tmp_path / "station.json")
    with Broker(tmp_path / "broker") as broker:
        media = [f"mqtt://127.0.0.1:{broker.port}/line/+"]
        config = configuration(tmp_path, media, {**AIR, "station": "station.json", "wait_s": 1.0})
        stopped, result = threading.Event(), []
        thread = threading.Thread(target=lambda: result.append(listened(config, tmp_path / "out", stopped)))
        thread.start()
        sending = Sending(plan, broker)
        threading.Timer(3.0, sending.kill).start()
        with pytest.raises(RuntimeError):
            sending.run()
        time.sleep(2.5)
        stopped.set()
        thread.join(20)
    silent = [gap for gap in result[0].gaps if gap.reason is GapReason.DISCONNECTED]
    why = {gap.source_id: gap.detail for gap in silent if gap.source_id != "line"}  # before any of them had begun
    assert sorted(why) == [f"line/line/{k}" for k in range(3)]
    assert all("its publisher is gone (last will)" in detail for detail in why.values())


def test_a_network_that_cannot_begin_says_why(tmp_path: Path) -> None:
    (tmp_path / "station.json").write_text(json.dumps({"positions": {}}))
    config = configuration(tmp_path, ["mqtt://127.0.0.1:1/line/+"], {"station": "station.json"})
    job = ListeningJob.of(config, config.settings.sensors[0], tmp_path / "out")
    (end,) = listen_to(config, job, "run")
    assert isinstance(end, RunEnd)
    assert not end.complete
    assert end.detail.endswith("no sensor is left to listen to")


def test_a_sensor_without_a_height_is_listened_to(tmp_path: Path) -> None:
    positions = {name: {"lon_deg": 16.4, "lat_deg": 48.2, "alt_m": 190} for name in ("a", "b")}
    (tmp_path / "station.json").write_text(
        json.dumps({"positions": {**positions, "c": {"lon_deg": 16, "lat_deg": 48}}})
    )
    config = configuration(tmp_path, ["mqtt://127.0.0.1:1/line/+"], {"station": "station.json", "wait_s": 0.2})
    job = ListeningJob.of(config, config.settings.sensors[0], tmp_path / "out")
    stopped = threading.Event()
    threading.Timer(0.5, stopped.set).start()
    *_, end = listen_to(config, job, "run", stopped)
    assert isinstance(end, RunEnd)
    assert "height" not in end.detail
    assert "no samples came; mqtt://127.0.0.1:1/line/+: " in end.detail


def test_with_a_window_no_station_is_needed_and_all_that_comes_is_listened_to(tmp_path: Path) -> None:
    plan = air_plan(4.0)
    with Broker(tmp_path / "broker") as broker:
        media = [f"mqtt://127.0.0.1:{broker.port}/line/+"]
        config = configuration(tmp_path, media, {"window_s": 1.0, "wait_s": 1.0})
        stopped, result = threading.Event(), []
        thread = threading.Thread(target=lambda: result.append(listened(config, tmp_path / "out", stopped)))
        thread.start()
        Sending(plan, broker).run()
        time.sleep(1.0)
        stopped.set()
        thread.join(20)
    assert result[0].end.complete
    assert result[0].end.frames == 6 * 4 * 2000
