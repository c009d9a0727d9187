"""The console's TLS certificate and its key: whether they can be used, what will go wrong, and renewed ones."""

from __future__ import annotations

import ssl
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from detector.file_stamp import stamp_of

_SOON = timedelta(days=14)
_ENCRYPTED = "its key is encrypted, and nobody is there to type the password: openssl pkey -in KEY -out PLAIN"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two PEM files: the certificate with its chain, and the private key that belongs to it.

    Raises:
        ValueError: they cannot be used, and why.
    """

    chain: Path
    key: Path

    def __post_init__(self) -> None:
        for file in (self.chain, self.key):
            if not file.is_file():
                raise ValueError(f"{file}: there is no such file")
        self.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))

    def load_into(self, context: ssl.SSLContext) -> None:
        """Serve by them from the next connection on. Raises ValueError: they cannot be used."""

        def no_password() -> str:
            raise ValueError(f"{self.key}: {_ENCRYPTED}")

        try:
            context.load_cert_chain(self.chain, self.key, no_password)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                raise ValueError(f"{self.key}: is not the key of {self.chain}") from None
            told = error.reason or "no PEM file"
            raise ValueError(f"{self.chain} and {self.key}: are no certificate and key: {told}") from None
        except OSError as error:
            unreadable = next((one for one in (self.chain, self.key) if not _can_be_read(one)), self.key)
            raise ValueError(f"{unreadable}: cannot be read: {error.strerror}") from None

    def remarks(self, now: datetime) -> Iterator[str]:
        """What browsers refuse or soon will, and who else could use the key; each a sentence."""
        found = x509.load_pem_x509_certificates(self.chain.read_bytes())[0]
        begins, ends = found.not_valid_before_utc, found.not_valid_after_utc
        if now >= ends:
            yield f"{self.chain}: the certificate expired on {ends:%Y-%m-%d %H:%M} UTC; browsers refuse it"
        elif now >= ends - _SOON:
            yield f"{self.chain}: the certificate expires on {ends:%Y-%m-%d %H:%M} UTC"
        if now < begins:
            yield f"{self.chain}: the certificate is good from {begins:%Y-%m-%d %H:%M} UTC on, and refused before"
        if self.key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            yield f"{self.key}: everybody on this machine can read the key: chmod o= {self.key}"


class Renewal:
    """Takes a certificate up that was renewed, so that nobody has to open the console again for it."""

    def __init__(self, certificate: Certificate, context: ssl.SSLContext) -> None:
        self._certificate, self._context = certificate, context
        self._stamps = self._stamped()

    def look(self) -> str:
        """Look at the files. Returns what is to be told of it; empty while there is nothing new.

        Of two files the first may be renewed a moment before the second: until they fit, the old ones serve.
        """
        stamps = self._stamped()
        if stamps == self._stamps:
            return ""
        self._stamps = stamps
        try:
            renewed = Certificate(self._certificate.chain, self._certificate.key)
            renewed.load_into(self._context)
            return "; ".join(("the certificate was renewed", *renewed.remarks(datetime.now(UTC))))
        except (ValueError, OSError) as error:
            return f"a changed certificate is not used: {error}"

    def _stamped(self) -> list[tuple[int, int] | None]:
        return [stamp_of(file) for file in (self._certificate.chain, self._certificate.key)]


def _can_be_read(file: Path) -> bool:
    try:
        file.open("rb").close()
    except OSError:
        return False
    return True
