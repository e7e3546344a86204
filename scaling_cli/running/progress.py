"""Counts of a run in progress, for whoever shows them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class CellProgress:
    """Where one cell stands. `tokens` and `drawn` count what was sampled in this session only."""

    label: str
    questions: int
    samples: int
    questions_done: int = 0
    samples_done: int = 0
    tokens: int = 0
    drawn: int = 0
    correct: int = 0
    graded: int = 0
    failed: int = 0
    flops: float | None = 0.0


@dataclass(slots=True)
class Progress:
    """Where a run stands; `changed` is called after every change, `say` for single lines."""

    changed: Callable[[Progress], None] = lambda progress: None
    say: Callable[[str], None] = lambda line: None
    cells: dict[str, CellProgress] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    drawn: int = 0

    def restart_clock(self) -> None:
        """Count speed from now: an engine that has just started has sampled nothing yet."""
        self.started = time.monotonic()
        self.drawn = 0

    def sampled(self, cell: str, tokens: int, *, failed: bool) -> None:
        self.drawn += tokens
        state = self.cells[cell]
        state.samples_done += 1
        state.drawn += 1
        state.tokens += tokens
        state.failed += failed
        self.changed(self)

    @property
    def elapsed(self) -> float:
        """Seconds since the clock was restarted."""
        return time.monotonic() - self.started

    @property
    def tokens_per_second(self) -> float:
        elapsed = self.elapsed
        return self.drawn / elapsed if elapsed > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time for what is missing, at the pace so far; None before anything is known."""
        # Samples of an earlier session were counted there, without their tokens here.
        drawn = sum(cell.drawn for cell in self.cells.values())
        tokens = sum(cell.tokens for cell in self.cells.values())
        missing = sum(cell.samples - cell.samples_done for cell in self.cells.values())
        # A search samples for a while before its first answer is whole.
        if not drawn or not self.tokens_per_second:
            return None
        return missing * (tokens / drawn) / self.tokens_per_second
