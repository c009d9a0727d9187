"""Writes detector/console/locale/console.pot: every message of the console's pages, for translators.

Run it after changing a text. A language is then added with Babel's own tool:

    pybabel init -D console -i detector/console/locale/console.pot -d detector/console/locale -l tr
    pybabel compile -D console -d detector/console/locale
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

CONSOLE = Path(__file__).parents[1] / "detector" / "console"
CATALOGUE = CONSOLE / "locale" / "console.pot"

_WHERE = [("**.py", "python"), ("templates/**.html", "jinja2")]
_WHAT = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def catalogue() -> str:
    """The catalogue's text. Without dates and lines, so that it changes only when a message does."""
    made = Catalog(charset="utf-8", header_comment="# Messages of the console.")
    for _file, _line, message, comments, context in sorted(
        extract_from_dir(CONSOLE, _WHERE, keywords=_WHAT, options_map={"templates/**.html": {"trimmed": "true"}}),
        key=lambda found: (found[0], found[1]),
    ):
        made.add(message, None, auto_comments=comments, context=context)
    out = io.BytesIO()
    write_po(out, made, width=0, no_location=True, omit_header=True, sort_output=True)
    return out.getvalue().decode()


if __name__ == "__main__":
    CATALOGUE.parent.mkdir(exist_ok=True)
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
