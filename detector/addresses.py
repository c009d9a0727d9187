"""Addresses of live feeds and of files, and the one place where secrets are taken out of text."""

from __future__ import annotations

import re
from pathlib import Path

SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "http", "https", "udp", "rtp", "srt", "v4l2")
"""What a live feed may be reached by. v4l2:/dev/video0 is a camera of this machine."""

_ADDRESS = re.compile(rf"(?:{'|'.join(SCHEMES)}):", re.IGNORECASE)
_ANY_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
# A password typed as it is may hold / ? #, after which no address has a user; what follows a host's colon is a port.
_BARE = r"[^/?#\s:@]+:(?!\d+(?:[/?#]|$))[^\s@]*[/?#][^\s@]*@"
_USER = re.compile(rf"(?<=://)(?:[^/?#\s]*@|{_BARE})")
_UNQUOTED = re.compile(rf"://{_BARE}")
_NO_CHARACTER = re.compile("[\ud800-\udfff]")
_SECRET = re.compile(
    r"(?i)\b(pass(?:word|phrase|wd)?|pwd|secret|token|key|auth|sig(?:nature)?|api_?key|access_?key|user(?:name)?)="
    r"[^&\s'\"]+"
)


def is_address(media: str) -> bool:
    """Whether it names a live feed; else it is a path."""
    return _ADDRESS.match(media) is not None or _ANY_SCHEME.match(media) is not None


def local_file(path: Path) -> str:
    """A path as FFmpeg takes it for one: it would look for a protocol in `2026-03-01T09:30:00.ts` by itself."""
    return str(path.absolute())


def in_unicode(text: str) -> str:
    """The text with U+FFFD for each byte that is no UTF-8, as names of files from elsewhere hold them."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)


def scheme_of(media: str) -> str:
    """Lower case, without the colon. Raises ValueError for a scheme that is not one of SCHEMES."""
    scheme = media.partition(":")[0].lower()
    if scheme not in SCHEMES:
        raise ValueError(f"{masked(media)}: {scheme}:// is not known; allowed are {', '.join(SCHEMES)}")
    return scheme


def has_unquoted_password(media: str) -> bool:
    """Whether it seems to have a password in which / ? # are not written %2F %3F %23, as an address needs it."""
    return _UNQUOTED.search(media) is not None


def masked(text: str) -> str:
    """The text with the user and password of every address in it, and every `password=...` and the like, as `***`."""
    return _SECRET.sub(r"\1=***", _USER.sub("***@", text))
