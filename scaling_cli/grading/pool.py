"""Graders: comparisons by a few killable worker processes, shared by threads and coroutines."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from scaling_cli.grading.classes import Equality, Style, grade_group
from scaling_cli.grading.worker import Worker
from scaling_cli.types import Grade

TIMEOUT = 5.0
"""Seconds of CPU time one comparison may take."""
MEMORY_BYTES = 4 << 30
REMEMBERED = 100_000


class GraderPool:
    """Workers that start with the first comparison that needs algebra, if one ever does."""

    def __init__(
        self, processes: int = 1, timeout: float = TIMEOUT, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self._workers = [
            Worker(cpu_seconds=timeout, memory_bytes=memory_bytes) for _ in range(processes)
        ]
        self._idle: queue.LifoQueue[Worker] = queue.LifoQueue()
        for worker in reversed(self._workers):
            self._idle.put(worker)
        self._known: dict[tuple[str, str], bool | None] = {}

    @property
    def pids(self) -> list[int]:
        """The live workers' process ids."""
        return [pid for worker in self._workers if (pid := worker.pid) is not None]

    @property
    def replaced(self) -> int:
        """How many workers hung or died and were thrown away."""
        return sum(worker.replaced for worker in self._workers)

    def compare(self, gold: str, answer: str) -> bool | None:
        """Equality by algebra, remembered; None where it did not end in time. For any thread."""
        pair = (gold, answer)
        if pair in self._known:
            return self._known[pair]
        worker = self._idle.get()
        try:
            equal = worker.equal(gold, answer)
        finally:
            self._idle.put(worker)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[pair] = equal
        return equal

    async def grade(
        self,
        texts: Sequence[str],
        finish_reasons: Sequence[str | None],
        gold: str,
        *,
        style: Style,
        equality: Equality,
    ) -> list[Grade]:
        """`grade_group` in a thread, so that an engine's replies are not kept waiting."""
        abandoned = threading.Event()

        def compare(first: str, second: str) -> bool | None:
            # A cancelled run must not wait for comparisons nobody will read.
            if abandoned.is_set():
                raise RuntimeError("grading was cancelled")
            return self.compare(first, second)

        try:
            return await asyncio.to_thread(
                grade_group,
                texts,
                finish_reasons,
                gold,
                style=style,
                equality=equality,
                compare=compare,
            )
        finally:
            abandoned.set()

    def close(self) -> None:
        """End every worker, also one in the middle of a comparison."""
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
