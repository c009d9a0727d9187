"""Delivery of a log's entries to a real HTTP server and a real MQTT broker that go away and come back."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from detector.log import LogWriter, open_reader
from detector.model import Gap, GapReason, Run
from detector.outbox.cloud_event import TOLD, cloud_event
from detector.outbox.delivery import Delivery
from detector.outbox.mqtt import MqttConfig, MqttSink
from detector.outbox.sink import Sink
from detector.outbox.webhook import WebhookConfig, WebhookSink, signature
from tests.console.test_server import certificate
from tests.live.rig import free_port, until

RUN = Run("c" * 64, "test", ())
MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def filled(out: Path, since: int, count: int) -> None:
    """Gaps of two feeds in turn: entries like any other, and quickly made."""
    with LogWriter(out) as log:
        log.begin(RUN)
        for number in range(since, since + count):
            log.gap(Gap(f"feed-{number % 2}", number * 1000, number * 1000 + 1, GapReason.MISSING), RUN.run_id)


class Receiver:
    """An HTTP server that says no until `accepts`, and then takes what it gets."""

    def __init__(
        self, port: int, accepts: Callable[[int], bool] = lambda _n: True, tls: ssl.SSLContext | None = None
    ) -> None:
        receiver = self
        self.requests = 0
        self.events: list[tuple[dict[str, Any], dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.requests += 1
                good = accepts(receiver.requests)
                if good:
                    receiver.events.append((json.loads(body), dict(self.headers), body))
                self.send_response(200 if good else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", port), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)

    def __enter__(self) -> Receiver:
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def delivering(sink: Sink, out: Path, feeds: dict[str, str] | None = None) -> Iterator[Delivery]:
    delivery = Delivery(sink, out, lambda: feeds or {})
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop()
        delivery.join(20)
        assert not delivery.is_alive()


def logged(out: Path) -> list[dict[str, Any]]:
    with open_reader(out) as reader:
        return [cloud_event(entry) for entry in reader.entries(TOLD)]


def test_a_webhook_gets_every_entry_in_order_signed_and_once_across_failures_and_restarts(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "secret").write_text("geheim\nnot this\n")
    config = WebhookConfig(name="hq", url=f"http://127.0.0.1:{port}/in", secret_file=tmp_path / "secret", timeout_s=2)
    filled(tmp_path, 0, 6)
    with delivering(WebhookSink(config), tmp_path) as delivery:
        until(lambda: delivery.progress.problem != "")  # nobody is there yet
        assert delivery.progress.depth == 6
        with Receiver(port, accepts=lambda number: number != 3) as receiver:
            until(lambda: len(receiver.events) == 6)
    filled(tmp_path, 6, 4)
    with Receiver(port) as after, delivering(WebhookSink(config), tmp_path) as delivery:
        until(lambda: delivery.progress.delivered == 4)
        assert delivery.progress.depth == 0
    got = [event for event, _, _ in receiver.events + after.events]
    assert got == logged(tmp_path)
    assert [event["sequence"] for event in got] == sorted(event["sequence"] for event in got)
    event, headers, body = receiver.events[0]
    assert event["specversion"] == "1.0"
    assert headers["Content-Type"].startswith("application/cloudevents+json")
    assert headers["Webhook-Signature"] == signature(
        b"geheim", headers["Webhook-Id"], headers["Webhook-Timestamp"], body
    )


def test_a_secret_as_standard_webhooks_hands_it_out_signs_as_its_libraries_expect(tmp_path: Path) -> None:
    filled(tmp_path, 0, 1)
    (tmp_path / "secret").write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    port = free_port()
    config = WebhookConfig(name="hq", url=f"http://127.0.0.1:{port}/in", secret_file=tmp_path / "secret")
    with Receiver(port) as receiver, delivering(WebhookSink(config), tmp_path):
        until(lambda: len(receiver.events) == 1)
    _, headers, body = receiver.events[0]
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert headers["Webhook-Signature"] == signature(secret, headers["Webhook-Id"], headers["Webhook-Timestamp"], body)
    (tmp_path / "secret").write_text("whsec_no base64\n")
    filled(tmp_path, 1, 1)
    with delivering(WebhookSink(config), tmp_path) as delivery:
        until(lambda: "is not base64" in delivery.progress.problem)
    assert "no base64" not in delivery.progress.problem.partition("whsec_")[2].partition(",")[0]


def test_the_signature_is_that_of_the_specification() -> None:
    """Example of Standard Webhooks 1.0.0, section "Verifying webhook authenticity"."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == expected


@pytest.mark.parametrize("host", ["127.0.0.1:1", "127.0.0.1"])
def test_a_webhook_shows_no_password(host: str, tmp_path: Path) -> None:
    filled(tmp_path, 0, 1)
    config = WebhookConfig(name="hq", url=f"http://user:geheim@{host}/in?token=geheim", timeout_s=1)
    with delivering(WebhookSink(config), tmp_path) as delivery:
        until(lambda: delivery.progress.problem != "")
    assert "geheim" not in delivery.progress.problem


