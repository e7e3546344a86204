"""Admission of questions to an engine: enough to keep it full, never half a question."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Admission:
    """Lets questions in, one after the other, while the requests they hold fit in `room`.

    A question of `width` requests counts as that many, and one question is always let in,
    however wide. With `questions` the number of questions is bounded instead. One feeder
    awaits `enter`; whoever finishes calls `leave`.
    """

    def __init__(self, *, room: int, questions: int | None = None) -> None:
        self._room = room
        self._questions = questions
        self._held = 0
        self._inside = 0
        self._left = asyncio.Event()

    async def enter(self, width: int) -> None:
        """Wait until a question of `width` requests fits, and hold its room."""
        while not self._fits(width):
            self._left.clear()
            await self._left.wait()
        self._held += width
        self._inside += 1

    async def start(
        self, tasks: asyncio.TaskGroup, width: int, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Begin the work on a question of `width` requests as soon as it fits; it leaves when
        that ends."""
        await self.enter(width)
        tasks.create_task(work()).add_done_callback(lambda _: self.leave(width))

    def leave(self, width: int) -> None:
        """Give the room of one question back."""
        self._held -= width
        self._inside -= 1
        self._left.set()

    def _fits(self, width: int) -> bool:
        if self._inside == 0:
            return True
        if self._questions is not None:
            return self._inside < self._questions
        return self._held + width <= self._room
