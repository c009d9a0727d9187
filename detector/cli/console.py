"""`trucewatch console`: the web page of the people who decide."""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from detector.cli.screen import Screen


def console(
    log: Annotated[Path, typer.Argument(metavar="DIR", help="Output directory, or the .sqlite file in it.")],
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration the log was made with: its zones, limits and time zone are shown."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; other than this machine only with TLS.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8443,
    certificate: Annotated[Path | None, typer.Option(help="TLS certificate with its chain (PEM).")] = None,
    key: Annotated[Path | None, typer.Option(help="Its private key (PEM).")] = None,
    idle: Annotated[
        int, typer.Option(min=5, max=720, metavar="MINUTES", help="A session ends when nobody was there for so long.")
    ] = 60,
    demo: Annotated[
        bool, typer.Option("--demo", help="Make demo accounts with random passwords, shown once; this machine only.")
    ] = False,
) -> None:
    """Open the console on a log: review, queue, timeline, search. Make an account first with `trucewatch user add`.

    Example: `trucewatch console out --config agreement.yaml`
    """
    from detector.console.demo import demo_accounts
    from detector.console.listening import Listening
    from detector.console.server import open_desk, open_socket, serve
    from detector.console.sessions import Idle
    from detector.timebase import NS_PER_S, SystemClock

    try:
        listening = Listening(host, port, certificate, key)
        if demo and certificate is not None:
            raise ValueError("--demo is for this machine only, without a certificate")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    try:
        taken = open_socket(listening)
    except OSError as error:
        raise typer.BadParameter(f"{host} port {port}: {error.strerror}", param_hint="--port") from None
    say = Screen(highlight=False, markup=False, soft_wrap=True)
    with taken, closing(open_desk(log, config, SystemClock(), _check, Idle(idle * 60 * NS_PER_S))) as desk:
        if not demo and not any(not one.closed for one in desk.accounts.accounts()):
            raise typer.BadParameter(
                f"nobody has an account yet: trucewatch user add {shlex.quote(str(log))} NAME --role administrator"
            )
        for account, password in demo_accounts(desk) if demo else ():
            party = f", party {account.party}" if account.party else ""
            say.print(f"  {account.name:<9} {password}   ({account.role}{party})")
        say.print(f"The console is at {listening.address}   (Ctrl-C ends it)")
        with _closing_on_termination():
            serve(desk, listening, taken)


@contextmanager
def _closing_on_termination() -> Iterator[None]:
    """SIGTERM ends what serves, which then raises it once more: by itself that would leave the log unclosed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check(path: Path) -> None:
    """The configuration's own loader, with every stage: the pages themselves know of none."""
    from detector import pipeline
    from detector.config import load

    pipeline.checked(load(path, pipeline.REGISTRIES))