def test_a_user_and_password_in_the_address_sign_in(tmp_path: Path) -> None:
    filled(tmp_path, 0, 1)
    port = free_port()
    config = WebhookConfig(name="hq", url=f"http://centre:ge%40heim@127.0.0.1:{port}/in")
    with Receiver(port) as receiver, delivering(WebhookSink(config), tmp_path):
        until(lambda: len(receiver.events) == 1)
    assert receiver.events[0][1]["Authorization"] == "Basic " + base64.b64encode(b"centre:ge@heim").decode()


def test_what_is_no_web_server_is_told_and_the_right_one_gets_everything_once_it_is_there(tmp_path: Path) -> None:
    filled(tmp_path, 0, 3)
    port = free_port()
    config = WebhookConfig(name="hq", url=f"http://127.0.0.1:{port}/in", timeout_s=2)
    with delivering(WebhookSink(config), tmp_path) as delivery:
        with socket.create_server(("127.0.0.1", port)) as other:
            other.settimeout(20)
            answered, _ = other.accept()
            with answered:
                answered.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                until(lambda: "does not speak HTTP" in delivery.progress.problem)
        with Receiver(port) as receiver:
            until(lambda: len(receiver.events) == 3)
    assert delivery.progress.problem == ""


def test_a_receiver_is_believed_by_the_certificates_that_vouch_for_it(tmp_path: Path) -> None:
    filled(tmp_path, 0, 1)
    pem, key = certificate(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem, key)
    port = free_port()
    config = WebhookConfig(name="hq", url=f"https://localhost:{port}/in", timeout_s=5)
    with Receiver(port, tls=tls) as receiver:
        with delivering(WebhookSink(config), tmp_path) as delivery:
            until(lambda: "CERTIFICATE_VERIFY_FAILED" in delivery.progress.problem)
        assert receiver.events == []
        with delivering(WebhookSink(config.model_copy(update={"ca_file": pem})), tmp_path):
            until(lambda: len(receiver.events) == 1)


def test_a_log_that_was_restored_from_a_copy_is_sent_from_its_beginning(tmp_path: Path) -> None:
    """Its new entries have numbers that had been delivered: by number alone they would never be sent."""
    filled(tmp_path, 0, 2)
    copy = shutil.copy(tmp_path / "violations.sqlite", tmp_path / "copy.sqlite")
    filled(tmp_path, 2, 3)
    port = free_port()
    config = WebhookConfig(name="hq", url=f"http://127.0.0.1:{port}/in")
    with Receiver(port) as receiver:
        with delivering(WebhookSink(config), tmp_path):
            until(lambda: len(receiver.events) == 5)
        shutil.copy(copy, tmp_path / "violations.sqlite")
        filled(tmp_path, 10, 2)
        with delivering(WebhookSink(config), tmp_path):
            until(lambda: len(receiver.events) == 5 + 4)
        with delivering(WebhookSink(config), tmp_path) as again:
            until(lambda: again.progress.position > 0)
    assert [event for event, _, _ in receiver.events[5:]] == logged(tmp_path)
    assert len(receiver.events) == 9, "and only once"


def test_one_that_is_told_to_stop_does_not_send_what_has_waited_for_weeks(tmp_path: Path) -> None:
    """The next one, by another configuration, begins when it has ended: nothing comes twice or out of order."""
    filled(tmp_path, 0, 30)
    port = free_port()
    config = WebhookConfig(name="hq", url=f"http://127.0.0.1:{port}/in")
    with Receiver(port, accepts=lambda _n: not time.sleep(0.05)) as receiver:
        with delivering(WebhookSink(config), tmp_path) as first:
            until(lambda: len(receiver.events) > 2)
            first.stop(within_s=0.0)
            after = Delivery(WebhookSink(config), tmp_path, dict, first)
            after.start()
            first.join(5)
            assert not first.is_alive()
            assert first.progress.delivered < 10
        until(lambda: len(receiver.events) == 30)
        after.stop()
        after.join(20)
    assert [event for event, _, _ in receiver.events] == logged(tmp_path)


def test_a_broker_of_which_the_certificates_are_not_there_is_told_and_tried_again(tmp_path: Path) -> None:
    filled(tmp_path, 0, 1)
    config = MqttConfig(name="broker", host="127.0.0.1", port=1, tls=True, ca_file=tmp_path / "absent.pem")
    with delivering(MqttSink(config), tmp_path) as delivery:
        until(lambda: "No such file" in delivery.progress.problem)
        assert delivery.is_alive()


def test_a_log_is_read_in_pieces(tmp_path: Path) -> None:
    filled(tmp_path, 0, 5)
    with open_reader(tmp_path) as reader:
        assert reader.count(TOLD) == 5
        assert reader.count(TOLD, after=4) == 2
        assert [entry.seq for entry in reader.entries(TOLD, after=2, most=2)] == [3, 4]


@contextlib.contextmanager
def broker(port: int, folder: Path, admits: str = "allow_anonymous true") -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    file = folder / "mosquitto.conf"
    kept = f"persistence true\npersistence_location {folder}/\n"
    file.write_text(f"listener {port} 127.0.0.1\n{admits}\nuser root\n{kept}")
    with subprocess.Popen([str(MOSQUITTO), "-c", str(file)], stderr=subprocess.DEVNULL) as process:
        try:
            time.sleep(0.3)
            yield
        finally:
            process.terminate()
            process.wait(10)


