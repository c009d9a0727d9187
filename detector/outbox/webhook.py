"""To an HTTP address: one POST an entry, signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ssl
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from urllib.parse import unquote, urlsplit

from pydantic import Field

from detector.addresses import masked
from detector.config import PathBeside
from detector.log.reader import Entry
from detector.outbox.cloud_event import CONTENT_TYPE, cloud_event, encoded
from detector.outbox.secret import read_secret
from detector.outbox.sink import SinkError, SinkSettings

_LONGEST_ANSWER = 65_536
_IN_BASE64 = b"whsec_"


class WebhookConfig(SinkSettings):
    """Where to, and the secret that signs."""

    url: str = Field(
        pattern=r"^https?://\S+$",
        description="Each entry is POSTed here; `https://user:password@host/path` signs in (Basic).",
    )
    secret_file: PathBeside | None = Field(
        None,
        description="Its first line signs every message (HMAC-SHA-256); without it they are not signed. After `whsec_` "
        "it is read as base64, as Standard Webhooks has it.",
    )
    ca_file: PathBeside | None = Field(
        None, description="Certificates that vouch for the receiver; left out: the system's."
    )


class WebhookSink:
    """Signed as Standard Webhooks 1.0.0 has it: headers webhook-id, webhook-timestamp and webhook-signature, the last
    `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`.

    Delivered is what was answered by 2xx; everything else is tried again, in order: a receiver that does not want an
    entry answers 2xx and forgets it. Redirects are not followed: they would carry the message elsewhere.
    """

    Config = WebhookConfig

    def __init__(self, config: WebhookConfig) -> None:
        self.config = config
        self._url, self._signs_in = _without_user(config.url)
        self._opener: urllib.request.OpenerDirector | None = None

    def deliver(self, entry: Entry) -> None:
        """One POST."""
        body, now = encoded(cloud_event(entry)), str(int(time.time()))
        headers = {"Content-Type": CONTENT_TYPE, "webhook-id": entry.hash, "webhook-timestamp": now} | self._signs_in
        secret = read_secret(self.config.secret_file)
        if secret:
            headers["webhook-signature"] = signature(_key(secret), entry.hash, now, body)
        request = urllib.request.Request(self._url, body, headers, method="POST")  # noqa: S310 - http(s) only
        try:
            with self._opened().open(request, timeout=self.config.timeout_s) as answer:
                answer.read(_LONGEST_ANSWER)
        except urllib.error.HTTPError as error:
            error.close()
            raise SinkError(f"it answered {error.code} {error.reason}") from None
        except (OSError, ValueError) as error:
            raise SinkError(masked(str(getattr(error, "reason", error)))) from None
        except HTTPException as error:
            raise SinkError(f"what answers there does not speak HTTP: {type(error).__name__} {error}".strip()) from None

    def _opened(self) -> urllib.request.OpenerDirector:
        """What sends, made once: reading the system's certificates takes 50 ms. Raises OSError: they cannot be read."""
        if self._opener is None:
            context = ssl.create_default_context(cafile=self.config.ca_file)
            self._opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
        return self._opener

    def state(self, feeds: dict[str, str]) -> None:
        """A webhook is told of entries only."""

    def close(self) -> None:
        """Nothing is open between two entries."""


def signature(secret: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`."""
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _key(secret: bytes) -> bytes:
    """What signs, of a secret as its file has it. Raises SinkError: it begins as one in base64 and is none."""
    if not secret.startswith(_IN_BASE64):
        return secret
    try:
        return base64.b64decode(secret.removeprefix(_IN_BASE64), validate=True)
    except ValueError:
        raise SinkError("the secret begins with whsec_, and what follows is not base64") from None


def _without_user(url: str) -> tuple[str, dict[str, str]]:
    """The address without the user and password in it, and the header that signs them in."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    told = base64.b64encode(unquote(user).encode()).decode()
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {told}"}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
