"""Passwords: how long, how they are kept (Argon2id, RFC 9106), and random ones."""

from __future__ import annotations

import secrets
import string
from threading import Semaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LEAST, MOST = 12, 256

_HASHER = PasswordHasher()
_AT_ONCE = Semaphore(2)
"""Each check takes 64 MiB and 0.16 s: a burst of sign-ins must not take the machine's memory."""

_NOBODY = _HASHER.hash(secrets.token_hex(16))
_LETTERS = "".join(c for c in string.ascii_letters + string.digits if c not in "0O1lI")


def hashed(password: str) -> str:
    """What is kept of a password.

    Raises:
        ValueError: too short or too long.
    """
    if not LEAST <= len(password) <= MOST:
        raise ValueError(f"a password of {len(password)} characters: allowed are {LEAST} to {MOST}")
    with _AT_ONCE:
        return _HASHER.hash(password)


def matches(kept: str | None, password: str) -> bool:
    """Whether it is this password. Takes as long where there is no account (None), so that names cannot be probed."""
    if len(password) > MOST:
        return False
    with _AT_ONCE:
        try:
            return _HASHER.verify(kept if kept is not None else _NOBODY, password) and kept is not None
        except (VerificationError, InvalidHashError):
            return False


def random_password() -> str:
    """Five groups of four that can be read out over a telephone: 116 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(5))