class Subscriber:
    """Hears everything under a topic; the broker keeps for it what comes while it is away."""

    def __init__(self, port: int, name: str) -> None:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self.heard: list[tuple[str, bytes, bool]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, name, clean_session=False)
        self._client.on_message = lambda _c, _u, message: self.heard.append(
            (message.topic, message.payload, message.retain)
        )
        self._client.on_connect = lambda client, *_: client.subscribe("tw/#", qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        until(self._client.is_connected)
        time.sleep(0.1)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
def test_a_broker_that_is_down_for_a_while_gets_every_entry_once_in_order(tmp_path: Path) -> None:
    port = free_port()
    config = MqttConfig(name="broker", host="127.0.0.1", port=port, topic="tw", timeout_s=2)
    filled(tmp_path, 0, 3)
    with broker(port, tmp_path / "broker"):
        Subscriber(port, "hq").close()
    with delivering(MqttSink(config), tmp_path, {"feed-0": "running"}) as delivery:
        with broker(port, tmp_path / "broker"):
            until(lambda: delivery.progress.delivered == 3)
            subscriber = Subscriber(port, "hq")
            until(lambda: len([1 for topic, *_ in subscriber.heard if topic.endswith("/entry")]) == 3)
            subscriber.close()
        filled(tmp_path, 3, 5)
        until(lambda: delivery.progress.problem != "" and delivery.progress.depth == 5)
        with broker(port, tmp_path / "broker"):
            again = Subscriber(port, "hq")
            until(lambda: delivery.progress.delivered == 8)
            until(lambda: len([1 for topic, *_ in again.heard if topic.endswith("/entry")]) == 5)
            late = Subscriber(port, "late")  # who comes later is told the state at once
            retained = {("tw/centre", b"online", True), ("tw/feed-0/state", b'{"state": "running"}', True)}
            until(lambda: retained <= set(late.heard))
            again.close()
            late.close()
    heard = [(topic, json.loads(data)) for topic, data, _ in subscriber.heard + again.heard if topic.endswith("/entry")]
    once = {event["id"]: event for _, event in heard}  # an acknowledgement that was lost: it came twice
    assert list(once.values()) == logged(tmp_path)
    assert {topic for topic, _ in heard} == {"tw/feed-0/entry", "tw/feed-1/entry"}
    assert {topic for topic, *_ in late.heard} == {"tw/centre", "tw/feed-0/state"}


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
def test_a_wrong_password_is_told_as_that(tmp_path: Path) -> None:
    port = free_port()
    filled(tmp_path, 0, 1)
    (tmp_path / "secret").write_text("wrong\n")
    config = MqttConfig(name="broker", host="127.0.0.1", port=port, user="centre", secret_file=tmp_path / "secret")
    with broker(port, tmp_path / "broker", "allow_anonymous false"), delivering(MqttSink(config), tmp_path) as delivery:
        until(lambda: "does not let us in: Not authorized" in delivery.progress.problem)


@pytest.mark.parametrize("wrong", [{"secret_file": "x"}, {"ca_file": "x"}])
def test_what_would_silently_not_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"name the user|belongs to tls"):
        MqttConfig(name="broker", host="127.0.0.1", **wrong)


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
def test_of_a_feed_that_is_no_longer_watched_the_broker_keeps_no_state(tmp_path: Path) -> None:
    port, feeds = free_port(), {"north": "running", "south": "running"}
    filled(tmp_path, 0, 1)
    sink = MqttSink(MqttConfig(name="broker", host="127.0.0.1", port=port, topic="tw", timeout_s=2))
    with broker(port, tmp_path / "broker"), delivering(sink, tmp_path, feeds):
        subscriber = Subscriber(port, "hq")
        until(lambda: ("tw/south/state", b'{"state": "running"}') in {one[:2] for one in subscriber.heard})
        del feeds["south"]
        until(lambda: ("tw/south/state", b"") in {one[:2] for one in subscriber.heard})
        subscriber.close()
        late = Subscriber(port, "late")
        until(lambda: ("tw/north/state", b'{"state": "running"}', True) in late.heard)
        late.close()
    assert "tw/south/state" not in {topic for topic, *_ in late.heard}


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed: apt-get install mosquitto")
def test_the_last_will_says_that_the_centre_is_gone(tmp_path: Path) -> None:
    port = free_port()
    filled(tmp_path, 0, 1)
    sink = MqttSink(MqttConfig(name="broker", host="127.0.0.1", port=port, topic="tw", timeout_s=2))
    with broker(port, tmp_path / "broker"):
        subscriber = Subscriber(port, "hq")
        with delivering(sink, tmp_path) as delivery:
            until(lambda: delivery.progress.delivered == 1)
            assert sink._client is not None
            sink._client.socket().shutdown(2)  # as a killed process leaves it: no DISCONNECT
            until(lambda: ("tw/centre", b"offline", False) in subscriber.heard)
        subscriber.close()
