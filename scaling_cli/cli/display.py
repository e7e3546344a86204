"""A run's progress: a live table on a terminal, plain lines in a pipe or in CI."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scaling_cli.cli.output import say
from scaling_cli.running.progress import CellProgress, Progress

if TYPE_CHECKING:
    from rich.table import Table

PLAIN_SECONDS = 15.0
"""How often a line is printed where nothing can be redrawn."""


@contextmanager
def shown() -> Iterator[Progress]:
    """A `Progress` that is shown on stderr while the block runs."""
    if sys.stderr.isatty():
        with _live() as progress:
            yield progress
    else:
        printer = _Plain()
        progress = Progress(changed=printer.changed, say=say)
        yield progress
        printer.print(progress)


@contextmanager
def _live() -> Iterator[Progress]:
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, markup=False, emoji=False, highlight=False)
    progress = Progress(say=console.print)
    with Live(get_renderable=lambda: _table(progress), console=console, refresh_per_second=4):
        yield progress


class _Plain:
    def __init__(self) -> None:
        self._last = time.monotonic()

    def changed(self, progress: Progress) -> None:
        if time.monotonic() - self._last >= PLAIN_SECONDS:
            self.print(progress)

    def print(self, progress: Progress) -> None:
        self._last = time.monotonic()
        for cell in progress.cells.values():
            say(f"{cell.label}: {_counts(cell)}")
        if progress.cells:
            say(_pace(progress))


def _table(progress: Progress) -> Table:
    from rich.table import Table

    table = Table(box=None, caption=_pace(progress), caption_justify="left")
    for name in ("cell", "questions", "samples", "accuracy", "FLOPs", "failed"):
        if name == "cell":
            table.add_column(name, overflow="fold")
        else:
            table.add_column(name, justify="right", no_wrap=True)
    for cell in progress.cells.values():
        table.add_row(
            cell.label,
            f"{cell.questions_done}/{cell.questions}",
            f"{cell.samples_done}/{cell.samples}",
            _accuracy(cell),
            _flops(cell),
            str(cell.failed),
        )
    return table


def _counts(cell: CellProgress) -> str:
    parts = [
        f"{cell.questions_done}/{cell.questions} questions",
        f"{cell.samples_done}/{cell.samples} samples",
    ]
    if cell.graded:
        parts.append(f"single-sample accuracy {_accuracy(cell)}")
    if cell.flops is not None:
        parts.append(f"{_flops(cell)} FLOPs")
    return ", ".join(parts + ([f"{cell.failed} failed"] if cell.failed else []))


def _accuracy(cell: CellProgress) -> str:
    return f"{cell.correct / cell.graded:.1%}" if cell.graded else "–"


def _flops(cell: CellProgress) -> str:
    return "–" if cell.flops is None else f"{cell.flops:.2g}"


def _pace(progress: Progress) -> str:
    left = progress.seconds_left
    ending = "" if left is None else f", {duration(left)} left"
    return f"{progress.tokens_per_second:.0f} tokens/s{ending}"


def duration(seconds: float) -> str:
    """Seconds as a person says them: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
