"""How busy an engine was: seconds its slots worked, of the seconds they could have."""

from __future__ import annotations

import time
from typing import Any, Self

from scaling_cli.types import Completion, Engine, EngineFacts, OnTokens, Request


class Work:
    """Counts the time an engine had at least one request, and how many it had on average."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._inside = 0
        self._since = 0.0
        self._started = 0.0
        self._ended = 0.0
        self._slot_seconds = 0.0

    def __enter__(self) -> Self:
        self._started = self._since = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._count()
        self._ended = self._since

    def _count(self) -> None:
        now = time.perf_counter()
        self._slot_seconds += min(self._inside, self._slots) * (now - self._since)
        self._since = now

    def entered(self, by: int) -> None:
        """So many requests more, or less, are in the engine from now on."""
        self._count()
        self._inside += by

    def watched(self, engine: Engine) -> Engine:
        """The engine, its requests counted."""
        return _Watched(engine, self)

    def facts(self) -> dict[str, Any]:
        """Wall-clock seconds, and the share of the slots' time that they were at work."""
        wall = self._ended - self._started
        busy = self._slot_seconds / (self._slots * wall) if wall > 0 else 0.0
        return {"seconds": round(wall, 3), "busy_share": round(busy, 4)}


class _Watched:
    """An engine whose requests are counted as they enter and leave."""

    def __init__(self, engine: Engine, work: Work) -> None:
        self._engine = engine
        self._work = work

    @property
    def facts(self) -> EngineFacts:
        return self._engine.facts

    def __getattr__(self, name: str) -> Any:
        # What only one engine can do, as the fake one's exact values, stays reachable.
        return getattr(self._engine, name)

    async def generate(self, request: Request, on_tokens: OnTokens | None = None) -> Completion:
        self._work.entered(1)
        try:
            return await self._engine.generate(request, on_tokens)
        finally:
            self._work.entered(-1)

    async def close(self) -> None:
        await self._engine.close()
