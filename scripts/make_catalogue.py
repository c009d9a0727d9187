"""Writes the console's catalogues in detector/console/locale: the messages, and each language's, compiled.

Run it after changing a text: `python scripts/make_catalogue.py`. New messages stand empty in each console.po, those
that are gone are dropped; fill the empty ones (a test wants none) and run it again. Another language begins as a folder
`locale/xx/LC_MESSAGES/` with an empty console.po.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

CONSOLE = Path(__file__).parents[1] / "detector" / "console"
CATALOGUE = CONSOLE / "locale" / "console.pot"

_WHERE = [("**.py", "python"), ("templates/**.html", "jinja2")]
_WHAT = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
_HEADER = ('msgid ""', 'msgstr ""', '"Language:', '"Plural-Forms:', '"MIME', '"Content')


def messages() -> Catalog:
    """Every message of the pages."""
    made = Catalog(charset="utf-8", header_comment="# Messages of the console.")
    for _file, _line, message, comments, context in sorted(
        extract_from_dir(CONSOLE, _WHERE, keywords=_WHAT, options_map={"templates/**.html": {"trimmed": "true"}}),
        key=lambda found: (found[0], found[1]),
    ):
        made.add(message, None, auto_comments=comments, context=context)
    return made


def catalogue() -> str:
    """The catalogue's text. Without dates and lines, so that it changes only when a message does."""
    return _text(messages(), omit_header=True)


def languages() -> list[Path]:
    """The console.po of every language."""
    return sorted(CATALOGUE.parent.glob("*/LC_MESSAGES/console.po"))


def translated(file: Path) -> Catalog:
    """A language's messages: those of the pages, with the words that its file has for them."""
    language = file.parents[1].name
    with file.open("rb") as source:
        old = read_po(source, locale=language)
    comment = f"# Messages of the console, {language}. Not yet read by a native speaker."
    made = Catalog(locale=language, charset="utf-8", header_comment=comment, fuzzy=False)
    for message in messages():
        if message.id:
            known = old.get(message.id)
            made.add(message.id, known.string if known is not None else None, flags=message.flags)
    return made


def written(made: Catalog) -> str:
    """The text of a console.po; its head without names and dates."""
    lines = _text(made).split("\n")
    end = lines.index("")
    head = [line for line in lines[:end] if line.startswith(("#", *_HEADER))]
    return "\n".join([*head, *lines[end:]])


def compiled(made: Catalog) -> bytes:
    """The content of a console.mo: the same words give the same bytes."""
    out = io.BytesIO()
    plain = _Undated(locale=made.locale, charset="utf-8", fuzzy=False)
    for message in made:
        if message.id and is_whole(message):
            plain.add(message.id, message.string)
    write_mo(out, plain)
    return out.getvalue()


class _Undated(Catalog):
    """Without the day, the person and the program that made it."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Of the catalogue's head, those that say what is in it."""
        return [(name, value) for name, value in super().mime_headers if name in _KEPT]


def is_whole(message: Message) -> bool:
    """Whether every form of it is there."""
    return all(message.string) if isinstance(message.string, tuple | list) else bool(message.string)


_KEPT = {"Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}


def _text(made: Catalog, **more: bool) -> str:
    out = io.BytesIO()
    write_po(out, made, width=0, no_location=True, sort_output=True, **more)
    return out.getvalue().decode()


if __name__ == "__main__":
    CATALOGUE.parent.mkdir(exist_ok=True)
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
    for one in languages():
        filled = translated(one)
        one.write_text(written(filled), encoding="utf-8")
        one.with_suffix(".mo").write_bytes(compiled(filled))
