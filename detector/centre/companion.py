"""A process beside the feeds' that is kept running: no feed waits for it, and it may be killed at any time."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import structlog

from detector.centre.back_off import BackOff
from detector.centre.nursery import nursery
from detector.centre.saying import say_as_json, say_failed

_STOP_WITHIN_S = 5.0

Work = Callable[[], None]
"""What it does, in a process of its own, until SIGTERM; it says itself why it could not. Can be pickled."""


class Companion:
    """Call `turn` often: it never waits.

    name: for the centre's own log.
    longest_s: one that ends again and again is started again at most so far apart. [s]
    """

    def __init__(self, name: str, longest_s: float) -> None:
        self._name, self._back_off = name, BackOff(longest_s)
        self._work: Work | None = None
        self._process: BaseProcess | None = None
        self._held: Connection | None = None
        self._told_to_end = False
        self._say = structlog.get_logger()

    @property
    def pid(self) -> int | None:
        """Of its process; None while there is none."""
        return None if self._process is None else self._process.pid

    def do(self, work: Work | None) -> None:
        """This from now on; what it did until now ends. None: nothing."""
        self._work = work
        if self._process is not None:
            self._process.terminate()
            self._told_to_end = True

    def turn(self) -> None:
        """See to it if it has ended; start it if that is due."""
        if self._process is not None and not self._process.is_alive():
            if not self._told_to_end:
                self._say.warning(f"{self._name} is gone", exit_code=self._process.exitcode)
                self._back_off.ended()
            self._let_go()
        if self._process is None and self._work is not None and self._back_off.wait_s <= 0:
            context = nursery()
            theirs, self._held = context.Pipe(duplex=False)
            self._process = context.Process(
                target=_beside, args=(self._work, theirs), daemon=True, name=f"trucewatch {self._name}"
            )
            self._process.start()
            theirs.close()
            self._back_off.started()

    def stop(self) -> None:
        """End it, by force if it does not in 5 s."""
        self.do(None)
        if self._process is not None:
            self._process.join(_STOP_WITHIN_S)
            self._process.kill()
            self._process.join()
            self._let_go()

    def _let_go(self) -> None:
        """It is gone; should only whoever told so have been killed, it ends by this."""
        if self._held is not None:
            self._held.close()
        self._process, self._held, self._told_to_end = None, None, False


def _beside(work: Work, held: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the centre says what it means
    say_as_json()
    threading.Thread(target=_end_with_the_centre, args=(held,), daemon=True).start()
    try:
        work()
    except Exception as error:  # noqa: BLE001  told, and started again
        say_failed("what runs beside the feeds has failed", error)
        raise SystemExit(1) from None


def _end_with_the_centre(held: Connection) -> None:
    """An orphan would keep its port from the centre's next life."""
    held.poll(None)
    os._exit(1)
