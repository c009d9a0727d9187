"""Accounts to try the console with: one of each kind, with new random passwords each time."""

from __future__ import annotations

from detector.console.accounts import Account
from detector.console.desk import Desk
from detector.console.passwords import random_password
from detector.console.roles import Role
from detector.model import Action

_ACCOUNTS = (("demo", Role.ADMINISTRATOR, ""), ("demo-a", Role.REVIEWER, "A"), ("demo-b", Role.REVIEWER, "B"))


def demo_accounts(desk: Desk) -> list[tuple[Account, str]]:
    """Make them, or give them other passwords; what was made stands in the log, the passwords do not."""
    there = {one.name: one for one in desk.accounts.accounts()}
    made = []
    for name, role, party in _ACCOUNTS:
        password = random_password()
        if name in there:
            desk.accounts.set_password(name, password)
        else:
            desk.accounts.add(name, role, party, password)
        desk.note("command line", "", Action.ACCOUNT, name, "demo account: new password")
        made.append((there.get(name) or Account(name, role, party), password))
    return made
