"""`trucewatch user`: who may open the console on a log. DIR is the log's output directory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detector.cli.screen import Screen
from detector.console.roles import Permission, Role
from detector.timebase import iso_from_ns

if TYPE_CHECKING:
    from detector.console.accounts import Accounts

app = typer.Typer(no_args_is_help=True, help="Who may open the console on a log, and as what.")

Log = Annotated[Path, typer.Argument(metavar="DIR", help="Output directory, or the .sqlite file in it.")]
Name = Annotated[str, typer.Argument(help="Name to sign in with.")]
RandomPassword = Annotated[bool, typer.Option("--random", help="Make a random password and show it once.")]


@app.command()
def add(
    log: Log,
    name: Name,
    role: Annotated[Role, typer.Option(help="What the account may do.")] = Role.VIEWER,
    party: Annotated[str, typer.Option(help="A or B; reviewers only.")] = "",
    random: RandomPassword = False,
) -> None:
    """Make an account. Example: `trucewatch user add out anna --role reviewer --party A`"""
    with _accounts(log) as accounts:
        password = _password(random)
        detail = f"made: {role}{f', party {party.upper()}' if party else ''}"
        accounts.add(name, role, party.upper(), password, partial(_note, log, name, detail))
    _say(f"{name} may sign in as {role}{f' of party {party.upper()}' if party else ''}.")
    if random:
        _say(f"Password (shown once): {password}")


@app.command("list")
def list_(log: Log) -> None:
    """Accounts, roles, parties and access tokens. Example: `trucewatch user list out`"""
    with _accounts(log) as accounts:
        found, tokens = accounts.accounts(), accounts.tokens()
    for one in found:
        _say(f"{one.name:<20} {one.role:<14} {one.party or '-':<3} {'closed' if one.closed else 'open'}")
        for made in tokens.get(one.name, []):
            _say(f"    access token {made.key}: {', '.join(made.scopes)}; until {iso_from_ns(made.until_ns, 0)}")
    if not found:
        _say("nobody yet")


@app.command()
def password(log: Log, name: Name, random: RandomPassword = False) -> None:
    """Another password; ends the account's sessions, tokens and lock-outs, opens it if it was closed.

    Example: `trucewatch user password out anna`
    """
    with _accounts(log) as accounts:
        given = _password(random)
        accounts.set_password(name, given, partial(_note, log, name, "another password"))
    _say(f"{name} has another password and is open; its sessions and access tokens have ended.")
    if random:
        _say(f"Password (shown once): {given}")


@app.command()
def role(
    log: Log,
    name: Name,
    role: Annotated[Role, typer.Option(help="What the account may do from now on.")],
    party: Annotated[str, typer.Option(help="A or B; reviewers only.")] = "",
) -> None:
    """Another role or party; ends the account's sessions and tokens.

    Example: `trucewatch user role out anna --role exporter`
    """
    words = f"{role}{f', party {party.upper()}' if party else ''}"
    with _accounts(log) as accounts:
        accounts.set_role(name, role, party.upper(), partial(_note, log, name, f"now: {words}"))
    _say(f"{name} is {words} now; its sessions and access tokens have ended.")


@app.command()
def close(log: Log, name: Name) -> None:
    """Close an account: its sessions and tokens end now. Example: `trucewatch user close out anna`"""
    with _accounts(log) as accounts:
        accounts.shut(name, partial(_note, log, name, "closed"))
    _say(f"{name} is closed; its sessions and access tokens have ended.")


@app.command()
def token(
    log: Log,
    name: Name,
    scope: Annotated[list[Permission], typer.Option(help="What it may do; may be given several times.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it is good for.")] = 90,
) -> None:
    """Make an access token for programs, shown once. Example: `trucewatch user token out anna --scope read`"""
    detail = f"access token for {days} days: {', '.join(sorted(scope))}"
    with _accounts(log) as accounts:
        made = accounts.make_token(name, scope, days, partial(_note, log, name, detail))
    _say(f"Access token (shown once): {made}")


@app.command()
def end_token(
    log: Log, name: Name, key: Annotated[str, typer.Argument(help="Eight digits, as `user list` has them.")]
) -> None:
    """End one access token; the account's others go on. Example: `trucewatch user end-token out anna 3f9a12c4`"""
    with _accounts(log) as accounts:
        accounts.end_token(name, key, partial(_note, log, name, f"access token {key} ended"))
    _say(f"Access token {key} of {name} has ended.")


@contextmanager
def _accounts(log: Path) -> Iterator[Accounts]:
    from detector.console.accounts import Accounts
    from detector.log import open_reader
    from detector.timebase import SystemClock

    with open_reader(log):
        pass  # accounts belong to a log: say clearly where there is none
    accounts = Accounts(log, SystemClock())
    try:
        yield accounts
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    finally:
        accounts.close()


def _note(log: Path, name: str, detail: str) -> None:
    from detector.log import LogWriter
    from detector.model import Action, Audit
    from detector.timebase import SystemClock

    with LogWriter(log, alone=False) as writer:
        writer.audit(Audit(SystemClock().now_ns(), "command line", "", Action.ACCOUNT, name, detail))


def _password(random: bool) -> str:
    from detector.console.passwords import random_password

    return random_password() if random else str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _say(line: str) -> None:
    Screen(highlight=False, markup=False, soft_wrap=True).print(line)
