"""Where the processes of feeds run. Another machine would be another Place; nothing else would change."""

from __future__ import annotations

import contextlib
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Protocol

from detector.centre.messages import FromFeed, Order, ToFeed
from detector.centre.nursery import nursery
from detector.centre.worker import work


class Worker(Protocol):
    """One feed being watched somewhere."""

    @property
    def pid(self) -> int | None:
        """Of its process, where it is one of this machine."""
        ...

    @property
    def readable(self) -> Connection:
        """What `multiprocessing.connection.wait` can wait for: something has come, or it is gone."""
        ...

    def receive(self) -> list[FromFeed] | None:
        """What has come, without waiting; None: it is gone, and has said all it will ever say."""
        ...

    def send(self, message: ToFeed) -> None:
        """Tell it something. One that is gone hears nothing, which is no error."""
        ...

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        ...


class Place(Protocol):
    """Starts workers."""

    def start(self, order: Order) -> Worker:
        """Watch one feed from now on."""
        ...


class LocalWorker:
    """A process of this machine."""

    def __init__(self, order: Order) -> None:
        context = nursery()
        self._from, theirs = context.Pipe(duplex=False)
        heard, self._to = context.Pipe(duplex=False)
        self._process: BaseProcess = context.Process(
            target=work, args=(order, theirs, heard), daemon=True, name=f"trucewatch {order.source_id}"
        )
        self._process.start()
        theirs.close()
        heard.close()

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    @property
    def readable(self) -> Connection:
        """Its end of the pipe; it becomes readable as well when the process dies."""
        return self._from

    def receive(self) -> list[FromFeed] | None:
        """What lies in the pipe, at most 1,000 messages."""
        found: list[FromFeed] = []
        try:
            while len(found) < 1000 and self._from.poll():
                found.append(self._from.recv())
        except (EOFError, OSError):
            return found or None
        return found

    def send(self, message: ToFeed) -> None:
        """Through the other pipe."""
        with contextlib.suppress(OSError):
            self._to.send(message)

    def kill(self) -> None:
        """SIGKILL; its pipes are closed."""
        self._process.kill()
        self._process.join()
        self._from.close()
        self._to.close()


class LocalProcesses:
    """One process a feed on this machine."""

    def start(self, order: Order) -> Worker:
        """In a process of its own."""
        return LocalWorker(order)
