"""Runs to export: a plain one, and one whose model wrote what no reader expects."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from scaling_cli.recorded import Ask
from scaling_cli.store import RunFolder
from scaling_cli.summary import accuracy_rows
from tests.small_run import small_run

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07 \\boxed{1}",
    "nul\x00inside",
    "<script>alert('x')</script>, \"quoted\",\r\nnext\rline\n",
    '=HYPERLINK("http://x")',
    "𝟙 \u202e right to left \u2028 \ufeff",
    "",
    "x" * 1_000_000,
]


def plain(path: Path) -> RunFolder:
    folder = small_run(path, {"small": {"skill": 0.5}, "large": {"skill": 1.0}}, max_tokens=80)
    with folder.lock():
        folder.write_summary(accuracy_rows(folder, Ask(caps=[])))
    return folder


def hostile(path: Path) -> RunFolder:
    """The plain run with its first completions and answers replaced."""
    folder = plain(path)
    with folder.lock():
        for key in folder.cells("bank"):
            bank = folder.read_part("bank", key)
            texts = [*HOSTILE, *bank.column("text").to_pylist()[len(HOSTILE) :]]
            folder.write_part("bank", key, _with(bank, "text", texts))
            graded = folder.read_part("candidates", key)
            answers = ["a\x00\x1b[31m,\"'\r\n", *graded.column("answer").to_pylist()[1:]]
            folder.write_part("candidates", key, _with(graded, "answer", answers))
    return folder


def _with(table: pa.Table, name: str, values: list[str | None]) -> pa.Table:
    place = table.column_names.index(name)
    return table.set_column(place, name, pa.array(values, table.schema.field(name).type))
