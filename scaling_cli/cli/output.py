"""Tables for people and for programs: the same rows, as Rich text or as one JSON object."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from scaling_cli.checking.printable import visible

Row = Mapping[str, Any]
Json = Annotated[
    bool, typer.Option("--json", help='Print {"rows": [...]} and nothing else on stdout.')
]


ENDLESS = 1_000_000
"""Characters no line of a table has."""


def say(line: str) -> None:
    """One line for the person at the terminal; stdout stays free for results."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life on a terminal while something is worked out that may take seconds; a log
    or a pipe gets none, so that outputs are the same on every machine."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, markup=False, emoji=False).status(f"{what} …"):
        yield


def show(
    rows: Sequence[Row], *, as_json: bool, columns: Sequence[str] | None = None, title: str = ""
) -> None:
    """Print rows; `columns` are those a person sees, JSON holds them all."""
    if as_json:
        print(json.dumps({"rows": [_clean(row) for row in rows]}, ensure_ascii=False))
        return
    if not rows:
        say(f"{title or 'rows'}: none")
        return
    from rich.console import Console
    from rich.text import Text

    from scaling_cli.cli.table import fitted

    names = list(columns or rows[0])
    cells = [[format_cell(row.get(name)) for name in names] for row in rows]
    numbers = [any(isinstance(row.get(name), int | float) for row in rows) for name in names]
    # What a question or a template writes in brackets is text, no markup.
    console = Console(markup=False, emoji=False)
    width = console.width if sys.stdout.isatty() else None
    if width is None:
        # A pipe has no width: nothing is folded, so that a line can be searched for.
        console.width = ENDLESS
    if title:
        console.print(Text(title, style="italic"))
    console.print(fitted(names, cells, numbers, width))


def format_cell(value: Any) -> str:
    """A value as a person reads it: three decimals, none from a thousand on, then powers of ten."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        if abs(value) >= 1e5 or 0 < abs(value) < 1e-3:
            return f"{value:.3g}"
        # Tokens and the like: no one counts thousandths of them. Two curves that are equal are
        # shown equal: half a thousandth and a rounding error do not end in another digit.
        return f"{value:.0f}" if abs(value) >= 1000 else f"{round(value, 9):.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(format_cell, value))
    return visible(value, longest=None)


def _clean(value: Any) -> Any:
    """JSON knows no NaN: what is not known is null."""
    if isinstance(value, Mapping):
        return {key: _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.item() if hasattr(value, "item") else value
