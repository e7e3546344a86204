"""A session without an engine: what it replies follows from the names of the calls alone."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scaling_cli.types import FinishReason, Question, StepEnd, Trace

Verify = Callable[["World", Trace, str], float]


@dataclass(frozen=True)
class World:
    """Steps are good or bad. A solution ends after `length` steps, or earlier with chance `stop`
    at each; it is right if all its steps were good. At `limit` steps it is cut off."""

    p: float = 0.6
    length: int = 4
    stop: float = 0.0
    limit: int = 1_000
    seed: int = 0

    def after(self, depth: int) -> float:
        """The chance that a solution `depth` good steps long, and not ended, ends right."""
        if depth >= self.limit:
            return 0.0
        ends = 1.0 if depth + 1 >= self.length else self.stop
        return self.p * (ends + (1 - ends) * (self.after(depth + 1) if ends < 1 else 0))


def is_right(trace: Trace) -> bool:
    return trace.finish_reason == "stop" and "b" not in trace.text


def exact(world: World, trace: Trace, _name: str) -> float:
    """v: the chance that the trace ends right."""
    if "b" in trace.text:
        return 0.0
    return float(is_right(trace)) if trace.finished else world.after(len(trace.text))


def oracle(_world: World, trace: Trace, _name: str) -> float:
    return float(is_right(trace)) if trace.finished else 0.5


def flat(_world: World, _trace: Trace, _name: str) -> float:
    return 0.5


def failed(_world: World, _trace: Trace, _name: str) -> float:
    return math.nan


def noisy(world: World, trace: Trace, name: str) -> float:
    """The truth and as much noise; one scoring in seven fails."""
    source = random.Random(f"{world.seed}/{name}")
    return math.nan if source.random() < 1 / 7 else exact(world, trace, name) + source.random()


def scripted(*scores: float) -> Verify:
    """These scores, in the order in which they are asked for."""
    left = iter(scores)
    return lambda _world, _trace, _name: next(left)


@dataclass
class Ledger:
    """What the sessions of one question asked for. `parents` are the traces that were continued,
    each by its calls; `batches` are (verb, traces, temperature)."""

    names: list[str] = field(default_factory=list)
    scored: list[str] = field(default_factory=list)
    steps: int = 0
    parents: list[tuple[str, ...]] = field(default_factory=list)
    batches: list[tuple[str, int, float | None]] = field(default_factory=list)


class SimulatedSession:
    """`latency` seeds how long each reply takes, and nothing else; without it all come at once."""

    def __init__(
        self,
        world: World,
        verify: Verify = exact,
        *,
        latency: int | None = None,
        path: str = "",
        ledger: Ledger | None = None,
    ) -> None:
        self.world, self.verify, self.path = world, verify, path
        self.ledger = ledger or Ledger()
        self._latency, self._next = latency, 0
        self._branches: set[int] = set()

    @property
    def question(self) -> Question:
        return Question("q", "simulated", "?", "1")

    def branch(self, index: int) -> SimulatedSession:
        assert index not in self._branches
        self._branches.add(index)
        return type(self)(
            self.world, self.verify, latency=self._latency,
            path=f"{self.path}{index}/", ledger=self.ledger,
        )  # fmt: skip

    async def extend(
        self,
        traces: Sequence[Trace],
        *,
        stop: Sequence[str] = (),
        max_tokens: int | None = None,
        temperature: float | None = None,
    ) -> list[Trace]:
        names = self._named("extend", traces, temperature)
        return await self._replies([self._whole(*pair) for pair in zip(traces, names, strict=True)])

    async def step(
        self, traces: Sequence[Trace], *, temperature: float | None = None
    ) -> list[Trace]:
        assert not any(trace.finished for trace in traces)
        names = self._named("step", traces, temperature)
        self.ledger.parents += list(dict.fromkeys(trace.calls for trace in traces))
        pairs = zip(traces, names, strict=True)
        return await self._replies([self._stepped(*pair, temperature) for pair in pairs])

    async def score(self, traces: Sequence[Trace]) -> list[Trace]:
        names = self._named("score", traces, None)
        self.ledger.scored += [trace.text for trace in traces]
        return await self._replies(
            [
                replace(trace, rewards=(*trace.rewards, self.verify(self.world, trace, name)))
                for trace, name in zip(traces, names, strict=True)
            ]
        )

    def _named(self, kind: str, traces: Sequence[Trace], temperature: float | None) -> list[str]:
        assert traces, f"an empty {kind}"
        self.ledger.batches.append((kind, len(traces), temperature))
        names = [f"{self.path}{self._next + i}" for i in range(len(traces))]
        self._next += len(traces)
        self.ledger.names += names
        return names

    async def _replies(self, traces: list[Trace]) -> list[Trace]:
        """All at once, each after a wait of its own."""
        if self._latency is None:
            return traces

        async def reply(index: int, trace: Trace) -> Trace:
            waits = random.Random(f"{self._latency}/{self.path}/{index}/{self._next}")
            for _ in range(waits.randrange(6)):
                await asyncio.sleep(0)
            return trace

        return list(await asyncio.gather(*(reply(i, t) for i, t in enumerate(traces))))

    def _stepped(self, trace: Trace, name: str, temperature: float | None) -> Trace:
        source = random.Random(f"{self.world.seed}/{name}")
        good = self.world.p >= 0.5 if temperature == 0 else source.random() < self.world.p
        return self._longer(trace, "g" if good else "b", name, source)

    def _whole(self, trace: Trace, name: str) -> Trace:
        source = random.Random(f"{self.world.seed}/{name}")
        longer = trace
        while not longer.finished:
            symbol = "g" if source.random() < self.world.p else "b"
            longer = self._longer(longer, symbol, name, source)
        # One call however many steps it spans.
        return replace(longer, calls=(*trace.calls, name))

    def _longer(self, trace: Trace, symbol: str, name: str, source: random.Random) -> Trace:
        self.ledger.steps += 1
        text, depth = trace.text + symbol, len(trace.text) + 1
        ended = depth >= self.world.length or source.random() < self.world.stop
        cut = depth >= self.world.limit and not ended
        end: StepEnd = "end" if ended else "cap" if cut else "step"
        reason: FinishReason | None = "stop" if ended else "length" if cut else None
        return replace(
            trace,
            tokens=(*trace.tokens, ord(symbol)),
            text=text,
            finished=ended or cut,
            finish_reason=reason,
            calls=(*trace.calls, name),
            steps=(*trace.steps, depth),
            ends=(*trace.ends, end),
        )


def ask(
    strategy: Callable[..., Awaitable[list[Trace]]],
    world: World,
    verify: Verify = exact,
    *,
    latency: int | None = None,
    **params: Any,
) -> tuple[list[Trace], Ledger]:
    """A strategy's traces on one question, and what it asked for."""
    session = SimulatedSession(world, verify, latency=latency)

    async def run() -> list[Trace]:
        return await strategy(session, **params)

    return asyncio.run(run()), session.ledger


def survey(
    strategy: Callable[..., Awaitable[list[Trace]]],
    world: World,
    verify: Verify = exact,
    *,
    questions: int,
    **params: Any,
) -> list[list[Trace]]:
    """A strategy's traces on many questions of one kind."""

    async def run() -> list[list[Trace]]:
        worlds = [replace(world, seed=seed) for seed in range(questions)]
        return [await strategy(SimulatedSession(at, verify), **params) for at in worlds]

    return asyncio.run(run())
