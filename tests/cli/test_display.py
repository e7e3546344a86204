"""Tables on a terminal: long texts fold inside its width, nothing is cut, numbers stay whole."""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from scaling_cli.cli import display, output
from scaling_cli.cli.table import fitted, shared
from scaling_cli.running.progress import CellProgress, Progress

LONG = "an-organisation/" + "a-model-with-a-very-long-name-" * 3 + "7b-instruct"
REASON = "the fit is refused: " + "its residuals on questions held out exceed the noise " * 3
TITLE = "Does a larger model beat more samples of a smaller one at equal compute? " * 3
ROWS = [
    {"model": LONG, "k": k, "max_tokens": 512, "accuracy": 0.5123, "flops": 1.2345e12 * k,
     "reason": REASON if k == 2 else None}
    for k in (1, 2)
]  # fmt: skip


def printed(monkeypatch: pytest.MonkeyPatch, width: int | None, rows: Any, title: str = "") -> str:
    """What a person sees on a terminal of a width; None: in a pipe."""
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: width is not None, raising=False)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width or 80))
    monkeypatch.setenv("TERM", "xterm")
    output.show(rows, as_json=False, title=title)
    return re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue())


def without_spaces(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("width", [40, 60, 80, 120, 400])
def test_long_texts_fold_inside_the_width(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    said = printed(monkeypatch, width, ROWS, TITLE)
    lines = said.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in said and "..." not in said
    for number in ("512", "0.512", "1.23e+12", "2.47e+12"):
        assert any(number in line for line in lines), f"{number} is folded"
    seen = Counter(without_spaces(said))
    cells = TITLE + "".join(output.format_cell(value) for row in ROWS for value in row.values())
    assert not Counter(without_spaces(cells)) - seen, "something is cut"


def test_a_table_that_cannot_be_read_becomes_paragraphs(monkeypatch: pytest.MonkeyPatch) -> None:
    said = printed(monkeypatch, 40, ROWS).splitlines()
    assert sum("accuracy 0.512" in line for line in said) == len(ROWS)
    assert said.count("") == len(ROWS) - 1, "an empty line between two rows"
    wide = printed(monkeypatch, 80, ROWS).splitlines()
    assert sum("accuracy" in line for line in wide) == 1, "a header stands once"


def test_in_a_pipe_a_row_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    title, header, *rows = printed(monkeypatch, None, ROWS, TITLE).splitlines()
    assert title.strip() == TITLE.strip() and header.split()[0] == "model"
    assert len(rows) == len(ROWS) and all(LONG in row for row in rows)
    assert REASON.strip() in rows[1]


TEXTS = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=60)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.integers(0, 10**9)), min_size=1, max_size=4),
       st.integers(24, 100))  # fmt: skip
def test_any_row_fits_any_terminal(rows: list[tuple[str, str, int]], width: int) -> None:
    cells = [[one, other, str(number)] for one, other, number in rows]
    stream = io.StringIO()
    console = Console(file=stream, width=width, markup=False, emoji=False)
    console.print(fitted(["first_name", "other", "count"], cells, [False, False, True], width))
    said = stream.getvalue()
    assert all(cell_len(line) <= width for line in said.splitlines())
    assert not Counter(without_spaces("".join(map("".join, cells)))) - Counter(without_spaces(said))


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 20)), min_size=1, max_size=12),
       st.integers(1, 300))  # fmt: skip
def test_shared_widths_fit_where_they_can(columns: list[tuple[int, int]], room: int) -> None:
    natural, least = [max(c) for c in columns], [min(c) for c in columns]
    widths = shared(natural, least, room)
    assert all(low <= got <= most for low, got, most in zip(least, widths, natural, strict=True))
    assert sum(widths) <= max(room, sum(least))
    if sum(natural) > room >= sum(least):
        assert sum(widths) == room, "no room is left unused"


def test_progress_names_its_cells_whole() -> None:
    label = f"{LONG} · gsm8k · sampling"
    progress = Progress()
    progress.cells["key"] = CellProgress(label, questions=1319, samples=21104)
    stream = io.StringIO()
    Console(file=stream, width=80).print(display._table(progress))
    said = stream.getvalue()
    assert "…" not in said and "0/1319" in said and "0/21104" in said
    assert not Counter(without_spaces(label)) - Counter(without_spaces(said))
    assert all(len(line) <= 80 for line in said.splitlines())


def test_values_equal_but_for_rounding_errors_are_shown_equal() -> None:
    assert output.format_cell(0.8575) == output.format_cell(0.8575 - 1e-15)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_that_work_goes_on_and_a_pipe_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with output.working("comparing [0]"):
            output.say("note: inside")
        assert ("comparing [0] …" in stream.getvalue()) is seen
        assert "note: inside" in stream.getvalue()
