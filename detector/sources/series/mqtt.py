"""Messages from an MQTT broker."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from detector.config.mqtt_address import MqttAddress
from detector.errors import SourceError
from detector.sources.series.arrivals import Arrival

KEEPALIVE_S = 10
"""A broker that is gone without a word is noticed after 1.5 times this at most."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.25, 15.0
_MOMENT_S = 0.05
_MOST_WAITING = 20_000
_QOS = 1


class MqttArrivals:
    """Subscribes with quality of service 1 and connects again after every loss, after 0.25 s, then twice as long each
    time up to 15 s, each spread by half of itself so that not all come at once.

    addresses: brokers and topics, each with a connection of its own.
    client_id: with one, the broker keeps what comes while the connection is lost (a session that is not clean);
        without, each connection begins anew.
    stopped: set it, or call `stop`, and the iteration ends.

    Raises:
        SourceError: paho-mqtt is absent, or the file with the password or the certificates cannot be read.

    password_file: its first line, read again for each connection: passwords are changed.
    """

    def __init__(
        self,
        addresses: Sequence[MqttAddress],
        *,
        client_id: str = "",
        password_file: Path | None = None,
        ca_file: Path | None = None,
        stopped: threading.Event | None = None,
    ) -> None:
        self.lost = 0
        self._messages: queue.Queue[Arrival] = queue.Queue(_MOST_WAITING)
        self._stopped = stopped or threading.Event()
        if password_file is not None:
            _first_line(password_file)
        self._connections = [
            _Connection(
                one, f"{client_id}-{number}" if client_id else "", password_file, ca_file, self._arrived, self._stopped
            )
            for number, one in enumerate(addresses, 1)
        ]

    @property
    def connected_s(self) -> float | None:
        """When the newest of the connections was made; None while one is missing."""
        made = [one.connected_s for one in self._connections]
        return None if None in made else max(one for one in made if one is not None)

    @property
    def trouble(self) -> str:
        """Why a connection is missing, in one sentence without credentials."""
        return "; ".join(one.trouble for one in self._connections if one.trouble)

    def __iter__(self) -> Iterator[Arrival | None]:
        """Connect, and give what comes."""
        threads = [threading.Thread(target=one.stay_connected, daemon=True) for one in self._connections]
        for thread in threads:
            thread.start()
        try:
            while not (self._stopped.is_set() and self._messages.empty()):
                try:
                    yield self._messages.get(timeout=_MOMENT_S)
                except queue.Empty:
                    yield None
        finally:
            self.stop()
            for one, thread in zip(self._connections, threads, strict=True):
                one.leave()
                thread.join()

    def stop(self) -> None:
        """End the iteration once what has arrived is given."""
        self._stopped.set()

    def _arrived(self, arrival: Arrival) -> None:
        try:
            self._messages.put_nowait(arrival)
        except queue.Full:
            self.lost += 1


class _Connection:
    """One connection that is made again whenever it is lost."""

    def __init__(
        self,
        address: MqttAddress,
        client_id: str,
        password_file: Path | None,
        ca_file: Path | None,
        arrived: Callable[[Arrival], None],
        stopped: threading.Event,
    ) -> None:
        self.connected_s: float | None = None
        self.trouble = f"{address}: not connected yet"
        self._wait_s = _FIRST_WAIT_S
        self._address, self._arrived, self._stopped = address, arrived, stopped
        self._password_file = password_file
        paho = _paho(address)
        self._client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=not client_id,
            reconnect_on_failure=False,  # the waits between tries are ours
        )
        if address.tls:
            try:
                self._client.tls_set(None if ca_file is None else str(ca_file))
            except OSError as error:
                raise SourceError(f"{ca_file}: cannot be used as certificates: {error.strerror or error}") from None
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message

    def stay_connected(self) -> None:
        """Until it is stopped and left."""
        while not self._stopped.is_set():
            try:
                self._sign_in()
                self._client.connect(self._address.host, self._address.port, KEEPALIVE_S)
                self._client.loop_forever()
            except (OSError, ValueError) as error:
                self.trouble = f"{self._address}: {error}"
            except SourceError as error:
                self.trouble = str(error)
            self._stopped.wait(self._wait_s * random.uniform(0.5, 1.5))  # noqa: S311  no secret depends on it
            self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)

    def _sign_in(self) -> None:
        address, file = self._address, self._password_file
        if address.user is not None:
            self._client.username_pw_set(address.user, address.password if file is None else _first_line(file))

    def leave(self) -> None:
        """Sign off, after `stopped` was set."""
        self._client.disconnect()

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.trouble = f"{self._address}: the broker refuses: {reason}"
        elif self._stopped.is_set():  # it was while the connection was being made
            client.disconnect()
        else:
            client.subscribe(self._address.topic, _QOS)

    def _on_subscribe(self, client: Any, _data: Any, _number: Any, reasons: Any, _properties: Any) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self.trouble = f"{self._address}: the broker refuses the topic: {refused[0]}"
            client.disconnect()
            return
        self.connected_s, self.trouble, self._wait_s = time.monotonic(), "", _FIRST_WAIT_S

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected_s = None
        if not self.trouble:
            self.trouble = f"{self._address}: the connection was lost: {reason}"

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        self._arrived(Arrival(message.topic, bytes(message.payload), bool(message.retain)))


def _paho(address: MqttAddress) -> ModuleType:
    try:
        return import_module("paho.mqtt.client")
    except ImportError:
        raise SourceError(f"{address}: MQTT needs the extra: pip install 'trucewatch[mqtt]'") from None


def _first_line(file: Path) -> str:
    try:
        return file.read_text("utf-8").split("\n", 1)[0].strip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file}: the password cannot be read from it: {error}") from None
