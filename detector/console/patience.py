"""How long a client may take: whoever opens connections and says nothing would otherwise keep everybody else out."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
"""For the head of a request, from the connection's beginning or the head's first byte on."""

BODY_S = 20.0
"""For the whole of its body."""


class Patient(H11Protocol):
    """uvicorn's protocol, which by itself waits for ever."""

    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """A piece of what it says."""
        super().data_received(data)
        if self._has_asked:
            self._wait_no_more()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    @property
    def _has_asked(self) -> bool:
        """A request is being answered, or the connection has become a WebSocket, which minds itself."""
        upgraded = self.transport.get_protocol() is not self
        return upgraded or (self.cycle is not None and not self.cycle.response_complete)

    def _await_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_S, self._close)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        if not self._has_asked:
            self.transport.close()
