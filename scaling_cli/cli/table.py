"""Rows as a table that fits its place: folded, or a paragraph a row where that is too narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

NARROWEST = 12
"""Characters that a column of texts keeps: narrower ones are no longer read."""
HEADER = 6
"""Characters of a word that a header keeps on one line."""
GAP = 2
"""Characters between two columns."""


def fitted(
    names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], width: int | None
) -> Table | Text:
    """`cells[row][column]` under `names`; nothing is cut, and no number is folded.

    `numbers[column]` says which columns hold numbers. Without a width each row is one line.
    """
    natural = [max(map(_length, (name, *column))) for name, column in _columns(names, cells)]
    if width is None or sum(natural) + GAP * len(names) <= width:
        return _table(names, cells, numbers, natural)
    headers = [name.replace("_", "_\n") for name in names]
    least = [
        max(min(_length(header), HEADER), max(map(_length, column)) if number else NARROWEST)
        for (header, column), number in zip(_columns(headers, cells), numbers, strict=True)
    ]
    least = [min(pair) for pair in zip(least, natural, strict=True)]
    room = width - GAP * len(names)
    if sum(least) > room:
        return _blocks(names, cells, width)
    return _table(headers, cells, numbers, shared(natural, least, room))


def shared(natural: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns, the widest ones narrowed until they fit; none below `least`."""
    widths = [max(pair) for pair in zip(natural, least, strict=True)]
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda n: (widths[n] > least[n], widths[n]))
        if widths[widest] <= least[widest]:
            break
        widths[widest] -= 1
    return widths


def _table(
    headers: Sequence[str],
    cells: Sequence[Sequence[str]],
    numbers: Sequence[bool],
    widths: Sequence[int],
) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(header_style="bold", box=None)
    for header, number, width in zip(headers, numbers, widths, strict=True):
        justify = "right" if number else "left"
        table.add_column(Text(header), justify=justify, width=width, overflow="fold")  # type: ignore[arg-type]
    for row in cells:
        # As text: a name in square brackets is no markup.
        table.add_row(*map(Text, row))
    return table


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> Text:
    """Every value behind its name, as many to a line as fit, an empty line between two rows."""
    from rich.text import Text

    said = Text(overflow="fold")
    for number, row in enumerate(cells):
        said.append("\n\n" if number else "")
        used = 0
        for name, value in zip(names, row, strict=True):
            takes = _length(name) + 1 + _length(value)
            if used:
                fits = used + GAP + takes <= width
                said.append(" " * GAP if fits else "\n")
                used = used + GAP if fits else 0
            said.append(name, "bold").append(f" {value}")
            used += takes
    return said


def _columns(
    names: Sequence[str], cells: Sequence[Sequence[str]]
) -> list[tuple[str, tuple[str, ...]]]:
    return list(zip(names, zip(*cells, strict=True), strict=True))


def _length(text: str) -> int:
    """Columns of a terminal that the longest line of a text takes."""
    from rich.cells import cell_len

    return max(map(cell_len, text.split("\n")))
