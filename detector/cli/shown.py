"""How `trucewatch inspect` shows a file without pictures: what it is, its parts, and whether it is good enough."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

MOST = 20


def show(
    console: Console,
    title: str,
    rows: Sequence[tuple[str, str]],
    parts: Table,
    why_not: Sequence[str],
    praise: str,
) -> None:
    """rows: name and text, left out where there is none. praise: where nothing speaks against it."""
    table = Table(title=escape(title), show_header=False)
    for name, text in rows:
        if text:
            table.add_row(name, escape(text))
    console.print(table)
    console.print(parts)
    if not why_not:
        console.print(f"[green]{praise}[/green]")
        return
    console.print("[yellow]Not good enough as it is:[/yellow]")
    for reason in why_not:
        console.print(f"  - {reason}", markup=False)


def first_lines(lines: Sequence[str], count: int) -> str:
    """The first lines, and how many more there are. count: of all."""
    return "\n".join([*lines[:MOST], *([f"and {count - MOST} more"] if count > MOST else [])])
