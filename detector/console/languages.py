"""Words in the reader's language: gettext catalogues under locale/, English where there is none."""

from __future__ import annotations

import gettext
from pathlib import Path

from starlette.responses import Response

DOMAIN = "console"
FOLDER = Path(__file__).with_name("locale")
DEFAULT = "en"


def remembered(answer: Response, language: str) -> None:
    """Let the browser keep the language that its person chose; where none was, not that of who sat there before."""
    if language:
        answer.set_cookie("language", language, max_age=31_536_000, samesite="strict")
    else:
        answer.delete_cookie("language", samesite="strict")


class Languages:
    """The catalogues that are there."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = sorted(path.parents[1].name for path in folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
        self.names = (DEFAULT, *found)
        self._folder = folder

    def of(self, name: str) -> gettext.NullTranslations:
        """The catalogue of this name; English if there is none."""
        if name not in self.names or name == DEFAULT:
            return gettext.NullTranslations()
        return gettext.translation(DOMAIN, self._folder, [name])

    def wanted(self, cookie: str | None, accept: str) -> str:
        """Which language to speak: the one that was chosen, else the first of the browser's that there is."""
        if cookie in self.names:
            return str(cookie)
        offered = (part.partition(";")[0].strip().lower() for part in accept.split(","))
        return next((name for tag in offered for name in self.names if tag.partition("-")[0] == name), DEFAULT)
