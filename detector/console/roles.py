"""Who may do what: a role is a set of permissions, and every route asks for one."""

from __future__ import annotations

from enum import StrEnum

PARTIES = ("A", "B")
"""The two parties of a joint centre. Each gives its own verdict; they stand side by side."""


class Role(StrEnum):
    """What an account is for."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    EXPORTER = "exporter"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a route may ask for; the scopes of an access token are these too."""

    READ = "read"
    EVIDENCE = "evidence"
    VERDICT = "verdict"
    EXPORT = "export"
    ADMINISTER = "administer"


_LOOKING = frozenset({Permission.READ, Permission.EVIDENCE})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _LOOKING,
    Role.REVIEWER: _LOOKING | {Permission.VERDICT},
    Role.EXPORTER: _LOOKING | {Permission.EXPORT},
    # Whoever makes the accounts judges nothing and takes nothing away.
    Role.ADMINISTRATOR: _LOOKING | {Permission.ADMINISTER},
}
